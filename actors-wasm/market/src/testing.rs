//! A deal for unit tests.

use cid::multihash::Multihash;
use filigree_sdk::prelude::*;
use fvm_shared::commcid::{FIL_COMMITMENT_UNSEALED, SHA2_256_TRUNC254_PADDED};
use fvm_shared::piece::PaddedPieceSize;

use crate::deal::DealProposal;
use crate::label::Label;
use crate::rule::bounds::MIN_DURATION;

pub const CLIENT: ActorID = 1_001;
pub const PROVIDER: ActorID = 1_000;

/// From epoch 1,000 on, as short as possible, at 10 attoFIL an epoch; collateral of 500 (client) and 2,000 (provider).
pub fn deal() -> DealProposal {
    let piece = Multihash::wrap(SHA2_256_TRUNC254_PADDED, &[1; 32]).unwrap();
    DealProposal {
        piece_cid: Cid::new_v1(FIL_COMMITMENT_UNSEALED, piece),
        piece_size: PaddedPieceSize(2_048),
        verified_deal: false,
        client: Address::new_id(CLIENT),
        provider: Address::new_id(PROVIDER),
        label: Label::Text("a deal".to_owned()),
        start_epoch: 1_000,
        end_epoch: 1_000 + MIN_DURATION,
        storage_price_per_epoch: TokenAmount::from_atto(10),
        provider_collateral: TokenAmount::from_atto(2_000),
        client_collateral: TokenAmount::from_atto(500),
    }
}
