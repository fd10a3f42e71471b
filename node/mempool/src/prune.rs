//! When there are too many messages: the best stay.
//!
//! Best are those that pay miners most per gas, in the order in which they can be mined. Messages of senders from here, and of
//! senders with priority, all stay.

use std::collections::BTreeSet;
use std::sync::{Arc, MutexGuard};

use cid::Cid;
use fvm_shared::address::Address;

use crate::base::Rules;
use crate::check::base_fee_after_fall;
use crate::events::Removal;
use crate::inner::Inner;
use crate::limits::LIKELY_BASE_FEE_FALL;
use crate::pending::Pending;
use crate::pool::Pool;
use crate::select::chain::{Chain, by_density};
use crate::select::line::Line;

impl Pool {
    /// Drops the worst messages if there are too many; none of `own`, who is about to become a sender from here.
    pub(crate) fn prune_if_full(
        &self,
        inner: &mut MutexGuard<'_, Inner>,
        rules: Rules,
        own: Option<Address>,
    ) {
        if inner.size > inner.prune_above {
            inner.prune(rules, own);
        }
    }
}

impl Inner {
    fn prune(&mut self, rules: Rules, own: Option<Address>) {
        let (kept, lines) = self.prunable(rules, own);
        let mut chains: Vec<(&Line, Chain)> = lines
            .iter()
            .flat_map(|line| Chain::of(line).into_iter().map(move |chain| (line, chain)))
            .collect();
        chains.sort_by(|(line_a, a), (line_b, b)| {
            by_density(a, b).then_with(|| line_a.sender.cmp(&line_b.sender))
        });
        let room = self.limits.low.saturating_sub(kept.len());
        let best: BTreeSet<Cid> = chains
            .iter()
            .flat_map(|(line, chain)| &line.candidates[chain.range.clone()])
            .take(room)
            .map(|candidate| candidate.pending.cid)
            .collect();
        let worst: Vec<Arc<Pending>> = self
            .queues
            .values()
            .flat_map(|queue| queue.messages())
            .filter(|pending| !kept.contains(&pending.cid) && !best.contains(&pending.cid))
            .cloned()
            .collect();
        for pending in &worst {
            self.remove(pending, Removal::Pruned);
        }
        // Where those that stay are too many by themselves, this is not done again for each of them.
        let distance = self.limits.high.saturating_sub(self.limits.low);
        self.prune_above = self.limits.high.max(self.size.saturating_add(distance));
        tracing::info!(
            dropped = worst.len(),
            left = self.size,
            "dropped the worst messages"
        );
    }

    /// Messages that stay anyway, and the others, as far as they can be mined.
    fn prunable(&self, rules: Rules, own: Option<Address>) -> (BTreeSet<Cid>, Vec<Line>) {
        let base_fee = base_fee_after_fall(&self.base.base_fee, LIKELY_BASE_FEE_FALL);
        let mut kept = BTreeSet::new();
        let mut lines = Vec::new();
        for (sender, queue) in &self.queues {
            let stays = self.limits.priority.contains(sender)
                || self.locals.is_local(sender)
                || own == Some(*sender);
            if stays {
                kept.extend(queue.messages().map(|pending| pending.cid));
                continue;
            }
            // Whose state cannot be read is not worth keeping.
            let account = self.base.accounts.account(sender).ok().flatten();
            let messages = queue.messages().cloned();
            lines.extend(
                account.and_then(|account| Line::new(messages, &account, &base_fee, rules)),
            );
        }
        (kept, lines)
    }
}
