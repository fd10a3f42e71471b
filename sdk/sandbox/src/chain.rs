//! The chain a sandbox stands for: nothing but epochs.

use cid::Cid;
use filigree_vm::Chain;
use fvm_ipld_encoding::DAG_CBOR;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::consensus::ConsensusFault;
use fvm_shared::econ::TokenAmount;
use multihash_codetable::{Code, MultihashDigest};

/// A stand-in for a chain: each epoch up to now has a tipset and randomness of its own, which follow from its number.
/// There are no headers, so nobody commits a consensus fault.
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

    #[test]
    fn randomness_follows_from_the_epoch_and_the_future_has_none() {
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
        assert!(chain.chain_randomness(6).is_err() && chain.tipset_cid(-1).is_err());
    }
}
