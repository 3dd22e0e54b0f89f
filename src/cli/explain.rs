//! `whosaid explain`: what a rule checks and does not show, what a level means, what an error
//! code wants.

use serde::Serialize;

use crate::attribution::record::attestation::Scheme;
use crate::audit::level;
use crate::audit::{rules, schemes};
use crate::claimfile::fault::nearest;
use crate::cli::arguments::Explain;
use crate::cli::failure::{self, CODES, Exit, Failure};
use crate::cli::terminal::Terminal;

/// One thing that can be explained.
#[derive(Debug, Serialize)]
struct Entry {
    schema: &'static str,
    name: String,
    kind: &'static str,
    words: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_shown: Option<&'static str>,
}

pub(crate) fn run(explain: &Explain, terminal: &Terminal) -> Result<Exit, Failure> {
    let entries = entries();
    let Some(wanted) = &explain.name else {
        for entry in &entries {
            terminal.object(entry);
            terminal.line(format!("{:<5} {}", entry.kind, entry.name));
        }
        return Ok(Exit::Holds);
    };
    let Some(entry) = entries.iter().find(|entry| entry.name.eq_ignore_ascii_case(wanted)) else {
        let names = nearest(wanted, entries.iter().map(|entry| entry.name.as_str()));
        let failure =
            Failure::new(failure::USAGE, format!("there is no rule, level or code {wanted:?}"));
        return Err(match names.first() {
            Some(name) => failure.hint(format!("did you mean {name:?}?")),
            None => failure.hint("`whosaid explain` lists them all"),
        });
    };
    terminal.object(entry);
    terminal.line(format!("{} ({})", entry.name, entry.kind));
    terminal.line(&entry.words);
    if let Some(not_shown) = entry.not_shown {
        terminal.line(format!("It does not show: {not_shown}"));
    }
    Ok(Exit::Holds)
}

fn entries() -> Vec<Entry> {
    let schema = "whosaid.explain/1";
    let rules = rules::ALL.iter().map(|rule| Entry {
        schema,
        name: rule.name.to_owned(),
        kind: "rule",
        words: rule.words.to_owned(),
        not_shown: Some(rule.not_shown),
    });
    let levels = level::ALL.iter().map(|level| Entry {
        schema,
        name: format!("{level:?}"),
        kind: "level",
        words: level.words().to_owned(),
        not_shown: None,
    });
    let schemes = Scheme::ALL.into_iter().map(|scheme| {
        let (words, not_shown) = schemes::words(scheme);
        let (name, words) = (scheme.name().to_owned(), words.to_owned());
        Entry { schema, name, kind: "scheme", words, not_shown: Some(not_shown) }
    });
    let codes = CODES.iter().map(|code| Entry {
        schema,
        name: code.name.to_owned(),
        kind: "code",
        words: format!("{} (exit code {})", code.words, code.exit as u8),
        not_shown: None,
    });
    rules.chain(levels).chain(schemes).chain(codes).collect()
}
