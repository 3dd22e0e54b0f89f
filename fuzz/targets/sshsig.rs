//! A signature, a list of keys and a list of revoked ones, cut at zero bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whosaid::evidence::signature::sshsig::{Beside, check};

fuzz_target!(|data: &[u8]| {
    let mut pieces = data.splitn(3, |byte| *byte == 0);
    let signature = pieces.next().unwrap_or_default();
    let beside = Beside { key: pieces.next(), revoked: pieces.next(), at: Some(0) };
    check(b"a statement", signature, beside);
});
