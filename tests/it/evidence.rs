//! Evidence: are those words in that document? Cases as files, an oracle, hostile captures.

use std::fs;
use std::path::Path;

use whosaid::evidence::anchor::{Match, Reason, find, places};
use whosaid::evidence::denial;
use whosaid::evidence::nearest::Hint;
use whosaid::evidence::page::looks_whole;
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
        let selector = Selector::quote(field("quote", head.next()));
        let found = match derive(profile, body.as_bytes()) {
            Ok(text) => outcome(&find(&text, &selector)),
            Err(_) => "refused".to_owned(),
        };
        if found != expected {
            wrong.push(format!("{}: {found}, expected {expected}", path.display()));
        }
        case_count += 1;
    }
    assert!(case_count > 40, "{case_count} cases");
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
        for profile in Profile::ALL {
            assert!(matches!(derive(profile, bytes), Err(Error::NotUtf8 { .. })), "{bytes:?}");
        }
    }
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
