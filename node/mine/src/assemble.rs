//! Putting a block together: messages, the state and fees that follow from its parents, the signature.

use anyhow::anyhow;
use cid::Cid;
use filigree_blocks::{BlockHeader, FullBlock, Ticket};
use filigree_consensus::messages::root;
use filigree_keys::aggregate;
use filigree_mempool::Base;
use filigree_sync::base_on;

use crate::election::Win;
use crate::round::{Lost, Miner};

impl Miner {
    /// The block of a win, signed.
    pub fn assemble(&self, win: &Win) -> Result<FullBlock, Lost> {
        let parts = &self.parts;
        let (chain, parents) = (&parts.chain, &win.parents);
        let result = parts.states.tipset_state(parents)?;
        let base = Base {
            // Messages run by the rules of the epoch after that, which is not the next after the parents if there were none between.
            epoch: win.epoch.saturating_sub(1),
            ..base_on(chain, &parts.states, parents)?
        };
        let selected = parts.pool.select(&base, quality(&win.ticket));
        let selected = selected.map_err(Lost::Selection)?;
        let (of_bls, others): (Vec<_>, Vec<_>) =
            selected.iter().partition(|pending| pending.is_bls());
        let signatures = of_bls.iter().map(|pending| &pending.signed.signature);
        let aggregate = aggregate(signatures).ok_or_else(|| {
            Lost::Assembly(anyhow!(
                "a BLS signature in the pool is no point of the curve"
            ))
        })?;
        let time = chain.config().timestamp_of(win.epoch);
        let timestamp_seconds =
            time.ok_or_else(|| Lost::Assembly(anyhow!("epoch {} has no time", win.epoch)))?;
        let header = BlockHeader {
            miner: self.address(),
            ticket: Some(win.ticket.clone()),
            election_proof: Some(win.election_proof.clone()),
            beacon_entries: win.beacon_entries.clone(),
            winning_post: win.winning_post.clone(),
            parents: parents.key().clone(),
            parent_weight: chain.weight(parents)?,
            height: win.epoch,
            parent_state: result.state,
            parent_receipts: result.receipts,
            messages: Cid::default(),
            bls_aggregate: Some(aggregate),
            timestamp_seconds,
            signature: None,
            fork_signal: 0,
            parent_base_fee: base.base_fee,
        };
        let mut block = FullBlock {
            header,
            bls: of_bls
                .iter()
                .map(|pending| pending.signed.message.clone())
                .collect(),
            signed: others
                .iter()
                .map(|pending| pending.signed.clone())
                .collect(),
        };
        block.header.messages = root::of(&block).map_err(Lost::Assembly)?;
        block.header.signature = Some(win.worker.sign(&block.header.signing_bytes()));
        Ok(block)
    }
}

/// The part of all tickets that are worse than this one, 0 to 1: the smallest digest comes first in a tipset.
fn quality(ticket: &Ticket) -> f64 {
    let digest = ticket.digest();
    let first: [u8; 8] = digest.first_chunk().copied().unwrap_or_default();
    1.0 - u64::from_be_bytes(first) as f64 / 2.0_f64.powi(64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smaller_the_digest_the_better_the_ticket() {
        let mut tickets: Vec<Ticket> = (0..50u8).map(|i| Ticket { vrf_proof: vec![i] }).collect();
        tickets.sort_by(Ticket::compare);
        let qualities: Vec<f64> = tickets.iter().map(quality).collect();
        assert!(qualities.is_sorted_by(|a, b| a > b), "{qualities:?}");
        assert!(
            qualities
                .iter()
                .all(|quality| (0.0..=1.0).contains(quality))
        );
    }
}
