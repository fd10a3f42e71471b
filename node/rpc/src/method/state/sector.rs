//! Sectors: those of a miner, and what one costs.

use filigree_actor_miner::power::{qa_power_for_weight, qa_power_max};
use filigree_actor_miner::{monies, types};
use filigree_blocks::TipsetKey;
use fvm_ipld_bitfield::BitField;
use fvm_shared::address::Address;
use fvm_shared::bigint::BigInt;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::sector::SectorSize;

use super::pledge::{pledge, with_margin};
use crate::error::{Reply, RpcError};
use crate::json::Nil;
use crate::json::miner::{
    MinerSectors, SectorExpiration, SectorLocation, SectorOnChainInfo, SectorPreCommitInfo,
    SectorPreCommitOnChainInfo,
};
use crate::methods;
use crate::services::Services;

methods! { Filecoin:
    /// The sectors of a miner.
    [read] StateMinerSectors(
        miner: Address,
        /// Which; null: all.
        sectors: Option<BitField>,
        tipset: TipsetKey,
    ) -> Nil<Vec<SectorOnChainInfo>> = sectors;

    /// The sectors of a miner that have power.
    [read] StateMinerActiveSectors(miner: Address, tipset: TipsetKey) -> Nil<Vec<SectorOnChainInfo>> = active_sectors;

    /// How many sectors a miner has.
    [read] StateMinerSectorCount(miner: Address, tipset: TipsetKey) -> MinerSectors = sector_count;

    /// Numbers of sectors that a miner used, or gave up.
    [read] StateMinerAllocated(miner: Address, tipset: TipsetKey) -> BitField = allocated;

    /// Whether a number of a sector was used, or given up.
    [read] StateMinerSectorAllocated(miner: Address, sector: u64, tipset: TipsetKey) -> bool = sector_allocated;

    /// A sector that is announced; null if it is not, or is proven.
    [read] StateSectorPreCommitInfo(
        miner: Address,
        sector: u64,
        tipset: TipsetKey,
    ) -> Option<SectorPreCommitOnChainInfo> = precommit;

    /// A sector; null if it is not proven.
    [read] StateSectorGetInfo(miner: Address, sector: u64, tipset: TipsetKey) -> Option<SectorOnChainInfo> = sector;

    /// Where a sector is proven; null if nowhere.
    [read] StateSectorPartition(miner: Address, sector: u64, tipset: TipsetKey) -> Option<SectorLocation> = location;

    /// When a sector expires; null if it is not proven.
    [read] StateSectorExpiration(miner: Address, sector: u64, tipset: TipsetKey) -> Option<SectorExpiration> = expiration;

    /// What announcing a sector deposits, and a tenth more.
    [read] StateMinerPreCommitDepositForPower(
        miner: Address,
        sector: SectorPreCommitInfo,
        tipset: TipsetKey,
    ) -> TokenAmount = precommit_deposit;

    /// What is pledged for a sector, and a tenth more.
    [read] StateMinerInitialPledgeForSector(
        /// Epochs.
        duration: ChainEpoch,
        /// Bytes.
        sector_size: u64,
        /// Bytes of verified pieces in it.
        verified_size: u64,
        tipset: TipsetKey,
    ) -> TokenAmount = initial_pledge;
}

fn sectors(
    services: &Services,
    miner: Address,
    sectors: Option<BitField>,
    tipset: TipsetKey,
) -> Reply<Nil<Vec<SectorOnChainInfo>>> {
    let (_, view) = services.view(&tipset)?;
    let found = view.miner(&miner)?.sectors(sectors.as_ref())?;
    Ok(Nil(found.into_iter().map(to_sector).collect()))
}

fn active_sectors(
    services: &Services,
    miner: Address,
    tipset: TipsetKey,
) -> Reply<Nil<Vec<SectorOnChainInfo>>> {
    let (_, view) = services.view(&tipset)?;
    let miner = view.miner(&miner)?;
    let found = miner.sectors(Some(&miner.active_sectors()?))?;
    Ok(Nil(found.into_iter().map(to_sector).collect()))
}

fn to_sector(sector: types::SectorOnChainInfo) -> SectorOnChainInfo {
    SectorOnChainInfo {
        number: sector.sector_number,
        seal_proof: sector.seal_proof,
        sealed: sector.sealed_cid,
        activation: sector.activation,
        expiration: sector.expiration,
        deal_weight: sector.deal_weight.into(),
        verified_deal_weight: sector.verified_deal_weight.into(),
        initial_pledge: sector.initial_pledge,
        expected_day_reward: sector.expected_day_reward,
        expected_storage_pledge: sector.expected_storage_pledge,
        power_base_epoch: sector.power_base_epoch,
        replaced_day_reward: sector.replaced_day_reward,
        sector_key: sector.sector_key_cid,
        flags: sector.flags.0.into(),
        daily_fee: sector.daily_fee,
    }
}

fn sector_count(services: &Services, miner: Address, tipset: TipsetKey) -> Reply<MinerSectors> {
    let (_, view) = services.view(&tipset)?;
    let miner = view.miner(&miner)?;
    Ok(MinerSectors {
        live: miner.live_sectors()?.len(),
        active: miner.active_sectors()?.len(),
        faulty: miner.faults()?.len(),
    })
}

