//! The tree that orders a repository's records, a Merkle search tree (atproto.com/specs/repository,
//! "MST Structure").
//!
//! A key's layer is told by its hash, and a node at one layer parts the keys of the layer below:
//! each set of records has one tree only. So that a record's place proves itself, every node on
//! the way to it is held against those rules.

use std::collections::BTreeSet;

use ipld_core::cid::Cid;
use ipld_core::ipld::Ipld;

use crate::evidence::signature::atproto::Refused;
use crate::evidence::signature::atproto::car::Car;
use crate::evidence::signature::atproto::data;
use crate::evidence::signature::checked::State;
use crate::hash::Hash;

/// The longest key, in bytes (atproto.com/specs/repository).
pub const KEY_BYTES: usize = 1_024;

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// The record at `COLLECTION/KEY`.
    Key(&'a str),
    /// The place of a record, in the nodes that came along.
    Record(&'a Cid),
}

/// A record's place, and the record's CID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// `COLLECTION/KEY`.
    pub key: String,
    /// The record's CID.
    pub record: Cid,
}

/// Looks for a record; `None` if the tree does not hold it, or, where a place is looked for, if
/// the nodes that came along do not.
pub fn find(car: &Car<'_>, root: &Cid, wanted: Wanted<'_>) -> Result<Option<Found>, Refused> {
    let mut seen = BTreeSet::new();
    let mut pending = vec![Place { node: *root, layer: None, lower: None, upper: None }];
    while let Some(place) = pending.pop() {
        let Some(block) = car.block(&place.node) else {
            if matches!(wanted, Wanted::Record(_)) && !seen.is_empty() {
                continue;
            }
            let fact = format!("the tree's node {} did not come along", place.node);
            return Err(Refused::new(State::Missing, fact));
        };
        if !seen.insert(place.node) {
            return Err(malformed("a node stands at two places"));
        }
        let node = Node::parse(block)?;
        let children = node.check(&place)?;
        match wanted {
            Wanted::Key(key) => {
                let index = node.entries.partition_point(|entry| entry.key.as_str() < key);
                if let Some(entry) = node.entries.get(index).filter(|entry| entry.key == key) {
                    return Ok(Some(entry.found()));
                }
                pending.extend(children.into_iter().nth(index).flatten());
            }
            Wanted::Record(cid) => {
                if let Some(entry) = node.entries.iter().find(|entry| entry.record == *cid) {
                    return Ok(Some(entry.found()));
                }
                pending.extend(children.into_iter().flatten());
            }
        }
    }
    Ok(None)
}

/// The layer of a key: how many pairs of zero bits its hash begins with.
pub fn layer_of(key: &str) -> u32 {
    let mut zeros = 0;
    for byte in Hash::of(key.as_bytes()).as_bytes() {
        zeros += byte.leading_zeros();
        if *byte != 0 {
            break;
        }
    }
    zeros / 2
}

/// Where a node is to stand.
struct Place {
    node: Cid,
    /// Unknown for the root, whose keys tell it.
    layer: Option<u32>,
    /// The key that all of its keys follow.
    lower: Option<String>,
    /// The key that all of its keys precede.
    upper: Option<String>,
}

struct Node {
    left: Option<Cid>,
    entries: Vec<Entry>,
}

struct Entry {
    key: String,
    record: Cid,
    right: Option<Cid>,
}

impl Entry {
    fn found(&self) -> Found {
        Found { key: self.key.clone(), record: self.record }
    }
}

impl Node {
    /// Reads `{l: link or null, e: [{p: shared letters, k: the others, v: record, t: link or
    /// null}]}`.
    fn parse(block: &[u8]) -> Result<Self, Refused> {
        let wrong = || malformed("a node is not of the form of one");
        let value = data::decode(block).map_err(|why| malformed(&why))?;
        let [entries, left] = members(value, ["e", "l"]).ok_or_else(wrong)?;
        let Ipld::List(list) = entries else { return Err(wrong()) };
        let mut entries: Vec<Entry> = Vec::with_capacity(list.len());
        for value in list {
            let [key, shared, right, record] =
                members(value, ["k", "p", "t", "v"]).ok_or_else(wrong)?;
            let (Ipld::Bytes(key), Ipld::Integer(shared), Ipld::Link(record)) =
                (key, shared, record)
            else {
                return Err(wrong());
            };
            let before = entries.last().map_or("", |entry| entry.key.as_str());
            let key = whole_key(before, shared, &key)?;
            entries.push(Entry { key, record, right: child(&right)? });
        }
        Ok(Self { left: child(&left)?, entries })
    }

