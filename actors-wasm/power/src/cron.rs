//! Who asked to be called when: for each epoch the events in the order they came (Filecoin spec, "System Actors", "CronActor": "deferred
//! events").

use filigree_sdk::collections::{Blocks, OpenArray};
use filigree_sdk::prelude::*;

use crate::state::Power;

/// Bit width of the queue, and of each epoch's events.
const WIDTH: u32 = 6;

/// Events by their epoch.
pub type CronQueue = Map<ChainEpoch, Array<CronEvent, WIDTH>, WIDTH>;

/// What a miner asked for.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronEvent {
    /// The miner, by its id.
    pub miner_addr: Address,
    /// What it wants to be told.
    pub callback_payload: RawBytes,
}

impl Power {
    /// Adds an event at an epoch, which may have passed: it is looked at again then.
    pub(crate) fn enroll<S: Blocks + Copy>(
        &mut self,
        store: S,
        epoch: ChainEpoch,
        event: &CronEvent,
    ) -> Result<()> {
        self.first_cron_epoch = self.first_cron_epoch.min(epoch);
        let mut queue = self.cron_event_queue.open_in(store)?;
        let mut events = match queue.get(&epoch)? {
            Some(events) => events.open_in(store)?,
            None => OpenArray::empty(store),
        };
        events.set(events.count(), event)?;
        queue.set(&epoch, &events.close()?)?;
        self.cron_event_queue = queue.close()?;
        Ok(())
    }

    /// Takes the events up to an epoch out of the queue, and gives those of miners that have a claim.
    pub(crate) fn take_due<S: Blocks + Copy>(
        &mut self,
        store: S,
        now: ChainEpoch,
    ) -> Result<Vec<CronEvent>> {
        let mut due = Vec::new();
        let mut queue = self.cron_event_queue.open_in(store)?;
        for epoch in self.first_cron_epoch..=now {
            if let Some(events) = queue.remove(&epoch)? {
                events.open_in(store)?.for_each(|_, event| {
                    due.push(event);
                    Ok(())
                })?;
            }
        }
        self.first_cron_epoch = now + 1;
        if due.is_empty() {
            return Ok(due);
        }
        self.cron_event_queue = queue.close()?;
        let claims = self.claims.open_in(store)?;
        let mut of_claims = Vec::with_capacity(due.len());
        for event in due {
            if claims.contains(&event.miner_addr)? {
                of_claims.push(event);
            }
        }
        Ok(of_claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fvm_ipld_blockstore::MemoryBlockstore;
    use fvm_shared::sector::RegisteredPoStProof;

    fn event(miner: ActorID, payload: u8) -> CronEvent {
        CronEvent {
            miner_addr: Address::new_id(miner),
            callback_payload: RawBytes::new(vec![payload]),
        }
    }

    fn with_miners(store: &MemoryBlockstore, miners: &[ActorID]) -> Power {
        let mut state = Power::empty(store).unwrap();
        for &miner in miners {
            let proof = RegisteredPoStProof::StackedDRGWindow32GiBV1P1;
            state
                .add_miner(store, &Address::new_id(miner), proof)
                .unwrap();
        }
        state
    }

    #[test]
    fn events_come_in_order_and_once() {
        let store = MemoryBlockstore::new();
        let mut state = with_miners(&store, &[100, 101]);
        let nothing = state.cron_event_queue;
        for (epoch, event) in [
            (7, event(100, 1)),
            (5, event(101, 2)),
            (7, event(101, 3)),
            (9, event(100, 4)),
        ] {
            state.enroll(&store, epoch, &event).unwrap();
        }
        assert_eq!(state.take_due(&store, 4).unwrap(), []);
        assert_eq!(state.first_cron_epoch, 5);
        assert_eq!(
            state.take_due(&store, 8).unwrap(),
            [event(101, 2), event(100, 1), event(101, 3)]
        );
        assert_eq!(state.take_due(&store, 8).unwrap(), []);
        assert_eq!(state.first_cron_epoch, 9);
        assert_eq!(state.take_due(&store, 10).unwrap(), [event(100, 4)]);
        assert_eq!(state.cron_event_queue, nothing);
    }

    #[test]
    fn an_event_in_the_past_comes_next() {
        let store = MemoryBlockstore::new();
        let mut state = with_miners(&store, &[100]);
        state.take_due(&store, 20).unwrap();
        state.enroll(&store, 3, &event(100, 1)).unwrap();
        assert_eq!(state.first_cron_epoch, 3);
        assert_eq!(state.take_due(&store, 21).unwrap(), [event(100, 1)]);
        assert_eq!(state.first_cron_epoch, 22);
    }

    #[test]
    fn events_of_miners_without_claim_are_dropped() {
        let store = MemoryBlockstore::new();
        let mut state = with_miners(&store, &[100]);
        for miner in [200, 100, 201] {
            state.enroll(&store, 1, &event(miner, 0)).unwrap();
        }
        assert_eq!(state.take_due(&store, 1).unwrap(), [event(100, 0)]);
        state.enroll(&store, 2, &event(200, 0)).unwrap();
        assert_eq!(state.take_due(&store, 2).unwrap(), []);
        assert!(state.cron_event_queue.open_in(&store).unwrap().is_empty());
    }

    #[test]
    fn many_events_of_an_epoch_keep_their_order() {
        let store = MemoryBlockstore::new();
        let mut state = with_miners(&store, &[100]);
        for payload in 0..=130 {
            state.enroll(&store, 1, &event(100, payload)).unwrap();
        }
        let due = state.take_due(&store, 1).unwrap();
        let payloads: Vec<u8> = due.iter().map(|e| e.callback_payload[0]).collect();
        assert_eq!(payloads, (0..=130).collect::<Vec<u8>>());
    }
}
