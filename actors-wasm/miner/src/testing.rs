//! What tests of several modules use.

use filigree_builtin::smooth::FilterEstimate;
use filigree_sdk::prelude::*;
use fvm_shared::bigint::BigInt;
use fvm_shared::sector::{RegisteredPoStProof, RegisteredSealProof};

use crate::method::pledge_inputs::PledgeInputs;
use crate::types::{CompactCommD, MinerInfo, SectorPreCommitInfo, SectorPreCommitOnChainInfo};

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

/// An empty sector that was announced at epoch 0.
pub(crate) fn precommit(sector_number: u64) -> SectorPreCommitOnChainInfo {
    SectorPreCommitOnChainInfo {
        info: SectorPreCommitInfo {
            seal_proof: RegisteredSealProof::StackedDRG32GiBV1P1,
            sector_number,
            sealed_cid: sealed_cid(),
            seal_rand_epoch: 0,
            deal_ids: Vec::new(),
            expiration: 1_000_000,
            unsealed_cid: CompactCommD::empty(),
        },
        pre_commit_deposit: TokenAmount::from_atto(1_000),
        pre_commit_epoch: 0,
    }
}

/// A network of 20 EiB, half as much as its baseline, with a reward of 100 FIL in an epoch.
pub(crate) fn pledge_inputs() -> PledgeInputs {
    let eib = BigInt::from(1u64 << 60);
    let reward = TokenAmount::from_whole(100).atto().clone();
    PledgeInputs {
        network_qap: FilterEstimate::new(&eib * 20, BigInt::from(0)),
        network_baseline: &eib * 40,
        circulating_supply: TokenAmount::from_whole(700_000_000),
        epoch_reward: FilterEstimate::new(reward, BigInt::from(0)),
        epochs_since_ramp_start: 0,
        ramp_duration_epochs: 0,
    }
}
