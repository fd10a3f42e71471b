//! Looking at deals. A deal can be looked at from when it is published until some time after it is over; then it is cleaned up.

use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;
use fvm_shared::clock::EPOCH_UNDEFINED;
use fvm_shared::piece::PaddedPieceSize;
use fvm_shared::sector::SectorNumber;

use crate::deal::{DealId, DealProposal, DealState};
use crate::state::Market;
use crate::state::open::OpenMarket;
use crate::{DEAL_EXPIRED, DEAL_NOT_ACTIVATED};

/// What GetDealDataCommitment returns.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetDealDataCommitmentReturn {
    /// The piece (CommP).
    pub data: Cid,
    /// Its size, bytes.
    pub size: PaddedPieceSize,
}

/// What GetDealTerm returns.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetDealTermReturn {
    /// When the deal begins.
    pub start: ChainEpoch,
    /// How long it lasts, epochs.
    pub duration: ChainEpoch,
}

/// What GetDealActivation returns.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetDealActivationReturn {
    /// When the piece was proven to be in a sector, which may be before the deal begins; −1 if it was not.
    pub activated: ChainEpoch,
    /// When the deal ended early; −1 if it did not.
    pub terminated: ChainEpoch,
}

/// A deal's proposal.
pub(crate) fn proposal(market: &Market, id: DealId) -> Result<DealProposal> {
    OpenMarket::of(market.clone(), ActorStore).proposal(id)
}

/// When a deal was activated.
pub(crate) fn activation(market: &Market, id: DealId) -> Result<GetDealActivationReturn> {
    let state = state(market, id)?;
    Ok(GetDealActivationReturn {
        activated: state.map_or(EPOCH_UNDEFINED, |state| state.sector_start_epoch),
        terminated: EPOCH_UNDEFINED,
    })
}

/// The sector of an activated deal.
pub(crate) fn sector(market: &Market, id: DealId) -> Result<SectorNumber> {
    match state(market, id)? {
        Some(state) => Ok(state.sector_number),
        None => Err(Error::new(
            DEAL_NOT_ACTIVATED,
            format!("deal {id} is not activated yet"),
        )),
    }
}

/// The state of a deal; `None` if it was published and not activated.
fn state(market: &Market, id: DealId) -> Result<Option<DealState>> {
    let mut market = OpenMarket::of(market.clone(), ActorStore);
    match market.states()?.get(id)? {
        // To be cleaned up; the last such deals were marked before FIP-0074.
        Some(state) if state.slash_epoch != EPOCH_UNDEFINED => {
            Err(Error::new(DEAL_EXPIRED, format!("deal {id} ended early")))
        }
        Some(state) => Ok(Some(state)),
        None => market.proposal(id).map(|_| None),
    }
}
