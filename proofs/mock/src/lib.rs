//! Mock proofs: what tests of a pipeline use in place of proofs that cost minutes.
//!
//! A mock proof is text that says what it is and binds all that it is about by a hash, filled up to the length of the real
//! proof. So a pipeline that mixes up sectors, seeds or commitments fails with mocks as it does with real proofs; what a
//! mock does not show is that anything is stored.
//!
//! [`MockVerifier`] accepts mock proofs and nothing else. It exists for development networks alone
//! ([`MockVerifier::for_network`]); the real verifier refuses a mock as it refuses any bytes that are no points on the
//! curve.
//!
//! With the feature `prover`, [`MockProver`] is a [`Prover`](filigree_proofs_prove::Prover) as well: it does the tasks of
//! sealing and proving (module `prover`). Without it this crate knows no proof library.

mod commitment;
mod proof;
#[cfg(feature = "prover")]
mod prover;
mod verifier;

pub use commitment::{MockReplica, data_commitment};
pub use filigree_proofs_params::DEVNET_CHAIN_ID;
pub use proof::{MockProver, is_mock};
pub use verifier::{MockVerifier, NotADevnet};
