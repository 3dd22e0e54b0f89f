//! A proof.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whosaid::evidence::time::opentimestamps::check;
use whosaid::hash::Hash;

fuzz_target!(|data: &[u8]| {
    check(&Hash::of(b"a statement"), data, &[]);
});