    /// Holds the node against its place, and says where its children are to stand: the one before
    /// its first key, and the one behind each.
    fn check(&self, place: &Place) -> Result<Vec<Option<Place>>, Refused> {
        if self.entries.is_empty() && (place.layer.is_none() != self.left.is_none()) {
            return Err(malformed("a node is empty"));
        }
        let layer = match (place.layer, self.entries.first()) {
            (Some(layer), _) => layer,
            (None, Some(entry)) => layer_of(&entry.key),
            (None, None) => return Ok(vec![None]),
        };
        let mut lower = place.lower.as_ref();
        for entry in &self.entries {
            if lower.is_some_and(|lower| *lower >= entry.key) {
                return Err(malformed("keys are out of order"));
            }
            if layer_of(&entry.key) != layer {
                return Err(malformed("a key stands at a layer that is not its own"));
            }
            lower = Some(&entry.key);
        }
        if lower.zip(place.upper.as_ref()).is_some_and(|(last, upper)| last >= upper) {
            return Err(malformed("keys are out of order"));
        }
        let links = std::iter::once(self.left).chain(self.entries.iter().map(|entry| entry.right));
        let key = |index: usize| self.entries.get(index).map(|entry| entry.key.clone());
        let mut children = Vec::with_capacity(self.entries.len() + 1);
        for (index, link) in links.enumerate() {
            let Some(node) = link else {
                children.push(None);
                continue;
            };
            let below = layer.checked_sub(1).ok_or_else(|| malformed("a node below the last"))?;
            let lower = index.checked_sub(1).and_then(key).or_else(|| place.lower.clone());
            let upper = key(index).or_else(|| place.upper.clone());
            children.push(Some(Place { node, layer: Some(below), lower, upper }));
        }
        Ok(children)
    }
}

/// The key that shares its first letters with the one before it.
fn whole_key(before: &str, shared: i128, rest: &[u8]) -> Result<String, Refused> {
    let wrong = || malformed("a key is not of the form of one");
    let shared = usize::try_from(shared).map_err(|_| wrong())?;
    let prefix = before.get(..shared).ok_or_else(wrong)?;
    let rest = std::str::from_utf8(rest).map_err(|_| wrong())?;
    let key = format!("{prefix}{rest}");
    let common = before.bytes().zip(key.bytes()).take_while(|(one, two)| one == two).count();
    if !is_key(&key) || common != shared {
        return Err(wrong());
    }
    Ok(key)
}

/// `COLLECTION/KEY` in the letters that the protocol allows.
pub fn is_key(key: &str) -> bool {
    let letters = |part: &str| {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_~-:.".contains(&b);
        !part.is_empty() && part.bytes().all(allowed)
    };
    let parts = key.split_once('/');
    key.len() <= KEY_BYTES && parts.is_some_and(|(one, two)| letters(one) && letters(two))
}

/// The members of a map that has exactly these, in this order.
fn members<const N: usize>(value: Ipld, names: [&str; N]) -> Option<[Ipld; N]> {
    let Ipld::Map(mut map) = value else { return None };
    let exact = map.len() == N && names.iter().all(|name| map.contains_key(*name));
    exact.then(|| names.map(|name| map.remove(name).unwrap_or(Ipld::Null)))
}

/// A link to a child, or the word that there is none.
fn child(value: &Ipld) -> Result<Option<Cid>, Refused> {
    match value {
        Ipld::Null => Ok(None),
        Ipld::Link(cid) => Ok(Some(*cid)),
        _ => Err(malformed("a node's child is no link")),
    }
}

fn malformed(why: &str) -> Refused {
    Refused::new(State::Malformed, format!("no sound tree: {why}"))
}

#[cfg(test)]
mod tests {
    use super::{Found, Wanted, find, is_key, layer_of};
    use crate::evidence::signature::atproto::car;
    use crate::evidence::signature::atproto::data::{address, encode, json, link};
    use crate::evidence::signature::checked::State;
    use ipld_core::cid::Cid;
    use ipld_core::ipld::Ipld;
    use serde_json::Value;
    use std::collections::BTreeMap;

