//! The time inside a post's id: X, Mastodon, Bluesky and Discord make their ids from a clock.
//!
//! The id stands in the post's URL, so a date that is claimed for the post can be compared with
//! it, and nobody need be asked. What a difference means for a claim is left to others, and so is
//! whether the post exists at all.

use url::Url;

/// The longest URL that is looked at, in bytes: far longer than any post's.
pub const URL_BYTES: usize = 2_048;

/// What a snowflake counts from on X: milliseconds since 1970 at 2010-11-04T01:42:54.657Z
/// (twitter-archive/snowflake, `IdWorker.scala`, `twepoch`).
const X_EPOCH: i64 = 1_288_834_974_657;

/// The first id on X that was made from a clock; the ones before were counted one by one.
const X_FIRST_SNOWFLAKE: u64 = 29_700_859_247;

/// What a snowflake counts from on Discord: the first second of 2015, in milliseconds since 1970
/// (Discord Developer Documentation, "Snowflakes").
const DISCORD_EPOCH: i64 = 1_420_070_400_000;

/// The first second of 2016, the year of Mastodon's first release, in milliseconds since 1970.
/// A smaller id was counted one by one, or is another program's.
const FEDIVERSE_BEGIN: i64 = 1_451_606_400_000;

/// The first second of 2100, in milliseconds since 1970: what lies beyond is no post's time.
const END: i64 = 4_102_444_800_000;

/// How many zeros at its end betray that a spreadsheet rounded an id. One id in ten thousand
/// million ends so by chance, and fewer lost digits leave the clock as it was.
const ROUNDED_ZEROS: usize = 10;

/// A platform whose ids hold a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Platform {
    /// X, formerly Twitter.
    X,
    /// An instance of Mastodon.
    Mastodon,
    /// Bluesky, and all else on the AT Protocol.
    Bluesky,
    /// Discord.
    Discord,
}

impl Platform {
    /// The platform in one word, as records name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::X => "x",
            Self::Mastodon => "mastodon",
            Self::Bluesky => "bluesky",
            Self::Discord => "discord",
        }
    }

    /// Who set the clock, and how far it can be believed: a plain sentence without a period.
    pub const fn weakness(self) -> &'static str {
        match self {
            Self::X | Self::Discord => {
                "the platform's own machine made the id when it took the post, so the author \
                 cannot choose the time; whoever typed the id into a record can"
            }
            Self::Mastodon => {
                "the server made the id: whoever runs it can choose the time, and a post that came \
                 from another server bears the time that the other server named; that it is a \
                 Mastodon server at all is told by the form of the URL only"
            }
            Self::Bluesky => {
                "the author's own program made the id: it can name any time, and does so when old \
                 posts are brought over from elsewhere"
            }
        }
    }
}

/// What an id says about the time. Unknown is a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Time {
    /// The time, in milliseconds since 1970.
    At(i64),
    /// The id lost digits on its way, so that neither the post nor its time can be told: why, in
    /// words.
    Damaged(String),
    /// The id holds no clock that is known here: why, in words.
    Unknown(String),
}

/// A post's id as found in a URL, and the time in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clocked {
    /// Whose id it is.
    pub platform: Platform,
    /// The id as it stands in the URL.
    pub id: String,
    /// What it says about the time.
    pub time: Time,
}

/// Finds the post that a URL names, and the time in its id; `None` if it names no post of a
/// platform that is known here.
///
/// Known are `/USER/status/ID` on X, `/profile/USER/post/ID` on Bluesky, `at://` URIs, message
/// links of Discord, and on any other host `/@USER/ID`, `/users/USER/statuses/ID` and
/// `/@USER/posts/ID`, the forms of Mastodon and of Truth Social, which is made from it. Of those
/// only ids with a plausible time are taken for Mastodon's.
pub fn in_url(url: &str) -> Option<Clocked> {
    if url.len() > URL_BYTES {
        return None;
    }
    let (platform, id) = match url.strip_prefix("at://") {
        Some(path) => (Platform::Bluesky, record_key(path)?.to_owned()),
        None => post_of(&Url::parse(url).ok()?)?,
    };
    let time = of_id(platform, &id);
    // Only Mastodon has no host of its own to know it by.
    let doubtful = platform == Platform::Mastodon && matches!(time, Time::Unknown(_));
    (!doubtful).then_some(Clocked { platform, id, time })
}

