//! DKIM against the standards' own examples and messages signed by dkimpy; what must not pass.
//!
//! The files and how they were made: `tests/cases/dkim/make.py`.

#![allow(clippy::disallowed_methods, reason = "a test reads its cases")]

use std::fs;

use base64ct::{Base64, Encoding};
use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha256};
use whosaid::evidence::email;
use whosaid::evidence::signature::checked::{Checked, Coverage, State};
use whosaid::evidence::signature::dkim::{MAX_SIGNATURES, Record, check, check_each};

/// When `make.py` signed.
const SIGNED_AT: i64 = 1_700_000_000;

const FIELDS: [&str; 4] = ["from", "to", "subject", "date"];

fn read(name: &str) -> Vec<u8> {
    let path = format!("tests/cases/dkim/{name}");
    fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn checked_at(message: &[u8], records: &[&[u8]], at: Option<i64>) -> Checked {
    let records: Vec<Record<'_>> = records.iter().map(|bytes| Record { bytes }).collect();
    check(message, &records, at)
}

fn checked(message: &[u8], records: &[&[u8]]) -> Checked {
    checked_at(message, records, Some(SIGNED_AT))
}

fn changed(name: &str, from: &str, to: &str) -> Vec<u8> {
    let message = String::from_utf8(read(name)).unwrap();
    assert!(message.contains(from), "{name} has no {from}");
    message.replacen(from, to, 1).into_bytes()
}

fn id(checked: &Checked) -> &str {
    let signer = checked.signer.as_ref().expect("a signer");
    assert_eq!(signer.platform, "mail");
    &signer.id
}

#[test]
fn the_examples_of_the_standards_are_valid() {
    for (message, record, domain, signed_at) in [
        ("rfc6376.eml", "rfc6376.txt", "example.com", None),
        ("rfc8463.eml", "rfc8463-ed25519.txt", "football.example.com", Some(1_528_637_909)),
        ("rfc8463.eml", "rfc8463-rsa.txt", "football.example.com", Some(1_528_637_909)),
    ] {
        let checked = checked(&read(message), &[&read(record)]);
        assert_eq!(checked.state, State::Valid, "{record}: {checked:?}");
        assert_eq!(id(&checked), domain);
        assert_eq!((checked.coverage, checked.signed_at), (Coverage::Whole, signed_at), "{record}");
    }
    let records = [read("rfc8463-ed25519.txt"), read("rfc8463-rsa.txt")];
    let records = records.each_ref().map(|bytes| Record { bytes });
    let each = check_each(&read("rfc8463.eml"), &records, None);
    assert_eq!(each.iter().map(|checked| checked.state).collect::<Vec<_>>(), [State::Valid; 2]);
}

#[test]
fn what_another_program_signed_is_valid_without_reserve() {
    for (message, record) in [
        ("relaxed.eml", "rsa.txt"),
        ("simple.eml", "rsa.txt"),
        ("mixed.eml", "rsa.txt"),
        ("ed25519.eml", "ed25519.txt"),
    ] {
        let checked = checked(&read(message), &[&read(record)]);
        assert_eq!(checked.state, State::Valid, "{message}: {checked:?}");
        assert_eq!((id(&checked), checked.signed_at), ("ministry.example", Some(SIGNED_AT)));
        assert_eq!((checked.coverage, checked.limits), (Coverage::Whole, vec![]), "{message}");
    }
    let fact = checked(&read("relaxed.eml"), &[&read("rsa.txt")]).fact;
    assert_eq!(
        fact,
        "the key press of ministry.example signed the body and from, to, subject, date, \
         message-id, mime-version, content-type; it says that there is no further from, to, \
         subject, date, content-transfer-encoding"
    );
}

#[test]
fn every_state_is_told_apart() {
    let (rsa, rotated) = (read("rsa.txt"), read("rotated.txt"));
    let revoked = b"press._domainkey.ministry.example. IN TXT \"v=DKIM1; k=rsa; p=\"".as_slice();
    let good = read("relaxed.eml");
    let body = changed("relaxed.eml", "No ship was", "One ship was");
    let subject = changed("relaxed.eml", "zur Lage", "zur Sache");
    let unsigned = b"From: a@b.example\r\n\r\nHi.\r\n".as_slice();
    for (what, message, records, expected) in [
        ("the key at hand", good.as_slice(), [rsa.as_slice()].as_slice(), State::Valid),
        ("no key", &good, &[], State::Missing),
        ("another domain's key", &good, &[&read("service.txt")], State::Missing),
        ("another selector's key", &good, &[&read("ed25519.txt")], State::Missing),
        ("a file that is no record", &good, &[b"words"], State::Missing),
        ("a key that was rotated", &good, &[&rotated], State::OtherKey),
        ("a key that was withdrawn", &good, &[revoked], State::Revoked),
        ("a key withdrawn after its capture", &good, &[&rsa, revoked], State::Valid),
        ("a key rotated after its capture", &good, &[&rotated, &rsa], State::Valid),
        ("another body", &body, &[&rsa], State::Altered),
        ("another body and no key", &body, &[], State::Altered),
        ("another subject", &subject, &[&rsa], State::OtherKey),
        ("a short key", &read("weak.eml"), &[&read("weak.txt")], State::Malformed),
        ("rsa-sha1", &read("sha1.eml"), &[&rsa], State::Malformed),
        ("no signature", unsigned, &[&rsa], State::Missing),
        ("no message", b"words", &[&rsa], State::Malformed),
    ] {
        let checked = checked(message, records);
        assert_eq!(checked.state, expected, "{what}: {checked:?}");
    }
    for (records, expected) in [
        ([rsa.as_slice(), revoked], "another captured record says that the key was withdrawn"),
        ([&rsa, &rotated], "another captured record has another key under this name"),
    ] {
        assert_eq!(checked(&good, &records).limits, [expected]);
    }
}

#[test]
fn a_signature_holds_until_its_end() {
    let (message, record) = (read("expires.eml"), read("rsa.txt"));
    let ends = SIGNED_AT + 3600;
    for (at, expected) in [
        (Some(SIGNED_AT), State::Valid),
        (Some(ends), State::Valid),
        (Some(ends + 1), State::Expired),
        (None, State::Valid),
    ] {
        let checked = checked_at(&message, &[&record], at);
        assert_eq!(checked.state, expected, "{at:?}");
        assert_eq!(checked.limits.len(), usize::from(at.is_none()), "{:?}", checked.limits);
    }
    let early = checked_at(&message, &[&record], Some(SIGNED_AT - 1));
    assert_eq!(
        early.limits,
        ["by its own word it was signed at 2023-11-14T22:13:20Z, after the time asked for"]
    );
}

#[test]
fn words_behind_the_signed_length_are_called_out() {
    let record = read("rsa.txt");
    let mut message = read("length.eml");
    let whole = checked(&message, &[&record]);
    assert_eq!((whole.state, whole.coverage), (State::Valid, Coverage::Whole));
    assert!(whole.limits[0].contains("`l=`"), "{:?}", whole.limits);
    message.extend_from_slice(b"One was.\r\n");
    let more = checked(&message, &[&record]);
    assert_eq!(more.state, State::Valid);
    let expected = Coverage::Partly("the last 10 bytes of the body (`l=`)".to_owned());
    assert_eq!(more.coverage, expected);
    message.truncate(message.len() - 30);
    assert_eq!(checked(&message, &[&record]).state, State::Altered);
}

/// Whether a body without any MIME field, rightly signed, counts as signed whole.
fn is_read_as_signed(body: &str) -> bool {
    let key = SigningKey::from_bytes(&[7; 32]);
    let hash = Base64::encode_string(&Sha256::digest(body));
    let field = format!(
        "DKIM-Signature: v=1; a=ed25519-sha256; c=simple/simple; d=club.example; s=k; h=from; \
         bh={hash}; b="
    );
    let from = "From: joe@club.example\r\n";
    let signature = key.sign(&Sha256::digest(format!("{from}{field}"))).to_bytes();
    let signature = Base64::encode_string(&signature);
    let public = Base64::encode_string(key.verifying_key().as_bytes());
    let record = format!("v=DKIM1; k=ed25519; p={public}");
    let message = format!("{field}{signature}\r\n{from}\r\n{body}");
    let checked = checked(message.as_bytes(), &[record.as_bytes()]);
    assert_eq!(checked.state, State::Valid, "{checked:?}");
    checked.coverage == Coverage::Whole
}

#[test]
fn unsigned_fields_are_called_out() {
    let record = read("rsa.txt");
    let open = checked(&read("unsigned-type.eml"), &[&record]);
    let expected = "Content-Type, MIME-Version, by which it is decided how the body is read";
    assert_eq!(open.coverage, Coverage::Partly(expected.to_owned()));
    assert!(open.limits.contains(&"not signed, and anybody's: Subject".to_owned()));
    assert!(open.limits.iter().any(|limit| limit.contains("no Content-Transfer-Encoding")));

    // A boundary in the body of a message that has no Content-Type any more.
    let parts = "--b1\r\nContent-Type: text/plain\r\n\r\nWe resign.\r\n--b1--\r\n";
    for (body, is_whole) in [("We play.\r\n-- \r\nJoe\r\n", true), (parts, false)] {
        assert_eq!(is_read_as_signed(body), is_whole, "{body}");
    }

    // The lower of two fields is the signed one; a reader may see the upper.
    let twice = changed("simple.eml", "Subject:", "Subject: A ship was lost\r\nSubject:");
    let twice = checked(&twice, &[&record]);
    assert_eq!(twice.state, State::Valid);
    assert_eq!(twice.limits, ["not signed, and anybody's: Subject"]);
    let below = changed("simple.eml", "Date:", "Subject: A ship was lost\r\nDate:");
    assert_eq!(checked(&below, &[&record]).state, State::OtherKey);
    let kind = changed("simple.eml", "From:", "Content-Type: text/html\r\nFrom:");
    assert!(matches!(checked(&kind, &[&record]).coverage, Coverage::Partly(_)));

    // Where the signature says that there is no second one, none can be added.
    let closed = changed("relaxed.eml", "Subject:", "Subject: A ship was lost\r\nSubject:");
    assert_eq!(checked(&closed, &[&record]).state, State::OtherKey);
    let from = changed("simple.eml", "From:", "From: a@b.example\r\nFrom:");
    let from = checked(&from, &[&record]);
    assert_eq!(from.state, State::Malformed);
    assert_eq!(from.fact, "the message has 2 From fields, and must have one");
}

#[test]
fn a_services_signature_is_not_the_authors() {
    let (rsa, service) = (read("rsa.txt"), read("service.txt"));
    let alone = checked(&read("service.eml"), &[&service]);
    assert_eq!((alone.state, id(&alone)), (State::Valid, "mailer.example"));
    assert!(alone.limits[0].contains("not the domain of the address in From (ministry.example)"));

    let both = checked(&read("both.eml"), &[&service, &rsa]);
    assert_eq!((both.state, id(&both)), (State::Valid, "ministry.example"));
    assert!(both.limits[0].starts_with("another signature, by mailer.example: valid: "));
    let one = checked(&read("both.eml"), &[&service]);
    assert_eq!((one.state, id(&one)), (State::Valid, "mailer.example"));
    let other = one.limits.last().unwrap();
    assert!(other.starts_with("another signature, by ministry.example: key missing: "), "{other}");
    let none = checked(&read("both.eml"), &[]);
    assert_eq!((none.state, id(&none)), (State::Missing, "ministry.example"));

    let unclear = changed("rfc6376.eml", "<joe@", "(comment) <joe@");
    assert_ne!(checked(&unclear, &[&read("rfc6376.txt")]).state, State::Valid);
}

#[test]
fn what_the_key_record_says_of_itself_is_held() {
    let record = String::from_utf8(read("rsa.txt")).unwrap();
    for (message, tags, expected) in [
        ("below.eml", "t=s; ", State::Malformed),
        ("below.eml", "", State::Valid),
        ("relaxed.eml", "t=s; ", State::Valid),
        ("relaxed.eml", "s=other; ", State::Malformed),
        ("relaxed.eml", "h=sha1; ", State::Malformed),
        ("relaxed.eml", "k=rsa; ", State::Malformed),
        ("ed25519.eml", "", State::Missing),
    ] {
        let record = record.replace("k=rsa; ", &format!("k=rsa; {tags}"));
        let checked = checked(&read(message), &[record.as_bytes()]);
        assert_eq!(checked.state, expected, "{message} {tags}: {checked:?}");
    }
    let testing = record.replace("k=rsa; ", "k=rsa; t=y; ");
    let testing = checked(&read("relaxed.eml"), &[testing.as_bytes()]);
    assert_eq!(testing.state, State::Valid);
    assert_eq!(testing.limits, ["the domain says that it is only trying signatures out (`t=y`)"]);
    let ed = String::from_utf8(read("ed25519.txt")).unwrap().replace("ed._", "press._");
    assert_eq!(checked(&read("relaxed.eml"), &[ed.as_bytes()]).state, State::Malformed);
}

#[test]
fn a_record_without_a_name_serves_with_a_reserve() {
    let bare = checked(&read("relaxed.eml"), &[&read("rsa-bare.txt")]);
    assert_eq!(bare.state, State::Valid);
    assert!(bare.limits[0].starts_with("the captured key does not say where it stood"));
    let wrong = checked(&read("service.eml"), &[&read("rsa-bare.txt")]);
    assert_eq!(wrong.state, State::OtherKey);
    assert!(wrong.fact.ends_with("; the captured record does not say where it stood"));
    let named = checked(&read("relaxed.eml"), &[&read("rsa-bare.txt"), &read("rsa.txt")]);
    assert_eq!((named.state, named.limits), (State::Valid, vec![]));
}

#[test]
fn white_space_is_forgiven_where_the_signature_says_so() {
    let record = read("rsa.txt");
    for (from, to) in [
        ("To: newsroom", "to:\t newsroom"),
        ("To: newsroom@paper.example", "TO : \r\n\tnewsroom@paper.example  "),
        ("is longer than", "is \t longer   than"),
        ("may be.\r\n", "may be. \t\r\n\r\n \r\n"),
    ] {
        let relaxed = changed("length.eml", from, to);
        let closed = relaxed.ends_with(b"\r\n\r\n \r\n");
        // A length is counted in the forgiving spelling too.
        assert_eq!(checked(&relaxed, &[&record]).state, State::Valid, "{to:?} {closed}");
        let simple = checked(&changed("simple.eml", from, to), &[&record]).state;
        assert!(matches!(simple, State::OtherKey | State::Altered), "{to:?}: {simple:?}");
    }
    let ends = [read("simple.eml"), b"\r\n\r\n".to_vec()].concat();
    assert_eq!(checked(&ends, &[&record]).state, State::Valid);
}

#[test]
fn a_message_saved_with_other_line_ends_is_checked_as_it_was_sent() {
    let record = read("rsa.txt");
    for name in ["relaxed.eml", "simple.eml"] {
        let message = read(name);
        let saved: Vec<u8> = message.iter().copied().filter(|byte| *byte != b'\r').collect();
        let checked_saved = checked(&saved, &[&record]);
        assert_eq!(checked_saved.state, State::Valid, "{name}");
        assert!(checked_saved.limits[0].contains("lines that end in LF"));
        // Ends of two sorts are read in two ways.
        let first = message.iter().position(|byte| *byte == b'\r').unwrap();
        let both = [&message[..first], &message[first + 1..]].concat();
        assert_eq!(checked(&both, &[&record]).state, State::Malformed, "{name}");
    }
}

#[test]
fn too_many_signatures_are_not_all_checked() {
    let junk = "DKIM-Signature: v=1\r\n".repeat(MAX_SIGNATURES);
    let message = [junk.as_bytes(), &read("relaxed.eml")].concat();
    let checked = checked(&message, &[&read("rsa.txt")]);
    assert_eq!(checked.state, State::Malformed);
    let expected = format!("of 9 signatures, only the first {MAX_SIGNATURES} were checked");
    assert!(checked.limits.contains(&expected), "{:?}", checked.limits);
}

#[test]
fn one_changed_byte_anywhere_is_refused() {
    for (name, record) in [
        ("rfc6376.eml", "rfc6376.txt"),
        ("ed25519.eml", "ed25519.txt"),
        ("relaxed.eml", "rsa.txt"),
        ("simple.eml", "rsa.txt"),
    ] {
        let (message, record) = (read(name), read(record));
        for at in 0..message.len() {
            let mut wrong = message.clone();
            wrong[at] ^= 1;
            let checked = checked(&wrong, &[&record]);
            assert_ne!(checked.state, State::Valid, "{name}, byte {at}");
        }
    }
}

#[test]
fn each_of_two_signatures_refuses_one_changed_byte_on_its_own() {
    let message = read("rfc8463.eml");
    let records = [read("rfc8463-ed25519.txt"), read("rfc8463-rsa.txt")];
    let records = records.each_ref().map(|bytes| Record { bytes });
    let text = String::from_utf8(message.clone()).unwrap();
    let (second, shared) = (text.rfind("DKIM-Signature").unwrap(), text.find("From:").unwrap());
    for at in 0..message.len() {
        let mut wrong = message.clone();
        wrong[at] ^= 1;
        let valid = check_each(&wrong, &records, None)
            .into_iter()
            .filter(|checked| checked.state == State::Valid)
            .count();
        // A change in one signature's field leaves the other's alone.
        let most = usize::from(at < shared);
        assert!(valid <= most, "byte {at} of {second} and {shared}: {valid} are valid");
    }
}

/// A source of numbers that is the same in every run (Knuth's MMIX generator).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

fn mangled(bytes: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    const ADDED: [&str; 8] = [
        "From: Minister <a@ministry.example>\r\n",
        "Content-Type: text/html\r\n",
        "Content-Transfer-Encoding: base64\r\n",
        "Subject: A ship was lost\r\n",
        "A ship was lost.\r\n",
        " \r\n",
        "\r\n",
        "DKIM-Signature: v=1; a=rsa-sha256; d=ministry.example; s=press; l=0; b=\r\n",
    ];
    let mut bytes = bytes.to_vec();
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(bytes.len() + 1);
        let line = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let next = bytes[at..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |n| at + n + 1);
        match numbers.below(8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << numbers.below(8),
            1 if at < bytes.len() => drop(bytes.remove(at)),
            2 => bytes.insert(at, b" \t\r\n;:=\"<,-0A"[numbers.below(13)]),
            3 => drop(bytes.splice(line..line, bytes[line..next].to_vec())),
            4 => drop(bytes.drain(line..next)),
            5 => bytes.truncate(at),
            _ => drop(bytes.splice(line..line, ADDED[numbers.below(8)].bytes())),
        }
    }
    bytes
}

