//! RLP, the encoding of Ethereum: byte strings, and lists of them (Ethereum yellow paper, appendix B).
//!
//! Only the canonical encoding is read, and no more of it than a transaction can have.

use fvm_shared::bigint::{BigInt, Sign};

/// Most bytes that are read: a contract's code may have 1 MiB and more.
const MAX_BYTES: usize = 2 << 20;
/// Most items of a list; an EIP-1559 transaction has 12.
const MAX_ITEMS: usize = 12;
/// Lists in lists: of fields, of accesses, one of those, its keys.
const MAX_DEPTH: usize = 4;

/// Why bytes are not the RLP of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RlpError {
    /// More bytes than any transaction.
    #[error("it has more than {MAX_BYTES} bytes")]
    TooLong,
    /// More items, or deeper lists, than any transaction.
    #[error("a list has more than {MAX_ITEMS} items, or lists go deeper than {MAX_DEPTH}")]
    TooMany,
    /// An item goes beyond the end.
    #[error("it ends in the middle of an item")]
    Cut,
    /// Bytes after the end.
    #[error("there are bytes after its end")]
    Trailing,
    /// The same could be said in fewer bytes.
    #[error("a length or a number is not encoded in its shortest form")]
    NotCanonical,
    /// A list where bytes were due, or bytes where a list was.
    #[error("there is a list where bytes are due, or bytes where a list is")]
    Kind,
    /// A number of more bits than its field has.
    #[error("a number is too large for its field")]
    TooLarge,
}

/// Something encoded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Item<'a> {
    Bytes(&'a [u8]),
    List(Vec<Item<'a>>),
}

impl<'a> Item<'a> {
    /// The one item that these bytes are.
    pub(super) fn decode(bytes: &'a [u8]) -> Result<Self, RlpError> {
        if bytes.len() > MAX_BYTES {
            return Err(RlpError::TooLong);
        }
        let (item, rest) = Self::first(bytes, 0)?;
        match rest {
            [] => Ok(item),
            _ => Err(RlpError::Trailing),
        }
    }

    fn first(bytes: &'a [u8], depth: usize) -> Result<(Self, &'a [u8]), RlpError> {
        let (&tag, after) = bytes.split_first().ok_or(RlpError::Cut)?;
        match tag {
            0..0x80 => Ok((Self::Bytes(&bytes[..1]), after)),
            0x80..0xc0 => {
                let (content, rest) = content(tag - 0x80, after)?;
                if let [0..0x80] = content {
                    return Err(RlpError::NotCanonical);
                }
                Ok((Self::Bytes(content), rest))
            }
            0xc0.. => {
                let (content, rest) = content(tag - 0xc0, after)?;
                Ok((Self::List(Self::items(content, depth)?), rest))
            }
        }
    }

    fn items(mut content: &'a [u8], depth: usize) -> Result<Vec<Self>, RlpError> {
        if depth == MAX_DEPTH {
            return Err(RlpError::TooMany);
        }
        let mut items = Vec::new();
        while !content.is_empty() {
            if items.len() == MAX_ITEMS {
                return Err(RlpError::TooMany);
            }
            let (item, rest) = Self::first(content, depth + 1)?;
            items.push(item);
            content = rest;
        }
        Ok(items)
    }

    pub(super) fn list(self) -> Result<Vec<Self>, RlpError> {
        match self {
            Self::List(items) => Ok(items),
            Self::Bytes(_) => Err(RlpError::Kind),
        }
    }

    pub(super) fn bytes(&self) -> Result<&'a [u8], RlpError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::List(_) => Err(RlpError::Kind),
        }
    }

    pub(super) fn number(&self) -> Result<u64, RlpError> {
        let digits = self.digits::<8>()?;
        Ok(u64::from_be_bytes(digits))
    }

    pub(super) fn big_number(&self) -> Result<BigInt, RlpError> {
        let digits = self.digits::<32>()?;
        Ok(BigInt::from_bytes_be(Sign::Plus, &digits))
    }

    /// A number of at most N bytes, big-endian.
    pub(super) fn digits<const N: usize>(&self) -> Result<[u8; N], RlpError> {
        let digits = self.bytes()?;
        if digits.first() == Some(&0) {
            return Err(RlpError::NotCanonical);
        }
        let start = N.checked_sub(digits.len()).ok_or(RlpError::TooLarge)?;
        let mut number = [0; N];
        number[start..].copy_from_slice(digits);
        Ok(number)
    }
}

/// What a tag (less its base) says is content, and what follows it.
fn content(tag: u8, after: &[u8]) -> Result<(&[u8], &[u8]), RlpError> {
    let (length, after) = match tag {
        0..=55 => (usize::from(tag), after),
        _ => {
            let (digits, after) = split(after, usize::from(tag - 55))?;
            if digits[0] == 0 {
                return Err(RlpError::NotCanonical);
            }
            let length = digits.iter().try_fold(0usize, |length, digit| {
                length.checked_mul(256)?.checked_add(usize::from(*digit))
            });
            match length {
                Some(0..=55) => return Err(RlpError::NotCanonical),
                Some(length) => (length, after),
                None => return Err(RlpError::Cut),
            }
        }
    };
    split(after, length)
}

