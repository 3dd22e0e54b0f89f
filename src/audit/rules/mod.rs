//! The rules by which a claim is audited. One rule is one function with its name, its words, and
//! its test beside it; [`ALL`] is the one table of them.

pub mod rule;
pub mod recorder;
pub mod evidence;
pub mod package;
pub mod passage;
pub mod time;
pub mod stamp;
pub mod clock;
pub mod channel;
pub mod control;
pub mod handle;
pub mod source;
pub mod chain;
pub mod graph;
pub mod identity;

use crate::audit::rules::rule::Rule;

/// Every rule, in the order in which findings are printed.
pub const ALL: &[Rule] = &[
    recorder::SIGNER_IN_GOOD_STANDING,
    evidence::DIGEST_AND_SIZE,
    evidence::TEXT_RE_DERIVES,
    evidence::CAPTURE_PROVIDER_TRUSTED,
    evidence::PAGE_NOT_EMPTY,
    package::PACKAGE_AS_PACKED,
    package::RECORDS_AS_WRITTEN,
    package::TAKEN_FROM_PACKAGE,
    package::WORDS_CAN_BE_LOOKED_FOR,
    passage::SEGMENT_FOUND_ONCE,
    passage::QUOTE_AND_POSITION_AGREE,
    passage::SEGMENTS_IN_ORDER,
    passage::ELLIPSIS_MARKED,
    passage::SPEAKER_IN_CAPTURE,
    passage::CUE_NEAR_PASSAGE,
    passage::DENIAL_NEAR_CUE,
    passage::DIRECT_IN_QUOTATION_MARKS,
    time::SAID_BEFORE_REPORTED,
    time::REPORTED_BEFORE_CAPTURED,
    time::CAPTURED_BEFORE_RECORDED,
    time::WEEKDAY_AGREES,
    time::ROLE_COVERS_SAID_AT,
    time::CONTROL_COVERS_SAID_AT,
    time::ARCHIVE_URL_TIME,
    time::DATED_BEFORE_WITNESSED,
    stamp::TIME_STAMP_HOLDS,
    stamp::DATED_BEFORE_STAMPED,
    clock::CLOCK_IN_ID_AGREES,
    channel::ONE_CONTROLLER_AT_A_TIME,
    channel::CONTROL_BY_EVIDENCE,
    channel::CHANNEL_URL_MATCHES,
    control::CONTROL_FRESH,
    control::REL_ME_BOTH_WAYS,
    handle::HANDLE_AT_TIME,
    handle::HANDLE_HELD_BY_ANOTHER,
    source::SOURCE_SIGNATURE_HOLDS,
    source::SIGNATURE_COVERS_PASSAGE,
    source::SOURCE_KEY_IS_SPEAKERS,
    chain::NO_REPEATED_CAPTURE,
    chain::LAST_HOP_IS_SPEAKER,
    chain::HOPS_CAPTURED,
    chain::ANONYMITY_NOT_UPGRADED,
    chain::MODALITY_NOT_STRENGTHENED,
    chain::TRANSLATOR_NAMED,
    graph::NO_CIRCULAR_REPORTING,
    graph::SINGLE_POINT_OF_ORIGIN,
    graph::CONFIRMATION_IS_INDEPENDENT,
    graph::RESTS_ON_NOTHING_WITHDRAWN,
    identity::IDENTIFIER_CHECKSUM,
    identity::PLATFORM_ID_INTACT,
];

/// The rule of this name.
pub fn named(name: &str) -> Option<&'static Rule> {
    ALL.iter().find(|rule| rule.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{ALL, named};

    #[test]
    fn every_rule_has_one_kebab_case_name_and_two_sentences() {
        let names: BTreeSet<&str> = ALL.iter().map(|rule| rule.name).collect();
        assert_eq!(names.len(), ALL.len());
        for rule in ALL {
            let kebab = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(rule.name.chars().all(kebab), "{}", rule.name);
            for sentence in [rule.words, rule.not_shown] {
                let first = sentence.chars().next().unwrap();
                assert!(first.is_uppercase() && sentence.ends_with('.'), "{sentence}");
            }
            assert_eq!(named(rule.name).map(|found| found.words), Some(rule.words));
        }
        assert!(ALL.is_sorted_by_key(|rule| rule.group), "grouped as they are printed");
        assert!(named("no-such-rule").is_none());
    }
}
