//! The storage market and verified storage.

use cid::Cid;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;

use crate::json_structs;

json_structs! {
    /// What somebody has in the market.
    struct MarketBalance {
        /// In all, attoFIL.
        "Escrow" => escrow: TokenAmount,
        /// Of that, bound by deals.
        "Locked" => locked: TokenAmount,
    }

    /// A deal.
    struct MarketDeal {
        /// What was agreed.
        "Proposal" => proposal: DealProposal,
        /// What became of it.
        "State" => state: MarketDealState,
    }

    /// What a client and a provider agreed.
    struct DealProposal {
        /// Commitment to the data.
        "PieceCID" => piece: Cid,
        /// Bytes with padding.
        "PieceSize" => piece_size_bytes: u64,
        /// Whether the client pays with data cap, so that it counts more.
        "VerifiedDeal" => verified: bool,
        /// Whose data.
        "Client" => client: Address,
        /// Who stores it.
        "Provider" => provider: Address,
        /// What the client calls it.
        "Label" => label: String,
        /// First epoch.
        "StartEpoch" => start_epoch: ChainEpoch,
        /// Last epoch.
        "EndEpoch" => end_epoch: ChainEpoch,
        /// attoFIL.
        "StoragePricePerEpoch" => price_per_epoch: TokenAmount,
        /// attoFIL.
        "ProviderCollateral" => provider_collateral: TokenAmount,
        /// attoFIL.
        "ClientCollateral" => client_collateral: TokenAmount,
    }

    /// What became of a deal.
    struct MarketDealState {
        /// The sector it is in; 0 if there is none yet, or it is the first.
        "SectorNumber" => sector: u64,
        /// When that was proven first; -1: not yet.
        "SectorStartEpoch" => sector_start_epoch: ChainEpoch,
        /// When it was paid last; -1: never.
        "LastUpdatedEpoch" => last_updated_epoch: ChainEpoch,
        /// When its provider was slashed; -1: never.
        "SlashEpoch" => slash_epoch: ChainEpoch,
    }

    /// Collateral that a provider may give.
    struct DealCollateralBounds {
        /// At least, attoFIL.
        "Min" => min: TokenAmount,
        /// At most, attoFIL.
        "Max" => max: TokenAmount,
    }

    /// Data cap that waits for a provider to store the data.
    struct Allocation {
        /// Id of the client.
        "Client" => client: u64,
        /// Id of the provider.
        "Provider" => provider: u64,
        /// Commitment to the data.
        "Data" => data: Cid,
        /// Bytes with padding.
        "Size" => size_bytes: u64,
        /// Epochs for which it is stored at least.
        "TermMin" => term_min: ChainEpoch,
        /// Epochs for which it may be stored at most.
        "TermMax" => term_max: ChainEpoch,
        /// Until when it must be claimed.
        "Expiration" => expiration: ChainEpoch,
    }

    /// Verified data that a provider stores.
    struct VerifiedClaim {
        /// Id of the provider.
        "Provider" => provider: u64,
        /// Id of the client.
        "Client" => client: u64,
        /// Commitment to the data.
        "Data" => data: Cid,
        /// Bytes with padding.
        "Size" => size_bytes: u64,
        /// Epochs for which it is stored at least.
        "TermMin" => term_min: ChainEpoch,
        /// Epochs for which it may be stored at most.
        "TermMax" => term_max: ChainEpoch,
        /// Since when.
        "TermStart" => term_start: ChainEpoch,
        /// In which sector.
        "Sector" => sector: u64,
    }

    /// Where all FIL is.
    struct CirculatingSupply {
        /// Vested to the first holders.
        "FilVested" => vested: TokenAmount,
        /// Mined.
        "FilMined" => mined: TokenAmount,
        /// Burnt.
        "FilBurnt" => burnt: TokenAmount,
        /// Locked as collateral.
        "FilLocked" => locked: TokenAmount,
        /// All others.
        "FilCirculating" => circulating: TokenAmount,
        /// Paid out of the reserve.
        "FilReserveDisbursed" => reserve_disbursed: TokenAmount,
    }
}
