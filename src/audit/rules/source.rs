//! Rules about signatures of the source itself, and whose the keys were.

use crate::attribution::date::{Basis, Date};
use crate::attribution::id::Id;
use crate::attribution::record::Record;
use crate::attribution::record::attestation::Scheme;
use crate::attribution::record::channel::{Control, ControlMode};
use crate::attribution::truth::Truth;
use crate::audit::case::{Case, Reading};
use crate::audit::control::{self, basis};
use crate::audit::graph::Node;
use crate::audit::rules::channel::rests_on;
use crate::audit::rules::rule::{Group, Judgement, Rule};
use crate::audit::rules::time::{appeared_at, controls_by, edtf, usurped};
use crate::audit::schemes::{self, Answer};
use crate::audit::vouching::Voucher;
use crate::evidence::parts::Part;
use crate::evidence::signature::checked::{Checked, Coverage, Signer, State};
use crate::evidence::text::{Profile, Text};
use crate::selector::Position;

/// See its words.
pub const SOURCE_SIGNATURE_HOLDS: Rule = Rule {
    name: "source-signature-holds",
    group: Group::Source,
    words: "The signatures recorded for captured bytes, or found in them, are those of their keys.",
    not_shown: "Whose key it is, or that its owner meant what it signed.",
    judge: |case| each(case, |_, _, voucher, _| voucher.holds()),
};

/// See its words.
pub const SIGNATURE_COVERS_PASSAGE: Rule = Rule {
    name: "signature-covers-passage",
    group: Group::Source,
    words: "The words of the passage stand in what the signature covers.",
    not_shown: "That what is not covered was left out by chance.",
    judge: |case| {
        each(case, |_, reading, voucher, checked| covers(reading, voucher.scheme, checked))
    },
};

/// See its words.
pub const SOURCE_KEY_IS_SPEAKERS: Rule = Rule {
    name: "source-key-is-speakers",
    group: Group::Source,
    words: "The key that signed was controlled, when the document appeared, by the party on whose \
            word it is taken, or a body of it, by a captured document that names the key itself.",
    not_shown: "That nobody else had the key, nor that the party's own staff may sign for it.",
    judge: |case| each(case, |case, reading, voucher, _| is_speakers(case, reading, voucher)),
};

