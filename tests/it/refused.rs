//! Statements that must be refused: each is rightly signed and wrong in one place only.

use ciborium::Value;
use whosaid::attribution::record::Record;
use whosaid::attribution::record::claim::{About, Passage};
use whosaid::attribution::statement::{CONTENT_TYPE, MAX_LENGTH};
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
        kind("newer_version", "the record format's version 2", headed(|h| h[1].1 = newer.into())),
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
    let (_, charter) = records::full().swap_remove(0);
    edited_record(&charter, |fields| {
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

fn fields() -> Vec<Case> {
    let check = |name, why, bytes| case(name, "field", why, bytes);
    let party = |edit: fn(&mut whosaid::attribution::record::party::Party)| {
        let mut party = records::party();
        edit(&mut party);
        unchecked(&Record::Party(party))
    };
    let document = |edit: fn(&mut whosaid::attribution::record::document::Document)| {
        let mut document = records::document();
        edit(&mut document);
        unchecked(&Record::Document(document))
    };
    let claim = |edit: fn(&mut whosaid::attribution::record::claim::Claim)| {
        let mut claim = records::claim();
        edit(&mut claim);
        unchecked(&Record::Claim(Box::new(claim)))
    };
    vec![
        check("name_blank", "a name of one space", party(|p| p.names[0].text = " ".to_owned())),
        check(
            "name_two_lines",
            "a name with a line feed",
            party(|p| p.names[0].text = "a\nb".to_owned()),
        ),
        check(
            "name_escape",
            "a name that colours a terminal",
            party(|p| p.names[0].text = "\u{1b}[31m".to_owned()),
        ),
        check("name_long", "a name of 513 bytes", party(|p| p.names[0].text = "a".repeat(513))),
        check("key_uppercase", "a key with a capital", party(|p| p.key = "Mfa".to_owned())),
        check("key_long", "a key of 65 bytes", party(|p| p.key = "a".repeat(65))),
        check(
            "language_bad",
            "no language tag",
            party(|p| p.names[0].lang = Some("English!".to_owned())),
        ),
        check(
            "language_long",
            "a language tag of 36 bytes",
            party(|p| {
                p.names[0].lang = Some(format!("en-x{}aa", "-aaaaa".repeat(5)));
            }),
        ),
        check(
            "url_relative",
            "a URL without scheme",
            document(|d| d.url = Some("/news/1".to_owned())),
        ),
        check(
            "url_white_space",
            "a URL with a line feed",
            document(|d| d.url = Some("https://a.example/\n".to_owned())),
        ),
        check(
            "url_long",
            "a URL of 2049 bytes",
            document(|d| {
                d.url = Some(format!("https://a.example/{}", "a".repeat(2031)));
            }),
        ),
        check(
            "media_type_bad",
            "a media type without subtype",
            document(|d| d.captures[0].media_type = "text".to_owned()),
        ),
        check(
            "proposition_long",
            "a proposition of 8193 bytes",
            claim(|c| c.proposition.text = "a".repeat(8193)),
        ),
        check(
            "passage_without_document",
            "a passage that stands nowhere",
            claim(|c| c.document = None),
        ),
        check(
            "hop_both",
            "a hop with a document that is also unreachable",
            claim(|c| c.chain[0].unreachable = Some("gone".to_owned())),
        ),
        check(
            "hop_neither",
            "a hop with no document that is not unreachable",
            claim(|c| c.chain[1].unreachable = None),
        ),
        check(
            "hop_passage_without_document",
            "a passage in a hop that was not reached",
            claim(|c| {
                c.chain[1].passage = c.passage.clone();
            }),
        ),
        check(
            "format_newer",
            "a charter of format 2",
            rule("charter", |r| {
                if let Record::Charter(charter) = r {
                    charter.format = 2
                }
            }),
        ),
        check(
            "relation_to_itself",
            "a claim that confirms itself",
            rule("relation", |r| {
                if let Record::Relation(relation) = r {
                    relation.to = relation.from
                }
            }),
        ),
        check(
            "correction_without_replacement",
            "a correction that puts nothing in place",
            rule("notice_correction", |r| {
                if let Record::Notice(notice) = r {
                    notice.replacement = None
                }
            }),
        ),
        check(
            "rebuttal_without_text",
            "a reply without words",
            rule("notice_rebuttal", |r| {
                if let Record::Notice(notice) = r {
                    notice.text = None
                }
            }),
        ),
        check(
            "introduce_without_name",
            "a new key without a name",
            rule("key_introduce", |r| {
                if let Record::Key(change) = r {
                    change.name = None
                }
            }),
        ),
        check(
            "introduce_without_powers",
            "a new key that may do nothing",
            rule("key_introduce", |r| {
                if let Record::Key(change) = r {
                    change.powers.clear()
                }
            }),
        ),
        check(
            "introduce_replaces",
            "a new key that replaces another",
            rule("key_introduce", |r| {
                if let Record::Key(change) = r {
                    change.replaces = Some(records::key(2))
                }
            }),
        ),
        check(
            "powers_unsorted",
            "powers in another order",
            rule("key_introduce", |r| {
                if let Record::Key(change) = r {
                    change.powers.reverse()
                }
            }),
        ),
        check(
            "powers_twice",
            "one power twice",
            rule("key_delegate", |r| {
                if let Record::Key(change) = r {
                    change.powers.extend_from_within(..)
                }
            }),
        ),
        check(
            "rotate_without_replaces",
            "a rotated key that replaces none",
            rule("key_rotate", |r| {
                if let Record::Key(change) = r {
                    change.replaces = None
                }
            }),
        ),
        check(
            "revoke_with_name",
            "a revoked key with a name",
            rule("key_revoke", |r| {
                if let Record::Key(change) = r {
                    change.name = Some("omar".to_owned())
                }
            }),
        ),
    ]
}

/// A full record, damaged so that a rule between its fields fails.
fn rule(name: &str, damage: fn(&mut Record)) -> Vec<u8> {
    let mut all = records::full();
    let at = all.iter().position(|(other, _)| *other == name).expect("a known name");
    let mut record = all.swap_remove(at).1;
    damage(&mut record);
    unchecked(&record)
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
