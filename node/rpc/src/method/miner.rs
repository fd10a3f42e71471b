//! Making blocks.

use std::sync::Arc;

use cid::Cid;
use filigree_blocks::{
    BlockHeader, BlockMessage, FullBlock, SignatureType, SignedMessage, Tipset, TipsetKey,
    message_cid,
};
use filigree_consensus::messages::root;
use filigree_keys::{Key, aggregate};
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;

use crate::error::{Reply, RpcError};
use crate::json::miner::{BlockTemplate, ExtendedSectorInfo, MiningBaseInfo};
use crate::method::filigree::told;
use crate::methods;
use crate::services::Services;

methods! { Filecoin:
    /// What a miner needs to try for a block; null if it has no power that counts.
    [read] MinerGetBaseInfo(
        miner: Address,
        /// The epoch of the block.
        epoch: ChainEpoch,
        /// The tipset to build on.
        parents: TipsetKey,
    ) -> Option<MiningBaseInfo> = base_info;

    /// Puts a block together and signs it with the key of the miner's worker, which the wallet must have. It must be good, and no second
    /// one of the miner: it is taken down as made before it is given, at most an epoch before its time. It is not submitted.
    [write] MinerCreateBlock(template: BlockTemplate) -> BlockMessage = create_block;
}

fn base_info(
    services: &Services,
    miner: Address,
    epoch: ChainEpoch,
    parents: TipsetKey,
) -> Reply<Option<MiningBaseInfo>> {
    let (parents, view) = services.view(&parents)?;
    if epoch <= parents.height() {
        let height = parents.height();
        return Err(RpcError::params(format!(
            "epoch: a block on epoch {height} comes after it"
        )));
    }
    let id = view.id(&miner)?.ok_or_else(RpcError::actor_not_found)?;
    let entries =
        (services.beacon)(epoch, &parents).map_err(|e| RpcError::general(format!("{e:#}")))?;
    let previous = services.chain.latest_beacon_entry(&parents)?;
    let beacon = entries.last().unwrap_or(&previous);
    let Some(base) = services.states.mining_base(id, epoch, &parents, beacon)? else {
        return Ok(None);
    };
    let sectors = base.sectors.into_iter().map(|sector| ExtendedSectorInfo {
        seal_proof: sector.proof,
        number: sector.sector_number,
        sector_key: None,
        sealed: sector.sealed_cid,
    });
    Ok(Some(MiningBaseInfo {
        miner_power: base.power,
        network_power: base.total_power,
        sectors: sectors.collect(),
        worker_key: base.worker,
        sector_size_bytes: base.sector_size as u64,
        previous_beacon: previous,
        beacon_entries: entries,
        eligible: base.ineligible.is_none(),
    }))
}

fn create_block(services: &Services, template: BlockTemplate) -> Reply<BlockMessage> {
    let parents = services.tipset(&template.parents)?;
    let epoch = template.epoch;
    if epoch <= parents.height() {
        let height = parents.height();
        return Err(RpcError::params(format!(
            "template: a block on epoch {height} comes after it"
        )));
    }
    let worker = worker_key(services, &template.miner, &parents, epoch)?;
    let is_bls = |signed: &SignedMessage| signed.signature.sig_type == SignatureType::Bls;
    let (bls, signed): (Vec<_>, Vec<_>) = template.messages.into_iter().partition(is_bls);
    let signatures = aggregate(bls.iter().map(|signed| &signed.signature));
    let signatures = signatures
        .ok_or_else(|| RpcError::params("template: a BLS signature is no point of the curve"))?;
    let result = services.states.tipset_state(&parents)?;
    let header = BlockHeader {
        miner: template.miner,
        ticket: template.ticket,
        election_proof: template.election_proof,
        beacon_entries: template.beacon_entries,
        winning_post: template.winning_post,
        parents: parents.key().clone(),
        parent_weight: services.chain.weight(&parents)?,
        height: epoch,
        parent_state: result.state,
        parent_receipts: result.receipts,
        messages: Cid::default(),
        bls_aggregate: Some(signatures),
        timestamp_seconds: template.timestamp_seconds,
        signature: None,
        fork_signal: 0,
        parent_base_fee: services.chain.base_fee(&parents)?,
    };
    let bls = bls.into_iter().map(|signed| signed.message).collect();
    let mut block = FullBlock {
        header,
        bls,
        signed,
    };
    block.header.messages = root::of(&block).map_err(|e| RpcError::general(format!("{e:#}")))?;
    block.header.signature = Some(worker.sign(&block.header.signing_bytes()));
    services.door.give_out(&block).map_err(told)?;
    Ok(BlockMessage {
        bls: block.bls.iter().map(message_cid).collect(),
        signed: block.signed.iter().map(SignedMessage::cid).collect(),
        header: block.header,
    })
}

/// The key that signs a miner's blocks: its worker's of a lookback ago.
fn worker_key(
    services: &Services,
    miner: &Address,
    parents: &Tipset,
    epoch: ChainEpoch,
) -> Reply<Arc<Key>> {
    let then = services.chain.lookback(parents, epoch)?;
    let state = match then.state {
        Some(state) => state,
        None => services.states.tipset_state(&then.tipset)?.state,
    };
    let worker = services.states.view(&state)?.miner(miner)?.info()?.worker;
    let now = services.states.view_before(parents)?;
    let none = || RpcError::general(format!("the worker {worker} of {miner} has no key"));
    let key = now.key_address(&worker)?.ok_or_else(none)?;
    Ok(services.wallet.key(&key)?)
}
