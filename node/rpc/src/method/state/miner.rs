//! Miners: who they are, their power, their deadlines, their money.

use filigree_blocks::TipsetKey;
use fvm_ipld_bitfield::BitField;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;

use super::actors::require_id;
use crate::error::Reply;
use crate::json::chain::MaybeAddress;
use crate::json::miner::{
    BeneficiaryTerm, Deadline, DeadlineInfo, MinerInfo, MinerPower, Partition,
    PendingBeneficiaryChange, PowerClaim,
};
use crate::json::{Bytes, Nil};
use crate::methods;
use crate::services::Services;

methods! { Filecoin:
    /// The id addresses of all miners with a claim to power.
    [read] StateListMiners(tipset: TipsetKey) -> Nil<Vec<Address>> = list;

    /// A miner's power beside that of the network.
    [read] StateMinerPower(miner: Address, tipset: TipsetKey) -> MinerPower = power;

    /// Who a miner is.
    [read] StateMinerInfo(miner: Address, tipset: TipsetKey) -> MinerInfo = info;

    /// The deadline that is open, and where it stands.
    [read] StateMinerProvingDeadline(miner: Address, tipset: TipsetKey) -> DeadlineInfo = proving_deadline;

    /// All deadlines of a miner.
    [read] StateMinerDeadlines(miner: Address, tipset: TipsetKey) -> Vec<Deadline> = deadlines;

    /// The partitions of a deadline.
    [read] StateMinerPartitions(miner: Address, deadline: u64, tipset: TipsetKey) -> Nil<Vec<Partition>> = partitions;

    /// Faulty sectors of a miner.
    [read] StateMinerFaults(miner: Address, tipset: TipsetKey) -> BitField = faults;

    /// Faulty sectors of a miner that are declared to be well again.
    [read] StateMinerRecoveries(miner: Address, tipset: TipsetKey) -> BitField = recoveries;

    /// What a miner may withdraw: all that is neither locked nor owed, and what has vested.
    [read] StateMinerAvailableBalance(miner: Address, tipset: TipsetKey) -> TokenAmount = available_balance;
}

fn list(services: &Services, tipset: TipsetKey) -> Reply<Nil<Vec<Address>>> {
    let (_, view) = services.view(&tipset)?;
    let miners = view.power()?.miners()?;
    Ok(Nil(miners.into_iter().map(Address::new_id).collect()))
}

fn power(services: &Services, miner: Address, tipset: TipsetKey) -> Reply<MinerPower> {
    let (_, view) = services.view(&tipset)?;
    let power = view.power()?;
    let total = PowerClaim {
        raw_bytes: power.total_raw().clone(),
        quality_adjusted: power.total_quality().clone(),
    };
    let id = require_id(&view, &miner)?;
    let claim = power.claim(id)?.map(|claim| PowerClaim {
        raw_bytes: claim.raw_byte_power.0,
        quality_adjusted: claim.quality_adj_power.0,
    });
    Ok(MinerPower {
        miner: claim.unwrap_or_default(),
        total,
        has_min_power: power.may_win(&services.states.rules().policy, id)?,
    })
}

fn info(services: &Services, miner: Address, tipset: TipsetKey) -> Reply<MinerInfo> {
    let (_, view) = services.view(&tipset)?;
    let info = view.miner(&miner)?.info()?;
    let pending_worker = info.pending_worker_key.as_ref();
    let peer_id = info.peer_id.0.clone();
    Ok(MinerInfo {
        owner: info.owner,
        worker: info.worker,
        new_worker: MaybeAddress(pending_worker.map(|change| change.new_worker)),
        control_addresses: info.control_addresses,
        worker_change_epoch: pending_worker.map_or(-1, |change| change.effective_at),
        peer_id: (!peer_id.is_empty()).then(|| base58(&peer_id)),
        multiaddrs: info
            .multi_address
            .iter()
            .map(|address| Bytes(address.0.clone()))
            .collect(),
        window_post_proof: info.window_post_proof_type,
        sector_size_bytes: info.sector_size as u64,
        partition_sectors: info.window_post_partition_sectors,
        consensus_fault_elapsed: info.consensus_fault_elapsed,
        pending_owner: info.pending_owner_address,
        beneficiary: info.beneficiary,
        beneficiary_term: Some(BeneficiaryTerm {
            quota: info.beneficiary_term.quota,
            used_quota: info.beneficiary_term.used_quota,
            expiration: info.beneficiary_term.expiration,
        }),
        pending_beneficiary: info
            .pending_beneficiary_term
            .map(|change| PendingBeneficiaryChange {
                beneficiary: change.new_beneficiary,
                quota: change.new_quota,
                expiration: change.new_expiration,
                approved_by_beneficiary: change.approved_by_beneficiary,
                approved_by_nominee: change.approved_by_nominee,
            }),
    })
}

