//! Pages fetched from servers of every kind, on the loopback: what is kept is what came, and whoever
//! redirects, floods, stalls or lures inside is told apart.

use std::cell::Cell;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use whosaid::web::address::Reach;
use whosaid::web::fetch::{self, Limits};
use whosaid::web::page::{self, Asking, Error, Page, REDIRECTS};

/// Long enough for a busy machine, where an answer is expected.
const PATIENT: Limits = Limits { connect: Duration::from_secs(20), total: Duration::from_secs(20) };

/// Where none is.
const HASTY: Limits =
    Limits { connect: Duration::from_millis(300), total: Duration::from_millis(300) };

/// The most bytes that the tests take.
const SIZE: u64 = 1000;

/// A server on the loopback that answers by the path asked for.
pub(crate) struct Server {
    /// Without a slash at its end.
    pub(crate) url: String,
    /// The head of every request, in lower case.
    pub(crate) heads: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers with these bytes and closes.
    pub(crate) fn answering(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> Self {
        Self::acting(move |path, stream| {
            // The client may have seen enough before all is sent.
            let _ = stream.write_all(&answer(path));
        })
    }

    fn acting(act: impl Fn(&str, &mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&heads);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let lines = lines.map_while(Result::ok).take_while(|line| !line.is_empty());
                let head: Vec<String> = lines.map(|line| line.to_lowercase()).collect();
                let path = head.first().and_then(|line| line.split(' ').nth(1));
                let path = path.unwrap_or_default().to_owned();
                seen.lock().unwrap().push(head.join("\n"));
                act(&path, &mut stream);
            }
        });
        Self { url, heads }
    }

    fn asked(&self) -> usize {
        self.heads.lock().unwrap().len()
    }
}

/// An answer with its length.
pub(crate) fn answer(status: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn redirect(to: &str) -> Vec<u8> {
    answer("302 Found", &format!("Location: {to}\r\n"), b"moved")
}

/// This loopback address alone, besides the public ones.
fn near() -> Reach {
    Reach::PublicAnd(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])
}

fn get_with(url: &str, limits: Limits, reach: Reach) -> Result<Page, Error> {
    let elapsed = || Duration::ZERO;
    let asking = Asking { limits, size: SIZE, reach, allow_downgrade: false, elapsed: &elapsed };
    page::fetch(&asking, url)
}

fn get(url: &str) -> Result<Page, Error> {
    get_with(url, PATIENT, near())
}

#[track_caller]
fn check_refused(result: Result<Page, Error>, message: &str, hint: &str) {
    let error = result.expect_err("a refusal");
    assert!(error.to_string().contains(message), "{error}, expected {message:?} ({error:?})");
    let found = error.hint().unwrap_or_default();
    assert!(found.contains(hint), "{found:?}, expected {hint:?}");
}

#[test]
fn a_page_is_kept_as_it_came_and_asked_for_once_by_who_says_so() {
    let fields = "Date: Mon, 25 Nov 2024 02:00:00 GMT\r\nContent-Type: text/html; charset=UTF-8\r\n\
                  Set-Cookie: session=secret\r\nMemento-Datetime: Sun, 24 Nov 2024 10:00:00 GMT\r\n";
    let server = Server::answering(move |_| answer("200 OK", fields, b"<p>a\r\n\0\xff"));
    let page = get(&format!("{}/a?b=c#part", server.url)).unwrap();
    assert_eq!(page.bytes, b"<p>a\r\n\0\xff");
    assert_eq!((&page.requested, &page.url), (&format!("{}/a?b=c", server.url), &page.requested));
    assert_eq!((page.status, page.cookies, page.unkept), (200, 1, 0));
    assert_eq!(page.media_type.as_deref(), Some("text/html; charset=UTF-8"));
    assert_eq!(page.memento.as_deref(), Some("Sun, 24 Nov 2024 10:00:00 GMT"));
    assert!(page.is_measured && page.redirects.is_empty());
    let kept = [
        "date: Mon, 25 Nov 2024 02:00:00 GMT",
        "content-type: text/html; charset=UTF-8",
        "memento-datetime: Sun, 24 Nov 2024 10:00:00 GMT",
        "content-length: 8",
    ];
    assert_eq!(page.headers, kept);
    let heads = server.heads.lock().unwrap();
    let [head] = heads.as_slice() else { panic!("{heads:?}") };
    assert!(head.starts_with("get /a?b=c http/1.1\n"), "{head}");
    for expected in ["user-agent: whosaid/", "accept: */*", "accept-encoding: identity"] {
        assert!(head.contains(expected), "{head}");
    }
    for absent in ["cookie", "referer", "authorization", "range"] {
        assert!(!head.contains(absent), "{head}");
    }
}

