//! Property tests: random well-typed calls, and an invariant that must hold after each.
//!
//! ```
//! # use filigree_sdk::prelude::*;
//! # #[tuple]
//! # pub struct Counter { pub value: u64 }
//! # #[actor]
//! # impl Counter {
//! #     #[constructor]
//! #     pub fn new() -> Self { Self { value: 0 } }
//! #     #[method]
//! #     pub fn increment(&mut self, by: u8) -> Result<u64> { self.value += u64::from(by); Ok(self.value) }
//! # }
//! # let mut sandbox = filigree_sandbox::Sandbox::new();
//! # sandbox.account(TokenAmount::from_whole(1));
//! # let code = sandbox.install_native::<Counter>();
//! # let counter = sandbox.deploy(&code, CounterClient::new()).ok();
//! use filigree_sandbox::fuzz::Fuzz;
//!
//! let mut before = 0;
//! Fuzz::new(counter).cases(20).check(&mut sandbox, |sandbox, step| {
//!     let now = sandbox.state::<Counter>(counter).value;
//!     if step.index == 0 { before = 0 }
//!     if now < before { return Err(format!("the counter went back from {before} to {now}")) }
//!     before = now;
//!     Ok(())
//! });
//! ```
//!
//! In reading order: [`Fuzz`] (the search), [`calls`] (which calls), [`values`] (which parameters). The last two are
//! ordinary strategies of `proptest`.

mod call;
mod search;
mod value;

pub use call::{Pool, RandomCall, calls};
pub use search::{Fuzz, Step};
pub use value::values;
