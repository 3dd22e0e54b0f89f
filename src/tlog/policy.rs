//! The policy: whose word makes a checkpoint trusted (C2SP tlog-policy).
//!
//! ```text
//! log <vkey> [<url>]
//! witness <name> <vkey> [<url>]
//! group <name> <k|any|all> <member>…
//! quorum <name|none>
//! ```
//! A line names only what stands above it. Empty lines and lines that begin with `#` say nothing.
//! Stricter than the specification: the file is UTF-8, and no key stands in it twice, not even
//! once for a log and once for a witness, for then one party could speak with two voices.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::tlog::note::{self, Algorithm, VerifierKey};

/// The largest policy file, in bytes: far more than the lines below can need.
pub const MAX_LENGTH: usize = 1_000_000;

/// The most logs, the most witnesses and the most groups. The specification asks for 32 at least.
pub const MAX_OF_A_KIND: usize = 1000;

/// The name that stands for no quorum at all.
const NONE: &str = "none";

/// The name of the one group that [`Policy::with_quorum`] makes: of all witnesses.
const ALL_WITNESSES: &str = "witnesses";

/// A log whose checkpoints are accepted. Its origin is the name of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The key that signs checkpoints.
    pub key: VerifierKey,
    /// Where the log can be reached.
    pub url: Option<String>,
}

/// A witness whose cosignatures count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// What the policy calls it; its key may be named otherwise.
    pub name: String,
    /// The key that cosigns.
    pub key: VerifierKey,
    /// Where the witness can be reached.
    pub url: Option<String>,
}

/// Which logs, which witnesses, and how many of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    /// A witness or group; `None` if no witness is needed.
    quorum: Option<String>,
}

/// Witnesses and groups of which some must agree.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    name: String,
    threshold: usize,
    members: Vec<String>,
}

/// How many of a policy's witnesses must cosign, where that can be said in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quorum {
    /// As the policy has it already.
    Keep,
    /// Nobody must.
    None,
    /// One of them.
    Any,
    /// All of them.
    All,
    /// So many of them.
    AtLeast(usize),
}

/// Why a policy was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The file as a whole is wrong.
    #[error("not a policy: {0}")]
    Format(&'static str),
    /// A line is wrong.
    #[error("line {line} of the policy: {problem}")]
    Line {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: Problem,
    },
}

