//! The draw: whether a miner may make a block at an epoch, whether it won, and the proof that it has what it won by.

use std::sync::{Arc, PoisonError};

use filigree_blocks::{BeaconEntry, ElectionProof, Ticket, Tipset};
use filigree_consensus::{election, sortition, ticket};
use filigree_keys::{Key, vrf};
use filigree_node_state::mining::MiningBase;
use fvm_shared::address::Address;
use fvm_shared::bigint::BigInt;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::sector::{PoStProof, SectorInfo};

use crate::round::{Barred, Lost, Miner, Outcome};

/// What a draw ended with.
pub(crate) enum Drawn {
    Won(Win),
    Lost(Outcome),
}

/// All of a block that does not depend on messages.
pub(crate) struct Win {
    pub epoch: ChainEpoch,
    pub parents: Tipset,
    pub worker: Arc<Key>,
    pub beacon_entries: Vec<BeaconEntry>,
    pub ticket: Ticket,
    pub election_proof: ElectionProof,
    pub winning_post: Vec<PoStProof>,
}

/// A winning proof, and what it is of.
pub(crate) struct Proved {
    challenge: [u8; 32],
    sectors: Vec<SectorInfo>,
    proofs: Vec<PoStProof>,
}

impl Miner {
    /// Draws for a block at an epoch on `parents`, and makes the winning proof if that is won.
    pub fn draw(&self, epoch: ChainEpoch, parents: Tipset) -> Result<Drawn, Lost> {
        let (chain, states) = (&self.parts.chain, &self.parts.states);
        let config = chain.config();
        let miner = self.address();
        let previous = chain.latest_beacon_entry(&parents)?;
        let beacon = &self.parts.beacon;
        let entries = beacon.entries(&config, epoch, parents.height(), previous.round)?;
        let latest = entries.last().unwrap_or(&previous);
        let now = states.view_after(&parents)?;
        if *now.power()?.total_quality() <= BigInt::from(0) {
            return Ok(Drawn::Lost(Outcome::Barred(Barred::DeadNetwork)));
        }
        let base = states.mining_base(self.identity.id, epoch, &parents, latest)?;
        let Some(base) = base else {
            return Ok(Drawn::Lost(Outcome::Barred(Barred::NoPower)));
        };
        if let Some(reason) = base.ineligible {
            return Ok(Drawn::Lost(Outcome::Barred(Barred::Rule(reason))));
        }
        let worker = self.worker(&base.worker)?;
        let vrf_proof = prove(&worker, &election::input(&miner, epoch, latest))?;
        let (power, total) = (&base.power, &base.total_power);
        let win_count = sortition::win_count(&vrf_proof, power, total, config.blocks_per_epoch);
        if win_count < 1 {
            return Ok(Drawn::Lost(Outcome::NotElected));
        }
        let input = ticket::input(&config, &miner, epoch, latest, &parents);
        let ticket = Ticket {
            vrf_proof: prove(&worker, &input)?,
        };
        // Whoever makes the block will ask for it: it is ready then.
        states.tipset_state(&parents)?;
        let winning_post = self.winning_post(&base)?;
        Ok(Drawn::Won(Win {
            epoch,
            worker,
            beacon_entries: entries,
            ticket,
            election_proof: ElectionProof {
                win_count,
                vrf_proof,
            },
            winning_post,
            parents,
        }))
    }

    fn worker(&self, worker: &Address) -> Result<Arc<Key>, Lost> {
        self.parts.wallet.key(worker).map_err(|error| Lost::Worker {
            worker: *worker,
            error: Box::new(error),
        })
    }

    /// The proof of the sectors that the challenge chose; the one that was made last, if it is of the same.
    fn winning_post(&self, base: &MiningBase) -> Result<Vec<PoStProof>, Lost> {
        let mut last = self.proved.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = &*last
            && (last.challenge, &last.sectors) == (base.challenge, &base.sectors)
        {
            return Ok(last.proofs.clone());
        }
        let (miner, sectors) = (self.identity.id, &base.sectors);
        let proofs = self.parts.prover.prove(miner, base.challenge, sectors);
        let proofs = proofs.map_err(Lost::Proof)?;
        *last = Some(Proved {
            challenge: base.challenge,
            sectors: sectors.clone(),
            proofs: proofs.clone(),
        });
        Ok(proofs)
    }
}

fn prove(worker: &Key, input: &[u8; 32]) -> Result<Vec<u8>, Lost> {
    vrf::prove(worker, input).ok_or_else(|| Lost::NotBls(*worker.address()))
}
