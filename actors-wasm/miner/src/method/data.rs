//! The data of sectors that are proven: claims of verified allocations for its pieces, or deals that begin. Pieces of a sector succeed or
//! fail together.

use filigree_builtin::batch::BatchReturn;
use filigree_builtin::calls::market::{
    self, BatchActivateDealsParams, BatchActivateDealsResult, SectorDealActivation, SectorDeals,
};
use filigree_builtin::calls::verifreg::{
    self, AllocationClaim, ClaimAllocationsParams, ClaimAllocationsReturn, NO_ALLOCATION,
    SectorAllocationClaims, SectorClaimSummary,
};
use filigree_sdk::prelude::*;
use filigree_sdk::proofs;
use fvm_shared::bigint::bigint_ser::BigIntDe;
use fvm_shared::piece::PieceInfo;
use fvm_shared::sector::{RegisteredSealProof, SectorNumber};

use crate::params::PieceActivationManifest;
use crate::types::{CompactCommD, SectorPreCommitOnChainInfo};

/// A sector about to get its data.
pub(crate) struct DataInput<'a> {
    pub sector_number: SectorNumber,
    pub sector_type: RegisteredSealProof,
    pub expiration: ChainEpoch,
    pub pieces: &'a [PieceActivationManifest],
    /// CommD as it was pre-committed; the pieces have to make it up.
    pub expected_commd: Option<&'a CompactCommD>,
}

/// Data that a sector got, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DataOutput {
    /// Without a verified allocation.
    pub unverified_space: i128,
    /// With one.
    pub verified_space: i128,
}

/// Claims the allocations of all pieces. Gives what became of each sector, and the data of those that succeeded.
pub(crate) fn activate_pieces(
    ctx: &mut Context,
    inputs: &[DataInput<'_>],
    all_or_nothing: bool,
) -> Result<(BatchReturn, Vec<DataOutput>)> {
    let mut claims = Vec::with_capacity(inputs.len());
    for input in inputs {
        check_commd(input)?;
        claims.push(claims_of(input));
    }
    let claimed = claim(ctx, claims, all_or_nothing)?;
    let succeeded = claimed.sector_results.successes(inputs);
    let outputs = succeeded.into_iter().zip(&claimed.sector_claims);
    let outputs = outputs.map(|(input, summary)| {
        let unverified = input
            .pieces
            .iter()
            .filter(|piece| piece.verified_allocation_key.is_none());
        Ok(DataOutput {
            unverified_space: unverified.map(|piece| i128::from(piece.size.0)).sum(),
            verified_space: space(&summary.claimed_space)?,
        })
    });
    let outputs = outputs.collect::<Result<_>>()?;
    Ok((claimed.sector_results, outputs))
}

/// CommD of a sector with these pieces; the short form, if there are none.
pub(crate) fn unsealed_cid(
    pieces: &[PieceActivationManifest],
    sector_type: RegisteredSealProof,
) -> Result<CompactCommD> {
    if pieces.is_empty() {
        return Ok(CompactCommD::empty());
    }
    let infos: Vec<_> = pieces
        .iter()
        .map(|piece| PieceInfo {
            cid: piece.cid,
            size: piece.size,
        })
        .collect();
    let cid = proofs::unsealed_sector_cid(sector_type, &infos).map_err(super::illegal_argument)?;
    Ok(CompactCommD::of(cid))
}

/// Fails unless the pieces make up the CommD that was declared, in its short form or in full.
fn check_commd(input: &DataInput<'_>) -> Result<()> {
    let Some(declared) = input.expected_commd else {
        return Ok(());
    };
    let computed = unsealed_cid(input.pieces, input.sector_type)?;
    ensure!(
        declared.get_cid(input.sector_type)? == computed.get_cid(input.sector_type)?,
        illegal_argument,
        "the pieces of sector {} do not make up its CommD",
        input.sector_number
    );
    Ok(())
}

fn claims_of(input: &DataInput<'_>) -> SectorAllocationClaims {
    let claims = input.pieces.iter().filter_map(|piece| {
        let key = piece.verified_allocation_key.as_ref()?;
        Some(AllocationClaim {
            client: key.client,
            allocation_id: key.id,
            data: piece.cid,
            size: piece.size,
        })
    });
    SectorAllocationClaims {
        sector: input.sector_number,
        expiry: input.expiration,
        claims: claims.collect(),
    }
}

/// Begins the deals that sectors were pre-committed with, and claims the allocations of those that are verified: all or none. Gives what
/// became of each sector, and the data and pieces (CommP, size in bytes) of those that succeeded.
#[expect(
    clippy::type_complexity,
    reason = "it is used once, and says what it is"
)]
pub(crate) fn activate_deals(
    ctx: &mut Context,
    precommits: &[SectorPreCommitOnChainInfo],
) -> Result<(BatchReturn, Vec<(DataOutput, Vec<(Cid, u64)>)>)> {
    let deals = begin_deals(ctx, precommits)?;
    ensure!(
        deals.activation_results.success_count > 0,
        illegal_argument,
        "no sector's deals could begin"
    );
    let succeeded = deals.activation_results.successes(precommits);
    let claims = succeeded.into_iter().zip(&deals.activations);
    let claims = claims.map(|(precommit, sector)| SectorAllocationClaims {
        sector: precommit.info.sector_number,
        expiry: precommit.info.expiration,
        claims: claims_of_deals(sector),
    });
    let claims = claims.collect();
    let claimed = claim(ctx, claims, true)?;
    let outputs = deals.activations.iter().zip(&claimed.sector_claims);
    let outputs = outputs.map(|(sector, summary)| {
        let unverified = sector
            .activated
            .iter()
            .filter(|deal| deal.allocation_id == NO_ALLOCATION);
        let output = DataOutput {
            unverified_space: unverified.map(|deal| i128::from(deal.size.0)).sum(),
            verified_space: space(&summary.claimed_space)?,
        };
        let pieces = sector.activated.iter().map(|deal| (deal.data, deal.size.0));
        Ok((output, pieces.collect()))
    });
    let outputs = outputs.collect::<Result<_>>()?;
    Ok((deals.activation_results, outputs))
}

