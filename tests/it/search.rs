//! The search index: what it finds is what the ledger says, whatever became of the index before,
//! and what is withheld or erased is not found.
#![expect(clippy::disallowed_methods, reason = "index files are damaged and looked into")]

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::time::Duration;

use whosaid::attribution::date::Date;
use whosaid::attribution::id::Id;
use whosaid::attribution::keyring::Signed;
use whosaid::attribution::record::Record;
use whosaid::attribution::record::claim::{Act, Claim, Polarity, Who};
use whosaid::attribution::record::notice::{Notice, NoticeKind, Relation, RelationKind};
use whosaid::attribution::truth::Truth;
use whosaid::audit::graph::Graph;
use whosaid::audit::standing::{Standing, Standings};
use whosaid::search::ask::{Paging, Tie, Wanted, page};
use whosaid::search::contradictions::{candidates, pairs};
use whosaid::search::days::Days;
use whosaid::search::keep::{catch_up, catch_up_in_steps};
use whosaid::search::later::{Later, Stands};
use whosaid::search::named;
use whosaid::search::reread::{Error, Reader};
use whosaid::search::tables::{self, Tables};
use whosaid::search::timeline::timeline;
use whosaid::search::words::Question;
use whosaid::store::journal::Journal;
use whosaid::store::path::FilePath;
use whosaid::store::simulated::SimulatedDisk;
use whosaid::store::source::Source;
use whosaid::store::{self, Found, Store};
use whosaid::tlog::checkpoint::{Checkpoint, Trusted};
use whosaid::verify::verify;

use crate::it::book::{Book, body, claim, hop, notice, revocation, said, story};
use crate::it::cli::Desk;
use crate::it::house::{THREADS, party, policy};

const PATIENCE: Duration = Duration::from_secs(5);

fn store(disk: &SimulatedDisk) -> Store<SimulatedDisk> {
    Store::open(disk.clone()).unwrap()
}

fn checkpoint(source: &dyn Source) -> Checkpoint {
    let note = whosaid::ledger::reading::checkpoint(source).unwrap().unwrap();
    Checkpoint::clone(&*Trusted::open(&note, &policy()).unwrap())
}

/// The entries found by words, newest first.
fn found(source: &dyn Source, tables: &Tables, wanted: &Wanted) -> Vec<u64> {
    let reader = Reader::new(source, checkpoint(source).size);
    let paging = Paging { ascending: false, after: None, limit: 1000 };
    let page = page(tables, &reader, wanted, paging, &mut |_| Ok(true)).unwrap();
    assert_eq!(page.next, None);
    page.hits.iter().map(|hit| hit.entry_index).collect()
}

fn words(typed: &str) -> Wanted {
    Wanted { question: Question::parse(typed).unwrap(), ..Wanted::default() }
}

/// An index in memory over a whole ledger.
fn indexed(source: &dyn Source) -> Tables {
    let mut tables = Tables::in_memory().unwrap();
    catch_up(source, &checkpoint(source), &mut tables, &mut |_| ()).unwrap();
    tables
}

fn published(book: &Book) -> Store<SimulatedDisk> {
    store(&book.publish(book.0.len()))
}

fn dated(speaker: Who, text: &str, edtf: &str) -> Claim {
    Claim { said_at: Some(Date::parse(edtf).unwrap()), ..said(speaker, text) }
}

#[test]
fn words_find_what_was_said_titles_names_and_replies() {
    let source = published(&story());
    let tables = indexed(&source);
    let check = |typed: &str, expected: &[u64]| {
        assert_eq!(found(&source, &tables, &words(typed)), expected, "{typed}");
    };
    check("rain", &[5]);
    check("RAIN envoy", &[5]);
    check("the envoy", &[7, 5, 2]);
    check("\"an article\"", &[4]);
    check("\"never said so\"", &[9]);
    check("ministry -wrong", &[18, 1]);
    check("minist*", &[18, 6, 1]);
    check("nowhere", &[]);
}

