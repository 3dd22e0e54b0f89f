//! What `docs/FORMAT.md` says, held against the code: its CDDL against the records, its worked
//! entry against a statement.
//!
//! The CDDL is judged by somebody else's validator. Each good record is damaged in every field,
//! and after each damage the validator and our decoder must agree.

use std::collections::BTreeSet;
use std::fs;

use cddl::parser::cddl_from_str;
use cddl::validator::Validator;
use cddl::validator::cbor::{CBORValidator, Error as Refusal};
use ciborium::Value;
use whosaid::attribution::date::{EDTF_BYTES, WRITTEN_BYTES};
use whosaid::attribution::id::Id;
use whosaid::attribution::record::Record;
use whosaid::attribution::record::charter::FORMAT as FORMAT_VERSION;
use whosaid::attribution::record::claim::HOPS;
use whosaid::attribution::record::limits;
use whosaid::attribution::statement;
use whosaid::cbor;
use whosaid::evidence::capture;
use whosaid::keyfile;
use whosaid::receipt::{bundle, companions, transparent};
use whosaid::store;
use whosaid::tlog::merkle::leaf_hash;
use whosaid::tlog::{checkpoint, note, policy, proof, receipt};

use crate::it::annotated::annotate;
use crate::it::receipts;
use crate::it::records;
use crate::it::statements::{good_records, sealed, written};

const FORMAT: &str = "docs/FORMAT.md";

/// The one block of `docs/FORMAT.md` in this language.
fn block(language: &str) -> String {
    let page = fs::read_to_string(FORMAT).expect(FORMAT);
    let fence = format!("\n```{language}\n");
    let mut parts = page.split(&fence).skip(1);
    let block = parts.next().unwrap_or_else(|| panic!("no block of {language}"));
    assert!(parts.next().is_none(), "two blocks of {language}");
    block.split_once("\n```").expect("the end of the block").0.to_owned() + "\n"
}

/// The CDDL, parsed once for many validations.
struct Grammar<'a>(cddl::ast::CDDL<'a>);

impl<'a> Grammar<'a> {
    fn parse(text: &'a str) -> Self {
        Self(cddl_from_str(text, true).unwrap_or_else(|e| panic!("{FORMAT}: {e}")))
    }

    fn check(&self, value: &Value) -> Result<(), String> {
        let mut validator = CBORValidator::new(&self.0, value.clone().into(), None);
        let verdict: Result<(), Refusal<std::io::Error>> = validator.validate();
        verdict.map_err(|e| e.to_string())
    }

    fn accepts(&self, value: &Value) -> bool {
        self.check(value).is_ok()
    }
}

/// Whether our own decoder takes the value as a record; rules between fields are not asked.
fn decodes(value: &Value) -> bool {
    cbor::decode::<Record>(&written(value)).is_ok()
}

fn values() -> Vec<(&'static str, Value)> {
    let value = |record: &Record| {
        let payload = cbor::encode(record).expect("a record");
        ciborium::from_reader(&payload[..]).expect("CBOR")
    };
    good_records().iter().map(|(name, record)| (*name, value(record))).collect()
}

/// The way to a value inside another: the place at each step.
type Way = Vec<usize>;

/// The ways to all values inside a value that are a map's or a list's.
fn ways(value: &Value) -> Vec<Way> {
    let children: Vec<&Value> = match value {
        Value::Map(entries) => entries.iter().map(|(_, inside)| inside).collect(),
        Value::Array(items) => items.iter().collect(),
        _ => Vec::new(),
    };
    let mut all = vec![Vec::new()];
    for (place, child) in children.into_iter().enumerate() {
        all.extend(ways(child).into_iter().map(|way| [vec![place], way].concat()));
    }
    all
}

fn at<'a>(value: &'a mut Value, way: &[usize]) -> &'a mut Value {
    way.iter().fold(value, |value, place| match value {
        Value::Map(entries) => &mut entries[*place].1,
        Value::Array(items) => &mut items[*place],
        _ => unreachable!("a way leads through maps and lists"),
    })
}

/// The value with the one at `way` changed.
fn changed(value: &Value, way: &[usize], change: impl FnOnce(&mut Value)) -> Value {
    let mut value = value.clone();
    change(at(&mut value, way));
    value
}

fn entries(value: &mut Value) -> &mut Vec<(Value, Value)> {
    value.as_map_mut().expect("a map")
}

#[test]
fn the_grammar_accepts_every_good_record() {
    let text = block("cddl");
    let grammar = Grammar::parse(&text);
    for (name, value) in values() {
        assert_eq!(grammar.check(&value), Ok(()), "{name}");
    }
}

