//! Statements that must be refused: each is rightly signed and wrong in one place only.

use ciborium::Value;
use whosaid::attribution::record::Record;
use whosaid::attribution::record::claim::{About, Passage};
use whosaid::attribution::statement::{CONTENT_TYPE, MAX_LENGTH};
use whosaid::cbor;
use whosaid::cose;

use crate::it::records;
use crate::it::statements::{Case, Draft, draft, longest, written};

/// All cases, by what is wrong: the bytes, the envelope, its headers, the record, its fields.
pub(crate) fn cases() -> Vec<Case> {
    let groups = [spellings(), envelopes(), headers(), shapes(), fields(), lists(), signatures()];
    groups.into_iter().flatten().collect()
}

fn case(name: &'static str, kind: &str, why: &'static str, bytes: Vec<u8>) -> Case {
    Case { name, expect: format!("refused {kind}"), why, bytes }
}

/// The draft that most cases damage: a party with a key, a kind and one name.
fn party() -> Draft {
    draft(&Record::Party(records::bare_party()))
}

/// A party whose payload's value was damaged; `edit` gets the fields of the party.
fn edited(edit: impl FnOnce(&mut Vec<(Value, Value)>)) -> Vec<u8> {
    edited_record(&Record::Party(records::bare_party()), edit)
}

fn edited_record(record: &Record, edit: impl FnOnce(&mut Vec<(Value, Value)>)) -> Vec<u8> {
    let mut draft = draft(record);
    let mut value: Value = ciborium::from_reader(&draft.payload[..]).expect("a record");
    edit(map(&mut map(&mut value)[0].1));
    draft.payload = written(&value);
    draft.sealed()
}

/// A party whose payload's bytes were damaged.
fn respelled(edit: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut draft = party();
    edit(&mut draft.payload);
    draft.sealed()
}

/// A party whose protected header was damaged.
fn headed(edit: impl FnOnce(&mut Vec<(Value, Value)>)) -> Vec<u8> {
    let mut draft = party();
    edit(&mut draft.protected);
    draft.sealed()
}

/// A party whose CWT claims were damaged.
fn claimed(edit: impl FnOnce(&mut Vec<(Value, Value)>)) -> Vec<u8> {
    headed(|header| edit(map(&mut header[3].1)))
}

/// A party whose envelope was put together in another way.
fn enveloped(edit: impl FnOnce(&mut Vec<Value>)) -> Vec<u8> {
    let mut parts = party().parts();
    edit(&mut parts);
    written(&Value::Tag(cose::TAG, Box::new(Value::Array(parts))))
}

fn map(value: &mut Value) -> &mut Vec<(Value, Value)> {
    value.as_map_mut().expect("a map")
}

fn spellings() -> Vec<Case> {
    let check = |name, why, bytes| case(name, "spelling", why, bytes);
    let tagged = |value: Value| Value::Tag(0, Box::new(value));
    let nested = (0..16).fold(Value::from(0), |inside, _| Value::Array(vec![inside]));
    vec![
        check("keys_unsorted", "two keys of the party change places", edited(|f| f.swap(0, 1))),
        check(
            "key_twice",
            "the party's key stands there twice",
            edited(|f| f.insert(0, f[0].clone())),
        ),
        check(
            "key_types_mixed",
            "a number among text keys",
            edited(|f| f.insert(0, (1.into(), 1.into()))),
        ),
        check(
            "cwt_claim_twice",
            "iss twice in the CWT claims",
            claimed(|c| c.insert(0, c[0].clone())),
        ),
        check(
            "header_twice",
            "alg twice in the protected header",
            headed(|h| h.insert(0, h[0].clone())),
        ),
        check("header_unsorted", "content type before alg", headed(|h| h.swap(0, 1))),
        check(
            "tag_inside",
            "tag 0 around the party's key",
            edited(|f| f[0].1 = tagged(f[0].1.clone())),
        ),
        check("float", "a number with a fraction", edited(|f| f[0].1 = Value::Float(1.5))),
        check("null", "null instead of the party's key", edited(|f| f[0].1 = Value::Null)),
        check("undefined", "undefined instead of a record", respelled(|p| *p = vec![0xf7])),
        check("head_too_long", "map of 1 as b8 01", respelled(|p| drop(p.splice(0..1, [0xb8, 1])))),
        check(
            "indefinite",
            "a map that ends in a break",
            respelled(|p| {
                p[0] = 0xbf;
                p.push(0xff);
            }),
        ),
        check("not_utf8", "the byte ff in a text", respelled(|p| p[2] = 0xff)),
        check("bytes_after_payload", "a zero after the record", respelled(|p| p.push(0))),
        check(
            "payload_cut",
            "the last byte of the record is missing",
            respelled(|p| p.truncate(p.len() - 1)),
        ),
        check("too_deep", "17 values inside one another", edited(|f| f[0].1 = nested)),
        check(
            "bytes_after_statement",
            "a zero after the envelope",
            [party().sealed(), vec![0]].concat(),
        ),
        check("untagged", "no tag 18", party().sealed()[1..].to_vec()),
        check("other_tag", "tag 98 (COSE_Sign)", [&[0xd8, 98], &party().sealed()[1..]].concat()),
        check("tag_too_long", "tag 18 as d8 12", [&[0xd8, 18], &party().sealed()[1..]].concat()),
        check(
            "payload_detached",
            "nil instead of the payload",
            enveloped(|parts| parts[2] = Value::Null),
        ),
    ]
}

