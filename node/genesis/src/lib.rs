//! The first state and the first block of a network.
//!
//! [`make`] makes them of a [`Template`], by the rules of Lotus (`chain/gen/genesis`): the actors of the protocol are made by
//! their own constructors, in the host; accounts and multisigs get the ids that Lotus gives them; miners are created by the
//! power actor, with sectors that count from the first epoch on. The same template on the same bundle gives the same bytes.
//! A genesis that someone else made is a CAR: [`inspect`] reads it, also where its state is older than what nodes run.
//!
//! [`fork`] makes them of another network's state instead.
//!
//! In reading order: [`template`] (what there shall be), [`devnet`] (the same for a network of one's own, which makes its keys and sectors),
//! `text` and `syntax` (how that is written), `ids` (who gets which id), `world` (a state in the making), `singletons`, `accounts`, `miners`, `header`, `fork`; [`check`] (whether a state holds together),
//! [`inspect`], [`car`].

mod accounts;
pub mod car;
pub mod check;
pub mod devnet;
mod error;
mod fork;
mod header;
mod ids;
pub mod inspect;
mod make;
mod miners;
mod singletons;
mod syntax;
pub mod template;
mod text;
mod world;

pub use error::{GenesisError, TemplateError};
pub use fork::{Origin, fork, origin};
pub use header::{FILECOIN_GENESIS, filecoin_genesis_block};
pub use make::{Genesis, make, network};
pub use syntax::SyntaxError;
pub use template::{PolicyName, Template};
