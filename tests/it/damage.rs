//! Mangling: what a parser must refuse, tried at every byte of a good text.

/// Every text that is one small step away from `good`: cut short at each place, each byte removed,
/// changed, doubled, and a byte added in each place.
fn every_damage(good: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let cuts = (0..good.len()).map(|end| good[..end].to_vec());
    let removed = (0..good.len()).map(|at| [&good[..at], &good[at + 1..]].concat());
    let changed = (0..good.len()).flat_map(|at| {
        [1, 0x20, 0x80].map(|bit| {
            let mut bad = good.to_vec();
            bad[at] = if bit == 1 { bad[at].wrapping_add(1) } else { bad[at] ^ bit };
            bad
        })
    });
    let added = (0..=good.len()).flat_map(|at| {
        let own = good.get(at).copied().unwrap_or(b'\n');
        [own, b'0', b' ', b'\n'].map(|byte| [&good[..at], &[byte], &good[at..]].concat())
    });
    cuts.chain(removed).chain(changed).chain(added)
}

/// `accepts` takes `good`, and nothing that is one step away from it. For what is authenticated,
/// or so short that any other text is wrong.
pub(crate) fn refuses_every_damage(good: &[u8], accepts: impl Fn(&[u8]) -> bool) {
    assert!(accepts(good), "the good text is refused");
    for bad in every_damage(good) {
        assert!(!accepts(&bad), "accepted: {}", String::from_utf8_lossy(&bad));
    }
}

/// `reprint` (parse, then format) gives `good` back, and refuses each damaged text or gives that
/// back: two spellings never mean the same. For what is not authenticated.
pub(crate) fn reads_one_spelling(good: &[u8], reprint: impl Fn(&[u8]) -> Option<Vec<u8>>) {
    assert_eq!(reprint(good).as_deref(), Some(good), "the good text does not come back");
    let mut refused = 0;
    for bad in every_damage(good) {
        match reprint(&bad) {
            None => refused += 1,
            Some(text) => assert!(text == bad, "respelled: {}", String::from_utf8_lossy(&bad)),
        }
    }
    assert!(refused > 0, "no damage was refused at all");
}
