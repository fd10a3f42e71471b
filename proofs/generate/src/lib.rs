//! Development parameters from a public seed: Groth16 parameters and verifying keys of the four proofs, and the SRS of
//! aggregation; the same bytes on every machine.
//!
//! Whoever knows the randomness of a setup can prove what is false. The network's was made in a ceremony and thrown
//! away; ours is [`SEED`](filigree_proofs_params::development::SEED), for all to read: parameters for networks that
//! only developers use, in directories that say so.
//!
//! The library's own generator multiplies a fixed point by millions of numbers with a general method, and keeps the
//! whole constraint system in memory. Here the same numbers are found from the same random stream, hence the same
//! bytes, in another way:
//!
//! 1. [`assembly`]: a circuit is synthesised twice; first constraints are counted, which fixes the Lagrange
//!    coefficients at the secret point ([`lagrange`]), then each term is added to its variable's sum at once, and no
//!    constraint is kept.
//! 2. [`table`]: every multiple of the fixed point by 16 bits at each of 16 places stands in a table; a product is 16
//!    sums; sums of many products go side by side, in affine coordinates with one inversion for all.
//! 3. [`groth16`]: points are written as they come, so memory does not grow with them.
//!
//! Then: [`circuits`] which circuit stands behind a name; [`srs`]; [`output`] files that appear whole or not at all;
//! [`generate`] one file after the other, with progress.

pub mod assembly;
pub mod circuits;
pub mod generate;
pub mod groth16;
pub mod lagrange;
pub mod output;
pub mod seed;
pub mod srs;
pub mod table;

pub use generate::{Error, Job, Made, Outcome, Progress, Stage, generate, jobs};
