//! A picture.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whosaid::evidence::signature::c2pa::check;

fuzz_target!(|data: &[u8]| {
    check(data, "image/jpeg", None);
});
