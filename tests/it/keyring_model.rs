//! Every order of introduce, rotate, revoke and delegate among up to four keys, compared after
//! each step with a plain model.
//!
//! The model is written from docs/FORMAT.md section 6: it keeps the accepted records and answers
//! each question by reading them all again. States that agree in every fact of every key are
//! looked at once. `WHOSAID_HEAVY=1` goes deeper, with every argument at every step.

use std::collections::{BTreeMap, HashMap};

use whosaid::attribution::keyring::{Keyring, Term};
use whosaid::attribution::record::Record;
use whosaid::attribution::record::charter::{Charter, KeyAction, KeyChange, Power, Recorder};
use whosaid::attribution::record::notice::{Notice, NoticeKind};
use whosaid::attribution::statement::{self, Statement};
use whosaid::index::Index;
use whosaid::key::{PublicKey, SecretKey};
use whosaid::ledger::batch::{self, Batch};
use whosaid::ledger::writing;
use whosaid::store::Store;
use whosaid::store::simulated::SimulatedDisk;
use whosaid::verify::report::Verdict;
use whosaid::verify::verify;

use crate::it::house::{ORIGIN, THREADS, TIME, log_key, policy};
use crate::it::records::{bare_party, id};

use KeyAction::{Delegate, Introduce, Revoke, Rotate};
use Power::{Correct, Keys, Record as Append};

/// The keys 0 to 3 may be recorders'; this one is the log's.
const LOG: usize = 4;

/// How many entries beyond the next one are asked about.
const AHEAD: u64 = 4;

fn secret(key: usize) -> SecretKey {
    if key == LOG {
        log_key()
    } else {
        SecretKey::from_seed(&[11 + u8::try_from(key).unwrap(); 32])
    }
}

/// The public keys, made once: making one costs as much as a signature.
fn publics() -> [PublicKey; 5] {
    std::array::from_fn(|key| secret(key).public())
}

/// A key record before it is signed, with keys by their number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Step {
    entry: u64,
    signer: usize,
    action: &'static str,
    key: usize,
    name: Option<String>,
    powers: Vec<Power>,
    replaces: Option<usize>,
    from: Option<u64>,
}

/// What section 6 says, and nothing more: the records, read again for each question.
#[derive(Debug, Clone)]
struct Model {
    charter: Vec<(usize, &'static str, Vec<Power>)>,
    steps: Vec<Step>,
}

/// Everything that can be known of a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Facts {
    key: usize,
    name: String,
    powers: Vec<Power>,
    from: u64,
    until: Option<u64>,
    suspect_from: Option<u64>,
    acts_for: Option<usize>,
}

impl Model {
    /// "It takes effect at entry `from`, or at the next entry if there is no `from`."
    fn effect(step: &Step) -> u64 {
        step.from.unwrap_or(step.entry + 1)
    }

    /// The record that brought a key, if it was not the charter.
    fn bringer(&self, key: usize) -> Option<&Step> {
        self.steps.iter().find(|step| step.action != "revoke" && step.key == key)
    }

    fn knows(&self, key: usize) -> bool {
        self.charter.iter().any(|(it, ..)| *it == key) || self.bringer(key).is_some()
    }

    fn first_entry(&self, key: usize) -> u64 {
        self.bringer(key).map_or(0, Self::effect)
    }

    /// "in `replaces` goes, the new one has its name and powers"
    fn name(&self, key: usize) -> String {
        if let Some((_, name, _)) = self.charter.iter().find(|(it, ..)| *it == key) {
            return (*name).to_owned();
        }
        let step = self.bringer(key).expect("a known key");
        match step.replaces {
            Some(old) => self.name(old),
            None => step.name.clone().expect("a name"),
        }
    }

    fn powers(&self, key: usize) -> Vec<Power> {
        if let Some((.., powers)) = self.charter.iter().find(|(it, ..)| *it == key) {
            return powers.clone();
        }
        let step = self.bringer(key).expect("a known key");
        step.replaces.map_or_else(|| step.powers.clone(), |old| self.powers(old))
    }