fn envelopes() -> Vec<Case> {
    let check = |name, why, bytes| case(name, "envelope", why, bytes);
    let receipts = Value::Map(vec![(394.into(), Value::Array(vec![Value::Bytes(vec![0])]))]);
    vec![
        check(
            "unprotected_not_empty",
            "a receipt in the unprotected header",
            enveloped(|p| p[1] = receipts),
        ),
        check("three_parts", "no signature", enveloped(|p| drop(p.pop()))),
        check("five_parts", "something after the signature", enveloped(|p| p.push(0.into()))),
        check("payload_text", "the payload is text", enveloped(|p| p[2] = "record".into())),
        check(
            "signature_short",
            "a signature of 63 bytes",
            enveloped(|p| {
                let Value::Bytes(signature) = &mut p[3] else { unreachable!() };
                signature.pop();
            }),
        ),
        check(
            "protected_no_map",
            "the protected header is an array",
            enveloped(|p| {
                p[0] = Value::Bytes(vec![0x80]);
            }),
        ),
    ]
}

fn headers() -> Vec<Case> {
    let shape = |name, why, bytes| case(name, "envelope", why, bytes);
    let other = |name, why, bytes| case(name, "algorithm", why, bytes);
    let kind = |name, why, bytes| case(name, "content_type", why, bytes);
    let wrong = |name, why, bytes| case(name, "header", why, bytes);
    let crit = (2.into(), Value::Array(vec![3.into()]));
    let chain = (33.into(), Value::Bytes(vec![0]));
    let newer = CONTENT_TYPE.replace("v1", "v2");
    vec![
        shape("alg_missing", "no alg", headed(|h| drop(h.remove(0)))),
        shape("content_type_missing", "no content type", headed(|h| drop(h.remove(1)))),
        shape("content_type_number", "60 (CBOR) as content type", headed(|h| h[1].1 = 60.into())),
        shape("kid_missing", "no kid", headed(|h| drop(h.remove(2)))),
        shape("kid_short", "a kid of 31 bytes", headed(|h| h[2].1 = Value::Bytes(vec![1; 31]))),
        shape("kid_text", "the kid is text", headed(|h| h[2].1 = "nadia".into())),
        shape("cwt_claims_missing", "no CWT claims", headed(|h| drop(h.remove(3)))),
        shape("typ_missing", "no typ", headed(|h| drop(h.remove(4)))),
        shape("crit", "crit is present", headed(|h| h.insert(1, crit))),
        shape("header_unknown", "x5chain is present", headed(|h| h.push(chain))),
        shape("iss_missing", "no iss", claimed(|c| drop(c.remove(0)))),
        shape("sub_missing", "no sub", claimed(|c| drop(c.remove(1)))),
        shape("iat_missing", "no iat", claimed(|c| drop(c.remove(2)))),
        shape("iat_negative", "recorded in 1969", claimed(|c| c[2].1 = (-1).into())),
        shape("cwt_claim_unknown", "a cti", claimed(|c| c.push((7.into(), Value::Bytes(vec![1]))))),
        other("alg_es256", "alg -7", headed(|h| h[0].1 = (-7).into())),
        other("alg_rs256", "alg -257", headed(|h| h[0].1 = (-257).into())),
        case(
            "newer_version",
            "newer",
            "the record format's version 2",
            headed(|h| h[1].1 = newer.into()),
        ),
        kind("other_content", "text", headed(|h| h[1].1 = "text/plain".into())),
        wrong(
            "typ_wrong",
            "the typ of a receipt",
            headed(|h| {
                h[4].1 = "application/scitt-receipt+cose".into();
            }),
        ),
        wrong("sub_wrong", "the sub of another party", claimed(|c| c[1].1 = "party/mod".into())),
    ]
}

