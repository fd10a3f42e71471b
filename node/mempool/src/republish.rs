//! Messages from here that should be published again, since who should mine them may not have seen them.

use std::collections::BTreeMap;
use std::sync::Arc;

use filigree_blocks::SignedMessage;
use filigree_consensus::limits::BLOCK_GAS;

use crate::base::Rules;
use crate::check::base_fee_after_fall;
use crate::limits::LIKELY_BASE_FEE_FALL;
use crate::pool::{Pending, Pool};
use crate::select::chain::{Chain, by_density};
use crate::select::line::Line;

/// Most messages at once.
pub(crate) const MESSAGES: usize = 30;

impl Pool {
    /// The best messages from here that the base fee may let in soon, at most 30 and a block of gas. Ask every ten epochs or so,
    /// and publish them one after the other.
    ///
    /// # Errors
    /// When the network version has no prices.
    pub fn to_republish(&self) -> anyhow::Result<Vec<SignedMessage>> {
        let (base, queues) = {
            let inner = self.lock();
            let senders = inner.locals.senders().into_iter();
            let queues: BTreeMap<_, Vec<Arc<Pending>>> = senders
                .filter_map(|sender| Some((sender, inner.queues.get(&sender)?)))
                .map(|(sender, queue)| (sender, queue.messages().cloned().collect()))
                .collect();
            (Arc::clone(&inner.base), queues)
        };
        let rules = Rules::after(&self.config(), &base)?;
        let base_fee = base_fee_after_fall(&base.base_fee, LIKELY_BASE_FEE_FALL);
        let mut lines = Vec::new();
        for (sender, messages) in queues {
            let account = base.accounts.account(&sender)?;
            // Those before the first that waits for the base fee.
            let paying = messages
                .into_iter()
                .take_while(|pending| pending.signed.message.gas_fee_cap >= base_fee);
            lines.extend(account.and_then(|account| Line::new(paying, &account, &base_fee, rules)));
        }
        let mut chains: Vec<(&Line, Chain)> = lines
            .iter()
            .flat_map(|line| Chain::of(line).into_iter().map(move |chain| (line, chain)))
            .collect();
        chains.sort_by(|(_, a), (_, b)| by_density(a, b));
        let mut gas = BLOCK_GAS;
        let best: Vec<&Arc<Pending>> = chains
            .iter()
            .flat_map(|(line, chain)| &line.candidates[chain.range.clone()])
            .map(|candidate| &candidate.pending)
            .take(MESSAGES)
            .take_while(|pending| {
                let left = gas.checked_sub(pending.signed.message.gas_limit);
                gas = left.unwrap_or_default();
                left.is_some()
            })
            .collect();
        let mut inner = self.lock();
        inner.republished = best.iter().map(|pending| pending.cid).collect();
        Ok(best.iter().map(|pending| pending.signed.clone()).collect())
    }
}
