//! The chain a sandbox stands for: nothing but epochs.

use cid::Cid;
use filigree_vm::Chain;
use fvm_ipld_encoding::{DAG_CBOR, from_slice, to_vec};
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::consensus::{ConsensusFault, ConsensusFaultType};
use fvm_shared::econ::TokenAmount;
use multihash_codetable::{Code, MultihashDigest};

/// What a header begins with that is a fault.
const MOCK_FAULT: &[u8] = b"mock fault";

/// A header that is a consensus fault of a miner, in sandboxes alone: two blocks at one epoch.
pub fn mock_fault(miner: ActorID, epoch: ChainEpoch) -> Vec<u8> {
    let fault = to_vec(&(miner, epoch)).expect("numbers encode");
    [MOCK_FAULT, &fault].concat()
}

/// A stand-in for a chain: each epoch up to now has a tipset and randomness of its own, which follow from its number.
/// There are no headers: of those that someone reports, the first says itself that it is a fault, if it is one ([`mock_fault`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MockChain {
    /// The epoch of the message that asks.
    pub epoch: ChainEpoch,
    /// What makes this chain's randomness differ from another's.
    pub seed: u64,
    /// The circulating supply.
    pub circulating_supply: TokenAmount,
}

impl MockChain {
    fn draw(&self, what: &str, epoch: ChainEpoch) -> anyhow::Result<[u8; 32]> {
        anyhow::ensure!(
            (0..=self.epoch).contains(&epoch),
            "there is no {what} of epoch {epoch}: this is epoch {}",
            self.epoch
        );
        let text = format!("filigree sandbox {what} {} {epoch}", self.seed);
        let digest = Code::Blake2b256.digest(text.as_bytes());
        Ok(digest.digest().try_into()?)
    }
}

impl Chain for MockChain {
    fn chain_randomness(&self, epoch: ChainEpoch) -> anyhow::Result<[u8; 32]> {
        self.draw("ticket", epoch)
    }

    fn beacon_randomness(&self, epoch: ChainEpoch) -> anyhow::Result<[u8; 32]> {
        self.draw("beacon", epoch)
    }

    fn tipset_cid(&self, epoch: ChainEpoch) -> anyhow::Result<Cid> {
        let digest = Code::Blake2b256.digest(&self.draw("tipset", epoch)?);
        Ok(Cid::new_v1(DAG_CBOR, digest))
    }

    fn circulating_supply(&self) -> TokenAmount {
        self.circulating_supply.clone()
    }

    fn consensus_fault(
        &self,
        first: &[u8],
        _: &[u8],
        _: &[u8],
    ) -> anyhow::Result<Option<ConsensusFault>> {
        let Some(fault) = first.strip_prefix(MOCK_FAULT) else {
            return Ok(None);
        };
        let (miner, epoch): (ActorID, ChainEpoch) = from_slice(fault)?;
        Ok(Some(ConsensusFault {
            target: Address::new_id(miner),
            epoch,
            fault_type: ConsensusFaultType::DoubleForkMining,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_follows_from_the_epoch_and_the_future_has_none() {
        let chain = MockChain {
            epoch: 5,
            seed: 0,
            circulating_supply: TokenAmount::default(),
        };
        let drawn = chain.chain_randomness(5).unwrap();
        assert_eq!(drawn, chain.clone().chain_randomness(5).unwrap());
        assert_ne!(drawn, chain.chain_randomness(4).unwrap());
        assert_ne!(drawn, chain.beacon_randomness(5).unwrap());
        assert_ne!(
            drawn,
            MockChain {
                seed: 1,
                ..chain.clone()
            }
            .chain_randomness(5)
            .unwrap()
        );
        let fault = chain.consensus_fault(&mock_fault(7, 3), &[], &[]).unwrap();
        assert_eq!(fault.unwrap().target, Address::new_id(7));
        let none = chain.consensus_fault(b"header", &[], &[]).unwrap();
        assert!(none.is_none());
        assert!(chain.chain_randomness(6).is_err() && chain.tipset_cid(-1).is_err());
    }
}
