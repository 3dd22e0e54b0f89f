//! The rules by which a claim is audited. One rule is one function with its name, its words, and
//! its test beside it; [`ALL`] is the one table of them.

pub mod rule;
pub mod recorder;
pub mod evidence;

use crate::audit::rules::rule::Rule;

/// Every rule, in the order in which findings are printed.
pub const ALL: &[Rule] = &[
    recorder::SIGNER_IN_GOOD_STANDING,
    evidence::DIGEST_AND_SIZE,
    evidence::TEXT_RE_DERIVES,
    evidence::CAPTURE_PROVIDER_TRUSTED,
    evidence::PAGE_NOT_EMPTY,
];

/// The rule of this name.
pub fn named(name: &str) -> Option<&'static Rule> {
    ALL.iter().find(|rule| rule.name == name)
}

#[cfg(test)]
pub(crate) mod testing;
