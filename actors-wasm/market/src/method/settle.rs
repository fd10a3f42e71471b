//! Paying for deals, when whoever likes asks for it (FIP-0074).

use filigree_builtin::BatchReturn;
use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;
use fvm_shared::clock::EPOCH_UNDEFINED;

use super::burn;
use crate::DEAL_EXPIRED;
use crate::deal::DealId;
use crate::event::Happened;
use crate::state::open::{OpenMarket, transaction};
use crate::state::sectors::{self, Placed};
use crate::state::settlement::{Progress, Settled};

/// What became of a deal that was settled.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DealSettlementSummary {
    /// What the client paid now, attoFIL.
    pub payment: TokenAmount,
    /// Whether the deal is over.
    pub completed: bool,
}

/// What SettleDealPayments returns.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettleDealPaymentsReturn {
    /// What became of each deal.
    pub results: BatchReturn,
    /// Those that were settled.
    pub settlements: Vec<DealSettlementSummary>,
}

/// What comes together while deals are settled.
#[derive(Default)]
struct Settlement {
    now: ChainEpoch,
    /// What is to be burnt, attoFIL.
    burnt: TokenAmount,
    /// Deals that are over.
    removed: Vec<Placed>,
}

/// Pays for deals up to now. One that cannot be settled does not keep the others from it.
pub(crate) fn settle(ctx: &mut Context, deals: &BitField) -> Result<SettleDealPaymentsReturn> {
    let (burnt, returns) =
        transaction(ctx, |market, ctx| settle_deals(market, deals, ctx.epoch()?))?;
    burn(ctx, &burnt)?;
    Ok(returns)
}

/// Pays for deals up to `now`; gives what is to be burnt, too.
pub(crate) fn settle_deals<S: Blocks + Clone>(
    market: &mut OpenMarket<S>,
    deals: &BitField,
    now: ChainEpoch,
) -> Result<(TokenAmount, SettleDealPaymentsReturn)> {
    let mut settlement = Settlement {
        now,
        ..Settlement::default()
    };
    let (mut results, mut settlements) = (BatchReturn::default(), Vec::new());
    for id in deals.iter() {
        match settlement.settle_deal(market, id)? {
            Ok(summary) => {
                settlements.push(summary);
                results.add_success();
            }
            Err(code) => results.add_fail(code),
        }
    }
    let (index, store) = (&market.state.provider_sectors, market.store().clone());
    market.state.provider_sectors = sectors::remove(index, store, settlement.removed)?;
    let returns = SettleDealPaymentsReturn {
        results,
        settlements,
    };
    Ok((settlement.burnt, returns))
}

impl Settlement {
    /// Settles a deal, or tells why that cannot be.
    fn settle_deal<S: Blocks + Clone>(
        &mut self,
        market: &mut OpenMarket<S>,
        id: DealId,
    ) -> Result<std::result::Result<DealSettlementSummary, ExitCode>> {
        let summary = |payment, completed| Ok(Ok(DealSettlementSummary { payment, completed }));
        let Ok(deal) = market.proposal(id) else {
            return Ok(Err(DEAL_EXPIRED));
        };
        let mut state = match market.progress(id, &deal, self.now) {
            Ok(Progress::Active(state)) => state,
            Ok(Progress::NotStarted) => return summary(TokenAmount::default(), false),
            Ok(Progress::TimedOut(penalty)) => {
                self.burnt += penalty;
                return Ok(Err(DEAL_EXPIRED));
            }
            Err(error) => return Ok(Err(error.code)),
        };
        ensure!(
            state.slash_epoch == EPOCH_UNDEFINED,
            illegal_argument,
            "deal {id} is to end early and cannot be settled"
        );
        let (settled, payment) = match market.settle(&deal, &state, self.now) {
            Ok(settled) => settled,
            Err(error) => return Ok(Err(error.code)),
        };
        if settled == Settled::Continues {
            state.last_updated_epoch = self.now;
            market.states()?.set(id, &state)?;
            return summary(payment, false);
        }
        let parties = deal.parties()?;
        market.remove_active(id)?;
        self.removed.push(Placed {
            provider: parties.provider,
            sector: state.sector_number,
            deal: id,
        });
        market.happened.push((Happened::Completed, id, parties));
        summary(payment, true)
    }
}
