//! The text of messages that Python's e-mail package wrote, and that the `mail-parser` crate reads
//! too; messages that programs read in two ways are refused. See `tests/cases/email/make.py`.

#![allow(clippy::disallowed_methods, reason = "a test reads its cases")]

use std::fs;

use mail_parser::MessageParser;
use whosaid::evidence::email::{Error, MAX_DEPTH, MAX_PARTS, extract};
use whosaid::evidence::{markup, message};

const FOLDER: &str = "tests/cases/email";

fn read(name: &str) -> Vec<u8> {
    let path = format!("{FOLDER}/{name}");
    fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn names() -> Vec<String> {
    let files = fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().file_name());
    let names = files.filter_map(|name| Some(name.to_str()?.strip_suffix(".eml")?.to_owned()));
    names.collect()
}

/// Good MIME around other fields and a body.
fn mail(fields: &str, body: &str) -> Vec<u8> {
    let head = "From: a@b.example\nMIME-Version: 1.0\n";
    format!("{head}{fields}\n{body}").replace('\n', "\r\n").into_bytes()
}

fn text(fields: &str, body: &str) -> Result<String, Error> {
    extract(&mail(fields, body)).map(|message| message.text)
}

#[test]
fn the_text_is_what_pythons_package_reads() {
    let names = names();
    assert!(names.len() > 40, "{names:?}");
    for name in names {
        let expected = String::from_utf8(read(&format!("{name}.txt"))).unwrap();
        let bytes = read(&format!("{name}.eml"));
        assert_eq!(extract(&bytes).map(|message| message.text), Ok(expected), "{name}");
    }
}

#[test]
fn another_parser_reads_the_same_plain_text() {
    // That crate reads sets of many bytes only with a feature that is not used here.
    let many = ["gb2312", "big5", "shift_jis", "iso-2022-jp", "euc-kr"];
    let mut count = 0;
    for name in names() {
        let bytes = read(&format!("{name}.eml"));
        let is_left_out = many.iter().any(|set| name.starts_with(set));
        // It shows HTML in another way, and texts behind the first apart.
        if is_left_out || ["html", "blank-plain", "two-texts"].contains(&name.as_str()) {
            continue;
        }
        let other = MessageParser::default().parse(&bytes).unwrap();
        let other = other.body_text(0).unwrap().replace("\r\n", "\n");
        assert_eq!(extract(&bytes).unwrap().text, other, "{name}");
        count += 1;
    }
    assert!(count > 20, "{count}");
}

#[test]
fn a_message_saved_with_other_line_ends_has_the_same_text() {
    for name in names() {
        let bytes = read(&format!("{name}.eml"));
        let saved: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != b'\r').collect();
        assert_eq!(extract(&bytes), extract(&saved), "{name}");
    }
}

#[test]
fn what_is_beside_the_text_is_named() {
    let nested = extract(&read("nested.eml")).unwrap();
    assert!(nested.has_other_version);
    assert_eq!(nested.from, "Press Office <press@ministry.example>");
    assert_eq!(nested.subject.as_deref(), Some("Größe"));
    assert_eq!(nested.date.as_deref(), Some("Tue, 14 Nov 2023 22:13:20 +0000"));
    assert_eq!(nested.left_out, ["application/pdf", "text/plain"]);
    let forwarded = extract(&read("forwarded.eml")).unwrap();
    assert_eq!(forwarded.left_out, ["message/rfc822"]);
    let html = extract(&read("html.eml")).unwrap();
    assert_eq!(html.unseen[0].words, "t");
    assert!(!html.has_other_version);
}

#[test]
fn a_message_without_any_description_is_ascii_text() {
    let message = extract(b"From: a@b.example\r\n\r\nHi.\r\n").unwrap();
    assert_eq!((message.text.as_str(), message.subject), ("Hi.\n", None));
    let beyond = extract("From: a@b.example\r\n\r\né".as_bytes());
    assert_eq!(beyond, Err(Error::Charset { charset: "us-ascii".to_owned() }));
}

