//! Is a text a document at all, or a login wall, a robot check, an error page or next to nothing?
//!
//! A guess by a table of phrases, with its reason. It never fails a capture: what looks suspect is
//! for a person to open.

use crate::evidence::reading::Answer;
use crate::evidence::text::Text;

/// Below this many characters that are not white space a text says next to nothing.
///
/// A post may be short, yet one with who, what and to whom has more than a name and a date.
pub const NEARLY_EMPTY: u64 = 40;

/// Above this many characters a phrase of the table is no reason for doubt: articles end with an
/// invitation to sign in, walls consist of it.
pub const LONG: u64 = 3_000;

/// What a wall, a check or an error page says, in lower case with straight apostrophes.
#[rustfmt::skip]
const PHRASES: [(&str, &[&str]); 3] = [
    (
        "a login wall",
        &[
            "log in to continue", "sign in to continue", "please log in", "please sign in",
            "you must log in", "you must be logged in", "log in or sign up",
            "subscribe to continue", "subscribe to read", "create an account to",
            "to continue reading", "bitte anmelden", "connectez-vous pour", "inicia sesión para",
            "войдите, чтобы", "请登录", "登录后",
        ],
    ),
    (
        "a robot check",
        &[
            "verify you are human", "verify that you are human", "are you a robot",
            "i'm not a robot", "checking your browser", "just a moment...", "enable javascript",
            "javascript is disabled", "javascript is not available", "unusual traffic",
            "captcha", "access denied", "attention required!", "ddos protection", "进行人机验证",
        ],
    ),
    (
        "an error page",
        &[
            "404 not found", "page not found", "403 forbidden", "502 bad gateway",
            "503 service unavailable", "this page isn't available", "this account doesn't exist",
            "this post is unavailable", "something went wrong", "页面不存在",
        ],
    ),
];

/// Whether a text looks like a document of its own. It holds, or is unknown with the reason why
/// the text is suspect.
pub fn looks_whole(text: &Text) -> Answer {
    let count = text.as_str().chars().filter(|c| !c.is_whitespace()).count() as u64;
    if count < NEARLY_EMPTY {
        let fact = format!("suspect: the text is nearly empty ({count} characters)");
        return Answer::unknown(fact, None);
    }
    if count <= LONG {
        let plain = text.as_str().to_lowercase().replace('’', "'");
        for (kind, phrases) in PHRASES {
            if let Some(phrase) = phrases.iter().find(|phrase| plain.contains(**phrase)) {
                let fact = format!("suspect: it looks like {kind}, it says `{phrase}`");
                return Answer::unknown(fact, None);
            }
        }
    }
    Answer::holds(format!("{count} characters, nothing suspect"), None)
}

#[cfg(test)]
mod tests {
    use super::looks_whole;
    use crate::evidence::reading::Verdict;
    use crate::evidence::text::{Profile, derive};

    fn check(words: &str, expected: Verdict, fact: &str) {
        let text = derive(Profile::Plain1, words.as_bytes()).unwrap();
        let answer = looks_whole(&text);
        assert_eq!(answer.verdict, expected, "{words}: {answer:?}");
        assert!(answer.fact.contains(fact), "{answer:?}");
    }

    #[test]
    fn walls_checks_and_empty_pages_are_suspect_with_their_reason() {
        check(" \n a", Verdict::Unknown, "nearly empty (1 characters)");
        let wall = "Welcome to the site of our newspaper. Sign in to continue. Or go away.";
        check(wall, Verdict::Unknown, "a login wall, it says `sign in to continue`");
        let robot = "www.example.org needs to review. I’m not a robot. Performance and security.";
        check(robot, Verdict::Unknown, "a robot check");
        let long = format!("{}Sign in to continue.", "words ".repeat(3_000));
        check(&long, Verdict::Holds, "nothing suspect");
        check(&"a".repeat(40), Verdict::Holds, "40 characters");
        check(&"a".repeat(39), Verdict::Unknown, "nearly empty");
    }
}
