//! What cron does at the end of each epoch: it removes deals that were not activated in time. Deals that were settled before cron first looks
//! at them, and those of before FIP-0074, are settled here, again and again; all others are left to be settled by whoever wants to.

use filigree_builtin::{POLICY, ids};
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;
use fvm_shared::clock::EPOCH_UNDEFINED;

use super::burn;
use crate::deal::{DealId, DealProposal, DealState};
use crate::event::{self, Happened};
use crate::rule::schedule;
use crate::state::open::{OpenMarket, transaction};
use crate::state::queue::OpenQueue;
use crate::state::sectors::{self, Placed};
use crate::state::settlement::{Progress, Settled};

/// Looks at the deals of all epochs since it did so last.
pub(crate) fn tick(ctx: &mut Context) -> Result<()> {
    ctx.require_caller(&[ids::CRON])?;
    let burnt = transaction(ctx, |market, ctx| {
        let now = ctx.epoch()?;
        let mut queue = OpenQueue::open(&market.state.deal_ops_by_epoch, ActorStore)?;
        let mut tick = Tick::default();
        for epoch in market.state.last_cron + 1..=now {
            for id in queue.take(epoch)? {
                tick.look_at(ctx, market, id)?;
            }
        }
        let index = &market.state.provider_sectors;
        market.state.provider_sectors = sectors::remove(index, ActorStore, tick.removed)?;
        queue.put(tick.again)?;
        market.state.deal_ops_by_epoch = queue.close()?;
        market.state.last_cron = now;
        Ok(tick.burnt)
    })?;
    burn(ctx, &burnt)
}

/// What comes together while deals are looked at.
#[derive(Default)]
struct Tick {
    /// What is to be burnt, attoFIL.
    burnt: TokenAmount,
    /// Deals that are over.
    removed: Vec<Placed>,
    /// Deals to look at again, and when.
    again: Vec<(ChainEpoch, DealId)>,
}

impl Tick {
    fn look_at(
        &mut self,
        ctx: &Context,
        market: &mut OpenMarket<ActorStore>,
        id: DealId,
    ) -> Result<()> {
        // It may have been settled or ended before.
        let Some(deal) = market.proposals()?.get(id)? else {
            return Ok(());
        };
        match market.progress(id, &deal, ctx.epoch()?)? {
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
            Progress::Active(state) => self.settle(ctx, market, id, &deal, state),
        }
    }

    fn settle(
        &mut self,
        ctx: &Context,
        market: &mut OpenMarket<ActorStore>,
        id: DealId,
        deal: &DealProposal,
        mut state: DealState,
    ) -> Result<()> {
        let (now, parties) = (ctx.epoch()?, deal.parties()?);
        let happened = match market.settle(deal, &state, now)?.0 {
            Settled::Continues => {
                state.last_updated_epoch = now;
                market.states()?.set(id, &state)?;
                let interval = POLICY.deal_updates_interval;
                let next = schedule::next_update_epoch(id, interval, now + 1);
                self.again.push((next, id));
                return Ok(());
            }
            Settled::Completed => Happened::Completed,
            Settled::Terminated(burnt) => {
                self.burnt += burnt;
                Happened::Terminated
            }
        };
        market.remove_active(id)?;
        self.removed.push(Placed {
            provider: parties.provider,
            sector: state.sector_number,
            deal: id,
        });
        event::emit(ctx, happened, id, parties)
    }
}
