//! `whosaid log` and `whosaid show`: what stands in the ledger. Whether it may be believed is
//! `verify`'s question, and both say so.

use std::collections::HashMap;

use serde::Serialize;

use crate::attribution::id::Id;
use crate::attribution::keyring::Keyring;
use crate::attribution::record::Record;
use crate::attribution::statement::{self, Statement};
use crate::cli::arguments::{Log, Show};
use crate::cli::failure::{self, Exit, Failure};
use crate::cli::open::{Opened, Place};
use crate::cli::summary::{self, Names};
use crate::cli::terminal::Terminal;
use crate::hash::Hash;
use crate::index::CANDIDATES;
use crate::ledger::batch::{SHORTEST_PREFIX, entry_number};
use crate::ledger::{reading, writing};
use crate::tlog::bundle::bundles_of;
use crate::tlog::checkpoint::{Checkpoint, LoggedBefore};
use crate::tlog::merkle::{self, Leaf, Position};
use crate::tlog::tile::FULL_WIDTH;
use crate::web::remote::Freshness;

#[derive(Serialize)]
pub(crate) struct Json<'a> {
    schema: &'static str,
    entry: u64,
    id: Id,
    recorder: Option<&'a str>,
    recorded_at: Option<u64>,
    signer: Option<String>,
    withheld: bool,
    record: Option<&'a Record>,
    #[serde(skip_serializing_if = "Option::is_none")]
    included: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logged_before: Option<&'a LoggedBefore>,
    /// True where a later revocation of the signer's key reaches back to the entry, null where
    /// the later records were not read; left out where none does.
    #[serde(skip_serializing_if = "is_cleared")]
    suspect: Option<bool>,
}

/// `whosaid log`.
pub(crate) fn log(place: &Place, options: &Log, terminal: &Terminal) -> Result<Exit, Failure> {
    // All is printed as it is read, and could not be taken back if what was kept proved wrong.
    let (store, policy) = (place.open(&place.ledger, Freshness::FromServer)?, place.policy()?);
    let checkpoint = place.checkpoint(&store)?;
    let met = place.meet(&store, &policy, terminal)?;
    let entries = or_drop(Entries::read(&store, &checkpoint), &store, terminal)?;
    let first = options.limit.map_or(0, |limit| checkpoint.size.saturating_sub(limit));
    let keyring = entries.keyring()?;
    let mut names = Names::new();
    for (entry_index, id) in (0..).zip(&entries.ids) {
        let statement = or_drop(entries.statement(entry_index), &store, terminal)?;
        if let Some((id, name)) =
            statement.as_ref().and_then(|it| Some((it.id(), summary::name(it.record())?)))
        {
            names.insert(id, name);
        }
        let kind = statement.as_ref().map(|statement| statement.record().kind());
        let wanted = options.kind.as_deref().is_none_or(|wanted| kind == Some(wanted));
        if entry_index < first || !wanted {
            continue;
        }
        let suspect = statement.as_ref().is_some_and(|it| is_suspect(&keyring, it, entry_index));
        let json =
            json("whosaid.log/1", (entry_index, *id), statement.as_ref(), None, Some(suspect));
        terminal.object(&json);
        terminal.line(match &statement {
            Some(statement) => log_line(entry_index, statement, &names, suspect),
            None => format!("{entry_index:<5} {}  withheld", id.short()),
        });
    }
    place.remember(met.as_ref(), &policy, terminal);
    terminal.talk("(as the ledger has it; `whosaid verify` says whether it may be believed)");
    Ok(Exit::Holds)
}

/// `whosaid show`.
pub(crate) fn show(place: &Place, options: &Show, terminal: &Terminal) -> Result<Exit, Failure> {
    let (store, policy) = (place.store()?, place.policy()?);
    let checkpoint = place.checkpoint(&store)?;
    let met = place.meet(&store, &policy, terminal)?;
    let found = store.read_again(terminal, || shown(&store, &checkpoint, &options.id));
    let Shown { entry_index, id, statement, names, suspect } = or_drop(found, &store, terminal)?;
    place.remember(met.as_ref(), &policy, terminal);
    let logged_before = checkpoint.logged_before();
    let place_and_id = (entry_index, id);
    let json = json("whosaid.show/1", place_and_id, statement.as_ref(), Some(true), suspect);
    terminal.object(&Json { logged_before, ..json });
    terminal.line(format!("entry {entry_index} of {}, {id}", checkpoint.size));
    let Some(statement) = statement else {
        terminal.line(
            "The statement is withheld. That there is one, and when in the order, stays proven.",
        );
        return Ok(Exit::Undecided);
    };
    terminal.line(format!(
        "recorded by {} at {} with key {}",
        statement.issuer(),
        summary::time(statement.recorded_at()),
        &statement.signer().to_string()[..12]
    ));
    match suspect {
        Some(true) => terminal.line(
            "suspect: a later record revokes this key from an entry at or before this one on",
        ),
        Some(false) => {}
        None => terminal.line("Whether a later record revokes this key: not checked here."),
    }
    terminal.line(format!("{}:", statement.record().kind()));
    for line in summary::fields(statement.record(), &names) {
        terminal.line(line);
    }
    terminal.line("In the log: proven by its inclusion in the signed checkpoint.");
    if let Some(logged_before) = logged_before {
        terminal.line(summary::logged_before(logged_before));
    }
    terminal.line("Signature and references: not checked here; `whosaid verify` does.");
    Ok(Exit::Holds)
}