fn shapes() -> Vec<Case> {
    let check = |name, why, bytes| case(name, "record", why, bytes);
    let claim = Record::Claim(Box::new(records::bare_claim()));
    let document = Record::Document(records::document());
    let numbers = Value::Array(vec![Value::from(1); 32]);
    vec![
        check(
            "kind_unknown",
            "a record of kind \"party2\"",
            respelled(|p| {
                p[1] += 1;
                p.insert(7, b'2');
            }),
        ),
        check(
            "two_records",
            "two records in one map",
            respelled(|p| {
                p[0] += 1;
                p.extend(b"\x66party2\xa0");
            }),
        ),
        check(
            "field_unknown",
            "a field \"zoo\"",
            edited(|f| f.insert(1, ("zoo".into(), "".into()))),
        ),
        check("field_missing", "no kind", edited(|f| drop(f.remove(1)))),
        check("field_number", "a number instead of the key", edited(|f| f[0].1 = 7.into())),
        check(
            "field_bytes",
            "bytes instead of the key",
            edited(|f| f[0].1 = Value::Bytes(b"mfa".to_vec())),
        ),
        check("value_unknown", "a party of kind \"robot\"", edited(|f| f[1].1 = "robot".into())),
        check(
            "list_empty",
            "an empty list written out",
            edited(|f| {
                f.insert(0, ("ids".into(), Value::Array(Vec::new())));
            }),
        ),
        check("id_numbers", "an id as 32 numbers", part_of(numbers)),
        check("id_short", "an id of 31 bytes", part_of(Value::Bytes(vec![1; 31]))),
        check("key_weak", "the identity as a recorder's key", weak_key()),
        check("date_impossible", "30 February", dated(&document, "2024-02-30")),
        check(
            "date_not_canonical",
            "a date with a space before it",
            dated(&document, " 2024-02-28"),
        ),
        check(
            "speaker_both",
            "a speaker that is a party and unresolved",
            edited_record(&claim, |f| {
                let speaker = map(field(f, "speaker"));
                speaker.insert(0, ("party".into(), Value::Bytes(vec![1; 32])));
            }),
        ),
        check(
            "size_negative",
            "a capture of -1 bytes",
            edited_record(&document, |f| {
                let captures = field(f, "captures").as_array_mut().expect("a list");
                *field(map(&mut captures[0]), "size") = (-1).into();
            }),
        ),
    ]
}

/// A full party whose first `part_of` is `value`.
fn part_of(value: Value) -> Vec<u8> {
    edited_record(&Record::Party(records::party()), |fields| {
        *field(fields, "part_of") = Value::Array(vec![value]);
    })
}

/// A document published on `edtf`.
fn dated(document: &Record, edtf: &str) -> Vec<u8> {
    edited_record(document, |fields| {
        *field(map(field(fields, "published")), "edtf") = edtf.into();
    })
}

/// A charter whose first recorder has a key that anybody can sign for.
fn weak_key() -> Vec<u8> {
    edited_record(&full("charter"), |fields| {
        let recorders = field(fields, "recorders").as_array_mut().expect("a list");
        let identity = [&[1_u8][..], &[0; 31]].concat();
        *field(map(&mut recorders[0]), "key") = Value::Bytes(identity);
    })
}

fn field<'a>(fields: &'a mut [(Value, Value)], name: &str) -> &'a mut Value {
    let found = fields.iter_mut().find(|(key, _)| *key == Value::from(name));
    &mut found.unwrap_or_else(|| panic!("no field {name}")).1
}

/// A record whose own check refuses it, sealed all the same.
fn unchecked(record: &Record) -> Vec<u8> {
    assert!(record.check().is_err(), "nothing is wrong with this {}", record.kind());
    draft(record).sealed()
}

/// One full record, one field of it, and what stands there instead; nothing, if `None`.
type Change = (&'static str, &'static str, &'static str, &'static str, Option<Value>);