    /// The first entry that it may no longer sign: of all that ended it, the earliest.
    fn end(&self, key: usize) -> Option<u64> {
        let ends = self.steps.iter().filter_map(|step| match step.action {
            "rotate" if step.replaces == Some(key) => Some(Self::effect(step)),
            // "the key then goes at the next entry"
            "revoke" if step.key == key => Some(Self::effect(step).max(step.entry + 1)),
            _ => None,
        });
        ends.min()
    }

    /// "Of several revocations the earliest `from` counts."
    fn suspect_from(&self, key: usize) -> Option<u64> {
        let revoked = |step: &&Step| step.action == "revoke" && step.key == key;
        self.steps.iter().filter(revoked).map(Self::effect).min()
    }

    fn in_force(&self, key: usize, entry: u64) -> bool {
        self.knows(key)
            && self.first_entry(key) <= entry
            && self.end(key).is_none_or(|end| entry < end)
    }

    fn acts_for(&self, key: usize) -> Option<usize> {
        let step = self.bringer(key)?;
        match step.action {
            "rotate" => step.replaces,
            "delegate" => Some(step.signer),
            _ => None,
        }
    }

    /// "`correct`; or `record`, if the target was signed by the key itself, by a key that it
    /// replaced, or by a key that delegated to it (any number of such steps)"
    fn may_correct(&self, signer: usize, target: usize, entry: u64) -> bool {
        let mut chain = std::iter::successors(Some(signer), |key| self.acts_for(*key));
        let powers = if self.knows(signer) { self.powers(signer) } else { Vec::new() };
        self.in_force(signer, entry)
            && (powers.contains(&Correct)
                || (powers.contains(&Append) && chain.any(|key| key == target)))
    }

    fn accepts(&self, step: &Step) -> bool {
        if !self.in_force(step.signer, step.entry) {
            return false;
        }
        let signers = self.powers(step.signer);
        let name_is_new =
            |name: &String| (0..4).all(|it| !self.knows(it) || self.name(it) != *name);
        let comes = step.key != LOG
            && !self.knows(step.key)
            && step.name.as_ref().is_none_or(name_is_new)
            && Self::effect(step) > step.entry;
        match step.action {
            "introduce" => comes && signers.contains(&Keys),
            "delegate" => comes && step.powers.iter().all(|power| signers.contains(power)),
            "rotate" => {
                let old = step.replaces.expect("a key that goes");
                comes
                    && self.knows(old)
                    && self.end(old).is_none()
                    && (step.signer == old || signers.contains(&Keys))
            }
            "revoke" => {
                self.knows(step.key) && (step.signer == step.key || signers.contains(&Keys))
            }
            other => panic!("{other}"),
        }
    }

    fn facts(&self) -> Vec<Facts> {
        let known = (0..4).filter(|key| self.knows(*key));
        let facts = known.map(|key| Facts {
            key,
            name: self.name(key),
            powers: self.powers(key),
            from: self.first_entry(key),
            until: self.end(key),
            suspect_from: self.suspect_from(key),
            acts_for: self.acts_for(key),
        });
        facts.collect()
    }

    fn next_entry(&self) -> u64 {
        1 + self.steps.len() as u64
    }
}

/// What the keyring says of its keys, in the words of the model.
fn facts_of(keyring: &Keyring, publics: &[PublicKey; 5]) -> Vec<Facts> {
    let number = |thumbprint| publics.iter().position(|key| key.thumbprint() == thumbprint);
    let facts = |term: &Term| Facts {
        key: number(term.thumbprint).expect("a key of ours"),
        name: term.name.clone(),
        powers: term.powers.clone(),
        from: term.from,
        until: term.until,
        suspect_from: term.suspect_from,
        acts_for: term.acts_for.and_then(number),
    };
    let mut all: Vec<Facts> = keyring.terms().iter().map(facts).collect();
    all.sort();
    all
}

/// Signs, each statement once.
struct Desk {
    publics: [PublicKey; 5],
    sealed: HashMap<(usize, String, Vec<u8>), Statement>,
}

impl Desk {
    fn new() -> Self {
        Self { publics: publics(), sealed: HashMap::new() }
    }

