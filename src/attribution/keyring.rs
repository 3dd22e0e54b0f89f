//! Who may sign what, entry by entry: the keys that the charter names and later records change.
//!
//! A statement stays valid by the key of its time. What a revoked key signed from a stated entry
//! on is marked suspect, not made invalid: the log proves that it was signed then, and hiding it
//! would hide the theft.

use crate::attribution::record::Record;
use crate::attribution::record::charter::{Charter, KeyAction, KeyChange, Power, Recorder};
use crate::attribution::statement::Statement;
use crate::key::{PublicKey, Thumbprint};

/// Why a statement is not accepted from its signer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No charter or key record names the key.
    #[error("signed by key {key}, which no charter or key record names")]
    UnknownKey {
        /// The key's thumbprint, abbreviated.
        key: String,
    },
    /// The key is known, but not in force at this entry.
    #[error("signed by key {key} of {name:?}, which is not in force at entry {entry}")]
    NotInForce {
        /// The key's thumbprint, abbreviated.
        key: String,
        /// The recorder's name.
        name: String,
        /// The entry in question.
        entry: u64,
    },
    /// The statement claims another recorder's name.
    #[error("issued in the name of {found:?}, but the key is {expected:?}'s")]
    Issuer {
        /// The name in the statement.
        found: String,
        /// The name that belongs to the key.
        expected: String,
    },
    /// The signature does not verify.
    #[error("signature does not match key {key} (signed by {name:?})")]
    Signature {
        /// The key's thumbprint, abbreviated.
        key: String,
        /// The recorder's name.
        name: String,
    },
    /// The key lacks the power that this record needs.
    #[error("{name:?} lacks the power to {needed}")]
    Power {
        /// The recorder's name.
        name: String,
        /// What the record would need.
        needed: &'static str,
    },
    /// A key record that contradicts what came before it.
    #[error("the key record {0}")]
    Change(&'static str),
    /// A charter where none belongs, or none where one belongs.
    #[error("{0}")]
    Charter(&'static str),
}

/// A statement that was signed by a key which had the power to, at its entry.
///
/// Only [`Keyring::admit`] makes one, so what nobody vouches for cannot be taken for it.
#[derive(Debug, Clone)]
pub struct Signed {
    statement: Statement,
    entry_index: u64,
}

impl Signed {
    /// The statement.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// Its place in the log.
    pub fn entry_index(&self) -> u64 {
        self.entry_index
    }
}

/// How a key came into a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brought {
    /// The entry of the record that brought it.
    pub entry: u64,
    /// What that record did; `None` for the charter, which names the first keys.
    pub action: Option<KeyAction>,
    /// The key that signed that record.
    pub by: Thumbprint,
}

/// One key, from the entry at which it came.
#[derive(Debug, Clone)]
pub struct Term {
    /// The key.
    pub key: PublicKey,
    /// Its thumbprint, by which statements name it.
    pub thumbprint: Thumbprint,
    /// The name under which it signs.
    pub name: String,
    /// What it may do.
    pub powers: Vec<Power>,
    /// How it came.
    pub brought: Brought,
    /// The first entry it may sign.
    pub from: u64,
    /// The first entry it may no longer sign.
    pub until: Option<u64>,
    /// From which entry on what it signed is suspect.
    pub suspect_from: Option<u64>,
    /// The entries of the records that ended it, with what they did.
    pub ended_by: Vec<(u64, KeyAction)>,
    /// The key that delegated to it, or that it replaced: whose statements it may correct.
    pub acts_for: Option<Thumbprint>,
}

/// All keys of a ledger up to some entry.
#[derive(Debug, Clone, Default)]
pub struct Keyring {
    terms: Vec<Term>,
    /// The log's key, which must never become a recorder's.
    log: Option<PublicKey>,
}

impl Keyring {
    /// Whether the keyring has read the charter.
    pub fn is_chartered(&self) -> bool {
        !self.terms.is_empty()
    }

