//! Guest memory. Every offset and length an actor gives is a claim until it is checked here.

use cid::Cid;
use fvm_shared::MAX_CID_LEN;
use fvm_shared::address::Address;
use fvm_shared::error::ErrorNumber::{BufferTooSmall, IllegalArgument};

use crate::stop::{Classify, Outcome, errno};

/// The memory of the running actor for the time of one syscall.
pub(crate) struct GuestMemory<'a>(&'a mut [u8]);

impl<'a> GuestMemory<'a> {
    pub fn new(bytes: &'a mut [u8]) -> Self {
        Self(bytes)
    }

    /// `len` bytes at `offset`, or an illegal argument.
    pub fn slice(&self, offset: u32, len: u32) -> Outcome<&[u8]> {
        self.0
            .get(offset as usize..)
            .and_then(|rest| rest.get(..len as usize))
            .ok_or_else(|| out_of_bounds(offset, len))
    }

    /// As [`slice`](Self::slice), to write to.
    pub fn slice_mut(&mut self, offset: u32, len: u32) -> Outcome<&mut [u8]> {
        self.0
            .get_mut(offset as usize..)
            .and_then(|rest| rest.get_mut(..len as usize))
            .ok_or_else(|| out_of_bounds(offset, len))
    }

    /// Checks an output buffer before any work is done.
    pub fn check(&self, offset: u32, len: u32) -> Outcome<()> {
        self.slice(offset, len).map(drop)
    }

    /// `N` bytes at `offset`.
    pub fn array<const N: usize>(&self, offset: u32) -> Outcome<[u8; N]> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.slice(offset, N as u32)?);
        Ok(bytes)
    }

    /// The CID at `offset`; its own bytes tell its length, so it may end anywhere before the end of memory.
    pub fn cid(&self, offset: u32) -> Outcome<Cid> {
        let rest = self
            .0
            .get(offset as usize..)
            .ok_or_else(|| out_of_bounds(offset, 0))?;
        Cid::read_bytes(rest).or_errno(IllegalArgument)
    }

    /// Writes a CID into an output buffer and gives its length.
    pub fn write_cid(&mut self, cid: &Cid, offset: u32, len: u32) -> Outcome<u32> {
        let out = self.slice_mut(offset, len)?;
        let mut encoded = [0u8; MAX_CID_LEN];
        let mut rest = &mut encoded[..];
        cid.write_bytes(&mut rest)
            .or_fatal("a CID longer than the ABI allows")?;
        let encoded_len = MAX_CID_LEN - rest.len();
        out.get_mut(..encoded_len)
            .ok_or_else(|| errno(BufferTooSmall, "no room for the CID"))?
            .copy_from_slice(&encoded[..encoded_len]);
        Ok(encoded_len as u32)
    }

    /// The address in `len` bytes at `offset`.
    pub fn address(&self, offset: u32, len: u32) -> Outcome<Address> {
        Address::from_bytes(self.slice(offset, len)?).or_errno(IllegalArgument)
    }

    /// A DAG-CBOR value. Only for types of bounded depth: decoding is not metered.
    pub fn cbor<T: serde::de::DeserializeOwned>(&self, offset: u32, len: u32) -> Outcome<T> {
        fvm_ipld_encoding::from_slice(self.slice(offset, len)?).or_errno(IllegalArgument)
    }
}

fn out_of_bounds(offset: u32, len: u32) -> crate::stop::Stop {
    errno(
        IllegalArgument,
        format_args!("buffer at {offset}, {len} bytes long, is out of bounds"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_checked_to_the_byte() {
        let mut bytes = [0u8; 8];
        let mut memory = GuestMemory::new(&mut bytes);
        assert!(memory.slice(0, 8).is_ok());
        assert!(memory.slice(8, 0).is_ok());
        for (offset, len) in [(9, 0), (8, 1), (1, 8), (u32::MAX, 1), (1, u32::MAX)] {
            assert!(memory.slice(offset, len).is_err(), "{offset} {len}");
            assert!(memory.slice_mut(offset, len).is_err(), "{offset} {len}");
        }
    }

    #[test]
    fn a_truncated_cid_is_refused_and_a_short_buffer_named() {
        let cid = fvm_shared::EMPTY_ARR_CID;
        let mut bytes = cid.to_bytes();
        let len = bytes.len() as u32;
        assert_eq!(GuestMemory::new(&mut bytes).cid(0).unwrap(), cid);
        assert!(GuestMemory::new(&mut bytes[..20]).cid(0).is_err());
        let mut out = [0u8; 64];
        let mut memory = GuestMemory::new(&mut out);
        assert_eq!(memory.write_cid(&cid, 0, 64).unwrap(), len);
        let crate::stop::Stop::Errno(e) = memory.write_cid(&cid, 0, len - 1).unwrap_err() else {
            panic!("expected an errno")
        };
        assert_eq!(e.number, BufferTooSmall);
    }
}
