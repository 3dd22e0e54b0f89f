//! A post, a proof and an identity, cut at the first two `00 00`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whosaid::evidence::signature::atproto::check;

fuzz_target!(|data: &[u8]| {
    let mut rest = data;
    let mut next = || {
        let cut = rest.windows(2).position(|pair| pair == [0, 0]).unwrap_or(rest.len());
        let (piece, behind) = rest.split_at(cut);
        rest = behind.get(2..).unwrap_or_default();
        piece
    };
    let (post, proof, identity) = (next(), next(), next());
    check(post, proof, Some(identity), Some(0));
});
