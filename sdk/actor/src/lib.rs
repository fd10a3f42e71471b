//! What a Filecoin actor is written against.
//!
//! An actor is a struct (its state) and an `impl` block (its methods). On wasm32 its calls are FVM syscalls; natively they reach
//! the host that runs it, so the same code runs in both ways ([`sys`]).
//!
//! ```
//! use filigree_sdk::prelude::*;
//!
//! /// Counts, for its owner alone.
//! #[tuple]
//! #[derive(Debug, PartialEq)]
//! pub struct Counter {
//!     pub owner: ActorID,
//!     pub value: u64,
//! }
//!
//! #[actor]
//! impl Counter {
//!     /// A counter at zero.
//!     #[constructor]
//!     pub fn new(ctx: &Context, owner: Address) -> Result<Self> {
//!         Ok(Self { owner: ctx.resolve_required(&owner)?, value: 0 })
//!     }
//!
//!     /// Adds to the value and returns it.
//!     #[method]
//!     pub fn increment(&mut self, ctx: &Context, by: u64) -> Result<u64> {
//!         ensure!(ctx.caller() == self.owner, forbidden, "f0{} is not the owner", ctx.caller());
//!         self.value = self.value.checked_add(by).ok_or_else(|| Error::illegal_argument("too much"))?;
//!         Ok(self.value)
//!     }
//!
//!     /// The value.
//!     #[view]
//!     pub fn value(&self) -> u64 {
//!         self.value
//!     }
//! }
//!
//! // Others call it by its client: `ctx.send(counter.increment(3))?`.
//! let counter = CounterClient::at(Address::new_id(1_000));
//! assert_eq!(counter.increment(3).method, method_number!("Increment"));
//! ```
//!
//! In reading order: [`context`] (what an actor may ask and do), [`dispatch`] (how a call finds its method), [`call`] (calls to
//! other actors), [`store`] and [`collections`] (state larger than one block), [`event`], [`crypto`], [`proofs`], [`error`], [`receiver`]
//! (tokens that come in), [`describe`] (the schema), [`sys`] (syscalls).

extern crate self as filigree_sdk;

pub mod call;
pub mod cbor;
pub mod collections;
pub mod context;
pub mod crypto;
pub mod describe;
pub mod dispatch;
pub mod error;
pub mod event;
pub mod proofs;
pub mod receiver;
pub mod store;
pub mod sys;
pub mod token;
#[cfg(target_arch = "wasm32")]
mod wasm;

pub use filigree_macros::{actor, method_number, tuple};
pub use serde;

/// What an actor's file starts with.
pub mod prelude {
    pub use crate::call::Call;
    pub use crate::collections::{Array, BitField, Map};
    pub use crate::context::Context;
    pub use crate::describe::{Bytes, Describe};
    pub use crate::dispatch::{Actor, UpgradeInfo};
    pub use crate::error::{Error, Result};
    pub use crate::event::Event;
    pub use crate::token::CheckedTokens;
    pub use crate::{actor, ensure, method_number, tuple};
    pub use cid::Cid;
    pub use fvm_ipld_encoding::RawBytes;
    pub use fvm_ipld_encoding::ipld_block::IpldBlock;
    pub use fvm_shared::address::Address;
    pub use fvm_shared::clock::ChainEpoch;
    pub use fvm_shared::econ::TokenAmount;
    pub use fvm_shared::error::ExitCode;
    pub use fvm_shared::{ActorID, MethodNum};
}

/// What the macros expand to. Not for use by hand.
#[doc(hidden)]
pub mod __private {
    // Actors may do without the standard library's prelude.
    pub use std::format;

    pub use crate::call::{Call, Construction};
    pub use crate::context::Context;
    pub use crate::describe::{
        ActorSchema, Describe, Field, MethodKind, MethodSchema, Type, schema_json, schema_len,
    };
    pub use crate::dispatch::{
        Actor, decode, encode, no_params, params, run_invoke, run_upgrade, unhandled,
    };
    pub use crate::error::{Error, Result};
    pub use fvm_ipld_encoding::ipld_block::IpldBlock;
    pub use fvm_shared::MethodNum;
    pub use fvm_shared::address::Address;
}
