//! A capture, by the profile that its first byte names.
#![no_main]

use libfuzzer_sys::fuzz_target;
use whosaid::evidence::text::{Profile, derive};

fuzz_target!(|data: &[u8]| {
    let Some((first, bytes)) = data.split_first() else { return };
    let profile = Profile::ALL[usize::from(*first) % Profile::ALL.len()];
    if let Ok(text) = derive(profile, bytes) {
        assert_eq!(text.as_str().chars().count() as u64, text.length());
    }
});
