//! Entry by entry: may this signer say so, and does it matter to who is watching?

use std::collections::{BTreeSet, HashMap};

use crate::attribution::id::Id;
use crate::attribution::keyring::{self, Keyring};
use crate::attribution::record::Record;
use crate::attribution::record::charter::{Charter, KeyAction};
use crate::attribution::record::party::Party;
use crate::attribution::statement::{self, Statement};
use crate::key::Thumbprint;
use crate::monitor::Error;
use crate::monitor::event::{Event, Kind, Signature, Touched};
use crate::monitor::interest;
use crate::monitor::state::{Reported, State};
use crate::monitor::trail::{Row, Trail};
use crate::monitor::watch::Parties;
use crate::tlog::merkle::Tree;
use crate::tlog::policy::Policy;
use crate::tlog::tile::FULL_WIDTH;

/// The longest title of something reported, in characters.
const TITLE: usize = 80;

/// The walk over the new entries, in order.
pub(crate) struct Walk<'a> {
    trail: &'a Trail<'a>,
    policy: &'a Policy,
    origin: &'a str,
    /// The entries that were seen when this walk began.
    began: Tree,
    /// Their ids, once somebody asked; then those of this walk.
    older: Option<Vec<Id>>,
    recent: Vec<Id>,
    places: HashMap<Id, u64>,
    keyring: Keyring,
    pub(crate) state: State,
    pub(crate) events: Vec<Event>,
}

/// What the keys of its time say of a statement.
enum Admission {
    Holds,
    NotChecked(keyring::Error),
    Refused(keyring::Error),
}

/// Who signed the statement that a notice is about.
enum Target {
    Signer(Thumbprint),
    /// It is there, and cannot be read or believed.
    Unread,
    Nowhere,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(
        trail: &'a Trail<'a>,
        policy: &'a Policy,
        origin: &'a str,
        state: State,
    ) -> Result<Self, Error> {
        let keyring = state.keyring()?;
        let (recent, places, events) = (Vec::new(), HashMap::new(), Vec::new());
        let began = state.seen();
        let older = None;
        Ok(Self { trail, policy, origin, began, older, recent, places, keyring, state, events })
    }

    /// Judges a row of entries, which goes on where the last one ended.
    pub(crate) fn row(&mut self, row: &Row) -> Result<(), Error> {
        for (entry, (id, bytes)) in (row.first..).zip(&row.entries) {
            self.entry(entry, *id, bytes.as_deref())?;
            self.recent.push(*id);
            self.places.insert(*id, entry);
        }
        self.state.set_seen(row.seen);
        Ok(())
    }

    fn entry(&mut self, entry: u64, id: Id, bytes: Option<&[u8]>) -> Result<(), Error> {
        let Some(bytes) = bytes else {
            let what = "the statement is withheld; nobody can tell what it says";
            self.lose(Kind::Withheld, entry, id, what);
            return Ok(());
        };
        let statement = match statement::open(bytes) {
            Ok(statement) => statement,
            Err(error @ statement::Error::Newer { .. }) => {
                self.lose(Kind::Newer, entry, id, &error.to_string());
                return Ok(());
            }
            Err(error) => {
                self.lose(Kind::Refused, entry, id, &error.to_string());
                return Ok(());
            }
        };
        let revokes = matches!(
            statement.record(),
            Record::Key(change) if change.action == KeyAction::Revoke
        );
        let suspect_before = if revokes { self.suspects() } else { BTreeSet::new() };
        match self.admit(&statement, entry)? {
            Admission::Holds => {
                if matches!(statement.record(), Record::Charter(_) | Record::Key(_)) {
                    self.state.keep_governance(entry, bytes);
                }
                self.learn(&statement)?;
                self.report(&statement, entry, (Signature::Holds, None), false)?;
                if revokes {
                    self.report_suspects(&statement, entry, &suspect_before);
                }
            }
            Admission::NotChecked(error) => {
                self.state.unread.insert(id);
                // Believing too much of who is who only reports too much.
                self.learn(&statement)?;
                let what = Some(error.to_string());
                self.report(&statement, entry, (Signature::NotChecked, what), false)?;
            }
            Admission::Refused(error) => {
                self.lose(Kind::Refused, entry, id, &error.to_string());
            }
        }
        if let Record::Charter(charter) = statement.record() {
            self.check_charter(charter, entry, id);
        }
        Ok(())
    }