/// What `show` shows.
struct Shown {
    entry_index: u64,
    id: Id,
    /// `None` if it is withheld.
    statement: Option<Statement>,
    names: Names,
    /// Whether a later record revokes its key; `None` if the later records were not read.
    suspect: Option<bool>,
}

/// Finds one entry and its statement, and proves that it is in the log.
fn shown(store: &Opened, checkpoint: &Checkpoint, typed: &str) -> Result<Shown, Failure> {
    let number = entry_number(typed).filter(|number| *number < checkpoint.size);
    // Far away all entries are read only where the beginning of an id has to be looked for.
    let (entries, entry_index, id) = match number.filter(|_| !store.is_at_hand()) {
        Some(entry_index) => {
            let (entries, id) = Entries::around(store, checkpoint, entry_index)?;
            (entries, entry_index, id)
        }
        None => {
            let entries = Entries::read(store, checkpoint)?;
            let (entry_index, id) = find(&entries.ids, typed)?;
            (entries, entry_index, id)
        }
    };
    prove(store, checkpoint, entry_index, id)?;
    let statement = entries.statement(entry_index)?;
    let names = statement.as_ref().map(|it| entries.names(it.record())).transpose()?;
    let names = names.unwrap_or_default();
    let suspect = match &statement {
        // All later records tell, which are too many to fetch for one entry.
        Some(_) if !store.is_at_hand() => None,
        Some(it) => Some(is_suspect(&entries.keyring()?, it, entry_index)),
        None => Some(false),
    };
    Ok(Shown { entry_index, id, statement, names, suspect })
}

/// Drops what was kept of a ledger in which something does not hold.
fn or_drop<T>(
    result: Result<T, Failure>,
    store: &Opened,
    terminal: &Terminal,
) -> Result<T, Failure> {
    result.inspect_err(|failure| {
        if failure.exit() == Exit::DoesNotHold {
            store.drop_cache(terminal);
        }
    })
}

/// Entries of a ledger in a row, and their statements one at a time.
struct Entries<'a> {
    store: &'a Opened,
    tree_size: u64,
    /// The entry of the first id.
    first: u64,
    ids: Vec<Id>,
    indices: HashMap<Id, u64>,
}

impl<'a> Entries<'a> {
    /// All entries.
    fn read(store: &'a Opened, checkpoint: &Checkpoint) -> Result<Self, Failure> {
        let mut ids = Vec::new();
        for bundle in bundles_of(checkpoint.size) {
            ids.extend(reading::entries(store, bundle)?.into_iter().map(Id::from_hash));
        }
        let indices = ids.iter().copied().zip(0..).collect();
        Ok(Self { store, tree_size: checkpoint.size, first: 0, ids, indices })
    }

    /// The entries of one bundle: those around this one.
    fn around(
        store: &'a Opened,
        checkpoint: &Checkpoint,
        entry_index: u64,
    ) -> Result<(Self, Id), Failure> {
        let (bundle, slot) = reading::place_of(entry_index, checkpoint.size);
        let entries = reading::entries(store, bundle)?;
        let ids: Vec<Id> = entries.into_iter().map(Id::from_hash).collect();
        let first = bundle.index * u64::from(FULL_WIDTH);
        let (id, indices) = (ids[slot], ids.iter().copied().zip(first..).collect());
        Ok((Self { store, tree_size: checkpoint.size, first, ids, indices }, id))
    }

    /// The statement of an entry; `None` if it is withheld.
    fn statement(&self, entry_index: u64) -> Result<Option<Statement>, Failure> {
        let Some(bytes) = reading::statement(self.store, entry_index, self.tree_size)? else {
            return Ok(None);
        };
        let damaged = |what: &dyn std::fmt::Display| {
            Failure::new(failure::DAMAGED, format!("entry {entry_index}: {what}"))
                .hint("run `whosaid verify`")
        };
        let index = usize::try_from(entry_index - self.first).expect("entries fit memory");
        if Id::of(&bytes) != self.ids[index] {
            return Err(damaged(&"the statement's hash is not the entry"));
        }
        statement::open(&bytes).map(Some).map_err(|error| match error {
            statement::Error::Newer { .. } => writing::Error::Newer { entry_index, error }.into(),
            error => damaged(&error),
        })
    }