    /// Accepts the statement at `entry_index` from its signer, or says why not; a charter or key
    /// record then takes effect. `signer_of_target` is who signed the statement that this one
    /// corrects, if it is a correction.
    pub fn admit(
        &mut self,
        statement: Statement,
        entry_index: u64,
        signer_of_target: Option<Thumbprint>,
    ) -> Result<Signed, Error> {
        if entry_index == 0 {
            return self.found(statement);
        }
        if matches!(statement.record(), Record::Charter(_)) {
            return Err(Error::Charter("a second charter; only entry 0 is one"));
        }
        let signer = self.authenticate(&statement, entry_index)?.clone();
        self.authorise(statement.record(), &signer, signer_of_target)?;
        if let Record::Key(change) = statement.record() {
            self.change(change, &signer, entry_index)?;
        }
        Ok(Signed { statement, entry_index })
    }

    /// Whether `signer` may sign this record at `entry_index`, as far as can be said before it is
    /// signed; what a key record does is judged when it is admitted.
    pub fn may_sign(
        &self,
        signer: Thumbprint,
        record: &Record,
        entry_index: u64,
        signer_of_target: Option<Thumbprint>,
    ) -> Result<(), Error> {
        let term = self.in_force(signer, entry_index)?;
        self.authorise(record, term, signer_of_target)
    }

    /// The recorder's name that belongs to a key in force at `entry_index`.
    pub fn recorder(&self, key: Thumbprint, entry_index: u64) -> Result<&str, Error> {
        self.in_force(key, entry_index).map(|term| term.name.as_str())
    }

    /// Whether a later revocation marks what `key` signed at `entry_index` as suspect.
    pub fn is_suspect(&self, key: Thumbprint, entry_index: u64) -> bool {
        let from = self.find(key).and_then(|term| term.suspect_from);
        from.is_some_and(|from| entry_index >= from)
    }

    /// All keys that the ledger ever knew, in the order in which they came.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// What the ledger says of a key.
    pub fn term(&self, key: Thumbprint) -> Option<&Term> {
        self.find(key)
    }

    /// The log's key, once the charter is read.
    pub fn log_key(&self) -> Option<PublicKey> {
        self.log
    }

    /// The keys, still good at entry `at` or later, that whoever had `key` from entry `from` on
    /// may hold or have made: those it delegated to at any time, those it brought from then on,
    /// and what these brought in the same way. A key that replaced it before is not one of them.
    pub fn reach(&self, key: Thumbprint, from: u64, at: u64) -> Vec<&Term> {
        let mut reached = vec![key];
        // Each key stands below the one that brought it, so one pass finds all.
        for Term { thumbprint, brought, .. } in &self.terms {
            let counts = brought.action == Some(KeyAction::Delegate) || brought.entry >= from;
            if *thumbprint != key && counts && reached.contains(&brought.by) {
                reached.push(*thumbprint);
            }
        }
        let open = |term: &&Term| term.until.is_none_or(|until| at < until);
        let others = self.terms.iter().filter(|term| reached[1..].contains(&term.thumbprint));
        others.filter(open).collect()
    }

    /// How many keys the ledger knows, past ones included.
    pub fn key_count(&self) -> usize {
        self.terms.len()
    }

    /// Reads the charter, which names the very keys that vouch for it. One that is refused
    /// leaves no keys behind.
    fn found(&mut self, statement: Statement) -> Result<Signed, Error> {
        let Record::Charter(charter) = statement.record() else {
            return Err(Error::Charter("entry 0 is not a charter"));
        };
        if self.is_chartered() {
            return Err(Error::Charter("a second charter; only entry 0 is one"));
        }
        let founded = Self::named_by(charter, statement.signer())?;
        let signer = founded.authenticate(&statement, 0)?;
        founded.authorise(statement.record(), signer, None)?;
        *self = founded;
        Ok(Signed { statement, entry_index: 0 })
    }