/// What is wrong with a line of a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The line is none of the four.
    #[error("expected `{0}`")]
    Expected(&'static str),
    /// A key is no key.
    #[error(transparent)]
    Key(#[from] note::Error),
    /// A key of the wrong type.
    #[error("the key {0} has the wrong type: logs sign with 0x01, witnesses with 0x04")]
    KeyType(String),
    /// The key stands in the policy already.
    #[error("the key {0} stands in the policy twice")]
    DuplicateKey(String),
    /// The name is taken.
    #[error("the name `{0}` is taken")]
    DuplicateName(String),
    /// The name is not defined above.
    #[error("the name `{0}` is not defined above")]
    UnknownName(String),
    /// The member is in a group already.
    #[error("`{0}` is a member of a group already")]
    DuplicateMember(String),
    /// A threshold that is no count of the members.
    #[error("threshold `{found}`, expected `any`, `all` or 1 to {members}")]
    Threshold {
        /// What stands there.
        found: String,
        /// The number of members.
        members: usize,
    },
    /// There is a quorum already.
    #[error("there is a quorum already")]
    DuplicateQuorum,
    /// More of a kind than [`MAX_OF_A_KIND`].
    #[error("more than {MAX_OF_A_KIND} of a kind")]
    TooMany,
}

impl Policy {
    /// A policy that takes one log's word alone: what a new log starts with.
    pub fn of_log(key: VerifierKey) -> Self {
        assert_eq!(key.algorithm(), Algorithm::Ed25519, "a log signs with type 0x01");
        let log = Log { key, url: None };
        Self { logs: vec![log], witnesses: Vec::new(), groups: Vec::new(), quorum: None }
    }

    /// Reads a policy file.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_LENGTH {
            return Err(Error::Format("it is larger than 1 MB"));
        }
        let text = str::from_utf8(bytes).map_err(|_| Error::Format("it is not UTF-8"))?;
        if text.bytes().any(|b| (b < b' ' && b != b'\t' && b != b'\n') || b == 0x7f) {
            return Err(Error::Format("it holds a control character"));
        }
        if !text.is_empty() && !text.ends_with('\n') {
            return Err(Error::Format("the last line does not end in a newline"));
        }
        let mut reader = Reader::default();
        for (line, number) in text.lines().zip(1..) {
            reader.read(line).map_err(|problem| Error::Line { line: number, problem })?;
        }
        let quorum = reader.quorum.ok_or(Error::Format("it has no quorum line"))?;
        let Reader { logs, witnesses, groups, .. } = reader;
        Ok(Self { logs, witnesses, groups, quorum: (quorum != NONE).then_some(quorum) })
    }

    /// The same policy with one more witness, which no quorum asks for yet.
    ///
    /// # Errors
    /// If the name or the key is taken, or one of the texts cannot stand in a policy.
    pub fn with_witness(
        mut self,
        name: &str,
        key: VerifierKey,
        url: Option<&str>,
    ) -> Result<Self, Error> {
        let url = url.map(str::to_owned);
        self.witnesses.push(Witness { name: name.to_owned(), key, url });
        self.read_back()
    }

    /// The same policy with another quorum over all its witnesses.
    ///
    /// # Errors
    /// If the policy has groups that a person made, or fewer witnesses than the quorum wants.
    pub fn with_quorum(mut self, quorum: Quorum) -> Result<Self, Error> {
        let count = self.witnesses.len();
        let threshold = match quorum {
            Quorum::Keep => return Ok(self),
            Quorum::None => {
                self.quorum = None;
                return Ok(self);
            }
            Quorum::Any => 1,
            Quorum::All => count,
            Quorum::AtLeast(threshold) => threshold,
        };
        if !(1..=count).contains(&threshold) {
            return Err(Error::Format("it has not so many witnesses as the quorum wants"));
        }
        if self.groups.iter().any(|group| group.name != ALL_WITNESSES) {
            return Err(Error::Format("it has groups of its own: change its quorum by hand"));
        }
        self.groups.clear();
        let members: Vec<String> = self.witnesses.iter().map(|it| it.name.clone()).collect();
        self.quorum = Some(match members.as_slice() {
            [alone] => alone.clone(),
            _ => {
                let name = ALL_WITNESSES.to_owned();
                self.groups.push(Group { name: name.clone(), threshold, members });
                name
            }
        });
        self.read_back()
    }

    /// The same policy where no witness must cosign: to open a checkpoint that lacks some.
    #[must_use]
    pub fn without_quorum(mut self) -> Self {
        self.quorum = None;
        self
    }

    /// What was put together here is a policy only if it reads as one, and as the same.
    fn read_back(self) -> Result<Self, Error> {
        let read = Self::parse(self.to_string().as_bytes())?;
        if read == self {
            Ok(read)
        } else {
            Err(Error::Format("a name or URL in it holds white space"))
        }
    }

    /// The logs whose checkpoints are accepted, in the order of the file.
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    /// The witnesses that are known, in the order of the file.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// The witness or group that must have cosigned; `None` if nobody must.
    pub fn quorum(&self) -> Option<&str> {
        self.quorum.as_deref()
    }

    /// Whether these witnesses, by the policy's names for them, are enough.
    pub fn quorum_met(&self, cosigned: &BTreeSet<&str>) -> bool {
        let Some(quorum) = &self.quorum else { return true };
        // Groups name only what stands above them, so one pass down the list settles all.
        let mut met: BTreeSet<&str> = self
            .witnesses
            .iter()
            .map(|witness| witness.name.as_str())
            .filter(|name| cosigned.contains(name))
            .collect();
        for group in &self.groups {
            let count = group.members.iter().filter(|name| met.contains(name.as_str())).count();
            if count >= group.threshold {
                met.insert(&group.name);
            }
        }
        met.contains(quorum.as_str())
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tail = |url: &Option<String>| url.as_ref().map_or(String::new(), |u| format!(" {u}"));
        for Log { key, url } in &self.logs {
            writeln!(formatter, "log {key}{}", tail(url))?;
        }
        for Witness { name, key, url } in &self.witnesses {
            writeln!(formatter, "witness {name} {key}{}", tail(url))?;
        }
        for Group { name, threshold, members } in &self.groups {
            writeln!(formatter, "group {name} {threshold} {}", members.join(" "))?;
        }
        writeln!(formatter, "quorum {}", self.quorum().unwrap_or(NONE))
    }
}