    /// The keys after the last entry, as far as their records can be read: enough to mark, and
    /// no verification.
    fn keyring(&self) -> Result<Keyring, Failure> {
        let mut keyring = Keyring::default();
        for bundle in bundles_of(self.tree_size) {
            let first = bundle.index * u64::from(FULL_WIDTH);
            for (entry_index, bytes) in (first..).zip(reading::statements(self.store, bundle)?) {
                let statement = bytes.and_then(|bytes| statement::open(&bytes).ok());
                let governs = |it: &Statement| matches!(it.record().kind(), "charter" | "key");
                if let Some(statement) = statement.filter(governs) {
                    // What is refused here `verify` names.
                    let _ = keyring.admit(statement, entry_index, None);
                }
            }
        }
        Ok(keyring)
    }

    /// The names of what a record refers to.
    fn names(&self, record: &Record) -> Result<Names, Failure> {
        let mut names = Names::new();
        for reference in record.references() {
            let Some(entry_index) = self.indices.get(&reference.id) else { continue };
            let statement = self.statement(*entry_index)?;
            if let Some(name) = statement.and_then(|it| summary::name(it.record())) {
                names.insert(reference.id, name);
            }
        }
        Ok(names)
    }
}

/// The entry that a person means: by its number, or by the beginning of its id.
pub(crate) fn find(ids: &[Id], typed: &str) -> Result<(u64, Id), Failure> {
    let number = entry_number(typed).and_then(|index| {
        let id = ids.get(usize::try_from(index).ok()?)?;
        Some((index, *id))
    });
    let prefix = typed.to_ascii_lowercase();
    let all = (0..).zip(ids.iter().copied());
    let begin_so: Vec<(u64, Id)> = if typed.len() < SHORTEST_PREFIX {
        Vec::new()
    } else {
        all.filter(|(_, id)| id.to_string().starts_with(&prefix)).collect()
    };
    only_one(typed, &begin_so, number, ids.len() as u64)
}

/// The one entry whose id begins as typed, or else the one with this number.
pub(crate) fn only_one(
    typed: &str,
    begin_so: &[(u64, Id)],
    number: Option<(u64, Id)>,
    tree_size: u64,
) -> Result<(u64, Id), Failure> {
    let missing = |message: String| {
        Failure::new(failure::REFERENCE, message)
            .hint("`whosaid log` lists the entries with their ids")
    };
    match (begin_so, number) {
        ([one], _) => Ok(*one),
        ([], Some(number)) => Ok(number),
        // So few digits are never taken for an id.
        ([], None) if typed.len() < SHORTEST_PREFIX => {
            Err(missing(format!("no entry {typed:?} among {tree_size}")))
        }
        ([], None) => Err(missing(format!("no statement's id begins with {typed:?}"))),
        (several, _) => {
            let listed: Vec<String> =
                several.iter().take(CANDIDATES).map(|(_, id)| id.short()).collect();
            Err(missing(format!("several ids begin with {typed:?}: {}", listed.join(", "))))
        }
    }
}

/// That the entry stands in the tree of the trusted checkpoint.
fn prove(store: &Opened, checkpoint: &Checkpoint, entry_index: u64, id: Id) -> Result<(), Failure> {
    let position = Position { leaf_index: entry_index, tree_size: checkpoint.size };
    let proof = merkle::prove_inclusion(position, &mut reading::nodes(store, checkpoint.size))?;
    let hash: Hash = merkle::leaf_hash(id.hash().as_bytes());
    merkle::verify_inclusion(&Leaf { index: entry_index, hash }, &checkpoint.tree(), &proof)
        .map_err(|error| {
            Failure::new(failure::DAMAGED, format!("entry {entry_index}: {error}"))
                .hint("run `whosaid verify`")
        })
}

/// Whether nothing is to be said of a revocation.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    clippy::ref_option,
    reason = "serde hands over a reference"
)]
fn is_cleared(suspect: &Option<bool>) -> bool {
    *suspect == Some(false)
}

/// Whether a later revocation reaches back to an entry.
fn is_suspect(keyring: &Keyring, statement: &Statement, entry_index: u64) -> bool {
    keyring.is_suspect(statement.signer(), entry_index)
}

pub(crate) fn json<'a>(
    schema: &'static str,
    (entry, id): (u64, Id),
    statement: Option<&'a Statement>,
    included: Option<bool>,
    suspect: Option<bool>,
) -> Json<'a> {
    Json {
        schema,
        entry,
        id,
        recorder: statement.map(Statement::issuer),
        recorded_at: statement.map(Statement::recorded_at),
        signer: statement.map(|statement| statement.signer().to_string()),
        withheld: statement.is_none(),
        record: statement.map(Statement::record),
        included,
        logged_before: None,
        suspect,
    }
}

pub(crate) fn log_line(
    entry_index: u64,
    statement: &Statement,
    names: &Names,
    suspect: bool,
) -> String {
    let (id, kind) = (statement.id().short(), statement.record().kind());
    let line = summary::line(statement.record(), names);
    let mark = if suspect { "suspect: " } else { "" };
    format!("{entry_index:<5} {id}  {kind:<10} {mark}{}", summary::shortened(&line, 100))
}
