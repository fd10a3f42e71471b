//! Reading a CAR file block by block.

use std::io::{self, BufRead, BufReader, Read, Seek};

use cid::Cid;
use multihash_codetable::{Code, MultihashDigest};

use crate::error::CarError;
use crate::header;

/// Larger than any block of the network; what is skipped may be larger.
pub const MAX_BLOCK_BYTES: u64 = 64 << 20;

/// The longest CID read: version, codec, hash function, length, 64 bytes of digest.
const MAX_CID_BYTES: u64 = 128;

/// The multihash code of a digest that is the data itself.
const IDENTITY: u64 = 0;

/// Reads a CAR file as it comes.
#[derive(Debug)]
pub struct CarReader<R> {
    input: R,
    offset: u64,
    roots: Vec<Cid>,
    current: Option<Section>,
}

/// A block without its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// Where it begins.
    pub offset: u64,
    /// The block's CID.
    pub cid: Cid,
    /// Where its data begins.
    pub data_offset: u64,
    /// How long its data is.
    pub data_bytes: u64,
}

/// A block of a CAR file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Where it begins in the file.
    pub offset: u64,
    /// Its CID.
    pub cid: Cid,
    /// Its data, which has the digest its CID names.
    pub data: Vec<u8>,
}

impl<R: BufRead> CarReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// When it is not that of a CAR file of version 1 with at least one root.
    pub fn new(input: R) -> Result<Self, CarError> {
        let mut reader = Self {
            input,
            offset: 0,
            roots: Vec::new(),
            current: None,
        };
        // Zstandard's first bytes would pass for the length of a header.
        if let Ok([0x28, 0xb5, 0x2f, 0xfd, ..]) = reader.input.fill_buf() {
            let reason = "it is compressed by Zstandard; unpack it first";
            return Err(CarError::Header(reason.to_owned()));
        }
        let len = reader
            .varint()?
            .ok_or_else(|| CarError::Header("the file is empty".to_owned()))?;
        if len > header::MAX_HEADER_BYTES {
            return Err(match reader.input.fill_buf() {
                Ok([]) => CarError::Truncated {
                    offset: 0,
                    wanted: len,
                    left: 0,
                },
                _ => CarError::Header("its header is too long".to_owned()),
            });
        }
        let bytes = reader.exactly(len, 0)?;
        reader.roots = header::decode(&bytes)?;
        Ok(reader)
    }

    /// Goes on at a block that is known to begin at `offset`, where `input` stands. The roots are not known then.
    pub fn resume(input: R, offset: u64) -> Self {
        Self {
            input,
            offset,
            roots: Vec::new(),
            current: None,
        }
    }

    /// What the file is about.
    pub fn roots(&self) -> &[Cid] {
        &self.roots
    }

    /// What is read from.
    pub fn get_ref(&self) -> &R {
        &self.input
    }

    /// How many bytes have been read.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next block, whose data has been compared with its CID; `None` at the end of the file.
    ///
    /// # Errors
    /// When the file is damaged or cut off, or the block is longer than [`MAX_BLOCK_BYTES`].
    pub fn next_block(&mut self) -> Result<Option<Block>, CarError> {
        let block = self.next_unverified()?;
        if let Some(block) = &block {
            verify(block.offset, &block.cid, &block.data)?;
        }
        Ok(block)
    }

    /// The next block, whose data is not compared: the caller does, by [`verify`], perhaps on another thread.
    ///
    /// # Errors
    /// As [`next_block`](Self::next_block), but for the comparison.
    pub fn next_unverified(&mut self) -> Result<Option<Block>, CarError> {
        let Some(section) = self.next_section()? else {
            return Ok(None);
        };
        let Section {
            offset,
            cid,
            data_bytes: bytes,
            ..
        } = section;
        if bytes > MAX_BLOCK_BYTES {
            let cid = Box::new(cid);
            return Err(CarError::TooLong { offset, cid, bytes });
        }
        let data = self.exactly(bytes, offset)?;
        self.current = None;
        Ok(Some(Block { offset, cid, data }))
    }

    /// Where the next block is; its data is skipped, however long it is, when the next one is asked for.
    ///
    /// # Errors
    /// When the file is damaged or cut off.
    pub fn next_section(&mut self) -> Result<Option<Section>, CarError> {
        self.skip_data()?;
        let offset = self.offset;
        let Some(len) = self.varint()? else {
            return Ok(None);
        };
        let start = self.offset;
        let cid = self.cid(offset, len)?;
        let data_bytes = (start + len).checked_sub(self.offset);
        let section = Section {
            offset,
            cid,
            data_offset: self.offset,
            data_bytes: data_bytes.expect("no more than the section's bytes are read"),
        };
        self.current = Some(section);
        Ok(Some(section))
    }

    /// Reads past the data of the section given last.
    fn skip_data(&mut self) -> Result<(), CarError> {
        let Some(section) = self.current.take() else {
            return Ok(());
        };
        let mut skipped = 0;
        while skipped < section.data_bytes {
            let here = self.input.fill_buf().map_err(|source| CarError::Io {
                offset: self.offset,
                source,
            })?;
            if here.is_empty() {
                break;
            }
            let rest = section.data_bytes - skipped;
            let some = usize::try_from(rest).map_or(here.len(), |rest| rest.min(here.len()));
            self.input.consume(some);
            skipped += some as u64;
            self.offset += some as u64;
        }
        if skipped < section.data_bytes {
            return Err(CarError::Truncated {
                offset: section.offset,
                wanted: section.data_bytes,
                left: skipped,
            });
        }
        Ok(())
    }

    /// The CID that begins a section of `len` bytes.
    fn cid(&mut self, offset: u64, len: u64) -> Result<Cid, CarError> {
        let mut bytes = Counted {
            inner: (&mut self.input).take(len.min(MAX_CID_BYTES)),
            count: 0,
        };
        let read = Cid::read_bytes(&mut bytes);
        let count = bytes.count;
        self.offset += count;
        let error = match read {
            Ok(cid) => return Ok(cid),
            Err(error) => error,
        };
        let is_at_end =
            count < len.min(MAX_CID_BYTES) && self.input.fill_buf().is_ok_and(<[u8]>::is_empty);
        Err(if is_at_end {
            CarError::Truncated {
                offset,
                wanted: len,
                left: count,
            }
        } else {
            CarError::Cid {
                offset,
                reason: error.to_string(),
            }
        })
    }

    /// So many bytes, of the part at `offset`. Memory grows with what comes, not with what is announced.
    fn exactly(&mut self, len: u64, offset: u64) -> Result<Vec<u8>, CarError> {
        let mut bytes = Vec::with_capacity(len.min(1 << 20) as usize);
        let mut input = (&mut self.input).take(len);
        input
            .read_to_end(&mut bytes)
            .map_err(|source| CarError::Io {
                offset: self.offset,
                source,
            })?;
        self.offset += bytes.len() as u64;
        if (bytes.len() as u64) < len {
            return Err(CarError::Truncated {
                offset,
                wanted: len,
                left: bytes.len() as u64,
            });
        }
        Ok(bytes)
    }

    /// An unsigned LEB128 number of at most 9 bytes, in its shortest form; `None` at the end of the file.
    fn varint(&mut self) -> Result<Option<u64>, CarError> {
        let offset = self.offset;
        let mut value = 0;
        for index in 0..9 {
            let buffer = self.input.fill_buf().map_err(|source| CarError::Io {
                offset: self.offset,
                source,
            })?;
            let Some(&byte) = buffer.first() else {
                return match index {
                    0 => Ok(None),
                    _ => Err(CarError::Length { offset }),
                };
            };
            self.input.consume(1);
            self.offset += 1;
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                let is_padded = byte == 0 && index > 0;
                return if is_padded {
                    Err(CarError::Length { offset })
                } else {
                    Ok(Some(value))
                };
            }
        }
        Err(CarError::Length { offset })
    }
}

