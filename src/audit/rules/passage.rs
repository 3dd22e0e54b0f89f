//! Rules about the words: where they stand, who is named beside them, and what stands around them.

use crate::attribution::record::claim::{Mode, Passage, Polarity};
use crate::attribution::truth::Truth;
use crate::audit::case::{Case, Reading};
use crate::audit::rules::evidence::answered;
use crate::audit::rules::rule::{Group, Judgement, Rule};
use crate::evidence::anchor::{self, MAX_PLACES, Match, Reason};
use crate::evidence::reading::{self, Verdict};
use crate::evidence::text::{Profile, Text, derive};
use crate::evidence::{denial, quotation};
use crate::selector::{Position, Selector};

/// See its words.
pub const SEGMENT_FOUND_ONCE: Rule = Rule {
    name: "segment-found-once",
    group: Group::Passage,
    words: "Each segment stands in the text exactly once, or where its position says, and is not \
            cut from a longer word.",
    not_shown: "That the words mean what the recorder took from them.",
    judge: |case| segments(case, |segment| Some(found_once(segment))),
};

/// See its words.
pub const QUOTE_AND_POSITION_AGREE: Rule = Rule {
    name: "quote-and-position-agree",
    group: Group::Passage,
    words: "Where a segment gives a position, its words stand exactly there.",
    not_shown: "That these are the words the claim is about.",
    judge: |case| segments(case, position_agrees),
};

/// See its words.
pub const SEGMENTS_IN_ORDER: Rule = Rule {
    name: "segments-in-order",
    group: Group::Passage,
    words: "The segments of a passage stand in the text in their order, none within another.",
    not_shown: "That what was left out between them changes nothing.",
    judge: segments_in_order,
};

/// See its words.
pub const ELLIPSIS_MARKED: Rule = Rule {
    name: "ellipsis-marked",
    group: Group::Passage,
    words: "An ellipsis in quoted words stands so in the text; omissions are separate segments.",
    not_shown: "That the document itself left nothing out.",
    judge: |case| segments(case, |segment| Some(ellipsis_marked(segment))),
};

/// See its words.
pub const SPEAKER_IN_CAPTURE: Rule = Rule {
    name: "speaker-in-capture",
    group: Group::Passage,
    words: "The speaker as written stands in the text of the document read.",
    not_shown: "That the document attributes these words to that name, or whose name it is.",
    judge: speaker_in_capture,
};

/// See its words.
pub const CUE_NEAR_PASSAGE: Rule = Rule {
    name: "cue-near-passage",
    group: Group::Passage,
    words: "The words that attribute a passage stand near it, in the document that attributes.",
    not_shown: "That they attribute this passage and not another.",
    judge: cue_near_passage,
};

/// See its words.
pub const DENIAL_NEAR_CUE: Rule = Rule {
    name: "denial-near-cue",
    group: Group::Passage,
    words: "Where a claim says that something was asserted, no word of denial is at the cue.",
    not_shown: "Irony, double negation, and denial in words that are not listed.",
    judge: denial_near_cue,
};

/// See its words.
pub const DIRECT_IN_QUOTATION_MARKS: Rule = Rule {
    name: "direct-in-quotation-marks",
    group: Group::Passage,
    words: "The segments of a passage recorded as direct stand between quotation marks.",
    not_shown: "That the document quotes the speaker word for word.",
    judge: |case| segments(case, in_quotation_marks),
};

/// One segment with its text and where it stands.
struct Segment<'a> {
    passage: &'a Passage,
    selector: &'a Selector,
    text: &'a Text,
    anchor: &'a Match,
}

/// Applies a question to each segment of each passage; unknown where there is no text.
fn segments(case: &Case<'_>, ask: fn(&Segment<'_>) -> Option<Judgement>) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    for reading in &case.steps {
        let Some(passage) = reading.step.passage else { continue };
        let Ok(text) = &reading.text else {
            judgements.push(no_text(reading));
            continue;
        };
        for (number, selector) in passage.segments.iter().enumerate() {
            let anchor = &reading.anchors[number];
            if let Some(mut judgement) = ask(&Segment { passage, selector, text, anchor }) {
                let name = reading.step.name();
                judgement.what = format!("{name}, segment {}: {}", number + 1, judgement.what);
                judgements.push(judgement.at(reading.step.number));
            }
        }
    }
    judgements
}

fn no_text(reading: &Reading<'_>) -> Judgement {
    let what = format!("{}: there is no text to look in", reading.step.name());
    Judgement::new(Truth::Unknown, what).at(reading.step.number)
}

