//! How long a block takes: messages selected, block put together and signed, and let in by our own door, which validates it.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};
use filigree_sync::base_on;
use serde::{Deserialize, Serialize};

use crate::figures::millis;
use crate::world::{Miners, World};

/// How large all of it is.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// People who send.
    pub people: usize,
    /// Payments in the pool.
    pub messages: usize,
}

impl Sizes {
    /// As they are told.
    pub const FULL: Self = Self {
        people: 500,
        messages: 1_000,
    };
    /// For a test.
    pub const QUICK: Self = Self {
        people: 30,
        messages: 60,
    };
}

/// What blocks took, in milliseconds, block by block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BlockFigures {
    /// Messages in the pool, all of which the block takes.
    pub messages: usize,
    /// The pool's selection alone.
    pub select_ms: Vec<f64>,
    /// The whole round of a miner: draw, winning proof (mock), selection, assembly, signature, validation, the chain's new head,
    /// the pool brought to it.
    pub round_ms: Vec<f64>,
}

/// Mines blocks of as many messages.
///
/// # Errors
/// When one cannot be mined.
pub fn measure(bundle: &Path, sizes: &Sizes, rounds: usize) -> Result<BlockFigures> {
    let mut world = World::found(bundle, sizes.people, 0, Miners::OnDemand)?;
    let mut figures = BlockFigures {
        messages: sizes.messages,
        select_ms: Vec::new(),
        round_ms: Vec::new(),
    };
    // The first block warms up.
    for round in 0..=rounds {
        eprintln!("blocks: {round} of {rounds}");
        // An empty one between: what its parents lead to is not part of it.
        world.mine()?;
        let messages = world.people.payments(sizes.messages)?;
        world.push(messages)?;
        world.ready()?;
        let node = &world.node;
        let base = base_on(&node.chain, &node.states, &node.chain.head())?;
        let start = Instant::now();
        let selected = node.pool.select(&base, 1.0)?;
        let select = start.elapsed();
        let count = selected.len();
        ensure!(count == sizes.messages, "{count} messages were selected");
        let (head, took) = world.mine_timed()?;
        let mined = node.chain.messages_of_block(head.first())?.len();
        ensure!(mined == sizes.messages, "{mined} messages were mined");
        if round > 0 {
            figures.select_ms.push(millis(select));
            figures.round_ms.push(millis(took));
        }
    }
    Ok(figures)
}
