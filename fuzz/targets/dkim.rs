//! A message and a DNS answer, cut at the first zero byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whosaid::evidence::signature::dkim::{Record, check};

fuzz_target!(|data: &[u8]| {
    let cut = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let (message, record) = data.split_at(cut);
    check(message, &[Record { bytes: record.strip_prefix(&[0]).unwrap_or(record) }], Some(0));
});