fn found_once(segment: &Segment<'_>) -> Judgement {
    if segment.selector.position.is_some() {
        let count = anchor::places_of(segment.text, segment.selector, MAX_PLACES).len();
        if count > 0
            && let Match::Holds { position } = segment.anchor
            && reading::is_cut_from_a_word(segment.text, *position)
        {
            return cut_from_a_word();
        }
        let looked = match (&segment.selector.pointer, segment.selector.page) {
            (Some(pointer), _) => format!("in the string `{pointer}`"),
            (_, Some(page)) => format!("on page {page}"),
            _ => "in the text".to_owned(),
        };
        let what = match (count, segment.anchor) {
            (
                0,
                Match::Fails { reason: reason @ (Reason::NoSuchPart { .. } | Reason::TwoParts) },
            ) => reason.to_string(),
            (0, _) => format!("the words stand nowhere {looked}"),
            (1, _) => format!("the words stand once {looked}"),
            _ => format!("the words stand several times {looked}, and a position tells which"),
        };
        return Judgement::new(Truth::from(count > 0), what);
    }
    match segment.anchor {
        Match::Holds { position } if reading::is_cut_from_a_word(segment.text, *position) => {
            cut_from_a_word()
        }
        Match::Holds { position: Position { start, end } } => {
            Judgement::new(Truth::Holds, format!("the words stand once, at {start}-{end}"))
        }
        Match::Fails { reason } => Judgement::new(Truth::Fails, reason.to_string()),
        Match::Ambiguous { positions, has_more } => {
            let more = if *has_more { "more than " } else { "" };
            let what = format!("the words stand {more}{} times, and no position", positions.len());
            Judgement::new(Truth::Unknown, format!("{what} tells which"))
        }
    }
}

/// "legal" stands in "illegal", and nobody said it there.
fn cut_from_a_word() -> Judgement {
    Judgement::new(Truth::Unknown, "the words begin or end inside a longer word")
}

fn position_agrees(segment: &Segment<'_>) -> Option<Judgement> {
    let Position { start, end } = segment.selector.position?;
    Some(match segment.anchor {
        Match::Holds { .. } => {
            Judgement::new(Truth::Holds, format!("the words stand at {start}-{end}"))
        }
        Match::Fails { reason } => Judgement::new(Truth::Fails, reason.to_string()),
        Match::Ambiguous { .. } => Judgement::new(Truth::Unknown, "the position is not unique"),
    })
}

fn segments_in_order(case: &Case<'_>) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    for reading in &case.steps {
        let Some(passage) = reading.step.passage else { continue };
        if passage.segments.len() < 2 {
            continue;
        }
        let judged = match reading.positions() {
            Some(positions) => answered(reading::in_order(&positions)),
            None => Judgement::new(Truth::Unknown, "not every segment was found"),
        };
        judgements.push(judged.at(reading.step.number));
    }
    judgements
}

fn ellipsis_marked(segment: &Segment<'_>) -> Judgement {
    answered(reading::ellipsis(segment.text, &segment.selector.exact, false))
}

fn in_quotation_marks(segment: &Segment<'_>) -> Option<Judgement> {
    if segment.passage.mode != Mode::Direct {
        return None;
    }
    Some(match segment.anchor {
        Match::Holds { position } => answered(quotation::is_quoted(segment.text, *position)),
        _ => Judgement::new(Truth::Unknown, "where the words stand is not known"),
    })
}

fn speaker_in_capture(case: &Case<'_>) -> Vec<Judgement> {
    let reading = &case.steps[0];
    if reading.step.document.is_none() {
        return Vec::new();
    }
    let judged = match (&reading.text, &case.claim.speaker_as_written) {
        (Err(_), _) => return vec![no_text(reading)],
        (Ok(_), None) => {
            Judgement::new(Truth::Unknown, "how the document names the speaker is not recorded")
        }
        (Ok(text), Some(name)) => answered(reading::speaker_in(text, name)),
    };
    vec![judged.at(0)]
}

/// The cues with the step in whose text they should stand: a passage's cue in its own document, a
/// hop's cue in the document of the step before. Where that was not reached there is nothing to
/// look into, and another rule says so.
fn cues<'a, 'c>(case: &'a Case<'c>) -> Vec<(&'a Reading<'c>, &'a str)> {
    let mut cues = Vec::new();
    for (index, reading) in case.steps.iter().enumerate() {
        let own = reading.step.passage.and_then(|passage| passage.cue.as_deref());
        cues.extend(own.map(|cue| (reading, cue)));
        let named_by = reading.step.hop.and_then(|hop| hop.cue.as_deref());
        let before = index.checked_sub(1).map(|before| &case.steps[before]);
        let before = before.filter(|before| before.step.document.is_some());
        cues.extend(before.zip(named_by));
    }
    cues
}

