//! Claim files, from their text to entries of a ledger: the real ones whole, the bad ones refused
//! with the words that help.

#![allow(clippy::disallowed_methods, reason = "a test reads its cases and the documents' example")]

use std::fs;
use std::path::Path;

use whosaid::attribution::record::Record;
use whosaid::attribution::record::claim::Claim;
use whosaid::claimfile::compose::{Error, compose};
use whosaid::claimfile::composition::{Row, Wanted};
use whosaid::claimfile::parse::{MAX_SIZE, parse};
use whosaid::evidence::text::{Profile, derive};
use whosaid::hash::Hash;
use whosaid::ledger::batch::{Batch, Recorder};
use whosaid::ledger::writing::Ledger;
use whosaid::store::simulated::SimulatedDisk;
use whosaid::verify::report::Verdict;

use crate::it::house::{TIME, open, recorder_key, verify_disk};

/// A file of the real input, from a folder that only some machines have.
const ARTICLE: &str = "../shared/data/kabul/article.txt";

/// Composes a claim file whose captures stand in `folder` and commits it.
fn append(
    ledger: &mut Ledger<SimulatedDisk>,
    text: &str,
    folder: &str,
) -> Result<(Vec<Row>, Vec<Claim>), String> {
    let file = parse(text.as_bytes()).map_err(|faults| faults.to_string())?;
    let key = recorder_key();
    let recorder = Recorder { name: "nadia", key: &key, recorded_at: TIME };
    let mut batch = Batch::new(ledger, recorder).unwrap();
    let mut read = |wanted: Wanted<'_>| match wanted {
        Wanted::File(name) => fs::read(Path::new(folder).join(name)).map_err(|e| e.kind()),
        Wanted::Kept(digest) => Ok(kept(folder, digest)),
        Wanted::Page(_) => Err(std::io::ErrorKind::Unsupported),
    };
    let rows = match compose(&file, &mut batch, &mut read) {
        Ok(rows) => rows,
        Err(Error::Faults(faults)) => return Err(faults.to_string()),
        Err(Error::Ledger(error)) => panic!("{error}"),
    };
    let claims = rows.iter().filter_map(|row| match batch.record(row.added.id).unwrap() {
        Some(Record::Claim(claim)) => Some(*claim),
        _ => None,
    });
    let claims = claims.collect();
    let addition = batch.finish();
    ledger.commit(&addition).unwrap();
    Ok((rows, claims))
}

/// The file of the folder that has this digest, as the ledger's evidence would give it.
fn kept(folder: &str, digest: Hash) -> Vec<u8> {
    let files = fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    files.into_iter().find(|bytes| Hash::of(bytes) == digest).expect("a capture")
}

/// Every position must show the quote that stands beside it.
fn check_anchored(claims: &[Claim], capture: &[u8]) {
    let text = derive(Profile::Plain1, capture).unwrap();
    for claim in claims {
        let passage = claim.passage.as_ref().expect("every claim of a real file has its words");
        assert_eq!((passage.capture, passage.profile.as_str()), (Hash::of(capture), "plain/1"));
        for segment in &passage.segments {
            let position = segment.position.expect("anchored");
            assert_eq!(text.slice(position), Some(segment.exact.as_str()));
        }
    }
}

fn warnings(rows: &[Row]) -> Vec<&str> {
    rows.iter().flat_map(|row| &row.warnings).map(String::as_str).collect()
}

#[test]
fn the_kabul_article_is_recorded_whole_and_only_once() {
    let Ok(article) = fs::read(ARTICLE) else {
        println!("skipped: {ARTICLE} is not here");
        return;
    };
    let text = fs::read_to_string("tests/cases/kabul/claims.toml").unwrap();
    let disk = SimulatedDisk::new();
    let mut ledger = open(&disk).unwrap();
    let folder = Path::new(ARTICLE).parent().unwrap().to_str().unwrap();
    let (rows, claims) = append(&mut ledger, &text, folder).unwrap();
    assert_eq!(claims.len(), 14);
    assert_eq!(rows.iter().filter(|row| row.kind == "relation").count(), 3);
    assert_eq!(warnings(&rows), ["no capture is given: nobody can check what it says"]);
    assert!(rows.iter().all(|row| row.added.new));
    check_anchored(&claims, &article);
    let report = verify_disk(&disk);
    assert_eq!((report.verdict(), report.faults), (Verdict::Verified, Vec::new()));

    let size = ledger.tree_size();
    let (again, _) = append(&mut ledger, &text, folder).unwrap();
    assert!(again.iter().all(|row| !row.added.new));
    assert_eq!(ledger.tree_size(), size);
}