#[test]
fn redirects_are_followed_by_hand_and_each_is_told() {
    let server = Server::answering(|path| match path {
        "/a" => answer("302 Found", "Location: b/c\r\nSet-Cookie: a=b\r\n", b""),
        "/b/c" => answer("308 Permanent Redirect", "Location: /d#part\r\n", b""),
        "/d" => answer("200 OK", "", b"here"),
        other => panic!("{other}"),
    });
    let page = get(&format!("{}/a", server.url)).unwrap();
    let told: Vec<(u16, &str)> =
        page.redirects.iter().map(|it| (it.status, &it.url[server.url.len()..])).collect();
    assert_eq!(told, [(302, "/a"), (308, "/b/c")]);
    assert_eq!((page.url, page.bytes), (format!("{}/d", server.url), b"here".to_vec()));
    let heads = server.heads.lock().unwrap();
    assert!(heads.iter().all(|head| !head.contains("cookie") && !head.contains("referer")));
}

#[test]
fn a_way_that_goes_round_or_on_for_ever_ends() {
    let circle = Server::answering(|path| redirect(if path == "/a" { "/b" } else { "/a" }));
    check_refused(get(&format!("{}/a", circle.url)), "the redirects go in a circle", "no cookies");
    assert_eq!(circle.asked(), 2);
    let steps = |last: usize| {
        Server::answering(move |path| match path[1..].parse::<usize>().unwrap() {
            step if step == last => answer("200 OK", "", b"here"),
            step => redirect(&format!("/{}", step + 1)),
        })
    };
    assert!(get(&format!("{}/0", steps(REDIRECTS).url)).is_ok());
    let long = steps(REDIRECTS + 1);
    check_refused(get(&format!("{}/0", long.url)), "more than 10 redirects", "save the page");
    assert_eq!(long.asked(), REDIRECTS + 1);
}

#[test]
fn no_server_leads_inside_whatever_name_or_spelling_it_uses() {
    let inside = Server::answering(|_| answer("200 OK", "", b"a secret"));
    let port = inside.url.rsplit_once(':').unwrap().1.to_owned();
    for host in [
        "127.0.0.2",
        "2130706434",
        "0x7f.2",
        "0177.0.0.2",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "0",
        "224.0.0.1",
        "255.255.255.255",
        "[fd00::1]",
        "[fe80::1]",
        "[64:ff9b::7f00:1]",
    ] {
        let to = format!("http://{host}:{port}/");
        let lure = Server::answering(move |_| redirect(&to));
        let refused = get(&format!("{}/", lure.url));
        assert!(matches!(refused, Err(Error::Address { .. })), "{host}: {refused:?}");
        check_refused(refused, "which is not asked", "--allow-private");
    }
    // By its name, which somebody else's server of names could lead anywhere.
    let named = format!("http://localhost:{port}/");
    check_refused(get_with(&named, PATIENT, Reach::Public), "of this machine", "--allow-private");
    check_refused(get_with(&inside.url, PATIENT, Reach::Public), "127.0.0.1 is an address", "");
    // Whoever lets one private server be asked has not let it choose others.
    let to = named.clone();
    let lure = Server::answering(move |_| redirect(&to));
    check_refused(get_with(&lure.url, PATIENT, Reach::Private), "of this machine", "");
    assert_eq!(inside.asked(), 0, "it was asked all the same");
    assert_eq!(get_with(&named, PATIENT, Reach::Private).unwrap().bytes, b"a secret");
}

#[test]
fn a_redirect_to_what_is_no_page_is_refused() {
    for to in
        ["file:///etc/passwd", "ftp://example.org/", "http://user:secret@example.org/", "data:,a"]
    {
        let server = Server::answering(move |_| redirect(to));
        let refused = get(&server.url).unwrap_err();
        assert!(matches!(refused, Error::Redirect { .. }), "{to}: {refused:?}");
    }
    for bad in ["ftp://example.org/", "example.org", "https://user:secret@example.org/"] {
        let refused = get(bad).unwrap_err();
        assert!(matches!(refused, Error::Fetch(fetch::Error::Url { .. })), "{bad}: {refused:?}");
    }
}

