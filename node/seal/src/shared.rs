//! What the threads of a pipeline have in common.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use cid::Cid;
use filigree_blocks::TipsetKey;
use filigree_builtin::Policy;
use filigree_proofs_prove::Control;
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::sector::SectorNumber;

use crate::bell::Bell;
use crate::parts::Parts;
use crate::status::WindowCounts;
use crate::table::Records;
use crate::window::Made;

pub(crate) struct Shared {
    pub parts: Parts,
    pub miner: ActorID,
    pub records: Records,
    pub bell: Arc<Bell>,
    stopped: AtomicBool,
    memory: Mutex<Memory>,
    /// Stops the making of parameters.
    pub preparing: Control,
    /// Window proofs that were made and may be needed once more.
    pub made: Mutex<Vec<Made>>,
    counts: Mutex<WindowCounts>,
}

/// What need not outlive the process.
#[derive(Default)]
struct Memory {
    /// Sectors that a thread computes, and how to stop it.
    busy: BTreeMap<SectorNumber, Control>,
    /// What sectors are doing or waiting for.
    doing: BTreeMap<SectorNumber, String>,
    /// Sectors whose message was nowhere, and since when.
    lost: BTreeMap<SectorNumber, Instant>,
    /// On which head, and after how many rings, sealing and window had nothing more to do.
    quiet: [Option<(TipsetKey, u64)>; 2],
    /// Messages that are stuck, and from which epoch on.
    stuck: BTreeMap<Cid, ChainEpoch>,
    /// What runs and is not a sector's.
    window: Option<Control>,
}

/// The threads that say when they have nothing more to do.
#[derive(Clone, Copy)]
pub(crate) enum Thread {
    Sealing = 0,
    Window = 1,
}

impl Shared {
    pub fn new(parts: Parts, miner: ActorID, records: Records) -> Self {
        Self {
            parts,
            miner,
            records,
            bell: Arc::default(),
            stopped: AtomicBool::new(false),
            memory: Mutex::default(),
            preparing: Control::default(),
            made: Mutex::default(),
            counts: Mutex::default(),
        }
    }

    pub fn address(&self) -> Address {
        Address::new_id(self.miner)
    }

    pub fn policy(&self) -> Policy {
        self.parts.states.rules().policy
    }

    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst) || self.records.is_dead()
    }

    /// Has everything end soon: workers are killed, and what they did is taken up by the next start.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.preparing.stop();
        let memory = self.memory();
        memory
            .busy
            .values()
            .chain(&memory.window)
            .for_each(Control::stop);
        drop(memory);
        self.bell.ring();
    }

    /// Begins a computation for a sector, unless one is going on or too many are.
    pub fn begin(self: &Arc<Self>, number: SectorNumber) -> Option<Control> {
        let mut memory = self.memory();
        let is_full = memory.busy.len() >= self.parts.settings.jobs.max(1);
        if is_full || memory.busy.contains_key(&number) || self.is_stopped() {
            return None;
        }
        let control = Control::default();
        memory.busy.insert(number, control.clone());
        Some(control)
    }

    pub fn end(&self, number: SectorNumber) {
        self.memory().busy.remove(&number);
        self.bell.ring();
    }

    pub fn is_busy(&self, number: SectorNumber) -> bool {
        self.memory().busy.contains_key(&number)
    }

    pub fn has_jobs(&self) -> bool {
        !self.memory().busy.is_empty()
    }

    /// Kills what is computed for a sector.
    pub fn interrupt(&self, number: SectorNumber) {
        if let Some(control) = self.memory().busy.get(&number) {
            control.stop();
        }
    }

    /// A control for a window proof.
    pub fn begin_window(&self) -> Control {
        let control = Control::default();
        if self.is_stopped() {
            control.stop();
        }
        self.memory().window = Some(control.clone());
        control
    }

    /// Figures of window proofs.
    pub fn counts(&self) -> MutexGuard<'_, WindowCounts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set_doing(&self, number: SectorNumber, what: impl Into<String>) {
        self.memory().doing.insert(number, what.into());
    }

    pub fn doing(&self, number: SectorNumber) -> String {
        let memory = self.memory();
        memory.doing.get(&number).cloned().unwrap_or_default()
    }

    pub fn forget_doing(&self, number: SectorNumber) {
        let mut memory = self.memory();
        memory.doing.remove(&number);
        memory.lost.remove(&number);
    }

    /// Notes that a sector's message is nowhere, or that it is somewhere. Gives since when it is lost.
    pub fn set_lost(&self, number: SectorNumber, is_lost: bool) -> Option<Instant> {
        let mut memory = self.memory();
        match is_lost {
            true => Some(*memory.lost.entry(number).or_insert_with(Instant::now)),
            false => {
                memory.lost.remove(&number);
                None
            }
        }
    }

    /// Notes that these messages are stuck at an epoch, and no others. Gives since when each is.
    pub fn stuck_since(
        &self,
        messages: impl Iterator<Item = Cid>,
        epoch: ChainEpoch,
    ) -> Vec<ChainEpoch> {
        let mut memory = self.memory();
        let before = std::mem::take(&mut memory.stuck);
        let since = messages.map(|message| {
            let since = before.get(&message).copied().unwrap_or(epoch);
            // The head may have been set back.
            let since = since.min(epoch);
            memory.stuck.insert(message, since);
            since
        });
        since.collect()
    }

    /// Notes that a thread has nothing more to do on a head, after so many rings of the bell.
    pub fn set_quiet(&self, thread: Thread, head: TipsetKey, rings: u64) {
        self.memory().quiet[thread as usize] = Some((head, rings));
    }

    /// Whether nothing more is to be done on this head.
    pub fn is_quiet(&self, head: &TipsetKey) -> bool {
        let rings = self.bell.rings();
        let memory = self.memory();
        let is_quiet = |quiet: &Option<(TipsetKey, u64)>| {
            let heard = quiet.as_ref();
            heard.is_some_and(|(key, heard)| key == head && *heard == rings)
        };
        memory.busy.is_empty() && memory.lost.is_empty() && memory.quiet.iter().all(is_quiet)
    }

    /// Whether everything was done on this head that windows needed then.
    pub fn has_seen_windows(&self, head: &TipsetKey) -> bool {
        let memory = self.memory();
        let seen = memory.quiet[Thread::Window as usize].as_ref();
        seen.is_some_and(|(key, _)| key == head)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