fn allocated(services: &Services, miner: Address, tipset: TipsetKey) -> Reply<BitField> {
    let (_, view) = services.view(&tipset)?;
    Ok(view.miner(&miner)?.allocated()?)
}

fn sector_allocated(
    services: &Services,
    miner: Address,
    sector: u64,
    tipset: TipsetKey,
) -> Reply<bool> {
    let (_, view) = services.view(&tipset)?;
    Ok(view.miner(&miner)?.is_allocated(sector)?)
}

fn precommit(
    services: &Services,
    miner: Address,
    sector: u64,
    tipset: TipsetKey,
) -> Reply<Option<SectorPreCommitOnChainInfo>> {
    let (_, view) = services.view(&tipset)?;
    let found = view.miner(&miner)?.precommit(sector)?;
    Ok(found.map(|found| SectorPreCommitOnChainInfo {
        info: SectorPreCommitInfo {
            seal_proof: found.info.seal_proof,
            number: found.info.sector_number,
            sealed: found.info.sealed_cid,
            seal_randomness_epoch: found.info.seal_rand_epoch,
            deals: found.info.deal_ids,
            expiration: found.info.expiration,
            unsealed: found.info.unsealed_cid.0,
        },
        deposit: found.pre_commit_deposit,
        epoch: found.pre_commit_epoch,
    }))
}

fn sector(
    services: &Services,
    miner: Address,
    sector: u64,
    tipset: TipsetKey,
) -> Reply<Option<SectorOnChainInfo>> {
    let (_, view) = services.view(&tipset)?;
    Ok(view.miner(&miner)?.sector(sector)?.map(to_sector))
}

fn location(
    services: &Services,
    miner: Address,
    sector: u64,
    tipset: TipsetKey,
) -> Reply<Option<SectorLocation>> {
    let (_, view) = services.view(&tipset)?;
    let found = view.miner(&miner)?.sector_location(sector)?;
    Ok(found.map(|(deadline, partition)| SectorLocation {
        deadline,
        partition,
    }))
}

fn expiration(
    services: &Services,
    miner: Address,
    sector: u64,
    tipset: TipsetKey,
) -> Reply<Option<SectorExpiration>> {
    let (_, view) = services.view(&tipset)?;
    let miner = view.miner(&miner)?;
    let Some((deadline, partition)) = miner.sector_location(sector)? else {
        return Ok(None);
    };
    let partitions = miner.partitions(deadline)?;
    let place = usize::try_from(partition).ok();
    let missing = || RpcError::general(format!("deadline {deadline} has no partition {partition}"));
    let partition = place
        .and_then(|place| partitions.get(place))
        .ok_or_else(missing)?;
    let mut found = SectorExpiration {
        on_time: 0,
        early: 0,
    };
    partition
        .expirations_epochs
        .open_in(view.store())?
        .for_each(|epoch, set| {
            let epoch = ChainEpoch::try_from(epoch).unwrap_or(ChainEpoch::MAX);
            if set.on_time_sectors.get(sector) {
                found.on_time = epoch;
            }
            if set.early_sectors.get(sector) {
                found.early = epoch;
            }
            Ok(())
        })?;
    Ok((found.on_time != 0 || found.early != 0).then_some(found))
}

fn precommit_deposit(
    services: &Services,
    _miner: Address,
    sector: SectorPreCommitInfo,
    tipset: TipsetKey,
) -> Reply<TokenAmount> {
    let (_, view) = services.view(&tipset)?;
    let size = sector.seal_proof.sector_size().map_err(RpcError::params)?;
    // As if all of it were verified: nobody knows yet.
    let power = BigInt::from(qa_power_max(size));
    let (reward, network) = (view.reward()?, view.power()?);
    Ok(with_margin(monies::pre_commit_deposit_for_power(
        &reward.this_epoch_reward_smoothed,
        &network.state.this_epoch_qa_power_smoothed,
        power,
    )))
}

fn initial_pledge(
    services: &Services,
    duration: ChainEpoch,
    sector_size: u64,
    verified_size: u64,
    tipset: TipsetKey,
) -> Reply<TokenAmount> {
    if duration <= 0 {
        return Err(RpcError::params(
            "duration: a number of epochs, more than 0, is expected",
        ));
    }
    let size = SIZES.into_iter().find(|size| *size as u64 == sector_size);
    let size = size.ok_or_else(|| RpcError::params("sector_size: no sectors have this size"))?;
    if verified_size > sector_size {
        return Err(RpcError::params(
            "verified_size: it is more than the sector has",
        ));
    }
    let weight = i128::from(verified_size) * i128::from(duration);
    let power = qa_power_for_weight(size, duration, weight);
    let (tipset, view) = services.view(&tipset)?;
    pledge(services, &tipset, &view, power.into()).map(with_margin)
}

/// Sizes of sectors that there are.
const SIZES: [SectorSize; 5] = [
    SectorSize::_2KiB,
    SectorSize::_8MiB,
    SectorSize::_512MiB,
    SectorSize::_32GiB,
    SectorSize::_64GiB,
];