fn fields() -> Vec<Case> {
    let changes = texts().into_iter().chain(rules());
    changes
        .map(|(name, why, record, path, value)| {
            let mut payload: Value = value_of(&full(record));
            put(&mut map(&mut payload)[0].1, path, value);
            let payload = cbor::encode_value(payload).expect("deterministic CBOR");
            let record = cbor::decode(&payload).unwrap_or_else(|e| panic!("{name}: {e}"));
            let kind = if name == "format_newer" { "newer" } else { "field" };
            case(name, kind, why, unchecked(&record))
        })
        .collect()
}

/// Texts that are too long, blank or ill-formed.
fn texts() -> Vec<Change> {
    let a = |length: usize| Some(Value::from("a".repeat(length)));
    let text = |text: &str| Some(Value::from(text));
    let tag = text("en-x-aaaaa-aaaaa-aaaaa-aaaaa-aaaaaaa");
    let url = text(&format!("https://a.example/{}", "a".repeat(2031)));
    vec![
        ("name_blank", "a name of one space", "party", "names.0.text", text(" ")),
        ("name_two_lines", "a name with a line feed", "party", "names.0.text", text("a\nb")),
        ("name_escape", "a name in colour", "party", "names.0.text", text("\u{1b}[31m")),
        ("name_long", "a name of 513 bytes", "party", "names.0.text", a(513)),
        ("key_uppercase", "a key with a capital", "party", "key", text("Mfa")),
        ("key_long", "a key of 65 bytes", "party", "key", a(65)),
        ("language_bad", "no language tag", "party", "names.0.lang", text("English!")),
        ("language_long", "a language tag of 36 bytes", "party", "names.0.lang", tag),
        ("url_relative", "a URL without scheme", "document", "url", text("/news/1")),
        (
            "url_white_space",
            "a line feed in a URL",
            "document",
            "url",
            text("https://a.example/\n"),
        ),
        ("url_long", "a URL of 2049 bytes", "document", "url", url),
        ("media_type_bad", "no subtype", "document", "captures.0.media_type", text("text")),
        ("proposition_long", "8193 bytes", "claim", "proposition.text", a(8193)),
    ]
}

/// What is against a rule between fields.
fn rules() -> Vec<Change> {
    let text = |text: &str| Some(Value::from(text));
    let words =
        |words: &[&str]| Some(Value::Array(words.iter().map(|word| Value::from(*word)).collect()));
    let key = Some(Value::Bytes(records::key(2).as_bytes().to_vec()));
    let passage = Some(part("claim", "passage"));
    let itself = Some(part("relation", "from"));
    let (claim, introduce) = ("claim", "key_introduce");
    let (attestation, pointed) = ("attestation", "claim_pointed");
    let parts = part("attestation", "parts").into_array().expect("a list");
    let header_alone = Some(Value::Array(parts[1..].to_vec()));
    let (id, cookie) = (Some(part("attestation", "document")), words(&["Set-Cookie: id=1"]));
    vec![
        ("passage_without_document", "a passage that stands nowhere", claim, "document", None),
        ("hop_both", "reached and not", claim, "chain.0.unreachable", text("gone")),
        ("hop_neither", "neither reached nor not", claim, "chain.1.unreachable", None),
        ("hop_passage_without_document", "words of nothing", claim, "chain.1.passage", passage),
        ("format_newer", "a charter of format 2", "charter", "format", Some(2.into())),
        ("relation_to_itself", "a claim that repeats itself", "relation", "to", itself),
        ("correction_bare", "nothing in its place", "notice_correction", "replacement", None),
        ("rebuttal_bare", "a reply without words", "notice_rebuttal", "text", None),
        ("introduce_without_name", "a new key without a name", introduce, "name", None),
        ("introduce_without_powers", "a key that may do nothing", introduce, "powers", None),
        ("introduce_replaces", "a new key that replaces another", introduce, "replaces", key),
        ("powers_unsorted", "another order", introduce, "powers", words(&["correct", "record"])),
        ("powers_twice", "one power twice", introduce, "powers", words(&["record", "record"])),
        ("rotate_without_replaces", "instead of no key", "key_rotate", "replaces", None),
        ("revoke_with_name", "a revoked key with a name", "key_revoke", "name", text("omar")),
        ("vouches_for_both", "a capture and a statement", attestation, "statement", id),
        ("vouches_for_nothing", "a capture of no document", attestation, "document", None),
        ("proof_missing", "a header that no proof leads to", attestation, "parts", header_alone),
        ("role_of_another_scheme", "a token", attestation, "parts.0.role", text("token")),
        ("height_missing", "a block without number", attestation, "parts.1.height", None),
        ("vouches_by_name", "an entry by dkim", "attestation_statement", "scheme", text("dkim")),
        ("header_cookie", "a session", attestation, "parts.0.capture.headers", cookie),
        ("status_low", "a status of 99", attestation, "parts.0.capture.status", Some(99.into())),
        ("pointer_relative", "no slash", pointed, "passage.segments.0.pointer", text("value")),
        ("page_zero", "pages begin at 1", pointed, "passage.segments.1.page", Some(0.into())),
    ]
}

