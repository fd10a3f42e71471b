//! Time that passes for miners.

use filigree_actor_miner::Miner;
use filigree_actor_power::{CronQueue, Power};
use filigree_builtin::ids;
use filigree_sdk::collections::OpenMap;
use filigree_sdk::prelude::*;

use super::{DAY, Provider};
use crate::stage::Stage;

/// Goes on to an epoch: null rounds, save for those epochs at whose end the power actor has something to do.
pub fn pass(stage: &mut Stage, to: ChainEpoch) {
    while stage.epoch() < to {
        let now = stage.epoch();
        let due = first_event(stage).map_or(to, |event| event.saturating_add(1).clamp(now + 1, to));
        stage.leap(due);
    }
}

/// When the power actor has something to do next.
fn first_event(stage: &Stage) -> Option<ChainEpoch> {
    let power: Power = stage.state(ids::POWER);
    let mut first: Option<ChainEpoch> = None;
    let queue = power.cron_event_queue.open_in(stage.store());
    let visited = queue.and_then(|queue| {
        queue.for_each(|epoch, _| {
            first = Some(first.map_or(epoch, |first| first.min(epoch)));
            Ok(())
        })
    });
    visited.expect("the queue can be read");
    first
}

/// Skips days by hand, as if nothing had happened in them but that sectors had been proven: what the miners and the network are waiting
/// for comes as many days later. Deals are not looked at.
pub fn skip_days(stage: &mut Stage, miners: &[&Provider], days: ChainEpoch) {
    let epochs = days * DAY;
    let now = stage.epoch();
    let sandbox = stage.sandbox();
    for miner in miners {
        let mut state: Miner = sandbox.state(miner.id);
        state.proving_period_start += epochs;
        sandbox.set_state(miner.id, &state);
    }
    let mut power: Power = sandbox.state(ids::POWER);
    power.cron_event_queue = later(&sandbox.store(), power.cron_event_queue, epochs);
    power.first_cron_epoch += epochs;
    sandbox.set_state(ids::POWER, &power);
    let mut reward: filigree_actor_reward::Reward = sandbox.state(ids::REWARD);
    reward.epoch += epochs;
    sandbox.set_state(ids::REWARD, &reward);
    let mut market: filigree_actor_market::Market = sandbox.state(ids::MARKET);
    market.last_cron += epochs;
    sandbox.set_state(ids::MARKET, &market);
    sandbox.set_epoch(now + epochs);
}

fn later(
    store: &impl fvm_ipld_blockstore::Blockstore,
    queue: CronQueue,
    epochs: ChainEpoch,
) -> CronQueue {
    let moved = || -> Result<CronQueue> {
        let mut moved = OpenMap::empty(store);
        queue
            .open_in(store)?
            .for_each(|epoch, events| moved.set(&(epoch + epochs), &events))?;
        moved.close()
    };
    moved().expect("the queue can be moved")
}