impl<R: Read + Seek> CarReader<BufReader<R>> {
    /// Goes past the data of the section given last without reading it. That it is there, the caller has to see from the length
    /// of the file.
    ///
    /// # Errors
    /// When seeking fails.
    pub fn seek_past_data(&mut self) -> Result<(), CarError> {
        let Some(section) = self.current.take() else {
            return Ok(());
        };
        let sought = i64::try_from(section.data_bytes)
            .map_err(io::Error::other)
            .and_then(|bytes| self.input.seek_relative(bytes));
        sought.map_err(|source| CarError::Io {
            offset: self.offset,
            source,
        })?;
        self.offset += section.data_bytes;
        Ok(())
    }
}

impl<R: BufRead> Iterator for CarReader<R> {
    type Item = Result<Block, CarError>;

    /// [`next_block`](CarReader::next_block). What comes after an error is not said.
    fn next(&mut self) -> Option<Self::Item> {
        self.next_block().transpose()
    }
}

/// Compares the data of the block at `offset` with its CID.
///
/// # Errors
/// When the digest is another one, or the hash function is not known.
pub fn verify(offset: u64, cid: &Cid, data: &[u8]) -> Result<(), CarError> {
    let hash = cid.hash();
    let is_right = match Code::try_from(hash.code()) {
        Ok(code) => code.digest(data) == *hash,
        Err(_) if hash.code() == IDENTITY => hash.digest() == data,
        Err(_) => {
            return Err(CarError::Hash {
                offset,
                cid: Box::new(*cid),
                code: hash.code(),
            });
        }
    };
    if !is_right {
        let cid = Box::new(*cid);
        return Err(CarError::Digest { offset, cid });
    }
    Ok(())
}

/// Counts what is read.
struct Counted<R> {
    inner: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(out)?;
        self.count += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
