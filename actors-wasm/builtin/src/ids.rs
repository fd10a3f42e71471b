//! Ids of the actors that exist once (Filecoin spec, "System Actors").

use filigree_sdk::prelude::{ActorID, Address};

/// The system actor: sends what no account sends.
pub const SYSTEM: ActorID = 0;
/// Creates actors.
pub const INIT: ActorID = 1;
/// Mints block rewards.
pub const REWARD: ActorID = 2;
/// Calls other actors at the end of an epoch.
pub const CRON: ActorID = 3;
/// Counts storage power.
pub const POWER: ActorID = 4;
/// Keeps storage deals.
pub const MARKET: ActorID = 5;
/// Keeps verified allocations and claims.
pub const VERIFIED_REGISTRY: ActorID = 6;
/// The token of verified data.
pub const DATACAP: ActorID = 7;
/// Deploys Ethereum contracts (FIP-0055).
pub const EAM: ActorID = 10;
/// Money sent here is gone.
pub const BURNT_FUNDS: ActorID = 99;

/// The first id of actors that are created later.
pub const FIRST_NON_SINGLETON: ActorID = 100;

/// The address of an id.
pub const fn address(id: ActorID) -> Address {
    Address::new_id(id)
}

/// Whether an id belongs, on every network, to a built-in actor other than an account.
pub const fn is_singleton(id: ActorID) -> bool {
    matches!(id, SYSTEM..=DATACAP | EAM)
}
