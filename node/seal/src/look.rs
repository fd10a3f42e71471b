//! What the chain says: of the miner's state now and a few epochs back, and its randomness.

use filigree_blocks::Tipset;
use filigree_chain::NullRounds;
use filigree_consensus::draw::Purpose;
use filigree_node_state::View;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;

use crate::error::SealError;
use crate::sector::Randomness;
use crate::shared::Shared;

impl Shared {
    pub fn head(&self) -> Tipset {
        self.parts.chain.head()
    }

    /// The state that the head leads to.
    pub fn now(&self, head: &Tipset) -> Result<View, SealError> {
        Ok(self.parts.states.view_after(head)?)
    }

    /// The state that is relied on: some epochs back.
    pub fn settled(&self, head: &Tipset) -> Result<View, SealError> {
        let epoch = head.height() - self.parts.settings.confidence_epochs;
        let chain = &self.parts.chain;
        let tipset = chain.tipset_at(head, epoch.max(0), NullRounds::Before)?;
        Ok(self.parts.states.view_after(&tipset)?)
    }

    /// What ties randomness to this miner.
    fn entropy(&self) -> Result<Vec<u8>, SealError> {
        Ok(fvm_ipld_encoding::to_vec(&Address::new_id(self.miner))?)
    }

    /// Randomness that a sector is sealed from.
    pub fn ticket(&self, head: &Tipset, epoch: ChainEpoch) -> Result<Randomness, SealError> {
        let (chain, entropy) = (&self.parts.chain, self.entropy()?);
        let value = chain.draw_from_ticket(head, Purpose::SealRandomness, epoch, &entropy)?;
        Ok(Randomness { epoch, value })
    }

    /// Randomness that a sealed sector is challenged with.
    pub fn seed(&self, head: &Tipset, epoch: ChainEpoch) -> Result<Randomness, SealError> {
        let (chain, entropy) = (&self.parts.chain, self.entropy()?);
        let purpose = Purpose::InteractiveSealChallengeSeed;
        let value = chain.draw_from_beacon(head, purpose, epoch, &entropy)?;
        Ok(Randomness { epoch, value })
    }

    /// Randomness that the sectors of a deadline are challenged with.
    pub fn challenge(&self, head: &Tipset, epoch: ChainEpoch) -> Result<[u8; 32], SealError> {
        let (chain, entropy) = (&self.parts.chain, self.entropy()?);
        let purpose = Purpose::WindowedPostChallengeSeed;
        Ok(chain.draw_from_beacon(head, purpose, epoch, &entropy)?)
    }

    /// Randomness that ties a window proof to this chain.
    pub fn chain_commit(&self, head: &Tipset, epoch: ChainEpoch) -> Result<[u8; 32], SealError> {
        let chain = &self.parts.chain;
        Ok(chain.draw_from_ticket(head, Purpose::PostChainCommit, epoch, &[])?)
    }
}
