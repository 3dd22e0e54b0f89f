//! `whosaid key` with files and texts of every wrong kind, and a rotation that is cut off at each
//! step. What a newsroom sees when all goes well is in `tests/cases/cli/7-keys.md`.

#![allow(
    clippy::disallowed_methods,
    reason = "what a person has on the disk is made and read here"
)]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use clap::CommandFactory;
use whosaid::cli::arguments::Arguments;
use whosaid::key::{PublicKey, SecretKey};
use whosaid::keyfile::{self, Cost, Fresh};
use whosaid::tlog::note::{Algorithm, VerifierKey};

/// Enough for a test; a real key file costs a quarter of a second to open.
const CHEAP: Cost = Cost { log_n: 4, r: 8, p: 1 };

const APPEND: [&str; 9] =
    ["append", "--speaker", "the envoy", "--said", "It is so.", "--act", "state", "--as", "omar"];

fn secret(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

fn verifier_key(name: &str, algorithm: Algorithm, seed: u8) -> String {
    VerifierKey::new(name, algorithm, secret(seed).public()).expect("a name").to_string()
}

fn sealed(seed: u8, passphrase: &str) -> String {
    let fresh = Fresh { salt: [seed; 16], iv: [seed; 16] };
    keyfile::seal(&secret(seed), passphrase.as_bytes(), &fresh, CHEAP).to_string()
}

fn case(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/keys").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A ledger of nadia's (key 2), who introduced omar (key 3); key 1 is the log's.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let desk = Self { folder };
        for (name, seed) in [("log", 1), ("nadia", 2), ("omar", 3)] {
            desk.put(&format!("keys/{name}.secret.pem"), sealed(seed, "sesame").as_bytes());
        }
        desk.put("passphrase", b"sesame\n");
        desk.check(&["init", "--origin", "example.org/claims", "--name", "nadia"], 0, "");
        let omar = verifier_key("omar", Algorithm::Ed25519, 3);
        desk.check(&["key", "trust", &omar, "--as", "nadia"], 0, "introduces omar");
        desk
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn put(&self, path: &str, bytes: &[u8]) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.at(from), self.at(to)).expect("a file");
    }

    /// The key files of omar, without their ending.
    fn omars(&self) -> Vec<String> {
        let names = fs::read_dir(self.at("keys")).expect("a folder");
        let names = names.map(|it| it.expect("an entry").file_name().into_string().expect("text"));
        let mut names: Vec<String> =
            names.filter_map(|it| it.strip_suffix(".secret.pem").map(str::to_owned)).collect();
        names.retain(|name| name.starts_with("omar"));
        names.sort();
        names
    }

    /// The key that is inside a file, by its passphrase.
    fn inside(&self, stem: &str) -> PublicKey {
        let pem = fs::read_to_string(self.at(&format!("keys/{stem}.secret.pem"))).expect("a file");
        keyfile::open(&pem, b"sesame").expect("it opens").public()
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_whosaid"));
        command
            .args(words)
            .current_dir(self.folder.path())
            .env("WHOSAID_PASSPHRASE_FILE", "passphrase")
            .env("WHOSAID_TIME", "1732500000")
            .env("WHOSAID_STATE", ".state")
            .stdin(Stdio::null());
        command
    }

    /// Asserts the exit code, and that what was said holds some words.
    #[track_caller]
    fn check(&self, words: &[&str], exit: i32, said: &str) -> String {
        let output = self.command(words).output().expect("the program");
        expect(&output, words, exit, said)
    }
}

#[track_caller]
fn expect(output: &Output, words: &[&str], exit: i32, said: &str) -> String {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert_eq!(output.status.code(), Some(exit), "{words:?}: {text}");
    assert!(text.contains(said), "{words:?}: expected {said:?}: {text}");
    text
}

