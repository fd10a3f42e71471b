//! Writing a CAR file block by block.

use std::io::{self, Write};

use cid::Cid;

use crate::header;

/// Writes a CAR file. Give it a buffered output: a block is three small writes.
#[derive(Debug)]
pub struct CarWriter<W> {
    output: W,
    bytes: u64,
}

impl<W: Write> CarWriter<W> {
    /// Begins a file that is about `roots`.
    ///
    /// # Errors
    /// When the output fails.
    pub fn new(output: W, roots: &[Cid]) -> io::Result<Self> {
        let mut writer = Self { output, bytes: 0 };
        writer.section(&[&header::encode(roots)])?;
        Ok(writer)
    }

    /// Adds a block. That it has this CID is the caller's word.
    ///
    /// # Errors
    /// When the output fails.
    pub fn write(&mut self, cid: &Cid, data: &[u8]) -> io::Result<()> {
        self.section(&[&cid.to_bytes(), data])
    }

    /// Bytes written so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Ends the file; the output is flushed.
    ///
    /// # Errors
    /// When the output fails.
    pub fn finish(mut self) -> io::Result<W> {
        self.output.flush()?;
        Ok(self.output)
    }

    fn section(&mut self, parts: &[&[u8]]) -> io::Result<()> {
        let len = parts.iter().map(|part| part.len() as u64).sum();
        let mut buffer = [0; 10];
        let varint = varint(len, &mut buffer);
        self.output.write_all(varint)?;
        for part in parts {
            self.output.write_all(part)?;
        }
        self.bytes += varint.len() as u64 + len;
        Ok(())
    }
}

/// An unsigned LEB128 number.
fn varint(mut value: u64, buffer: &mut [u8; 10]) -> &[u8] {
    let mut len = 0;
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        let more = if value == 0 { 0 } else { 0x80 };
        buffer[len] = low | more;
        len += 1;
        if value == 0 {
            return &buffer[..len];
        }
    }
}