/// Has the market begin the deals, if there are any.
fn begin_deals(
    ctx: &mut Context,
    precommits: &[SectorPreCommitOnChainInfo],
) -> Result<BatchActivateDealsResult> {
    if precommits
        .iter()
        .all(|precommit| precommit.info.deal_ids.is_empty())
    {
        let nothing = SectorDealActivation {
            activated: Vec::new(),
            unsealed_cid: None,
        };
        return Ok(BatchActivateDealsResult {
            activation_results: BatchReturn::ok(precommits.len() as u32),
            activations: vec![nothing; precommits.len()],
        });
    }
    let sectors = precommits.iter().map(|precommit| SectorDeals {
        sector_number: precommit.info.sector_number,
        sector_type: precommit.info.seal_proof,
        sector_expiry: precommit.info.expiration,
        deal_ids: precommit.info.deal_ids.clone(),
    });
    // CommD was checked when the sector was pre-committed.
    ctx.send(market::batch_activate_deals(&BatchActivateDealsParams {
        sectors: sectors.collect(),
        compute_cid: false,
    })?)
}

fn claims_of_deals(sector: &SectorDealActivation) -> Vec<AllocationClaim> {
    let verified = sector
        .activated
        .iter()
        .filter(|deal| deal.allocation_id != NO_ALLOCATION);
    let claims = verified.map(|deal| AllocationClaim {
        client: deal.client,
        allocation_id: deal.allocation_id,
        data: deal.data,
        size: deal.size,
    });
    claims.collect()
}

/// Has the verified registry claim allocations, if there are any.
fn claim(
    ctx: &mut Context,
    sectors: Vec<SectorAllocationClaims>,
    all_or_nothing: bool,
) -> Result<ClaimAllocationsReturn> {
    if sectors.iter().all(|sector| sector.claims.is_empty()) {
        return Ok(ClaimAllocationsReturn {
            sector_results: BatchReturn::ok(sectors.len() as u32),
            sector_claims: vec![SectorClaimSummary::default(); sectors.len()],
        });
    }
    let claimed = ctx.send(verifreg::claim_allocations(&ClaimAllocationsParams {
        sectors,
        all_or_nothing,
    })?)?;
    let results = &claimed.sector_results;
    ensure!(
        !all_or_nothing || results.all_ok() || results.success_count == 0,
        assertion_failed,
        "some allocations were claimed where all or none should be"
    );
    Ok(claimed)
}

/// A size in bytes, as the registry tells it.
fn space(size: &BigIntDe) -> Result<i128> {
    i128::try_from(&size.0).map_err(|_| Error::illegal_state("more was claimed than there can be"))
}