/// The time in an id of this platform.
pub fn of_id(platform: Platform, id: &str) -> Time {
    if platform == Platform::Bluesky {
        return match tid(id).map(|microseconds| microseconds / 1_000) {
            Some(milliseconds) if milliseconds < END => Time::At(milliseconds),
            Some(_) => Time::Unknown(format!("`{id}` holds no plausible time")),
            None => Time::Unknown(format!("`{}` is no TID of the AT Protocol", shown(id))),
        };
    }
    if is_scientific(id) {
        return Time::Damaged(format!(
            "`{id}` is a number as a spreadsheet writes it; the id's last digits are lost"
        ));
    }
    let Some(number) = decimal(id) else {
        return Time::Unknown(format!("`{}` is no id of this platform: no number", shown(id)));
    };
    let zeros = id.bytes().rev().take_while(|digit| *digit == b'0').count();
    if zeros >= ROUNDED_ZEROS {
        return Time::Damaged(format!(
            "`{id}` ends with {zeros} zeros, as if a spreadsheet had rounded it"
        ));
    }
    of_number(platform, number)
}

/// The time in a TID of the AT Protocol, in microseconds since 1970: 13 letters of a sortable
/// base 32, of which the last 10 bits tell writers apart (atproto.com/specs/tid). `None` if it is
/// no TID; whether the time is plausible is not looked at.
pub fn tid(text: &str) -> Option<i64> {
    const LETTERS: &[u8] = b"234567abcdefghijklmnopqrstuvwxyz";
    if text.len() != 13 {
        return None;
    }
    // 13 letters of 5 bits are 65: the first letter may hold only four of them.
    let number = text.bytes().try_fold(0_u128, |number, letter| {
        let value = LETTERS.iter().position(|known| *known == letter)?;
        Some(number << 5 | value as u128)
    })?;
    let number = u64::try_from(number).ok()?;
    i64::try_from(number >> 10).ok()
}

fn of_number(platform: Platform, number: u64) -> Time {
    if platform == Platform::X && number < X_FIRST_SNOWFLAKE {
        return Time::Unknown(format!(
            "{number} is older than the clock in X's ids, which began in November 2010"
        ));
    }
    let (bits, epoch) = match platform {
        Platform::X => (22, X_EPOCH),
        Platform::Discord => (22, DISCORD_EPOCH),
        Platform::Mastodon | Platform::Bluesky => (16, 0),
    };
    let since = i64::try_from(number >> bits).expect("at most 48 bits");
    let milliseconds = since + epoch;
    let begin = if platform == Platform::Mastodon { FEDIVERSE_BEGIN } else { epoch };
    if (begin..END).contains(&milliseconds) {
        Time::At(milliseconds)
    } else {
        Time::Unknown(format!("{number} holds no plausible time for {}", platform.name()))
    }
}

/// The post's platform and id in an ordinary URL.
fn post_of(url: &Url) -> Option<(Platform, String)> {
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let host = url.domain()?;
    let path: Vec<&str> = url.path_segments()?.collect();
    let (platform, id) = match host {
        "x.com" | "www.x.com" | "mobile.x.com" | "twitter.com" | "www.twitter.com"
        | "mobile.twitter.com" | "m.twitter.com" => (Platform::X, status_on_x(&path)?),
        "bsky.app" | "www.bsky.app" => match path[..] {
            ["profile", _, "post", id] | ["profile", _, "post", id, ""] => (Platform::Bluesky, id),
            _ => return None,
        },
        "discord.com" | "www.discord.com" | "ptb.discord.com" | "canary.discord.com"
        | "discordapp.com" => match path[..] {
            ["channels", _, _, id] | ["channels", _, _, id, ""] => (Platform::Discord, id),
            _ => return None,
        },
        _ => (Platform::Mastodon, status_on_mastodon(&path)?),
    };
    Some((platform, id.to_owned()))
}

