//! DAG-CBOR, one head at a time: the encoder writes the one canonical form, the reader takes what `serde_ipld_dagcbor`
//! takes (long heads, byte and text strings in chunks), so that nothing an actor can read is unreadable here.
//!
//! Read from the type rather than into `Ipld`: that way a wrong value is found where it stands, and maps may have any
//! keys. Nothing is allocated for a length that is only claimed.

mod put;

use std::borrow::Cow;

use cid::Cid;

pub(crate) use put::{
    put_array, put_bool, put_bytes, put_cid, put_float, put_int, put_map, put_null, put_text,
};

/// Chunks within chunks, at most. `serde_ipld_dagcbor` allows 256 levels of everything together.
const MAX_CHUNK_DEPTH: usize = 256;

/// Major types of CBOR, those with a length or a tag.
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;

/// The tag of a CID.
const CID_TAG: u64 = 42;

/// What is not there, or not as it should be.
pub(crate) struct Malformed {
    /// What was found, with where.
    pub(crate) found: String,
}

/// The first bytes of an item: what it is and how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Head {
    Unsigned(u64),
    /// -1 - the number.
    Negative(u64),
    /// `None`: in chunks, up to a break.
    Bytes(Option<u64>),
    Text(Option<u64>),
    Array(Option<u64>),
    Map(Option<u64>),
    Tag(u64),
    Bool(bool),
    Null,
    Float(f64),
    Simple(u8),
    Break,
}

/// Reads items from bytes.
#[derive(Clone)]
pub(crate) struct Reader<'b> {
    rest: &'b [u8],
    size: usize,
    reading: Reading,
}

/// How much a head must be what it should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reading {
    /// As the CBOR specification says.
    Strict,
    /// A head whose major type has only bits that the wanted one has as well passes for it, bytes for text, the
    /// integer 3 for a text of 3 bytes. So reads cbor4ii, with which every Rust actor reads what it is sent.
    Loose,
}

/// Reads strictly, and only what cannot be read so, loosely. The error is that of the strict reading.
pub(crate) fn read_either_way<T, E>(read: impl Fn(Reading) -> Result<T, E>) -> Result<T, E> {
    read(Reading::Strict).or_else(|error| read(Reading::Loose).map_err(|_| error))
}

impl<'b> Reader<'b> {
    pub(crate) fn new(bytes: &'b [u8], reading: Reading) -> Reader<'b> {
        Reader {
            rest: bytes,
            size: bytes.len(),
            reading,
        }
    }

    /// How many bytes have been read.
    pub(crate) fn at(&self) -> usize {
        self.size - self.rest.len()
    }

    /// The end must be here.
    pub(crate) fn end(&self) -> Result<(), Malformed> {
        match self.rest.len() {
            0 => Ok(()),
            more => Err(self.malformed(
                format!("{more} bytes after the end of the value"),
                self.at(),
            )),
        }
    }

    fn malformed(&self, what: impl std::fmt::Display, at: usize) -> Malformed {
        Malformed {
            found: format!("{what} (at byte {at})"),
        }
    }

    fn take(&mut self, count: u64) -> Result<&'b [u8], Malformed> {
        let split = usize::try_from(count)
            .ok()
            .and_then(|count| self.rest.split_at_checked(count));
        let (taken, rest) =
            split.ok_or_else(|| self.malformed("the end in the middle of a value", self.size))?;
        self.rest = rest;
        Ok(taken)
    }

