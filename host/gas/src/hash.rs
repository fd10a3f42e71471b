//! The hash functions an actor can ask for, by their multicodec number. Here because each has its own price; the
//! hashing itself is done in `host/vm`.

/// A hash function of the `crypto::hash` syscall (FIP-0032, FIP-0054). The number is the multihash code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u64)]
pub enum HashAlgorithm {
    /// SHA-256.
    Sha2_256 = 0x12,
    /// BLAKE2b with 32 bytes: the hash of every CID in the state.
    Blake2b256 = 0xb220,
    /// BLAKE2b with 64 bytes.
    Blake2b512 = 0xb240,
    /// Keccak with 32 bytes, as Ethereum has it.
    Keccak256 = 0x1b,
    /// RIPEMD-160.
    Ripemd160 = 0x1053,
}

/// A multihash code that is no [`HashAlgorithm`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no hash function of the FVM has the multihash code {0:#x}")]
pub struct UnknownHashAlgorithm(pub u64);

impl HashAlgorithm {
    /// The multihash code.
    pub const fn code(self) -> u64 {
        self as u64
    }
}

impl TryFrom<u64> for HashAlgorithm {
    type Error = UnknownHashAlgorithm;

    fn try_from(code: u64) -> Result<Self, UnknownHashAlgorithm> {
        match code {
            0x12 => Ok(Self::Sha2_256),
            0xb220 => Ok(Self::Blake2b256),
            0xb240 => Ok(Self::Blake2b512),
            0x1b => Ok(Self::Keccak256),
            0x1053 => Ok(Self::Ripemd160),
            other => Err(UnknownHashAlgorithm(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back() {
        use HashAlgorithm::*;
        for hash in [Sha2_256, Blake2b256, Blake2b512, Keccak256, Ripemd160] {
            assert_eq!(HashAlgorithm::try_from(hash.code()), Ok(hash));
        }
        // 0 is identity, 0x13 SHA-512: both are multihashes, neither is offered to actors.
        for code in [0, 0x13, 0xb221, u64::MAX] {
            assert_eq!(
                HashAlgorithm::try_from(code),
                Err(UnknownHashAlgorithm(code))
            );
        }
    }
}
