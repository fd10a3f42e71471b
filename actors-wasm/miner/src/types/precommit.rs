//! Sectors that are announced and not proven yet.

use filigree_sdk::prelude::*;
use fvm_shared::deal::DealID;
use fvm_shared::sector::{RegisteredSealProof, SectorNumber};

use super::CompactCommD;

/// What a miner announces of a sector.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectorPreCommitInfo {
    /// How it is sealed.
    pub seal_proof: RegisteredSealProof,
    /// The sector.
    pub sector_number: SectorNumber,
    /// Commitment to the sealed sector (CommR).
    pub sealed_cid: Cid,
    /// When the ticket was drawn that the seal starts from.
    pub seal_rand_epoch: ChainEpoch,
    /// Its deals.
    pub deal_ids: Vec<DealID>,
    /// Until when it will be stored.
    pub expiration: ChainEpoch,
    /// Commitment to its data (CommD).
    pub unsealed_cid: CompactCommD,
}

/// A sector that is announced.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectorPreCommitOnChainInfo {
    /// What the miner said.
    pub info: SectorPreCommitInfo,
    /// What it deposited, attoFIL; lost if the sector is not proven in time.
    pub pre_commit_deposit: TokenAmount,
    /// When.
    pub pre_commit_epoch: ChainEpoch,
}
