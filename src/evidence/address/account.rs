//! The account inside a URL: `https://x.com/HANDLE/status/…` names the handle under which a post
//! stood.
//!
//! Whether the account exists, and whose it was, is left to others. Paths that platforms keep for
//! themselves (`/search`, `/i/…`) name no account.

use url::Url;

/// The longest URL that is looked at, in bytes: what browsers and archives agree to carry.
pub const URL_BYTES: usize = 2_048;

/// How a URL names an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// By its handle, in lower case and without `@`; on Mastodon with the host: `user@host`.
    Handle(String),
    /// By the platform's own id, which stays when the handle changes.
    Id(String),
}

/// An account as a URL names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    /// The platform in one word, as records name it.
    pub platform: &'static str,
    /// How the URL names the account.
    pub name: Name,
}

/// Names of platforms that mean another one.
const SAME_PLATFORM: [(&str, &str); 4] =
    [("twitter", "x"), ("bsky", "bluesky"), ("atproto", "bluesky"), ("fediverse", "mastodon")];

/// First parts of paths that are no account's on any of the platforms known here.
const KEPT: [&str; 34] = [
    "about",
    "addstickers",
    "business",
    "c",
    "compose",
    "events",
    "explore",
    "groups",
    "hashtag",
    "help",
    "home",
    "i",
    "intent",
    "joinchat",
    "login",
    "messages",
    "notifications",
    "p",
    "pages",
    "photo",
    "photo.php",
    "permalink.php",
    "policies",
    "profile.php",
    "proxy",
    "reel",
    "s",
    "search",
    "settings",
    "share",
    "signup",
    "story.php",
    "tos",
    "watch",
];

impl Account {
    fn handle(platform: &'static str, text: &str) -> Option<Self> {
        let text = text.strip_prefix('@').unwrap_or(text).to_lowercase();
        let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '@');
        let fits = !text.is_empty() && text.chars().all(allowed);
        fits.then_some(Self { platform, name: Name::Handle(text) })
    }

    fn id(platform: &'static str, text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self { platform, name: Name::Id(text.to_owned()) })
    }
}

/// A platform's name in lower case, and the same for all names of one platform.
pub fn platform(name: &str) -> String {
    let name = name.to_lowercase();
    let same = SAME_PLATFORM.iter().find(|(other, _)| *other == name);
    same.map_or(name, |(_, known)| (*known).to_owned())
}

/// A handle in the form in which handles are compared: no platform known here tells capitals
/// apart, and the `@` in front is no part of it.
pub fn plain_handle(text: &str) -> String {
    text.trim_start_matches('@').to_lowercase()
}

/// The account that a URL names; `None` if it names none of a platform that is known here.
pub fn in_url(url: &str) -> Option<Account> {
    if url.len() > URL_BYTES {
        return None;
    }
    if let Some(path) = url.strip_prefix("at://") {
        return on_bluesky(path.split('/').next()?);
    }
    let url = Url::parse(url).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let host = url.domain()?;
    let bare = ["www.", "m.", "mobile."].iter().find_map(|prefix| host.strip_prefix(prefix));
    let bare = bare.unwrap_or(host);
    let path: Vec<&str> = url.path_segments()?.filter(|part| !part.is_empty()).collect();
    let first = *path.first()?;
    match bare {
        "x.com" | "twitter.com" => on_x(&url, &path),
        "bsky.app" => match path[..] {
            ["profile", name, ..] => on_bluesky(name),
            _ => None,
        },
        "t.me" | "telegram.me" => match path[..] {
            ["c", id, _, ..] => Account::id("telegram", id),
            ["s", name, ..] => Account::handle("telegram", name),
            _ => free("telegram", first),
        },
        "facebook.com" => match path[..] {
            ["profile.php" | "permalink.php" | "story.php"] => {
                Account::id("facebook", &query(&url, "id")?)
            }
            _ => free("facebook", first),
        },
        "instagram.com" => match path[..] {
            ["stories", name, ..] => Account::handle("instagram", name),
            ["reels" | "tv", ..] => None,
            _ => free("instagram", first),
        },
        "threads.net" | "threads.com" => at("threads", first),
        "tiktok.com" => at("tiktok", first),
        "youtube.com" => match path[..] {
            ["channel", id, ..] => Account::id("youtube", id),
            ["user" | "c", name, ..] => Account::handle("youtube", name),
            _ => at("youtube", first),
        },
        _ => on_mastodon(host, &path),
    }
}

/// A name that stands alone, unless the platform keeps it for itself.
fn free(platform: &'static str, name: &str) -> Option<Account> {
    let kept = KEPT.contains(&name.to_lowercase().as_str()) || name.starts_with('+');
    if kept { None } else { Account::handle(platform, name) }
}

/// A name with `@` in front.
fn at(platform: &'static str, name: &str) -> Option<Account> {
    Account::handle(platform, name.strip_prefix('@')?)
}

fn query(url: &Url, wanted: &str) -> Option<String> {
    url.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
}

