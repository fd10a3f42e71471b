//! The development set: what `filigree params generate` makes from the public seed, the same bytes on every machine.
//!
//! Recorded from runs of the generator: `filigree params generate` compares what it made with this table, and fails if
//! they differ.

use crate::digest::Digest;
use crate::file::{Proof, SectorSize};

/// What every setup of the set is derived from, with the name of its circuit. Anyone who knows it can forge proofs.
pub const SEED: &str = "filigree development parameters 1: public, and so unsafe";

/// How many proofs the SRS aggregates at most: a power of two, not below the 819 sectors of one message (FIP-0013) nor
/// the 65 × 13 partitions of non-interactive proofs of 2 KiB sectors (FIP-0092).
pub const SRS_PROOFS: usize = 1024;

/// The files of one circuit.
pub struct Circuit {
    /// What it proves.
    pub proof: Proof,
    /// For sectors of which size.
    pub sector_size: SectorSize,
    /// Its Groth16 parameters.
    pub parameters: Made,
    /// Its verifying key.
    pub key: Made,
}

/// A generated file.
pub struct Made {
    /// What its bytes hash to.
    pub digest: Digest,
    /// Its length.
    pub size_bytes: u64,
}

/// Sector sizes that have development parameters.
pub const SECTOR_SIZES: [SectorSize; 2] = [SectorSize::_2KiB, SectorSize::_8MiB];

const fn made(digest: &str, size_bytes: u64) -> Made {
    Made {
        digest: Digest::from_hex(digest),
        size_bytes,
    }
}

/// The SRS.
pub const SRS: Made = made("1f2adbafe2c1a4da8a6481e84f8009d9", 589_840);

/// Every circuit, by sector size.
pub const CIRCUITS: &[Circuit] = &[
    Circuit {
        proof: Proof::Porep,
        sector_size: SectorSize::_2KiB,
        parameters: made("2f90a9dcfcd08fc09f34a55021f71d7b", 1_114_707_768),
        key: made("e8686a139033e536600f0d471c6ecf47", 4_708),
    },
    Circuit {
        proof: Proof::WinningPost,
        sector_size: SectorSize::_2KiB,
        parameters: made("c176946aa7ff821291bdcfe6534b7246", 47_299_128),
        key: made("1ded3dc8c9f6b03bceebd0987612e848", 13_636),
    },
    Circuit {
        proof: Proof::WindowPost,
        sector_size: SectorSize::_2KiB,
        parameters: made("484397683286e03dfe69ef08eade91da", 11_501_496),
        key: made("98b0ae636ea9dc15b891d8370223219d", 3_076),
    },
    Circuit {
        proof: Proof::ReplicaUpdate,
        sector_size: SectorSize::_2KiB,
        parameters: made("67b776b04b670430fa219564fbf39651", 655_789_464),
        key: made("f467f4236e3f1bc438c449b3f9bb0531", 1_348),
    },
    Circuit {
        proof: Proof::Porep,
        sector_size: SectorSize::_8MiB,
        parameters: made("a63f8f6069e84977853165a44b9fc394", 1_429_027_896),
        key: made("fffc8f0e2e9b76b5e3a2bbde5727abf8", 4_708),
    },
    Circuit {
        proof: Proof::WinningPost,
        sector_size: SectorSize::_8MiB,
        parameters: made("cd1c98dd5577ce42eb107d501374bbca", 113_383_224),
        key: made("62da507886860981c893bc6e6ed50839", 13_636),
    },
    Circuit {
        proof: Proof::WindowPost,
        sector_size: SectorSize::_8MiB,
        parameters: made("f5591564d34791d073e5eacd35520f81", 30_859_704),
        key: made("af84dfd22640e345b2822e7f2a3ef536", 3_076),
    },
    Circuit {
        proof: Proof::ReplicaUpdate,
        sector_size: SectorSize::_8MiB,
        parameters: made("09e0fa0a5f02b8a4eec57519ce44697e", 4_268_165_208),
        key: made("c485f0a2384906d30975596fb02d3832", 1_348),
    },
];
