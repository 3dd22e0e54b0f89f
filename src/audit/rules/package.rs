//! Rules about packages of web archives, and about captures in which nobody can look for words.

use crate::attribution::truth::Truth;
use crate::audit::case::Case;
use crate::audit::packages::Packaged;
use crate::audit::rules::rule::{Group, Judgement, Rule};

/// See its words.
pub const PACKAGE_AS_PACKED: Rule = Rule {
    name: "package-as-packed",
    group: Group::Evidence,
    words: "A package of web archives has the files that it lists, with the hashes that it lists.",
    not_shown: "That the archive kept what the site sent: whoever packs can list other hashes.",
    judge: |case| each(case, |package| package.package.clone()),
};

/// See its words.
pub const RECORDS_AS_WRITTEN: Rule = Rule {
    name: "records-as-written",
    group: Group::Evidence,
    words: "The records in a web archive have the digests that they give of themselves.",
    not_shown: "That the site sent these bytes: the program that wrote them down says so.",
    judge: |case| each(case, |package| Some(package.records.clone())),
};

/// See its words.
pub const TAKEN_FROM_PACKAGE: Rule = Rule {
    name: "taken-from-package",
    group: Group::Evidence,
    words: "Bytes recorded as taken from a package of web archives stand in it under their URL.",
    not_shown: "That the package was made by whom its recorder names.",
    judge: |case| each(case, |package| package.taken.clone()),
};

/// See its words.
pub const WORDS_CAN_BE_LOOKED_FOR: Rule = Rule {
    name: "words-can-be-looked-for",
    group: Group::Evidence,
    words: "The document read is captured as text, and not only as a picture or a recording.",
    not_shown: "That the text is what was on the screen.",
    judge: words_can_be_looked_for,
};

fn each(case: &Case<'_>, level: impl Fn(&Packaged) -> Option<(Truth, String)>) -> Vec<Judgement> {
    let judged = case.steps.iter().filter_map(|reading| {
        let (truth, what) = level(reading.package.as_ref()?)?;
        let what = format!("{}: {what}", reading.step.name());
        Some(Judgement::new(truth, what).at(reading.step.number))
    });
    judged.collect()
}

fn words_can_be_looked_for(case: &Case<'_>) -> Vec<Judgement> {
    let judged = case.steps.iter().filter_map(|reading| {
        let seen = reading.captures.iter().filter(|capture| is_seen(&capture.media_type)).count();
        if seen == 0 {
            return None;
        }
        let name = reading.step.name();
        Some(if seen == reading.captures.len() {
            let what = format!(
                "{name}: only a picture or a recording is captured: anybody can make one, and no \
                 program finds words in it; they rest on whoever looked"
            );
            Judgement::new(Truth::Unknown, what).at(reading.step.number)
        } else {
            let what = format!("{name}: a picture is captured, and text beside it");
            Judgement::new(Truth::Holds, what).at(reading.step.number)
        })
    });
    judged.collect()
}

/// Whether a media type is one of pictures, sound or film.
fn is_seen(media_type: &str) -> bool {
    ["image/", "audio/", "video/"]
        .iter()
        .any(|kind| media_type.to_ascii_lowercase().starts_with(kind))
}
