//! Pre-committed sectors are proven and get their data (FIP-0076). Each step goes on with the sectors that passed the one before.

use filigree_builtin::POLICY;
use filigree_builtin::batch::BatchReturn;
use filigree_sdk::prelude::*;
use filigree_sdk::proofs;
use filigree_sdk::store::ActorStore;
use fvm_shared::sector::{RegisteredAggregateProof, SealVerifyInfo};

use super::activate::activate;
use super::data::{DataInput, activate_pieces};
use super::pledge_inputs::PledgeInputs;
use super::require_controlling;
use super::seal::{self, SealInput};
use crate::events;
use crate::notifications::{Activation, notify_data_consumers};
use crate::params::{ProveCommitSectors3Params, SectorActivationManifest};
use crate::state::Miner;
use crate::types::SectorPreCommitOnChainInfo;

/// A sector on its way.
type Sector<'a> = (&'a SectorActivationManifest, &'a SectorPreCommitOnChainInfo);

/// Proves and activates sectors; gives what became of each.
pub(crate) fn prove_commit(
    ctx: &mut Context,
    params: &ProveCommitSectors3Params,
) -> Result<BatchReturn> {
    let state: Miner = ctx.load()?;
    let info = state.get_info(ActorStore)?;
    require_controlling(ctx, &info)?;
    let numbers = params
        .sector_activations
        .iter()
        .map(|sector| sector.sector_number);
    let precommits = state.get_precommitted_sectors(ActorStore, numbers)?;
    check(params, &precommits)?;

    let required = params.require_activation_success;
    let (valid, inputs) = seal::validate_precommits(ctx, &precommits, required)?;
    ensure!(
        valid.success_count > 0,
        illegal_argument,
        "no sector may be proven"
    );
    let sectors: Vec<Sector<'_>> = params.sector_activations.iter().zip(&precommits).collect();
    let sectors = copied(valid.successes(&sectors));

    let proven = verify(ctx, params, &precommits, &valid, inputs)?;
    ensure!(
        proven.success_count > 0,
        illegal_argument,
        "no sector is proven"
    );
    let sectors = copied(proven.successes(&sectors));

    let inputs: Vec<_> = sectors.iter().map(data_of).collect();
    let (with_data, data) = activate_pieces(ctx, &inputs, required)?;
    ensure!(
        with_data.success_count > 0,
        illegal_argument,
        "no sector gets its data"
    );
    let sectors = copied(with_data.successes(&sectors));

    let pledge_inputs = PledgeInputs::request(ctx)?;
    let activated: Vec<_> = sectors.iter().map(|(_, precommit)| *precommit).collect();
    activate(ctx, &activated, &data, &pledge_inputs, &info)?;

    for (manifest, precommit) in &sectors {
        let pieces = manifest
            .pieces
            .iter()
            .map(|piece| (piece.cid, piece.size.0));
        let commd = precommit.info.unsealed_cid.0.as_ref();
        events::sector_activated(ctx, manifest.sector_number, commd, pieces)?;
    }
    let notifications: Vec<_> = sectors.iter().map(notification_of).collect();
    notify_data_consumers(ctx, &notifications, params.require_notification_success)?;
    Ok(valid.then(&proven.then(&with_data)))
}

fn copied<T: Copy>(successes: Vec<&T>) -> Vec<T> {
    successes.into_iter().copied().collect()
}

fn data_of<'a>(sector: &Sector<'a>) -> DataInput<'a> {
    let (manifest, precommit) = *sector;
    DataInput {
        sector_number: precommit.info.sector_number,
        sector_type: precommit.info.seal_proof,
        expiration: precommit.info.expiration,
        pieces: &manifest.pieces,
        expected_commd: Some(&precommit.info.unsealed_cid),
    }
}

fn notification_of<'a>(sector: &Sector<'a>) -> Activation<'a> {
    let (manifest, precommit) = *sector;
    Activation {
        sector_number: manifest.sector_number,
        sector_expiration: precommit.info.expiration,
        pieces: &manifest.pieces,
    }
}

