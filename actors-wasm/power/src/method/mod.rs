//! What the methods do, beyond what their state does.

mod claims;
mod create;
mod tick;

pub(crate) use claims::{enroll_cron_event, update_claimed_power, update_pledge_total};
pub(crate) use create::create_miner;
pub(crate) use tick::on_epoch_tick_end;
