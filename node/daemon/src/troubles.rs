//! What is wrong with a node now, as its RPC tells it (`LogAlerts`): an upgrade that failed, window proofs that are late or were missed,
//! threads that have died. Nothing is kept of what was mended.

use filigree_rpc::json::filigree::DeadlineStatus;
use filigree_rpc::{Operator as _, Trouble};
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;

use crate::node::Node;

impl Node {
    /// See the head of the file.
    pub(crate) fn current_troubles(&self) -> Vec<Trouble> {
        let trouble = |system: &str, subsystem: &str, why: String| Trouble {
            system: system.to_owned(),
            subsystem: subsystem.to_owned(),
            why,
        };
        let mut all = Vec::new();
        if let Some(why) = self.stuck_upgrade() {
            all.push(trouble("chain", "upgrade", why));
        }
        if let Some(thread) = self.dead_thread() {
            let why = format!("the thread {thread:?} has died: start the node again");
            all.push(trouble("node", "threads", why));
        }
        let head = self.chain.head().height();
        for miner in self.miners() {
            let why = match self.deadlines(miner) {
                Ok(deadlines) => of_deadlines(head, &deadlines),
                Err(e) => Some(format!("the deadlines cannot be read: {e:#}")),
            };
            let address = Address::new_id(miner).to_string();
            all.extend(why.map(|why| trouble(&address, "window proofs", why)));
        }
        all
    }
}

/// What is wrong with the proving of a miner, if anything is: sectors that are faulty and not declared recovered, which is what a missed
/// proof leaves; and a window that is open, past its half, and not proven.
fn of_deadlines(head: ChainEpoch, deadlines: &[DeadlineStatus]) -> Option<String> {
    let whys = deadlines.iter().filter_map(|deadline| {
        let index = deadline.index;
        let last = match deadline.last_result.as_str() {
            "" => String::new(),
            last => format!(" ({last})"),
        };
        let faulty = deadline.faults.saturating_sub(deadline.recoveries);
        if faulty > 0 {
            return Some(format!(
                "deadline {index}: {faulty} sectors are faulty{last}"
            ));
        }
        let half = deadline.open + (deadline.close - deadline.open) / 2;
        let is_late = (half..deadline.close).contains(&head);
        let is_proven = deadline.proven >= deadline.partitions;
        (is_late && !is_proven).then(|| {
            let close = deadline.close;
            format!("deadline {index} is not proven yet, and closes at epoch {close}{last}")
        })
    });
    let whys: Vec<String> = whys.collect();
    (!whys.is_empty()).then(|| whys.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deadline(index: u64) -> DeadlineStatus {
        let open = 100 + 20 * ChainEpoch::try_from(index).unwrap();
        DeadlineStatus {
            index,
            open,
            close: open + 20,
            partitions: 1,
            sectors: 2,
            faults: 0,
            recoveries: 0,
            proven: 0,
            last_result: String::new(),
        }
    }

    #[test]
    fn a_window_is_late_past_its_half() {
        let deadlines = [deadline(0), deadline(1)];
        for (head, late) in [
            (99, None),
            (109, None),
            (110, Some(0)),
            (119, Some(0)),
            (135, Some(1)),
        ] {
            let why = of_deadlines(head, &deadlines);
            let expected = late.map(|index| format!("deadline {index} is not proven yet"));
            assert_eq!(why.is_some(), expected.is_some(), "{head}: {why:?}");
            if let (Some(why), Some(expected)) = (why, expected) {
                assert!(why.starts_with(&expected), "{head}: {why}");
            }
        }
        let mut proven = deadline(0);
        proven.proven = 1;
        assert_eq!(of_deadlines(115, &[proven]), None);
        let mut empty = deadline(0);
        empty.partitions = 0;
        assert_eq!(of_deadlines(115, &[empty]), None);
    }

    #[test]
    fn faulty_sectors_are_told_until_they_are_declared_recovered() {
        let mut missed = deadline(0);
        missed.faults = 2;
        missed.last_result = "no message was sent".to_owned();
        let why = of_deadlines(500, &[missed.clone(), deadline(1)]).unwrap();
        assert_eq!(
            why,
            "deadline 0: 2 sectors are faulty (no message was sent)"
        );
        missed.recoveries = 2;
        assert_eq!(of_deadlines(500, &[missed]), None);
    }
}
