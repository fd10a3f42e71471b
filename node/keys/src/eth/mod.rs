//! Messages of Ethereum accounts: signed as Ethereum transactions, so that Ethereum's wallets can sign them (FIP-0055, FIP-0091).
//!
//! A delegated signature of a message is the signature of a transaction that says the same. Who checks it makes the transaction
//! of the message, and the message of the transaction again; what does not survive that was never signed. Three forms of
//! transactions exist: EIP-1559, and from network version 23 on EIP-155 and the older one, named after the Homestead fork.
//!
//! [`address`]: what Ethereum calls whom; [`rlp`]: its encoding; [`transaction`] and [`message`]: both directions; [`signed`]:
//! signatures, as bytes of Ethereum and as they stand in messages.

pub mod address;
pub mod message;
mod rlp;
pub mod signed;
pub mod transaction;

pub use address::EthAddress;
pub use rlp::RlpError;
pub use signed::SignedTransaction;
pub use transaction::{Form, Transaction, TransactionError};
