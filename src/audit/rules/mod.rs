//! The rules by which a claim is audited. One rule is one function with its name, its words, and
//! its test beside it; [`ALL`] is the one table of them.

pub mod rule;
pub mod recorder;
pub mod evidence;
pub mod passage;
pub mod time;

use crate::audit::rules::rule::Rule;

/// Every rule, in the order in which findings are printed.
pub const ALL: &[Rule] = &[
    recorder::SIGNER_IN_GOOD_STANDING,
    evidence::DIGEST_AND_SIZE,
    evidence::TEXT_RE_DERIVES,
    evidence::CAPTURE_PROVIDER_TRUSTED,
    evidence::PAGE_NOT_EMPTY,
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
];

/// The rule of this name.
pub fn named(name: &str) -> Option<&'static Rule> {
    ALL.iter().find(|rule| rule.name == name)
}

#[cfg(test)]
pub(crate) mod testing;
