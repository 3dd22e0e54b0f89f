//! Evidence: are those words in that document? Cases as files, an oracle, hostile captures.

use std::fs;
use std::path::Path;

use whosaid::evidence::anchor::{Match, Reason, find, places};
use whosaid::evidence::denial;
use whosaid::evidence::json;
use whosaid::evidence::nearest::Hint;
use whosaid::evidence::page::looks_whole;
use whosaid::evidence::parts::Part;
use whosaid::evidence::quotation::is_quoted;
use whosaid::evidence::reading::{Verdict, cue_near, in_order, speaker_in};
use whosaid::evidence::text::{Error, Profile, Text, derive};
use whosaid::selector::{Position, Selector};

fn plain(words: &str) -> Text {
    derive(Profile::Plain1, words.as_bytes()).unwrap()
}

fn range(Position { start, end }: &Position) -> String {
    format!("{start}-{end}")
}

/// What came of a case, in the words of its first line.
fn outcome(found: &Match) -> String {
    match found {
        Match::Holds { position } => format!("holds {}", range(position)),
        Match::Ambiguous { positions, .. } => {
            format!("ambiguous {}", positions.iter().map(range).collect::<Vec<_>>().join(" "))
        }
        Match::Fails { reason: Reason::Absent { hint: Some(hint) } } => {
            format!("fails absent, hint {hint:?}")
        }
        Match::Fails { reason: Reason::Absent { hint: None } } => {
            "fails absent, hint none".to_owned()
        }
        Match::Fails { reason } => format!("fails {reason:?}"),
    }
}

fn field<'a>(name: &str, line: Option<&'a str>) -> &'a str {
    line.and_then(|line| line.strip_prefix(name)?.strip_prefix(": ")).expect(name)
}

#[test]
fn every_case_comes_out_as_its_first_line_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/evidence");
    let mut wrong = Vec::new();
    let mut case_count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let case = fs::read_to_string(&path).unwrap();
        let (head, body) = case.split_once("\n---\n").unwrap();
        let mut head = head.lines();
        let expected = field("expect", head.next());
        let profile = Profile::from_name(field("profile", head.next())).unwrap();
        let mut selector = Selector::quote(field("quote", head.next()));
        for line in head {
            let (name, value) = line.split_once(": ").unwrap();
            match name {
                "pointer" => selector.pointer = Some(value.to_owned()),
                "page" => selector.page = Some(value.parse().unwrap()),
                "prefix" => selector.prefix = Some(value.to_owned()),
                "suffix" => selector.suffix = Some(value.to_owned()),
                _ => panic!("{}: {name}", path.display()),
            }
        }
        let found = match derive(profile, body.as_bytes()) {
            Ok(text) => outcome(&find(&text, &selector)),
            Err(_) => "refused".to_owned(),
        };
        if found != expected {
            wrong.push(format!("{}: {found}, expected {expected}", path.display()));
        }
        case_count += 1;
    }
    assert!(case_count > 68, "{case_count} cases");
    assert_eq!(wrong, Vec::<String>::new());
}

/// All texts over `alphabet` of up to `longest` characters, the empty one first.
fn all_words(alphabet: &[char], longest: usize) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut from = 0;
    for _ in 0..longest {
        let to = words.len();
        for shorter in from..to {
            for character in alphabet {
                words.push(format!("{}{character}", words[shorter]));
            }
        }
        from = to;
    }
    words
}

/// The places of `words` by comparing vectors of characters, without any search.
fn oracle(text: &[char], words: &[char]) -> Vec<Position> {
    (0..text.len())
        .filter(|&start| text[start..].starts_with(words))
        .map(|start| Position { start: start as u64, end: (start + words.len()) as u64 })
        .collect()
}