    fn take_number(&mut self, count: u64) -> Result<u64, Malformed> {
        let bytes = self.take(count)?;
        Ok(bytes
            .iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    pub(crate) fn head(&mut self) -> Result<Head, Malformed> {
        let at = self.at();
        let first = self.take_number(1)?;
        let (major, low) = (first >> 5, first & 0x1f);
        let argument = match low {
            0..24 => Some(low),
            24..28 => Some(self.take_number(1 << (low - 24))?),
            31 if major != 0 && major != 1 && major != 6 => None,
            _ => {
                return Err(self.malformed(
                    format!("the byte {first:#04x}, which CBOR does not know"),
                    at,
                ));
            }
        };
        let head = match (major, argument) {
            (0, Some(number)) => Head::Unsigned(number),
            (1, Some(number)) => Head::Negative(number),
            (2, length) => Head::Bytes(length),
            (3, length) => Head::Text(length),
            (4, length) => Head::Array(length),
            (5, length) => Head::Map(length),
            (6, Some(tag)) => Head::Tag(tag),
            (_, None) => Head::Break,
            (_, Some(argument)) => match low {
                20 => Head::Bool(false),
                21 => Head::Bool(true),
                22 => Head::Null,
                25 => return Err(self.malformed("a float of 16 bits", at)),
                26 => Head::Float(f32::from_bits(argument as u32).into()),
                27 => Head::Float(f64::from_bits(argument)),
                _ => Head::Simple(argument as u8),
            },
        };
        Ok(head)
    }

    /// Reads the null that stands here, if one does.
    pub(crate) fn skip_null(&mut self) -> bool {
        match self.rest.split_first() {
            Some((0xf6, rest)) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    pub(crate) fn bool(&mut self) -> Result<bool, Malformed> {
        self.expect(|head| match head {
            Head::Bool(value) => Some(value),
            _ => None,
        })
    }

    pub(crate) fn int(&mut self) -> Result<i128, Malformed> {
        self.expect(|head| match head {
            Head::Unsigned(number) => Some(number.into()),
            Head::Negative(number) => Some(-1 - i128::from(number)),
            _ => None,
        })
    }

    pub(crate) fn array(&mut self) -> Result<u64, Malformed> {
        self.stated_length(ARRAY)
    }

    pub(crate) fn map(&mut self) -> Result<u64, Malformed> {
        self.stated_length(MAP)
    }

    fn stated_length(&mut self, major: u8) -> Result<u64, Malformed> {
        let at = self.at();
        let (head, _) = self.peek()?;
        self.argument(major)?
            .ok_or_else(|| self.malformed(head.words(), at))
    }

    /// Reads the head of an item of this major type and gives its argument, `None` for an item in chunks.
    fn argument(&mut self, major: u8) -> Result<Option<u64>, Malformed> {
        let at = self.at();
        let (head, ahead) = self.peek()?;
        let first = self.rest.first().copied().unwrap_or_default();
        let argument = match first & 0x1f {
            31 if first >> 5 == major => None,
            low @ 0..24 => Some(low.into()),
            low @ 24..28 => {
                let mut argument = self.clone();
                argument.take(1)?;
                Some(argument.take_number(1 << (low - 24))?)
            }
            _ => return Err(self.malformed(head.words(), at)),
        };
        let fits = match self.reading {
            Reading::Strict => first >> 5 == major,
            Reading::Loose => first >> 5 & !major == 0,
        };
        if !fits {
            return Err(self.malformed(head.words(), at));
        }
        *self = ahead;
        Ok(argument)
    }

    /// Reads a head that `fits`, or tells what stands there instead.
    fn expect<T>(&mut self, fits: impl Fn(Head) -> Option<T>) -> Result<T, Malformed> {
        let at = self.at();
        let head = self.head()?;
        fits(head).ok_or_else(|| self.malformed(head.words(), at))
    }

    pub(crate) fn bytes(&mut self) -> Result<Cow<'b, [u8]>, Malformed> {
        self.string(BYTES)
    }

    pub(crate) fn text(&mut self) -> Result<Cow<'b, str>, Malformed> {
        let at = self.at();
        let text = match self.string(TEXT)? {
            Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
        };
        text.ok_or_else(|| self.malformed("text that is not UTF-8", at))
    }

    fn string(&mut self, major: u8) -> Result<Cow<'b, [u8]>, Malformed> {
        if let Some(length) = self.argument(major)? {
            return Ok(Cow::Borrowed(self.take(length)?));
        }
        let mut joined = Vec::new();
        let mut open = 1;
        while open > 0 {
            let at = self.at();
            if let (Head::Break, ahead) = self.peek()? {
                *self = ahead;
                open -= 1;
                continue;
            }
            match self.argument(major)? {
                Some(length) => joined.extend(self.take(length)?),
                None if open < MAX_CHUNK_DEPTH => open += 1,
                None => return Err(self.malformed("chunks in chunks without end", at)),
            }
        }
        Ok(Cow::Owned(joined))
    }

    fn peek(&self) -> Result<(Head, Reader<'b>), Malformed> {
        let mut ahead = self.clone();
        Ok((ahead.head()?, ahead))
    }

    /// A link, its tag still to be read.
    pub(crate) fn cid(&mut self) -> Result<Cid, Malformed> {
        let at = self.at();
        let (head, _) = self.peek()?;
        if self.argument(TAG)? != Some(CID_TAG) {
            return Err(self.malformed(head.words(), at));
        }
        let at = self.at();
        let bytes = self.bytes()?;
        let cid = match bytes.split_first() {
            Some((0, cid)) => Cid::try_from(cid).map_err(|error| error.to_string()),
            _ => Err("it does not begin with a zero byte".to_owned()),
        };
        cid.map_err(|reason| self.malformed(format!("a link without a good CID: {reason}"), at))
    }
}

impl Head {
    /// What it is, for an error.
    pub(crate) fn words(self) -> String {
        match self {
            Head::Unsigned(number) => format!("the integer {number}"),
            Head::Negative(number) => format!("the integer {}", -1 - i128::from(number)),
            Head::Bytes(Some(length)) => format!("a byte string of {length}"),
            Head::Text(Some(length)) => format!("a text string of {length} bytes"),
            Head::Array(Some(length)) => format!("an array of {length}"),
            Head::Map(Some(length)) => format!("a map of {length}"),
            Head::Bytes(None) | Head::Text(None) => "a string in chunks".to_owned(),
            Head::Array(None) | Head::Map(None) => "an array or map of unstated length".to_owned(),
            Head::Tag(CID_TAG) => "a link".to_owned(),
            Head::Tag(tag) => format!("the tag {tag}"),
            Head::Bool(value) => value.to_string(),
            Head::Null => "null".to_owned(),
            Head::Float(value) => format!("the float {value}"),
            Head::Simple(number) => format!("the simple value {number}"),
            Head::Break => "a break".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