/// `/HANDLE/…`, `/i/user/ID`, or `/intent/user?user_id=ID`.
fn on_x(url: &Url, path: &[&str]) -> Option<Account> {
    match path {
        ["i", "user", id, ..] => Account::id("x", id),
        ["intent", "user" | "follow", ..] => match query(url, "user_id") {
            Some(id) => Account::id("x", &id),
            None => Account::handle("x", &query(url, "screen_name")?),
        },
        [first, ..] => free("x", first),
        [] => None,
    }
}

/// A handle or a DID (AT Protocol, "Handle" and "DID" specifications).
fn on_bluesky(name: &str) -> Option<Account> {
    if name.starts_with("did:") {
        return Account::id("bluesky", name);
    }
    Account::handle("bluesky", name)
}

/// `/@HANDLE/…`, `/@HANDLE@HOST/…` for somebody of another server, `/users/HANDLE/…`.
fn on_mastodon(host: &str, path: &[&str]) -> Option<Account> {
    let name = match path {
        ["users", name, ..] => name,
        [name, ..] => name.strip_prefix('@')?,
        [] => return None,
    };
    if name.is_empty() || name.contains('@') {
        return Account::handle("mastodon", name);
    }
    Account::handle("mastodon", &format!("{name}@{host}"))
}

#[cfg(test)]
mod tests {
    use super::{Account, Name, in_url, plain_handle, platform};

    fn check(url: &str, expected: Option<(&'static str, &str, bool)>) {
        let expected = expected.map(|(platform, name, is_id)| {
            let name = name.to_owned();
            let name = if is_id { Name::Id(name) } else { Name::Handle(name) };
            Account { platform, name }
        });
        assert_eq!(in_url(url), expected, "{url}");
    }

    #[test]
    fn a_posts_url_names_the_handle_that_it_stood_under() {
        for (url, platform, handle) in [
            ("https://x.com/MFA_China/status/1860651412345670123", "x", "mfa_china"),
            ("https://mobile.twitter.com/MFA_China", "x", "mfa_china"),
            ("https://twitter.com/intent/user?screen_name=MFA_China", "x", "mfa_china"),
            ("https://bsky.app/profile/mfa.example/post/3lbk", "bluesky", "mfa.example"),
            ("at://mfa.example/app.bsky.feed.post/3lbk", "bluesky", "mfa.example"),
            ("https://t.me/mfa_news/7", "telegram", "mfa_news"),
            ("https://t.me/s/mfa_news", "telegram", "mfa_news"),
            ("https://www.facebook.com/mfa.example/posts/1", "facebook", "mfa.example"),
            ("https://instagram.com/MFA/p/Cabc/", "instagram", "mfa"),
            ("https://www.youtube.com/@MFA/videos", "youtube", "mfa"),
            ("https://www.youtube.com/user/MFA", "youtube", "mfa"),
            ("https://www.tiktok.com/@mfa/video/1", "tiktok", "mfa"),
            ("https://social.example/@mfa/109302436954721982", "mastodon", "mfa@social.example"),
            ("https://a.example/@mfa@b.example/1", "mastodon", "mfa@b.example"),
            ("https://a.example/users/mfa/statuses/1", "mastodon", "mfa@a.example"),
        ] {
            check(url, Some((platform, handle, false)));
        }
    }

    #[test]
    fn a_stable_id_in_the_url_is_told_from_a_handle() {
        for (url, platform, id) in [
            ("https://x.com/i/user/2244994945", "x", "2244994945"),
            ("https://x.com/intent/user?user_id=2244994945", "x", "2244994945"),
            ("https://www.youtube.com/channel/UCabc", "youtube", "UCabc"),
            ("https://bsky.app/profile/did:plc:abc/post/3l", "bluesky", "did:plc:abc"),
            ("at://did:plc:abc/app.bsky.feed.post/3l", "bluesky", "did:plc:abc"),
            ("https://www.facebook.com/profile.php?id=42", "facebook", "42"),
            ("https://t.me/c/1234567/8", "telegram", "1234567"),
        ] {
            check(url, Some((platform, id, true)));
        }
    }

    #[test]
    fn paths_that_are_no_accounts_name_nobody() {
        for url in [
            "https://x.com/i/web/status/1860651412345670123",
            "https://x.com/search?q=mfa",
            "https://x.com/",
            "https://t.me/joinchat/AbC",
            "https://t.me/+AbC",
            "https://instagram.com/p/Cabc/",
            "https://www.youtube.com/watch?v=1",
            "https://example.org/mfa",
            "https://example.org/@",
            "https://[::1]/@mfa/1",
            "ftp://x.com/mfa",
            "x.com/mfa",
            "",
        ] {
            check(url, None);
        }
        assert_eq!(in_url(&format!("https://x.com/{}", "a".repeat(3_000))), None);
    }

    #[test]
    fn names_are_compared_without_capitals_and_signs() {
        assert_eq!(plain_handle("@MFA_China"), "mfa_china");
        assert_eq!(plain_handle("@mfa@Social.Example"), "mfa@social.example");
        assert_eq!(platform("Twitter"), "x");
        assert_eq!(platform("X"), "x");
        assert_eq!(platform("telegram"), "telegram");
    }
}
