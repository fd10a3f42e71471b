//! How the chain here stands beside the chain of the network.

use cid::Cid;
use filigree_blocks::{BlockMessage, ChainMessage, FullBlock, SignedMessage, TipsetKey};

use crate::error::{Reply, RpcError};
use crate::json::node::{self, ActiveSync};
use crate::method::chain::follow_head;
use crate::methods;
use crate::services::Services;
use crate::time::rfc3339;

/// Stage of a synchronization that is complete.
const COMPLETE: i64 = 4;

methods! { Filecoin:
    /// What is being synchronized. This node makes its chain itself: one entry, complete, at the head.
    [read] SyncState() -> node::SyncState = state;

    /// Takes a block, if it is good. Its messages must be here, in the pool or on chain.
    [write] SyncSubmitBlock(block: BlockMessage) -> () = submit_block;

    /// Declares a tipset final: no fork goes behind it.
    [admin] SyncCheckpoint(tipset: TipsetKey) -> () = checkpoint;
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
    let taken = (services.submit_block)(FullBlock {
        header,
        bls,
        signed,
    });
    taken.map_err(|e| RpcError::general(format!("{e:#}")))
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
