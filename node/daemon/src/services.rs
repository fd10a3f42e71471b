//! What the methods of the RPC work with, from the parts of a node.

use std::sync::Arc;

use anyhow::Result;
use cid::Cid;
use filigree_blocks::{FullBlock, Tipset};
use filigree_mine::Beacon;
use filigree_rpc::{About, BlockListener, Door, Services, Tokens};

use crate::devnet;
use crate::node::Node;

/// Why a block is bad, if a caller of the RPC has declared it so.
const MARKED: &str = "marked over RPC";

/// The services of a node; `shut_down` asks it to end, and does not wait.
///
/// # Errors
/// When the key of the network's beacon is not what it should be, or the system gives no random bytes.
pub fn services(
    node: &Arc<Node>,
    version: &str,
    tokens: Tokens,
    shut_down: impl Fn() + Send + Sync + 'static,
) -> Result<Services> {
    let beacon = match node.network {
        Some(_) if devnet::has_keys(&node.wallet) => Beacon::local(devnet::beacon(&node.wallet)?),
        _ => Beacon::none(),
    };
    let chain = Arc::clone(&node.chain);
    Ok(Services {
        about: About::new(version)?,
        tokens,
        wallet: Arc::clone(&node.wallet),
        chain: Arc::clone(&node.chain),
        states: node.states.clone(),
        pool: Arc::clone(&node.pool),
        sending: Arc::clone(&node.sending),
        schemas: Default::default(),
        door: Arc::clone(node) as _,
        beacon: Box::new(move |epoch, parents| {
            let previous = chain.latest_beacon_entry(parents)?.round;
            let config = chain.config();
            Ok(beacon.entries(&config, epoch, parents.height(), previous)?)
        }),
        operator: Arc::clone(node) as _,
        tasks: node.tasks.clone(),
        shut_down: Box::new(shut_down),
    })
}

impl Door for Node {
    fn submit(&self, block: &FullBlock) -> Result<()> {
        self.guard.submit(block)?;
        Ok(())
    }

    fn give_out(&self, block: &FullBlock) -> Result<()> {
        Ok(self.guard.give_out(block)?)
    }

    fn mark_bad(&self, block: &Cid) -> Result<()> {
        Ok(self.intake.mark_bad(block, MARKED)?)
    }

    fn unmark_bad(&self, block: Option<&Cid>) -> Result<()> {
        match block {
            Some(block) => self.intake.unmark_bad(block)?,
            None => self.intake.unmark_all_bad()?,
        }
        Ok(())
    }

    fn why_bad(&self, block: &Cid) -> Option<String> {
        self.intake.why_bad(block)
    }

    fn validate(&self, tipset: &Tipset) -> Result<()> {
        Ok(self.intake.validate(tipset)?)
    }

    fn listen(&self, listener: BlockListener) {
        self.intake.listen(listener);
    }
}