/// The id in `USER/status/ID` or `i/web/status/ID`, whatever follows it (`photo/1`).
fn status_on_x<'a>(path: &[&'a str]) -> Option<&'a str> {
    let id = match path {
        ["i", "web", "status" | "statuses", id, ..] => id,
        [user, "status" | "statuses", id, ..] if !user.is_empty() => id,
        _ => return None,
    };
    (!id.is_empty()).then_some(*id)
}

/// The id in one of Mastodon's paths, if it is a number or a damaged one.
fn status_on_mastodon<'a>(path: &[&'a str]) -> Option<&'a str> {
    let id = match path {
        [user, id] | [user, id, ""] if user.len() > 1 && user.starts_with('@') => id,
        ["users", _, "statuses", id] => id,
        [user, "posts", id] if user.len() > 1 && user.starts_with('@') => id,
        _ => return None,
    };
    (decimal(id).is_some() || is_scientific(id)).then_some(*id)
}

/// The record key in `DID/COLLECTION/KEY`, what follows `at://`.
fn record_key(path: &str) -> Option<&str> {
    let mut parts = path.split('/');
    let (authority, collection, key) = (parts.next()?, parts.next()?, parts.next()?);
    let whole = parts.next().is_none() && !authority.is_empty() && collection.contains('.');
    (whole && !key.is_empty()).then_some(key)
}

/// A whole number without sign or leading zeros that fits 63 bits, as all these ids do.
fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let number: u64 = plain.then(|| text.parse().ok())??;
    (number <= i64::MAX.unsigned_abs()).then_some(number)
}

/// `7.02608E+17`, also with a decimal comma.
fn is_scientific(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let Some((significand, exponent)) = text.split_once(['E', 'e']) else { return false };
    let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
    let (whole, fraction) = significand.split_once(['.', ',']).unwrap_or((significand, "0"));
    digits(whole) && digits(fraction) && digits(exponent) && whole.len() == 1 && exponent.len() <= 3
}

