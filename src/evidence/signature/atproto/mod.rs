//! A Bluesky post, proven by the account's signed repository (AT Protocol).
//!
//! Three captures belong together: the post as JSON, the proof that
//! `com.atproto.sync.getRecord` gives for it (a CAR with the signed commit, the nodes of the tree
//! down to the record, and the record), and the account's DID document or, better, the log of its
//! did:plc. Nobody is asked. Whose account it is in the world is for a dated record of control.
//!
//! ```text
//! post ──value──▶ record ◀──CID── tree ◀──root── commit ◀──signature── key ◀── DID document
//! ```

pub mod data;
pub mod car;
pub mod key;
pub mod commit;
pub mod tree;
pub mod account;
pub mod plc;

use ipld_core::ipld::Ipld;
use serde_json::Value;

use crate::evidence::signature::atproto::account::{Account, Term};
use crate::evidence::signature::atproto::car::Car;
use crate::evidence::signature::atproto::commit::Commit;
use crate::evidence::signature::atproto::key::Fit;
use crate::evidence::signature::atproto::tree::{Found, Wanted};
use crate::evidence::signature::checked::{Checked, Coverage, Signer, State};

/// The platform of the signer, as recorded channels name it; the id is the account's DID.
pub const PLATFORM: &str = "bluesky";

/// The largest post that is looked at, in bytes: the AT Protocol's limit for records is 1 MiB in
/// CBOR, and JSON takes up to twice as much.
pub const POST_BYTES: usize = 2 << 20;

/// The largest DID document or log that is looked at, in bytes. Documents are about a kilobyte; a
/// log grows by as much with every change of an account.
pub const ACCOUNT_BYTES: usize = 1 << 20;

/// How far a commit may be dated after the time asked for, in seconds, before it is remarked on:
/// clocks differ by so much.
const CLOCK_ERROR: i64 = 300;

/// What a valid proof proves.
pub const PROVES: &str = "the account's key signed a repository that held exactly this post, under \
                          this address, when the proof was made";

/// What it does not prove.
pub const DOES_NOT_PROVE: &str = "it does not show who wrote the post, for the key is mostly held \
                                  by the server that hosts the account, and that server can write \
                                  in its name; nor when, for the dates in the post, in its address \
                                  and in the commit are the server's and the author's own word; \
                                  nor that the post still stands";

/// Why a proof is no yes.
#[derive(Debug)]
pub struct Refused {
    /// What became of the signature; never [`State::Valid`].
    pub state: State,
    /// Why, in words: lower case, no final period.
    pub fact: String,
}

impl Refused {
    /// A refusal for this reason.
    pub fn new(state: State, fact: impl Into<String>) -> Self {
        Self { state, fact: fact.into() }
    }
}

/// Checks a captured post against its proof.
///
/// `post` is the JSON of `com.atproto.repo.getRecord`, or a view of a post that has `uri` and
/// `record`, or the bare record. It may also be the CAR itself: then only the signature and the
/// tree are checked, and no words are covered, because no text is read from a CAR.
/// `identity` is the account's DID document or the log of its did:plc; `at` is the time asked for,
/// in seconds since 1970: later changes to the log do not count.
pub fn check(post: &[u8], proof: &[u8], identity: Option<&[u8]>, at: Option<i64>) -> Checked {
    let plainly = |refused: Refused| Checked::not(refused.state, refused.fact);
    let (car, commit) = match open(proof) {
        Ok(opened) => opened,
        Err(refused) => return plainly(refused),
    };
    match prove(post, proof, &car, &commit, identity, at) {
        Ok(checked) => checked,
        Err(refused) => plainly(refused).by(PLATFORM, &*commit.did),
    }
}

fn open(proof: &[u8]) -> Result<(Car<'_>, Commit), Refused> {
    let car = car::parse(proof)?;
    let Some(block) = car.block(&car.root) else {
        return Err(Refused::new(State::Missing, "the signed commit did not come along"));
    };
    let commit = commit::parse(block)?;
    Ok((car, commit))
}

