//! The clock in post ids against the times of real posts, from a data set that a spreadsheet
//! damaged.

use std::path::Path;

use jiff::Timestamp;
use whosaid::evidence::address::clock::{self, Clocked, Platform, Time};

/// `8/16/2016 19:22:57`, in UTC, as seconds since 1970.
fn seconds(written: &str) -> i64 {
    let parts: Vec<u32> =
        written.split(['/', ' ', ':']).map(|part| part.parse().unwrap()).collect();
    let [month, day, year, hour, minute, second] = parts[..] else { panic!("{written}") };
    let iso = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
    iso.parse::<Timestamp>().unwrap().as_second()
}

#[test]
fn real_posts_agree_with_their_clock_and_the_damaged_are_named() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/posts");
    let path = folder.join("538_trump_poll_tweets.csv");
    if !path.exists() {
        eprintln!("SKIPPED: {} is absent", path.display());
        return;
    }
    let (mut agreeing, mut damaged, mut other) = (0, Vec::new(), Vec::new());
    for row in csv::Reader::from_path(path).unwrap().records() {
        let row = row.unwrap();
        let url = format!("https://twitter.com/realDonaldTrump/status/{}", &row[0]);
        let Some(Clocked { platform: Platform::X, id, time }) = clock::in_url(&url) else {
            panic!("{url} is no post");
        };
        match time {
            // To the minute: within one minute of the time that the data set gives.
            Time::At(told) if (told / 1_000 - seconds(&row[1])).abs() < 60 => agreeing += 1,
            Time::Damaged(_) => damaged.push(id),
            _ => other.push((id, time)),
        }
    }
    assert_eq!(other, []);
    assert_eq!(agreeing, 445);
    assert_eq!(damaged, ["7.02608E+17", "6.58435E+17", "6.36397E+17"]);
}
