//! A chain for the tests of actors, in the test's own process: no node, no network, milliseconds to start.
//!
//! Below is the host that runs the network's messages, with its gas and its rules; nothing of it is imitated. What is
//! made up has names that say so: accounts with deterministic keys, [`MockChain`] (randomness by epoch, a history of
//! tipsets) and [`MockVerifier`] (proofs marked as mock are valid; [`Builder::verifier`] takes another).
//!
//! ```
//! use filigree_sandbox::Sandbox;
//! use filigree_sdk::prelude::*;
//!
//! #[tuple]
//! pub struct Counter {
//!     pub value: u64,
//! }
//!
//! #[actor]
//! impl Counter {
//!     #[constructor]
//!     pub fn new() -> Self {
//!         Self { value: 0 }
//!     }
//!
//!     #[method]
//!     pub fn increment(&mut self, by: u64) -> Result<u64> {
//!         ensure!(by > 0, illegal_argument, "nothing to add");
//!         self.value += by;
//!         Ok(self.value)
//!     }
//! }
//!
//! let mut sandbox = Sandbox::new();
//! let alice = sandbox.account(TokenAmount::from_whole(10));
//! // An actor's own tests install its Wasm: `sandbox.install(filigree_sandbox::wasm_of!())`.
//! let code = sandbox.install_native::<Counter>();
//! let counter = CounterClient::at(sandbox.deploy(&code, CounterClient::new()).ok());
//!
//! assert_eq!(sandbox.call(&alice, counter.increment(5)).ok(), 5);
//! sandbox.call(&alice, counter.increment(0)).expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "nothing to add");
//! assert_eq!(sandbox.state::<Counter>(counter.address).value, 5);
//! ```
//!
//! `cargo test` alone prints no gas: `filigree-actor gas` runs the tests and ends with what each method cost, over all of
//! them. A single test has [`Outcome::gas_used`] and [`Sandbox::gas_report`]. See [`gas`].
//!
//! In reading order: [`Sandbox`] (`sandbox`: messages; `builder`; `account`; `code`: what is installed; `deploy`;
//! `state`; `time`), [`Outcome`] with its [`Event`]s and its [`Tree`], [`gas`] (the report), [`profile`] (where gas went),
//! `replay` (calls that tools take from people), [`mod@fuzz`] (property tests), [`rehearse`] (upgrades tried on all
//! actors), [`mod@wasm`] (the Wasm of the crate under test), `file` (saving, loading, forking); below: `native` (the bridge
//! to actors that are not Wasm), `store` and `car`, `chain` and `verifier` (the stand-ins), `bundle` and `genesis` and
//! `engines` (shared by all sandboxes of a process), [`text`].
//!
//! Left out: blocks, mining, a mempool, signatures on messages. A sandbox belongs to one thread; tests each make
//! their own.

mod account;
mod builder;
mod bundle;
mod car;
mod chain;
mod code;
mod deploy;
mod directory;
mod engines;
mod event;
mod file;
pub mod fuzz;
pub mod gas;
mod genesis;
mod native;
mod outcome;
pub mod profile;
pub mod rehearse;
mod replay;
mod sandbox;
mod state;
mod store;
pub mod text;
mod time;
mod trace;
mod verifier;
pub mod wasm;

pub use account::{Account, Who};
pub use builder::Builder;
pub use chain::{MockChain, mock_fault};
pub use code::{Code, InstallError};
pub use event::{Event, EventEntry};
pub use file::FileError;
pub use genesis::VERIFREG_ROOT_ID;
pub use outcome::{Failed, Outcome};
pub use sandbox::Sandbox;
pub use time::Checkpoint;
pub use trace::{Codes, TracedCall, Tree};
pub use verifier::{MOCK_PROOF, MockVerifier};