    fn named_by(charter: &Charter, by: Thumbprint) -> Result<Self, Error> {
        let brought = Brought { entry: 0, action: None, by };
        let mut founded = Self { terms: Vec::new(), log: Some(charter.log) };
        for Recorder { name, key, powers } in &charter.recorders {
            if key == &charter.log {
                return Err(Error::Charter(
                    "the log's key is also a recorder's; keys have one purpose",
                ));
            }
            if founded.knows(*key, name) {
                return Err(Error::Charter("names a key or a recorder twice"));
            }
            founded.terms.push(Term::new(*key, (name, powers), brought, 0, None));
        }
        Ok(founded)
    }

    fn authenticate(&self, statement: &Statement, entry_index: u64) -> Result<&Term, Error> {
        let term = self.in_force(statement.signer(), entry_index)?;
        if statement.issuer() != term.name {
            let (found, expected) = (statement.issuer().to_owned(), term.name.clone());
            return Err(Error::Issuer { found, expected });
        }
        if !statement.verifies(&term.key) {
            let (key, name) = (abbreviated(statement.signer()), term.name.clone());
            return Err(Error::Signature { key, name });
        }
        Ok(term)
    }

    fn authorise(
        &self,
        record: &Record,
        signer: &Term,
        signer_of_target: Option<Thumbprint>,
    ) -> Result<(), Error> {
        let lacks = |needed| Err(Error::Power { name: signer.name.clone(), needed });
        match record {
            Record::Charter(_) if !signer.may(Power::Keys) => lacks("found a ledger (keys)"),
            // Which power a key record needs depends on what it does: see `change`.
            Record::Charter(_) | Record::Key(_) => Ok(()),
            Record::Notice(notice) if notice.kind.speaks_for_recorder() => {
                let own =
                    signer_of_target.is_some_and(|target| self.acts_for(signer.thumbprint, target));
                if signer.may(Power::Correct) || (own && signer.may(Power::Record)) {
                    Ok(())
                } else {
                    lacks("correct what another recorder signed (correct)")
                }
            }
            _ if signer.may(Power::Record) => Ok(()),
            _ => lacks("append records (record)"),
        }
    }

    /// Whether `key` is `target`, took its place, or has its powers by delegation.
    fn acts_for(&self, key: Thumbprint, target: Thumbprint) -> bool {
        let mut next = Some(key);
        // Each step goes to a key that came earlier, so the walk ends.
        while let Some(key) = next {
            if key == target {
                return true;
            }
            next = self.find(key).and_then(|term| term.acts_for);
        }
        false
    }

    fn change(&mut self, change: &KeyChange, signer: &Term, entry: u64) -> Result<(), Error> {
        let from = change.from.unwrap_or(entry + 1);
        if change.action != KeyAction::Revoke && from <= entry {
            return Err(Error::Change("takes effect before its own entry"));
        }
        if change.action != KeyAction::Revoke && Some(change.key) == self.log {
            return Err(Error::Change("brings the log's key; keys have one purpose"));
        }
        let brought = Brought { entry, action: Some(change.action), by: signer.thumbprint };
        match change.action {
            KeyAction::Introduce | KeyAction::Delegate => self.bring(change, signer, brought, from),
            KeyAction::Rotate => self.rotate(change, signer, brought, from),
            KeyAction::Revoke => self.revoke(change, signer, from, entry),
        }
    }

    fn bring(
        &mut self,
        change: &KeyChange,
        signer: &Term,
        brought: Brought,
        from: u64,
    ) -> Result<(), Error> {
        let name = change.name.as_deref().unwrap_or_default();
        if self.knows(change.key, name) {
            return Err(Error::Change("brings a key or a name that is already known"));
        }
        let delegates = change.action == KeyAction::Delegate;
        let allowed = if delegates {
            change.powers.iter().all(|power| signer.may(*power))
        } else {
            signer.may(Power::Keys)
        };
        if !allowed {
            let needed = "introduce keys (keys), or delegate powers it does not have";
            return Err(Error::Power { name: signer.name.clone(), needed });
        }
        let acts_for = delegates.then_some(signer.thumbprint);
        self.terms.push(Term::new(change.key, (name, &change.powers), brought, from, acts_for));
        Ok(())
    }