/// The policy as far as it is read.
#[derive(Default)]
struct Reader {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    /// The name as it stands there, `none` too.
    quorum: Option<String>,
    public_keys: BTreeSet<[u8; 32]>,
    /// Every name of a witness or group, and whether it is a member of a group.
    names: BTreeMap<String, bool>,
}

impl Reader {
    fn read(&mut self, line: &str) -> Result<(), Problem> {
        let items: Vec<&str> = line.split([' ', '\t']).filter(|item| !item.is_empty()).collect();
        match items[..] {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", key] => self.log(key, None),
            ["log", key, url] => self.log(key, Some(url)),
            ["log", ..] => Err(Problem::Expected("log <vkey> [<url>]")),
            ["witness", name, key] => self.witness(name, key, None),
            ["witness", name, key, url] => self.witness(name, key, Some(url)),
            ["witness", ..] => Err(Problem::Expected("witness <name> <vkey> [<url>]")),
            ["group", name, threshold, ref members @ ..] if !members.is_empty() => {
                self.group(name, threshold, members)
            }
            ["group", ..] => Err(Problem::Expected("group <name> <k|any|all> <member>…")),
            ["quorum", name] => self.quorum(name),
            ["quorum", ..] => Err(Problem::Expected("quorum <name|none>")),
            _ => Err(Problem::Expected("log, witness, group or quorum")),
        }
    }

    fn log(&mut self, key: &str, url: Option<&str>) -> Result<(), Problem> {
        let key = self.new_key(key, Algorithm::Ed25519)?;
        self.logs.push(Log { key, url: url.map(str::to_owned) });
        limit(self.logs.len())
    }

    fn witness(&mut self, name: &str, key: &str, url: Option<&str>) -> Result<(), Problem> {
        let key = self.new_key(key, Algorithm::Cosignature)?;
        let name = self.new_name(name)?;
        self.witnesses.push(Witness { name, key, url: url.map(str::to_owned) });
        limit(self.witnesses.len())
    }

    fn group(&mut self, name: &str, threshold: &str, members: &[&str]) -> Result<(), Problem> {
        for member in members {
            match self.names.get_mut(*member) {
                None => return Err(Problem::UnknownName((*member).to_owned())),
                Some(true) => return Err(Problem::DuplicateMember((*member).to_owned())),
                Some(taken) => *taken = true,
            }
        }
        let threshold = match threshold {
            "any" => 1,
            "all" => members.len(),
            count => count
                .parse()
                .ok()
                .filter(|k: &usize| k.to_string() == count && (1..=members.len()).contains(k))
                .ok_or_else(|| Problem::Threshold {
                    found: count.to_owned(),
                    members: members.len(),
                })?,
        };
        let members = members.iter().map(|&member| member.to_owned()).collect();
        let name = self.new_name(name)?;
        self.groups.push(Group { name, threshold, members });
        limit(self.groups.len())
    }

    fn quorum(&mut self, name: &str) -> Result<(), Problem> {
        if self.quorum.is_some() {
            return Err(Problem::DuplicateQuorum);
        }
        if name != NONE && !self.names.contains_key(name) {
            return Err(Problem::UnknownName(name.to_owned()));
        }
        self.quorum = Some(name.to_owned());
        Ok(())
    }

    fn new_key(&mut self, text: &str, algorithm: Algorithm) -> Result<VerifierKey, Problem> {
        let key: VerifierKey = text.parse()?;
        if key.algorithm() != algorithm {
            return Err(Problem::KeyType(text.to_owned()));
        }
        if !self.public_keys.insert(*key.public().as_bytes()) {
            return Err(Problem::DuplicateKey(text.to_owned()));
        }
        Ok(key)
    }

    fn new_name(&mut self, name: &str) -> Result<String, Problem> {
        if name == NONE || self.names.insert(name.to_owned(), false).is_some() {
            return Err(Problem::DuplicateName(name.to_owned()));
        }
        Ok(name.to_owned())
    }
}