#[test]
fn any_language_is_found() {
    let mut book = Book::founded();
    let texts = [
        "王毅国务委员表示欢迎",
        "وزارةُ الخارجيّة في أفغانستان",
        "Министерство иностранных дел, Йемен",
        "외교부 대변인은 말했다",
        "กระทรวงการต่างประเทศ",
        "Größe und Ärger in Diyarbakır",
    ];
    for text in texts {
        book.add(&claim(said(Who::Unresolved("x".to_owned()), text)));
    }
    let source = published(&book);
    let tables = indexed(&source);
    let check = |typed: &str, expected: &[u64]| {
        assert_eq!(found(&source, &tables, &words(typed)), expected, "{typed}");
    };
    check("王毅", &[1]);
    check("毅王", &[]);
    check("国务 欢迎", &[1]);
    check("وزارة الخارجية", &[2]);
    check("افغانستان", &[2]);
    check("ЙЕМЕН", &[3]);
    check("대변인", &[4]);
    check("ต่างประเทศ", &[5]);
    check("grosse diyarbakir", &[6]);
}

#[test]
fn no_question_is_ever_an_error_of_the_database() {
    let source = published(&story());
    let tables = indexed(&source);
    let signs: Vec<char> =
        "\"'*-+^:(){}[]<>=~,.;/\\%_?!@#&|\u{0}\u{e000}\n aNОR漢\u{301}\u{202e}".chars().collect();
    let mut state = 7u64;
    let mut asked = 0;
    for round in 0..3000 {
        let length = 1 + round % 12;
        let typed: String = (0..length)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                signs[usize::try_from(state >> 33).unwrap() % signs.len()]
            })
            .collect();
        if let Ok(question) = Question::parse(&typed) {
            let wanted = Wanted { question, ..Wanted::default() };
            found(&source, &tables, &wanted);
            asked += 1;
        }
    }
    for typed in [
        "a AND",
        "NEAR(",
        "terms : x",
        "^x",
        "x NOT",
        "\"a\" + \"b\"",
        "'; DROP TABLE",
        "{a b} : c",
    ] {
        found(&source, &tables, &words(typed));
    }
    assert!(asked > 1000, "only {asked} were questions");
}

/// A party in two descriptions, a channel, and claims with and without them.
fn desk_book() -> (Book, [Id; 3]) {
    let mut book = Book::founded();
    let old = book.add(&body("mfa", "Foreign Ministry", &[])); // 1
    let new = book.add(&body("mfa", "Ministry of Foreign Affairs", &[])); // 2
    let other = book.add(&body("press", "Press", &[])); // 3
    book.add(&claim(dated(Who::Party(old), "The road is open", "2024-11-24"))); // 4
    let act = Act::DeclineToComment;
    let declined = Claim { act, ..dated(Who::Party(new), "The road", "2024-12") };
    book.add(&claim(declined)); // 5
    let chain = vec![hop(Who::Party(new))];
    book.add(&claim(Claim { chain, ..said(Who::Party(other), "The road is shut") })); // 6
    book.add(&claim(dated(Who::Party(other), "A bridge", "2023"))); // 7
    (book, [old, new, other])
}

#[test]
fn filters_find_a_party_in_all_its_descriptions_an_act_a_kind_and_a_time() {
    let (book, [old, new, _]) = desk_book();
    let source = published(&book);
    let tables = indexed(&source);
    let check = |wanted: Wanted, expected: &[u64]| {
        assert_eq!(found(&source, &tables, &wanted), expected, "{wanted:?}");
    };
    let mfa = Some(vec![old, new]);
    check(Wanted { party: mfa.clone(), ..Wanted::default() }, &[6, 5, 4]);
    check(Wanted { party: mfa.clone(), ..words("open") }, &[4]);
    check(Wanted { party: mfa.clone(), tie: Tie::InAny, ..Wanted::default() }, &[6, 5, 4, 2, 1]);
    check(Wanted { act: Some(Act::DeclineToComment), ..Wanted::default() }, &[5]);
    check(Wanted { kind: Some("party".to_owned()), ..Wanted::default() }, &[3, 2, 1]);
    let window = |from: &str, to: &str| {
        let date = |edtf: &str| (!edtf.is_empty()).then(|| Date::parse(edtf).unwrap());
        Days::between(date(from).as_ref(), date(to).as_ref())
    };
    let during = |from: &str, to: &str| Wanted { window: window(from, to), ..Wanted::default() };
    // What has no date may be of any.
    check(during("2024-11", "2024-11"), &[6, 4]);
    check(during("2024", ""), &[6, 5, 4]);
    check(during("", "2023-06"), &[7, 6]);
    check(during("2024-12-24", "2024-12-24"), &[6, 5]);
    check(Wanted { party: mfa, ..during("2023", "2023") }, &[6]);
    check(Wanted { since: Some(crate::it::house::TIME + 1), ..Wanted::default() }, &[]);
}

