//! Verification of proofs of replication and of spacetime: what stands behind the host's
//! [`Verifier`](filigree_vm::Verifier).
//!
//! The mathematics is the network's own library (`filecoin-proofs`, bellperson, blst); this crate gives it verifying
//! keys, turns what an actor claims into its types, and makes one of three verdicts of what comes back:
//!
//! | verdict | when | what follows |
//! |---|---|---|
//! | `Ok(true)`, `Ok(false)` | the proof was judged | the actor sees it |
//! | [`Malformed`](filigree_vm::VerifyError::Malformed) | the input makes no sense (lengths, points, commitments), or the library panics on it | the actor sees "illegal argument", as on every other node |
//! | [`Unavailable`](filigree_vm::VerifyError::Unavailable) | the key for it is absent or damaged | the node stops; nobody takes it for an invalid proof |
//!
//! The library's own entry points look for keys in a directory that a process-wide variable names, make directories and
//! files while they verify, and report a missing key as they report a bad proof. So they are not used: [`Keys`] reads and
//! checks the keys once, and the layer below is called with them. Tests hold the verdicts of both ways against each
//! other.
//!
//! Modules, from the outside in: [`verifier`] (threads, panics, the cache of verdicts), then one file for each kind of
//! proof, then [`keys`] and [`srs`].

mod aggregate;
mod cache;
mod claims;
pub mod keys;
pub mod kinds;
mod pieces;
mod post;
mod seal;
pub mod srs;
mod tree;
mod update;
pub mod verifier;

pub use keys::{KeyFault, Keys};
pub use pieces::piece_cid;
pub use verifier::{Limits, ProofVerifier, StartError};
