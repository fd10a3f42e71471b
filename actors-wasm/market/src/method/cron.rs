//! What cron does at the end of each epoch: it removes deals that were not activated in time. Deals that were settled before cron first looks
//! at them, and those of before FIP-0074, are settled here, again and again; all others are left to be settled by whoever wants to.

use filigree_builtin::{POLICY, ids};
use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;
use fvm_shared::clock::EPOCH_UNDEFINED;

use super::burn;
use crate::deal::{DealId, DealProposal, DealState};
use crate::event::Happened;
use crate::rule::schedule;
use crate::state::open::{OpenMarket, transaction};
use crate::state::queue::OpenQueue;
use crate::state::sectors::{self, Placed};
use crate::state::settlement::{Progress, Settled};

/// Looks at the deals of all epochs since it did so last.
pub(crate) fn tick(ctx: &mut Context) -> Result<()> {
    ctx.require_caller(&[ids::CRON])?;
    let burnt = transaction(ctx, |market, ctx| look_at_due(market, ctx.epoch()?))?;
    burn(ctx, &burnt)
}

/// What comes together while deals are looked at.
#[derive(Default)]
struct Tick {
    now: ChainEpoch,
    /// What is to be burnt, attoFIL.
    burnt: TokenAmount,
    /// Deals that are over.
    removed: Vec<Placed>,
    /// Deals to look at again, and when.
    again: Vec<(ChainEpoch, DealId)>,
}

/// Looks at the deals of all epochs up to `now`; gives what is to be burnt.
pub(crate) fn look_at_due<S: Blocks + Clone>(
    market: &mut OpenMarket<S>,
    now: ChainEpoch,
) -> Result<TokenAmount> {
    let store = market.store().clone();
    let mut queue = OpenQueue::open(&market.state.deal_ops_by_epoch, store.clone())?;
    let mut tick = Tick {
        now,
        ..Tick::default()
    };
    for epoch in market.state.last_cron + 1..=now {
        for id in queue.take(epoch)? {
            tick.look_at(market, id)?;
        }
    }
    let index = &market.state.provider_sectors;
    market.state.provider_sectors = sectors::remove(index, store, tick.removed)?;
    queue.put(tick.again)?;
    market.state.deal_ops_by_epoch = queue.close()?;
    market.state.last_cron = now;
    Ok(tick.burnt)
}

impl Tick {
    fn look_at<S: Blocks + Clone>(&mut self, market: &mut OpenMarket<S>, id: DealId) -> Result<()> {
        // It may have been settled or ended before.
        let Some(deal) = market.proposals()?.get(id)? else {
            return Ok(());
        };
        match market.progress(id, &deal, self.now)? {
            Progress::TimedOut(penalty) => {
                self.burnt += penalty;
                Ok(())
            }
            Progress::NotStarted => Err(Error::illegal_state(format!(
                "deal {id} came up before its start at {}",
                deal.start_epoch
            ))),
            Progress::Active(state) if state.last_updated_epoch == EPOCH_UNDEFINED => {
                let was_pending = market.remove_pending(&deal)?;
                ensure!(was_pending, illegal_state, "deal {id} is not pending");
                Ok(())
            }
            Progress::Active(state) => self.settle(market, id, &deal, state),
        }
    }

    fn settle<S: Blocks + Clone>(
        &mut self,
        market: &mut OpenMarket<S>,
        id: DealId,
        deal: &DealProposal,
        mut state: DealState,
    ) -> Result<()> {
        let happened = match market.settle(deal, &state, self.now)?.0 {
            Settled::Continues => {
                state.last_updated_epoch = self.now;
                market.states()?.set(id, &state)?;
                let interval = POLICY.deal_updates_interval;
                let next = schedule::next_update_epoch(id, interval, self.now + 1);
                self.again.push((next, id));
                return Ok(());
            }
            Settled::Completed => Happened::Completed,
            Settled::Terminated(burnt) => {
                self.burnt += burnt;
                Happened::Terminated
            }
        };
        let parties = deal.parties()?;
        market.remove_active(id)?;
        self.removed.push(Placed {
            provider: parties.provider,
            sector: state.sector_number,
            deal: id,
        });
        market.happened.push((happened, id, parties));
        Ok(())
    }
}