#[test]
fn a_channel_finds_the_claims_in_its_documents() {
    let book = story();
    let source = published(&book);
    let tables = indexed(&source);
    let reader = Reader::new(&source, checkpoint(&source).size);
    let site = named::channel(&tables, &reader, "mfa-site").unwrap();
    let in_any = Wanted { channel: Some(site.ids.clone()), tie: Tie::InAny, ..Wanted::default() };
    let entries = found(&source, &tables, &in_any);
    assert!(entries.contains(&12) && entries.contains(&13), "{entries:?}");
}

#[test]
fn what_later_records_are_about_is_found_whichever_list_is_shorter() {
    let mut book = Book::founded();
    let x = || Who::Unresolved("x".to_owned());
    let first = book.add(&claim(said(x(), "frequent one")));
    for number in 2..=6000 {
        book.add(&claim(said(x(), &format!("frequent {number}"))));
    }
    book.add(&Record::Notice(notice(NoticeKind::Rebuttal, first)));
    book.add(&Record::Notice(notice(NoticeKind::Rebuttal, book.id(4000))));
    let source = published(&book);
    let tables = indexed(&source);
    for (typed, expected) in [("frequent", &[4000, 1][..]), ("one", &[1]), ("4000", &[4000])] {
        let wanted = Wanted { may_stand: Some(Standing::Disputed), ..words(typed) };
        assert_eq!(found(&source, &tables, &wanted), expected, "{typed}");
    }
}