#[test]
fn every_short_quote_is_found_in_every_short_text_where_it_stands() {
    // One, three and four bytes, and a mark that combines with the character before it.
    let alphabet = ['a', '漢', '😀', '\u{301}'];
    let quotes = all_words(&alphabet, 3);
    for words in all_words(&alphabet, 6) {
        let text = plain(&words);
        let characters: Vec<char> = words.chars().collect();
        assert_eq!(text.length(), characters.len() as u64);
        for quote in &quotes[1..] {
            let wanted: Vec<char> = quote.chars().collect();
            let expected = oracle(&characters, &wanted);
            assert_eq!(places(&text, quote, 100), expected, "{words:?}: {quote:?}");
        }
    }
}

#[test]
fn every_selector_agrees_with_the_oracle_in_every_short_text() {
    let alphabet = ['a', '漢'];
    for words in all_words(&alphabet, 5) {
        let text = plain(&words);
        let characters: Vec<char> = words.chars().collect();
        for joined in &all_words(&alphabet, 4)[1..] {
            let joined: Vec<char> = joined.chars().collect();
            for (begin, end) in
                (0..joined.len()).flat_map(|b| (b + 1..=joined.len()).map(move |e| (b, e)))
            {
                let [prefix, exact, suffix] =
                    [&joined[..begin], &joined[begin..end], &joined[end..]]
                        .map(|part| part.iter().collect::<String>());
                let mut selector = Selector {
                    prefix: Some(prefix),
                    suffix: Some(suffix),
                    ..Selector::quote(exact)
                };
                let expected: Vec<Position> = oracle(&characters, &joined)
                    .iter()
                    .map(|place| place.start)
                    .map(|at| Position { start: at + begin as u64, end: at + end as u64 })
                    .collect();
                match (find(&text, &selector), expected.as_slice()) {
                    (Match::Holds { position }, [only]) => assert_eq!(position, *only),
                    (Match::Ambiguous { positions, has_more: false }, [_, _, ..]) => {
                        assert_eq!(positions, expected);
                    }
                    (Match::Fails { .. }, []) => {}
                    (found, _) => panic!("{words}: {selector:?}: {found:?}, not {expected:?}"),
                }
                for start in 0..=characters.len() as u64 + 1 {
                    for end in 0..=characters.len() as u64 + 1 {
                        let position = Position { start, end };
                        selector.position = Some(position);
                        let holds = find(&text, &selector) == Match::Holds { position };
                        assert_eq!(holds, expected.contains(&position), "{words}: {selector:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn hostile_captures_are_answered_and_never_overflow_the_stack() {
    for tag in ["<div>", "<b>", "<svg>", "<table><td>", "<ul><li>", "<a x>", "<object>"] {
        let page = format!("{}We deny it", tag.repeat(100_000));
        let refused = derive(Profile::Html1, page.as_bytes());
        assert!(matches!(refused, Err(Error::Markup(_))), "{tag}: {refused:?}");
    }
    let line = format!("{}We deny it{}", "漢".repeat(3_000_000), " é".repeat(1_000_000));
    let position = Position { start: 3_000_000, end: 3_000_010 };
    let found = find(&plain(&line), &Selector::quote("We deny it"));
    assert_eq!(found, Match::Holds { position });
    let page = derive(Profile::Html1, line.as_bytes()).unwrap();
    assert_eq!(find(&page, &Selector::quote("We deny it")), Match::Holds { position });
    for bytes in
        [b"\xff".as_slice(), b"ab\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"\xe6\xbc"]
    {
        for profile in [Profile::Plain1, Profile::Html1, Profile::Json1] {
            assert!(matches!(derive(profile, bytes), Err(Error::NotUtf8 { .. })), "{bytes:?}");
        }
        assert!(matches!(derive(Profile::Pdf1, bytes), Err(Error::Pdf(_))), "{bytes:?}");
    }
}

#[test]
fn other_encodings_are_refused_and_never_guessed() {
    let words = "Le ministre a démenti.";
    let utf_16: Vec<u8> = "\u{feff}"
        .encode_utf16()
        .chain(words.encode_utf16())
        .collect::<Vec<_>>()
        .into_iter()
        .flat_map(u16::to_le_bytes)
        .collect();
    let latin_1: Vec<u8> = words.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    // What UTF-8 forbids: a slash in two and in three bytes, half a pair, more than Unicode has.
    let broken: [&[u8]; 4] =
        [b"no\xc0\xaf", b"no\xe0\x80\xaf", b"no\xed\xa0\x80", b"no\xf5\x80\x80\x80"];
    for bytes in broken.into_iter().chain([utf_16.as_slice(), latin_1.as_slice()]) {
        for profile in [Profile::Plain1, Profile::Html1, Profile::Json1] {
            let refused = derive(profile, bytes);
            assert!(matches!(refused, Err(Error::NotUtf8 { .. })), "{bytes:?}: {refused:?}");
        }
    }
    // Plain letters in UTF-16 are UTF-8 with a NUL behind each: the words do not stand there.
    let plain_letters: Vec<u8> = "denied".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let text = derive(Profile::Plain1, &plain_letters).unwrap();
    let found = find(&text, &Selector::quote("denied"));
    assert!(matches!(found, Match::Fails { reason: Reason::Absent { .. } }), "{found:?}");
}

#[test]
fn one_line_of_fifty_megabytes_is_searched_within_its_limits() {
    let line = format!("{}We deny it", "é".repeat(25_000_000));
    let position = Position { start: 25_000_000, end: 25_000_010 };
    let text = plain(&line);
    assert_eq!(find(&text, &Selector::quote("We deny it")), Match::Holds { position });
    let absent = Match::Fails { reason: Reason::Absent { hint: None } };
    assert_eq!(find(&text, &Selector::quote("we deny it")), absent);
    for profile in [Profile::Html1, Profile::Json1, Profile::Pdf1] {
        let refused = derive(profile, line.as_bytes());
        assert!(matches!(refused, Err(Error::TooLarge { .. })), "{profile:?}");
    }
}

#[test]
fn hostile_json_is_refused_within_its_limits() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}\"We deny it\"{}", open.repeat(100_000), close.repeat(100_000));
        assert_eq!(derive(Profile::Json1, deep.as_bytes()), Err(json::Error::TooDeep.into()));
    }
    let many = format!("[{}\"We deny it\"]", "\"\",".repeat(1_000_000));
    assert_eq!(derive(Profile::Json1, many.as_bytes()), Err(json::Error::TooMany.into()));
    let numbers = format!("[{}\"We deny it\"]", "1,".repeat(1_000_000));
    let text = derive(Profile::Json1, numbers.as_bytes()).unwrap();
    let pointer = Some("/1000000".to_owned());
    let selector = Selector { pointer, ..Selector::quote("We deny it") };
    let position = Position { start: 0, end: 10 };
    assert_eq!(find(&text, &selector), Match::Holds { position });
    let names: Vec<String> = (0..300_000).map(|number| format!("\"{number}\":0,")).collect();
    let names = names.concat();
    let wide = format!("{{{names}\"0\":\"We deny it\"}}");
    let refused = derive(Profile::Json1, wide.as_bytes());
    assert!(matches!(refused, Err(Error::Json(json::Error::Twice { .. }))));
}

#[test]
fn every_changed_byte_of_a_post_is_answered() {
    let post =
        r#"{"id":"1","content":"<p>no \ud83d\ude00 \u6f22</p>","tags":[{"a~b":"x"}],"n":-1.5e3}"#;
    for place in 0..post.len() {
        for value in [0, b'"', b'\\', b'{', b'}', b'[', b',', b'9', 0xc3, 0xff] {
            let mut changed = post.as_bytes().to_vec();
            changed[place] = value;
            let Ok(text) = derive(Profile::Json1, &changed) else { continue };
            // Whatever it means now, each string stands where its part says.
            let strings: Vec<&str> =
                text.parts().iter().map(|(_, place)| text.slice(place).unwrap()).collect();
            assert_eq!(strings.join("\n"), text.as_str(), "byte {place}");
            let value: serde_json::Value = serde_json::from_slice(&changed).unwrap();
            for (part, place) in text.parts().iter() {
                let Part::Pointer(pointer) = part else { panic!("{part:?}") };
                let expected = value.pointer(pointer).and_then(|value| value.as_str());
                assert_eq!(text.slice(place), expected, "byte {place:?}");
            }
        }
        assert!(derive(Profile::Json1, &post.as_bytes()[..place]).is_err(), "cut at {place}");
    }
}

#[test]
fn entities_of_a_page_never_grow_it() {
    // HTML has no entities that a page could define: the lines of an XML bomb are words to it.
    let bomb = "<!DOCTYPE html [<!ENTITY a \"We deny it\"><!ENTITY b \"&a;&a;&a;\">]><p>&b;&b;</p>";
    let text = derive(Profile::Html1, bomb.as_bytes()).unwrap();
    assert!(text.as_str().len() < bomb.len());
    let many = format!("<p>{}</p>", "&NotEqualTilde;".repeat(500_000));
    let text = derive(Profile::Html1, many.as_bytes()).unwrap();
    assert_eq!(text.length(), 1_000_000);
    let numbered = derive(Profile::Html1, b"<p>&#x110000;&#xd800;&#0;&#99999999999;</p>").unwrap();
    assert_eq!(numbered.as_str(), "\u{fffd}\u{fffd}\u{fffd}\u{fffd}");
}

#[test]
fn every_cut_of_a_page_is_answered() {
    let page = "<!DOCTYPE html><title>t</title><p style='color:#00000000'>a&amp;<svg><style>\
        </style><![CDATA[b]]></svg><script><!--<script></script>--></script><table>c<td>d";
    for end in 0..=page.len() {
        let text = derive(Profile::Html1, &page.as_bytes()[..end]).unwrap();
        assert!(!text.as_str().contains('a'), "{}: {:?}", &page[..end], text.as_str());
    }
}

#[test]
fn quotes_from_a_real_article_hold_and_near_ones_get_a_hint() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/kabul/article.txt");
    let Ok(article) = fs::read_to_string(&path) else {
        eprintln!("skipped: {} is absent", path.display());
        return;
    };
    let text = derive(Profile::Plain1, article.as_bytes()).unwrap();
    let hold = |quote: &str| match find(&text, &Selector::quote(quote)) {
        Match::Holds { position } => position,
        found => panic!("{quote}: {found:?}"),
    };
    let segment = hold("a high-ranking Russian delegation will soon visit Kabul");
    let later = hold("confirmed the delisting process is underway");
    hold("Russia’s special representative for Afghanistan");
    for (quote, hint) in [
        ("Russia's special representative", Hint::Marks),
        ("AFGHANISTAN - Zamir", Hint::Marks),
        ("a High-Ranking Russian delegation", Hint::Case),
        ("Taliban Leaders KABUL", Hint::WhiteSpace),
        ("leaders kabul, afghanistan - zamir", Hint::Several),
    ] {
        let reason = Reason::Absent { hint: Some(hint) };
        assert_eq!(find(&text, &Selector::quote(quote)), Match::Fails { reason }, "{quote}");
    }
    let found = find(&text, &Selector::quote("Taliban"));
    assert!(matches!(found, Match::Ambiguous { .. }), "{found:?}");
    assert_eq!(in_order(&[segment, later]).verdict, Verdict::Holds);
    assert_eq!(in_order(&[later, segment]).verdict, Verdict::Fails);
    let cue = cue_near(&text, "has announced that", segment);
    assert_eq!(cue.verdict, Verdict::Holds);
    assert_eq!(denial::is_near(&text, "en", cue.at.unwrap()).verdict, Verdict::Fails);
    assert_eq!(cue_near(&text, "confirmed the delisting", segment).verdict, Verdict::Fails);
    assert_eq!(speaker_in(&text, "Zamir Kabulov").verdict, Verdict::Holds);
    assert_eq!(speaker_in(&text, "Sergei Lavrov").verdict, Verdict::Fails);
    assert_eq!(is_quoted(&text, segment).verdict, Verdict::Fails);
    assert_eq!(looks_whole(&text).verdict, Verdict::Holds);
}
