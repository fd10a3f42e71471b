//! What tests of several modules use.

use filigree_sdk::prelude::*;
use fvm_shared::sector::RegisteredPoStProof;

use crate::types::MinerInfo;

/// A CommR. Its bytes: CIDv1, fil-commitment-sealed, poseidon-bls12_381-a2-fc1, 32 bytes.
pub(crate) fn sealed_cid() -> Cid {
    let mut bytes = vec![0x01, 0x82, 0xe2, 0x03, 0x81, 0xe8, 0x02, 0x20];
    bytes.extend([7; 32]);
    Cid::try_from(bytes).unwrap()
}

/// A miner with 32 GiB sectors, owned by f0100, whose worker is f0101, with the control address f0102.
pub(crate) fn miner_info() -> MinerInfo {
    MinerInfo::new(
        100,
        101,
        vec![102],
        Bytes::default(),
        Vec::new(),
        RegisteredPoStProof::StackedDRGWindow32GiBV1P1,
    )
    .unwrap()
}