#[test]
fn pages_follow_one_another_without_a_gap() {
    let mut book = Book::founded();
    for number in 0..30 {
        book.add(&claim(said(Who::Unresolved("x".to_owned()), &format!("same words {number}"))));
    }
    let source = published(&book);
    let tables = indexed(&source);
    let reader = Reader::new(&source, checkpoint(&source).size);
    for ascending in [false, true] {
        let (mut after, mut all) = (None, Vec::new());
        loop {
            let paging = Paging { ascending, after, limit: 7 };
            let page = page(&tables, &reader, &words("same"), paging, &mut |_| Ok(true)).unwrap();
            all.extend(page.hits.iter().map(|hit| hit.entry_index));
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        let mut expected: Vec<u64> = (1..=30).collect();
        if !ascending {
            expected.reverse();
        }
        assert_eq!(all, expected);
    }
}

#[test]
fn people_name_a_party_by_key_name_word_or_id() {
    let (book, [old, new, other]) = desk_book();
    let source = published(&book);
    let tables = indexed(&source);
    let reader = Reader::new(&source, checkpoint(&source).size);
    let find = |typed: &str| named::party(&tables, &reader, typed);
    for typed in ["mfa", "Foreign Ministry", "ministry of FOREIGN affairs", "affairs"] {
        assert_eq!(find(typed).unwrap().ids, [old, new], "{typed}");
    }
    assert_eq!(find("mfa").unwrap().name, "Ministry of Foreign Affairs");
    assert_eq!(find(&other.short()).unwrap().key, "press");
    let refused = |typed: &str| find(typed).unwrap_err().to_string();
    assert_eq!(refused("nobody"), "no party is called \"nobody\"; there are mfa, press");
    assert_eq!(refused(&book.id(4).short()), "entry 4 is a claim, expected a party");
    assert_eq!(refused(""), "no party is called \"\"; there are mfa, press");

    let mut book = book;
    book.add(&body("mfa-b", "Foreign Ministry", &[]));
    let source = published(&book);
    let tables = indexed(&source);
    let reader = Reader::new(&source, checkpoint(&source).size);
    let several = named::party(&tables, &reader, "foreign ministry").unwrap_err().to_string();
    let expected = "several are called \"foreign ministry\": mfa (Foreign Ministry), \
                    mfa-b (Foreign Ministry)";
    assert_eq!(several, expected);
}

#[test]
fn a_timeline_is_in_the_order_of_time_and_marks_what_is_not_certain() {
    let (mut book, [old, new, _]) = desk_book();
    book.add(&claim(said(Who::Party(old), "Undated"))); // 8
    book.add(&claim(dated(Who::Party(old), "Early", "1999-01-01"))); // 9
    let source = published(&book);
    let tables = indexed(&source);
    let reader = Reader::new(&source, checkpoint(&source).size);
    let (mut after, mut all) = (None, Vec::new());
    loop {
        let page = timeline(&tables, &reader, &[old, new], after, 2).unwrap();
        let is_sure = |truth| truth == Truth::Holds;
        all.extend(page.hits.iter().map(|hit| (hit.entry_index, is_sure(hit.within))));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(all, [(9, true), (4, true), (5, false), (8, false)]);
}

#[test]
fn contradictions_are_the_ties_of_both_sides_and_candidates_by_words() {
    let (mut book, [old, new, other]) = desk_book();
    let (road, by_press) = (book.id(4), book.id(6));
    let tie =
        |from, kind, to| Record::Relation(Relation { from, kind, to, by: None, method: None });
    book.add(&tie(by_press, RelationKind::Denies, road)); // 8
    book.add(&tie(by_press, RelationKind::Confirms, road)); // 9
    let polarity = Polarity::Denied;
    let text = "The mountain border crossing is closed";
    book.add(&claim(said(Who::Party(new), text))); // 10
    book.add(&claim(Claim { polarity, ..said(Who::Party(old), text) })); // 11
    book.add(&claim(Claim { polarity, ..said(Who::Party(other), text) })); // 12
    let source = published(&book);
    let tables = indexed(&source);
    let reader = Reader::new(&source, checkpoint(&source).size);
    let entries = |party: &[Id]| {
        let found = pairs(&tables, &reader, party, None, 10).unwrap().pairs;
        found.iter().map(|it| (it.entry_index, it.from.is_own, it.to.is_own)).collect::<Vec<_>>()
    };
    assert_eq!(entries(&[old, new]), [(8, false, true)]);
    assert_eq!(entries(&[other]), [(8, true, false)]);
    let found = candidates(&tables, &reader, &[old, new]).unwrap();
    let found: Vec<(u64, u64)> =
        found.iter().map(|it| (it.denied.entry_index, it.asserted.entry_index)).collect();
    assert_eq!(found, [(11, 10)]);

    // Once somebody has tied them they are no candidates any more.
    book.add(&tie(book.id(11), RelationKind::Contradicts, book.id(10))); // 13
    let source = published(&book);
    let tables = indexed(&source);
    let reader = Reader::new(&source, checkpoint(&source).size);
    assert_eq!(candidates(&tables, &reader, &[old, new]).unwrap().len(), 0);
    let both = pairs(&tables, &reader, &[old, new], None, 1).unwrap();
    assert_eq!((both.pairs[0].entry_index, both.next), (13, Some(13)));
}

/// Claims with every kind of later record about them, and records about these.
fn disputed_book() -> Book {
    let (mut book, [old, _, other]) = desk_book();
    let (one, two, three) = (book.id(4), book.id(5), book.id(7));
    let tie =
        |from, kind, to| Record::Relation(Relation { from, kind, to, by: None, method: None });
    book.add_as(&claim(said(Who::Party(other), "By omar")), "omar", 3);
    let by_omar = book.id(8);
    let denial = book.add(&tie(two, RelationKind::Denies, one));
    book.add(&tie(three, RelationKind::Contradicts, two));
    book.add(&tie(by_omar, RelationKind::Denies, three));
    book.add(&tie(three, RelationKind::Qualifies, one));
    let taken = book.add(&Record::Notice(notice(NoticeKind::RecorderRetraction, by_omar)));
    book.add(&Record::Notice(notice(NoticeKind::RecorderRetraction, taken)));
    let reply = book.add(&Record::Notice(notice(NoticeKind::Rebuttal, denial)));
    book.add(&Record::Notice(notice(NoticeKind::RecorderRetraction, reply)));
    for by in [old, other] {
        let retraction = notice(NoticeKind::ClaimantRetraction, one);
        book.add(&Record::Notice(Notice { by: Some(by), ..retraction }));
    }
    let correction = notice(NoticeKind::RecorderCorrection, three);
    book.add(&Record::Notice(Notice { replacement: Some(one), ..correction }));
    book.add(&revocation(3, 5));
    book
}

#[test]
fn the_standing_is_the_one_that_an_audit_of_all_records_finds() {
    for book in [story(), disputed_book(), desk_book().0] {
        for size in 1..=book.0.len() {
            let source = store(&book.publish(size));
            let mut signed: Vec<Signed> = Vec::new();
            let keep = &mut |it| signed.push(it);
            let verified = verify(&source, &policy(), THREADS, keep, &mut |_, _| ());
            let keyring = verified.unwrap().keyring;
            let graph = Graph::new(signed, [], |key, entry| keyring.is_suspect(key, entry));
            let all = Standings::as_of(&graph, size as u64);
            let tables = indexed(&source);
            let reader = Reader::new(&source, size as u64);
            let later = Later::new(&tables, &reader).unwrap();
            for node in graph.nodes() {
                let stands = later.of(node.entry_index(), node.signed().statement()).unwrap();
                let outcome = all.of(node.id());
                let may_stand = Some(outcome.standing);
                let listed = found(&source, &tables, &Wanted { may_stand, ..Wanted::default() });
                assert!(listed.contains(&node.entry_index()), "{may_stand:?}: {listed:?}");
                let expected = Stands::So(outcome);
                assert_eq!(stands, expected, "entry {} of {size}", node.entry_index());
            }
        }
    }
}

/// A ledger that takes two bundles and a bit.
fn long_book() -> Book {
    let mut book = story();
    for number in book.0.len()..600 {
        book.add(&party(&format!("p{number}")));
    }
    book
}

/// A source that can fail, and counts what is read.
struct Counting<'a> {
    inner: &'a dyn Source,
    statements: Cell<usize>,
    most: usize,
}

impl Source for Counting<'_> {
    fn name(&self, path: &FilePath) -> String {
        self.inner.name(path)
    }

    fn read(&self, path: &FilePath, limit: u64) -> Result<Option<Vec<u8>>, store::Error> {
        if path.as_str().starts_with("statements/") {
            if self.statements.get() == self.most {
                return Err(store::Error::NoFolder("pulled out".to_owned()));
            }
            self.statements.set(self.statements.get() + 1);
        }
        self.inner.read(path, limit)
    }

    fn files(&self) -> Result<Option<Vec<Found>>, store::Error> {
        self.inner.files()
    }

    fn pending(&self) -> Result<Option<Journal>, store::Error> {
        self.inner.pending()
    }
}