/// The signed fields and the body without any white space: coarser than every spelling signed.
fn covered(message: &[u8]) -> (Vec<String>, String) {
    let text = String::from_utf8_lossy(message).replace("\r\n", "\n");
    let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
    let head = head.replace("\n ", " ").replace("\n\t", " ");
    let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let fields = head.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let name = name.trim().to_ascii_lowercase();
        FIELDS.contains(&name.as_str()).then(|| format!("{name}:{}", bare(value)))
    });
    (fields.collect(), bare(body))
}

#[test]
fn what_is_mangled_is_valid_only_with_the_same_words() {
    let mut numbers = Numbers(1);
    let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let (mut valid, mut whole) = (0, 0);
    for (name, record) in [
        ("rfc8463.eml", "rfc8463-ed25519.txt"),
        ("ed25519.eml", "ed25519.txt"),
        ("relaxed.eml", "rsa.txt"),
        ("simple.eml", "rsa.txt"),
        ("length.eml", "rsa.txt"),
    ] {
        let (message, record) = (read(name), read(record));
        let (fields, body) = covered(&message);
        let words = bare(&email::extract(&message).unwrap().text);
        for round in 0..3000 {
            let other = mangled(&message, &mut numbers);
            let read = email::extract(&other);
            let checked = checked(&other, &[&record]);
            if checked.state != State::Valid {
                continue;
            }
            valid += 1;
            let (other_fields, other_body) = covered(&other);
            // Each signed field is still there, and another of its name is called out.
            let kept = fields.iter().all(|field| other_fields.contains(field));
            let added = other_fields.len() > fields.len();
            let called_out = checked.limits.iter().any(|limit| limit.starts_with("not signed"));
            assert!(kept && (!added || called_out), "{name} {round}: {checked:?}");
            assert!(other_body.starts_with(&body), "{name} {round}: {checked:?}");
            if checked.coverage == Coverage::Whole {
                assert_eq!(other_body, body, "{name} {round}");
                // Whoever reads it reads the same words, or none.
                assert!(read.is_err() || bare(&read.unwrap().text) == words, "{name} {round}");
                whole += 1;
            }
        }
    }
    assert!(valid > 100 && whole > 50, "{valid} valid, {whole} of them whole: a weak test");
}

#[test]
fn a_mangled_record_serves_only_with_the_same_key() {
    let mut numbers = Numbers(2);
    let bare =
        |text: &str| text.chars().filter(|c| !c.is_whitespace() && *c != '"').collect::<String>();
    let mut valid = 0;
    for (name, record) in [
        ("relaxed.eml", "rsa.txt"),
        ("relaxed.eml", "rsa-bare.txt"),
        ("ed25519.eml", "ed25519.txt"),
    ] {
        let (message, record) = (read(name), read(record));
        let text = bare(std::str::from_utf8(&record).unwrap());
        let key = text.split_once("p=").unwrap().1;
        for round in 0..3000 {
            let other = mangled(&record, &mut numbers);
            if checked(&message, &[&other]).state == State::Valid {
                let other = bare(&String::from_utf8_lossy(&other));
                assert!(other.contains(key), "{name} {round}: {other}");
                valid += 1;
            }
        }
    }
    assert!(valid > 100, "{valid} valid: a weak test");
}
