//! Messages that are worth taking together: of a sender's line, those that follow each other and pay more per gas than what
//! comes after them.

use std::cmp::Ordering;
use std::ops::Range;

use fvm_shared::bigint::BigInt;

use super::line::Line;

/// A part of a line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chain {
    /// Which of the line's messages.
    pub range: Range<usize>,
    /// What the miner gets for all of them, attoFIL.
    pub reward: BigInt,
    /// Their gas limits together.
    pub gas: u64,
}

impl Chain {
    /// Cuts a line into chains, each of which pays more per gas than the next: a message that pays no less than the chain before it
    /// joins that chain, and so may the longer chain the one before.
    pub fn of(line: &Line) -> Vec<Self> {
        let mut chains: Vec<Self> = Vec::new();
        for (at, candidate) in line.candidates.iter().enumerate() {
            let mut chain = Self {
                range: at..at + 1,
                reward: candidate.reward.clone(),
                gas: candidate.gas(),
            };
            while let Some(before) = chains.pop_if(|before| density(before, &chain).is_le()) {
                chain = Self {
                    range: before.range.start..chain.range.end,
                    reward: before.reward + chain.reward,
                    gas: before.gas.saturating_add(chain.gas),
                };
            }
            chains.push(chain);
        }
        chains
    }
}

/// The order of being taken: what pays most per gas first, of the same what pays most.
pub fn by_density(a: &Chain, b: &Chain) -> Ordering {
    density(b, a).then_with(|| b.reward.cmp(&a.reward))
}

/// Compares rewards per gas, exactly.
fn density(a: &Chain, b: &Chain) -> Ordering {
    (&a.reward * b.gas).cmp(&(&b.reward * a.gas))
}
