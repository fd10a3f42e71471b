//! Sectors that were proven become sectors of the state: pledged for, and assigned to a deadline. Their power counts from their first
//! windowed proof on.

use filigree_builtin::POLICY;
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;
use fvm_shared::sector::{RegisteredSealProof, SectorNumber};

use super::data::DataOutput;
use super::effects;
use super::pledge_inputs::{Cost, Costs, PledgeInputs};
use crate::power::qa_power_for_weight;
use crate::state::Miner;
use crate::types::{
    MinerInfo, SectorOnChainInfo, SectorOnChainInfoFlags, SectorPreCommitOnChainInfo,
};

/// Puts the sectors in the state in place of their pre-commitments, with the data each got, and the pledge in place of the deposits.
pub(crate) fn activate(
    ctx: &mut Context,
    precommits: &[&SectorPreCommitOnChainInfo],
    data: &[DataOutput],
    inputs: &PledgeInputs,
    info: &MinerInfo,
) -> Result<()> {
    let pledge = ctx.transaction(|state: &mut Miner, ctx| {
        let (epoch, balance) = (ctx.epoch()?, ctx.balance()?);
        let mut costs = Costs::new(inputs);
        let mut deposits = TokenAmount::default();
        let mut pledge = TokenAmount::default();
        let mut sectors = Vec::with_capacity(precommits.len());
        for (precommit, data) in precommits.iter().zip(data) {
            let sector = sector_of(precommit, data, &mut costs, info, epoch)?;
            deposits += &precommit.pre_commit_deposit;
            pledge += &sector.initial_pledge;
            sectors.push(sector);
        }
        let numbers: Vec<_> = sectors.iter().map(|sector| sector.sector_number).collect();
        state.put_sectors(ActorStore, &sectors)?;
        state.delete_precommitted_sectors(ActorStore, &numbers)?;
        state.assign_sectors_to_deadlines(&POLICY, ActorStore, epoch, sectors, info.sizes())?;
        state.add_pre_commit_deposit(&-deposits)?;
        require_unlocked(state, &balance, &pledge)?;
        state.add_initial_pledge(&pledge)?;
        effects::check_balance_of(ctx, state)?;
        Ok(pledge)
    })?;
    effects::update_pledge(ctx, &pledge)
}

/// Fails unless the miner has the funds for a pledge, attoFIL.
pub(crate) fn require_unlocked(
    state: &Miner,
    balance: &TokenAmount,
    pledge: &TokenAmount,
) -> Result<()> {
    ensure!(
        state.get_unlocked_balance(balance)? >= *pledge,
        insufficient_funds,
        "there is less than the pledge of {} attoFIL",
        pledge.atto_text()
    );
    Ok(())
}

fn sector_of(
    precommit: &SectorPreCommitOnChainInfo,
    data: &DataOutput,
    costs: &mut Costs<'_>,
    miner: &MinerInfo,
    epoch: ChainEpoch,
) -> Result<SectorOnChainInfo> {
    let info = &precommit.info;
    let duration = info.expiration - epoch;
    ensure!(
        duration >= POLICY.min_sector_expiration,
        illegal_argument,
        "sector {} would live for {duration} epochs, {} are the least",
        info.sector_number,
        POLICY.min_sector_expiration
    );
    let verified_deal_weight = data.verified_space * i128::from(duration);
    let power = qa_power_for_weight(miner.sector_size, duration, verified_deal_weight);
    let Cost {
        initial_pledge,
        daily_fee,
    } = costs.of(power);
    Ok(SectorOnChainInfo {
        deal_weight: data.unverified_space * i128::from(duration),
        verified_deal_weight,
        initial_pledge,
        daily_fee,
        ..empty_sector(
            info.sector_number,
            info.seal_proof,
            info.sealed_cid,
            epoch,
            info.expiration,
        )
    })
}

/// A sector that begins at an epoch, without data, pledge and fee.
pub(crate) fn empty_sector(
    sector_number: SectorNumber,
    seal_proof: RegisteredSealProof,
    sealed_cid: Cid,
    epoch: ChainEpoch,
    expiration: ChainEpoch,
) -> SectorOnChainInfo {
    SectorOnChainInfo {
        sector_number,
        seal_proof,
        sealed_cid,
        deprecated_deal_ids: Vec::new(),
        activation: epoch,
        expiration,
        deal_weight: 0,
        verified_deal_weight: 0,
        initial_pledge: TokenAmount::default(),
        expected_day_reward: None,
        expected_storage_pledge: None,
        power_base_epoch: epoch,
        replaced_day_reward: None,
        sector_key_cid: None,
        flags: SectorOnChainInfoFlags::SIMPLE_QA_POWER,
        daily_fee: TokenAmount::default(),
    }
}
