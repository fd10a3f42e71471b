//! A deal: what client and provider agreed on, and what has become of it (Filecoin spec, "Storage Deal States").

use cid::multihash::Multihash;
use filigree_sdk::cbor;
use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;
use fvm_ipld_encoding::DAG_CBOR;
use fvm_shared::crypto::signature::Signature;
use fvm_shared::piece::PaddedPieceSize;
use fvm_shared::sector::SectorNumber;

use crate::label::Label;

pub use filigree_builtin::calls::market::DealId;

/// Code of the multihash in the CID of a proposal.
const BLAKE2B_256: u64 = 0xb220;

/// What client and provider agree on. In state the addresses are ids.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DealProposal {
    /// The piece of data (CommP).
    pub piece_cid: Cid,
    /// Its size, bytes, a power of two.
    pub piece_size: PaddedPieceSize,
    /// Whether the client spends datacap on it.
    pub verified_deal: bool,
    /// Who pays.
    pub client: Address,
    /// The miner that stores.
    pub provider: Address,
    /// What the client calls it.
    pub label: Label,
    /// When it begins; the piece must be in a proven sector by then.
    pub start_epoch: ChainEpoch,
    /// When it ends.
    pub end_epoch: ChainEpoch,
    /// What the client pays for each epoch, attoFIL.
    pub storage_price_per_epoch: TokenAmount,
    /// What the provider loses if it does not keep the deal, attoFIL.
    pub provider_collateral: TokenAmount,
    /// What the client sets aside, attoFIL.
    pub client_collateral: TokenAmount,
}

impl DealProposal {
    /// Length in epochs.
    pub fn duration(&self) -> ChainEpoch {
        self.end_epoch - self.start_epoch
    }

    /// What the client pays in all, attoFIL.
    pub fn total_storage_fee(&self) -> TokenAmount {
        &self.storage_price_per_epoch * self.duration()
    }

    /// What the client has to lock, attoFIL.
    pub fn client_requirement(&self) -> TokenAmount {
        &self.client_collateral + self.total_storage_fee()
    }

    /// Client and provider, of a proposal in state.
    pub fn parties(&self) -> Result<Parties> {
        match (self.client.id(), self.provider.id()) {
            (Ok(client), Ok(provider)) => Ok(Parties { client, provider }),
            _ => Err(Error::assertion_failed(
                "a deal with parties that are no ids",
            )),
        }
    }

    /// The CID of its encoding; what tells deals apart before they have ids.
    pub fn cid<S: Blocks>(&self, store: &S) -> Result<Cid> {
        encoded_cid(store, &cbor::encode(self)?)
    }
}

/// The CID of an encoded proposal.
pub(crate) fn encoded_cid<S: Blocks>(store: &S, encoded: &[u8]) -> Result<Cid> {
    let hash = Multihash::wrap(BLAKE2B_256, &store.blake2b(encoded))
        .map_err(|_| Error::assertion_failed("a digest is too long"))?;
    Ok(Cid::new_v1(DAG_CBOR, hash))
}

/// Who has a deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parties {
    /// Who pays.
    pub client: ActorID,
    /// Who stores.
    pub provider: ActorID,
}

/// A proposal with the client's signature over its encoding.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientDealProposal {
    /// The proposal, with addresses as the client wrote them.
    pub proposal: DealProposal,
    /// The signature.
    pub client_signature: Signature,
}

/// What has become of a deal whose piece is in a proven sector. −1 stands for never.
#[tuple]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DealState {
    /// The provider's sector.
    pub sector_number: SectorNumber,
    /// When the piece was proven to be there.
    pub sector_start_epoch: ChainEpoch,
    /// Up to when the provider was paid.
    pub last_updated_epoch: ChainEpoch,
    /// When the deal ended before its time.
    pub slash_epoch: ChainEpoch,
}
