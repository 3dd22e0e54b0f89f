//! What an audit prints of signatures and time stamps: who signed or stamped what, and what that
//! leaves open.

use serde::Serialize;

use crate::attribution::id::Id;
use crate::attribution::record::attestation::Scheme;
use crate::attribution::truth::Truth;
use crate::audit::case::Case;
use crate::audit::line::one_line;
use crate::audit::schemes::{self, Answer};
use crate::audit::vouching::Voucher;

/// One signature or time stamp.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Vouched {
    /// In which way it vouches.
    pub scheme: Scheme,
    /// The step whose captured bytes it is of; none for the claim's own entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<u64>,
    /// Its record; none where it was found in the capture itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// Whether it holds.
    pub truth: Truth,
    /// What became of it, in one or two words: valid, altered, expired, pending, …
    pub state: &'static str,
    /// The fact in words.
    pub what: String,
    /// Where the key that signed lives, and the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<(&'static str, String)>,
    /// When it was signed, by the signer's word, or there at the latest, by the stamp's clock; in
    /// seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<i64>,
    /// What it leaves open.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<String>,
    /// What its scheme never shows.
    pub not_shown: &'static str,
}

/// All that vouches for the bytes of a claim's way and for the claim itself.
pub fn vouched(case: &Case<'_>) -> Vec<Vouched> {
    let of_steps = case.steps.iter().zip(&case.vouchers).flat_map(|(reading, vouchers)| {
        let step = Some(reading.step.number as u64);
        vouchers.iter().map(move |voucher| one(step, voucher))
    });
    of_steps.chain(case.stamps.iter().map(|voucher| one(None, voucher))).collect()
}

fn one(step: Option<u64>, voucher: &Voucher<'_>) -> Vouched {
    let (truth, what) = voucher.holds();
    let (state, signer, time, limits) = match &voucher.answer {
        Answer::Signature(it) => {
            let signer = it.signer.as_ref().map(|it| (it.platform, one_line(&it.id)));
            (it.state.name(), signer, it.signed_at, &it.limits)
        }
        Answer::Time(it) => (it.state.name(), None, it.time, &it.limits),
    };
    Vouched {
        scheme: voucher.scheme,
        step,
        id: voucher.record,
        truth,
        state,
        what: one_line(&what),
        signer,
        time,
        limits: limits.iter().map(|limit| one_line(limit)).collect(),
        not_shown: schemes::words(voucher.scheme).1,
    }
}
