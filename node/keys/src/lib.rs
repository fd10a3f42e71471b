//! Keys, what they sign, and whether a signature holds.
//!
//! What the host must know of signatures too is in `host/signature`; here is what only nodes and wallets do: making keys and
//! signing, aggregates of blocks, the VRF of elections, and delegated signatures (FIP-0055), which actors cannot check. No
//! files: keys at rest are `wallet`'s.
//!
//! In reading order: [`key`] (a secret and its address), [`verify`], [`aggregate`], [`vrf`], [`short`] (BLS as the beacon
//! uses it), [`eth`] (messages that are signed as Ethereum transactions); [`spread`](mod@spread) (work on several threads).

pub mod aggregate;
pub mod eth;
mod hash;
pub mod key;
pub mod short;
pub mod spread;
pub mod verify;
pub mod vrf;

pub use aggregate::{aggregate, verify_aggregate};
pub use eth::{EthAddress, SignedTransaction, Transaction, TransactionError};
pub use key::{Key, KeyError, KeyType};
pub use spread::spread;
pub use verify::{SignatureError, verify, verify_message};
