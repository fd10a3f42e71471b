//! Which messages make the best block.
//!
//! A sender's messages can only be mined in order, so a cheap one may stand before a dear one. Each sender's [`Line`] of messages
//! is cut into [`Chain`]s, each of which pays more per gas than the next: the best that can be had of a sender is always its first
//! chain. A block is [packed](pack) chain by chain, the best per gas first.
//!
//! Other miners of the epoch see much the same pool, and what several blocks have is paid to the first of them alone. Unless this
//! miner's ticket makes it likely that its block comes first, chains count for less the likelier it is that an earlier block has
//! them ([`odds`]).

pub(crate) mod chain;
pub(crate) mod line;
pub mod odds;
mod pack;

use std::sync::Arc;

use anyhow::Result;
use filigree_consensus::limits::{BLOCK_GAS, BLOCK_MESSAGES};

use crate::base::{Base, Rules};
use crate::limits::KIND_MESSAGES;
use crate::pending::Pending;
use crate::pool::Pool;
use chain::{Chain, by_density};
use line::Line;
use pack::{Room, Weighted, pack};

/// With a better ticket than this the first place is the likeliest for the block, so that all other miners may be left out of
/// account.
const FIRST: f64 = 0.84;

impl Pool {
    /// Messages for a block on `base`, most worth to the miner: each sender's in order and affordable, within the limits of a
    /// block. `ticket_quality` is the part of all tickets that are worse than the miner's, 0 to 1. None costs the miner anything,
    /// unless one after it makes up for that.
    ///
    /// # Errors
    /// When state cannot be read, or the network version has no prices.
    pub fn select(&self, base: &Base, ticket_quality: f64) -> Result<Vec<Arc<Pending>>> {
        let (queues, priority) = {
            let inner = self.lock();
            (inner.by_sender(), inner.limits.priority.clone())
        };
        let config = self.config();
        let rules = Rules::after(&config, base)?;
        let (mut first, mut others) = (Vec::new(), Vec::new());
        for (sender, messages) in queues {
            let Some(account) = base.accounts.account(&sender)? else {
                continue;
            };
            let line = Line::new(messages.into_iter(), &account, &base.base_fee, rules);
            match priority.contains(&sender) {
                true => first.extend(line),
                false => others.extend(line),
            }
        }
        let mut room = Room::of_a_block();
        let mut selected = pack(&all_counting(&first), &mut room);
        let weighted = match ticket_quality > FIRST {
            true => all_counting(&others),
            false => by_odds(
                &others,
                &odds::of_places(ticket_quality, config.blocks_per_epoch),
            ),
        };
        selected.extend(pack(&weighted, &mut room));
        Ok(selected)
    }
}

impl Room {
    fn of_a_block() -> Self {
        Self {
            gas: BLOCK_GAS,
            messages: BLOCK_MESSAGES,
            bls: KIND_MESSAGES,
            others: KIND_MESSAGES,
        }
    }
}

/// All chains at their full worth.
fn all_counting(lines: &[Line]) -> Vec<Weighted<'_>> {
    let weighted = |line| {
        let chains = Chain::of(line);
        let weights = vec![1.0; chains.len()];
        Weighted::new(line, &chains, &weights)
    };
    lines.iter().map(weighted).collect()
}

/// Chains by how likely it is that no earlier block has them: all miners are taken to fill blocks with the best chains first,
/// each with what the one before left.
fn by_odds<'a>(lines: &'a [Line], odds: &[f64]) -> Vec<Weighted<'a>> {
    let chains: Vec<Vec<Chain>> = lines.iter().map(Chain::of).collect();
    let mut order: Vec<(usize, usize)> = chains
        .iter()
        .enumerate()
        .flat_map(|(line, chains)| (0..chains.len()).map(move |at| (line, at)))
        .collect();
    order.sort_by(|(line_a, a), (line_b, b)| {
        by_density(&chains[*line_a][*a], &chains[*line_b][*b])
            .then_with(|| lines[*line_a].sender.cmp(&lines[*line_b].sender))
            .then_with(|| a.cmp(b))
    });
    let mut weights: Vec<Vec<f64>> = chains
        .iter()
        .map(|chains| vec![0.0; chains.len()])
        .collect();
    let (mut block, mut gas, mut messages) = (0, 0u64, 0usize);
    for (line, at) in order {
        let chain = &chains[line][at];
        if gas >= BLOCK_GAS || messages >= BLOCK_MESSAGES {
            (block, gas, messages) = (block + 1, 0, 0);
        }
        weights[line][at] = odds.get(block).copied().unwrap_or_default();
        gas = gas.saturating_add(chain.gas);
        messages += chain.range.len();
    }
    lines
        .iter()
        .zip(chains.iter().zip(&weights))
        .map(|(line, (chains, weights))| Weighted::new(line, chains, weights))
        .collect()
}
