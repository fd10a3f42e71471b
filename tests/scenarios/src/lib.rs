//! What users and the protocol do to the built-in actors, told as scenarios, and everything they leave behind.
//!
//! A scenario runs unchanged on any bundle of the actors. What it leaves behind is compared: between the official bundle and ours
//! (`cargo xtask parity`), and between what was recorded of the official one and ours (the test of this crate).
//!
//! In reading order: [`scenario`] (the list, and all scenarios by topic), [`Stage`] (where they play), [`record`] (what is kept of each
//! step), `standing` (what each actor holds), `check` (the invariants of all actors), `books` (what no state tells), [`mod@play`] (to the
//! end, or to where it fails), [`mod@compare`] (two plays of a scenario), [`lines`] (what is kept in files), [`crowd`] (many scenarios at
//! once), [`mod@fuzz`] (random messages), [`weigh`] (gas and time), [`options`].
//!
//! Scenarios share `exec` (wallets and channels), `verified` (datacap), `deals`, [`onboard`] (miners), `malformed` (parameters that nobody
//! takes), `dice` (chance).

mod books;
mod check;
pub mod compare;
pub mod coverage;
pub mod crowd;
mod deals;
mod dice;
mod exec;
pub mod fuzz;
pub mod lines;
mod malformed;
pub mod onboard;
pub mod options;
pub mod play;
pub mod record;
pub mod scenario;
mod stage;
mod standing;
mod stranger;
mod verified;

pub mod weigh;

pub use scenario::Scenario;
pub use stage::{Anything, Stage};
