//! The methods that call others.

mod collect;
mod construct;
mod update;

pub(crate) use collect::collect;
pub use construct::ConstructorParams;
pub(crate) use construct::construct;
pub(crate) use update::update;
pub use update::{ERR_CHANNEL_STATE_UPDATE_AFTER_SETTLED, MAX_SECRET_BYTES};
