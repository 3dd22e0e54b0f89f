//! One run of a command that somebody else wrote, with an event on its standard input.

use std::io::Write;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

/// How often the command is asked whether it has ended: rarely enough to cost nothing.
const PAUSE: Duration = Duration::from_millis(10);

/// Runs the command in a shell and waits for its end, at most `limit`. What it prints goes where
/// ours goes.
///
/// # Errors
/// In words, if it could not be started, did not end in time, or ended badly.
pub(crate) fn run(command: &str, input: Vec<u8>, limit: Duration) -> Result<(), String> {
    let child = shell(command).stdin(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| format!("the command could not be started: {error}"))?;
    let mut pipe = child.stdin.take().expect("a pipe was asked for");
    // By itself, because a command that reads nothing may keep a long event waiting. One that
    // closes its input without reading is free to.
    let writer = thread::spawn(move || drop(pipe.write_all(&input)));
    let ended = wait(&mut child, limit);
    // If the command is gone but something it started holds the pipe, the writer is left behind.
    if writer.is_finished() {
        let _ = writer.join();
    }
    match ended? {
        status if status.success() => Ok(()),
        status => Err(format!("the command failed ({status})")),
    }
}

/// Waits in small steps, which need no clock.
fn wait(child: &mut Child, limit: Duration) -> Result<ExitStatus, String> {
    let failed = |error| format!("the command could not be waited for: {error}");
    let mut waited = Duration::ZERO;
    loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            return Ok(status);
        }
        if waited >= limit {
            end(child);
            child.wait().map_err(failed)?;
            return Err(format!("the command did not end within {} seconds", limit.as_secs()));
        }
        thread::sleep(PAUSE);
        waited += PAUSE;
    }
}

/// A shell that runs the command, with all that it starts in a group of its own.
#[cfg(unix)]
fn shell(command: &str) -> Command {
    use std::os::unix::process::CommandExt;

    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", command]).process_group(0);
    shell
}

#[cfg(not(unix))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    shell.args(["/C", command]);
    shell
}

/// Ends the command, and on Unix all that it started and that did not leave its group.
fn end(child: &mut Child) {
    if cfg!(unix) {
        // The standard library ends one process; a shell's own `kill` ends a group.
        let group = format!("kill -9 -{}", child.id());
        let _ = Command::new("/bin/sh").args(["-c", &group]).stderr(Stdio::null()).status();
    }
    let _ = child.kill();
}
