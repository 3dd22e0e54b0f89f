//! Servers of every bad kind, on the loopback: each gives an error that names it, within limits.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use whosaid::web::fetch::{Client, Error, Limits};

/// Long enough for a busy machine, where an answer is expected.
const PATIENT: Limits = Limits { connect: Duration::from_secs(20), total: Duration::from_secs(20) };

/// Where none is.
const HASTY: Limits =
    Limits { connect: Duration::from_millis(300), total: Duration::from_millis(300) };

/// The most bytes that the tests take.
const LIMIT: u64 = 1000;

/// A server that reads one request's head, then does as told with the connection. Its URL.
fn server(act: impl Fn(&mut TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/file", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            act(&mut stream);
        }
    });
    url
}

/// A server that sends these bytes and closes.
fn answering(bytes: impl AsRef<[u8]> + Send + 'static) -> String {
    server(move |stream| {
        // The client may have seen enough before all is sent.
        let _ = stream.write_all(bytes.as_ref());
    })
}

/// A server that sends these bytes and then nothing, until the client goes.
fn hanging(bytes: &'static [u8]) -> String {
    server(move |stream| {
        stream.write_all(bytes).unwrap();
        let _ = stream.read(&mut [0]);
    })
}

fn get(url: &str, limits: Limits) -> Result<Option<Vec<u8>>, Error> {
    Client::new(limits).get(url, LIMIT)
}

/// The message of the error, with the server's address taken out, and its hint.
fn check_refused(url: &str, limits: Limits, message: &str, hint: &str) {
    let error = get(url, limits).unwrap_err();
    let address = url.split('/').nth(2).unwrap();
    let found = error.to_string().replace(address, "SERVER");
    assert!(found.contains(message), "{found:?}, expected {message:?} ({error:?})");
    let found = error.hint().unwrap_or_default();
    assert!(found.contains(hint), "{found:?}, expected {hint:?}");
}

#[test]
fn a_file_is_fetched_whole_and_a_missing_one_is_none() {
    let good = [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: application/octet-stream\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello",
    ];
    for good in good {
        assert_eq!(get(&answering(good), PATIENT).unwrap().unwrap(), b"hello", "{good}");
    }
    for missing in [
        "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
        "HTTP/1.1 410 Gone\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n",
    ] {
        assert_eq!(get(&answering(missing), PATIENT).unwrap(), None);
    }
    let empty = answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(get(&empty, PATIENT).unwrap(), Some(Vec::new()));
}

#[test]
fn a_request_says_who_asks_and_takes_gzip() {
    let url = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/a?b=c", listener.local_addr().unwrap());
        thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let mut head = String::new();
            while let Some(Ok(line)) = lines.next() {
                if line.is_empty() {
                    break;
                }
                head += &line.to_lowercase();
                head.push('\n');
            }
            let length = head.len();
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{head}");
            stream.write_all(answer.as_bytes()).unwrap();
        });
        url
    };
    let client = Client::new(PATIENT);
    let head = String::from_utf8(client.get(&url, LIMIT).unwrap().unwrap()).unwrap();
    assert!(head.starts_with("get /a?b=c http/1.1\n"), "{head}");
    assert!(head.contains("\nuser-agent: whosaid/"), "{head}");
    assert!(head.contains("\naccept-encoding: gzip\n"), "{head}");
    assert_eq!(client.requests(), 1);
}