#[test]
fn every_wrong_kind_of_key_file_is_called_by_its_name() {
    let desk = Desk::new();
    let cases = [
        ("unencrypted.pem", "an unencrypted private key"),
        ("public.pem", "a public key, expected the encrypted secret key"),
        ("certificate.pem", "it is a certificate"),
        ("encrypted-des3.pem", "encrypted in a way that is not supported"),
        ("encrypted.der", "it is not text"),
        ("rsa.pem", "a key for RSA, expected Ed25519"),
        ("rsa-traditional.pem", "a key for RSA, expected Ed25519"),
        ("p256.pem", "a key for EC, expected Ed25519"),
        ("ec-traditional.pem", "a key for EC, expected Ed25519"),
        ("x25519.pem", "a key for X25519, expected Ed25519"),
        ("ed448.pem", "a key for Ed448, expected Ed25519"),
        ("openssh.pem", "OpenSSH's own format"),
        ("openssh.pub.txt", "it is an SSH public key (ssh-ed25519)"),
        ("README.md", "no line says `-----BEGIN ENCRYPTED PRIVATE KEY-----`"),
        // The right kind, and not omar's.
        ("encrypted.pem", "which no charter or key record names"),
        ("encrypted-pbkdf2.pem", "which no charter or key record names"),
    ];
    let kept = fs::read(desk.at("keys/omar.secret.pem")).expect("a file");
    for (name, said) in cases {
        desk.put("keys/omar.secret.pem", &case(name));
        let text = desk.check(&APPEND, 4, said);
        assert!(text.contains("hint: "), "{name}: {text}");
        if name != "encrypted.pem" && name != "encrypted-pbkdf2.pem" {
            let import = format!("tests-{name}");
            desk.put(&import, &case(name));
            desk.check(&["--keys", "new", "key", "new", "zahra", "--import", &import], 4, said);
        }
    }
    desk.put("keys/omar.secret.pem", sealed(1, "sesame").as_bytes());
    desk.check(&APPEND, 4, "the key in omar's file is the log's");
    desk.put("keys/omar.secret.pem", sealed(2, "sesame").as_bytes());
    desk.check(&APPEND, 4, "the key in omar's file is nadia's in this ledger");
    desk.put("keys/omar.secret.pem", sealed(3, "other").as_bytes());
    desk.check(&APPEND, 4, "keys/omar.secret.pem: wrong passphrase");
    desk.put("keys/omar.secret.pem", &kept);
    assert!(!desk.at("new").exists(), "a refused import made a folder");
    desk.check(&["verify"], 0, "Verified: 2 entries");
    desk.check(&APPEND, 0, "The ledger has 3 entries");
}

#[test]
fn a_key_that_openssl_made_is_imported_and_openssl_reads_ours() {
    let desk = Desk::new();
    for name in ["encrypted.pem", "encrypted-pbkdf2.pem"] {
        desk.put("theirs.pem", &case(name));
        let words = ["--keys", "theirs", "key", "new", "zahra", "--import", "theirs.pem"];
        let said = desk.check(&words, 0, "zahra+");
        let line = said.lines().next().expect("a line").to_owned();
        let key: VerifierKey = line.parse().expect("a verifier key");
        let ours = fs::read_to_string(desk.at("theirs/zahra.secret.pem")).expect("a file");
        assert_eq!(keyfile::open(&ours, b"sesame").expect("it opens").public(), *key.public());
        let read = Command::new("openssl")
            .args(["pkey", "-passin", "pass:sesame", "-pubout", "-in", "theirs/zahra.secret.pem"])
            .current_dir(desk.folder.path())
            .output();
        match read {
            Ok(read) => assert_eq!(read.stdout, case("public.pem"), "{read:?}"),
            Err(_) => println!("skipped: no openssl command"),
        }
        desk.check(&words, 2, "is there already");
        fs::remove_dir_all(desk.at("theirs")).expect("a folder");
    }
}

