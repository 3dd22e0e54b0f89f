//! The time inside an archive's URL: Wayback Machines and archive.today put it there.
//!
//! Whether the archive's clock was right, and whether it holds such a page at all, is left to
//! others.

/// The longest URL that is looked at, in bytes: what browsers and archives agree to carry.
pub const URL_BYTES: usize = 2_048;

/// Archives, and what stands between the host and the time. The Internet Archive's form is that of
/// every Wayback Machine (its "Wayback CDX Server" documentation, field `timestamp`).
const ARCHIVES: [(&str, &str); 12] = [
    ("web.archive.org", "web/"),
    ("wayback.archive.org", "web/"),
    ("arquivo.pt", "wayback/"),
    ("webarchive.nationalarchives.gov.uk", "ukgwa/"),
    // archive.today and the names under which it answers too.
    ("archive.today", ""),
    ("archive.ph", ""),
    ("archive.is", ""),
    ("archive.li", ""),
    ("archive.md", ""),
    ("archive.fo", ""),
    ("archive.vn", ""),
    ("perma-archives.org", "warc/"),
];

/// The time in an archive's URL as `YYYY-MM-DDThh:mm:ssZ`; `None` if it is no archive's, or holds
/// no whole time. Whether a calendar has such a day is not looked at.
///
/// Known are `/web/YYYYMMDDhhmmss/…`, with or without a suffix such as `id_`, and archive.today's
/// `/YYYY.MM.DD-hhmmss/…`. Both count in UTC.
pub fn time_in_url(url: &str) -> Option<String> {
    if url.len() > URL_BYTES {
        return None;
    }
    let (scheme, rest) = url.split_once("://")?;
    if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return None;
    }
    let (host, path) = rest.split_once('/')?;
    let host = host.to_ascii_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    let (_, before) = ARCHIVES.iter().find(|(known, _)| *known == host)?;
    let (time, archived) = path.strip_prefix(before)?.split_once('/')?;
    if archived.is_empty() {
        return None;
    }
    let digits = digits(time)?;
    let [year, month, day] = [&digits[..4], &digits[4..6], &digits[6..8]];
    let [hour, minute, second] = [&digits[8..10], &digits[10..12], &digits[12..]];
    Some(format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))
}

/// The fourteen digits of a time in either form.
fn digits(time: &str) -> Option<String> {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((date, clock)) = time.split_once('-') {
        let parts: Vec<&str> = date.split('.').collect();
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        let fits = lengths == [4, 2, 2] && clock.len() == 6;
        let joined = format!("{}{clock}", parts.concat());
        return (fits && is_number(&joined)).then_some(joined);
    }
    let digits = time.get(..14).filter(|digits| is_number(digits))?;
    // `id_`, `im_`, `js_`: as the archive got it, as an image, as a script.
    let suffix = &time[14..];
    let is_suffix = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    suffix.bytes().all(is_suffix).then(|| digits.to_owned())
}

#[cfg(test)]
mod tests {
    use super::time_in_url;

    fn check(url: &str, expected: Option<&str>) {
        assert_eq!(time_in_url(url).as_deref(), expected, "{url}");
    }

    #[test]
    fn archives_write_the_time_in_two_forms() {
        let noon = Some("2024-11-26T12:00:01Z");
        check("https://web.archive.org/web/20241126120001/https://example.org/", noon);
        check("http://web.archive.org/web/20241126120001id_/http://example.org/?a=1", noon);
        check("HTTPS://WWW.Archive.PH/2024.11.26-120001/https://example.org/", noon);
        check("https://archive.today/20241126120001/https://example.org/", noon);
        check("https://arquivo.pt/wayback/20241126120001/https://example.org/", noon);
        let uk = "https://webarchive.nationalarchives.gov.uk/ukgwa/20241126120001/https://a.uk/";
        check(uk, noon);
    }

    #[test]
    fn what_only_looks_like_an_archives_url_has_no_time() {
        for url in [
            "https://example.org/20241126120000/",
            "https://example.org/?u=https://web.archive.org/web/20241126120000/https://a.org/",
            "https://web.archive.org.example.org/web/20241126120000/https://a.org/",
            "https://web.archive.org/web/2024/https://a.org/",
            "https://web.archive.org/web/2024*/https://a.org/",
            "https://web.archive.org/web/20241126120000/",
            "https://web.archive.org/save/20241126120000/https://a.org/",
            "https://archive.ph/AbCd1",
            "https://archive.ph/2024.11.26-1200/https://a.org/",
            "https://archive.ph/2024.1.126-120000/https://a.org/",
            "ftp://archive.ph/2024.11.26-120000/https://a.org/",
            "https://archive.ph/2024.١١.26-120000/https://a.org/",
            "",
        ] {
            check(url, None);
        }
        let long = format!("https://archive.ph/2024.11.26-120000/{}", "a".repeat(3_000));
        check(&long, None);
    }
}