fn prove(
    post: &[u8],
    proof: &[u8],
    car: &Car<'_>,
    commit: &Commit,
    identity: Option<&[u8]>,
    at: Option<i64>,
) -> Result<Checked, Refused> {
    let mut limits = Vec::new();
    let (what, coverage) = if post == proof {
        tree::find(car, &commit.data, Wanted::Record(&car.root))?;
        let why = "the capture is the proof itself, from which no words are read";
        ("a repository".to_owned(), Coverage::Partly(why.to_owned()))
    } else {
        let (found, coverage) = place(&Post::parse(post)?, car, commit)?;
        (format!("the record {}", found.key), coverage)
    };
    let Some(identity) = identity else {
        let fact = "the account's DID document is not at hand, so its key is not known";
        return Err(Refused::new(State::Missing, fact));
    };
    let account = read_account(identity, at)?;
    signed(commit, &account, &mut limits)?;
    if at.is_some_and(|at| commit.made_at.saturating_sub(CLOCK_ERROR) > at) {
        limits.push("by its own word the commit was made after the time asked for".to_owned());
    }
    if !account.logged {
        limits.push(
            "the DID document shows the account's key as it was when the document was captured, \
             not when the post was made"
                .to_owned(),
        );
    }
    let made = plc::day(commit.made_at);
    let fact = format!("{what} was signed by the account {} in its commit of {made}", commit.did);
    let signer = Some(Signer { platform: PLATFORM, id: commit.did.clone() });
    let signed_at = Some(commit.made_at);
    Ok(Checked { state: State::Valid, fact, signer, coverage, signed_at, limits })
}

/// The post as it was captured.
struct Post {
    record: Ipld,
    address: Option<Address>,
}

/// What a server's answer says of the record besides giving it.
struct Address {
    /// The member that holds the record.
    member: &'static str,
    did: String,
    key: String,
    cid: Option<String>,
}

impl Post {
    fn parse(post: &[u8]) -> Result<Self, Refused> {
        let malformed = |why: String| {
            Refused::new(State::Malformed, format!("the post is no JSON of a record: {why}"))
        };
        if post.len() > POST_BYTES {
            let length = post.len();
            return Err(malformed(format!("{length} bytes, expected at most {POST_BYTES}")));
        }
        let json = data::json(post).map_err(malformed)?;
        let Value::Object(members) = &json else { return Err(malformed("no object".to_owned())) };
        let answer = members.len() == 2 + usize::from(members.contains_key("cid"));
        let member = match (members.get("uri"), members.get("value"), members.get("record")) {
            (Some(_), Some(_), None) if answer => "value",
            (Some(_), None, Some(_)) if !members.contains_key("$type") => "record",
            _ if members.contains_key("$type") => {
                let record = data::from_json(&json).map_err(malformed)?;
                return Ok(Self { record, address: None });
            }
            _ => return Err(malformed("neither `uri` with `value`, nor `$type`".to_owned())),
        };
        let record = data::from_json(&json[member]).map_err(malformed)?;
        if !matches!(record, Ipld::Map(_)) {
            return Err(malformed(format!("`{member}` is no object")));
        }
        let uri = json["uri"].as_str().unwrap_or_default();
        let parts = uri.strip_prefix("at://").and_then(|rest| rest.split_once('/'));
        let sound = parts.filter(|(did, key)| commit::is_account(did) && tree::is_key(key));
        let Some((did, key)) = sound else {
            return Err(malformed("`uri` is not at://DID/COLLECTION/KEY".to_owned()));
        };
        let cid = match members.get("cid") {
            None => None,
            Some(Value::String(cid)) => Some(cid.clone()),
            Some(_) => return Err(malformed("`cid` is no text".to_owned())),
        };
        let address = Address { member, did: did.to_owned(), key: key.to_owned(), cid };
        Ok(Self { record, address: Some(address) })
    }
}

/// Finds the post in the proof, and says what of the capture it covers.
fn place(post: &Post, car: &Car<'_>, commit: &Commit) -> Result<(Found, Coverage), Refused> {
    let altered = |fact: String| Refused::new(State::Altered, fact);
    let written = data::encode(&post.record).map_err(|why| Refused::new(State::Malformed, why))?;
    let cid = data::address(&written);
    let Some(address) = &post.address else {
        let found = tree::find(car, &commit.data, Wanted::Record(&cid))?;
        let fact = "the post is none of the records whose place the proof shows: one of them was \
                    changed, or the proof is another post's";
        let found = found.ok_or_else(|| altered(fact.to_owned()))?;
        same(car, &found, &written)?;
        return Ok((found, Coverage::Whole));
    };
    if address.did != commit.did {
        return Err(altered(format!(
            "the post says that it is of {}, the proof is of {}",
            address.did, commit.did
        )));
    }
    let found = tree::find(car, &commit.data, Wanted::Key(&address.key))?.ok_or_else(|| {
        altered(format!("the signed repository has no record {}: never or no more", address.key))
    })?;
    same(car, &found, &written)?;
    if address.cid.as_ref().is_some_and(|cid| *cid != found.record.to_string()) {
        return Err(altered("the post's `cid` is not the CID of its record".to_owned()));
    }
    Ok((found, Coverage::Below(format!("/{}", address.member))))
}