fn split(bytes: &[u8], at: usize) -> Result<(&[u8], &[u8]), RlpError> {
    bytes.split_at_checked(at).ok_or(RlpError::Cut)
}

/// A list being written.
#[derive(Default)]
pub(super) struct ListWriter(Vec<u8>);

impl ListWriter {
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        if !matches!(bytes, [0..0x80]) {
            write_head(&mut self.0, 0x80, bytes.len());
        }
        self.0.extend_from_slice(bytes);
    }

    /// A number, of big-endian digits: without leading zeros.
    pub(super) fn number(&mut self, digits: &[u8]) {
        let zeros = digits.iter().take_while(|digit| **digit == 0).count();
        self.bytes(&digits[zeros..]);
    }

    pub(super) fn empty_list(&mut self) {
        self.0.push(0xc0);
    }

    /// The list, after `out`.
    pub(super) fn finish(self, mut out: Vec<u8>) -> Vec<u8> {
        write_head(&mut out, 0xc0, self.0.len());
        out.extend_from_slice(&self.0);
        out
    }
}

fn write_head(out: &mut Vec<u8>, base: u8, length: usize) {
    match u8::try_from(length) {
        Ok(short @ 0..=55) => out.push(base + short),
        _ => {
            let digits = length.to_be_bytes();
            let zeros = digits.iter().take_while(|digit| **digit == 0).count();
            let digits = &digits[zeros..];
            out.push(base + 55 + u8::try_from(digits.len()).expect("at most 8 digits"));
            out.extend_from_slice(digits);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// From the Ethereum wiki's page on RLP.
    #[test]
    fn known_items_are_read() {
        assert_eq!(Item::decode(b"\x83dog"), Ok(Item::Bytes(b"dog")));
        let list = Item::List(vec![Item::Bytes(b"cat"), Item::Bytes(b"dog")]);
        assert_eq!(Item::decode(b"\xc8\x83cat\x83dog"), Ok(list));
        assert_eq!(Item::decode(b"\x80"), Ok(Item::Bytes(b"")));
        assert_eq!(Item::decode(b"\xc0"), Ok(Item::List(vec![])));
        assert_eq!(Item::decode(b"\x0f"), Ok(Item::Bytes(b"\x0f")));
        let number = Item::decode(b"\x82\x04\x00").unwrap();
        assert_eq!(number.number(), Ok(1024));
        let text = b"Lorem ipsum dolor sit amet, consectetur adipisicing elit";
        let bytes = [b"\xb8\x38", &text[..]].concat();
        assert_eq!(Item::decode(&bytes), Ok(Item::Bytes(text)));
    }

    #[test]
    fn each_fault_is_named() {
        let cases: [(&[u8], RlpError); 14] = [
            (b"", RlpError::Cut),
            (b"\x83do", RlpError::Cut),
            (b"\xc8\x83cat\x83do", RlpError::Cut),
            (b"\xc3\x83cat", RlpError::Cut),
            (b"\xb8", RlpError::Cut),
            (b"\xbf\xff\xff\xff\xff\xff\xff\xff\xff", RlpError::Cut),
            (b"\x83dogs", RlpError::Trailing),
            (b"\x81\x0f", RlpError::NotCanonical),
            (b"\xb8\x01\xff", RlpError::NotCanonical),
            (b"\xf8\x01\xc0", RlpError::NotCanonical),
            (b"\xb9\x00\x38", RlpError::NotCanonical),
            (b"\xc4\xc3\xc2\xc1\xc0", RlpError::TooMany),
            (
                b"\xcd\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01",
                RlpError::TooMany,
            ),
            (&vec![0; MAX_BYTES + 1], RlpError::TooLong),
        ];
        for (bytes, error) in cases {
            let start = &bytes[..bytes.len().min(16)];
            assert_eq!(Item::decode(bytes), Err(error), "{start:?}");
        }
        assert_eq!(Item::Bytes(b"\0").number(), Err(RlpError::NotCanonical));
        assert_eq!(Item::Bytes(&[1; 9]).number(), Err(RlpError::TooLarge));
        assert_eq!(Item::Bytes(&[1; 33]).big_number(), Err(RlpError::TooLarge));
        assert_eq!(Item::List(vec![]).number(), Err(RlpError::Kind));
        assert_eq!(Item::Bytes(b"").list(), Err(RlpError::Kind));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(strings in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..11)) {
            let mut writer = ListWriter::default();
            strings.iter().for_each(|string| writer.bytes(string));
            writer.empty_list();
            let bytes = writer.finish(vec![]);
            let mut items: Vec<_> = strings.iter().map(|string| Item::Bytes(string)).collect();
            items.push(Item::List(vec![]));
            prop_assert_eq!(Item::decode(&bytes), Ok(Item::List(items)));
        }

        #[test]
        fn random_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Item::decode(&bytes);
        }
    }
}