#[test]
fn servers_that_hang_are_waited_for_no_longer_than_the_limit() {
    check_refused(&hanging(b""), HASTY, "SERVER did not answer within 300 ms", "--timeout");
    let half_head = hanging(b"HTTP/1.1 200 OK\r\nContent-");
    check_refused(&half_head, HASTY, "SERVER did not answer within 300 ms", "try again later");
    let half_body = hanging(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
    let message = "http://SERVER/file: the answer was not complete within 300 ms";
    check_refused(&half_body, HASTY, message, "--timeout");
    let chunks = hanging(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n");
    check_refused(&chunks, HASTY, message, "--timeout");
    // Somebody who takes the connection and never says a word of TLS.
    let secure = hanging(b"").replace("http:", "https:");
    let hasty_to_connect = Limits { total: PATIENT.total, ..HASTY };
    let message = "SERVER could not be reached within 300 ms";
    check_refused(&secure, hasty_to_connect, message, "try again later");
}

#[test]
fn an_answer_that_is_cut_off_or_of_the_wrong_length_is_not_taken() {
    for cut in [
        "",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n30\r\nhel",
    ] {
        let message = "before the answer was complete";
        check_refused(&answering(cut), PATIENT, message, "nothing was taken");
    }
    // What stands after the promised length is not part of the answer.
    let longer = answering("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhello");
    assert_eq!(get(&longer, PATIENT).unwrap().unwrap(), b"hell");
    let not_a_length = answering("HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello");
    check_refused(&not_a_length, PATIENT, "does not answer in HTTP", "does not seem to be");
}

#[test]
fn an_endless_answer_is_left_at_the_limit() {
    fn endless(head: &'static str, piece: &'static str) -> String {
        server(move |stream| {
            let _ = stream.write_all(head.as_bytes());
            while stream.write_all(piece.as_bytes()).is_ok() {}
        })
    }
    let piece = "aaaaaaaaaaaaaaaa";
    let message = "the answer has more than 1000 bytes";
    check_refused(&endless("HTTP/1.1 200 OK\r\n\r\n", piece), PATIENT, message, "");
    let promised = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n";
    check_refused(&endless(promised, piece), PATIENT, message, "");
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    check_refused(&endless(chunked, "4\r\naaaa\r\n"), PATIENT, message, "");
    check_refused(&endless("HTTP/1.1 200 OK\r\n", "A: b\r\n"), PATIENT, "not answer in HTTP", "");
    check_refused(&endless("", piece), PATIENT, "does not answer in HTTP", "");
    // The limit itself is allowed, one byte more is not.
    for (length, fits) in [(LIMIT, true), (LIMIT + 1, false)] {
        let body = "a".repeat(usize::try_from(length).unwrap());
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
        assert_eq!(get(&answering(head), PATIENT).is_ok(), fits, "{length}");
        assert_eq!(
            get(&answering(format!("HTTP/1.0 200 OK\r\n\r\n{body}")), PATIENT).is_ok(),
            fits
        );
    }
}

/// The bytes of an answer in gzip.
fn gzip(body: &[u8]) -> Vec<u8> {
    let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ";
    [format!("{head}{}\r\n\r\n", body.len()).as_bytes(), body].concat()
}

/// "hello" in gzip: one stored block.
const HELLO: [u8; 28] = [
    0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 1, 5, 0, 0xfa, 0xff, b'h', b'e', b'l', b'l', b'o', 0x86,
    0xa6, 0x10, 0x36, 5, 0, 0, 0,
];

/// The beginning of a gzip of zeros, 258 for each 13 bits (RFC 1951: a match of length 258 at
/// distance 1).
fn bomb(matches: usize) -> Vec<u8> {
    let mut bits = vec![true, true, false];
    // The literal 0, and then the matches, each the code of length 285 and of distance 0.
    bits.extend([false, false, true, true, false, false, false, false]);
    for _ in 0..matches {
        bits.extend([true, true, false, false, false, true, false, true]);
        bits.extend([false; 5]);
    }
    let byte = |bits: &[bool]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
    let deflated = bits.chunks(8).map(byte);
    HELLO[..10].iter().copied().chain(deflated).collect()
}

#[test]
fn a_compressed_answer_is_measured_after_decompression() {
    assert_eq!(get(&answering(gzip(&HELLO)), PATIENT).unwrap().unwrap(), b"hello");
    // 620 bytes that would become 100 kB.
    let bomb = bomb(380);
    assert!(bomb.len() < 700);
    let message = "the answer has more than 1000 bytes";
    check_refused(&answering(gzip(&bomb)), PATIENT, message, "does not seem to be");
    for cut in [0, 5, 10, 17, 22] {
        let result = get(&answering(gzip(&HELLO[..cut])), PATIENT);
        let error = result.expect_err("a part of a gzip is not a whole one");
        assert!(matches!(error, Error::CutOff { .. } | Error::Encoding { .. }), "{cut}: {error}");
    }
    let mut wrong = HELLO;
    wrong[16] ^= 1;
    check_refused(&answering(gzip(&wrong)), PATIENT, "cannot be decompressed", "");
    check_refused(&answering(gzip(&[b'a'; 40])), PATIENT, "cannot be decompressed", "");
    let other = "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 5\r\n\r\nhello";
    check_refused(&answering(other), PATIENT, "the coding br was not asked for", "");
}

#[test]
fn a_web_page_in_place_of_a_file_is_refused() {
    for kind in ["text/html", "text/html; charset=utf-8", "Text/HTML ;x"] {
        let page =
            format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: 2\r\n\r\nhi");
        check_refused(&answering(page), PATIENT, "sent a web page", "the file `checkpoint`");
    }
}

#[test]
fn redirects_are_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let head = format!(
            "HTTP/1.1 {status} Moved\r\nLocation: https://elsewhere.example/x\r\n\
             Content-Length: 0\r\n\r\n"
        );
        let message = "http://SERVER/file: the server redirects to https://elsewhere.example/x";
        check_refused(&answering(head.clone()), PATIENT, message, "if you trust that place");
        let posted = Client::new(PATIENT).post(&answering(head), b"body", LIMIT);
        assert!(matches!(posted, Err(Error::Redirected { .. })), "{posted:?}");
    }
    let nowhere = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n";
    check_refused(&answering(nowhere), PATIENT, "redirects to an unnamed place", "not followed");
}

