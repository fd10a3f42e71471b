//! Ids of the actors of which a network has one each, as far as the host itself touches them.

use fvm_shared::ActorID;

/// The system actor: sends what no one else sends, and knows the built-in actors.
pub const SYSTEM_ACTOR_ID: ActorID = 0;

/// The init actor: makes actors, and knows all addresses.
pub const INIT_ACTOR_ID: ActorID = 1;

/// The reward actor: miners' tips go through it.
pub const REWARD_ACTOR_ID: ActorID = 2;

/// The Ethereum address manager: its namespace is the one placeholders are made in (FIP-0048).
pub const EAM_ACTOR_ID: ActorID = 10;

/// Takes what is burnt.
pub const BURNT_FUNDS_ACTOR_ID: ActorID = 99;

/// The first id given to an actor that is no singleton.
pub const FIRST_NON_SINGLETON_ID: ActorID = 100;
