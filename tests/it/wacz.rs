//! WACZ packages and WARC files: other people's real ones, and hostile ones, each a clear verdict
//! within limits.

#![allow(clippy::disallowed_methods, reason = "tests look at files")]

use std::borrow::Cow;
use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use whosaid::evidence::package::inflate::MIN_ALLOWANCE;
use whosaid::evidence::package::payload::{self, payload_of};
use whosaid::evidence::package::wacz::{self, Error, Examined, examine};
use whosaid::evidence::package::warc::{self, Reader, fourteen};
use whosaid::evidence::package::warctally::tally;
use whosaid::evidence::package::zipfile;
use whosaid::evidence::reading::Verdict;
use whosaid::hash::Hash;

/// Real packages of others (harvard-lil/scoop, MIT), kept outside this project.
fn real(name: &str) -> Option<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/wacz");
    if !folder.exists() {
        println!("SKIPPED: no {}", folder.display());
        return None;
    }
    Some(fs::read(folder.join(name)).unwrap())
}

/// A file of a ZIP file, each field at will.
#[derive(Clone)]
struct Member {
    name: Vec<u8>,
    flags: u16,
    method: u16,
    size: u32,
    crc: u32,
    packed: Vec<u8>,
    attributes: u32,
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn member(name: &str, content: &[u8]) -> Member {
    Member {
        name: name.as_bytes().to_vec(),
        flags: 0,
        method: 0,
        size: u32::try_from(content.len()).unwrap(),
        crc: crc(content),
        packed: content.to_vec(),
        attributes: 0,
    }
}

fn deflated(name: &str, content: &[u8]) -> Member {
    let mut writer = DeflateEncoder::new(Vec::new(), Compression::best());
    writer.write_all(content).unwrap();
    Member { method: 8, packed: writer.finish().unwrap(), ..member(name, content) }
}

fn header(member: &Member) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend([20, 0]);
    bytes.extend(member.flags.to_le_bytes());
    bytes.extend(member.method.to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(member.crc.to_le_bytes());
    bytes.extend(u32::try_from(member.packed.len()).unwrap().to_le_bytes());
    bytes.extend(member.size.to_le_bytes());
    bytes.extend(u16::try_from(member.name.len()).unwrap().to_le_bytes());
    bytes.extend([0; 2]);
    bytes
}

fn end(files: usize, size: usize, start: usize) -> Vec<u8> {
    let files = u16::try_from(files).unwrap().to_le_bytes();
    let mut bytes = b"PK\x05\x06\0\0\0\0".to_vec();
    bytes.extend(files);
    bytes.extend(files);
    bytes.extend(u32::try_from(size).unwrap().to_le_bytes());
    bytes.extend(u32::try_from(start).unwrap().to_le_bytes());
    bytes.extend([0; 2]);
    bytes
}

fn zip(members: &[Member]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut directory = Vec::new();
    for member in members {
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(header(member));
        directory.extend([0; 6]);
        directory.extend(member.attributes.to_le_bytes());
        directory.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
        directory.extend(&member.name);
        bytes.extend(b"PK\x03\x04");
        bytes.extend(header(member));
        bytes.extend(&member.name);
        bytes.extend(&member.packed);
    }
    let end = end(members.len(), directory.len(), bytes.len());
    bytes.extend(directory);
    bytes.extend(end);
    bytes
}

/// A record of WARC 1.1 with the digests of its block.
fn record(fields: &str, block: &str) -> String {
    let digest = Hash::of(block.as_bytes());
    format!(
        "WARC/1.1\r\n{fields}WARC-Block-Digest: sha256:{digest}\r\nContent-Length: {}\r\n\r\n\
         {block}\r\n\r\n",
        block.len()
    )
}

fn response(uri: &str, date: &str, id: u8, message: &str) -> String {
    let fields = format!(
        "WARC-Type: response\r\nWARC-Target-URI: {uri}\r\nWARC-Date: {date}\r\n\
         WARC-Record-ID: <urn:uuid:{id}>\r\nContent-Type: application/http;msgtype=response\r\n"
    );
    record(&fields, message)
}

fn page(words: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{words}")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::best());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn small_warc() -> String {
    let one = response("https://a.example/", "2024-11-25T10:00:00Z", 1, &page("one"));
    let two = response("https://a.example/", "2024-11-26T10:00:00.5Z", 2, &page("two"));
    let three = response("https://a.example/b", "2024-11-26T10:00:00Z", 3, &page("three"));
    [one, two, three].concat()
}

/// A package of these files, with a list that is right.
fn package_of(files: &[Member]) -> Vec<Member> {
    let resources: Vec<String> = files
        .iter()
        .map(|file| {
            let (hash, size) = (Hash::of(&file.packed), file.packed.len());
            let name = String::from_utf8_lossy(&file.name);
            format!(r#"{{"name":"x","path":"{name}","hash":"sha256:{hash}","bytes":{size}}}"#)
        })
        .collect();
    let list = format!(r#"{{"wacz_version":"1.1.1","resources":[{}]}}"#, resources.join(","));
    let hash = Hash::of(list.as_bytes());
    let digest = format!(r#"{{"path":"datapackage.json","hash":"sha256:{hash}"}}"#);
    let mut members = files.to_vec();
    members.push(member(wacz::LIST, list.as_bytes()));
    members.push(member(wacz::DIGEST, digest.as_bytes()));
    members
}

fn small_package() -> Vec<u8> {
    let files = [
        member("archive/data.warc", small_warc().as_bytes()),
        member("pages/pages.jsonl", b"{}\n"),
    ];
    zip(&package_of(&files))
}

fn verdicts(examined: &Examined) -> (Verdict, Verdict) {
    (examined.package.verdict, examined.records.verdict)
}

#[test]
fn the_real_packages_give_package_and_record_verdicts_apart() {
    let Some(bytes) = real("example.wacz") else { return };
    let examined = examine(&bytes).unwrap();
    assert_eq!(verdicts(&examined), (Verdict::Fails, Verdict::Holds));
    assert_eq!(examined.records.fact, "all 130 digests of 66 records hold");
    let [finding] = examined.package_findings.as_slice() else { panic!("{examined:?}") };
    assert_eq!(finding.place, "archive/data.warc.gz");
    assert_eq!(
        finding.fact,
        "has the sha-256 6a54851630e02fa0a1ee7f541c53e1d4549dd8b9949d63c985b9d60703096ab8, the \
         package says sha256:afeb50c7299f760025cdbbe7c6ecca404e89ec852ecccf07d626221eab795e6f"
            .replace("says sha256:", "says ")
    );
    assert_eq!((examined.files_holding, examined.files_listed), (65, 66));
    assert!(!examined.is_signed);
    for (name, main_page) in [
        ("example.com.wacz", "https://example.com/"),
        ("noarchive.wacz", "https://noarchive-test.netlify.app/"),
    ] {
        let examined = examine(&real(name).unwrap()).unwrap();
        assert_eq!(verdicts(&examined), (Verdict::Holds, Verdict::Holds), "{name}");
        assert_eq!(examined.package.fact, "all 5 files have the hashes that the list gives");
        assert_eq!(examined.records.fact, "all 8 digests of 5 records hold");
        assert_eq!(examined.about.main_page.as_deref(), Some(main_page));
        assert_eq!(examined.tally.not_given, 2, "those of the warcinfo record");
    }
}

#[test]
fn a_page_is_taken_out_of_a_real_package() {
    let Some(bytes) = real("example.com.wacz") else { return };
    let page = payload_of(&bytes, "https://example.com/", None).unwrap();
    let words = String::from_utf8(page.bytes).unwrap();
    assert!(words.contains("<h1>Example Domain</h1>"), "{words}");
    assert_eq!((page.status, page.date.as_str()), (Some(200), "2023-02-19T00:49:59.837Z"));
    assert_eq!(page.media_type.as_deref(), Some("text/html; charset=UTF-8"));
    assert_eq!(page.digests.verdict, Verdict::Holds);
    assert_eq!(page.file.as_deref(), Some("archive/data.warc"));
    let again = payload_of(&bytes, "https://example.com/", Some("20230219004959")).unwrap();
    assert_eq!(again.bytes, words.as_bytes());
    let Some(bytes) = real("example.wacz") else { return };
    let page = payload_of(&bytes, "https://lil.law.harvard.edu/projects/", None).unwrap();
    assert!(String::from_utf8(page.bytes).unwrap().contains("</html>"));
}

#[test]
fn every_page_of_the_real_packages_is_laid_bare() {
    for name in ["example.wacz", "example.com.wacz", "noarchive.wacz"] {
        let Some(bytes) = real(name) else { return };
        let package = wacz::Package::open(&bytes).unwrap();
        for file in package.archives() {
            let content = package.content(file).unwrap();
            for record in Reader::new(&content).unwrap() {
                let record = record.unwrap();
                if record.kind == "response" {
                    let message = record.message().unwrap();
                    assert!(message.bare(1 << 26).is_ok(), "{:?}", record.target());
                }
            }
        }
    }
}

#[test]
fn one_of_several_captures_must_be_named() {
    let bytes = small_package();
    let uri = "https://a.example/";
    let error = payload_of(&bytes, uri, None).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("2 times") && text.contains("2024-11-26T10:00:00.5Z (<urn:uuid:2>)"));
    for (at, expected) in
        [("2024-11-25T10:00:00Z", "one"), ("20241126100000", "two"), ("<urn:uuid:2>", "two")]
    {
        assert_eq!(payload_of(&bytes, uri, Some(at)).unwrap().bytes, expected.as_bytes());
    }
    let Err(payload::Error::NotFound { choices, records, .. }) =
        payload_of(&bytes, uri, Some("20200101000000"))
    else {
        panic!("a capture of another time was taken")
    };
    assert_eq!((choices.len(), records), (2, 3));
    assert!(payload_of(&bytes, "https://a.example", None).is_err(), "letter by letter");
    let alone = payload_of(small_warc().as_bytes(), "https://a.example/b", None).unwrap();
    assert_eq!((alone.bytes.as_slice(), alone.file), (b"three".as_slice(), None));
}

#[test]
fn a_revisit_is_followed_inside_the_package_only() {
    let digest = Hash::of(b"one");
    let revisit = |refers: &str, digest: &str| {
        let fields = format!(
            "WARC-Type: revisit\r\nWARC-Target-URI: https://a.example/later\r\n\
             WARC-Date: 2024-12-01T00:00:00Z\r\nWARC-Record-ID: <urn:uuid:9>\r\n\
             Content-Type: application/http\r\nWARC-Payload-Digest: {digest}\r\n{refers}"
        );
        let warc = [small_warc(), record(&fields, "HTTP/1.1 200 OK\r\n\r\n")].concat();
        payload_of(warc.as_bytes(), "https://a.example/later", None)
    };
    let by_date = "WARC-Refers-To-Target-URI: https://a.example/\r\n\
                   WARC-Refers-To-Date: 2024-11-25T10:00:00Z\r\n";
    for refers in ["WARC-Refers-To: <urn:uuid:1>\r\n", by_date] {
        let page = revisit(refers, &format!("sha256:{digest}")).unwrap();
        assert_eq!(page.bytes, b"one");
        assert_eq!(
            (page.date.as_str(), page.digests.verdict),
            ("2024-12-01T00:00:00Z", Verdict::Holds)
        );
        assert_eq!(page.notes, ["unchanged since 2024-11-25T10:00:00Z (<urn:uuid:1>)"]);
    }
    let other = format!("sha256:{}", Hash::of(b"two"));
    let page = revisit("WARC-Refers-To: <urn:uuid:1>\r\n", &other).unwrap();
    assert_eq!(page.digests.verdict, Verdict::Fails);
    for refers in ["", "WARC-Refers-To: <urn:uuid:8>\r\n", "WARC-Refers-To: <urn:uuid:9>\r\n"] {
        let error = revisit(refers, &other).unwrap_err();
        assert!(matches!(error, payload::Error::Elsewhere { .. }), "{error}");
    }
}

#[test]
fn one_flipped_byte_of_a_package_is_found() {
    let good = small_package();
    assert_eq!(verdicts(&examine(&good).unwrap()), (Verdict::Holds, Verdict::Holds));
    let contents = |bytes: &[u8]| {
        let package = wacz::Package::open(bytes).ok()?;
        let files = package.archives().map(|file| package.content(file).ok().map(Cow::into_owned));
        Some((files.collect::<Option<Vec<_>>>()?, package.examine().list_digest?))
    };
    let mut nobodys = 0;
    for place in 0..good.len() {
        let mut changed = good.clone();
        changed[place] ^= 1;
        if let Ok(examined) = examine(&changed) {
            let holds = examined.package.verdict == Verdict::Holds;
            assert!(holds || !examined.package_findings.is_empty());
            assert!(!holds || contents(&changed) == contents(&good), "byte {place}");
            nobodys += usize::from(holds);
        }
    }
    // Of each file: when it was packed, the version needed, and attributes of its system.
    assert!(nobodys <= 4 * 24, "{nobodys} bytes are not covered");
    for end in 0..good.len() {
        assert!(examine(&good[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn files_added_removed_and_swapped_are_named() {
    let files = [member("archive/a.warc", small_warc().as_bytes()), member("pages/p", b"1")];
    let good = package_of(&files);
    let check = |members: &[Member], expected: &str| {
        let examined = examine(&zip(members)).unwrap();
        assert_eq!(examined.package.verdict, Verdict::Fails, "{expected}");
        assert!(examined.package.fact.contains(expected), "{}", examined.package.fact);
    };
    let mut added = good.clone();
    added.push(member("archive/extra.warc", small_warc().as_bytes()));
    check(&added, "`archive/extra.warc` is not listed");
    check(&[good[0].clone(), good[2].clone(), good[3].clone()], "`pages/p` is listed and missing");
    let mut swapped = good.clone();
    swapped[1] = member("pages/p", b"2");
    check(&swapped, "`pages/p` has the sha-256");
    let mut longer = good.clone();
    longer[1] = member("pages/p", b"12");
    check(&longer, "`pages/p` has 2 bytes, the list says 1");
    check(&good[..2], "`datapackage.json` is missing");
    let mut other_list = good.clone();
    other_list[2] = member(wacz::LIST, br#"{"resources":[]}"#);
    check(&other_list, "`archive/a.warc` is not listed (and 2 more)");
    let mut twice = good.clone();
    twice[2] = member(wacz::LIST, br#"{"resources":[],"resources":[]}"#);
    check(&twice, "duplicate field `resources`");
    let unsealed = examine(&zip(&good[..3])).unwrap();
    assert_eq!(unsealed.package.verdict, Verdict::Holds);
    assert!(unsealed.package.fact.ends_with("there is no hash of the list itself"));
    let md5 = br#"{"resources":[{"path":"pages/p","hash":"md5:00"}]}"#;
    let unread = examine(&zip(&[member("pages/p", b"1"), member(wacz::LIST, md5)])).unwrap();
    assert_eq!(verdicts(&unread), (Verdict::Unknown, Verdict::Unknown));
}

#[test]
fn a_changed_record_fails_at_its_own_level_even_when_the_list_is_made_anew() {
    let changed = small_warc().replace("three", "eight");
    let members = package_of(&[member("archive/a.warc", changed.as_bytes())]);
    let examined = examine(&zip(&members)).unwrap();
    assert_eq!(verdicts(&examined), (Verdict::Holds, Verdict::Fails));
    assert_eq!(examined.records.fact, "1 of 3 digests of 3 records fail");
    let place = &examined.tally.findings[0].place;
    assert!(place.starts_with("archive/a.warc, record 2 at byte "), "{place}");
    assert!(place.ends_with("(response of https://a.example/b)"), "{place}");
}

#[test]
fn hostile_zip_files_are_refused_by_name() {
    let refused = |members: &[Member]| match examine(&zip(members)) {
        Err(Error::Zip(error)) => error,
        other => panic!("{other:?}"),
    };
    for name in [
        "../../x", "a/../x", "/etc/x", "a\\..\\x", "a\0b", "C:x", "a//b", "./a", ".", "..", "",
        "a\nb",
    ] {
        let error = refused(&[member(name, b"x")]);
        assert!(matches!(error, zipfile::Error::Name(_)), "{name:?}: {error}");
    }
    let long = refused(&[member(&"x".repeat(zipfile::MAX_NAME + 1), b"x")]);
    assert!(long.to_string().len() < 200);
    assert!(matches!(refused(&[member("é", b"x")]), zipfile::Error::Name(_)), "not marked UTF-8");
    let marked = Member { flags: 1 << 11, ..member("é", b"x") };
    assert!(examine(&zip(&[marked])).is_ok());
    let bad = Member { name: vec![b'a', 0xff], flags: 1 << 11, ..member("", b"x") };
    assert!(matches!(refused(&[bad]), zipfile::Error::Name(_)));
    let twice = refused(&[member("a", b"1"), member("a", b"2")]);
    assert_eq!(twice, zipfile::Error::Twice("a".to_owned()));
    let encrypted = refused(&[Member { flags: 1, ..member("a", b"x") }]);
    assert_eq!(encrypted.to_string(), "file `a` of the zip file is encrypted, which is not read");
    let bzip = refused(&[Member { method: 12, ..member("a", b"x") }]);
    assert!(bzip.to_string().contains("other than store and deflate"));
    let link = refused(&[Member { attributes: 0o120_777 << 16, ..member("a", b"/etc/passwd") }]);
    assert!(link.to_string().contains("a link"));
    let many: Vec<Member> = (0..=zipfile::MAX_FILES).map(|n| member(&n.to_string(), b"")).collect();
    assert!(matches!(refused(&many), zipfile::Error::TooMuch { what: "files", .. }));
}

#[test]
fn what_two_programs_could_read_in_two_ways_is_refused() {
    let good = zip(&[member("a", b"words"), member("b", b"others")]);
    assert!(examine(&good).is_ok());
    let refused = |bytes: &[u8]| match examine(bytes) {
        Err(error) => error.to_string(),
        Ok(examined) => panic!("{examined:?}"),
    };
    assert!(refused(&[b"junk", good.as_slice()].concat()).contains("does not begin with a file"));
    assert!(refused(&[good.as_slice(), b"junk"].concat()).contains("no end record at its end"));
    // A file that the directory does not list, between two that it does.
    let three = zip(&[member("a", b"words"), member("x", b"hidden"), member("b", b"others")]);
    let hidden = 30 + 1 + 5..30 + 1 + 5 + 30 + 1 + 6;
    let mut bytes = three[..30 + 6 + 37 + 37].to_vec();
    let start = bytes.len();
    let directory = &three[start..];
    let directory = [&directory[..47], &directory[94..141]].concat();
    bytes.extend(&directory);
    bytes.extend(end(2, directory.len(), start));
    assert!(refused(&bytes).contains("`a` of the zip file: 37 bytes behind it belong to no file"));
    assert_eq!(hidden.len(), 37);
    // Two names for one content: the second points back to the first.
    let mut overlap = good.clone();
    let place = overlap.windows(4).rposition(|four| four == b"PK\x01\x02").unwrap();
    overlap[place + 42..place + 46].copy_from_slice(&[0; 4]);
    assert!(refused(&overlap).contains("differ in its name"));
    overlap[place..].copy_from_slice(&[&good[place - 47..place], &good[place + 47..]].concat());
    assert!(refused(&overlap).contains("two files named `a`"));
    // A file inside another.
    let inner = member("b", b"others");
    let inner_bytes = [b"PK\x03\x04".as_slice(), &header(&inner), b"b", b"others"].concat();
    let mut nested = zip(&[member("a", &inner_bytes), inner]);
    let place = nested.windows(4).rposition(|four| four == b"PK\x01\x02").unwrap();
    nested[place + 42..place + 46].copy_from_slice(&[31, 0, 0, 0]);
    assert!(refused(&nested).contains("`a` of the zip file: overlaps with what follows it"));
    // Two ends.
    let mut ends = good.clone();
    let at = ends.len() - 2;
    ends[at] = 22;
    ends.extend(&good[good.len() - 22..]);
    assert!(refused(&ends).contains("two end records"));
}

#[test]
fn bombs_stop_at_their_limits() {
    let zeros = vec![0; 64 << 20];
    let bomb = deflated("archive/data.warc", &zeros);
    let bytes = zip(std::slice::from_ref(&bomb));
    assert!(bytes.len() < 70_000);
    let expected = "67108864 bytes unpacked, expected at most 16777216";
    assert!(examine(&bytes).unwrap_err().to_string().contains(expected));
    // The same, and it says that it is small: it is not unpacked beyond what it says.
    let liar = Member { size: 100, crc: 0, ..bomb };
    let examined = examine(&zip(&[liar])).unwrap();
    assert_eq!(verdicts(&examined), (Verdict::Fails, Verdict::Fails));
    assert!(examined.tally.findings[0].fact.contains("become more than the 100 that are read"));
    // A record that unpacks to more than the file may become; and the same one layer deeper.
    let head = "WARC/1.1\r\nWARC-Type: resource\r\nWARC-Date: 2024-01-01T00:00:00Z\r\n\
                WARC-Record-ID: <urn:uuid:1>\r\nWARC-Target-URI: https://a.example/\r\n";
    let sized = format!("{head}Content-Length: {}\r\n\r\n", zeros.len());
    let huge = [sized.as_bytes(), &zeros, b"\r\n\r\n"];
    let counted = tally(&gzip(&huge.concat()));
    assert!(matches!(counted.broken, Some(warc::Error::TooMuch { .. })), "{:?}", counted.broken);
    let packed = gzip(&zeros);
    let mut message = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n".to_vec();
    message.extend(&packed);
    let head = head.replace("resource", "response");
    let head = format!(
        "{head}Content-Type: application/http\r\nContent-Length: {}\r\n\r\n",
        message.len()
    );
    let deep = gzip(&[head.as_bytes(), &message, b"\r\n\r\n"].concat());
    let error = payload_of(&deep, "https://a.example/", None).unwrap_err();
    assert!(error.to_string().contains(&format!("more than the {MIN_ALLOWANCE}")), "{error}");
}

#[test]
fn records_that_lie_are_named() {
    let good = response("https://a.example/", "2024-11-25T10:00:00Z", 1, &page("words"));
    let broken = |warc: &str| match tally(warc.as_bytes()).broken {
        Some(error) => error.to_string(),
        None => panic!("{warc}"),
    };
    let length = good.split_once("Content-Length: ").unwrap().1.split_once('\r').unwrap().0;
    let length: u64 = length.parse().unwrap();
    let lying = |length: &str, with: &str| {
        good.replace(
            &format!("Content-Length: {length}\r\n\r\nHTTP"),
            &format!("Content-Length: {with}\r\n\r\nHTTP"),
        )
    };
    let own = length.to_string();
    assert!(broken(&lying(&own, &(length - 1).to_string())).contains("two empty lines"));
    assert!(broken(&lying(&own, &(length + 1).to_string())).contains("two empty lines"));
    assert!(broken(&lying(&own, &(length + 9).to_string())).contains("is cut"));
    assert!(broken(&lying(&own, &u64::MAX.to_string())).contains("at most 67108864"));
    for odd in ["-1", "+58", "0x3a", "", "99999999999999999999999", "5 8"] {
        assert!(broken(&lying(&own, odd)).contains("Content-Length"), "{odd}");
    }
    let twice = good.replace("WARC-Type: response", "WARC-Type: response\r\nwarc-type: request");
    assert!(broken(&twice).contains("a second time"));
    let dateless = good.replace("WARC-Date: 2024-11-25T10:00:00Z\r\n", "");
    assert_eq!(broken(&dateless), "record 0 at byte 0: its head has no WARC-Date");
    assert!(broken(&good.replace("2024-11", "2024-13")).contains("its date is"));
    assert!(broken(&good.replace("WARC/1.1", "WARC/2.0")).contains("expected WARC/1.0"));
    let long = good.replace("https://a.example/", &"x".repeat(1 << 20));
    assert!(broken(&long).contains("more than 131072 bytes"));
    let two = gzip([good.as_str(), good.as_str()].concat().as_bytes());
    let error = tally(&two).broken.unwrap().to_string();
    assert!(error.contains("more than one record"), "{error}");
    let members = [gzip(good.as_bytes()), gzip(good.as_bytes())].concat();
    assert_eq!((tally(&members).records, tally(&members).broken), (2, None));
    for end in 1..members.len() {
        let counted = tally(&members[..end]);
        let is_whole = end == gzip(good.as_bytes()).len();
        assert_eq!(counted.broken.is_none(), is_whole, "cut at {end}");
    }
    for end in 1..good.len() {
        assert!(tally(&good.as_bytes()[..end]).broken.is_some(), "cut at {end}");
    }
}

#[test]
fn dates_are_told_from_what_is_none() {
    for (date, expected) in [
        ("2024-11-25T10:00:00Z", "20241125100000"),
        ("2024-11-25T10:00:00.123456789Z", "20241125100000"),
        ("2024-11-25T10:00Z", "20241125100000"),
        ("2024-11-25", "20241125000000"),
        ("2024-11", "20241101000000"),
        ("2024", "20240101000000"),
    ] {
        assert_eq!(fourteen(date).as_deref(), Some(expected));
    }
    for date in [
        "",
        "Z",
        "2024-11-25T10:00:00",
        "2024Z",
        "2024-11-25T24:00:00Z",
        "2024-11-25T10:00:00.Z",
        "2024-11-25T10:00.5Z",
        "2024-11-25 10:00:00Z",
        "2024-11-25T10:00:00.1234567890Z",
        "２０２４",
        "2024-00-25",
        "20241125",
    ] {
        assert_eq!(fourteen(date), None, "{date}");
    }
}

#[test]
fn mangled_packages_never_panic() {
    let files = [
        deflated("archive/data.warc", small_warc().as_bytes()),
        member("archive/data.warc.gz", &gzip(small_warc().as_bytes())),
    ];
    let good = zip(&package_of(&files));
    let mut state = 1_u64;
    let mut next = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    for _ in 0..3_000 {
        let mut mangled = good.clone();
        for _ in 0..=next(3) {
            let place = next(mangled.len());
            mangled[place] = u8::try_from(next(256)).unwrap();
        }
        let _ = examine(&mangled);
        let _ = payload_of(&mangled, "https://a.example/b", None);
        let mut warc = small_warc().into_bytes();
        for _ in 0..=next(3) {
            let place = next(warc.len());
            warc[place] = b"\r\n: 0WARC"[next(9)];
        }
        let _ = tally(&warc);
        let _ = payload_of(&warc, "https://a.example/b", None);
    }
}

#[test]
fn what_the_zip_crate_writes_is_read() {
    let mut writer = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = ::zip::write::SimpleFileOptions::default()
        .compression_method(::zip::CompressionMethod::Stored)
        .large_file(true);
    for member in package_of(&[member("archive/a.warc", small_warc().as_bytes())]) {
        writer.start_file(String::from_utf8(member.name).unwrap(), options).unwrap();
        writer.write_all(&member.packed).unwrap();
    }
    let bytes = writer.finish().unwrap().into_inner();
    assert_eq!(verdicts(&examine(&bytes).unwrap()), (Verdict::Holds, Verdict::Holds));
}

#[test]
fn what_wget_and_warcio_write_is_read_and_their_digests_hold() {
    let case = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/warc/");
        fs::read(format!("{folder}{name}")).unwrap()
    };
    let wget = case("wget.warc.gz");
    let answer = tally(&wget).answer();
    assert_eq!(answer.verdict, Verdict::Holds);
    assert!(answer.fact.starts_with("all 6 digests of 5 records hold; 6 are SHA-1"), "{answer:?}");
    let page = payload_of(&wget, "http://127.0.0.1:18765/page.html", None).unwrap();
    assert_eq!(page.bytes, b"<p>The delegation will come.</p>\n");
    assert_eq!((page.status, page.media_type.as_deref()), (Some(200), Some("text/html")));
    for name in ["warcio.warc", "warcio.warc.gz"] {
        let warc = case(name);
        let counted = tally(&warc);
        assert_eq!(counted.answer().verdict, Verdict::Holds, "{name}");
        assert_eq!((counted.holds, counted.elsewhere, counted.not_given), (8, 1, 1));
        let page = payload_of(&warc, "https://a.example/chunked", None).unwrap();
        assert_eq!(
            (page.bytes.as_slice(), page.notes.len()),
            (b"<p>gzipped words</p>".as_slice(), 0)
        );
        let again = payload_of(&warc, "https://a.example/again", None).unwrap();
        assert_eq!((again.bytes, again.digests.verdict), (page.bytes, Verdict::Holds));
        let moved = payload_of(&warc, "https://a.example/", None).unwrap();
        assert_eq!(
            (moved.status, moved.location.as_deref()),
            (Some(301), Some("https://b.example/"))
        );
        let text = payload_of(&warc, "urn:text", None).unwrap();
        assert_eq!((text.bytes, text.status), ("слова".as_bytes().to_vec(), None));
    }
}