#[test]
fn every_text_that_is_no_recorders_key_is_called_by_its_name() {
    let desk = Desk::new();
    let text = |name| String::from_utf8(case(name)).expect("text");
    let key = |name, seed| verifier_key(name, Algorithm::Ed25519, seed);
    let hex = "ab".repeat(32);
    let mut cut = key("zahra", 5);
    cut.truncate(cut.len() - 4);
    let cases = [
        (text("public.pem"), "found a public key in PEM"),
        (text("openssh.pub.txt"), "found an SSH public key (ssh-ed25519)"),
        (text("certificate.pem"), "found a certificate"),
        (text("unencrypted.pem"), "a secret key is never given to anybody"),
        (text("encrypted.pem"), "a secret key is never given to anybody"),
        (text("openssh.pem"), "a secret key is never given to anybody"),
        (text("rsa-traditional.pem"), "a secret key is never given to anybody"),
        (hex, "found 64 bare hex digits"),
        ("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9".to_owned(), "recipient of age"),
        ("AGE-SECRET-KEY-1QQPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L".to_owned(), "never given to anybody"),
        ("PRIVATE+KEY+zahra+0011aabb+AAAA".to_owned(), "never given to anybody"),
        ("keys/zahra.secret.pem".to_owned(), "found no key"),
        (String::new(), "found no key"),
        (cut, "an Ed25519 public key has 32 bytes, found 29"),
        (key("zahra", 5).replace("zahra", "zohra"), "the id does not belong to this name and key"),
        (key("zahra", 5) + " now", "not a verifier key"),
        (verifier_key("w.example", Algorithm::Cosignature, 5), "a witness's key"),
        (key("example.org/claims", 1), "the key of the log"),
        (key("example.org/claims", 5), "the key of the log"),
        (key("zahra", 1), "the key of the log"),
        (key("log", 5), "`log` is the log's own name"),
        (key("Zahra", 5), "the key's name"),
        (key("example.org/zahra", 5), "the key's name"),
        (key("omar", 3), "is known here: omar's, introduced by nadia at entry 1"),
        (key("zahra", 3), "is known here: omar's, introduced by nadia at entry 1"),
        (key("omar", 5), "the name omar is taken: introduced by nadia at entry 1"),
        (key("nadia", 5), "the name nadia is taken: named by the charter"),
    ];
    for (given, said) in cases {
        // It may begin with dashes.
        let text = desk.check(&["key", "trust", "--as", "nadia", "--", &given], 2, said);
        assert!(text.contains("hint: "), "{given}: {text}");
        let rotated = ["key", "rotate", "--as", "omar", &format!("--to={given}")];
        if !["omar+", "nadia+"].iter().any(|name| given.starts_with(name)) {
            desk.check(&rotated, 2, "");
        }
    }
    desk.check(&["verify"], 0, "Verified: 2 entries");
    let mut piped = desk.command(&["key", "trust", "-", "--as", "nadia"]);
    let piped = piped.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut piped = piped.expect("the program");
    let mut stdin = piped.stdin.take().expect("its standard input");
    writeln!(stdin, "{}", key("zahra", 5)).expect("a pipe");
    drop(stdin);
    let output = piped.wait_with_output().expect("the program");
    expect(&output, &["key", "trust", "-"], 0, "introduces zahra");
    let both = ["key", "trust", "-", "--passphrase-file", "-"];
    desk.check(&both, 2, "standard input cannot give both");
}

#[test]
fn the_name_that_signs_is_looked_at_before_any_file() {
    let desk = Desk::new();
    desk.put("elsewhere.secret.pem", sealed(3, "sesame").as_bytes());
    for name in
        ["log", "../elsewhere", "/etc/passwd", "omar.next", "Omar", "", "a b", "ömar\u{202e}"]
    {
        let words = ["retract", "1", "--reason", "x", "--as", name];
        let said = desk.check(&words, 2, "--as");
        assert!(!said.contains("could not read"), "{name:?}: {said}");
        desk.check(&["key", "new", "--", name], 2, "NAME");
    }
}

/// A rotation in the ledger and on the disk, with the file names as they were after `steps` of
/// its four steps.
fn cut_off_after(steps: usize) -> (Desk, PublicKey) {
    let desk = Desk::new();
    if steps == 0 {
        return (desk, secret(3).public());
    }
    if steps == 1 {
        desk.put("keys/omar.next.secret.pem", sealed(4, "sesame").as_bytes());
        return (desk, secret(4).public());
    }
    desk.check(&["key", "rotate", "--as", "omar"], 0, "takes the place");
    let new = desk.inside("omar");
    let retired = desk.omars()[1].clone();
    if steps < 4 {
        desk.rename("keys/omar.secret.pem", "keys/omar.next.secret.pem");
    }
    if steps < 3 {
        desk.rename(&format!("keys/{retired}.secret.pem"), "keys/omar.secret.pem");
    }
    (desk, new)
}

