//! The numbers under which kinds of records stand in the index: they take a byte, and are compared faster
//! than names.

/// Each kind at its number: first those of which a ledger has many (up to 3), then those that govern
/// it (4 and 5), then the rare ones. Another order needs another version of the tables.
const KINDS: [&str; 13] = [
    "claim",
    "document",
    "party",
    "channel",
    "charter",
    "key",
    "control",
    "capture",
    "attestation",
    "relation",
    "assessment",
    "notice",
    "provider",
];

/// The number of a kind.
pub(super) fn number_of(kind: &str) -> u8 {
    let place = KINDS.iter().position(|it| *it == kind);
    place.and_then(|place| u8::try_from(place).ok()).expect("a kind of record")
}

/// The condition for all entries of a kind, in their order. SQLite takes the index over the rare ones
/// only if its own condition stands there.
pub(super) fn is(kind: &str) -> String {
    let number = number_of(kind);
    let rare = if number > 5 { "kind > 5 AND " } else { "" };
    format!("{rare}kind = {number} ORDER BY entry_index")
}

/// The kind with this number.
pub(super) fn named(number: u8) -> Option<&'static str> {
    KINDS.get(usize::from(number)).copied()
}

#[cfg(test)]
mod tests {
    use super::{KINDS, is, named, number_of};
    use crate::attribution::record::SAID;
    use crate::index::Index;

    #[test]
    fn every_kind_has_a_place_and_those_that_govern_and_rare_ones_are_found_by_an_index() {
        let mut all = [SAID, &["charter", "key"]].concat();
        all.sort_unstable();
        let mut kinds = KINDS;
        kinds.sort_unstable();
        assert_eq!(kinds[..], all);
        assert!(KINDS.iter().all(|kind| named(number_of(kind)) == Some(kind)));
        assert_eq!(["charter", "key"].map(number_of), [4, 5]);
        let index = Index::in_memory().unwrap();
        let plan = |condition: &str| -> String {
            let query = format!("EXPLAIN QUERY PLAN SELECT * FROM entry WHERE {condition}");
            index.connection.query_row(&query, [], |row| row.get(3)).unwrap()
        };
        for kind in SAID.iter().filter(|kind| number_of(kind) > 5) {
            let plan = plan(&is(kind));
            assert!(plan.contains("by_rare_kind"), "{kind}: {plan}");
        }
        let plan = plan("kind IN (4, 5) ORDER BY entry_index");
        assert!(plan.contains("by_governance"), "{plan}");
    }
}
