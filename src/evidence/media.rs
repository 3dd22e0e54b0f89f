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
    // A repository's file (CAR) and a reply of a time stamp server have no signature to be told
    // by, and are no text: here the name is all there is.
    const BINARY: [&str; 2] = ["application/vnd.ipld.car", "application/timestamp-reply"];
    let extension = file_name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let named = EXTENSIONS.iter().find(|(known, _)| extension.eq_ignore_ascii_case(known));
    let signed = SIGNATURES.iter().find(|(signature, _)| bytes.starts_with(signature));
    let Ok(content) = std::str::from_utf8(bytes) else {
        let named = named.map(|(_, media_type)| *media_type).filter(|name| BINARY.contains(name));
        let signed = signed.map(|(_, media_type)| *media_type);
        // A letter may be in any encoding: it says which inside.
        let letter = extension.eq_ignore_ascii_case("eml").then_some("message/rfc822");
        return signed.or(named).or(letter).unwrap_or("application/octet-stream");
    };
    match (signed, named) {
        // A package of web archives is a ZIP file, and says so by its name only.
        (Some((_, "application/zip")), Some((_, media_type @ "application/wacz")))
        | (Some((_, media_type)), _)
        | (None, Some((_, media_type))) => media_type,
        (None, None) if content.contains('\0') => "application/octet-stream",
        (None, None) if looks_like_html(content) => "text/html",
        (None, None) => "text/plain; charset=utf-8",
    }
}

/// Whether the content begins as a page of HTML does.
pub(crate) fn looks_like_html(content: &str) -> bool {
    let begin = content.trim_start_matches('\u{feff}').trim_start();
    ["<!doctype html", "<html", "<head", "<body"]
        .iter()
        .any(|sign| begin.get(..sign.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(sign)))
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
            ("a.warc", b"WARC/1.1\r\n", "application/warc"),
            ("a.eml", b"From: a\r\n\r\n\xe9", "message/rfc822"),
            ("a.car", b"\x3a\xa2eroots", "application/vnd.ipld.car"),
            ("a.car", b"words", "application/vnd.ipld.car"),
            ("a.tsr", b"0\x82\xff", "application/timestamp-reply"),
            ("a.txt.ots", b"\0OpenTimestamps\0\0Proof\0\xbf", "application/vnd.opentimestamps.ots"),
            ("post.json", b"{}", "application/json"),
            ("a", b" <!DOCTYPE HTML><p>", "text/html"),
            ("a", b"words", "text/plain; charset=utf-8"),
            ("a.txt", b"\xff\xfe", "application/octet-stream"),
            ("a", b"\0", "application/octet-stream"),
        ] {
            assert_eq!(guess_media_type(name, bytes), expected, "{name}");
        }
    }
}
