//! The cron actor, f03: at the end of every epoch it calls the actors listed when the network began (Filecoin spec, "Cron Actor").
//!
//! | number | method | caller |
//! |---|---|---|
//! | 1 | Constructor | f00, at genesis |
//! | 2 | EpochTick | f00, after the last message of a tipset |

mod state;

pub use state::{ConstructorParams, Cron, Entry};

use filigree_builtin::{ids, internal_api};
use filigree_sdk::prelude::*;

#[actor(before = internal_api::check)]
impl Cron {
    /// With its entries, for ever.
    #[constructor(by = system)]
    pub fn construct(params: ConstructorParams) -> Self {
        Self {
            entries: params.entries,
        }
    }

    /// Calls every entry, in order. One that fails does not keep the next from being called.
    #[method(2)]
    pub fn epoch_tick(ctx: &mut Context) -> Result<()> {
        ctx.require_caller(&[ids::SYSTEM])?;
        for entry in ctx.load::<Cron>()?.entries {
            if ctx.send_raw(&entry.call()).is_err() {
                ctx.log(|| format!("a call of method {} failed", entry.method_num))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