#[test]
fn the_header_is_no_part_of_the_text() {
    let found = text("Subject: No ship was lost.\n", "Nothing.\n").unwrap();
    assert_eq!(found, "Nothing.\n");
}

#[test]
fn fields_that_stand_twice_or_are_not_plain_are_refused() {
    let html = "Content-Type: text/html\n";
    for (fields, expected) in [
        (format!("{html}Content-Type: text/plain\n"), Error::Twice { field: "Content-Type" }),
        (
            "Content-Transfer-Encoding: 7bit\ncontent-transfer-encoding: base64\n".to_owned(),
            Error::Twice { field: "Content-Transfer-Encoding" },
        ),
        ("MIME-Version: 1.0\n".to_owned(), Error::Twice { field: "MIME-Version" }),
        ("From: c@d.example\n".to_owned(), Error::From { count: 2 }),
        ("Content-Type : text/html\n".to_owned(), Error::Field { field: "Content-Type" }),
        ("Content-Type: html\n".to_owned(), Error::Field { field: "Content-Type" }),
        (
            "Content-Type: text/plain; charset=a; charset=b\n".to_owned(),
            Error::Field { field: "Content-Type" },
        ),
        (
            "Content-Transfer-Encoding: x-uuencode\n".to_owned(),
            Error::Encoding { encoding: "x-uuencode".to_owned() },
        ),
        (
            "Content-Type: text/plain; charset=utf-7\n".to_owned(),
            Error::Charset { charset: "utf-7".to_owned() },
        ),
        (
            "Content-Type: application/pdf\n".to_owned(),
            Error::NoText { left_out: "application/pdf".to_owned() },
        ),
        (
            "Content-Disposition: attachment\n".to_owned(),
            Error::NoText { left_out: "text/plain".to_owned() },
        ),
    ] {
        assert_eq!(text(&fields, "a=3Db"), Err(expected), "{fields}");
    }
    for head in ["Content-Type: text/html\n", "MIME-Version: 2.0\n"] {
        let message = format!("From: a@b.example\n{head}\n<p>a");
        assert_eq!(extract(message.as_bytes()), Err(Error::NoVersion), "{head}");
    }
    let ends = extract(b"From: a@b.example\r\n\r\na\nb\r\n");
    assert!(matches!(ends, Err(Error::Message(message::Error::LineEnds { .. }))));
}

#[test]
fn boundaries_that_can_be_read_in_two_ways_are_refused() {
    let fields = "Content-Type: multipart/mixed; boundary=b\n";
    let part = "--b\n\nwords\n";
    assert_eq!(text(fields, &format!("before\n{part}--b--  \nbehind\n")), Ok("words".to_owned()));
    for body in [
        "words".to_owned(),
        part.to_owned(),
        format!("{part}--bc\n\nother\n--b--\n"),
        format!("{part}--b--\n{part}"),
        format!("{part}--b--x\n"),
        "--b--\n".to_owned(),
    ] {
        assert_eq!(text(fields, &body), Err(Error::Boundary), "{body}");
    }
    for wrong in ["", "; boundary=\"\"", "; boundary=\"a \"", "; boundary=\"é\""] {
        let fields = format!("Content-Type: multipart/mixed{wrong}\n");
        assert_eq!(text(&fields, &format!("{part}--b--\n")), Err(Error::Boundary), "{wrong}");
    }
    let sealed = "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n";
    let error = Error::Encoding { encoding: "base64".to_owned() };
    assert_eq!(text(sealed, &format!("{part}--b--\n")), Err(error));
}

