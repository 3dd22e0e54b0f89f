//! ASCII armour (RFC 9580 section 6) in its one spelling: nothing before it, nothing after it.
//!
//! The headers (`Comment: …`) are covered by nothing; they are passed over and never believed.

use base64ct::{Base64, Encoding};

/// The longest line of armour, in characters, without its end (RFC 9580 section 6.3).
const LINE_CHARACTERS: usize = 76;

/// The bytes within the armour of this kind (`SIGNATURE`, `PUBLIC KEY BLOCK`), or the bytes
/// themselves where they are binary: the first byte of a packet has its highest bit set.
pub(super) fn open(file: &[u8], kind: &str, limit: usize) -> Result<Vec<u8>, String> {
    if file.len() > limit {
        let found = file.len();
        return Err(format!("an OpenPGP file of {found} bytes, at most {limit} expected"));
    }
    if file.first().is_some_and(|first| first & 0x80 != 0) {
        return Ok(file.to_vec());
    }
    let text = str::from_utf8(file).map_err(|_| "OpenPGP armour is not text".to_owned())?;
    let (begin, end) = (format!("-----BEGIN PGP {kind}-----"), format!("-----END PGP {kind}-----"));
    let lines: Vec<&str> = text.lines().collect();
    let [first, inside @ .., last] = lines.as_slice() else {
        return Err(format!("OpenPGP armour begins with `{begin}`"));
    };
    if *first != begin || *last != end {
        return Err(format!("OpenPGP armour stands between `{begin}` and `{end}`"));
    }
    let blank = inside.iter().position(|line| line.is_empty());
    let (headers, body) = inside.split_at(blank.ok_or("OpenPGP armour without an empty line")?);
    if headers.iter().any(|header| !header.contains(": ")) {
        return Err("a header of OpenPGP armour is not `name: value`".to_owned());
    }
    let body = &body[1..];
    let (body, sum) = match body {
        [body @ .., sum] if sum.starts_with('=') => (body, Some(*sum)),
        _ => (body, None),
    };
    let width = body.first().map_or(0, |line| line.len());
    let Some((last, full)) = body.split_last() else {
        return Err("OpenPGP armour without content".to_owned());
    };
    let is_even = full.iter().all(|line| line.len() == width) && last.len() <= width;
    if width > LINE_CHARACTERS || last.is_empty() || !is_even {
        return Err("the lines of OpenPGP armour are not of one length".to_owned());
    }
    let bytes = Base64::decode_vec(&body.concat());
    let bytes = bytes.map_err(|_| "the content of OpenPGP armour is not base64".to_owned())?;
    if sum.is_some_and(|sum| sum[1..] != checksum(&bytes)) {
        return Err("the checksum of OpenPGP armour does not fit its content".to_owned());
    }
    Ok(bytes)
}

/// The CRC-24 of RFC 9580 section 6.1.1, in base64.
fn checksum(bytes: &[u8]) -> String {
    let mut sum: u32 = 0x00b7_04ce;
    for byte in bytes {
        sum ^= u32::from(*byte) << 16;
        for _ in 0..8 {
            sum <<= 1;
            if sum & 0x0100_0000 != 0 {
                sum ^= 0x0186_4cfb;
            }
        }
    }
    Base64::encode_string(&sum.to_be_bytes()[1..])
}

#[cfg(test)]
mod tests {
    use super::{checksum, open};

    #[test]
    fn the_checksum_is_the_published_one() {
        // The check value of CRC-24/OPENPGP in the catalogue of CRC algorithms: 21cf02 of the
        // digits 1 to 9.
        assert_eq!(checksum(b"123456789"), "Ic8C");
    }

    #[test]
    fn armour_is_opened_in_one_spelling_only() {
        let good =
            "-----BEGIN PGP SIGNATURE-----\n\nMTIzNDU2Nzg5\n=Ic8C\n-----END PGP SIGNATURE-----\n";
        let open = |text: &str| open(text.as_bytes(), "SIGNATURE", 1_000);
        assert_eq!(open(good), Ok(b"123456789".to_vec()));
        assert_eq!(open(&good.replace('\n', "\r\n")), open(good));
        assert_eq!(open(&good.replace("\n\n", "\nComment: x\n\n")), open(good));
        assert_eq!(open(&good.replace("=Ic8C\n", "")), open(good));
        for (from, to) in [
            ("=Ic8C", "=Ic8D"),
            ("\n\n", "\n"),
            ("\n\n", "\nwords\n\n"),
            ("MTIz", "MTI\nz"),
            ("MTIz", "MTI z"),
            ("-----BEGIN", " -----BEGIN"),
            ("SIGNATURE-----\n\n", "MESSAGE-----\n\n"),
            ("MTIzNDU2Nzg5\n", ""),
        ] {
            let bad = good.replacen(from, to, 1);
            assert_ne!(bad, good);
            assert!(open(&bad).is_err(), "{bad}");
        }
    }
}
