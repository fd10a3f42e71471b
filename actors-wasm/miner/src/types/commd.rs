//! Commitments to data (CommD) and to sealed sectors (CommR).

use filigree_sdk::prelude::*;
use fvm_shared::commcid::{
    FIL_COMMITMENT_SEALED, FIL_COMMITMENT_UNSEALED, POSEIDON_BLS12_381_A1_FC1,
    SHA2_256_TRUNC254_PADDED,
};
use fvm_shared::sector::{RegisteredSealProof, SectorSize};

/// Commitment to a sector's data; nothing, if the data is all zeros (FIP-0041).
#[tuple(transparent)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompactCommD(pub Option<Cid>);

impl CompactCommD {
    /// All zeros.
    pub const fn empty() -> Self {
        Self(None)
    }

    /// Other data.
    pub const fn of(cid: Cid) -> Self {
        Self(Some(cid))
    }

    /// Whether the data is all zeros.
    pub const fn is_zero(&self) -> bool {
        self.0.is_none()
    }

    /// The commitment, written out. Fails if the seal proof is unknown.
    pub fn get_cid(&self, seal_proof: RegisteredSealProof) -> Result<Cid> {
        match self.0 {
            Some(cid) => Ok(cid),
            None => zero_commd(seal_proof),
        }
    }
}

/// Whether a CID is a commitment to a sector's data.
pub fn is_unsealed_sector(cid: &Cid) -> bool {
    is_commitment(cid, FIL_COMMITMENT_UNSEALED, SHA2_256_TRUNC254_PADDED)
}

/// Whether a CID is a commitment to a sealed sector.
pub fn is_sealed_sector(cid: &Cid) -> bool {
    is_commitment(cid, FIL_COMMITMENT_SEALED, POSEIDON_BLS12_381_A1_FC1)
}

fn is_commitment(cid: &Cid, codec: u64, hash: u64) -> bool {
    // Version 0 has another codec.
    cid.codec() == codec && cid.hash().code() == hash && cid.hash().size() == 32
}

fn zero_commd(seal_proof: RegisteredSealProof) -> Result<Cid> {
    let size = seal_proof
        .sector_size()
        .map_err(|_| Error::illegal_argument("unknown seal proof"))?;
    // CIDv1, the codec fil-commitment-unsealed, the hash sha2-256-trunc254-padded.
    let mut bytes = [0; 39];
    bytes[..7].copy_from_slice(&[0x01, 0x81, 0xe2, 0x03, 0x92, 0x20, 0x20]);
    bytes[7..].copy_from_slice(match size {
        SectorSize::_2KiB => &ZERO_2_KIB,
        SectorSize::_8MiB => &ZERO_8_MIB,
        SectorSize::_512MiB => &ZERO_512_MIB,
        SectorSize::_32GiB => &ZERO_32_GIB,
        SectorSize::_64GiB => &ZERO_64_GIB,
    });
    Cid::try_from(bytes.as_slice()).map_err(|_| Error::assertion_failed("a constant is no CID"))
}