fn cue_near_passage(case: &Case<'_>) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    if case.claim.passage.as_ref().is_some_and(|passage| passage.cue.is_none()) {
        let what = "the document read: no words that attribute the passage are recorded";
        judgements.push(Judgement::new(Truth::Unknown, what).at(0));
    }
    for (reading, cue) in cues(case) {
        let first = reading.positions().and_then(|positions| positions.first().copied());
        let judged = if let (Ok(text), Some(segment)) = (&reading.text, first) {
            answered(reading::cue_near(text, cue, segment))
        } else {
            let what = format!("where the passage of the cue `{cue}` stands is not known");
            Judgement::new(Truth::Unknown, what)
        };
        judgements.push(judged.at(reading.step.number));
    }
    judgements
}

fn denial_near_cue(case: &Case<'_>) -> Vec<Judgement> {
    if case.claim.polarity != Polarity::Asserted {
        return Vec::new();
    }
    let mut judgements = Vec::new();
    for (reading, cue) in cues(case) {
        judgements.push(denial_at(reading, cue).at(reading.step.number));
    }
    judgements
}

fn denial_at(reading: &Reading<'_>, cue: &str) -> Judgement {
    let language = reading.document.and_then(|document| document.language.as_deref());
    let (Ok(text), Some(language)) = (&reading.text, language) else {
        return Judgement::new(Truth::Unknown, "the text or its language is not known");
    };
    // The cue alone decides first: a word of denial in "denied that" is no matter of nearness.
    let alone = derive(Profile::Plain1, cue.as_bytes())
        .map(|alone| denial::is_near(&alone, language, Position { start: 0, end: alone.length() }));
    if let Ok(answer) = alone
        && answer.verdict == Verdict::Holds
    {
        let what = format!("the claim says asserted, and in the cue `{cue}` {}", answer.fact);
        return Judgement::new(Truth::Fails, what);
    }
    let places = anchor::places(text, cue, MAX_PLACES);
    let first = reading.positions().and_then(|positions| positions.first().copied());
    let nearest = places
        .into_iter()
        .min_by_key(|place| first.map_or(0, |segment| place.start.abs_diff(segment.start)));
    let Some(nearest) = nearest else {
        return Judgement::new(Truth::Unknown, format!("the cue `{cue}` was not found"));
    };
    let answer = denial::is_near(text, language, nearest);
    match answer.verdict {
        // The word may belong to another clause: a reason to look, not a reading.
        Verdict::Holds => Judgement::new(Truth::Unknown, format!("to be read: {}", answer.fact)),
        Verdict::Fails => Judgement::new(Truth::Holds, answer.fact),
        Verdict::Unknown => Judgement::new(Truth::Unknown, answer.fact),
    }
}

#[cfg(test)]
mod tests {
    use crate::attribution::record::claim::{Claim, Mode, Passage, Polarity, Who};
    use crate::attribution::truth::Truth::{self, Fails, Holds, Unknown};
    use crate::audit::notebook::{self, Notebook, check};
    use crate::audit::rules::rule::Rule;
    use crate::selector::{Position, Selector};

    const TEXT: &str = "Kabulov stated that the visit is soon. \u{201c}We will come,\u{201d} \
        he said. The visit was long awaited by everybody in the capital.";

    fn told(
        rule: &Rule,
        change: impl FnOnce(&mut Passage),
        also: impl FnOnce(&mut Claim),
        expected: &[Truth],
    ) {
        let mut notebook = Notebook::new();
        let document = notebook.document(TEXT, |_| {});
        let mut claim = notebook::claim(Who::Unresolved("Kabulov".to_owned()), Some(document));
        let mut passage = notebook::passage(TEXT, "the visit is soon");
        change(&mut passage);
        claim.passage = Some(passage);
        also(&mut claim);
        let id = notebook.claim(claim);
        check(&notebook, id, rule, expected);
    }

    fn placed(exact: &str, start: u64, end: u64) -> Vec<Selector> {
        vec![Selector { position: Some(Position { start, end }), ..Selector::quote(exact) }]
    }