#[test]
fn a_multipart_is_read_by_the_rule_of_its_sort() {
    let plain = "--b\nContent-Type: text/plain\n\nplain\n";
    let html = "--b\nContent-Type: text/html\n\n<p>rich\n";
    let many = |kind: &str, parts: &[&str]| {
        let fields = format!("Content-Type: multipart/{kind}; boundary=b\n");
        text(&fields, &format!("{}--b--\n", parts.concat()))
    };
    assert_eq!(many("alternative", &[plain, html]), Ok("plain".to_owned()));
    assert_eq!(many("alternative", &[html, plain]), Ok("plain".to_owned()));
    assert_eq!(many("alternative", &[html]), Ok("rich".to_owned()));
    assert_eq!(many("alternative", &[plain, plain]), Err(Error::Versions));
    assert_eq!(many("alternative", &[html, html]), Err(Error::Versions));
    assert_eq!(many("mixed", &[plain, html]), Ok("plain\nrich".to_owned()));
    assert_eq!(many("related", &[html, plain]), Ok("rich".to_owned()));
    assert_eq!(many("signed", &[plain, html]), Ok("plain".to_owned()));
    let start = Error::Field { field: "Content-Type" };
    assert_eq!(many("related; start=\"<2>\"", &[html, plain]), Err(start));
    let report = Error::Multipart { media_type: "multipart/report".to_owned() };
    assert_eq!(many("report", &[plain]), Err(report));
}

#[test]
fn a_page_must_agree_with_the_message_about_its_character_set() {
    let page = |charset: &str, declared: &str, words: &str| {
        let fields = format!("Content-Type: text/html; charset={charset}\n");
        text(&fields, &format!("<meta charset={declared}>{words}"))
    };
    assert_eq!(page("utf-8", "utf-8", "é"), Ok("é".to_owned()));
    assert_eq!(page("utf-8", "utf-16", "é"), Ok("é".to_owned()));
    assert_eq!(page("utf-8", "iso-8859-1", "e"), Ok("e".to_owned()));
    let refused = Error::Charset { charset: "iso-8859-1".to_owned() };
    assert_eq!(page("utf-8", "iso-8859-1", "é"), Err(refused));
}

#[test]
fn sizes_and_depths_have_limits() {
    let many = format!("{}--b--\n", "--b\n\nw\n".repeat(MAX_PARTS));
    let fields = "Content-Type: multipart/mixed; boundary=b\n";
    assert_eq!(text(fields, &many), Err(Error::Parts));
    let nested = |depth: usize| {
        let mut entity = "\nwords".to_owned();
        for level in 0..depth {
            let mark = format!("b{level}.");
            let head = format!("Content-Type: multipart/mixed; boundary={mark}\n");
            entity = format!("{head}\n--{mark}\n{entity}\n--{mark}--\n");
        }
        let (fields, body) = entity.split_once("\n\n").unwrap_or(("", "words"));
        text(&format!("{fields}\n"), body)
    };
    assert_eq!(nested(MAX_DEPTH), Ok("words".to_owned()));
    assert_eq!(nested(MAX_DEPTH + 1), Err(Error::Parts));
    let bomb = text("Content-Type: text/html\n", &"<b><p>".repeat(20_000));
    assert!(matches!(bomb, Err(Error::Markup(markup::Error::Elements { .. }))), "{bomb:?}");
}

#[test]
fn nothing_that_is_mangled_makes_it_stumble() {
    let mut number = 7_u64;
    let mut below = |end: usize| {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(number >> 33).unwrap() % end
    };
    let (mut read_count, mut refused_count) = (0, 0);
    for name in names() {
        let good = read(&format!("{name}.eml"));
        for _ in 0..300 {
            let mut bytes = good.clone();
            for _ in 0..=below(4) {
                let at = below(bytes.len());
                match below(4) {
                    0 => bytes[at] ^= 1 << below(8),
                    1 => drop(bytes.remove(at)),
                    2 => bytes.insert(at, b"=-\r\n \";:/>\xff\x1b"[below(12)]),
                    _ => {
                        let end = at + below(bytes.len() - at);
                        let copied = bytes[at..end].to_vec();
                        drop(bytes.splice(at..at, copied));
                    }
                }
            }
            match extract(&bytes) {
                Ok(message) => {
                    read_count += 1;
                    assert!(!message.from.contains(char::is_control), "{name}");
                }
                Err(error) => {
                    refused_count += 1;
                    assert!(!error.to_string().contains(char::is_control), "{name}: {error}");
                }
            }
        }
    }
    assert!(read_count > 1000 && refused_count > 1000, "{read_count} and {refused_count}");
}