fn limit(count: usize) -> Result<(), Problem> {
    if count <= MAX_OF_A_KIND { Ok(()) } else { Err(Problem::TooMany) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write;

    use super::{Error, Policy, Quorum};
    use crate::key::SecretKey;
    use crate::tlog::note::{Algorithm, VerifierKey};

    fn key(name: &str, algorithm: Algorithm, seed: u8) -> VerifierKey {
        let public = SecretKey::from_seed(&[seed; 32]).public();
        VerifierKey::new(name, algorithm, public).expect("a good name")
    }

    /// Writes `<log N>` and `<wit N>` out as the keys of seed N.
    fn parse(text: &str) -> Result<Policy, Error> {
        let mut text = text.to_owned();
        for seed in 1..=40 {
            let log = key(&format!("log{seed}"), Algorithm::Ed25519, seed).to_string();
            let witness = key(&format!("wit{seed}"), Algorithm::Cosignature, seed).to_string();
            text = text.replace(&format!("<log {seed}>"), &log);
            text = text.replace(&format!("<wit {seed}>"), &witness);
        }
        Policy::parse(text.as_bytes())
    }

    const EXAMPLE: &str = "# the example of the specification\n\
        log <log 1> https://log.example/\n\n\
        witness X1 <wit 2>\nwitness X2 <wit 3>\n  witness\tX3  <wit 4> \nwitness Y1 <wit 5>\n\
        group X 2 X1 X2 X3\ngroup Y any Y1\ngroup X-and-Y all X Y\n\t# done\nquorum X-and-Y\n";

    #[test]
    fn the_quorum_of_the_specification_is_counted_in_two_levels() {
        let policy = parse(EXAMPLE).expect("a policy");
        let check = |cosigned: &[&str], expected| {
            let cosigned: BTreeSet<&str> = cosigned.iter().copied().collect();
            assert_eq!(policy.quorum_met(&cosigned), expected, "{cosigned:?}");
        };
        check(&["X1", "X3", "Y1"], true);
        check(&["X1", "X2", "X3", "Y1"], true);
        check(&["X1", "Y1"], false);
        check(&["X1", "X2", "X3"], false);
        check(&[], false);
        // Only witnesses cosign; the name of a group stands for nobody.
        check(&["X", "Y", "X-and-Y"], false);
        check(&["X1", "Y", "wit4"], false);
        assert_eq!(policy.logs()[0].url.as_deref(), Some("https://log.example/"));
        assert_eq!(Policy::parse(policy.to_string().as_bytes()), Ok(policy));
    }

    #[test]
    fn no_quorum_and_a_single_witness_are_quorums_too() {
        let nobody = parse("log <log 1>\nquorum none\n").expect("a policy");
        assert!(nobody.quorum_met(&BTreeSet::new()));
        assert_eq!(nobody, Policy::of_log(key("log1", Algorithm::Ed25519, 1)));
        let one = parse("witness W <wit 2>\nwitness V <wit 3>\nquorum W\n").expect("a policy");
        assert!(one.quorum_met(&BTreeSet::from(["W"])));
        assert!(!one.quorum_met(&BTreeSet::from(["V"])));
    }

    #[test]
    fn witnesses_are_added_and_the_quorum_is_said_in_one_word() {
        let log = || Policy::of_log(key("log1", Algorithm::Ed25519, 1));
        let add = |policy: Policy, seed: u8| {
            let witness = key(&format!("wit{seed}"), Algorithm::Cosignature, seed);
            policy.with_witness(&format!("W{seed}"), witness, Some("https://w.example/"))
        };
        let check = |policy: &Policy, expected: &str| {
            let text = policy.to_string();
            assert!(text.ends_with(expected), "{text}");
            assert_eq!(Policy::parse(text.as_bytes()).as_ref(), Ok(policy));
        };
        let one = add(log(), 2).unwrap();
        check(&one, " https://w.example/\nquorum none\n");
        let one = one.with_quorum(Quorum::Any).unwrap();
        check(&one, " https://w.example/\nquorum W2\n");
        let two = add(one.clone(), 3).unwrap();
        check(&two.clone().with_quorum(Quorum::Keep).unwrap(), "quorum W2\n");
        check(
            &two.clone().with_quorum(Quorum::Any).unwrap(),
            "group witnesses 1 W2 W3\nquorum witnesses\n",
        );
        let all = two.clone().with_quorum(Quorum::All).unwrap();
        check(&all, "group witnesses 2 W2 W3\nquorum witnesses\n");
        let three = add(all.clone(), 4).unwrap();
        check(&three, "group witnesses 2 W2 W3\nquorum witnesses\n");
        check(
            &three.with_quorum(Quorum::AtLeast(2)).unwrap(),
            "group witnesses 2 W2 W3 W4\nquorum witnesses\n",
        );
        check(&all.clone().without_quorum(), "group witnesses 2 W2 W3\nquorum none\n");
        check(&all.with_quorum(Quorum::None).unwrap(), "quorum none\n");

        assert!(two.clone().with_quorum(Quorum::AtLeast(3)).is_err());
        assert!(two.clone().with_quorum(Quorum::AtLeast(0)).is_err());
        assert!(log().with_quorum(Quorum::Any).is_err());
        assert!(add(two.clone(), 3).is_err(), "twice");
        for (name, url) in [
            ("a b", "https://w"),
            ("none", "https://w"),
            ("a", "https://w x"),
            ("", "https://w"),
            ("a\nquorum none", "https://w"),
            ("a", ""),
        ] {
            let witness = key("wit9", Algorithm::Cosignature, 9);
            assert!(log().with_witness(name, witness, Some(url)).is_err(), "{name:?} {url:?}");
        }
        let example = parse(EXAMPLE).expect("a policy");
        assert!(example.with_quorum(Quorum::Any).is_err(), "it has groups of its own");
    }

    #[test]
    fn broken_policies_name_the_line_and_the_problem() {
        let check = |bad: &str, expected: &str| {
            let error = parse(bad).expect_err(bad).to_string();
            assert!(error.contains(expected), "{bad}: {error}");
        };
        let two = "witness W <wit 2>\nwitness V <wit 3>\n";
        check("", "no quorum");
        check("log <log 1>\n", "no quorum");
        check("quorum none", "newline");
        check("quorum none\r\n", "control");
        check("quorum none\nquorum none\n", "line 2 of the policy: there is a quorum already");
        check("quorum W\nwitness W <wit 2>\n", "line 1 of the policy: the name `W` is not defined");
        check("quorum\n", "expected `quorum");
        check("quorum none # why\n", "expected `quorum");
        check("Log <log 1>\n", "expected `log, witness");
        check("log\n", "expected `log <vkey>");
        check("log <wit 1>\n", "wrong type");
        check("witness W <log 1>\n", "wrong type");
        check("log name+00000000+AAAA\n", "line 1 of the policy: a verifier key of type 0x00");
        check("log <log 1>\nlog <log 1>\n", "line 2 of the policy: the key");
        check("log <log 1>\nwitness W <wit 1>\n", "twice");
        check("witness W <wit 2>\nwitness V <wit 2>\n", "twice");
        check("witness W <wit 2>\nwitness W <wit 3>\n", "the name `W` is taken");
        check("witness none <wit 2>\n", "the name `none` is taken");
        check(&format!("{two}group W any V\n"), "the name `W` is taken");
        check(&format!("{two}group G any\n"), "expected `group");
        check(&format!("{two}group G any G\n"), "the name `G` is not defined");
        check(&format!("{two}group G any none\n"), "the name `none` is not defined");
        check(&format!("{two}group G any V V\n"), "`V` is a member");
        check(&format!("{two}group G any V\ngroup H all V W\n"), "`V` is a member");
        for threshold in ["0", "3", "02", "+1", "-1", "some"] {
            check(&format!("{two}group G {threshold} V W\n"), "expected `any`, `all` or 1 to 2");
        }
        assert!(Policy::parse(b"# \xff\nquorum none\n").is_err());
    }

    #[test]
    fn thirty_two_of_each_kind_are_supported() {
        let mut text = String::new();
        for seed in 1..=32 {
            let log = key("log", Algorithm::Ed25519, seed);
            let witness = key("witness", Algorithm::Cosignature, seed + 32);
            write!(text, "log {log}\nwitness W{seed} {witness}\ngroup G{seed} all W{seed}\n")
                .expect("a String takes all");
        }
        text += "quorum G32\n";
        let policy = Policy::parse(text.as_bytes()).expect("within the limits");
        assert!(policy.quorum_met(&BTreeSet::from(["W32"])));
        let bomb = "witness W".repeat(120_000);
        assert!(Policy::parse(bomb.as_bytes()).is_err());
    }
}
