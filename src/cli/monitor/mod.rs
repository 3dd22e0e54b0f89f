//! `whosaid monitor`: follows ledgers, and reports what is said by or about a party.
//!
//! What was seen of each place is kept in a folder of its own, locked while somebody follows it.
//! An event is delivered first and remembered then: whatever stops us, it comes again.

mod location;
mod command;
mod tell;
mod desk;

use std::thread;
use std::time::Duration;

use crate::cli::failure::{Exit, Failure};
use crate::cli::monitor::desk::{Desk, Outcome};
use crate::cli::monitor::location::Location;
use crate::cli::monitor_options::Monitor;
use crate::cli::open::Place;
use crate::cli::terminal::Terminal;
use crate::tlog::policy::Policy;

/// The longest pause after failures, in seconds, unless more was asked for.
const LONGEST_PAUSE: u64 = 3600;

pub(crate) fn run(place: &Place, options: &Monitor, terminal: &Terminal) -> Result<Exit, Failure> {
    let policy = place.policy()?;
    let mut desks = Vec::new();
    for location in locations(options, &policy)? {
        desks.push(Desk::open(location, options, (place, &policy), terminal)?);
    }
    if options.once {
        let mut outcomes = Vec::new();
        for number in 0..desks.len() {
            outcomes.push(look(&mut desks, number)?);
        }
        return Ok(worst(&outcomes));
    }
    follow(&mut desks, options.every)
}

/// Looks at each place in its turn, for as long as anybody listens.
fn follow(desks: &mut [Desk<'_>], every: u64) -> Result<Exit, Failure> {
    // Seconds until the next look, and how often the last ones failed.
    let mut plans: Vec<(u64, u32)> = vec![(0, 0); desks.len()];
    loop {
        for (number, (left, failures)) in plans.iter_mut().enumerate() {
            if *left > 0 {
                continue;
            }
            *failures = match look(desks, number)? {
                Outcome::Unreachable | Outcome::Undelivered => failures.saturating_add(1),
                Outcome::Followed | Outcome::Undecided | Outcome::Alarm => 0,
            };
            *left = pause(every, *failures);
        }
        let shortest = plans.iter().map(|(left, _)| *left).min().unwrap_or(every);
        thread::sleep(Duration::from_secs(shortest));
        for (left, _) in &mut plans {
            *left -= shortest;
        }
    }
}

/// Looks at one place, and whether it tells the same story as the others.
fn look(desks: &mut [Desk<'_>], number: usize) -> Result<Outcome, Failure> {
    let others: Vec<(String, Vec<u8>)> = desks.iter().filter_map(Desk::testimony).collect();
    let desk = &mut desks[number];
    let outcome = desk.look()?;
    Ok(if desk.compare(&others)? { Outcome::Alarm } else { outcome })
}

/// Twice as long after each failure, up to a limit.
fn pause(every: u64, failures: u32) -> u64 {
    let longer = every.saturating_mul(1_u64.checked_shl(failures).unwrap_or(u64::MAX));
    longer.min(LONGEST_PAUSE.max(every))
}

/// The places that were named, or those of the policy; each once.
fn locations(options: &Monitor, policy: &Policy) -> Result<Vec<Location>, Failure> {
    let mut typed = options.locations.clone();
    if typed.is_empty() {
        typed = policy.logs().iter().filter_map(|log| log.url.clone()).collect();
    }
    let mut named: Vec<Location> = Vec::new();
    for typed in typed {
        let location = Location::parse(typed)?;
        if !named.iter().any(|it| it.whole == location.whole) {
            named.push(location);
        }
    }
    if named.is_empty() {
        let message = "no LOCATION is given, and the policy names no URL of a log";
        return Err(Failure::usage(message).hint("whosaid monitor https://ledger.example/claims"));
    }
    Ok(named)
}

/// The exit code for all places together: what does not hold first.
fn worst(outcomes: &[Outcome]) -> Exit {
    let any = |outcome| outcomes.contains(&outcome);
    if any(Outcome::Alarm) {
        Exit::DoesNotHold
    } else if any(Outcome::Unreachable) || any(Outcome::Undelivered) {
        Exit::Io
    } else if any(Outcome::Undecided) {
        Exit::Undecided
    } else {
        Exit::Holds
    }
}

#[cfg(test)]
mod tests {
    use super::pause;

    #[test]
    fn the_pause_doubles_after_each_failure_up_to_an_hour() {
        let check = |every, expected: [u64; 6]| {
            let pauses = [0, 1, 2, 5, 70, u32::MAX].map(|failures| pause(every, failures));
            assert_eq!(pauses, expected, "{every}");
        };
        check(300, [300, 600, 1200, 3600, 3600, 3600]);
        check(1, [1, 2, 4, 32, 3600, 3600]);
        check(7200, [7200; 6]);
    }
}