/// The three facts that make a signature the source's own, in the order in which they are asked.
pub(crate) fn facts(
    case: &Case<'_>,
    reading: &Reading<'_>,
    voucher: &Voucher<'_>,
) -> [(&'static Rule, (Truth, String)); 3] {
    let Answer::Signature(checked) = &voucher.answer else {
        let none = || (Truth::Unknown, "a time stamp signs for no source".to_owned());
        return [
            (&SOURCE_SIGNATURE_HOLDS, none()),
            (&SIGNATURE_COVERS_PASSAGE, none()),
            (&SOURCE_KEY_IS_SPEAKERS, none()),
        ];
    };
    [
        (&SOURCE_SIGNATURE_HOLDS, voucher.holds()),
        (&SIGNATURE_COVERS_PASSAGE, covers(reading, voucher.scheme, checked)),
        (&SOURCE_KEY_IS_SPEAKERS, is_speakers(case, reading, voucher)),
    ]
}

/// Whether the words of a step stand in what the key signed that its document's channel is
/// recorded under: then it came that way, whatever its address.
pub(crate) fn is_signed_by_its_channel(case: &Case<'_>, reading: &Reading<'_>) -> bool {
    let channel = reading.document.and_then(|document| case.graph.node(document.channel?));
    let Some(Record::Channel(channel)) = channel.map(Node::record) else { return false };
    case.vouchers[reading.step.number].iter().any(|voucher| {
        let Answer::Signature(Checked { signer: Some(signer), .. }) = &voucher.answer else {
            return false;
        };
        let [(_, (holds, _)), (_, (covers, _)), _] = facts(case, reading, voucher);
        holds.and(covers) == Truth::Holds
            && channel.platform.as_deref() == Some(signer.platform)
            && channel.platform_id.as_deref() == Some(signer.id.as_str())
    })
}

/// A judgement of each signature of each step; of whatever does not hold, only the first rule
/// speaks.
fn each(
    case: &Case<'_>,
    judge: impl Fn(&Case<'_>, &Reading<'_>, &Voucher<'_>, &Checked) -> (Truth, String),
) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    for (reading, vouchers) in case.steps.iter().zip(&case.vouchers) {
        for voucher in vouchers {
            let Answer::Signature(checked) = &voucher.answer else { continue };
            let (truth, what) = judge(case, reading, voucher, checked);
            let what = format!("{}: {what}", reading.step.name());
            let judged = Judgement::new(truth, what).at(reading.step.number);
            judgements.push(match voucher.record {
                Some(id) => judged.on(id),
                None => judged,
            });
        }
    }
    judgements
}

/// Whether the words of the passage stand in what was signed.
fn covers(reading: &Reading<'_>, scheme: Scheme, checked: &Checked) -> (Truth, String) {
    if checked.state != State::Valid {
        return (Truth::Unknown, "no signature that holds covers the words".to_owned());
    }
    let (Ok(text), Some(positions)) = (&reading.text, reading.positions()) else {
        return (Truth::Unknown, "no words were found that it could cover".to_owned());
    };
    // What a mail server signs is the body; as any other text the unsigned header would be words too.
    if scheme == Scheme::Dkim && text.profile() != Profile::Email1 {
        let profile = text.profile().name();
        let what = format!("a mail is signed as email/1 reads it, and was read as {profile}");
        return (Truth::Fails, what);
    }
    if let Coverage::Partly(left_out) = &checked.coverage {
        return (Truth::Fails, format!("not all is signed: {left_out}"));
    }
    let uncovered = positions.iter().find(|at| !checked.coverage.covers(pointer_of(text, **at)));
    match (uncovered, &checked.coverage) {
        (None, _) => (Truth::Holds, "the words stand in what is signed".to_owned()),
        (Some(at), Coverage::Below(root)) => {
            let what = format!("the words at {}–{} are not below {root}", at.start, at.end);
            (Truth::Fails, what)
        }
        (Some(at), _) => {
            (Truth::Fails, format!("the words at {}–{} are not signed", at.start, at.end))
        }
    }
}

/// The JSON Pointer of the string in which words stand, outside JSON none.
fn pointer_of(text: &Text, at: Position) -> Option<&str> {
    match text.part_at(at) {
        Some(Part::Pointer(pointer)) => Some(pointer),
        _ => None,
    }
}

/// Whether the key was the party's on whose word the step is taken.
fn is_speakers(case: &Case<'_>, reading: &Reading<'_>, voucher: &Voucher<'_>) -> (Truth, String) {
    let (signer, signed_at) = match &voucher.answer {
        Answer::Signature(Checked {
            state: State::Valid, signer: Some(signer), signed_at, ..
        }) => (signer, *signed_at),
        _ => return (Truth::Unknown, "no signature that holds names a key".to_owned()),
    };
    let Signer { platform, id } = signer;
    let unknown = |what: String| (Truth::Unknown, what);
    if !voucher.has_channel {
        return unknown(format!(
            "whose key it is is not recorded: no channel has the platform {platform} and the \
             platform id {id}"
        ));
    }
    if voucher.controls.is_empty() {
        return unknown(format!("nobody's control of the key {id} ({platform}) is recorded"));
    }
    let Some(party) = party(case, reading) else {
        return unknown("on whose word it is taken is not resolved to a party".to_owned());
    };
    let at = appeared_at(case, reading);
    if let Some(control) = usurped(&voucher.controls, at) {
        let word = if control.mode == ControlMode::Hijacked { "stolen" } else { "a pretender's" };
        let owner = case.graph.party_name(control.party);
        return (Truth::Fails, format!("the key is recorded as {word} then ({owner})"));
    }
    let controls = controls_by(case, party, &voucher.controls, at);
    let best =
        controls.iter().max_by_key(|(covers, backed)| (rank(*covers), rank(rests_on(backed))));
    let Some((covers, backed)) = best else {
        let owners = voucher.controls.iter().map(|it| case.graph.party_name(it.control.party));
        let owners = owners.collect::<Vec<_>>().join(", ");
        let name = case.graph.party_name(party);
        return (Truth::Fails, format!("the key is recorded as that of {owners}, not of {name}"));
    };
    let name = case.graph.party_name(backed.control.party);
    let (covers, why) = in_time(case, reading, voucher, (*covers, backed.control), (at, signed_at));
    if covers != Truth::Holds {
        return (covers, format!("the key of {name}: {why}"));
    }
    // Of a domain only the name is recorded: its keys change, and come from captured DNS.
    let thing = if *platform == "mail" { "the domain" } else { "the key" };
    let mut what = format!(
        "{thing} {id} ({platform}) was that of {name}, as {} recorded, by {}",
        backed.recorder,
        basis(backed.control)
    );
    if backed.control.basis.is_evidence() {
        what = format!("{what}: {}", backed.backing.1);
    }
    (rests_on(backed), what)
}

/// Whether a control of a key covers when the document appeared and when it says it was signed,
/// and nothing could have been signed with the key after its end.
fn in_time(
    case: &Case<'_>,
    reading: &Reading<'_>,
    voucher: &Voucher<'_>,
    (covers, control): (Truth, &Control),
    (appeared, signed_at): (Option<&Date>, Option<i64>),
) -> (Truth, String) {
    let (since, until) = (control.since.as_ref(), control.until.as_ref());
    let interval = format!("from {} to {}", edtf(since), edtf(until));
    if covers != Truth::Holds {
        let state = match (appeared, until) {
            (Some(at), Some(until)) if at.not_after(until) == Truth::Fails => "it had expired: ",
            _ => "",
        };
        let looked = match &control.verified_at {
            Some(looked) if covers == Truth::Unknown => format!(", looked at {}", looked.edtf()),
            _ => String::new(),
        };
        let what = format!("{state}recorded {interval}{looked}, and appeared {}", edtf(appeared));
        return (covers, what);
    }
    let signed = signed_at.and_then(|at| Date::from_timestamp(at, Basis::Stated).ok());
    if let Some(signed) = &signed {
        let covered = control::covers(control, signed);
        if covered != Truth::Holds {
            let why = control::why(control, signed);
            let what = format!("signed {} by its own word, and {why}", signed.edtf());
            return (covered, what);
        }
    }
    let Some(until) = until else { return (Truth::Holds, interval) };
    // Whoever has an old key can date what it signs back to the key's time.
    match existed(case, reading, voucher)
        .into_iter()
        .map(|it| it.not_after(until))
        .max_by_key(|t| rank(*t))
    {
        Some(Truth::Holds) => (Truth::Holds, interval),
        _ => {
            let what = format!(
                "recorded {interval}, and nothing shows that the signature was there before its end"
            );
            (Truth::Unknown, what)
        }
    }
}

/// When the signature was there for sure, by a clock other than the signer's: of one beside the
/// capture, when it was captured or recorded itself; of one within, when the capture was, or by a
/// time stamp of it.
fn existed(case: &Case<'_>, reading: &Reading<'_>, voucher: &Voucher<'_>) -> Vec<Date> {
    let mut existed = voucher.existed.clone();
    if !schemes::is_detached(voucher.scheme) {
        let vouchers = &case.vouchers[reading.step.number];
        existed.extend(vouchers.iter().filter_map(Voucher::existed_at));
        existed.extend(reading.counted().and_then(|capture| capture.captured_at.clone()));
    }
    existed
}

/// On whose word a step is taken: the claim's speaker at the origin, else whoever published it.
fn party(case: &Case<'_>, reading: &Reading<'_>) -> Option<Id> {
    let is_origin = case.origin().is_some_and(|it| it.step.number == reading.step.number);
    if is_origin { case.claim.speaker.party() } else { reading.step.by.as_ref()?.party() }
}

fn rank(truth: Truth) -> u8 {
    match truth {
        Truth::Fails => 0,
        Truth::Unknown => 1,
        Truth::Holds => 2,
    }
}

#[cfg(test)]
mod tests {
    use crate::attribution::id::Id;
    use crate::attribution::record::Record;
    use crate::attribution::record::channel::{Control, ControlBasis, ControlMode};
    use crate::attribution::record::claim::Who;
    use crate::attribution::record::notice::{NoticeKind, Provider, ProviderRating};
    use crate::attribution::record::party::PartyKind;
    use crate::attribution::truth::Truth::{self, Fails, Holds, Unknown};
    use crate::audit::captures::Held;
    use crate::audit::case::Case;
    use crate::audit::notebook::{Notebook, check, check_part, claim, date, passage};
    use crate::audit::signing::sshsig;
    use crate::audit::standing::Standings;
    use crate::hash::Hash;

    const TEXT: &str = "The ministry announces: a delegation will come to the capital.";

    struct World {
        notebook: Notebook,
        ministry: Id,
        document: Id,
        claim: Id,
    }

    /// A statement of the ministry, read at its source, with a signature by the key of seed 7.
    fn world() -> World {
        let mut notebook = Notebook::new();
        let ministry = notebook.party("ministry", PartyKind::Ministry);
        let document = notebook.document(TEXT, |it| it.published = Some(date("2024-11-24")));
        let mut said = claim(Who::Party(ministry), Some(document));
        said.passage = Some(passage(TEXT, "a delegation will come"));
        let claim = notebook.claim(said);
        World { notebook, ministry, document, claim }
    }

    fn signed() -> World {
        let mut world = world();
        world.notebook.attest(world.document, TEXT, &sshsig(7, TEXT));
        world
    }

    /// What the last rule answers, with its words.
    fn whose(world: &World) -> (Truth, String) {
        let graph = world.notebook.graph();
        check_part(&graph, &world.notebook, world.claim);
        let standings = Standings::as_of(&graph, graph.tree_size());
        let held = |digest: &Hash| world.notebook.held(digest);
        let case = Case::gather(&graph, &standings, world.claim, &held).unwrap();
        let findings = super::SOURCE_KEY_IS_SPEAKERS.apply(&case);
        let [finding] = &findings[..] else { panic!("{findings:?}") };
        (finding.truth, finding.what.clone())
    }

    #[track_caller]
    fn bound(change: impl FnOnce(&mut Control), expected: Truth, words: &str) {
        let mut world = signed();
        world.notebook.bind(7, world.ministry, change);
        let (truth, what) = whose(&world);
        assert_eq!(truth, expected, "{what}");
        assert!(what.contains(words), "{what}");
    }

    #[test]
    fn without_a_signature_there_is_nothing_to_judge() {
        let world = world();
        for rule in [
            &super::SOURCE_SIGNATURE_HOLDS,
            &super::SIGNATURE_COVERS_PASSAGE,
            &super::SOURCE_KEY_IS_SPEAKERS,
        ] {
            check(&world.notebook, world.claim, rule, &[]);
        }
    }

    #[test]
    fn a_key_that_a_page_names_as_the_ministrys_is_the_ministrys() {
        bound(|_| {}, Holds, "was that of ministry");
        let mut world = signed();
        world.notebook.bind(7, world.ministry, |_| {});
        check(&world.notebook, world.claim, &super::SOURCE_SIGNATURE_HOLDS, &[Holds]);
        check(&world.notebook, world.claim, &super::SIGNATURE_COVERS_PASSAGE, &[Holds]);
    }

    #[test]
    fn a_signature_over_other_bytes_says_nothing_of_these() {
        let mut world = world();
        let other = sshsig(7, "The ministry announces nothing.");
        world.notebook.attest(world.document, TEXT, &other);
        world.notebook.bind(7, world.ministry, |_| {});
        check(&world.notebook, world.claim, &super::SOURCE_SIGNATURE_HOLDS, &[Fails]);
        check(&world.notebook, world.claim, &super::SIGNATURE_COVERS_PASSAGE, &[Unknown]);
        check(&world.notebook, world.claim, &super::SOURCE_KEY_IS_SPEAKERS, &[Unknown]);
    }

    #[test]
    fn a_key_of_nobody_and_one_of_somebody_else_are_told_apart() {
        let world = signed();
        let (truth, what) = whose(&world);
        assert_eq!(truth, Unknown);
        assert!(what.contains("no channel has the platform ssh"), "{what}");
        let mut world = signed();
        let other = world.notebook.party("embassy", PartyKind::Organisation);
        world.notebook.bind(7, other, |_| {});
        let (truth, what) = whose(&world);
        assert_eq!(truth, Fails);
        assert!(what.contains("that of embassy, not of ministry"), "{what}");
    }

    #[test]
    fn expired_not_yet_stolen_and_withdrawn_keys_are_told_apart() {
        bound(|it| it.until = Some(date("2024-06")), Fails, "it had expired");
        bound(|it| it.since = Some(date("2025")), Fails, "recorded from 2025");
        bound(|it| it.mode = ControlMode::Hijacked, Fails, "stolen");
        bound(|it| it.mode = ControlMode::Impersonation, Fails, "a pretender's");
        bound(|it| it.mode = ControlMode::Syndicated, Fails, "recorded from 2020");
        let mut world = signed();
        let control = world.notebook.bind(7, world.ministry, |_| {});
        world.notebook.notice(NoticeKind::RecorderRetraction, control, |_| {});
        let (truth, what) = whose(&world);
        assert_eq!(truth, Unknown);
        assert!(what.contains("nobody's control of the key"), "{what}");
    }

    #[test]
    fn a_word_for_the_key_or_a_page_that_does_not_name_it_is_no_evidence() {
        bound(|it| it.basis = ControlBasis::ReporterSays, Fails, "a reporter's word");
        bound(|it| it.evidence = None, Unknown, "no document is recorded");
        bound(|it| it.verified_at = Some(date("2023")), Unknown, "looked at 2023");
        let mut world = signed();
        let page = world.notebook.document("Our press office signs with a key.", |_| {});
        world.notebook.bind(7, world.ministry, |it| it.evidence = Some(page));
        let (truth, what) = whose(&world);
        assert_eq!(truth, Unknown);
        assert!(what.contains("the key itself does not stand"), "{what}");
    }

    #[test]
    fn what_an_old_key_signed_counts_only_if_it_was_there_before_the_keys_end() {
        // The attestation was recorded on 2024-11-25, after the key's end.
        let ends = |it: &mut Control| it.until = Some(date("2024-11-24"));
        bound(ends, Unknown, "nothing shows that the signature was there before its end");
        bound(|it| it.until = Some(date("2024-12")), Holds, "was that of ministry");
    }

    #[test]
    fn a_detached_signature_is_no_older_than_its_own_file() {
        let mut notebook = Notebook::new();
        let ministry = notebook.party("ministry", PartyKind::Ministry);
        let document = notebook.document(TEXT, |it| {
            it.published = Some(date("2024-11-20"));
            it.captures[0].captured_at = Some(date("2024-11-20"));
        });
        notebook.attest(document, TEXT, &sshsig(7, TEXT));
        notebook.bind(7, ministry, |it| it.until = Some(date("2024-11-22")));
        let mut said = claim(Who::Party(ministry), Some(document));
        said.passage = Some(passage(TEXT, "a delegation will come"));
        let claim = notebook.claim(said);
        let (truth, what) = whose(&World { notebook, ministry, document, claim });
        assert_eq!(truth, Unknown, "{what}");
        assert!(what.contains("nothing shows that the signature was there"), "{what}");
    }

    #[test]
    fn the_signed_bytes_do_not_show_whose_their_key_is() {
        let mut world = signed();
        let again = world.notebook.document(TEXT, |it| it.title = Some("again".to_owned()));
        world.notebook.bind(7, world.ministry, |it| it.evidence = Some(again));
        let (truth, what) = whose(&world);
        assert_eq!(truth, Fails, "{what}");
        let mut world = signed();
        let file = sshsig(7, TEXT);
        let again = world.notebook.document(&file, |_| {});
        world.notebook.bind(7, world.ministry, |it| it.evidence = Some(again));
        assert_eq!(whose(&world).0, Fails);
    }

    #[test]
    fn evidence_that_was_taken_back_or_came_from_a_distrusted_archive_shows_nothing() {
        let page = format!("We sign with {}.", crate::audit::signing::fingerprint(7));
        let mut world = signed();
        let shown = world.notebook.document(&page, |_| {});
        world.notebook.bind(7, world.ministry, |it| it.evidence = Some(shown));
        assert_eq!(whose(&world).0, Holds);
        world.notebook.notice(NoticeKind::RecorderRetraction, shown, |_| {});
        let (truth, what) = whose(&world);
        assert_eq!(truth, Unknown);
        assert!(what.contains("was taken back"), "{what}");
        let mut world = signed();
        let rated = Provider {
            name: "archive".to_owned(),
            rating: ProviderRating::Distrusted,
            since: None,
            reason: "it changes pages".to_owned(),
            party: None,
        };
        world.notebook.append(Record::Provider(rated));
        let shown = world.notebook.document(&page, |it| {
            it.captures[0].provider = Some("archive".to_owned());
        });
        world.notebook.bind(7, world.ministry, |it| it.evidence = Some(shown));
        let (truth, what) = whose(&world);
        assert_eq!(truth, Unknown);
        assert!(what.contains("distrusted"), "{what}");
    }

    #[test]
    fn a_channel_described_anew_moves_no_voice_to_another_key() {
        let mut world = signed();
        // The ministry's key is that of seed 8; omar describes the same channel with the key of 7.
        world.notebook.bind(8, world.ministry, |_| {});
        let mut moved = crate::audit::notebook::channel("key-8");
        moved.platform = Some("ssh".to_owned());
        moved.platform_id = Some(crate::audit::signing::fingerprint(7));
        world.notebook.append_as("omar", 2, Record::Channel(moved));
        let (truth, what) = whose(&world);
        assert_eq!(truth, Unknown, "{what}");
        assert!(what.contains("nobody's control of the key"), "{what}");
    }

    #[test]
    fn a_signature_whose_file_is_gone_is_missing_and_no_failure() {
        let mut world = signed();
        world.notebook.bind(7, world.ministry, |_| {});
        let file = Hash::of(sshsig(7, TEXT).as_bytes());
        world.notebook.bytes.insert(file, Held::Withheld);
        check(&world.notebook, world.claim, &super::SOURCE_SIGNATURE_HOLDS, &[Unknown]);
    }
}