/// Whether the record that was signed is the one that the capture shows.
fn same(car: &Car<'_>, found: &Found, written: &[u8]) -> Result<(), Refused> {
    let Some(block) = car.block(&found.record) else {
        return Err(Refused::new(State::Missing, "the signed record did not come along"));
    };
    data::decode(block).map_err(|why| Refused::new(State::Malformed, why))?;
    if block == written {
        return Ok(());
    }
    let fact = format!("the signed record {} says something else than the post", found.key);
    Err(Refused::new(State::Altered, fact))
}

/// Reads a DID document, or the JSON array of `https://plc.directory/DID/log/audit`, of which only
/// what was there at the time asked for is counted.
fn read_account(identity: &[u8], at: Option<i64>) -> Result<Account, Refused> {
    let malformed = |why: &str| {
        let fact = format!("neither a DID document nor the log of a did:plc: {why}");
        Refused::new(State::Malformed, fact)
    };
    if identity.len() > ACCOUNT_BYTES {
        let length = identity.len();
        return Err(malformed(&format!("{length} bytes, expected at most {ACCOUNT_BYTES}")));
    }
    match data::json(identity).map_err(|why| malformed(&why))? {
        Value::Array(entries) => plc::read(&entries, at),
        Value::Object(members) => account::of_document(&members),
        _ => Err(malformed("neither an object nor an array")),
    }
}

/// Whether one of the account's keys signed the commit while it was the account's key.
fn signed(commit: &Commit, account: &Account, limits: &mut Vec<String>) -> Result<(), Refused> {
    let refused = |state, fact: String| Err(Refused::new(state, fact));
    if account.did != commit.did {
        return refused(
            State::OtherKey,
            format!("the key at hand is of {}, expected one of {}", account.did, commit.did),
        );
    }
    let mut matching: Vec<&Term> = Vec::new();
    for term in &account.terms {
        match term.key.check(&commit.unsigned, &commit.signature) {
            Fit::Fits => matching.push(term),
            Fit::Differs => {}
            Fit::NotCanonical => {
                let fact = "the signature is not 64 bytes with a low `s`";
                return refused(State::Malformed, fact.to_owned());
            }
        }
    }
    let Some(last) = matching.last() else {
        return Err(unsigned(account));
    };
    if let Some(closed) = &account.closed {
        return refused(State::Revoked, closed.clone());
    }
    // A key can have more than one term; one that covers the commit's time is enough.
    let ended = |term: &Term| term.until.is_some_and(|until| until <= commit.made_at);
    let Some(term) = matching.iter().find(|term| !ended(term)) else {
        let until = plc::day(last.until.unwrap_or_default());
        return refused(
            State::Revoked,
            format!("the key that signed was replaced on {until}, before the commit's own time"),
        );
    };
    remark(term, commit, limits);
    Ok(())
}

/// That none of the account's keys signed.
fn unsigned(account: &Account) -> Refused {
    if account.terms.is_empty() {
        return match &account.closed {
            Some(closed) => Refused::new(State::Revoked, closed.clone()),
            None => Refused::new(State::Missing, "what is at hand of the account names no key"),
        };
    }
    let fact = if account.logged {
        "none of the keys in the account's log signed the commit"
    } else {
        "the key in the DID document did not sign the commit; it may have been replaced since, \
         which the log of the account's did:plc would tell"
    };
    Refused::new(State::OtherKey, fact)
}

/// What the dates of the key leave open.
fn remark(term: &Term, commit: &Commit, limits: &mut Vec<String>) {
    if let Some(until) = term.until {
        limits.push(format!(
            "the key was replaced on {}; whoever kept it could still sign and date the commit back",
            plc::day(until)
        ));
    }
    if let Some(from) = term.from.filter(|from| *from > commit.made_at) {
        limits.push(format!(
            "the key came into the account's log on {}, after the commit says it was made, as when \
             an account moves to another server",
            plc::day(from)
        ));
    }
}
