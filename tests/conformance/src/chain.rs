//! The chain as a vector recorded it.
//!
//! Randomness is replayed. Where none was recorded every runner of these vectors gives the same 32 bytes, so that a
//! message that asks for more than it did on mainnet still has one result. There are no tipsets and no consensus faults.

use std::collections::BTreeMap;

use anyhow::bail;
use cid::Cid;
use filigree_vm::Chain;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::consensus::ConsensusFault;
use fvm_shared::econ::TokenAmount;

use crate::vector::{RandomnessKind, Vector};

/// The randomness of every epoch that was not recorded.
pub const FALLBACK_RANDOMNESS: [u8; 32] = *b"i_am_random_____i_am_random_____";

/// Circulating supply of a vector that names none: two billion FIL, all there will ever be.
pub fn default_circulating_supply() -> TokenAmount {
    TokenAmount::from_whole(2_000_000_000)
}

/// Replays what a vector recorded.
#[derive(Clone, Debug, Default)]
pub struct ReplayChain {
    beacon: BTreeMap<ChainEpoch, [u8; 32]>,
    tickets: BTreeMap<ChainEpoch, [u8; 32]>,
    circulating_supply: TokenAmount,
}

impl ReplayChain {
    /// The chain of a vector.
    pub fn new(vector: &Vector) -> Self {
        let supply = vector.file.preconditions.circ_supply;
        let mut chain = Self {
            circulating_supply: supply
                .map_or_else(default_circulating_supply, TokenAmount::from_atto),
            ..Self::default()
        };
        for entry in &vector.file.randomness {
            let (kind, epoch) = entry.on;
            let epochs = match kind {
                RandomnessKind::Beacon => &mut chain.beacon,
                RandomnessKind::Chain => &mut chain.tickets,
            };
            // The first record of an epoch counts. `Vector::new` made sure of the length.
            if let Ok(bytes) = entry.ret.as_slice().try_into() {
                epochs.entry(epoch).or_insert(bytes);
            }
        }
        chain
    }
}

impl Chain for ReplayChain {
    fn chain_randomness(&self, epoch: ChainEpoch) -> anyhow::Result<[u8; 32]> {
        Ok(self
            .tickets
            .get(&epoch)
            .copied()
            .unwrap_or(FALLBACK_RANDOMNESS))
    }

    fn beacon_randomness(&self, epoch: ChainEpoch) -> anyhow::Result<[u8; 32]> {
        Ok(self
            .beacon
            .get(&epoch)
            .copied()
            .unwrap_or(FALLBACK_RANDOMNESS))
    }

    fn tipset_cid(&self, epoch: ChainEpoch) -> anyhow::Result<Cid> {
        bail!("a vector records no tipset CIDs; the message asked for epoch {epoch}")
    }

    fn circulating_supply(&self) -> TokenAmount {
        self.circulating_supply.clone()
    }

    fn consensus_fault(
        &self,
        _: &[u8],
        _: &[u8],
        _: &[u8],
    ) -> anyhow::Result<Option<ConsensusFault>> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use crate::vector::Randomness;

    fn chain(randomness: &[(RandomnessKind, ChainEpoch, u8)], supply: Option<u128>) -> ReplayChain {
        let mut file = sample::file();
        file.preconditions.circ_supply = supply;
        file.randomness = randomness
            .iter()
            .map(|&(kind, epoch, byte)| Randomness {
                on: (kind, epoch),
                ret: vec![byte; 32],
            })
            .collect();
        ReplayChain::new(&Vector::new("sample", file).unwrap())
    }

    #[test]
    fn randomness_is_replayed_by_kind_and_epoch() {
        use RandomnessKind::{Beacon, Chain as Tickets};
        let chain = chain(
            &[
                (Beacon, 7, 1),
                (Tickets, 7, 2),
                (Beacon, 8, 3),
                (Beacon, 7, 9),
            ],
            None,
        );
        assert_eq!(chain.beacon_randomness(7).unwrap(), [1; 32]);
        assert_eq!(chain.chain_randomness(7).unwrap(), [2; 32]);
        assert_eq!(chain.beacon_randomness(8).unwrap(), [3; 32]);
        assert_eq!(chain.chain_randomness(8).unwrap(), FALLBACK_RANDOMNESS);
        assert_eq!(chain.beacon_randomness(9).unwrap(), FALLBACK_RANDOMNESS);
    }

    #[test]
    fn supply_has_a_default() {
        let atto = 463_834_358_738_032_286_239_672_748;
        assert_eq!(
            chain(&[], Some(atto)).circulating_supply(),
            TokenAmount::from_atto(atto)
        );
        assert_eq!(
            chain(&[], None).circulating_supply(),
            TokenAmount::from_whole(2_000_000_000)
        );
    }

    #[test]
    fn there_are_no_tipsets_and_no_faults() {
        let chain = chain(&[], None);
        assert!(
            chain
                .tipset_cid(3)
                .unwrap_err()
                .to_string()
                .contains("epoch 3")
        );
        assert!(chain.consensus_fault(&[1], &[2], &[]).unwrap().is_none());
    }
}