    fn record(&self, step: &Step) -> Record {
        let action = match step.action {
            "introduce" => Introduce,
            "delegate" => Delegate,
            "rotate" => Rotate,
            _ => Revoke,
        };
        Record::Key(KeyChange {
            action,
            key: self.publics[step.key],
            name: step.name.clone(),
            powers: step.powers.clone(),
            replaces: step.replaces.map(|old| self.publics[old]),
            from: step.from,
            reason: None,
        })
    }

    fn seal(&mut self, record: &Record, signer: usize, name: &str) -> Statement {
        let words = serde_json::to_vec(record).expect("JSON");
        let sealed = self.sealed.entry((signer, name.to_owned(), words));
        sealed
            .or_insert_with(|| {
                statement::seal(record, name, TIME, &secret(signer)).expect("a record").1
            })
            .clone()
    }

    fn charter(&self, model: &Model) -> Record {
        let recorders = model.charter.iter().map(|(key, name, powers)| Recorder {
            name: (*name).to_owned(),
            key: self.publics[*key],
            powers: powers.clone(),
        });
        Record::Charter(Charter {
            format: 1,
            origin: ORIGIN.to_owned(),
            title: "Claims".to_owned(),
            purpose: "Tests.".to_owned(),
            log: self.publics[LOG],
            recorders: recorders.collect(),
        })
    }

    fn found(&mut self, model: &Model) -> Keyring {
        let mut keyring = Keyring::default();
        let charter = self.seal(&self.charter(model), 0, "ada");
        keyring.admit(charter, 0, None).expect("a good charter");
        keyring
    }
}

/// Who signs a step by name: the name that the key has, or one that nobody has.
fn name_of(model: &Model, key: usize) -> String {
    if model.knows(key) { model.name(key) } else { "nobody".to_owned() }
}

/// Which arguments are tried at a step.
#[derive(Clone, Copy)]
struct Breadth {
    powers: &'static [&'static [Power]],
    /// Before the entry, the entry itself, the next, and one to come, besides none.
    all_froms: bool,
    /// Known keys, taken names and the log's key where new ones belong.
    mistakes: bool,
}

const EVERY_ARGUMENT: Breadth = Breadth {
    powers: &[
        &[Append],
        &[Correct],
        &[Keys],
        &[Append, Correct],
        &[Append, Keys],
        &[Correct, Keys],
        &[Append, Correct, Keys],
    ],
    all_froms: true,
    mistakes: true,
};

const SOME_ARGUMENTS: Breadth =
    Breadth { powers: &[&[Append], &[Append, Correct, Keys]], all_froms: false, mistakes: false };

/// All steps that are tried at a state.
fn steps(model: &Model, breadth: Breadth) -> Vec<Step> {
    let entry = model.next_entry();
    let froms = |revoke: bool| {
        let mut froms = vec![None, Some(entry + 2)];
        if breadth.all_froms {
            froms.extend([Some(1), Some(entry), Some(entry + 1)]);
        } else if revoke {
            froms.push(Some(1));
        }
        froms
    };
    let newcomer = (0..4).find(|key| !model.knows(*key));
    let mut comers: Vec<usize> = newcomer.into_iter().collect();
    if breadth.mistakes {
        comers.extend([1, LOG]);
        comers.dedup();
    }
    let known: Vec<usize> = (0..4).filter(|key| model.knows(*key)).collect();
    let mut steps = Vec::new();
    // One key that nobody knows yet signs too.
    for signer in known.iter().copied().chain(newcomer) {
        let step = |action, key, from| Step {
            entry,
            signer,
            action,
            key,
            name: None,
            powers: Vec::new(),
            replaces: None,
            from,
        };
        for from in froms(false) {
            for key in &comers {
                for action in ["introduce", "delegate"] {
                    for powers in breadth.powers {
                        let (name, powers) = (Some(format!("name-{key}")), powers.to_vec());
                        steps.push(Step { name, powers, ..step(action, *key, from) });
                    }
                    if breadth.mistakes {
                        let (name, powers) = (Some("ada".to_owned()), vec![Append]);
                        steps.push(Step { name, powers, ..step(action, *key, from) });
                    }
                }
                let unknown = newcomer.filter(|_| breadth.mistakes);
                for old in known.iter().copied().chain(unknown) {
                    steps.push(Step { replaces: Some(old), ..step("rotate", *key, from) });
                }
            }
        }
        let unknown = newcomer.filter(|_| breadth.mistakes);
        for from in froms(true) {
            for key in known.iter().copied().chain(unknown) {
                steps.push(step("revoke", key, from));
            }
        }
    }
    steps
}

