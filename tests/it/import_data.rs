//! Whole public collections, each by the map that comes with the program. From a folder that only
//! some machines have.
#![expect(clippy::disallowed_methods, reason = "the collections are read")]

use std::fs::File;
use std::path::Path;

use whosaid::attribution::record::Record;
use whosaid::import::engine::COMMIT;
use whosaid::import::forms::columns::{parse, ready};
use whosaid::import::forms::table;
use whosaid::import::outcome::{Status, Summary};

use crate::it::import_rows::Desk;

/// Imports a file twice: what became of it, and that nothing is added the second time.
fn import(file: &str, map: &str) -> Option<(Desk, Summary)> {
    let path = Path::new("../shared/data").join(file);
    if !path.exists() {
        println!("SKIPPED: {} is not here", path.display());
        return None;
    }
    let map = parse::parse(ready::named(map).unwrap().text.as_bytes()).unwrap();
    let open = || table::Reader::new(File::open(&path).unwrap(), b',', &map).unwrap();
    let mut desk = Desk::new();
    desk.options.commit = COMMIT;
    let first = desk.take(&mut open());
    let mut again = Desk { disk: desk.disk.copy(), options: desk.options, ..Desk::new() };
    let second = again.take(&mut open());
    assert_eq!((second.new, second.statements), (0, 0), "{file}");
    assert_eq!(second.already, first.new + first.already, "{file}");
    desk.verified();
    Some((desk, first))
}

fn claims(desk: &Desk) -> usize {
    desk.records().iter().filter(|(_, record)| record.kind() == "claim").count()
}

#[test]
fn all_posts_go_in_but_those_whose_ids_a_spreadsheet_damaged() {
    let Some((desk, summary)) = import("posts/538_trump_poll_tweets.csv", "538-tweets") else {
        return;
    };
    assert_eq!((summary.rows, summary.new, summary.refused), (448, 445, 3));
    let refused = desk.outcomes.iter().filter(|it| it.status == Status::Refused);
    let refused: Vec<(u64, bool)> = refused
        .map(|it| (it.line, it.problem.as_ref().unwrap().what.contains("a spreadsheet writes it")))
        .collect();
    assert_eq!(refused, [(51, true), (337, true), (470, true)]);
    // The clock inside every whole id agrees with the time that the list gives.
    assert!(desk.outcomes.iter().all(|it| it.notes.is_empty()), "{:?}", desk.outcomes);
    println!("{} claims", claims(&desk));
    assert!((250..445).contains(&claims(&desk)));
}

#[test]
fn every_candidates_statement_goes_in_with_a_year_that_is_inferred() {
    for (name, rows) in [("0114", 25), ("0130", 27)] {
        let file = format!("posts/538_statements_{name}.csv");
        let Some((desk, summary)) = import(&file, &format!("538-statements-{name}")) else {
            return;
        };
        assert_eq!((summary.rows, summary.new), (rows, rows));
        let records = desk.records();
        let dates: Vec<String> = records
            .iter()
            .filter_map(|(_, record)| match record {
                Record::Claim(claim) => Some(claim.said_at.as_ref().unwrap().edtf()),
                _ => None,
            })
            .collect();
        assert_eq!(dates.len() as u64, rows);
        assert!(dates.contains(&"2014?-12-26".to_owned()), "{dates:?}");
        assert!(dates.contains(&"2015?-01-12".to_owned()), "{dates:?}");
        let parties = records.iter().filter(|(_, record)| record.kind() == "party").count();
        assert_eq!(parties as u64, rows + 1);
    }
}

#[test]
fn a_thousand_remarks_go_in_as_documents_and_few_as_claims() {
    let Some((desk, summary)) = import("statements/china_mfa_remarks.csv", "china-mfa-remarks")
    else {
        return;
    };
    assert_eq!((summary.rows, summary.new, summary.refused), (1_000, 1_000, 0));
    let records = desk.records();
    let dated = records.iter().filter(
        |(_, record)| matches!(record, Record::Document(document) if document.published.is_some()),
    );
    assert_eq!(dated.count(), 840);
    // Twelve remarks on a spokesperson's own account, and ten announcements.
    assert_eq!(claims(&desk), 22);
}