#[test]
fn a_page_is_taken_up_to_its_limit_and_not_a_byte_more() {
    let limit = usize::try_from(SIZE).unwrap();
    for (length, fits) in [(limit, true), (limit + 1, false)] {
        let measured = Server::answering(move |_| answer("200 OK", "", &vec![b'a'; length]));
        assert_eq!(get(&measured.url).is_ok(), fits, "{length}");
        let unmeasured = Server::answering(move |_| {
            [&b"HTTP/1.0 200 OK\r\n\r\n"[..], &vec![b'a'; length]].concat()
        });
        match get(&unmeasured.url) {
            Ok(page) => assert!(fits && !page.is_measured),
            Err(error) => assert!(!fits, "{error}"),
        }
    }
    let endless = Server::acting(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        while stream.write_all(b"4\r\naaaa\r\n").is_ok() {}
    });
    check_refused(get(&endless.url), "the answer has more than 1000 bytes", "a transcript");
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
fn compression_that_nobody_asked_for_is_undone_within_the_limit() {
    let coded = |coding: &'static str, body: Vec<u8>| {
        Server::answering(move |_| {
            answer("200 OK", &format!("Age: 1\r\nContent-Encoding: {coding}\r\n"), &body)
        })
    };
    let page = get(&coded("gzip", HELLO.to_vec()).url).unwrap();
    assert_eq!((page.bytes, page.headers), (b"hello".to_vec(), vec!["age: 1".to_owned()]));
    check_refused(get(&coded("gzip", bomb(380)).url), "more than 1000 bytes", "");
    check_refused(get(&coded("gzip", HELLO[..20].to_vec()).url), "", "");
    check_refused(get(&coded("br", b"hello".to_vec()).url), "coding br was not asked for", "--url");
}

#[test]
fn whoever_stalls_is_left_and_the_time_is_one_for_the_whole_way() {
    let stalls = |head: &'static [u8]| {
        Server::acting(move |_, stream| {
            stream.write_all(head).unwrap();
            let _ = stream.read(&mut [0]);
        })
    };
    let get = |server: &Server| get_with(&server.url, HASTY, near());
    check_refused(get(&stalls(b"")), "did not answer within 300 ms", "--timeout");
    let half = stalls(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal");
    check_refused(get(&half), "not complete within 300 ms", "--timeout");

    // Each step takes nine of the twenty seconds, by the clock that is handed in.
    let server = Server::answering(|path| redirect(&format!("{path}a")));
    let seconds = Cell::new(0);
    let elapsed = || {
        seconds.set(seconds.get() + 9);
        Duration::from_secs(seconds.get())
    };
    let asking = Asking {
        limits: PATIENT,
        size: SIZE,
        reach: near(),
        allow_downgrade: false,
        elapsed: &elapsed,
    };
    check_refused(page::fetch(&asking, &server.url), "did not answer within 20 s", "");
    assert_eq!(server.asked(), 2);
}

#[test]
fn whatever_the_status_the_page_is_what_came() {
    let statuses =
        ["404 Not Found", "429 Too Many", "503 Busy", "500 Error", "401 Who", "300 Many"];
    for status in statuses {
        let server = Server::answering(move |_| answer(status, "Retry-After: 120\r\n", b"no"));
        let page = get(&server.url).unwrap();
        assert_eq!(page.status.to_string(), status[..3]);
        assert_eq!((page.retry_after.as_deref(), &page.bytes[..]), (Some("120"), &b"no"[..]));
        assert_eq!(server.asked(), 1, "{status}");
    }
    let nowhere = Server::answering(|_| answer("301 Moved", "", b"where?"));
    assert_eq!(get(&nowhere.url).unwrap().status, 301);
    let empty = Server::answering(|_| answer("200 OK", "", b""));
    check_refused(get(&empty.url), "sent an empty page (status 200)", "nothing to keep");
}

#[test]
fn a_media_type_that_is_none_is_not_believed() {
    for (field, expected) in [
        (
            "Content-Type: text/html;charset=windows-1251\r\n",
            Some("text/html;charset=windows-1251"),
        ),
        ("Content-Type: nonsense\r\n", None),
        ("Content-Type:\r\n", None),
        ("", None),
    ] {
        let server = Server::answering(move |_| answer("200 OK", field, b"a"));
        assert_eq!(get(&server.url).unwrap().media_type.as_deref(), expected, "{field}");
    }
}