/// All questions about one state, asked of both.
fn compare(keyring: &Keyring, model: &Model, publics: &[PublicKey; 5]) {
    assert_eq!(facts_of(keyring, publics), model.facts(), "{model:?}");
    for (key, public) in publics.iter().enumerate().take(4) {
        let thumbprint = public.thumbprint();
        for entry in 0..model.next_entry() + AHEAD {
            let name = model.in_force(key, entry).then(|| model.name(key));
            let found = keyring.recorder(thumbprint, entry).ok().map(str::to_owned);
            assert_eq!(found, name, "key {key} at {entry}: {model:?}");
            let suspect =
                model.suspect_from(key).is_some_and(|from| model.knows(key) && from <= entry);
            assert_eq!(keyring.is_suspect(thumbprint, entry), suspect, "key {key} at {entry}");
        }
    }
}

/// Who may append and correct at the next entry and the one after, by real statements.
fn compare_powers(keyring: &mut Keyring, model: &Model, desk: &mut Desk) {
    let party = Record::Party(bare_party());
    let notice = Record::Notice(Notice {
        kind: NoticeKind::RecorderRetraction,
        target: id("claim"),
        reason: "a slip".to_owned(),
        replacement: None,
        document: None,
        by: None,
        text: None,
    });
    for signer in 0..4 {
        let name = name_of(model, signer);
        let (party, notice) = (desk.seal(&party, signer, &name), desk.seal(&notice, signer, &name));
        let entry = model.next_entry();
        let records = model.in_force(signer, entry) && model.powers(signer).contains(&Append);
        let found = keyring.admit(party, entry, None).is_ok();
        assert_eq!(found, records, "{signer} records at {entry}: {model:?}");
        for target in 0..4 {
            let thumbprint = Some(desk.publics[target].thumbprint());
            let found = keyring.admit(notice.clone(), entry, thumbprint).is_ok();
            let corrects = model.may_correct(signer, target, entry);
            assert_eq!(found, corrects, "{signer} corrects {target} at {entry}: {model:?}");
        }
    }
}

