//! Rules about who signed the entry.

use crate::attribution::truth::Truth;
use crate::audit::case::Case;
use crate::audit::rules::rule::{Group, Judgement, Rule};

/// See its words.
pub const SIGNER_IN_GOOD_STANDING: Rule = Rule {
    name: "signer-in-good-standing",
    group: Group::Recorder,
    words: "No later revocation of the signer's key reaches back to this entry.",
    not_shown: "That nobody else had the key without the recorder noticing.",
    judge: signer_in_good_standing,
};

fn signer_in_good_standing(case: &Case<'_>) -> Vec<Judgement> {
    let issuer = case.node.signed().statement().issuer();
    let entry = case.node.entry_index();
    let (truth, what) = if case.node.is_suspect() {
        let what = "the key was later revoked from an entry at or before this one";
        (Truth::Fails, what)
    } else {
        (Truth::Holds, "no revocation reaches back to it")
    };
    vec![Judgement::new(truth, format!("entry {entry} is signed by {issuer}; {what}"))]
}

#[cfg(test)]
mod tests {
    use crate::attribution::record::Record;
    use crate::attribution::record::claim::Who;
    use crate::attribution::truth::Truth;
    use crate::audit::notebook::{Notebook, check, claim};

    #[test]
    fn a_revocation_that_reaches_back_makes_an_entry_suspect() {
        for (from, expected) in [(1, Truth::Fails), (2, Truth::Holds)] {
            let mut notebook = Notebook::new();
            let record = Record::Claim(Box::new(claim(Who::Unresolved("x".to_owned()), None)));
            let id = notebook.append_as("omar", 2, record);
            notebook.revoke(2, from);
            check(&notebook, id, &super::SIGNER_IN_GOOD_STANDING, &[expected]);
        }
    }
}