#[test]
fn an_index_that_was_stopped_goes_on_where_it_stood() {
    let book = long_book();
    let source = published(&book);
    let checkpoint = checkpoint(&source);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("search.sqlite");
    let mut read = 0;
    for _ in 0..3 {
        let mut tables = Tables::open(&path, PATIENCE).unwrap();
        let broken = Counting { inner: &source, statements: Cell::new(0), most: 1 };
        let stopped = catch_up_in_steps(1, &broken, &checkpoint, &mut tables, &mut |_| ());
        read += broken.statements.get();
        let reached = tables.extent().unwrap().unwrap().0.tree_size;
        assert_eq!(stopped.is_err(), reached < checkpoint.size, "{reached}");
        assert_eq!(reached, checkpoint.size.min(256 * read as u64), "{reached}");
    }
    assert_eq!(read, 3, "each bundle is read once");
    let tables = Tables::open(&path, PATIENCE).unwrap();
    assert_eq!(found(&source, &tables, &words("p599")), [599]);
    assert_eq!(found(&source, &tables, &words("rain")), [5]);
}

#[test]
fn progress_is_told_step_by_step() {
    let source = published(&long_book());
    let mut told = Vec::new();
    let mut tables = Tables::in_memory().unwrap();
    let mut tell = |done| told.push(done);
    catch_up_in_steps(1, &source, &checkpoint(&source), &mut tables, &mut tell).unwrap();
    assert_eq!(told, [256, 512, 600]);
}