    type Blocks = BTreeMap<Cid, Vec<u8>>;

    fn map(members: Vec<(&str, Ipld)>) -> Ipld {
        Ipld::Map(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    fn link_or_null(cid: Option<Cid>) -> Ipld {
        cid.map_or(Ipld::Null, Ipld::Link)
    }

    fn store(value: &Ipld, blocks: &mut Blocks) -> Cid {
        let bytes = encode(value).unwrap();
        let cid = address(&bytes);
        blocks.insert(cid, bytes);
        cid
    }

    /// A node with these keys and children, however wrong: one child before the first key and one
    /// behind each.
    fn node(keys: &[&str], children: &[Option<Cid>], record: Cid, blocks: &mut Blocks) -> Cid {
        let mut before = "";
        let mut entries = Vec::new();
        for (index, key) in keys.iter().enumerate() {
            let shared = before.bytes().zip(key.bytes()).take_while(|(a, b)| a == b).count();
            entries.push(map(vec![
                ("p", Ipld::Integer(shared as i128)),
                ("k", Ipld::Bytes(key.as_bytes()[shared..].to_vec())),
                ("v", Ipld::Link(record)),
                ("t", link_or_null(children[index + 1])),
            ]));
            before = key;
        }
        let node = map(vec![("l", link_or_null(children[0])), ("e", Ipld::List(entries))]);
        store(&node, blocks)
    }

    /// The tree of these sorted keys from this layer down, by the definition and not by insertion.
    fn build(keys: &[&str], layer: u32, record: Cid, blocks: &mut Blocks) -> Option<Cid> {
        if keys.is_empty() {
            return None;
        }
        let here: Vec<&str> = keys.iter().copied().filter(|key| layer_of(key) == layer).collect();
        let gaps = keys.split(|key| layer_of(key) == layer);
        let children: Vec<Option<Cid>> = gaps
            .map(|gap| layer.checked_sub(1).and_then(|below| build(gap, below, record, blocks)))
            .collect();
        Some(node(&here, &children, record, blocks))
    }

    fn whole(keys: &[&str], record: Cid, blocks: &mut Blocks) -> Cid {
        let mut sorted = keys.to_vec();
        sorted.sort_unstable();
        let top = sorted.iter().map(|key| layer_of(key)).max().unwrap_or_default();
        match build(&sorted, top, record, blocks) {
            Some(root) => root,
            None => node(&[], &[None], record, blocks),
        }
    }

    fn pack(root: Cid, blocks: &Blocks) -> Vec<u8> {
        let header =
            map(vec![("version", Ipld::Integer(1)), ("roots", Ipld::List(vec![Ipld::Link(root)]))]);
        let mut bytes = Vec::new();
        let mut section = |parts: &[&[u8]]| {
            let mut length = parts.iter().map(|part| part.len()).sum::<usize>();
            while length > 0x7f {
                bytes.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
                length >>= 7;
            }
            bytes.push(u8::try_from(length).unwrap());
            for part in parts {
                bytes.extend_from_slice(part);
            }
        };
        section(&[&encode(&header).unwrap()]);
        for (cid, block) in blocks {
            section(&[&cid.to_bytes(), block]);
        }
        bytes
    }

    fn look(root: Cid, blocks: &Blocks, wanted: Wanted<'_>) -> Result<Option<Found>, State> {
        let bytes = pack(root, blocks);
        let car = car::parse(&bytes).unwrap();
        find(&car, &root, wanted).map_err(|refused| refused.state)
    }

    fn fixtures() -> Vec<Value> {
        let path = "tests/cases/atproto/commit-proof-fixtures.json";
        let text = std::fs::read_to_string(path).unwrap();
        json(text.as_bytes()).unwrap().as_array().unwrap().clone()
    }

    fn words<'a>(fixture: &'a Value, name: &str) -> Vec<&'a str> {
        fixture[name].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
    }

    #[test]
    fn keys_have_the_layer_that_the_protocol_s_examples_name_them_by() {
        let mut count = 0;
        for fixture in fixtures() {
            let keys = words(&fixture, "keys").into_iter().chain(words(&fixture, "adds"));
            // Such as `D2/269196`; some fixtures have keys of posts instead.
            for key in keys.filter(|key| key.as_bytes()[2] == b'/') {
                assert_eq!(layer_of(key).to_string(), key[1..2], "{key}");
                count += 1;
            }
        }
        assert!(count > 20, "{count}");
        assert_eq!(layer_of("com.example.record/3jqfcqzm3fx2j"), 2);
    }

