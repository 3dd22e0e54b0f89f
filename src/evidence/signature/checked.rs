//! What the check of a source's signature answers: the same words for every scheme.
//!
//! Evidence says that a key signed bytes. That the key was a party's at that time is said by a
//! dated record of control, which others compare with [`Signer`].

use crate::evidence::reading::Verdict;

/// What became of one signature. Nothing but [`State::Valid`] is a yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// The key at hand signed the covered bytes.
    Valid,
    /// The bytes are not those that were signed.
    Altered,
    /// The key at hand is not the one that signed, or what it signed was changed: a key that was
    /// rotated since looks the same.
    OtherKey,
    /// By its own word, or its key's, the signature did not hold any more at the time asked for.
    Expired,
    /// The key was withdrawn by its owner.
    Revoked,
    /// It is no proof of its scheme, or breaks one of the scheme's rules.
    Malformed,
    /// The key, or something else that the check needs, is not at hand.
    Missing,
    /// This version does not check signatures of this sort.
    Unsupported,
}

impl State {
    /// The same as one of three.
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Valid => Verdict::Holds,
            Self::Altered | Self::OtherKey | Self::Expired | Self::Revoked | Self::Malformed => {
                Verdict::Fails
            }
            Self::Missing | Self::Unsupported => Verdict::Unknown,
        }
    }

    /// The state in one or two words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Altered => "altered",
            Self::OtherKey => "other key",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Malformed => "malformed",
            Self::Missing => "key missing",
            Self::Unsupported => "not supported",
        }
    }
}

/// Whose signature it is, by the proof's own account: compared with the platform and the platform
/// id of a recorded channel, both letter by letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// Where such keys live: `mail`, `bluesky`, `nostr`, `minisign`, `ssh`, `openpgp`, `x509`,
    /// `wacz`, `site`.
    pub platform: &'static str,
    /// The key or account in the platform's one spelling: a domain in lower case, a DID, a key in
    /// hex. Never something short that another key could be made to share.
    pub id: String,
}

/// Which of the capture's bytes the signature covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coverage {
    /// All of them, or all from which the capture's text is derived.
    Whole,
    /// In a JSON document, what stands at or below this JSON Pointer (RFC 6901).
    Below(String),
    /// Not all: what is left out, in words. Words found in the capture may be somebody else's.
    Partly(String),
}

impl Coverage {
    /// Whether words that stand at this JSON Pointer (none, outside JSON) are covered.
    pub fn covers(&self, pointer: Option<&str>) -> bool {
        match self {
            Self::Whole => true,
            Self::Partly(_) => false,
            Self::Below(root) => pointer
                .and_then(|pointer| pointer.strip_prefix(root.as_str()))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        }
    }
}

/// The answer of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What became of the signature.
    pub state: State,
    /// What was found, in words: lower case, no final period.
    pub fact: String,
    /// Whose signature it is by its own account, as far as that could be read.
    pub signer: Option<Signer>,
    /// What it covers.
    pub coverage: Coverage,
    /// When it was made by the signer's own word, in seconds since 1970.
    pub signed_at: Option<i64>,
    /// What this signature leaves open, beyond what its scheme always does: lower case, no final
    /// period.
    pub limits: Vec<String>,
}

impl Checked {
    /// An answer that is no yes, with nothing else known.
    ///
    /// # Panics
    /// If the state is [`State::Valid`]: a yes names its signer and what it covers.
    pub fn not(state: State, fact: impl Into<String>) -> Self {
        assert!(state != State::Valid, "a yes names its signer");
        let fact = fact.into();
        let coverage = Coverage::Partly("nothing was verified".to_owned());
        Self { state, fact, signer: None, coverage, signed_at: None, limits: Vec::new() }
    }

    /// The same, with the signer that the proof names.
    #[must_use]
    pub fn by(mut self, platform: &'static str, id: impl Into<String>) -> Self {
        self.signer = Some(Signer { platform, id: id.into() });
        self
    }
}

#[cfg(test)]
mod tests {
    use super::{Coverage, State};
    use crate::evidence::reading::Verdict;

    #[test]
    fn only_valid_holds() {
        let holds = |state: &State| state.verdict() == Verdict::Holds;
        let all = [
            State::Valid,
            State::Altered,
            State::OtherKey,
            State::Expired,
            State::Revoked,
            State::Malformed,
            State::Missing,
            State::Unsupported,
        ];
        assert_eq!(all.iter().filter(|state| holds(state)).count(), 1);
    }

    #[test]
    fn a_pointer_is_covered_at_and_below_the_signed_one_only() {
        let below = Coverage::Below("/value".to_owned());
        for (pointer, expected) in [
            (Some("/value"), true),
            (Some("/value/text"), true),
            (Some("/values/text"), false),
            (Some("/uri"), false),
            (None, false),
        ] {
            assert_eq!(below.covers(pointer), expected, "{pointer:?}");
        }
        assert!(Coverage::Whole.covers(None) && Coverage::Whole.covers(Some("/a")));
        assert!(!Coverage::Partly("the subject".to_owned()).covers(None));
    }
}
