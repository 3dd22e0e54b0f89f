//! A time stamp token, under no pinned root and under one that the token may bring.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whosaid::evidence::authority::x509::Certificate;
use whosaid::evidence::time::rfc3161::check;
use whosaid::hash::Hash;

fuzz_target!(|data: &[u8]| {
    check(&Hash::of(b"a statement"), data, &[]);
    let _ = Certificate::from_der(data);
});