    /// The charter must be of this log, or the log was founded under another name or key.
    fn check_charter(&mut self, charter: &Charter, entry: u64, id: Id) {
        let trusted = |key| self.policy.logs().iter().any(|log| log.key.public() == key);
        if charter.origin != self.origin {
            let what =
                format!("the charter is of {:?}, the log is {:?}", charter.origin, self.origin);
            self.events.push(Event::unreadable(Kind::Refused, entry, id, what));
        } else if !trusted(&charter.log) {
            let what = "the charter names another log key than the policy trusts".to_owned();
            self.events.push(Event::unreadable(Kind::Refused, entry, id, what));
        }
    }

    /// Asks the keyring, as `verify` does: what the missing statements could have allowed is not
    /// called false.
    fn admit(&mut self, statement: &Statement, entry: u64) -> Result<Admission, Error> {
        let admitted = self.keyring.admit(statement.clone(), entry, None);
        let admitted = match (admitted, statement.record()) {
            (Err(error @ keyring::Error::Power { .. }), Record::Notice(notice))
                if notice.kind.speaks_for_recorder() =>
            {
                // It may correct what its own key signed. A notice changes no keys, so trying
                // again is free.
                let mut own = |signer| self.keyring.admit(statement.clone(), entry, Some(signer));
                if own(statement.signer()).is_err() {
                    return Ok(Admission::Refused(error));
                }
                match self.signer_of(notice.target)? {
                    Target::Signer(signer) => {
                        self.keyring.admit(statement.clone(), entry, Some(signer))
                    }
                    Target::Unread => return Ok(Admission::NotChecked(error)),
                    Target::Nowhere => Err(error),
                }
            }
            (admitted, _) => admitted,
        };
        Ok(match admitted {
            Ok(_) => Admission::Holds,
            Err(
                error @ (keyring::Error::UnknownKey { .. }
                | keyring::Error::NotInForce { .. }
                | keyring::Error::Change(_)),
            ) if !self.state.unread.is_empty() => Admission::NotChecked(error),
            Err(error) => Admission::Refused(error),
        })
    }

    fn signer_of(&mut self, target: Id) -> Result<Target, Error> {
        if self.state.unread.contains(&target) {
            return Ok(Target::Unread);
        }
        if self.state.refused.contains(&target) {
            return Ok(Target::Nowhere);
        }
        let Some(entry) = self.place(target)? else { return Ok(Target::Nowhere) };
        let bytes = self.trail.statements(entry, &[target])?.swap_remove(0);
        let opened = bytes.and_then(|bytes| statement::open(&bytes).ok());
        Ok(opened.map_or(Target::Unread, |statement| Target::Signer(statement.signer())))
    }

    /// The place of an earlier entry. The first question about one that was there before this walk
    /// reads all ids and compares them with the tree.
    fn place(&mut self, id: Id) -> Result<Option<u64>, Error> {
        if !self.places.contains_key(&id) {
            self.read_older()?;
        }
        Ok(self.places.get(&id).copied())
    }

    fn read_older(&mut self) -> Result<(), Error> {
        if self.older.is_none() {
            let older = self.trail.ids(self.began)?;
            self.places.extend(older.iter().copied().zip(0..));
            self.older = Some(older);
        }
        Ok(())
    }

    /// Takes in who is who. If a party turns out to be one that is watched, what it said before
    /// is reported now.
    fn learn(&mut self, statement: &Statement) -> Result<(), Error> {
        let id = statement.id();
        let is_met = match statement.record() {
            Record::Party(party) => self.learn_party(id, party),
            Record::Channel(channel) => {
                self.state.channels.insert(id, channel.key.clone());
                false
            }
            _ => false,
        };
        if is_met { self.look_back() } else { Ok(()) }
    }

    /// Whether a party that was known already is reached by the watch only now.
    fn learn_party(&mut self, id: Id, party: &Party) -> bool {
        let watch = self.state.watch.clone();
        let parties = &mut self.state.parties;
        let known = parties.is_known(&party.key);
        let reached = |parties: &Parties| -> Vec<bool> {
            let reach = |name| parties.reach_from(&party.key, name).is_some();
            watch.everybody().map(reach).collect()
        };
        let before = reached(parties);
        parties.learn(id, party);
        known && before != reached(parties)
    }

