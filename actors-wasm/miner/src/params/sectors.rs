//! Commitments of sectors: before they are proven, when they are, and later changes.

use filigree_builtin::smooth::FilterEstimate;
use filigree_sdk::prelude::*;
use fvm_shared::bigint::bigint_ser::BigIntDe;
use fvm_shared::piece::PaddedPieceSize;
use fvm_shared::sector::{
    RegisteredAggregateProof, RegisteredSealProof, RegisteredUpdateProof, SectorNumber,
};

use crate::types::SectorPreCommitInfo;

/// Parameters of PreCommitSectorBatch2.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreCommitSectorBatchParams2 {
    /// The sectors.
    pub sectors: Vec<SectorPreCommitInfo>,
}

/// Parameters of InternalSectorSetupForPreseal.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InternalSectorSetupForPresealParams {
    /// Pre-committed sectors; others are skipped.
    pub sectors: Vec<SectorNumber>,
    /// Reward of an epoch, smoothed, attoFIL.
    pub reward_smoothed: FilterEstimate,
    /// The baseline, bytes.
    pub reward_baseline_power: BigIntDe,
    /// Quality-adjusted power of the network, smoothed, bytes.
    pub quality_adj_power_smoothed: FilterEstimate,
}

/// Parameters of ProveCommitSectors3.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProveCommitSectors3Params {
    /// The sectors and their data.
    pub sector_activations: Vec<SectorActivationManifest>,
    /// A proof for each sector; none, if they are aggregated.
    pub sector_proofs: Vec<RawBytes>,
    /// The aggregate of all proofs; empty, if each is given.
    pub aggregate_proof: RawBytes,
    /// How they are aggregated; none, if they are not.
    pub aggregate_proof_type: Option<RegisteredAggregateProof>,
    /// Whether to fail if a sector cannot be activated.
    pub require_activation_success: bool,
    /// Whether to fail if somebody who is notified does not accept.
    pub require_notification_success: bool,
}

/// A sector to activate.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectorActivationManifest {
    /// The sector.
    pub sector_number: SectorNumber,
    /// Its data, in order; zeros fill the rest.
    pub pieces: Vec<PieceActivationManifest>,
}

/// A piece of data.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PieceActivationManifest {
    /// Its commitment (CommP).
    pub cid: Cid,
    /// Its size, bytes.
    pub size: PaddedPieceSize,
    /// The verified allocation it claims.
    pub verified_allocation_key: Option<VerifiedAllocationKey>,
    /// Who is told when it is there.
    pub notify: Vec<DataActivationNotification>,
}

/// A verified allocation.
#[tuple]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifiedAllocationKey {
    /// Whose it is.
    pub client: ActorID,
    /// Its number with the client.
    pub id: u64,
}

/// Somebody to be notified.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataActivationNotification {
    /// Whom.
    pub address: Address,
    /// With what: the market wants a deal's id.
    pub payload: RawBytes,
}

/// Parameters of ProveCommitSectorsNI.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProveCommitSectorsNIParams {
    /// The sectors: without data.
    pub sectors: Vec<SectorNIActivationInfo>,
    /// The aggregate of their proofs.
    pub aggregate_proof: RawBytes,
    /// The proof of each: without interaction.
    pub seal_proof_type: RegisteredSealProof,
    /// How they are aggregated.
    pub aggregate_proof_type: RegisteredAggregateProof,
    /// The deadline they will be proven at.
    pub proving_deadline: u64,
    /// Whether to fail if a sector cannot be activated.
    pub require_activation_success: bool,
}

/// A sector that was sealed without interaction.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectorNIActivationInfo {
    /// The number it was sealed with: its own.
    pub sealing_number: SectorNumber,
    /// The miner it was sealed for: this one.
    pub sealer_id: ActorID,
    /// CommR.
    pub sealed_cid: Cid,
    /// Its number.
    pub sector_number: SectorNumber,
    /// The epoch of its randomness.
    pub seal_rand_epoch: ChainEpoch,
    /// When it expires.
    pub expiration: ChainEpoch,
}

/// Parameters of ProveReplicaUpdates3.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProveReplicaUpdates3Params {
    /// The sectors and their new data.
    pub sector_updates: Vec<SectorUpdateManifest>,
    /// A proof for each sector.
    pub sector_proofs: Vec<RawBytes>,
    /// The aggregate of all proofs; it is not supported yet.
    pub aggregate_proof: RawBytes,
    /// The proof of each.
    pub update_proofs_type: RegisteredUpdateProof,
    /// How they are aggregated; none, if they are not.
    pub aggregate_proof_type: Option<RegisteredAggregateProof>,
    /// Whether to fail if a sector cannot be updated.
    pub require_activation_success: bool,
    /// Whether to fail if somebody who is notified does not accept.
    pub require_notification_success: bool,
}

/// A sector that gets data.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectorUpdateManifest {
    /// The sector.
    pub sector: SectorNumber,
    /// Its deadline.
    pub deadline: u64,
    /// Its partition.
    pub partition: u64,
    /// Its new CommR.
    pub new_sealed_cid: Cid,
    /// Its data, in order; zeros fill the rest.
    pub pieces: Vec<PieceActivationManifest>,
}

/// Parameters of ExtendSectorExpiration2.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtendSectorExpiration2Params {
    /// What is extended.
    pub extensions: Vec<ExpirationExtension2>,
}

/// Sectors of a partition that will expire later.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpirationExtension2 {
    /// The deadline.
    pub deadline: u64,
    /// The partition.
    pub partition: u64,
    /// Sectors without verified claims.
    pub sectors: BitField,
    /// Sectors with them.
    pub sectors_with_claims: Vec<SectorClaim>,
    /// When all of them will expire.
    pub new_expiration: ChainEpoch,
}

/// A sector with verified claims.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectorClaim {
    /// The sector.
    pub sector_number: SectorNumber,
    /// Claims that stay.
    pub maintain_claims: Vec<u64>,
    /// Claims that are given up.
    pub drop_claims: Vec<u64>,
}
