//! Standard output and standard error: data on the one, talk on the other, neither ever taken
//! over by what a ledger says.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::audit::line::is_obeyed;
use crate::cli::failure::{Exit, Failure};

/// Where a command prints.
#[derive(Debug)]
pub(crate) struct Terminal {
    json: bool,
    /// Why data could not be printed, if it could not.
    lost: RefCell<Option<io::Error>>,
}

impl Terminal {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, lost: RefCell::new(None) }
    }

    /// One line of data for people; silent where JSON was asked for.
    pub(crate) fn line(&self, text: impl AsRef<str>) {
        if !self.json {
            self.raw(&format!("{}\n", plain(text.as_ref())));
        }
    }

    /// One JSON object on one line; silent where JSON was not asked for.
    pub(crate) fn object(&self, value: &impl Serialize) {
        if self.json {
            let text = serde_json::to_string(value).expect("reports have text keys");
            self.raw(&format!("{text}\n"));
        }
    }

    /// Bytes for another program (completions, a manual page).
    pub(crate) fn raw(&self, text: &str) {
        let mut output = anstream::stdout();
        if let Err(error) = output.write_all(text.as_bytes()).and_then(|()| output.flush())
            // A reader that has seen enough (`| head`) is no error of ours.
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            self.lost.borrow_mut().get_or_insert(error);
        }
    }

    /// How a command ends whose data could not all be printed: a full disk must not pass for a
    /// yes.
    pub(crate) fn end(&self, exit: Exit) -> Exit {
        match self.lost.take() {
            Some(error) => {
                self.talk(format!("error: could not write standard output: {error}"));
                Exit::Io
            }
            None => exit,
        }
    }

    /// Talk: what is going on, for whoever watches.
    pub(crate) fn talk(&self, text: impl AsRef<str>) {
        if !self.json {
            // In one piece, so that lines of several processes do not mix.
            let line = format!("{}\n", plain(text.as_ref()));
            let _ = anstream::stderr().write_all(line.as_bytes());
        }
    }

    /// Prints a failure, with its hints, and hands back its exit code.
    pub(crate) fn failure(&self, failure: &Failure) -> Exit {
        if self.json {
            self.object(&failure.json());
        } else {
            self.talk(format!("error: {}", failure.message()));
            for hint in failure.hints() {
                self.talk(format!("hint: {hint}"));
            }
        }
        failure.exit()
    }

    /// A progress bar over `total` things: on a terminal only, and not for short work.
    pub(crate) fn progress(&self, total: u64, what: &'static str) -> ProgressBar {
        const SHORT: u64 = 2_000;
        if self.json || total < SHORT || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style =
            ProgressStyle::with_template("{msg} [{wide_bar}] {human_pos}/{human_len} {eta}");
        let bar = ProgressBar::new(total).with_message(what);
        bar.set_style(style.expect("a good template"));
        bar
    }
}

/// The text with what could take over a terminal, or turn words around, made visible; its lines
/// stay lines.
pub(crate) fn plain(text: &str) -> String {
    let harmless = |c: char| c == '\n' || !is_obeyed(c);
    if text.chars().all(harmless) {
        return text.to_owned();
    }
    let shown = |c: char| if harmless(c) { c.to_string() } else { c.escape_unicode().to_string() };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_could_take_over_a_terminal_is_made_visible() {
        assert_eq!(plain("Kabul — \u{0643}\u{0627}\u{0628}\u{0644}\n"), "Kabul — كابل\n");
        assert_eq!(plain("\u{1b}[2J"), "\\u{1b}[2J");
        assert_eq!(plain("a\u{202e}b\r"), "a\\u{202e}b\\u{d}");
    }
}
