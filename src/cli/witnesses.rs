//! `whosaid key trust` of a witness, and `whosaid cosign`: who else has to see this ledger.

use serde::Serialize;

use crate::cli::cosigned::{self, Row};
use crate::cli::courier::Courier;
use crate::cli::failure::{self, Exit, Failure};
use crate::cli::open::Place;
use crate::cli::secrets;
use crate::cli::summary;
use crate::cli::terminal::Terminal;
use crate::cli::witness_options::{Cosign, TrustWitness};
use crate::ledger::asking::{Asked, Messenger, Outcome};
use crate::ledger::cosigning::{self, Cosigning, Signers};
use crate::ledger::writing;
use crate::store::loose::{self, Readers};
use crate::store::os::OsDisk;
use crate::store::{STATE, Store};
use crate::tlog::checkpoint::{self, LoggedBefore, Trusted};
use crate::tlog::note::VerifierKey;
use crate::tlog::policy::{Policy, Quorum, Witness};

/// `whosaid key trust` of a witness's key.
pub(crate) fn trust(
    place: &Place,
    key: VerifierKey,
    options: &TrustWitness,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let quorum = options.quorum.as_deref().map(parse_quorum).transpose()?;
    let Some(url) = &options.url else {
        return Err(Failure::usage(format!(
            "a witness's key: {} is trusted with --url",
            key.name()
        ))
        .hint("it is asked at that URL whenever something is appended"));
    };
    let wanted = Wanted { key, name: options.name.as_deref(), url, quorum };
    trust_witness(place, &wanted, &Courier::new(), terminal)
}

/// A witness to be trusted.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    /// Its key.
    pub(crate) key: VerifierKey,
    /// What the policy is to call it; the name of its key if `None`.
    pub(crate) name: Option<&'a str>,
    /// Where it is asked.
    pub(crate) url: &'a str,
    /// How many witnesses must cosign; `None` leaves it to the number of witnesses.
    pub(crate) quorum: Option<Quorum>,
}

/// Reads `any`, `all`, a number, `none` or `keep`.
pub(crate) fn parse_quorum(text: &str) -> Result<Quorum, Failure> {
    match text {
        "any" => Ok(Quorum::Any),
        "all" => Ok(Quorum::All),
        "none" => Ok(Quorum::None),
        "keep" => Ok(Quorum::Keep),
        number => number.parse().map(Quorum::AtLeast).map_err(|_| {
            Failure::usage(format!("--quorum {number}: expected any, all, a number, none or keep"))
        }),
    }
}

/// Puts a witness into the policy: first its cosignature over the checkpoint as it stands, durably,
/// then the policy that asks for it, so that at no moment a reader with the new policy finds a
/// checkpoint that lacks it. If it does not cosign, nothing is changed.
pub(crate) fn trust_witness(
    place: &Place,
    wanted: &Wanted<'_>,
    messenger: &dyn Messenger,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    // Refused before the lock is taken, and read again behind it: two at once add both.
    policy_with(&place.policy()?, wanted)?;
    let mut cosigning = open(place, &place.policy()?)?;
    let old = place.policy()?;
    let new = policy_with(&old, wanted)?;
    let name = new.witnesses().last().map(|it| it.name.clone()).unwrap_or_default();
    let asked = ask(&mut cosigning, place, &new, |it| it.key == wanted.key, messenger)?;
    if let Some(Outcome::Refused(what)) = asked.first().map(|it| &it.outcome) {
        return Err(Failure::new(failure::WITNESSES, format!("witness {name}: {what}"))
            .hint("nothing was changed")
            .hint(format!("it has to follow this log: --log {}", log_key(&old, &cosigning))));
    }
    let trusted = Trusted::open_note(cosigning.note(), &new).map_err(|error| match error {
        checkpoint::Error::Quorum { .. } => Failure::new(failure::WITNESSES, error)
            .hint("the policy was not changed; ask the others first: `whosaid cosign`"),
        error => writing::Error::from(error).into(),
    })?;
    loose::replace(&place.policy_path(), new.to_string().as_bytes(), Readers::Everyone)?;
    cosigned::tell(&asked, terminal);
    let report = Report::new("whosaid.key-trust-witness/1", &trusted, &new, &asked);
    terminal.object(&report);
    let path = place.policy_path();
    terminal.line(format!("{} trusts witness {name}, at {}.", path.display(), wanted.url));
    terminal.line(quorum_sentence(&new));
    terminal.line("Send the new policy to everybody who checks this ledger.");
    Ok(Exit::Holds)
}

fn policy_with(old: &Policy, wanted: &Wanted<'_>) -> Result<Policy, Failure> {
    let refused = |error| {
        Failure::new(failure::INPUT, error)
            .hint("keys/policy is as it was; it can be edited by hand")
    };
    let name = wanted.name.unwrap_or(wanted.key.name());
    let first = old.witnesses().is_empty();
    let quorum = wanted.quorum.unwrap_or(if first { Quorum::Any } else { Quorum::Keep });
    let added = old.clone().with_witness(name, wanted.key.clone(), Some(wanted.url));
    added.and_then(|policy| policy.with_quorum(quorum)).map_err(refused)
}

