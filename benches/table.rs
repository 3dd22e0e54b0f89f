//! The table that is printed: what was done, how long it took, and how that compares.

use std::time::{Duration, Instant};

/// The head of the table, which is printed line by line.
pub(crate) fn begin() {
    println!("{:<46} {:>11} {:>11} {:>7}  beside", "", "took", "bare", "ratio");
}

pub(crate) fn row(what: &str, took: Duration, bare: Duration, beside: &str) {
    let ratio = took.as_secs_f64() / bare.as_secs_f64();
    println!("{what:<46} {took:>11.2?} {bare:>11.2?} {ratio:>7.2}  {beside}");
}

pub(crate) fn ratio_of_sizes(what: &str, found: u64, beside: u64) {
    let ratio = found as f64 / beside as f64;
    println!("{what:<46} {found:>11} {beside:>11} {ratio:>7.2}  bytes");
}

pub(crate) fn note(what: &str) {
    println!("{what}");
}

pub(crate) fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
