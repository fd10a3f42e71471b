//! The Filecoin VM host: runs actors compiled to Wasm, exactly as the network agreed.
//!
//! A [`Machine`] takes messages at one epoch and one state; it needs a blockstore below and, beside it, a [`Chain`] and
//! a [`Verifier`]. It knows no actor, no proof library, no network and no clock.
//!
//! In reading order: [`machine`] and [`executor`] (a message from preflight to settlement), `stack`, `call`, `create`,
//! `invoke`, `frame` (calls between actors), `journal` (what a failed call takes back), `syscall` (what actors may
//! ask), `network` (what each network version changed), `profile` (what the gas was used by, for tools).
//!
//! ```
//! use filigree_vm::{mock, Context, Engines, Genesis, Kind, Machine, Network};
//! use fvm_shared::{address::Address, econ::TokenAmount, message::Message, version::NetworkVersion};
//! use std::rc::Rc;
//!
//! let store = Rc::new(fvm_ipld_blockstore::MemoryBlockstore::new());
//! let bundle = mock::minimal_bundle(&store)?;
//! let mut genesis = Genesis::new(Box::new(store.clone()), &bundle)?;
//! let alice = genesis.account(Address::new_secp256k1(&[1; 65])?, TokenAmount::from_whole(10))?;
//! let bob = genesis.account(Address::new_secp256k1(&[2; 65])?, TokenAmount::from_whole(0))?;
//!
//! let context = Context::new(Network::new(NetworkVersion::V28), genesis.finish()?);
//! let (chain, verifier) = (mock::FixedChain::default(), mock::AcceptAllVerifier);
//! let engines = Engines::new(1, None);
//! let mut machine = Machine::new(&engines, context, Box::new(store), Box::new(chain), Box::new(verifier))?;
//! let message = Message {
//!     version: 0,
//!     from: Address::new_id(alice),
//!     to: Address::new_id(bob),
//!     sequence: 0,
//!     value: TokenAmount::from_whole(3),
//!     method_num: 0,
//!     params: Default::default(),
//!     gas_limit: 10_000_000,
//!     gas_fee_cap: TokenAmount::from_atto(0),
//!     gas_premium: TokenAmount::from_atto(0),
//! };
//! let applied = machine.execute(&message, Kind::Explicit, 100)?;
//! println!("{:?}", applied.receipt);
//! assert!(applied.receipt.exit_code.is_success());
//! assert_eq!(machine.state().get_actor(bob)?.unwrap().balance, TokenAmount::from_whole(3));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod backtrace;
mod blocks;
mod call;
mod chain;
mod create;
mod engines;
pub mod executor;
mod frame;
mod genesis;
mod invoke;
mod journal;
pub mod machine;
mod memory;
#[cfg(feature = "mock")]
pub mod mock;
#[cfg(feature = "native")]
pub mod native;
mod network;
mod preflight;
mod profile;
mod settle;
mod stack;
mod stop;
mod syscall;
mod trace;
mod verifier;

pub use backtrace::{Backtrace, Cause, FailedCall};
pub use blocks::Block;
pub use call::METHOD_UPGRADE;
pub use chain::Chain;
pub use engines::Engines;
pub use executor::{Applied, ExecuteError, Failure, Kind};
pub use genesis::Genesis;
pub use machine::{Context, Machine, MachineError};
pub use network::Network;
pub use profile::{Profile, Site};
pub use stop::Errno;
pub use trace::{CallTrace, IpldOp, TraceEvent};
pub use verifier::{SharedVerifier, Verdict, Verifier, VerifyError};