/// Peer ids are written in base 58, as Bitcoin has it.
fn base58(bytes: &[u8]) -> String {
    multibase::Base::Base58Btc.encode(bytes)
}

fn proving_deadline(services: &Services, miner: Address, tipset: TipsetKey) -> Reply<DeadlineInfo> {
    let (tipset, view) = services.view(&tipset)?;
    let policy = services.states.rules().policy;
    let info = view
        .miner(&miner)?
        .proving_deadline(&policy, tipset.height());
    Ok(DeadlineInfo {
        current_epoch: info.current_epoch,
        period_start: info.period_start,
        index: info.index,
        open: info.open,
        close: info.close,
        challenge: info.challenge,
        fault_cutoff: info.fault_cutoff,
        period_deadlines: policy.wpost_period_deadlines,
        proving_period: info.proving_period,
        challenge_window: policy.wpost_challenge_window,
        challenge_lookback: policy.wpost_challenge_lookback,
        fault_declaration_cutoff: policy.fault_declaration_cutoff,
    })
}

fn deadlines(services: &Services, miner: Address, tipset: TipsetKey) -> Reply<Vec<Deadline>> {
    let (_, view) = services.view(&tipset)?;
    let mut all = Vec::new();
    view.miner(&miner)?
        .deadlines()?
        .for_each(view.store(), |_, deadline| {
            let proofs = deadline
                .optimistic_post_submissions_snapshot
                .open_in(view.store())?;
            all.push(Deadline {
                proven: deadline.partitions_posted,
                disputable_proofs: proofs.count(),
                daily_fee: deadline.daily_fee,
            });
            Ok(())
        })?;
    Ok(all)
}

fn partitions(
    services: &Services,
    miner: Address,
    deadline: u64,
    tipset: TipsetKey,
) -> Reply<Nil<Vec<Partition>>> {
    let (_, view) = services.view(&tipset)?;
    let partitions = view.miner(&miner)?.partitions(deadline)?.into_iter();
    let partitions = partitions.map(|partition| Partition {
        live: partition.live_sectors(),
        active: partition.active_sectors(),
        all: partition.sectors,
        faulty: partition.faults,
        recovering: partition.recoveries,
    });
    Ok(Nil(partitions.collect()))
}

fn faults(services: &Services, miner: Address, tipset: TipsetKey) -> Reply<BitField> {
    let (_, view) = services.view(&tipset)?;
    Ok(view.miner(&miner)?.faults()?)
}

fn recoveries(services: &Services, miner: Address, tipset: TipsetKey) -> Reply<BitField> {
    let (_, view) = services.view(&tipset)?;
    Ok(view.miner(&miner)?.recoveries()?)
}

fn available_balance(services: &Services, miner: Address, tipset: TipsetKey) -> Reply<TokenAmount> {
    let (tipset, view) = services.view(&tipset)?;
    let miner = view.miner(&miner)?;
    let funds = miner.state.vesting_funds.load(view.store())?;
    let vested = funds
        .into_iter()
        .filter(|fund| fund.epoch < tipset.height());
    let vested: TokenAmount = vested.map(|fund| fund.amount).sum();
    Ok(miner.available_balance()? + vested)
}