#[test]
fn a_rotation_that_is_cut_off_at_any_step_is_finished_and_loses_no_key() {
    let retired = format!("omar.{}.retired", &secret(3).public().thumbprint().to_string()[..12]);
    for steps in 0..=4 {
        // By whatever next writes in that name.
        let (desk, new) = cut_off_after(steps);
        desk.check(&APPEND, 0, "The ledger has");
        let expected: &[&str] = match steps {
            0 => &["omar"],
            1 => &["omar", "omar.next"],
            _ => &["omar", &retired],
        };
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(desk.omars(), expected, "after {steps} steps");
        let signs = if steps < 2 { secret(3).public() } else { new };
        assert_eq!(desk.inside("omar"), signs, "after {steps} steps");
        if steps >= 2 {
            assert_eq!(desk.inside(&retired), secret(3).public());
        }
        desk.check(&["verify"], 0, "Verified: ");

        // By rotating again.
        let (desk, new) = cut_off_after(steps);
        let said = match steps {
            2 | 3 => "An interrupted rotation is finished",
            _ => "takes the place of omar's key",
        };
        desk.check(&["key", "rotate", "--as", "omar"], 0, said);
        assert!(desk.omars().contains(&retired), "after {steps} steps: {:?}", desk.omars());
        assert!(!desk.omars().contains(&"omar.next".to_owned()), "after {steps} steps");
        if (1..4).contains(&steps) {
            assert_eq!(desk.inside("omar"), new, "after {steps} steps");
        }
        desk.check(&APPEND, 0, "Appended 1 statement");
        desk.check(&["verify"], 0, "Verified: ");
    }
}

#[test]
fn a_rotation_never_overwrites_a_key() {
    let (desk, _) = cut_off_after(1);
    // Left by a rotation under another passphrase.
    desk.put("keys/omar.next.secret.pem", sealed(4, "other").as_bytes());
    desk.check(
        &["key", "rotate", "--as", "omar"],
        4,
        "keys/omar.next.secret.pem: wrong passphrase",
    );
    let to = verifier_key("omar", Algorithm::Ed25519, 6);
    let words = ["key", "rotate", "--as", "omar", "--to", &to];
    desk.check(&words, 2, "an interrupted rotation left this key");
    desk.check(&["verify"], 0, "Verified: 2 entries");
    // Something lies where the old key would be kept.
    let (desk, _) = cut_off_after(2);
    let retired = format!("omar.{}.retired", &secret(3).public().thumbprint().to_string()[..12]);
    desk.put(&format!("keys/{retired}.secret.pem"), b"mine");
    desk.check(&APPEND, 3, "could not create keys/omar.");
    assert_eq!(desk.inside("omar"), secret(3).public());
    assert_eq!(desk.omars().len(), 3);
}

#[test]
fn two_colleagues_share_a_log_key_and_no_passphrase() {
    let desk = Desk::new();
    desk.put("keys/log.secret.pem", sealed(1, "the log's own").as_bytes());
    desk.check(&APPEND, 4, "keys/log.secret.pem: wrong passphrase");
    desk.check(&APPEND, 4, "put it on a second line");
    desk.put("passphrase", b"sesame\nwrong\n");
    desk.check(&APPEND, 4, "keys/log.secret.pem: wrong passphrase");
    desk.put("passphrase", b"sesame\r\nthe log's own\r\n");
    desk.check(&APPEND, 0, "The ledger has 3 entries");
}

#[test]
fn no_command_takes_a_passphrase_from_a_flag() {
    fn walk(command: &clap::Command, found: &mut usize) {
        for argument in command.get_arguments() {
            let (id, long) = (argument.get_id().as_str(), argument.get_long().unwrap_or_default());
            let speaks_of_it =
                [id, long].iter().any(|it| it.contains("pass") || it.contains("secret"));
            if speaks_of_it {
                *found += 1;
                assert_eq!(long, "passphrase-file", "{}", command.get_name());
                let names = argument.get_value_names().expect("a value");
                assert_eq!(names, ["FILE"], "{}", command.get_name());
                let variable = argument.get_env().expect("a variable");
                assert_eq!(variable, "WHOSAID_PASSPHRASE_FILE", "{}", command.get_name());
            }
        }
        command.get_subcommands().for_each(|command| walk(command, found));
    }
    let mut found = 0;
    walk(&Arguments::command(), &mut found);
    assert!(found >= 10, "{found}");
}
