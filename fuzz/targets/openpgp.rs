//! A signature and a public key, cut at the first zero byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whosaid::evidence::signature::openpgp::check;

fuzz_target!(|data: &[u8]| {
    let cut = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let (signature, key) = data.split_at(cut);
    check(b"a statement", signature, Some(key.strip_prefix(&[0]).unwrap_or(key)), Some(0));
});