/// `whosaid cosign`.
pub(crate) fn cosign(
    place: &Place,
    options: &Cosign,
    terminal: &Terminal,
) -> Result<Exit, Failure> {
    let policy = place.policy()?;
    if policy.witnesses().is_empty() {
        return Err(Failure::new(failure::POLICY, "the policy names no witness")
            .hint("`whosaid key trust` puts one into it"));
    }
    let (mut asked, mut finished) = (Vec::new(), false);
    if writable(place)?.pending()?.is_some() {
        asked = finish(place, options)?;
        finished = true;
    }
    let mut cosigning = open(place, &policy)?;
    if asked.is_empty() {
        asked = ask(&mut cosigning, place, &policy, |_| true, &Courier::new())?;
    }
    cosigned::tell(&asked, terminal);
    let trusted = match Trusted::open_note(cosigning.note(), &policy) {
        Err(checkpoint::Error::Quorum { quorum, .. }) => {
            return Err(cosigning::Error::Quorum { quorum, asked }.into());
        }
        opened => opened.map_err(writing::Error::from)?,
    };
    terminal.object(&Report::new("whosaid.cosign/1", &trusted, &policy, &asked));
    if finished {
        terminal.line("The commit that waited for witnesses is published.");
    }
    let count = trusted.witnesses().len();
    let plural = if count == 1 { "" } else { "es" };
    terminal.line(format!(
        "The checkpoint of {} entries is cosigned by {count} witness{plural}.",
        trusted.size
    ));
    if let Some(seen) = trusted.logged_before() {
        terminal.line(summary::logged_before(seen));
    }
    Ok(Exit::Holds)
}

/// Finishes a commit that waits for witnesses, which needs the log's key.
fn finish(place: &Place, options: &Cosign) -> Result<Vec<Asked>, Failure> {
    let file = options.passphrase_file.as_deref();
    let passphrases = secrets::passphrases(file, "Passphrase of the log's key: ")?;
    let log_key = secrets::open_log(&place.keys, file, &passphrases)?;
    let messenger = Box::new(Courier::new());
    let signers = Signers { policy: place.policy()?, log_key, messenger };
    let ledger = writing::open_with(writable(place)?, signers, place.index()?);
    let state = place.folder()?.join(STATE);
    let ledger = ledger.map_err(|error| cosigned::of_writing(error, &state))?;
    Ok(ledger.asked().to_vec())
}

fn open(place: &Place, policy: &Policy) -> Result<Cosigning<OsDisk>, Failure> {
    Cosigning::open(writable(place)?, policy).map_err(Failure::from)
}

/// The ledger's own folder: what witnesses say is written there.
fn writable(place: &Place) -> Result<Store<OsDisk>, Failure> {
    Ok(Store::open(OsDisk::new(place.folder()?))?)
}

fn ask(
    cosigning: &mut Cosigning<OsDisk>,
    place: &Place,
    policy: &Policy,
    wanted: impl Fn(&Witness) -> bool,
    messenger: &dyn Messenger,
) -> Result<Vec<Asked>, Failure> {
    let witnesses: Vec<&Witness> = policy.witnesses().iter().filter(|it| wanted(it)).collect();
    let state = place.folder()?.join(STATE);
    let asked = cosigning.ask(policy, &witnesses, messenger);
    asked.map_err(|error| cosigned::failure(error, &state))
}

/// The key by which witnesses know this log.
fn log_key(policy: &Policy, cosigning: &Cosigning<OsDisk>) -> String {
    let origin = &cosigning.checkpoint().origin;
    let log = policy.logs().iter().find(|log| log.key.name() == origin);
    log.map(|log| log.key.to_string()).unwrap_or_default()
}

/// What the policy asks of witnesses, in words.
fn quorum_sentence(policy: &Policy) -> String {
    match policy.quorum() {
        None => "No witness must cosign: each is asked, and its absence is only said.".to_owned(),
        Some(quorum) => {
            format!("From now on nothing is published unless quorum `{quorum}` has cosigned it.")
        }
    }
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    ok: bool,
    tree_size: u64,
    quorum: Option<&'a str>,
    asked: Vec<Row>,
    witnesses: usize,
    logged_before: Option<&'a LoggedBefore>,
}

impl<'a> Report<'a> {
    fn new(
        schema: &'static str,
        trusted: &'a Trusted<checkpoint::Checkpoint>,
        policy: &'a Policy,
        asked: &[Asked],
    ) -> Self {
        Self {
            schema,
            ok: true,
            tree_size: trusted.size,
            quorum: policy.quorum(),
            asked: asked.iter().map(Row::from).collect(),
            witnesses: trusted.witnesses().len(),
            logged_before: trusted.logged_before(),
        }
    }
}