#[test]
fn an_index_that_lags_behind_is_brought_up_at_any_size() {
    let book = long_book();
    let mut tables = Tables::in_memory().unwrap();
    let sizes = [1, 3, 17, 255, 256, 257, 511, 600];
    for size in sizes.into_iter().filter(|size| *size <= book.0.len()) {
        let source = store(&book.publish(size));
        catch_up(&source, &checkpoint(&source), &mut tables, &mut |_| ()).unwrap();
        let fresh = indexed(&source);
        assert_eq!(tables.extent().unwrap(), fresh.extent().unwrap());
        for typed in ["rain", "party", "envoy", "the"] {
            let expected = found(&source, &fresh, &words(typed));
            assert_eq!(found(&source, &tables, &words(typed)), expected, "{typed} at {size}");
        }
    }
}

#[test]
fn another_history_or_a_shorter_one_is_indexed_anew() {
    let mut other = Book::founded();
    for number in 0..20 {
        other.add(&claim(said(Who::Unresolved("x".to_owned()), &format!("otherwise {number}"))));
    }
    let one = published(&story());
    let folder = tempfile::tempdir().unwrap();
    let mut tables = Tables::open(&folder.path().join("search.sqlite"), PATIENCE).unwrap();
    for source in [published(&other), one, published(&other), store(&other.publish(3))] {
        let checkpoint = checkpoint(&source);
        catch_up(&source, &checkpoint, &mut tables, &mut |_| ()).unwrap();
        let fresh = indexed(&source);
        assert_eq!(tables.extent().unwrap(), fresh.extent().unwrap());
        for typed in ["rain", "otherwise"] {
            let expected = found(&source, &fresh, &words(typed));
            assert_eq!(found(&source, &tables, &words(typed)), expected, "{typed}");
        }
    }
}

#[test]
fn a_damaged_file_is_replaced_or_names_its_damage() {
    let source = published(&long_book());
    let checkpoint = checkpoint(&source);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("search.sqlite");
    for damage in ["no database at all, but long enough to be looked at as one", ""] {
        fs::write(&path, damage).unwrap();
        let mut tables = Tables::open(&path, PATIENCE).unwrap();
        catch_up(&source, &checkpoint, &mut tables, &mut |_| ()).unwrap();
        assert_eq!(found(&source, &tables, &words("rain")), [5]);
        drop(tables);
    }
    // Another version is thrown away.
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    assert_eq!(Tables::open(&path, PATIENCE).unwrap().extent().unwrap(), None);

    // Wherever a page is overwritten: the answer is right, or the index says that it is damaged.
    let mut tables = Tables::open(&path, PATIENCE).unwrap();
    catch_up(&source, &checkpoint, &mut tables, &mut |_| ()).unwrap();
    drop(tables);
    merge_log(&path);
    let whole = fs::read(&path).unwrap();
    let mut damaged = 0;
    for page in 0..whole.len() / 4096 {
        let mut bytes = whole.clone();
        bytes[page * 4096 + 8..page * 4096 + 200].fill(0xee);
        fs::write(&path, &bytes).unwrap();
        let answer = asked_in_spite_of_damage(&source, &path, &checkpoint);
        damaged += usize::from(answer.is_none());
        assert!(answer.is_none_or(|found| found.iter().all(|it| *it == 5)), "page {page}");
    }
    assert!(damaged > 5, "{damaged} pages were found damaged");
}