    #[test]
    fn a_segment_stands_once_nowhere_or_twice() {
        let rule = &super::SEGMENT_FOUND_ONCE;
        told(rule, |_| {}, |_| {}, &[Holds]);
        told(rule, |p| p.segments = vec![Selector::quote("never said")], |_| {}, &[Fails]);
        told(rule, |p| p.segments = vec![Selector::quote("visit")], |_| {}, &[Unknown]);
        told(rule, |p| p.segments = placed("visit", 24, 29), |_| {}, &[Holds]);
        told(rule, |p| p.segments = placed("visi", 24, 28), |_| {}, &[Unknown]);
        told(rule, |p| p.segments = vec![Selector::quote("waited")], |_| {}, &[Unknown]);
        told(rule, |p| "plain/9".clone_into(&mut p.profile), |_| {}, &[Unknown]);
    }

    #[test]
    fn a_quote_stands_where_its_position_says() {
        let rule = &super::QUOTE_AND_POSITION_AGREE;
        told(rule, |p| p.segments = placed("visit", 24, 29), |_| {}, &[Holds]);
        told(rule, |p| p.segments = placed("visit", 25, 30), |_| {}, &[Fails]);
        told(rule, |_| {}, |_| {}, &[]);
    }

    #[test]
    fn segments_stand_in_their_order() {
        let rule = &super::SEGMENTS_IN_ORDER;
        let quotes = |words: &[&str]| words.iter().map(|w| Selector::quote(*w)).collect();
        told(rule, |p| p.segments = quotes(&["stated", "is soon"]), |_| {}, &[Holds]);
        told(rule, |p| p.segments = quotes(&["is soon", "stated"]), |_| {}, &[Fails]);
        told(rule, |p| p.segments = quotes(&["is soon", "absent"]), |_| {}, &[Unknown]);
    }

    #[test]
    fn an_ellipsis_is_no_way_to_leave_words_out_of_a_quote() {
        let rule = &super::ELLIPSIS_MARKED;
        told(rule, |_| {}, |_| {}, &[Holds]);
        told(rule, |p| p.segments = vec![Selector::quote("the … soon")], |_| {}, &[Fails]);
    }

    #[test]
    fn the_speaker_as_written_stands_in_the_capture() {
        let rule = &super::SPEAKER_IN_CAPTURE;
        let named = |name: &str| {
            let name = name.to_owned();
            move |claim: &mut Claim| claim.speaker_as_written = Some(name)
        };
        told(rule, |_| {}, named("Kabulov"), &[Holds]);
        told(rule, |_| {}, named("Lavrov"), &[Fails]);
        told(rule, |_| {}, |_| {}, &[Unknown]);
    }

    #[test]
    fn a_cue_stands_near_nowhere_or_is_not_recorded() {
        let rule = &super::CUE_NEAR_PASSAGE;
        told(rule, |p| p.cue = Some("stated that".to_owned()), |_| {}, &[Holds]);
        told(rule, |p| p.cue = Some("insisted that".to_owned()), |_| {}, &[Fails]);
        told(rule, |_| {}, |_| {}, &[Unknown]);
    }

    #[test]
    fn a_denial_in_the_cue_fails_and_one_beside_it_is_to_be_read() {
        let check = |text: &str, cue: &str, polarity, expected: &[Truth]| {
            let mut notebook = Notebook::new();
            let document = notebook.document(text, |_| {});
            let mut claim = notebook::claim(Who::Unresolved("x".to_owned()), Some(document));
            let mut passage = notebook::passage(text, "the visit is soon");
            passage.cue = Some(cue.to_owned());
            claim.passage = Some(passage);
            claim.polarity = polarity;
            let id = notebook.claim(claim);
            crate::audit::notebook::check(&notebook, id, &super::DENIAL_NEAR_CUE, expected);
        };
        let asserted = Polarity::Asserted;
        check("He stated that the visit is soon", "stated that", asserted, &[Holds]);
        check("He denied that the visit is soon", "denied that", asserted, &[Fails]);
        check("He never stated that the visit is soon", "stated that", asserted, &[Unknown]);
        check("He denied that the visit is soon", "denied that", Polarity::Denied, &[]);
    }

    #[test]
    fn what_is_recorded_as_direct_stands_in_quotation_marks() {
        let rule = &super::DIRECT_IN_QUOTATION_MARKS;
        let direct = |exact: &'static str| {
            move |p: &mut Passage| {
                p.mode = Mode::Direct;
                p.segments = vec![Selector::quote(exact)];
            }
        };
        told(rule, direct("We will come"), |_| {}, &[Holds]);
        told(rule, direct("the visit is soon"), |_| {}, &[Fails]);
        told(rule, direct("visit"), |_| {}, &[Unknown]);
        told(rule, |_| {}, |_| {}, &[]);
    }
}
