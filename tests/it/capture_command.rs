//! `capture`, `attach` and `redact` as a person uses them, with a server on the loopback: what is
//! recorded of a page, and what `verify` and `audit` say once it is withheld.

#![allow(clippy::disallowed_methods, reason = "a person's files are made and read here")]

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::it::capture::{Server, answer};
use crate::it::cli::Desk;

const PAGE: &[u8] = b"<!doctype html><title>The  ministry</title>\
    <p>The ministry stated that a delegation will come to Kabul soon.</p>";

fn page_server() -> Server {
    Server::answering(|path| match path {
        "/moved" => answer("301 Moved", "Location: /page\r\n", b""),
        "/page" => answer("200 OK", "Content-Type: text/html\r\nSet-Cookie: s=secret\r\n", PAGE),
        "/cyrillic" => answer("200 OK", "Content-Type: text/html; charset=windows-1251\r\n", PAGE),
        _ => answer("404 Not Found", "Retry-After: 60\r\nContent-Type: text/html\r\n", b"gone"),
    })
}

/// Runs with `--json`, and reads what it prints.
#[track_caller]
fn json(desk: &Desk, words: &[&str], exit: i32) -> Value {
    let words = [words, &["--json"]].concat();
    let output = desk.run(&words);
    assert_eq!(output.status.code(), Some(exit), "{words:?}: {output:?}");
    let line = output.stdout.split(|byte| *byte == b'\n').next().unwrap_or_default();
    serde_json::from_slice(line).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// The captures in the ledger's folder.
fn captures(desk: &Desk) -> usize {
    fn count(folder: &Path) -> usize {
        let Ok(entries) = fs::read_dir(folder) else { return 0 };
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
    }
    count(&desk.path().join("ledger/evidence"))
}

#[test]
fn a_page_is_recorded_with_how_it_came_and_a_private_address_only_when_asked() {
    let (desk, server) = (Desk::new(), page_server());
    let url = format!("{}/moved", server.url);
    desk.check(&["capture", &url], 3, "127.0.0.1 is an address of this machine");
    desk.check(&["capture", "http://localhost:1/"], 3, "--allow-private");
    let said = json(&desk, &["capture", "--allow-private", &url, "--language", "en"], 0);
    let told = &said["captures"][0];
    assert_eq!((&told["title"], &told["redirects"]), (&"The ministry".into(), &1.into()));
    let capture = &told["capture"];
    assert_eq!(capture["uri_requested"], url);
    assert_eq!(capture["uri_final"], format!("{}/page", server.url));
    assert_eq!((&capture["status"], &capture["size"]), (&200.into(), &PAGE.len().into()));
    assert_eq!(capture["headers"][0], "content-type: text/html");
    assert!(!said.to_string().contains("secret"), "{said}");
    let id = said["rows"][0]["id"].as_str().unwrap();
    desk.check(&["show", id], 0, "2024-11-25T02:00:00Z");
    desk.check(&["verify"], 0, "Verified: 2 entries");
    let heads = server.heads.lock().unwrap();
    assert!(heads.iter().all(|head| head.starts_with("get ")), "{heads:?}");
}

#[test]
fn a_claim_file_names_a_page_and_quotes_it() {
    let (desk, server) = (Desk::new(), page_server());
    let file = |url: &str, quote: &str| {
        let text = format!(
            "[[document]]\nkey = \"d\"\nkind = \"article\"\ncapture = \"{url}\"\n\n[[claim]]\n\
             speaker = {{ unresolved = \"the ministry\" }}\nact = \"state\"\nsaid = \"It will.\"\n\
             in = \"d\"\npassage = {{ mode = \"indirect\", exact = \"{quote}\" }}\n"
        );
        fs::write(desk.path().join("claims.toml"), text).unwrap();
    };
    let page = format!("{}/page", server.url);
    file(&page, "a delegation will come to Kabul");
    desk.check(&["append", "claims.toml"], 3, "--allow-private");
    let append = ["append", "--allow-private", "claims.toml"];
    desk.check(&["append", "--allow-private", "--dry-run", "claims.toml"], 0, "2 statements would");
    desk.check(&append, 0, "it came without encryption");
    desk.check(&["show", "1"], 0, &page);
    desk.check(&["verify"], 0, "Verified: 3 entries");

    file(&page, "a delegation has come");
    desk.check(&append, 2, &format!("whosaid capture {page} --save page.html"));
    file(&format!("{}/cyrillic", server.url), "a delegation will come");
    desk.check(&append, 2, "declared to be in `windows-1251`");
    file(&format!("{}/gone", server.url), "gone");
    desk.check(&append, 3, "answered with status 404");

    fs::write(
        desk.path().join("claims.toml"),
        format!(
            "[[document]]\nkind = \"note\"\n\
             captures = [{{ url = \"{page}\", tool = \"curl\" }}, {{ file = \"{page}\" }}]\n"
        ),
    )
    .unwrap();
    let said = desk.check(&append, 2, "`tool` is told by fetching the page");
    assert!(said.contains("`file` is a URL"), "{said}");
    desk.check(&["verify"], 0, "Verified: 3 entries");
}

#[test]
fn a_page_that_is_none_is_kept_only_when_asked_and_said_to_be_so() {
    let (desk, server) = (Desk::new(), page_server());
    let url = format!("{}/gone", server.url);
    let said = desk.check(&["capture", "--allow-private", &url], 3, "--any-status");
    assert!(said.contains("when to ask again: 60"), "{said}");
    let kept = ["capture", "--allow-private", "--any-status", &url];
    let said = desk.check(&kept, 0, "warning: ");
    assert!(said.contains("answered with status 404"), "{said}");
    assert!(said.contains("suspect: the text is nearly empty"), "{said}");
}

#[test]
fn what_a_server_sends_can_be_looked_at_first_and_nothing_is_overwritten() {
    let (desk, server) = (Desk::new(), page_server());
    let url = format!("{}/page", server.url);
    let save = ["capture", "--allow-private", &url, "--save", "page.html"];
    desk.check(&save, 0, "Nothing was appended");
    assert_eq!(fs::read(desk.path().join("page.html")).unwrap(), PAGE);
    desk.check(&save, 2, "nothing is overwritten");
    desk.check(&["capture", "--allow-private", &url, "--save", "no/such/page"], 3, "no/such/page");
    desk.check(&["capture", "page.html", "page.html", "--save", "x"], 2, "one at a time");
    desk.check(&["capture", &url, "--tool", "curl"], 2, "--tool is for files");
    desk.check(&["capture", "no-such-file"], 3, "no-such-file");
    desk.check(&["capture", "keys/nadia.secret.pem"], 2, "holds a secret key");
    fs::write(desk.path().join("empty"), "").unwrap();
    desk.check(&["capture", "empty"], 2, "is empty");
    let from = "2024-11-24";
    desk.check(&["capture", "page.html", "--url", &url, "--captured-at", from], 0, from);
    desk.check(&["capture", "page.html", "--captured-at", "yesterday"], 2, "--captured-at");
    desk.check(&["verify"], 0, "Verified: 2 entries");
}

#[test]
fn a_later_capture_and_a_signature_are_attached_to_a_document() {
    let desk = Desk::new();
    for (name, bytes) in
        [("a.txt", "one"), ("b.txt", "two"), ("s.minisig", "sig"), ("k.pub", "key")]
    {
        fs::write(desk.path().join(name), bytes).unwrap();
    }
    let id = json(&desk, &["capture", "a.txt", "--kind", "note"], 0);
    let id = id["rows"][0]["id"].as_str().unwrap()[..12].to_owned();
    let later = json(&desk, &["attach", &id, "b.txt", "--provider", "archive.example"], 0);
    assert_eq!(later["rows"][0]["kind"], "capture");
    let digest = later["captures"][0]["capture"]["digest"].as_str().unwrap().to_owned();
    let minisign = ["attach", &id, "--scheme", "minisign", "--signature", "s.minisig"];
    let minisign = [&minisign[..], &["--public-key", "k.pub"]].concat();
    let with = |more: &[&'static str]| [&minisign[..], more].concat();
    let said = json(&desk, &[&minisign[..], &["--capture", &digest[..8]]].concat(), 0);
    assert_eq!(said["rows"][0]["kind"], "attestation");
    desk.check(&["show", said["rows"][0]["id"].as_str().unwrap()], 0, &digest);
    desk.check(&with(&["--capture", "b.txt", "--dry-run"]), 0, "already");
    desk.check(&with(&["--capture", "ffffffff"]), 2, "ffffffff");
    desk.check(&with(&["--dns-record", "k.pub"]), 2, "--dns-record is no part of minisign");
    desk.check(&["attach", &id, "--scheme", "pgp"], 2, "is no scheme");
    desk.check(&["attach", &id], 2, "<FILE|URL>");
    desk.check(&["attach", "99", "a.txt"], 2, "lists the entries with their ids");
    desk.check(&["attach", "0", "a.txt"], 2, "expected a document");
    let stamp = ["attach", "--statement", "1", "--scheme", "rfc3161", "--token", "k.pub"];
    desk.check(&stamp, 0, "attestation");
    desk.check(&["attach", "--statement", "1", "--scheme", "minisign"], 2, "schemes of time alone");
    let proof = ["attach", &id, "--scheme", "opentimestamps", "--proof", "k.pub"];
    let proof = [&proof[..], &["--block-header", "a.txt"]].concat();
    desk.check(&proof, 2, "expected as many");
    desk.check(&[&proof[..], &["--height", "7"]].concat(), 0, "attestation");
    desk.check(&["verify"], 0, "Verified: 6 entries");
}

#[test]
fn what_is_erased_is_called_withheld_and_never_tampered() {
    let desk = Desk::new();
    fs::write(desk.path().join("a.txt"), "The ministry stated that it is so.").unwrap();
    fs::write(desk.path().join("b.txt"), "Another thing.").unwrap();
    let claim = ["append", "--speaker", "the ministry", "--act", "state", "--said", "It is so."];
    let claim = [&claim[..], &["--in", "a.txt", "--quote", "it is so"]].concat();
    desk.check(&claim, 0, "The ledger has 3 entries");
    desk.check(&["attach", "1", "b.txt"], 0, "The ledger has 4 entries");
    assert_eq!(captures(&desk), 2);

    let redact = ["redact", "1", "--reason", "a court order", "--erase"];
    desk.check(&redact, 2, "--yes does it without asking");
    let dry = [&redact[..], &["--dry-run"]].concat();
    desk.check(&dry, 0, "would go  capture");
    assert_eq!(captures(&desk), 2);
    desk.check(&["verify"], 0, "Verified: 4 entries");

    let notice = desk.check(&redact[..4], 0, "--erase does that");
    assert!(notice.contains("new      entry 4"), "{notice}");
    desk.check(&["verify"], 0, "Verified: 5 entries");
    // The notice is there already; the later capture of the document goes with it.
    let sure = [&redact[..], &["--yes"]].concat();
    let said = desk.check(&sure, 0, "already  entry 4");
    assert_eq!(said.matches("erased    capture").count(), 2, "{said}");
    assert_eq!(captures(&desk), 0);
    desk.check(&["verify"], 5, "withheld");
    desk.check(&["audit", "2"], 5, "withheld");
    desk.check(&sure, 0, "it is not on this disk");

    let whole = [&sure[..], &["--statement"]].concat();
    desk.check(&whole, 0, "the statement of entry 1; its place stays proven");
    let said = desk.check(&["verify"], 5, "the statement is withheld, as a redaction notice says");
    assert!(!said.contains("tampered") && !said.contains("missing"), "{said}");
    desk.check(&["show", "1"], 5, "The statement is withheld");
    desk.check(&whole, 0, "withheld already");
    let words = b"The ministry stated that it is so.";
    let bundle = fs::read(desk.path().join("ledger/statements/000.p/5")).unwrap();
    assert!(!bundle.windows(6).any(|it| it == &words[..6]), "the statement is still there");
    // The ledger goes on.
    desk.check(&["capture", "b.txt"], 0, "The ledger has 6 entries");
    desk.check(&["verify"], 5, "withheld");
    let empty_notice = ["redact", "4", "--reason", "x", "--erase", "--statement", "--yes"];
    desk.check(&empty_notice, 2, "entry 4 is a redaction notice");
    desk.check(&["redact", "0", "--reason", "x"], 2, "a charter");
}

#[test]
fn a_capture_that_another_record_names_stays_until_that_is_withheld_too() {
    let desk = Desk::new();
    fs::write(desk.path().join("a.txt"), "The same words.").unwrap();
    desk.check(&["capture", "a.txt", "--title", "one"], 0, "in = ");
    desk.check(&["capture", "a.txt", "--title", "two"], 0, "in = ");
    let first = ["redact", "1", "--reason", "x", "--erase", "--yes"];
    desk.check(&first, 0, "entry 2, which is in force, names the same bytes");
    assert_eq!(captures(&desk), 1);
    desk.check(&["verify"], 0, "Verified: 4 entries");
    let second = json(&desk, &["redact", "2", "--reason", "x", "--erase", "--yes"], 0);
    assert_eq!(second["erased"]["captures"].as_array().unwrap().len(), 1);
    assert_eq!(captures(&desk), 0);
    desk.check(&["verify"], 5, "withheld");
}
