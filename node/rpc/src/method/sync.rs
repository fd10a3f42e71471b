//! How the chain here stands beside the chain of the network, and how blocks come into it.

use cid::Cid;
use filigree_blocks::{
    BlockHeader, BlockMessage, ChainMessage, FullBlock, SignedMessage, TipsetKey,
};
use tokio::sync::mpsc;

use crate::error::{Reply, RpcError};
use crate::json::node::{self, ActiveSync};
use crate::method::chain::follow_head;
use crate::method::filigree::told;
use crate::methods;
use crate::services::Services;
use crate::time::rfc3339;

/// Stage of a synchronization that is complete.
const COMPLETE: i64 = 4;
/// Blocks that wait for a slow caller before its channel is closed.
const WAITING_BLOCKS: usize = 64;

methods! { Filecoin:
    /// What is being synchronized. This node makes its chain itself: one entry, complete, at the head.
    [read] SyncState() -> node::SyncState = state;

    /// Takes a block, if it is good, and is no second one of a miner whose key is here. Its messages must be here, in the pool or on
    /// chain.
    [write] SyncSubmitBlock(block: BlockMessage) -> () = submit_block;

    /// Declares a tipset final: no fork goes behind it.
    [admin] SyncCheckpoint(tipset: TipsetKey) -> () = checkpoint;

    /// Declares a block bad: the chain leaves it for the heaviest other tipset that is known, or for its parents, and from then on takes
    /// neither it nor what stands on it. A miner that made it makes no other one beside it.
    [admin] SyncMarkBad(block: Cid) -> () = mark_bad;

    /// Takes that back. The block comes in when it is submitted again.
    [admin] SyncUnmarkBad(block: Cid) -> () = unmark_bad;

    /// Takes back that any block is bad.
    [admin] SyncUnmarkAllBad() -> () = unmark_all_bad;

    /// Why a block was declared bad; empty if it was not.
    [read] SyncCheckBad(block: Cid) -> String = check_bad;

    /// Judges a tipset that is here once more, on a state that is computed anew. True, or an error that says what is wrong.
    [read] SyncValidateTipset(tipset: TipsetKey) -> bool = validate;

    /// A channel of the headers of good blocks, each when it comes. It is closed where blocks were lost because the caller is slow.
    [read channel] SyncIncomingBlocks() -> BlockHeader = incoming_blocks;
}

fn state(services: &Services) -> Reply<node::SyncState> {
    let head = services.chain.head();
    let start = rfc3339(services.about.started);
    Ok(node::SyncState {
        active: vec![ActiveSync {
            worker: 0,
            base: Some(services.chain.genesis().clone()),
            height: head.height(),
            target: Some(head),
            stage: COMPLETE,
            start: start.clone(),
            end: start,
            message: String::new(),
        }],
        applied: 0,
    })
}

fn submit_block(services: &Services, block: BlockMessage) -> Reply<()> {
    let bls = block.bls.iter().map(|cid| match find(services, cid)? {
        ChainMessage::Unsigned(message) => Ok(message),
        ChainMessage::Signed(_) => Err(RpcError::general(format!(
            "message {cid} is not of a BLS sender"
        ))),
    });
    let bls = bls.collect::<Reply<_>>()?;
    let signed = block.signed.iter().map(|cid| match find(services, cid)? {
        ChainMessage::Signed(signed) => Ok(signed),
        ChainMessage::Unsigned(_) => Err(RpcError::general(format!(
            "message {cid} is of a BLS sender"
        ))),
    });
    let signed: Vec<SignedMessage> = signed.collect::<Reply<_>>()?;
    let header = block.header;
    let block = FullBlock {
        header,
        bls,
        signed,
    };
    services.door.submit(&block).map_err(told)
}

fn find(services: &Services, cid: &Cid) -> Reply<ChainMessage> {
    if let Some(waiting) = services.pool.get(cid) {
        return Ok(waiting.signed.clone().into_chain_message());
    }
    let missing = || RpcError::general(format!("message {cid} of the block is not here"));
    services.chain.message(cid)?.ok_or_else(missing)
}

fn checkpoint(services: &Services, tipset: TipsetKey) -> Reply<()> {
    services.chain.set_checkpoint(&services.tipset(&tipset)?)?;
    follow_head(services)
}

fn mark_bad(services: &Services, block: Cid) -> Reply<()> {
    services.door.mark_bad(&block).map_err(told)
}

fn unmark_bad(services: &Services, block: Cid) -> Reply<()> {
    services.door.unmark_bad(Some(&block)).map_err(told)
}

fn unmark_all_bad(services: &Services) -> Reply<()> {
    services.door.unmark_bad(None).map_err(told)
}

fn check_bad(services: &Services, block: Cid) -> Reply<String> {
    Ok(services.door.why_bad(&block).unwrap_or_default())
}

fn validate(services: &Services, tipset: TipsetKey) -> Reply<bool> {
    let tipset = services.tipset(&tipset)?;
    services.door.validate(&tipset).map_err(told)?;
    Ok(true)
}

fn incoming_blocks(services: &Services) -> Reply<mpsc::Receiver<BlockHeader>> {
    let (sender, receiver) = mpsc::channel(WAITING_BLOCKS);
    let listener = move |header: &BlockHeader| sender.try_send(header.clone()).is_ok();
    services.door.listen(Box::new(listener));
    Ok(receiver)
}
