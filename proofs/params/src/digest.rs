//! The digest by which a file is known: BLAKE2b-512, cut to its first 16 bytes, as the network's list of parameters
//! gives it.

use std::fmt;
use std::io::{self, Read};

/// Bytes read at once.
const CHUNK_BYTES: usize = 1 << 20;

/// The first 16 bytes of a BLAKE2b-512.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 16]);

impl Digest {
    /// Of 32 hexadecimal digits.
    ///
    /// # Panics
    ///
    /// If `hex` is anything else; tables are read at compile time.
    pub const fn from_hex(hex: &str) -> Digest {
        let hex = hex.as_bytes();
        assert!(hex.len() == 32, "a digest has 32 digits");
        let mut bytes = [0; 16];
        let mut i = 0;
        while i < 16 {
            bytes[i] = nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]);
            i += 1;
        }
        Digest(bytes)
    }

    /// Of all bytes of a slice.
    pub fn of(bytes: &[u8]) -> Digest {
        Digest::cut(&blake2b_simd::blake2b(bytes))
    }

    /// Of all bytes that a reader gives. `go_on` is called with the number of bytes read since the last call; none if it
    /// says no.
    pub fn of_reader(
        reader: &mut dyn Read,
        go_on: &mut dyn FnMut(u64) -> bool,
    ) -> io::Result<Option<Digest>> {
        let mut hasher = Hasher::default();
        let mut buffer = vec![0; CHUNK_BYTES];
        loop {
            let count = match reader.read(&mut buffer) {
                Ok(0) => return Ok(Some(hasher.digest())),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            hasher.update(&buffer[..count]);
            if !go_on(count as u64) {
                return Ok(None);
            }
        }
    }

    fn cut(hash: &blake2b_simd::Hash) -> Digest {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.as_bytes()[..16]);
        Digest(bytes)
    }
}

/// A digest of bytes that come in pieces.
pub struct Hasher(blake2b_simd::State);

impl Default for Hasher {
    fn default() -> Hasher {
        Hasher(blake2b_simd::State::new())
    }
}

impl Hasher {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of what was taken so far.
    pub fn digest(&self) -> Digest {
        Digest::cut(&self.0.finalize())
    }
}

const fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => panic!("a digest has lower-case hexadecimal digits"),
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7693, appendix A, gives BLAKE2b-512 of `abc`.
    const ABC: &str = "ba80a53f981c4d0d6a2797b69f12f6e9";

    #[test]
    fn the_digest_is_the_start_of_blake2b_512() {
        assert_eq!(Digest::of(b"abc"), Digest::from_hex(ABC));
        assert_eq!(Digest::of(b"abc").to_string(), ABC);
    }

    #[test]
    fn pieces_and_the_whole_have_one_digest() {
        let bytes = vec![7; 3 * CHUNK_BYTES + 1];
        let mut seen = 0;
        let read = Digest::of_reader(&mut bytes.as_slice(), &mut |count| {
            seen += count;
            true
        });
        assert_eq!(read.unwrap(), Some(Digest::of(&bytes)));
        assert_eq!(seen, bytes.len() as u64);
    }

    #[test]
    fn reading_ends_when_nobody_wants_it() {
        let bytes = vec![7; 3 * CHUNK_BYTES];
        let mut rest = bytes.as_slice();
        assert_eq!(Digest::of_reader(&mut rest, &mut |_| false).unwrap(), None);
        assert_eq!(rest.len(), 2 * CHUNK_BYTES);
    }
}
