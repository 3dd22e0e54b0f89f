//! A package of web archives.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whosaid::evidence::package::{payload::payload_of, warctally};
use whosaid::evidence::signature::wacz::{Roots, check};

fuzz_target!(|data: &[u8]| {
    check(data, &Roots::default());
    warctally::tally(data);
    let _ = payload_of(data, "https://example.com/", None);
});