/// Puts what SQLite keeps beside its file into it.
fn merge_log(path: &Path) {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.pragma_update(None, "journal_mode", "DELETE").unwrap();
}

fn asked_in_spite_of_damage(
    source: &dyn Source,
    path: &Path,
    checkpoint: &Checkpoint,
) -> Option<Vec<u64>> {
    let mut tables = Tables::open(path, PATIENCE).ok()?;
    let is_index = |error: &Error| match error {
        Error::Index(error) => error.is_damage(),
        _ => false,
    };
    match catch_up(source, checkpoint, &mut tables, &mut |_| ()) {
        Ok(()) => {}
        Err(error) if is_index(&error) => return None,
        Err(error) => panic!("{error}"),
    }
    let reader = Reader::new(source, checkpoint.size);
    let paging = Paging { ascending: false, after: None, limit: 10 };
    match page(&tables, &reader, &words("rain"), paging, &mut |_| Ok(true)) {
        Ok(page) => Some(page.hits.iter().map(|hit| hit.entry_index).collect()),
        Err(error) if is_index(&error) => None,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn an_index_that_lies_invents_nothing() {
    let source = published(&story());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("search.sqlite");
    let mut tables = Tables::open(&path, PATIENCE).unwrap();
    catch_up(&source, &checkpoint(&source), &mut tables, &mut |_| ()).unwrap();
    let forge = rusqlite::Connection::open(&path).unwrap();
    // The envoy seems to have said what is said nowhere, and something else that another said.
    let insert = "INSERT INTO term (rowid, terms) VALUES (?1, ?2)";
    forge.execute(insert, (5, "hail invented")).unwrap();
    assert_eq!(found(&source, &tables, &words("invented")), [0; 0]);
    assert_eq!(found(&source, &tables, &words("hail")), [8]);
    // An entry that the ledger does not have.
    forge.execute(insert, (500, "beyond")).unwrap();
    let insert = "INSERT INTO entry (entry_index, id, head) VALUES (500, zeroblob(32), 0)";
    forge.execute(insert, []).unwrap();
    let reader = Reader::new(&source, checkpoint(&source).size);
    let paging = Paging { ascending: false, after: None, limit: 10 };
    let beyond = page(&tables, &reader, &words("beyond"), paging, &mut |_| Ok(true));
    assert!(matches!(beyond, Err(Error::Index(tables::Error::Damaged(_)))), "{beyond:?}");
}

#[test]
fn what_is_withheld_has_no_words() {
    let book = story();
    let source = store(&book.publish_without(book.0.len(), &[5]));
    let tables = indexed(&source);
    assert_eq!(found(&source, &tables, &words("rain")), [0; 0]);
    assert_eq!(tables.extent().unwrap().unwrap().1, 1);

    // An index from before the erasure names the entry; the words are not there to be shown, and
    // the index goes, which still holds them.
    let whole = published(&book);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("search.sqlite");
    let mut tables = Tables::open(&path, PATIENCE).unwrap();
    catch_up(&whole, &checkpoint(&whole), &mut tables, &mut |_| ()).unwrap();
    let reader = Reader::new(&source, checkpoint(&source).size);
    let paging = Paging { ascending: false, after: None, limit: 10 };
    let page = page(&tables, &reader, &words("rain"), paging, &mut |_| Ok(true)).unwrap();
    assert_eq!(page.hits.len(), 1);
    assert_eq!((page.hits[0].entry_index, page.hits[0].statement.is_none()), (5, true));
    drop(tables);
    assert_eq!(Tables::open(&path, PATIENCE).unwrap().extent().unwrap(), None);
}

/// Whether some bytes stand in any private file of a ledger.
fn private_files_hold(desk: &Desk, words: &str) -> bool {
    let files = fs::read_dir(desk.path().join("ledger/.state")).unwrap();
    let mut files = files.map(|it| it.unwrap().path()).filter(|it| it.is_file());
    files.any(|file| {
        let bytes = fs::read(file).unwrap();
        bytes.windows(words.len()).any(|found| found == words.as_bytes())
    })
}

#[test]
fn erased_words_do_not_stay_in_the_index() {
    let desk = Desk::new();
    let said = ["append", "--speaker", "the envoy", "--said", "Zanzibarite quivering umbrellas"];
    desk.check(&said, 0, "Appended");
    desk.check(&["append", "--speaker", "the envoy", "--said", "It is so."], 0, "Appended");
    desk.check(&["search", "zanzibarite"], 0, "1 entry found");
    assert!(private_files_hold(&desk, "umbrellas"), "the test looks at the wrong files");
    // Withheld by a notice alone it is found, but not said.
    desk.check(&["redact", "1", "--reason", "a court order"], 0, "");
    let text = desk.check(&["search", "zanzibarite"], 0, "withheld");
    assert!(!text.contains("umbrellas"), "{text}");
    let erase = ["redact", "1", "--reason", "a court order", "--erase", "--statement", "--yes"];
    desk.check(&erase, 0, "erased");
    assert!(!private_files_hold(&desk, "umbrellas"));
    desk.check(&["search", "zanzibarite"], 0, "Nothing found");
    desk.check(&["search", "envoy"], 0, "1 is withheld");
    assert!(!private_files_hold(&desk, "umbrellas"));
}

#[test]
fn an_index_that_is_there_follows_each_commit() {
    let desk = Desk::new();
    let index = desk.path().join("ledger/.state/search.sqlite");
    let append = |text: &str| {
        desk.check(&["append", "--speaker", "the envoy", "--said", text], 0, "Appended");
    };
    append("first");
    assert!(!index.exists(), "nobody has searched yet");
    desk.check(&["search", "first"], 0, "1 entry found");
    append("second");
    let tables = Tables::open(&index, PATIENCE).unwrap();
    assert_eq!(tables.extent().unwrap().unwrap().0.tree_size, 3);
    drop(tables);
    // One that is damaged hinders nobody, and is made anew by the next search.
    fs::write(&index, "no database, and long enough to be looked at").unwrap();
    append("third");
    desk.check(&["search", "third"], 0, "Complete up to entry 3 of 4 entries");
}

#[test]
fn where_nothing_can_be_written_the_index_is_built_in_memory() {
    let desk = Desk::new();
    desk.check(&["append", "--speaker", "the envoy", "--said", "It is so."], 0, "Appended");
    // A folder stands where the file would go: nothing can be kept, whoever asks.
    fs::create_dir(desk.path().join("ledger/.state/search.sqlite")).unwrap();
    let text = desk.check(&["search", "so"], 0, "1 entry found");
    assert!(text.contains("built in memory, for this answer only"), "{text}");
    desk.check(&["append", "--speaker", "the envoy", "--said", "It is not so."], 0, "Appended");
}

#[test]
fn a_search_that_cannot_be_understood_says_so() {
    let desk = Desk::new();
    let check = |words: &[&str], said: &str| {
        desk.check(words, 2, said);
    };
    check(&["search"], "nothing to search for");
    check(&["search", "!?"], "there is no word in");
    check(&["search", "--from", "yesterday"], "--from");
    check(&["search", "--from", "2024", "--to", "2023"], "nothing can be of that time");
    check(&["search", "--act", "sing"], "\"sing\" is no act");
    check(&["search", "--kind", "song"], "\"song\" is no kind of record");
    check(&["search", "--party", "nobody"], "no party is called");
    check(&["timeline", "nobody"], "no party is called");
    check(&["contradictions", "nobody"], "no party is called");
    check(&["log", "--party", "nobody"], "no party is called");
    check(&["log", "--since", "soon"], "--since");
    check(&["search", "x", "--ledger", "https://ledger.example/claims"], "needs its folder");
}