/// The text's beginning, for a message.
fn shown(text: &str) -> String {
    const LONGEST: usize = 40;
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::{Platform, Time, in_url, of_id, tid};

    fn found(url: &str) -> Option<(Platform, String, Time)> {
        in_url(url).map(|clocked| (clocked.platform, clocked.id, clocked.time))
    }

    #[test]
    fn a_snowflake_tells_the_millisecond() {
        // The example of X's own documentation of its ids, "Tue Nov 10 2020".
        let time = Time::At(1_604_977_200_117);
        let id = ((1_604_977_200_117_u64 - 1_288_834_974_657) << 22 | 5).to_string();
        for url in [
            format!("https://x.com/MFA_China/status/{id}"),
            format!("https://twitter.com/MFA_China/status/{id}?s=20"),
            format!("http://mobile.twitter.com/MFA_China/status/{id}/photo/1"),
            format!("https://twitter.com/i/web/status/{id}#m"),
            format!("https://www.x.com/i/status/{id}/"),
        ] {
            assert_eq!(found(&url), Some((Platform::X, id.clone(), time.clone())), "{url}");
        }
    }

    #[test]
    fn discord_documents_its_own_example() {
        // 175928847299117063 in the documentation's section "Snowflakes".
        let time = of_id(Platform::Discord, "175928847299117063");
        assert_eq!(time, Time::At(1_462_015_105_796));
    }

    #[test]
    fn mastodon_is_known_by_its_form_only() {
        let known = "https://mastodon.social/@Gargron/109302436954721982";
        let Some((Platform::Mastodon, _, Time::At(time))) = found(known) else {
            panic!("{:?}", found(known));
        };
        assert_eq!(time, 109_302_436_954_721_982 >> 16);
        for url in [
            "https://mastodon.social/users/Gargron/statuses/109302436954721982",
            "https://mastodon.social/@somebody@example.org/109302436954721982/",
            "https://truthsocial.com/@somebody/posts/109302436954721982",
        ] {
            assert!(matches!(found(url), Some((Platform::Mastodon, _, Time::At(_)))), "{url}");
        }
        for url in [
            "https://mastodon.social/@Gargron/1",
            "https://mastodon.social/@Gargron/followers",
            "https://mastodon.social/@Gargron",
            "https://example.org/@/109302436954721982",
            "https://example.org/2024/109302436954721982",
            "https://www.youtube.com/@channel/videos",
            "ftp://mastodon.social/@Gargron/109302436954721982",
        ] {
            assert_eq!(found(url), None, "{url}");
        }
    }

    #[test]
    fn a_tid_tells_the_time_that_the_author_chose() {
        // A real post of 2025-10-07T17:21:31.678Z by its own `createdAt`.
        let time = Time::At(1_759_857_691_679);
        for url in [
            "https://bsky.app/profile/bad-example.com/post/3m2mnad4qcs2t",
            "at://did:plc:hdhoaan3xa3jiuq4fg4mefid/app.bsky.feed.post/3m2mnad4qcs2t",
        ] {
            let expected = (Platform::Bluesky, "3m2mnad4qcs2t".to_owned(), time.clone());
            assert_eq!(found(url), Some(expected), "{url}");
        }
        assert!(Platform::Bluesky.weakness().contains("any time"));
    }

    #[test]
    fn tids_are_read_as_the_protocol_s_own_examples_are() {
        let path = "tests/cases/atproto/tid_syntax_valid.txt";
        check_tids(&std::fs::read_to_string(path).unwrap(), true);
        let path = "tests/cases/atproto/tid_syntax_invalid.txt";
        check_tids(&std::fs::read_to_string(path).unwrap(), false);
    }

    fn check_tids(lines: &str, sound: bool) {
        let tids: Vec<&str> =
            lines.lines().filter(|l| !l.is_empty() && !l.starts_with('#')).collect();
        assert!(tids.len() >= 5);
        for text in tids {
            assert_eq!(tid(text).is_some(), sound, "{text}");
        }
    }

    #[test]
    fn what_a_spreadsheet_did_is_named() {
        for id in ["7.02608E+17", "7,02608e17", "7E+17", "702608000000000000"] {
            let time = of_id(Platform::X, id);
            assert!(matches!(time, Time::Damaged(_)), "{id}: {time:?}");
        }
        let url = "https://twitter.com/realDonaldTrump/status/7.02608E+17";
        assert!(matches!(found(url), Some((Platform::X, _, Time::Damaged(_)))));
    }

    #[test]
    fn digits_that_a_spreadsheet_rounds_off_beyond_fifteen_leave_the_clock() {
        let whole = of_id(Platform::X, "765629939811020802");
        assert_eq!(of_id(Platform::X, "765629939811021000"), whole);
    }

    #[test]
    fn ids_without_a_clock_are_unknown() {
        let cases = [
            (Platform::X, "20"),
            (Platform::X, "29700859246"),
            (Platform::X, "-765629939811020802"),
            (Platform::X, "0765629939811020802"),
            (Platform::X, "99999999999999999999999"),
            (Platform::X, ""),
            (Platform::X, "７６５"),
            (Platform::Mastodon, "9223372036854775807"),
            (Platform::Bluesky, "self"),
            (Platform::Bluesky, "j222222222222"),
            (Platform::Bluesky, "ééééééé"),
        ];
        for (platform, id) in cases {
            let time = of_id(platform, id);
            assert!(matches!(time, Time::Unknown(_)), "{id}: {time:?}");
        }
        assert!(matches!(of_id(Platform::X, "29700859247"), Time::At(_)));
    }

    #[test]
    fn other_urls_name_no_post() {
        for url in [
            "",
            "x.com/a/status/1",
            "https://x.com/MFA_China",
            "https://x.com/MFA_China/status/",
            "https://notx.com/a/status/765629939811020802",
            "https://x.com.example.org/a/status/765629939811020802",
            "https://bsky.app/profile/a.example",
            "at://did:plc:hdhoaan3xa3jiuq4fg4mefid",
            "at://a/b.c/d/e",
            "https://192.0.2.1/@a/109302436954721982",
        ] {
            assert_eq!(found(url), None, "{url}");
        }
        assert_eq!(found(&format!("https://x.com/a/status/1{}", "0".repeat(3_000))), None);
    }
}
