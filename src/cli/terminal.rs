//! Standard output and standard error: data on the one, talk on the other, neither ever taken
//! over by what a ledger says.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::audit::line::is_obeyed;
use crate::cli::failure::{self, Exit, Failure};

/// Where a command prints.
#[derive(Debug)]
pub(crate) struct Terminal {
    json: bool,
    /// The first error of standard output; what was printed after it is lost too.
    failed: RefCell<Option<io::Error>>,
}

impl Terminal {
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    pub(crate) fn new(json: bool) -> Self {
        Self { json, failed: RefCell::default() }
    }

    /// Lets what was printed so far be seen, by whoever waits for it before a long wait.
    pub(crate) fn flush(&self) {
        if let Err(error) = io::stdout().flush() {
            self.failed.borrow_mut().get_or_insert(error);
        }
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

    /// Text for another program (completions, a manual page), or as one JSON object.
    pub(crate) fn document(&self, text: &str) {
        #[derive(Serialize)]
        struct Json<'a> {
            schema: &'static str,
            text: &'a str,
        }
        self.object(&Json { schema: "whosaid.text/1", text });
        if !self.json {
            self.raw(text);
        }
    }

    /// Bytes for another program, as they are.
    pub(crate) fn bytes(&self, bytes: &[u8]) {
        self.keep(io::stdout().write_all(bytes));
    }

    fn raw(&self, text: &str) {
        self.keep(anstream::stdout().write_all(text.as_bytes()));
    }

    fn keep(&self, written: io::Result<()>) {
        if let Err(error) = written {
            self.failed.borrow_mut().get_or_insert(error);
        }
    }

    /// Whether all that was printed has gone out. A reader that has seen enough (`| head`) is no
    /// error of ours; a full disk is.
    pub(crate) fn finish(&self) -> Result<(), Failure> {
        let flushed = io::stdout().flush();
        match self.failed.take().or(flushed.err()) {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let message = format!("could not write standard output: {error}");
                Err(Failure::new(failure::IO, message).hint("what was printed is not all there is"))
            }
            _ => Ok(()),
        }
    }

    /// Sends out what was printed so far. For whoever has to know that it arrived, a reader that
    /// has gone away is a failure too.
    pub(crate) fn deliver(&self) -> Result<(), Failure> {
        let flushed = io::stdout().flush();
        let failed = self.failed.borrow().as_ref().map(io::Error::to_string);
        match failed.or(flushed.err().map(|error| error.to_string())) {
            None => Ok(()),
            Some(error) => {
                let message = format!("could not write standard output: {error}");
                Err(Failure::new(failure::IO, message).hint("what was not written comes again"))
            }
        }
    }

    /// Asks a person at the terminal; only the word `yes` is one.
    pub(crate) fn confirm(&self, question: &str) -> Result<bool, Failure> {
        if self.json || !io::stdin().is_terminal() {
            let message = "nobody can be asked whether this is meant";
            return Err(Failure::usage(message).hint("--yes does it without asking"));
        }
        let _ = anstream::stderr().write_all(plain(question).as_bytes());
        let mut line = String::new();
        let read = io::stdin().read_line(&mut line);
        read.map_err(|error| {
            Failure::new(failure::IO, format!("could not read standard input: {error}"))
        })?;
        Ok(line.trim() == "yes")
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

    /// A progress bar over a file of so many bytes: on a terminal only, and not for a short one.
    pub(crate) fn progress_of_bytes(&self, total: u64, what: &'static str) -> ProgressBar {
        const SHORT: u64 = 1024 * 1024;
        if self.json || total < SHORT || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{msg} [{wide_bar}] {bytes}/{total_bytes} {eta}");
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
