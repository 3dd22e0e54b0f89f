//! An audit in a few sentences that can be read aloud, on the air or over the telephone.
//!
//! Nothing stands here that the findings do not say; what is not known is said in the same breath.

use crate::attribution::truth::Truth;
use crate::audit::Audit;
use crate::audit::level::Level;
use crate::audit::line::short_line;
use crate::audit::rules::graph;
use crate::audit::standing::Standing;

/// How much of what was said is read out, in characters.
const SAID: usize = 200;

/// The audit in short: who said what by whose record, how far that is shown, what would show more,
/// how many stand behind it, how it stands, and how much is open.
pub fn in_short(audit: &Audit) -> Vec<String> {
    let said = short_line(&audit.said, SAID);
    let mut sentences = vec![
        format!("{} recorded that {} said: “{said}”", audit.recorder, audit.speaker),
        level(audit.level.level).to_owned(),
    ];
    if let (Some(next), Some(stop)) = (audit.level.next, &audit.level.stopped_by) {
        sentences.push(format!("For {next:?} ({}), this is missing: {}.", next.name(), stop.what));
    }
    sentences.extend(signed(audit));
    sentences.push(origins(audit));
    sentences.push(standing(audit.standing.standing).to_owned());
    let withdrawn = audit.findings.iter().find(|finding| {
        finding.rule == graph::RESTS_ON_NOTHING_WITHDRAWN.name && finding.truth != Truth::Holds
    });
    sentences.extend(withdrawn.map(|finding| format!("But what it rests on: {}.", finding.what)));
    sentences.push(open(audit));
    sentences
}

/// What a level means for a listener.
const fn level(level: Level) -> &'static str {
    match level {
        Level::A0 => "Nothing at hand shows these words: there is only the recorder's signature.",
        Level::A1 => {
            "The document that the recorder read is kept; that it says so was not shown for sure."
        }
        Level::A2 => {
            "The words stand in the document that the recorder read; that the speaker said them is \
             what this document says."
        }
        Level::A3 => {
            "The words stand in the captured documents all the way to where the speaker, or its \
             own office, published them."
        }
        Level::A4 => {
            "The words stand in what a key signed that was the speaker's, or its own office's, then."
        }
    }
}

/// The signatures and time stamps, as far as there are any.
fn signed(audit: &Audit) -> Vec<String> {
    let each = audit.vouched.iter().map(|it| {
        let word = match it.truth {
            Truth::Holds => "Vouched for",
            Truth::Fails => "Not vouched for",
            Truth::Unknown => "Not known to be vouched for",
        };
        match it.limits.first() {
            Some(limit) if it.truth == Truth::Holds => {
                format!("{word}: {}; but {limit}.", it.what)
            }
            _ => format!("{word}: {}.", it.what),
        }
    });
    each.collect()
}

fn origins(audit: &Audit) -> String {
    let it = &audit.independence;
    let count = match it.origins.len() {
        0 => return "Nobody stands behind it any more: all was taken back.".to_owned(),
        1 => "At most one independent origin stands behind it".to_owned(),
        count => format!("At most {count} independent origins stand behind it"),
    };
    match it.single_points.as_slice() {
        [] => format!("{count}."),
        points => format!("{count}; every path runs through {}.", points.join(", ")),
    }
}

const fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Standing => "No later entry changes the claim itself.",
        Standing::Disputed => "It is disputed.",
        Standing::Denied => "It is denied.",
        Standing::Corrected => "Its publisher corrected it.",
        Standing::Retracted => "It was taken back.",
        Standing::Superseded => "Its recorder put another record in its place.",
        Standing::Withheld => "It, or what shows it, is withheld.",
    }
}

fn open(audit: &Audit) -> String {
    let fails = match audit.counts.fails {
        0 => "No check fails".to_owned(),
        1 => "1 check does not hold".to_owned(),
        count => format!("{count} checks do not hold"),
    };
    let unknown = audit.counts.unknown;
    format!("{fails}, {unknown} could not be decided; and none says whether the claim is true.")
}