    #[test]
    fn trees_have_the_roots_of_the_reference_implementation_and_hold_their_keys() {
        let mut trees = Vec::new();
        for fixture in fixtures() {
            let record = link(fixture["leafValue"].as_str().unwrap()).unwrap();
            let before = words(&fixture, "keys");
            let gone = words(&fixture, "dels");
            let mut after: Vec<&str> =
                before.iter().copied().filter(|key| !gone.contains(key)).collect();
            after.extend(words(&fixture, "adds"));
            for (name, keys) in [("rootBeforeCommit", before), ("rootAfterCommit", after)] {
                let keys: Vec<String> = keys.into_iter().map(str::to_owned).collect();
                trees.push((record, keys, fixture[name].as_str().unwrap().to_owned()));
            }
        }
        // "MST Interop Known Maps" in the reference implementation's own tests.
        let record = trees[0].0;
        for (keys, root) in [
            ("", "bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm"),
            ("3jqfcqzm3fo2j", "bafyreibj4lsc3aqnrvphp5xmrnfoorvru4wynt6lwidqbm2623a6tatzdu"),
            ("3jqfcqzm3fx2j", "bafyreih7wfei65pxzhauoibu3ls7jgmkju4bspy4t2ha2qdjnzqvoy33ai"),
            (
                "3jqfcqzm3fp2j 3jqfcqzm3fr2j 3jqfcqzm3fs2j 3jqfcqzm3ft2j 3jqfcqzm4fc2j",
                "bafyreicmahysq4n6wfuxo522m6dpiy7z7qzym3dzs756t5n7nfdgccwq7m",
            ),
        ] {
            let keys = keys.split_whitespace().map(|key| format!("com.example.record/{key}"));
            trees.push((record, keys.collect(), root.to_owned()));
        }
        assert!(trees.len() >= 14);
        for (record, keys, theirs) in trees {
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            let mut blocks = Blocks::new();
            let root = whole(&keys, record, &mut blocks);
            assert_eq!(root.to_string(), theirs, "{keys:?}");
            for key in &keys {
                let found = look(root, &blocks, Wanted::Key(key)).unwrap();
                assert_eq!(found, Some(Found { key: (*key).to_owned(), record }));
            }
            for absent in ["A0/000000", "D9/500000", "zz/zz"] {
                assert_eq!(look(root, &blocks, Wanted::Key(absent)), Ok(None));
            }
            let place = look(root, &blocks, Wanted::Record(&record)).unwrap();
            assert_eq!(place.is_some(), !keys.is_empty());
        }
    }

    #[test]
    fn every_missing_node_on_the_way_is_named_and_no_other_is_needed() {
        let fixture = &fixtures()[0];
        let record = link(fixture["leafValue"].as_str().unwrap()).unwrap();
        let keys = words(fixture, "keys");
        let mut all = Blocks::new();
        let root = whole(&keys, record, &mut all);
        for key in &keys {
            let mut needed = 0;
            for cid in all.keys() {
                let mut fewer = all.clone();
                fewer.remove(cid);
                match look(root, &fewer, Wanted::Key(key)) {
                    Ok(found) => assert_eq!(found.unwrap().key, *key),
                    Err(state) => {
                        assert_eq!(state, State::Missing);
                        needed += 1;
                    }
                }
            }
            assert!(needed >= 1);
        }
    }