/// Root of the tree over 2 KiB of zeros: SHA-256 without the last two bits, 2^6 leaves of 32 bytes.
const ZERO_2_KIB: [u8; 32] = [
    0xfc, 0x7e, 0x92, 0x82, 0x96, 0xe5, 0x16, 0xfa, 0xad, 0xe9, 0x86, 0xb2, 0x8f, 0x92, 0xd4, 0x4a,
    0x4f, 0x24, 0xb9, 0x35, 0x48, 0x52, 0x23, 0x37, 0x6a, 0x79, 0x90, 0x27, 0xbc, 0x18, 0xf8, 0x33,
];
/// The same for 8 MiB.
const ZERO_8_MIB: [u8; 32] = [
    0x65, 0xf2, 0x9e, 0x5d, 0x98, 0xd2, 0x46, 0xc3, 0x8b, 0x38, 0x8c, 0xfc, 0x06, 0xdb, 0x1f, 0x6b,
    0x02, 0x13, 0x03, 0xc5, 0xa2, 0x89, 0x00, 0x0b, 0xdc, 0xe8, 0x32, 0xa9, 0xc3, 0xec, 0x42, 0x1c,
];
/// The same for 512 MiB.
const ZERO_512_MIB: [u8; 32] = [
    0x39, 0x56, 0x0e, 0x7b, 0x13, 0xa9, 0x3b, 0x07, 0xa2, 0x43, 0xfd, 0x27, 0x20, 0xff, 0xa7, 0xcb,
    0x3e, 0x1d, 0x2e, 0x50, 0x5a, 0xb3, 0x62, 0x9e, 0x79, 0xf4, 0x63, 0x13, 0x51, 0x2c, 0xda, 0x06,
];
/// The same for 32 GiB.
const ZERO_32_GIB: [u8; 32] = [
    0x07, 0x7e, 0x5f, 0xde, 0x35, 0xc5, 0x0a, 0x93, 0x03, 0xa5, 0x50, 0x09, 0xe3, 0x49, 0x8a, 0x4e,
    0xbe, 0xdf, 0xf3, 0x9c, 0x42, 0xb7, 0x10, 0xb7, 0x30, 0xd8, 0xec, 0x7a, 0xc7, 0xaf, 0xa6, 0x3e,
];
/// The same for 64 GiB.
const ZERO_64_GIB: [u8; 32] = [
    0xe6, 0x40, 0x05, 0xa6, 0xbf, 0xe3, 0x77, 0x79, 0x53, 0xb8, 0xad, 0x6e, 0xf9, 0x3f, 0x0f, 0xca,
    0x10, 0x49, 0xb2, 0x04, 0x16, 0x54, 0xf2, 0xa4, 0x11, 0xf7, 0x70, 0x27, 0x99, 0xce, 0xce, 0x02,
];

#[cfg(test)]
mod tests {
    use super::*;
    use multihash_codetable::{Code, MultihashDigest};

    #[test]
    fn zeros_are_the_root_of_a_tree_of_zeros() {
        use RegisteredSealProof::*;
        let parent = |child: [u8; 32]| {
            let hash = Code::Sha2_256.digest(&[child, child].concat());
            let mut node: [u8; 32] = hash.digest().try_into().unwrap();
            node[31] &= 0x3f;
            node
        };
        let mut node = [0; 32];
        for height in 1..=31 {
            node = parent(node);
            let (proof, other) = match height {
                6 => (StackedDRG2KiBV1P1, StackedDRG2KiBV1),
                18 => (StackedDRG8MiBV1P1, StackedDRG8MiBV1P2_Feat_NiPoRep),
                24 => (StackedDRG512MiBV1P1_Feat_SyntheticPoRep, StackedDRG512MiBV1),
                30 => (StackedDRG32GiBV1P1, StackedDRG32GiBV1P2_Feat_NiPoRep),
                31 => (StackedDRG64GiBV1P1, StackedDRG64GiBV1),
                _ => continue,
            };
            for proof in [proof, other] {
                let cid = CompactCommD::empty().get_cid(proof).unwrap();
                assert!(is_unsealed_sector(&cid) && !is_sealed_sector(&cid));
                assert_eq!(cid.hash().digest(), node, "height {height}");
            }
        }
    }

    #[test]
    fn data_that_is_not_zero_is_written_out() {
        let cid = Cid::default();
        let commd = CompactCommD::of(cid);
        assert_eq!(commd.get_cid(RegisteredSealProof::Invalid(3)), Ok(cid));
        let error = CompactCommD::empty().get_cid(RegisteredSealProof::Invalid(3));
        assert_eq!(error.unwrap_err().code, ExitCode::USR_ILLEGAL_ARGUMENT);
        assert!(!is_unsealed_sector(&cid) && !is_sealed_sector(&cid));
    }
}
