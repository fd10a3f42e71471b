//! Which files proofs need: every parameter file, verifying key and SRS of the network, and the development set of
//! this project beside it.
//!
//! A proof is made with parameters (up to tens of gigabytes) and verified with a key (kilobytes); both come out of one
//! setup, so a key of one setup says nothing about proofs of another. The network's setup was a ceremony; that of the
//! development set is public, and so anyone can forge its proofs: it is for networks that only developers use. Hence
//! two [`Set`]s, told apart by digest and by directory, and never mixed.
//!
//! Map: [`file`] what a file is and for whom; [`published`] the network's table; [`development`] the development
//! set's; [`catalogue`] both, by selection; [`network`] who may use which; [`directory`] where they are; [`check`] whether
//! a file is the one meant; [`lock`] who may write; [`fetch`] the client that downloads (feature `fetch`).
//!
//! No proof library is used here: who needs a name or a digest does not compile one. That the names are those which
//! the library looks for is a test of `proofs/generate`.

pub mod catalogue;
pub mod check;
pub mod development;
pub mod digest;
pub mod directory;
#[cfg(feature = "fetch")]
pub mod fetch;
pub mod file;
pub mod lock;
pub mod network;
pub mod published;

pub use catalogue::Selection;
pub use check::{Finding, Status, check, check_while, open_verified, read_verified};
pub use digest::Digest;
pub use directory::{ForeignDirectory, directory};
pub use file::{File, Kind, Proof, Role, SectorSize, Set};
pub use network::{DEVNET_CHAIN_ID, NotADevnet};