    fn rotate(
        &mut self,
        change: &KeyChange,
        signer: &Term,
        brought: Brought,
        from: u64,
    ) -> Result<(), Error> {
        let old = change.replaces.ok_or(Error::Change("replaces no key"))?.thumbprint();
        if signer.thumbprint != old && !signer.may(Power::Keys) {
            let needed = "rotate another recorder's key (keys)";
            return Err(Error::Power { name: signer.name.clone(), needed });
        }
        if self.find(change.key.thumbprint()).is_some() {
            return Err(Error::Change("brings a key that is already known"));
        }
        let term = self.terms.iter_mut().find(|term| term.thumbprint == old);
        let term = term.filter(|term| term.until.is_none());
        let term = term.ok_or(Error::Change("replaces a key that is unknown or already gone"))?;
        term.until = Some(from);
        term.ended_by.push((brought.entry, KeyAction::Rotate));
        let standing = (term.name.as_str(), term.powers.as_slice());
        let successor = Term::new(change.key, standing, brought, from, Some(old));
        self.terms.push(successor);
        Ok(())
    }

    fn revoke(
        &mut self,
        change: &KeyChange,
        signer: &Term,
        from: u64,
        entry: u64,
    ) -> Result<(), Error> {
        if signer.key != change.key && !signer.may(Power::Keys) {
            let needed = "revoke another recorder's key (keys)";
            return Err(Error::Power { name: signer.name.clone(), needed });
        }
        let term = self.terms.iter_mut().find(|term| term.key == change.key);
        let term = term.ok_or(Error::Change("revokes a key that is unknown"))?;
        let ends = from.max(entry + 1);
        term.until = Some(term.until.map_or(ends, |until| until.min(ends)));
        term.suspect_from = Some(term.suspect_from.map_or(from, |earlier| earlier.min(from)));
        term.ended_by.push((entry, KeyAction::Revoke));
        Ok(())
    }

    fn in_force(&self, key: Thumbprint, entry: u64) -> Result<&Term, Error> {
        let term = self.find(key).ok_or_else(|| Error::UnknownKey { key: abbreviated(key) })?;
        if !term.is_in_force(entry) {
            let (key, name) = (abbreviated(key), term.name.clone());
            return Err(Error::NotInForce { key, name, entry });
        }
        Ok(term)
    }

    fn find(&self, key: Thumbprint) -> Option<&Term> {
        self.terms.iter().find(|term| term.thumbprint == key)
    }

    fn knows(&self, key: PublicKey, name: &str) -> bool {
        self.terms.iter().any(|term| term.key == key || term.name == name)
    }
}

impl Term {
    fn new(
        key: PublicKey,
        (name, powers): (&str, &[Power]),
        brought: Brought,
        from: u64,
        acts_for: Option<Thumbprint>,
    ) -> Self {
        Self {
            key,
            thumbprint: key.thumbprint(),
            name: name.to_owned(),
            powers: powers.to_vec(),
            brought,
            from,
            until: None,
            suspect_from: None,
            ended_by: Vec::new(),
            acts_for,
        }
    }

    /// Whether it may sign at this entry.
    pub fn is_in_force(&self, entry: u64) -> bool {
        entry >= self.from && self.until.is_none_or(|until| entry < until)
    }

    /// Whether it has the power.
    pub fn may(&self, power: Power) -> bool {
        self.powers.contains(&power)
    }
}

fn abbreviated(key: Thumbprint) -> String {
    key.to_string()[..12].to_owned()
}
