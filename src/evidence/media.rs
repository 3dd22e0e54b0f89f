//! What kind of capture some bytes are: a media type guessed from their beginning and their name.
//!
//! A guess, for a recorder to confirm. How text is derived is left to [`crate::evidence::text`].

/// How far into a capture its look is judged, in bytes: browsers sniff 1445 (WHATWG MIME Sniffing
/// 5.2), after which a page could still not have begun.
pub(crate) const MAX_BEGINNING: usize = 1445;

/// A media type for a capture of this file name and content: a guess, for a recorder to confirm.
///
/// The signature of a format wins over the name, and the name over the look of the content.
pub fn guess_media_type(file_name: &str, bytes: &[u8]) -> &'static str {
    const SIGNATURES: [(&[u8], &str); 8] = [
        (b"%PDF-", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF8", "image/gif"),
        (b"PK\x03\x04", "application/zip"),
        (b"\x1f\x8b", "application/gzip"),
        (b"WARC/1.", "application/warc"),
        (b"\0OpenTimestamps\0\0Proof\0", "application/vnd.opentimestamps.ots"),
    ];
    const EXTENSIONS: [(&str, &str); 21] = [
        ("htm", "text/html"),
        ("html", "text/html"),
        ("xhtml", "application/xhtml+xml"),
        ("txt", "text/plain; charset=utf-8"),
        ("text", "text/plain; charset=utf-8"),
        ("md", "text/markdown; charset=utf-8"),
        ("csv", "text/csv; charset=utf-8"),
        ("json", "application/json"),
        ("jsonld", "application/ld+json"),
        ("xml", "application/xml"),
        ("eml", "message/rfc822"),
        ("mp3", "audio/mpeg"),
        ("mp4", "video/mp4"),
        ("webp", "image/webp"),
        ("wacz", "application/wacz"),
        ("warc", "application/warc"),
        ("pdf", "application/pdf"),
        ("car", "application/vnd.ipld.car"),
        ("ots", "application/vnd.opentimestamps.ots"),
        ("tsr", "application/timestamp-reply"),
        ("svg", "image/svg+xml"),
    ];
    let extension = file_name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let named = EXTENSIONS.iter().find(|(known, _)| extension.eq_ignore_ascii_case(known));
    let named = named.map(|(_, media_type)| *media_type);
    let signed = SIGNATURES.iter().find(|(signature, _)| bytes.starts_with(signature));
    let signed = signed.map(|(_, media_type)| *media_type);
    match (signed, named) {
        // What is packed says by its name only what is in it.
        (Some("application/zip"), Some("application/wacz")) => return "application/wacz",
        (Some("application/gzip"), _) if ends_as_warc(file_name) => return "application/warc",
        (Some(media_type), _) => return media_type,
        _ => {}
    }
    match std::str::from_utf8(bytes) {
        // No text, so no name of a text is believed. A letter may be in any encoding: it says
        // which inside.
        Err(_) => named.filter(|it| !is_text(it)).unwrap_or("application/octet-stream"),
        Ok(content) => named.unwrap_or(match content {
            _ if content.contains('\0') => "application/octet-stream",
            _ if looks_like_html(content) => "text/html",
            _ => "text/plain; charset=utf-8",
        }),
    }
}

/// A media type in lower case, without its parameters (RFC 9110 section 8.3.1).
pub(crate) fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether the name is that of a WARC file whose records are packed.
fn ends_as_warc(file_name: &str) -> bool {
    file_name.to_ascii_lowercase().ends_with(".warc.gz")
}

/// Whether captures of this type are UTF-8, as far as any profile reads them.
fn is_text(media_type: &str) -> bool {
    media_type.starts_with("text/")
        || ["json", "xml"].iter().any(|syntax| media_type.ends_with(syntax))
}

/// Whether the content begins as a page of HTML does (WHATWG MIME Sniffing 7.1).
pub(crate) fn looks_like_html(content: &str) -> bool {
    const SIGNS: [&str; 16] = [
        "<!doctype html",
        "<html",
        "<head",
        "<script",
        "<iframe",
        "<h1",
        "<div",
        "<font",
        "<table",
        "<a",
        "<style",
        "<title",
        "<b",
        "<body",
        "<br",
        "<p",
    ];
    let begin = content.trim_start_matches('\u{feff}').trim_start();
    let begins = |sign: &&str| {
        let Some((start, rest)) = begin.split_at_checked(sign.len()) else { return false };
        start.eq_ignore_ascii_case(sign) && rest.starts_with([' ', '\t', '\n', '\r', '>', '/'])
    };
    begin.starts_with("<!--") || SIGNS.iter().any(begins)
}

/// Whether the bytes begin as a PDF does.
pub(crate) fn looks_like_pdf(bytes: &[u8]) -> bool {
    bytes.starts_with(b"%PDF-")
}

#[cfg(test)]
mod tests {
    use super::guess_media_type;

    #[test]
    fn a_media_type_is_guessed_from_the_bytes_and_the_name() {
        for (name, bytes, expected) in [
            ("a.txt", b"%PDF-1.7".as_slice(), "application/pdf"),
            ("a.HTML", b"words", "text/html"),
            ("a.wacz", b"PK\x03\x04", "application/wacz"),
            ("a.wacz", b"PK\x03\x04\xff", "application/wacz"),
            ("a.zip", b"PK\x03\x04\xff", "application/zip"),
            ("a.warc.gz", b"\x1f\x8b\xff", "application/warc"),
            ("a.txt.gz", b"\x1f\x8b\xff", "application/gzip"),
            ("a.mp4", b"\0\0\0\x18ftyp\xff", "video/mp4"),
            ("a.json", b"\xff\xfe{", "application/octet-stream"),
            ("a.warc", b"WARC/1.1\r\n", "application/warc"),
            ("a.eml", b"From: a\r\n\r\n\xe9", "message/rfc822"),
            ("a.car", b"\x3a\xa2eroots", "application/vnd.ipld.car"),
            ("a.car", b"words", "application/vnd.ipld.car"),
            ("a.tsr", b"0\x82\xff", "application/timestamp-reply"),
            ("a.txt.ots", b"\0OpenTimestamps\0\0Proof\0\xbf", "application/vnd.opentimestamps.ots"),
            ("post.json", b"{}", "application/json"),
            ("a", b" <!DOCTYPE HTML><p>", "text/html"),
            ("a", b"<p>words</p><!-- more -->", "text/html"),
            ("a", b"<!-- more -->words", "text/html"),
            ("a", b"<peter> said", "text/plain; charset=utf-8"),
            ("a", b"words", "text/plain; charset=utf-8"),
            ("a.txt", b"\xff\xfe", "application/octet-stream"),
            ("a", b"\0", "application/octet-stream"),
        ] {
            assert_eq!(guess_media_type(name, bytes), expected, "{name}");
        }
    }
}
