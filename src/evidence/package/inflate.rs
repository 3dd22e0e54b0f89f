//! Inflating within limits: what is packed small and grows without end is stopped, not believed.
//!
//! Whatever is packed (a file of a ZIP, a gzip member, a page as its server sent it) is inflated
//! here, with the most that it may become as an argument. What the bytes mean is left to others.

use std::io::Read;

use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};

/// The most that all packed parts of one package may become together, in bytes: 256 MiB.
///
/// Four times the largest capture: pages pack to about a fifth, but the large parts of an archive
/// are pictures, which do not pack.
pub const MAX_INFLATED: u64 = 256 * 1024 * 1024;

/// How many times its own size a package may become. Pages and indexes stay below 50; the bombs
/// that are known grow a thousandfold.
pub const MAX_RATIO: u64 = 200;

/// What even the smallest package may become, in bytes: 16 MiB. A page of one line over and over
/// is no bomb.
pub const MIN_ALLOWANCE: u64 = 16 * 1024 * 1024;

/// How a part is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Bare DEFLATE (RFC 1951).
    Deflate,
    /// ZLIB (RFC 1950).
    Zlib,
    /// One gzip member (RFC 1952).
    Gzip,
}

/// Why a part cannot be inflated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It becomes larger than it may.
    #[error("{packed} packed bytes become more than the {most} that are read")]
    TooLarge {
        /// The bytes at hand, in which the part begins.
        packed: u64,
        /// The most it may become, in bytes.
        most: u64,
    },
    /// It ends early or is damaged.
    #[error("packed bytes are cut or damaged: {0}")]
    Damaged(String),
}

/// What a package of this many bytes may become, in bytes.
pub fn allowance(packed: u64) -> u64 {
    packed.saturating_mul(MAX_RATIO).clamp(MIN_ALLOWANCE, MAX_INFLATED)
}

/// Inflates the one part that `packed` begins with, to at most `most` bytes, and says how many
/// bytes of `packed` it took.
pub fn inflate(packing: Packing, packed: &[u8], most: u64) -> Result<(Vec<u8>, usize), Error> {
    match packing {
        Packing::Deflate => {
            let mut reader = DeflateDecoder::new(packed);
            let content = read(&mut reader, packed, most)?;
            Ok((content, packed.len() - reader.into_inner().len()))
        }
        Packing::Zlib => {
            let mut reader = ZlibDecoder::new(packed);
            let content = read(&mut reader, packed, most)?;
            Ok((content, packed.len() - reader.into_inner().len()))
        }
        Packing::Gzip => {
            let mut reader = GzDecoder::new(packed);
            let content = read(&mut reader, packed, most)?;
            Ok((content, packed.len() - reader.into_inner().len()))
        }
    }
}

fn read(reader: &mut impl Read, packed: &[u8], most: u64) -> Result<Vec<u8>, Error> {
    let mut content = Vec::new();
    // One byte more than allowed is read, to tell the limit from the end.
    reader
        .take(most.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(|error| Error::Damaged(error.to_string()))?;
    if content.len() as u64 > most {
        return Err(Error::TooLarge { packed: packed.len() as u64, most });
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::{Error, MAX_INFLATED, MIN_ALLOWANCE, Packing, allowance, inflate};

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut writer = GzEncoder::new(Vec::new(), Compression::best());
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn a_member_ends_where_it_ends_and_every_damage_is_found() {
        let mut packed = gzip(b"Kabulov stated that");
        let length = packed.len();
        packed.extend_from_slice(b"next");
        let read = inflate(Packing::Gzip, &packed, 19).unwrap();
        assert_eq!(read, (b"Kabulov stated that".to_vec(), length));
        for end in 0..length {
            assert!(inflate(Packing::Gzip, &packed[..end], 19).is_err(), "{end}");
        }
        let fact = Error::TooLarge { packed: packed.len() as u64, most: 18 };
        assert_eq!(inflate(Packing::Gzip, &packed, 18), Err(fact));
    }

    #[test]
    fn a_bomb_stops_at_its_allowance() {
        let bomb = gzip(&vec![0; 64 * 1024 * 1024]);
        assert!(bomb.len() < 70_000, "{}", bomb.len());
        let most = allowance(bomb.len() as u64);
        assert_eq!(most, MIN_ALLOWANCE);
        assert!(matches!(inflate(Packing::Gzip, &bomb, most), Err(Error::TooLarge { .. })));
        assert_eq!(allowance(1_000_000), 200_000_000);
        assert_eq!(allowance(u64::MAX), MAX_INFLATED);
    }
}