#[test]
fn the_grammar_and_the_decoder_agree_about_every_damaged_field() {
    let text = block("cddl");
    let grammar = Grammar::parse(&text);
    let (mut accepted, mut refused) = (0, 0);
    let mut check = |what: &str, name: &str, way: &[usize], value: &Value| {
        let decodes = decodes(value);
        assert_eq!(grammar.accepts(value), decodes, "{name}: {what} at {way:?}: {value:?}");
        if decodes { accepted += 1 } else { refused += 1 }
    };
    for (name, value) in values().into_iter().filter(|(name, _)| *name != "claim_longest") {
        for way in ways(&value) {
            let mut original = value.clone();
            let inside = at(&mut original, &way).clone();
            for place in 0..inside.as_map().map_or(0, Vec::len) {
                let removed = changed(&value, &way, |map| drop(entries(map).remove(place)));
                check("removed", name, &way, &removed);
                let renamed = changed(&value, &way, |map| {
                    let key = &mut entries(map)[place].0;
                    *key = format!("{}_", key.as_text().expect("a text key")).into();
                });
                assert!(!grammar.accepts(&renamed), "{name}: renamed at {way:?}");
                assert!(!decodes_sorted(&renamed), "{name}: renamed at {way:?}");
            }
            for other in others(&value, &way) {
                check("of another type", name, &way, &changed(&value, &way, |v| *v = other));
            }
        }
    }
    assert!(accepted > 80 && refused > 800, "{accepted} accepted, {refused} refused");
}

/// Values of other types than the one at `way`, and bytes of another length.
fn others(value: &Value, way: &[usize]) -> Vec<Value> {
    let inside = at(&mut value.clone(), way).clone();
    let others = [Value::from(7), "a".into(), Value::Bytes(vec![1; 31])];
    // The validator itself panics where bytes stand instead of one of several words.
    let is_word = !words_of_decoder(value, way).is_empty();
    let differs = |other: &Value| {
        let same = std::mem::discriminant(other) == std::mem::discriminant(&inside);
        (!same || inside.is_bytes()) && !(other.is_bytes() && is_word)
    };
    others.into_iter().filter(differs).collect()
}

/// [`decodes`], after the keys were put in order.
fn decodes_sorted(value: &Value) -> bool {
    cbor::encode_value(value.clone()).is_ok_and(|bytes| cbor::decode::<Record>(&bytes).is_ok())
}

#[test]
fn the_grammar_names_no_field_that_no_record_has() {
    let mut seen = BTreeSet::new();
    for (_, value) in values() {
        for way in ways(&value) {
            let mut value = value.clone();
            let keys = at(&mut value, &way).as_map().into_iter().flatten();
            seen.extend(keys.map(|(key, _)| key.as_text().expect("a text key").to_owned()));
        }
    }
    let text = block("cddl");
    let fields: BTreeSet<String> = text
        .split(" =>")
        .filter_map(|before| before.strip_suffix('"')?.rsplit('"').next())
        .map(str::to_owned)
        .collect();
    assert_eq!(fields, seen);
}

#[test]
fn the_grammar_and_the_decoder_know_the_same_words() {
    let text = block("cddl");
    let grammar = Grammar::parse(&text);
    let words: BTreeSet<&str> = text.lines().flat_map(quoted).collect();
    let mut lists = BTreeSet::new();
    for (name, value) in values().into_iter().filter(|(name, _)| *name != "claim_longest") {
        for way in ways(&value) {
            let with = |word: &str| changed(&value, &way, |inside| *inside = word.into());
            // The decoder says which words it takes: those must be in the grammar.
            let known = words_of_decoder(&value, &way);
            for word in &known {
                assert!(grammar.accepts(&with(word)), "{name}: {word} at {way:?}");
            }
            // One place for each list is enough for the other direction.
            if known.is_empty() || !lists.insert(known) {
                continue;
            }
            for word in &words {
                let value = with(word);
                assert_eq!(grammar.accepts(&value), decodes(&value), "{name}: {word} at {way:?}");
            }
        }
    }
    assert_eq!(lists.len(), 21, "the enumerations of all records");
}

/// The texts in quotation marks on a line.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split(';').next().unwrap_or_default().split('"').skip(1).step_by(2)
}