/// Fails unless there are sectors, and either a proof of each or an aggregate of all.
fn check(
    params: &ProveCommitSectors3Params,
    precommits: &[SectorPreCommitOnChainInfo],
) -> Result<()> {
    let first = precommits
        .first()
        .ok_or_else(|| Error::illegal_argument("no sectors"))?;
    let (sectors, proofs) = (params.sector_activations.len(), &params.sector_proofs);
    ensure!(
        proofs.is_empty() != params.aggregate_proof.is_empty(),
        illegal_argument,
        "there has to be either a proof of each sector or an aggregate"
    );
    if proofs.is_empty() {
        ensure!(
            params.aggregate_proof_type == Some(RegisteredAggregateProof::SnarkPackV2),
            illegal_argument,
            "aggregates are of type SnarkPackV2"
        );
        let limits = (POLICY.min_aggregated_sectors, POLICY.max_aggregated_sectors);
        return seal::check_aggregate(&params.aggregate_proof, sectors, limits);
    }
    ensure!(
        params.aggregate_proof_type.is_none(),
        illegal_argument,
        "a type of aggregate without an aggregate"
    );
    ensure!(
        sectors == proofs.len(),
        illegal_argument,
        "{sectors} sectors, but {} proofs",
        proofs.len()
    );
    seal::check_sizes(first.info.seal_proof, proofs)
}

/// Verifies the proofs of the sectors that are `valid`; gives what became of each of those. An aggregate is of all sectors.
fn verify(
    ctx: &Context,
    params: &ProveCommitSectors3Params,
    precommits: &[SectorPreCommitOnChainInfo],
    valid: &BatchReturn,
    inputs: Vec<SealInput>,
) -> Result<BatchReturn> {
    let miner = ctx.receiver();
    if params.sector_proofs.is_empty() {
        let seal_proof = inputs
            .first()
            .map(|input| input.registered_proof)
            .unwrap_or_default();
        seal::verify_aggregate(miner, seal_proof, &params.aggregate_proof, inputs)?;
        return Ok(BatchReturn::ok(valid.success_count));
    }
    let proofs = valid.successes(&params.sector_proofs);
    let infos = valid.successes(&inputs).into_iter().zip(proofs);
    let infos: Vec<SealVerifyInfo> = infos
        .map(|(input, proof)| input.with_proof(miner, proof))
        .collect();
    let verified = proofs::batch_verify_seals(&infos).map_err(super::illegal_argument)?;
    let mut batch = BatchReturn::default();
    for (precommit, passed) in valid.successes(precommits).into_iter().zip(verified) {
        let number = precommit.info.sector_number;
        seal::note(
            &mut batch,
            number,
            passed,
            params.require_activation_success,
        )?;
    }
    Ok(batch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::precommit;

    fn params(sectors: u64, proofs: usize, aggregate: usize) -> ProveCommitSectors3Params {
        let sectors = (0..sectors).map(|sector_number| SectorActivationManifest {
            sector_number,
            pieces: Vec::new(),
        });
        ProveCommitSectors3Params {
            sector_activations: sectors.collect(),
            sector_proofs: vec![RawBytes::new(vec![0; 1_920]); proofs],
            aggregate_proof: RawBytes::new(vec![0; aggregate]),
            aggregate_proof_type: (aggregate > 0).then_some(RegisteredAggregateProof::SnarkPackV2),
            require_activation_success: false,
            require_notification_success: false,
        }
    }

    #[test]
    fn sectors_are_proven_one_by_one_or_together() {
        let is_good = |params: &ProveCommitSectors3Params| {
            let sectors = params.sector_activations.iter();
            let precommits: Vec<_> = sectors
                .map(|sector| precommit(sector.sector_number))
                .collect();
            match check(params, &precommits) {
                Ok(()) => true,
                Err(error) => {
                    assert_eq!(error.code, ExitCode::USR_ILLEGAL_ARGUMENT);
                    false
                }
            }
        };
        assert!(is_good(&params(1, 1, 0)));
        assert!(is_good(&params(5, 0, 100)));
        assert!(!is_good(&params(0, 0, 0)));
        assert!(!is_good(&params(1, 0, 0)));
        assert!(!is_good(&params(5, 5, 100)));
        assert!(!is_good(&params(5, 4, 0)));
        // Too few for an aggregate.
        assert!(!is_good(&params(3, 0, 100)));
        let mut other = params(5, 0, 100);
        other.aggregate_proof_type = Some(RegisteredAggregateProof::SnarkPackV1);
        assert!(!is_good(&other));
        let mut without = params(1, 1, 0);
        without.aggregate_proof_type = Some(RegisteredAggregateProof::SnarkPackV2);
        assert!(!is_good(&without));
        let mut long = params(1, 1, 0);
        long.sector_proofs = vec![RawBytes::new(vec![0; 1_921])];
        assert!(!is_good(&long));
    }
}
