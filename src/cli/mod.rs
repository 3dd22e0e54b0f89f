//! The command line: parse, call one function, print.
//!
//! The clock, the random source, the environment and the terminal are read here and nowhere else.
//! Data goes to standard output, talk to standard error; the exit code says how it went:
//! **0** it holds · **1** checked, and it does not hold · **2** bad usage or input · **3** could
//! not read or write · **4** a key is needed or refused · **5** undecided.

pub mod signing_options;
pub mod witness_options;
pub mod capture_options;
pub mod monitor_options;
pub mod import_options;
pub mod search_options;
pub mod gc_options;
pub mod arguments;
mod failure;
mod terminal;
mod secrets;
mod courier;
mod places;
mod seen;
mod summary;
mod cosigned;
mod following;
mod open;
mod searching;
mod init;
mod added;
mod pages;
mod append;
mod amend;
mod capture;
mod attach;
mod stop;
mod import_report;
mod import_rows;
mod import;
mod look;
mod redact;
mod gc;
mod verify;
mod audited;
mod audit;
mod search;
mod log_by;
mod timeline;
mod contradictions;
mod controller;
mod prove;
mod check;
mod witnesses;
mod witness;
mod key;
mod monitor;
mod explain;
mod shell;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use crate::cli::arguments::{Arguments, Command};
use crate::cli::failure::{Exit, Failure};
use crate::cli::open::Place;
use crate::cli::terminal::Terminal;
use crate::memory::Memory;

/// Runs one command and says how it went.
pub fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let words: Vec<OsString> = arguments.collect();
    let wants_json = words.iter().any(|word| word == "--json");
    let arguments = match Arguments::try_parse_from(words) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error, wants_json),
    };
    let terminal = Terminal::new(arguments.json);
    let outcome = dispatch(arguments, &terminal);
    let exit = outcome.unwrap_or_else(|failure| terminal.failure(&failure));
    let exit = terminal.finish().map_or_else(|failure| terminal.failure(&failure), |()| exit);
    ExitCode::from(exit as u8)
}

fn dispatch(arguments: Arguments, terminal: &Terminal) -> Result<Exit, Failure> {
    let place = Place {
        ledger: arguments.ledger,
        keys: arguments.keys,
        memory: places::state().map(Memory::new),
        cache: places::cache(),
        timeout: Duration::from_secs(arguments.timeout),
    };
    match arguments.command {
        Command::Init(it) => init::run(&place, &it, terminal),
        Command::Append(it) => append::run(&place, &it, terminal),
        Command::Capture(it) => capture::run(&place, &it, terminal),
        Command::Attach(it) => attach::run(&place, &it, terminal),
        Command::Import(it) => import::run(&place, &it, terminal),
        Command::Correct(it) => amend::correct(&place, &it, terminal),
        Command::Retract(it) => amend::retract(&place, &it, terminal),
        Command::Relate(it) => amend::relate(&place, &it, terminal),
        Command::Rebut(it) => amend::rebut(&place, &it, terminal),
        Command::Redact(it) => redact::run(&place, &it, terminal),
        Command::Log(it) if it.needs_index() => log_by::run(&place, &it, terminal),
        Command::Log(it) => look::log(&place, &it, terminal),
        Command::Show(it) => look::show(&place, &it, terminal),
        Command::Search(it) => search::run(&place, &it, terminal),
        Command::Timeline(it) => timeline::run(&place, &it, terminal),
        Command::Contradictions(it) => contradictions::run(&place, &it, terminal),
        Command::Verify(it) => verify::run(&place, &it, terminal),
        Command::Audit(it) => audit::audit(&place, &it, terminal),
        Command::Controller(it) => controller::run(&place, &it, terminal),
        Command::Impact(it) => audit::impact(&place, &it, terminal),
        Command::Prove(it) => prove::run(&place, &it, terminal),
        Command::Check(it) => check::run(&place, &it, terminal),
        Command::Witness(it) => witness::run(&place, &it, terminal),
        Command::Cosign(it) => witnesses::cosign(&place, &it, terminal),
        Command::Gc(it) => gc::run(&place, &it, terminal),
        Command::Key(it) => key::run(&place, &it, terminal),
        Command::Monitor(it) => monitor::run(&place, &it, terminal),
        Command::Explain(it) => explain::run(&it, terminal),
        Command::Completions(it) => shell::completions(&it, terminal),
        Command::Man => shell::man(terminal),
    }
}

/// Help and version are answers; everything else clap says is a mistake in usage.
fn usage(error: &clap::Error, wants_json: bool) -> ExitCode {
    if !error.use_stderr() || !wants_json {
        let _ = error.print();
        return ExitCode::from(if error.use_stderr() { Exit::Usage } else { Exit::Holds } as u8);
    }
    let failure = Failure::usage(error.render().to_string().trim());
    ExitCode::from(Terminal::new(true).failure(&failure) as u8)
}