/// A full record by its name.
fn full(name: &str) -> Record {
    let mut all = records::full();
    let at = all.iter().position(|(other, _)| *other == name).expect("a known name");
    all.swap_remove(at).1
}

/// What stands at a field of a full record.
fn part(name: &str, field_name: &str) -> Value {
    field(map(&mut map(&mut value_of(&full(name)))[0].1), field_name).clone()
}

fn value_of(record: &Record) -> Value {
    let payload = cbor::encode(record).expect("a record");
    ciborium::from_reader(&payload[..]).expect("CBOR")
}

/// Puts a value at a path such as `names.0.text`, or takes away what is there.
fn put(inside: &mut Value, path: &str, value: Option<Value>) {
    let (step, rest) = path.split_once('.').unwrap_or((path, ""));
    match inside {
        Value::Array(items) => {
            put(&mut items[step.parse::<usize>().expect("a place")], rest, value);
        }
        Value::Map(fields) if rest.is_empty() => {
            fields.retain(|(key, _)| *key != Value::from(step));
            fields.extend(value.map(|value| (Value::from(step), value)));
        }
        Value::Map(fields) => put(field(fields, step), rest, value),
        _ => panic!("{path} leads nowhere"),
    }
}

fn lists() -> Vec<Case> {
    let check = |name, why, record: &Record| case(name, "field", why, unchecked(record));
    let mut nameless = records::bare_party();
    nameless.names.clear();
    let mut claim = records::bare_claim();
    claim.chain = vec![records::unreachable(); 33];
    let chained = Record::Claim(Box::new(claim.clone()));
    claim.chain.clear();
    claim.about = vec![About::Topic("a".to_owned()); 257];
    let about = Record::Claim(Box::new(claim.clone()));
    claim.about.clear();
    claim.document = Some(records::id("article"));
    let passage = records::claim().passage.expect("a full claim");
    claim.passage = Some(Passage { segments: Vec::new(), ..passage });
    let wordless = Record::Claim(Box::new(claim));
    vec![
        check("names_none", "a party without a name", &Record::Party(nameless)),
        check("segments_none", "a passage without words", &wordless),
        check("hops_33", "a chain of 33 hops", &chained),
        check("items_257", "a list of 257 items", &about),
        case(
            "too_long",
            "length",
            "one byte more than a bundle can carry",
            draft(&longest(MAX_LENGTH + 1)).sealed(),
        ),
    ]
}

fn signatures() -> Vec<Case> {
    let check = |name, why, damage: fn(&mut [u8])| {
        let bytes = enveloped(|parts| {
            let Value::Bytes(signature) = &mut parts[3] else { unreachable!() };
            damage(signature);
        });
        case(name, "signature", why, bytes)
    };
    vec![
        check("signature_bit", "one bit of R is wrong", |signature| signature[0] ^= 1),
        check("signature_malleable", "S + L instead of S (RFC 8032 section 5.1.7)", |signature| {
            add_group_order(&mut signature[32..]);
        }),
        check("signature_zero", "all zeros", |signature| signature.fill(0)),
    ]
}

/// Adds L = 2^252 + 27742317777372353535851937790883648493 to a little-endian number.
fn add_group_order(scalar: &mut [u8]) {
    const ORDER: [u8; 16] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde,
        0x14,
    ];
    let order = ORDER.into_iter().chain([0; 15]).chain([0x10]);
    let mut carry = 0;
    for (digit, addend) in scalar.iter_mut().zip(order) {
        let sum = u16::from(*digit) + u16::from(addend) + carry;
        *digit = (sum & 0xff).to_le_bytes()[0];
        carry = sum >> 8;
    }
}