    #[test]
    fn a_tree_that_breaks_a_rule_is_refused_whatever_is_looked_for() {
        let record = address(b"\xa0");
        let check = |what: &str, make: &dyn Fn(&mut Blocks) -> Cid| {
            let mut blocks = Blocks::new();
            let root = make(&mut blocks);
            let nowhere = address(b"\x01");
            let by_record = look(root, &blocks, Wanted::Record(&nowhere));
            assert_eq!(by_record, Err(State::Malformed), "{what}");
        };
        let (a0, b0, a1, b1) = ("A0/374913", "B0/601692", "A1/076595", "B1/986427");
        check("out of order", &|blocks| node(&[b0, a0], &[None; 3], record, blocks));
        check("a key twice", &|blocks| node(&[a0, a0], &[None; 3], record, blocks));
        check("two layers in one node", &|blocks| node(&[a0, a1], &[None; 3], record, blocks));
        check("a child below the last layer", &|blocks| {
            let child = node(&[a0], &[None; 2], record, blocks);
            node(&[b0], &[Some(child), None], record, blocks)
        });
        check("a child on the wrong side", &|blocks| {
            let child = node(&[b0], &[None; 2], record, blocks);
            node(&[a1], &[Some(child), None], record, blocks)
        });
        check("a child beyond the next key", &|blocks| {
            let child = node(&["C0/451630"], &[None; 2], record, blocks);
            node(&[a1, b1], &[None, Some(child), None], record, blocks)
        });
        check("a layer left out", &|blocks| {
            let child = node(&[a0], &[None; 2], record, blocks);
            node(&["B2/827649"], &[Some(child), None], record, blocks)
        });
        check("an empty child", &|blocks| {
            let child = node(&[], &[None], record, blocks);
            node(&[a1], &[Some(child), None], record, blocks)
        });
        check("an empty root above others", &|blocks| {
            let child = node(&[a0], &[None; 2], record, blocks);
            node(&[], &[Some(child)], record, blocks)
        });
        check("one node at two places", &|blocks| {
            let deepest = node(&[a0], &[None; 2], record, blocks);
            let child = node(&[], &[Some(deepest)], record, blocks);
            node(&["B2/827649"], &[Some(child), Some(child)], record, blocks)
        });
    }

    #[test]
    fn a_node_of_another_form_is_refused() {
        let record = address(b"\xa0");
        let entry = |shared, key: &str| {
            map(vec![
                ("p", Ipld::Integer(shared)),
                ("k", Ipld::Bytes(key.as_bytes().to_vec())),
                ("v", Ipld::Link(record)),
                ("t", Ipld::Null),
            ])
        };
        let of = |entries| map(vec![("l", Ipld::Null), ("e", Ipld::List(entries))]);
        let check = |what: &str, node: Ipld, expected| {
            let mut blocks = Blocks::new();
            let root = store(&node, &mut blocks);
            let found = look(root, &blocks, Wanted::Record(&record));
            assert_eq!(found.map(|found| found.is_some()), expected, "{what}: {node:?}");
        };
        let (first, second) = ("com.example.record/3jqfcqzm3fp2j", "3jqfcqzm3fr2j");
        let good = vec![entry(0, first), entry(29, &second[10..])];
        check("as it must be", of(good), Ok(true));
        let refused = Err(State::Malformed);
        let short = vec![entry(0, first), entry(28, &second[9..])];
        check("fewer shared letters than there are", of(short), refused);
        for shared in [-1, 1, i128::from(u64::MAX)] {
            check("letters shared with nothing", of(vec![entry(shared, "A0/374913")]), refused);
        }
        check("a key that is none", of(vec![entry(0, "A0")]), refused);
        check("an entry that is none", of(vec![Ipld::Null]), refused);
        check("a record for a node", map(vec![]), refused);
        check("a list for a node", Ipld::List(vec![]), refused);
        let more = map(vec![("l", Ipld::Null), ("e", Ipld::List(vec![])), ("x", Ipld::Null)]);
        check("a member more", more, refused);
        let number = map(vec![("l", Ipld::Integer(0)), ("e", Ipld::List(vec![]))]);
        check("a number for a child", number, refused);
    }

    #[test]
    fn keys_are_two_parts_in_plain_letters() {
        // The reference implementation's own cases.
        for key in [
            "coll/3jui7kd54zh2y",
            "coll/self",
            "coll/example.com",
            "com.example/rkey",
            "coll/~1.2-3_",
            "coll/dHJ1ZQ",
            "coll/pre:fix",
            "coll/_",
        ] {
            assert!(is_key(key), "{key}");
        }
        for key in [
            "",
            "asdf",
            "nested/collection/asdf",
            "coll/",
            "/rkey",
            "coll/jalapeñoA",
            "coll/abc💩",
            "coll/key$",
            "coll/key+",
            "coll/any space",
            "coll/#extra",
            "coll/dHJ1ZQ==",
        ] {
            assert!(!is_key(key), "{key}");
        }
        assert!(!is_key(&format!("coll/{}", "a".repeat(1_020))));
    }
}