/// Tries every step at every state, level by level, and hands back the states of the last level.
fn explore(
    desk: &mut Desk,
    charter: &[(usize, &'static str, Vec<Power>)],
    levels: &[Breadth],
) -> (Vec<Model>, usize) {
    let root = Model { charter: charter.to_vec(), steps: Vec::new() };
    let mut frontier = vec![(desk.found(&root), root)];
    let mut tried = 0;
    for (level, breadth) in levels.iter().enumerate() {
        let mut next: BTreeMap<Vec<Facts>, (Keyring, Model)> = BTreeMap::new();
        for (keyring, model) in &mut frontier {
            compare_powers(keyring, model, desk);
            for step in steps(model, *breadth) {
                tried += 1;
                let statement =
                    desk.seal(&desk.record(&step), step.signer, &name_of(model, step.signer));
                let mut after = keyring.clone();
                let found = after.admit(statement, step.entry, None);
                let accepted = model.accepts(&step);
                assert_eq!(found.is_ok(), accepted, "{step:?} after {model:?}: {found:?}");
                if !accepted {
                    // Refused whole: nothing of it stays.
                    compare(&after, model, &desk.publics);
                    continue;
                }
                let mut longer = model.clone();
                longer.steps.push(step);
                compare(&after, &longer, &desk.publics);
                next.entry(longer.facts()).or_insert((after, longer));
            }
        }
        println!("level {level}: {} states, {tried} steps tried", next.len());
        frontier = next.into_values().collect();
    }
    (frontier.into_iter().map(|(_, model)| model).collect(), tried)
}

fn alone() -> Vec<(usize, &'static str, Vec<Power>)> {
    vec![(0, "ada", vec![Append, Correct, Keys])]
}

fn with_a_colleague() -> Vec<(usize, &'static str, Vec<Power>)> {
    vec![(0, "ada", vec![Append, Keys]), (1, "ben", vec![Append])]
}

#[expect(clippy::disallowed_methods, reason = "a test is made longer by hand")]
fn is_heavy() -> bool {
    std::env::var_os("WHOSAID_HEAVY").is_some()
}

#[test]
fn every_order_of_key_records_is_judged_as_the_format_says() {
    let mut desk = Desk::new();
    let (every, some) = (EVERY_ARGUMENT, SOME_ARGUMENTS);
    let levels: &[Breadth] =
        if is_heavy() { &[every, every, every, some] } else { &[every, some, some] };
    for charter in [alone(), with_a_colleague()] {
        let (last, tried) = explore(&mut desk, &charter, levels);
        assert!(last.len() > 500 && tried > 5_000, "{} states, {tried} steps", last.len());
    }
}

/// Runs a sequence through a whole ledger: appended, verified, opened again.
fn run_ledger(desk: &Desk, model: &Model) {
    let disk = SimulatedDisk::new();
    let store = || Store::open(disk.clone()).expect("a folder");
    let index = || Index::in_memory().expect("memory");
    let mut ledger =
        writing::found(store(), &policy(), ORIGIN, log_key(), index()).expect("an empty folder");
    let mut append = |record: &Record, signer: usize, name: &str| {
        let key = secret(signer);
        let recorder = batch::Recorder { name, key: &key, recorded_at: TIME };
        let mut batch = Batch::new(&ledger, recorder).expect("the clock stands still");
        assert!(batch.add(record).expect("an accepted record").new, "{model:?}");
        let addition = batch.finish();
        ledger.commit(&addition).expect("a commit");
    };
    append(&desk.charter(model), 0, "ada");
    for step in &model.steps {
        append(&desk.record(step), step.signer, &name_of(model, step.signer));
    }
    drop(ledger);
    let verification =
        verify(&store(), &policy(), THREADS, &mut |_| (), &mut |_, _| ()).expect("a disk");
    let report = verification.report;
    assert_eq!(report.verdict(), Verdict::Verified, "{model:?}: {:?}", report.faults);
    compare(&verification.keyring, model, &desk.publics);
    let marked: Vec<u64> = report.suspect.iter().flat_map(|it| it.entries.clone()).collect();
    let expected = model
        .steps
        .iter()
        .filter(|step| model.suspect_from(step.signer).is_some_and(|from| from <= step.entry));
    let mut expected: Vec<u64> = expected.map(|step| step.entry).collect();
    // The charter is entry 0, and key 0 signed it.
    expected.extend(model.suspect_from(0).filter(|from| *from == 0));
    let mut marked = marked;
    marked.sort_unstable();
    expected.sort_unstable();
    assert_eq!(marked, expected, "{model:?}");
    let again = writing::open(store(), &policy(), log_key(), index()).expect("a ledger");
    assert_eq!(again.tree_size(), model.next_entry());
    compare(again.keyring(), model, &desk.publics);
}

/// Whether the same recorder would say the same twice: a writer takes that once.
fn repeats(model: &Model) -> bool {
    let said = |step: &Step| {
        let Step { entry: _, signer, .. } = step;
        (name_of(model, *signer), Step { entry: 0, signer: 0, ..step.clone() })
    };
    let mut all: Vec<_> = model.steps.iter().map(said).collect();
    let count = all.len();
    all.sort();
    all.dedup();
    all.len() < count
}

#[test]
fn a_sample_of_them_goes_through_a_whole_ledger() {
    let mut desk = Desk::new();
    let levels = [SOME_ARGUMENTS, SOME_ARGUMENTS, SOME_ARGUMENTS];
    let (last, _) = explore(&mut desk, &with_a_colleague(), &levels);
    let runs: Vec<&Model> = last.iter().filter(|model| !repeats(model)).collect();
    let stride = if is_heavy() { 7 } else { runs.len() / 60 };
    let mut count = 0;
    for model in runs.iter().step_by(stride.max(1)) {
        run_ledger(&desk, model);
        count += 1;
    }
    assert!(count >= 40, "{count}");
}
