//! Key files against the `openssl` command line: it reads ours, and we read its own.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use whosaid::key::SecretKey;
use whosaid::keyfile::{Cost, Error, Fresh, open, seal};

const CHEAP: Cost = Cost { log_n: 4, r: 8, p: 1 };
const FRESH: Fresh = Fresh { salt: [3; 16], iv: [4; 16] };

/// Runs `openssl` and gives what it printed; `None` if there is no such command here.
fn openssl(arguments: &str, input: &str) -> Option<String> {
    let spawned = Command::new("openssl")
        .args(arguments.split(' '))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = spawned else {
        println!("skipped: no openssl command");
        return None;
    };
    let mut stdin = child.stdin.take().expect("piped");
    // It may end without reading; what it says about that is checked below.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments}: {said}");
    Some(String::from_utf8(output.stdout).expect("text"))
}

/// The public key that `openssl pkey -text` prints, in hexadecimal.
fn printed_public_key(text: &str) -> String {
    let (_, public) = text.split_once("pub:").expect("a public part");
    public.chars().filter(char::is_ascii_hexdigit).collect()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes it");
        text
    })
}

#[test]
fn openssl_reads_what_we_seal() {
    let key = SecretKey::from_seed(&[5; 32]);
    for cost in [CHEAP, Cost::STANDARD] {
        let file = seal(&key, b"sesame", &FRESH, cost);
        let Some(text) = openssl("pkey -text -noout -passin pass:sesame", &file) else { return };
        assert_eq!(printed_public_key(&text), hexadecimal(key.public().as_bytes()));
    }
}

#[test]
fn we_read_what_openssl_encrypts() {
    let Some(plain) = openssl("genpkey -algorithm ed25519", "") else { return };
    assert_eq!(open(&plain, b"sesame").err(), Some(Error::Unencrypted));
    let text = openssl("pkey -text -noout", &plain).expect("it is there");
    let ways = [
        "-scrypt",
        "-scrypt -scrypt_N 1024 -scrypt_r 8 -scrypt_p 16",
        "-v2 aes-256-cbc",
        "-v2 aes-128-cbc -iter 10000",
        "-v2 aes-192-cbc -v2prf hmacWithSHA512",
    ];
    for way in ways {
        let command = format!("pkcs8 -topk8 {way} -passout pass:sesame");
        let file = openssl(&command, &plain).expect("it is there");
        let key = open(&file, b"sesame").unwrap_or_else(|error| panic!("{way}: {error}"));
        assert_eq!(hexadecimal(key.public().as_bytes()), printed_public_key(&text), "{way}");
        assert_eq!(open(&file, b"open").err(), Some(Error::WrongPassphrase), "{way}");
    }
    let public = openssl("pkey -pubout", &plain).expect("it is there");
    assert_eq!(open(&public, b"sesame").err(), Some(Error::PublicKey));
}

#[test]
fn keys_of_other_kinds_and_old_encryptions_are_named() {
    let kinds = [
        ("genpkey -algorithm ed448", "Ed448"),
        ("genpkey -algorithm x25519", "X25519"),
        ("genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:1024", "RSA"),
        ("genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-256", "EC"),
    ];
    for (command, name) in kinds {
        let Some(plain) = openssl(command, "") else { return };
        let file = openssl("pkcs8 -topk8 -passout pass:sesame", &plain).expect("it is there");
        let error = open(&file, b"sesame").expect_err("it is another kind");
        assert_eq!(error, Error::OtherAlgorithm(name.to_owned()));
    }
    let plain = openssl("genpkey -algorithm ed25519", "").expect("it is there");
    let unread = openssl("pkcs8 -topk8 -v1 PBE-SHA1-3DES -passout pass:sesame", &plain);
    let error = open(&unread.expect("it is there"), b"sesame").expect_err("it is old");
    assert!(matches!(error, Error::Unsupported(_)), "{error}");
    let old = openssl("pkcs8 -topk8 -v2 des3 -passout pass:sesame", &plain);
    let error = open(&old.expect("it is there"), b"sesame").expect_err("it is old");
    assert!(matches!(error, Error::Unsupported(_)), "{error}");
}

#[test]
fn a_file_that_openssl_made_is_not_opened_after_any_cut_or_header_damage() {
    let Some(plain) = openssl("genpkey -algorithm ed25519", "") else { return };
    let command = "pkcs8 -topk8 -scrypt -scrypt_N 2 -scrypt_r 1 -scrypt_p 1 -passout pass:sesame";
    let file = openssl(command, &plain).expect("it is there");
    for place in 0..file.len() - 1 {
        assert!(open(&file[..place], b"sesame").is_err(), "cut at {place}");
        // Whatever the damage, an answer and no panic. Without the line that names the public
        // key another key may come out, as `keyfile` says.
        for letter in ['A', '/', 'z', '\n', '-', '='] {
            let mut damaged = file.clone();
            damaged.replace_range(place..=place, &letter.to_string());
            let _ = open(&damaged, b"sesame");
        }
    }
}
