//! The host beside the reference host: same genesis, same messages, same results.
//!
//! The oracle is the crates `fvm` 3.14 and 4.8, behind [`oracle::run`]; our host is behind [`ours::run`]; [`compare`] runs
//! both and says what differs. Tests build a [`setup::Setup`] and a list of [`oracle::Step`]s. Most use the driver actor,
//! which runs small [`program`]s and so reaches every syscall with any argument.
//!
//! Left out: backtraces and error texts (not on chain), and proof verification itself: both hosts ask the rules in
//! [`chain`] for verdicts.

pub mod bench;
pub mod chain;
pub mod compare;
pub mod driver;
pub mod fixtures;
pub mod hostile;
pub mod options;
pub mod oracle;
pub mod ours;
pub mod outcome;
pub mod program;
pub mod random;
pub mod record;
pub mod setup;
pub mod stage;
pub mod trace;
pub mod world;