    /// Goes over the earlier entries once more, for what was not known to matter.
    fn look_back(&mut self) -> Result<(), Error> {
        self.read_older()?;
        let controlled = self.state.controlled.clone();
        let ids: Vec<Id> = self.older.iter().flatten().chain(&self.recent).copied().collect();
        for (number, ids) in (0..).zip(ids.chunks(FULL_WIDTH.into())) {
            let first = number * u64::from(FULL_WIDTH);
            let rows = (first..).zip(ids).zip(self.trail.statements(first, ids)?);
            for ((entry, id), bytes) in rows {
                if self.state.reported.contains_key(id) {
                    continue;
                }
                // What was withheld since cannot be told any more.
                let Some(Ok(statement)) = bytes.map(|bytes| statement::open(&bytes)) else {
                    continue;
                };
                let told = match statement.record() {
                    // Who is who is known; and the channels of others are no news.
                    Record::Party(_) => true,
                    Record::Channel(channel) => controlled.contains(&channel.key),
                    _ => false,
                };
                if !told {
                    let unknown = self.state.unread.contains(id);
                    let signature = if unknown { Signature::NotChecked } else { Signature::Holds };
                    self.report(&statement, entry, (signature, None), true)?;
                }
            }
        }
        Ok(())
    }

    /// Reports a statement if it matters, and remembers that it did.
    fn report(
        &mut self,
        statement: &Statement,
        entry: u64,
        (signature, what): (Signature, Option<String>),
        late: bool,
    ) -> Result<(), Error> {
        let (id, record) = (statement.id(), statement.record());
        let Some(interest) = interest::of(record, &self.state) else { return Ok(()) };
        self.state.met.extend(interest.because.iter().map(|because| because.watched.clone()));
        interest::remember(id, record, &mut self.state);
        let title = match record {
            Record::Claim(claim) => shortened(&claim.proposition.text),
            other => other.kind().to_owned(),
        };
        let signer = Some(statement.signer());
        self.state.reported.insert(id, Reported { entry, signer, title });
        if let Record::Notice(notice) = record
            && let Some(replacement) = notice.replacement
            && let Some(entry) = self.place(replacement)?
        {
            // What takes the place of something reported is followed too, whoever said it.
            let unseen = Reported { entry, signer: None, title: String::new() };
            self.state.reported.entry(replacement).or_insert(unseen);
        }
        if entry < self.state.quiet_below {
            return Ok(());
        }
        self.events.push(Event {
            because: interest.because,
            on: interest.on,
            late,
            signature: Some(signature),
            what,
            recorder: Some(statement.issuer().to_owned()),
            recorded_at: Some(statement.recorded_at()),
            parties: interest::parties(record, &self.state),
            record: Some(record.clone()),
            ..Event::of(interest.kind, entry, id)
        });
        Ok(())
    }

    /// Reports an entry that cannot be read or believed: it might have been one that matters.
    fn lose(&mut self, kind: Kind, entry: u64, id: Id, what: &str) {
        let set = match kind {
            Kind::Refused => &mut self.state.refused,
            _ => &mut self.state.unread,
        };
        set.insert(id);
        let lost = Reported { entry, signer: None, title: String::new() };
        self.state.reported.insert(id, lost);
        // What nobody may have signed is an alarm at any time.
        if entry >= self.state.quiet_below || kind == Kind::Refused {
            self.events.push(Event::unreadable(kind, entry, id, what.to_owned()));
        }
    }

    /// What was reported and is marked by now.
    fn suspects(&self) -> BTreeSet<Id> {
        let suspect = |it: &Reported| {
            it.signer.is_some_and(|signer| self.keyring.is_suspect(signer, it.entry))
        };
        let reported = self.state.reported.iter();
        reported.filter(|(_, it)| suspect(it)).map(|(id, _)| *id).collect()
    }

    /// After a revocation: which of the things reported are suspect only now?
    fn report_suspects(&mut self, statement: &Statement, entry: u64, before: &BTreeSet<Id>) {
        let suspects = self.suspects();
        let on: Vec<Touched> = suspects
            .difference(before)
            .filter_map(|id| interest::touched(*id, &self.state))
            .collect();
        if on.is_empty() || entry < self.state.quiet_below {
            return;
        }
        let what = "the key that signed these is revoked from before they were signed".to_owned();
        self.events.push(Event {
            on,
            what: Some(what),
            signature: Some(Signature::Holds),
            recorder: Some(statement.issuer().to_owned()),
            recorded_at: Some(statement.recorded_at()),
            record: Some(statement.record().clone()),
            ..Event::of(Kind::Suspect, entry, statement.id())
        });
    }
}

/// One line of at most [`TITLE`] characters.
fn shortened(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(TITLE) {
        Some((cut, _)) => format!("{}…", text[..cut].trim_end()),
        None => text,
    }
}
