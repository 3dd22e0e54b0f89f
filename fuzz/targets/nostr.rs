//! An event.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whosaid::evidence::signature::nostr::check;

fuzz_target!(|data: &[u8]| {
    check(data, Some(0));
});