#[test]
fn the_example_in_the_documents_is_recorded_without_a_warning() {
    let text = fs::read_to_string("docs/example/kabul.toml").unwrap();
    let disk = SimulatedDisk::new();
    let mut ledger = open(&disk).unwrap();
    let (rows, claims) = append(&mut ledger, &text, "docs/example").unwrap();
    assert_eq!(warnings(&rows), Vec::<&str>::new());
    check_anchored(&claims, &fs::read("docs/example/note.txt").unwrap());
    assert_eq!(verify_disk(&disk).verdict(), Verdict::Verified);
}

#[test]
fn bad_files_are_refused_with_the_words_that_help() {
    let (mut count, mut wrong) = (0, Vec::new());
    for entry in fs::read_dir("tests/cases/claimfile").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let mut ledger = open(&SimulatedDisk::new()).unwrap();
        let message = append(&mut ledger, &text, "tests/cases/claimfile").unwrap_err();
        let expected: Vec<&str> =
            text.lines().map_while(|line| line.strip_prefix("# expect: ")).collect();
        assert!(!expected.is_empty(), "{}: nothing is expected", path.display());
        if let Some(missing) = expected.iter().find(|words| !message.contains(**words)) {
            wrong.push(format!("{}: expected {missing}, found {message}", path.display()));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(count >= 20, "only {count} bad files were found");
}

#[test]
fn a_file_that_is_no_claim_file_is_refused() {
    for (bytes, expected) in [
        (b"".as_slice(), "the file is empty, expected at least one section such as [[claim]]"),
        (b"# only a comment\n", "the file is empty"),
        (b"key = \"\xff\"", "byte 7 begins no character, expected UTF-8"),
        (&vec![b'#'; MAX_SIZE + 1], "the file has 4194305 bytes, expected at most 4194304"),
        (b"[[claim]]\nspeaker = \n", "line 2, column"),
        ("'é' = 1".as_bytes(), "unknown section `é`"),
        (&b"[".repeat(100_000), "not TOML"),
    ] {
        let message = parse(bytes).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
    assert!(parse(&vec![b'\n'; MAX_SIZE]).is_err());
}

#[test]
fn a_broken_file_never_breaks_the_program() {
    let good = fs::read_to_string("docs/example/kabul.toml").unwrap();
    let claims = good.find("[[claim]]").unwrap();
    let (start, end) = (claims.saturating_sub(900), claims + 900);
    let bytes = good.as_bytes()[start..end].to_vec();
    for place in 0..bytes.len() {
        _ = parse(&bytes[..place]);
        for damage in [b'"', b'{', b'\n', 0xff] {
            let mut damaged = bytes.clone();
            damaged[place] = damage;
            _ = parse(&damaged);
        }
    }
}

#[test]
fn a_claim_stands_in_a_document_that_was_recorded_before() {
    let disk = SimulatedDisk::new();
    let mut ledger = open(&disk).unwrap();
    let first = "[[party]]\nkey = 'minister'\nname = 'The minister'\nkind = 'person'\n\
                 [[document]]\nkind = 'note'\ncapture = 'two-lines.txt'\n";
    let folder = "tests/cases/claimfile";
    let (rows, _) = append(&mut ledger, first, folder).unwrap();
    let prefix = rows[1].added.id.short();
    for capture in ["", "capture = 'two-lines.txt', "] {
        let later = format!(
            "[[claim]]\nspeaker = 'minister'\nsaid = 'Yes.'\nin = '{prefix}'\n\
             passage = {{ {capture}exact = 'said yes' }}\n"
        );
        let (rows, claims) = append(&mut ledger, &later, folder).unwrap();
        assert_eq!(rows[0].added.entry_index, 3);
        check_anchored(&claims, &fs::read("tests/cases/claimfile/two-lines.txt").unwrap());
    }
    let wrong = format!(
        "[[claim]]\nspeaker = 'minister'\nsaid = 'Yes.'\nin = '{}'\npassage = 'said yes'\n",
        rows[0].added.id.short()
    );
    let message = append(&mut ledger, &wrong, folder).unwrap_err();
    assert!(message.contains("is the id of something else, expected a document"), "{message}");
    assert_eq!(verify_disk(&disk).verdict(), Verdict::Verified);
}