#[test]
fn other_statuses_are_named() {
    for (status, hint) in [
        (201, "whoever runs"),
        (204, "whoever runs"),
        (206, "whoever runs"),
        (304, "whoever runs"),
        (401, "whoever runs"),
        (403, "whoever runs"),
        (429, "whoever runs"),
        (500, "try again later"),
        (503, "try again later"),
    ] {
        let head = format!("HTTP/1.1 {status} Status\r\nContent-Length: 0\r\n\r\n");
        check_refused(&answering(head), PATIENT, &format!("with status {status}"), hint);
    }
}

#[test]
fn what_is_not_http_is_refused() {
    for garbage in
        ["hello\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n", "HTTP/1.1 abc OK\r\n\r\n", "\0\0\0\0\r\n\r\n"]
    {
        check_refused(&answering(garbage), PATIENT, "does not answer in HTTP", "");
    }
    let plain = answering("HTTP/1.1 200 OK\r\n\r\n").replace("http:", "https:");
    check_refused(&plain, PATIENT, "no secure connection to the server at SERVER", "certificate");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{address}/file");
    check_refused(&url, PATIENT, "could not connect to the server at SERVER", "may be down");
    assert!(get(&url, PATIENT).unwrap_err().is_temporary());
    let unknown = get("http://no-such-host.invalid/", PATIENT).unwrap_err();
    assert!(matches!(unknown, Error::NoSuchHost { .. } | Error::NotConnected { .. }), "{unknown}");
}

#[test]
fn a_post_has_an_answer_whatever_its_status() {
    for status in [200, 400, 404, 409, 422, 500] {
        let url = answering(format!(
            "HTTP/1.1 {status} Status\r\nContent-Type: text/x.tlog.size; a=b\r\n\
             Content-Length: 2\r\n\r\n8\n"
        ));
        let answer = Client::new(PATIENT).post(&url, b"", LIMIT).unwrap();
        let kind = answer.content_type.as_deref();
        assert_eq!((answer.status, kind), (status, Some("text/x.tlog.size")));
        assert_eq!(answer.body, b"8\n");
    }
    let long = answering("HTTP/1.1 400 Bad\r\nContent-Length: 3\r\n\r\nabc");
    let refused = Client::new(PATIENT).post(&long, b"", 2);
    assert!(matches!(refused, Err(Error::TooLong { limit: 2, .. })), "{refused:?}");
}

#[test]
fn one_connection_serves_several_requests() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let connections = thread::spawn(move || {
        // One connection only: a second one would never be answered.
        let mut stream = listener.accept().unwrap().0;
        for _ in 0..3 {
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello").unwrap();
        }
    });
    let client = Client::new(PATIENT);
    for _ in 0..3 {
        assert_eq!(client.get(&url, LIMIT).unwrap().unwrap(), b"hello");
    }
    connections.join().unwrap();
    assert_eq!(client.requests(), 3);
}
