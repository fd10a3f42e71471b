//! What the host asks of the chain it runs on. The node implements it; the host itself knows no headers or tipsets.

use cid::Cid;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::consensus::ConsensusFault;
use fvm_shared::econ::TokenAmount;

/// The chain as seen from the epoch a [`Machine`](crate::Machine) runs at.
pub trait Chain {
    /// 32 bytes of ticket randomness for `epoch`.
    ///
    /// Before network version 21 this is the digest the host draws from, with the actor's personalization and entropy;
    /// from 21 on the actor draws for itself (FIP-0055). An error is told to the actor as an illegal argument.
    fn chain_randomness(&self, epoch: ChainEpoch) -> anyhow::Result<[u8; 32]>;

    /// 32 bytes of beacon (drand) randomness for `epoch`; otherwise as [`chain_randomness`](Self::chain_randomness).
    fn beacon_randomness(&self, epoch: ChainEpoch) -> anyhow::Result<[u8; 32]>;

    /// CID of the tipset key at `epoch`, or of the last tipset before it. An error is fatal to the message.
    fn tipset_cid(&self, epoch: ChainEpoch) -> anyhow::Result<Cid>;

    /// Circulating supply in attoFIL at this epoch.
    fn circulating_supply(&self) -> TokenAmount;

    /// Checks two block headers (DAG-CBOR), and `extra` for parent grinding, for a consensus fault; `None` if there is
    /// none. An error is told to the actor as an illegal argument.
    fn consensus_fault(
        &self,
        header_1: &[u8],
        header_2: &[u8],
        extra: &[u8],
    ) -> anyhow::Result<Option<ConsensusFault>>;
}