/// The words that the decoder takes at `way`; none if it takes any text, or no text.
fn words_of_decoder(value: &Value, way: &[usize]) -> Vec<String> {
    if !at(&mut value.clone(), way).is_text() {
        return Vec::new();
    }
    let wrong = changed(value, way, |inside| *inside = "no such word".into());
    let Err(error) = cbor::decode::<Record>(&written(&wrong)) else { return Vec::new() };
    let error = error.to_string();
    let Some((_, list)) = error.split_once("unknown variant `no such word`, expected ") else {
        return Vec::new();
    };
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_grammar_and_the_page_have_the_limits_of_the_code() {
    let grammar = block("cddl");
    let texts = [
        ("key", limits::KEY),
        ("short", limits::SHORT_TEXT),
        ("long", limits::LONG_TEXT),
        ("url", limits::URL),
        ("language", limits::LANGUAGE),
        ("header", limits::HEADER),
    ];
    for (name, limit) in texts {
        let rule = format!("\n{name} = tstr .size (1..{limit})");
        assert!(grammar.contains(&rule), "{rule}");
    }
    let edtf = format!("\"edtf\" => tstr .size (1..{EDTF_BYTES}),");
    let written = format!("\"written\" => tstr .size (0..{WRITTEN_BYTES}),");
    let chain = format!("\"chain\" => [1*{HOPS} hop],");
    let version = format!("\"format\" => {FORMAT_VERSION},");
    for rule in [edtf, written, chain, version] {
        assert!(grammar.contains(&rule), "{rule}");
    }
    let lists = grammar.match_indices("[1*").count();
    let bounded = grammar.matches(&format!("[1*{} ", limits::ITEMS)).count();
    assert_eq!(lists, bounded + 2, "all lists but the chain and the powers have one limit");

    let page = fs::read_to_string(FORMAT).expect(FORMAT);
    for sentence in [
        format!("| nesting of CBOR | {} |", cbor::MAX_DEPTH),
        format!("than {} seconds before", statement::CLOCK_TOLERANCE),
        format!("content type: {}\n", statement::CONTENT_TYPE),
        format!("typ (RFC 9596): {}\n", statement::TYP),
        format!("| capture | {} MiB |", capture::MAX_CAPTURE >> 20),
        format!("| journal | {} GiB |", store::JOURNAL_LIMIT >> 30),
        format!("| path | {} bytes |", store::path::LENGTH_LIMIT),
    ] {
        assert!(page.contains(&sentence), "{sentence}");
    }
    assert_eq!(statement::MAX_LENGTH, 65_535);
    assert_eq!((note::MAX_LENGTH, note::MAX_SIGNATURES), (1_000_000, 100));
    assert_eq!((note::MAX_NAME_LENGTH, checkpoint::MAX_ORIGIN_LENGTH), (255, 255));
    assert_eq!((policy::MAX_LENGTH, policy::MAX_OF_A_KIND), (1_000_000, 1000));
    assert_eq!((keyfile::FILE_BYTES >> 10, keyfile::MEMORY_BYTES >> 20), (16, 256));
}

/// Whether a value is what a rule of the receipts' grammar says.
fn of_receipt(rule: &str, bytes: &[u8]) -> Result<(), String> {
    let text = format!("start = {rule}\n\n{}", block("cddl receipt"));
    Grammar::parse(&text).check(&ciborium::from_reader(bytes).expect("CBOR"))
}

#[test]
fn the_grammar_accepts_every_layer_of_a_receipt_and_of_what_comes_with_it() {
    let (extra, envelope, receipt) = receipts::layers();
    assert_eq!(of_receipt("extra", &extra), Ok(()));
    let map = |entries: &[(Value, Value)]| written(&Value::Map(entries.to_vec()));
    assert_eq!(of_receipt("transparent-unprotected", &map(&envelope.unprotected)), Ok(()));
    assert_eq!(of_receipt("receipt-unprotected", &map(&receipt.unprotected)), Ok(()));
    assert_eq!(of_receipt("receipt-protected", &receipt.protected), Ok(()));
    let proofs = receipt.unprotected[0].1.as_map().expect("a map")[0].1.as_array();
    let proof = proofs.expect("a list")[0].as_bytes().expect("bytes");
    assert_eq!(of_receipt("proof", proof), Ok(()));
    for (rule, bytes) in [("proof", &receipt.protected), ("receipt-protected", proof)] {
        assert!(of_receipt(rule, bytes).is_err(), "{rule}");
    }
    assert!(of_receipt("extra", &written(&Value::Map(Vec::new()))).is_err());
}

#[test]
fn the_page_has_the_limits_and_the_labels_of_receipts() {
    let page = fs::read_to_string(FORMAT).expect(FORMAT);
    for sentence in [
        format!("| `extra` | 1,000,000 bytes, {} companions |", companions::MAX_COMPANIONS),
        format!("| `.scitt` | 1,300,000 bytes, {} receipts |", transparent::MAX_RECEIPTS),
        format!("| COSE receipt | 32,768 bytes, {} proofs, 64 hashes each |", receipt::MAX_PROOFS),
        format!("| bundle | {} MiB, {} files |", bundle::MAX_LENGTH >> 20, bundle::MAX_FILES),
        format!("  {} => [size: uint, index: uint],", receipt::POSITION),
        format!("  ? {} => bytes, ", transparent::COMPANIONS),
        format!("  16 => \"{}\",", receipt::TYP),
    ] {
        assert!(page.contains(&sentence), "{sentence}");
    }
    let lengths = (companions::MAX_LENGTH, transparent::MAX_LENGTH, receipt::MAX_LENGTH);
    assert_eq!(lengths, (1_000_000, 1_300_000, 32_768));
    assert_eq!((proof::MAX_LENGTH, proof::MAX_HASHES), (3_000_000, 64));
}

#[test]
fn the_worked_entry_is_what_this_code_writes() {
    let record = Record::Party(records::bare_party());
    let statement = sealed(&record);
    assert_eq!(block("statement"), annotate(&statement));
    let id = Id::of(&statement);
    let page = fs::read_to_string(FORMAT).expect(FORMAT);
    assert!(page.contains(&format!("entry      {id}\n")), "entry {id}");
    let leaf = leaf_hash(id.hash().as_bytes());
    assert!(page.contains(&format!("leaf hash  {leaf}\n")), "leaf hash {leaf}");
}
