//! The door: a miner's pipeline, started and stopped with the node.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use filigree_chain::Subscription;
use fvm_shared::ActorID;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::sector::{RegisteredSealProof, SectorNumber};

use crate::error::SealError;
use crate::message::Fate;
use crate::parts::Parts;
use crate::sector::Sector;
use crate::shared::Shared;
use crate::state::State;
use crate::status::{self, DeadlineStatus, SectorStatus, WindowCounts};
use crate::table::{Death, Records};
use crate::winning::Winning;
use crate::{driver, window};

/// Between two looks whether everything is done.
const SETTLE_LOOK: Duration = Duration::from_millis(2);

/// The sectors of a miner, worked on in threads of their own.
pub struct Pipeline {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Whether the parameters of seals are being looked after.
    is_prepared: AtomicBool,
    /// Rings the bell when the head changes, as long as it is there.
    _subscription: Subscription,
}

impl Pipeline {
    /// Goes on with the sectors of a miner.
    ///
    /// # Errors
    /// When records cannot be read, or the directory not be made.
    pub fn start(parts: Parts, miner: ActorID) -> Result<Arc<Self>, SealError> {
        Self::start_mortal(parts, miner, Death::Never)
    }

    /// For tests: a pipeline that stops dead some time, as a process that is killed does.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    #[doc(hidden)]
    pub fn start_mortal(
        parts: Parts,
        miner: ActorID,
        death: Death,
    ) -> Result<Arc<Self>, SealError> {
        std::fs::create_dir_all(&parts.directory).map_err(|source| SealError::Io {
            path: parts.directory.clone(),
            source,
        })?;
        let records = Records::open(&parts.db, miner, death)?;
        let shared = Arc::new(Shared::new(parts, miner, records));
        let bell = Arc::clone(&shared.bell);
        let ring = Box::new(move || bell.ring());
        let (_, subscription) = shared.parts.chain.subscribe_with(1, Some(ring));
        let pipeline = Arc::new(Self {
            shared,
            threads: Mutex::default(),
            is_prepared: AtomicBool::new(false),
            _subscription: subscription,
        });
        let shared = Arc::clone(&pipeline.shared);
        pipeline.spawn(format!("sealing f0{miner}"), move || driver::run(&shared))?;
        let shared = Arc::clone(&pipeline.shared);
        pipeline.spawn(format!("windows f0{miner}"), move || window::run(&shared))?;
        Ok(pipeline)
    }

    fn spawn(&self, name: String, run: impl FnOnce() + Send + 'static) -> Result<(), SealError> {
        let spawned = thread::Builder::new().name(name).spawn(run);
        let thread = spawned.map_err(|source| SealError::Io {
            path: "a thread".into(),
            source,
        })?;
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.push(thread);
        Ok(())
    }

    /// Whose it is.
    pub fn miner(&self) -> ActorID {
        self.shared.miner
    }

    /// Begins a sector of committed capacity: it is sealed, proven, and proven again whenever its deadline comes. Gives its number.
    ///
    /// # Errors
    /// When the number cannot be noted, or the chain not be read.
    pub fn pledge(&self) -> Result<SectorNumber, SealError> {
        let shared = &self.shared;
        if shared.is_stopped() {
            return Err(SealError::Stopped);
        }
        let head = shared.head();
        let view = shared.now(&head)?;
        let miner = view.miner(&shared.address())?;
        let seal_proof = seal_proof(&miner.info()?)?;
        let above = miner.allocated()?.last().map_or(0, |last| last + 1);
        let number = shared.records.take_number(above)?;
        let mut sector = Sector::new(number, seal_proof);
        sector.note(head.height(), "pledged");
        shared.records.add(sector)?;
        shared.bell.ring();
        self.prepare(seal_proof)?;
        Ok(number)
    }

    /// Begins to make what the first seal needs, while the sector waits for other things.
    fn prepare(&self, seal_proof: RegisteredSealProof) -> Result<(), SealError> {
        if self.is_prepared.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        let size = seal_proof.sector_size().map_err(SealError::Prover)? as u64;
        let shared = Arc::clone(&self.shared);
        self.spawn("parameters".to_owned(), move || {
            let prover = &shared.parts.prover;
            if let Err(error) = prover.prepare(size, &shared.preparing)
                && !shared.is_stopped()
            {
                // A sector that needs them tries again, and says so.
                tracing::warn!(error = driver::text(&error), "parameters of seals");
            }
        })
    }

    /// All sectors that have a record, by number.
    ///
    /// # Errors
    /// None now; when records cannot be read.
    pub fn sectors(&self) -> Result<Vec<SectorStatus>, SealError> {
        let all = self.shared.records.all().into_iter();
        Ok(all
            .map(|sector| SectorStatus::of(&self.shared, sector))
            .collect())
    }

    /// A sector.
    ///
    /// # Errors
    /// When there is none of this number.
    pub fn sector(&self, number: SectorNumber) -> Result<SectorStatus, SealError> {
        let sector = self.shared.records.get(number)?;
        Ok(SectorStatus::of(&self.shared, sector))
    }

    /// Tries at once what a sector waits to try again; one that has failed tries anew what is on chain of it.
    ///
    /// # Errors
    /// When there is no such sector, or it cannot be noted.
    pub fn retry(&self, number: SectorNumber) -> Result<(), SealError> {
        let epoch = self.shared.head().height();
        self.shared.records.change(number, |sector| {
            sector.trouble = None;
            if sector.state == State::Failed {
                sector.state = match sector.sealed {
                    Some(_) => State::PreCommitting,
                    None => State::GetTicket,
                };
            }
            sector.note(epoch, "tried again because somebody asked");
        })?;
        self.shared.bell.ring();
        Ok(())
    }

    /// Forgets a sector that is not on chain, and deletes its files. Its number is not used again.
    ///
    /// # Errors
    /// When there is no such sector, it is announced or proven, or that cannot be told.
    pub fn remove(&self, number: SectorNumber) -> Result<(), SealError> {
        let shared = &self.shared;
        let sector = shared.records.get(number)?;
        let head = shared.head();
        let view = shared.now(&head)?;
        let miner = view.miner(&shared.address())?;
        let fate = sector.pre_commit.map(|cid| shared.fate(&cid)).transpose()?;
        let is_announced = fate == Some(Fate::Waiting);
        if is_announced || miner.precommit(number)?.is_some() || miner.sector(number)?.is_some() {
            return Err(SealError::OnChain(number));
        }
        shared.records.change(number, |sector| {
            sector.state = State::Removing;
            sector.trouble = None;
        })?;
        shared.interrupt(number);
        shared.bell.ring();
        Ok(())
    }

    /// The deadlines of the proving period.
    ///
    /// # Errors
    /// When the chain cannot be read.
    pub fn deadlines(&self) -> Result<Vec<DeadlineStatus>, SealError> {
        status::deadlines(&self.shared)
    }

    /// Window proofs since the process started.
    pub fn window_counts(&self) -> WindowCounts {
        *self.shared.counts()
    }

    /// Makes the winning proofs of this miner's blocks.
    pub fn winning_prover(&self) -> Winning {
        let parts = &self.shared.parts;
        Winning {
            prover: Arc::clone(&parts.prover),
            directory: parts.directory.clone(),
        }
    }

    /// Why an epoch must not begin yet, if so: a deadline closes soon, and on the present head it has not been seen to its proof. For networks
    /// of one's own, whose clock can wait: on a slow machine a proof would come too late there, and who loses all power has no network any
    /// more. A proof that cannot be made holds nothing back.
    pub fn holds_back(&self, epoch: ChainEpoch) -> Option<String> {
        window::holds_back(&self.shared, epoch).unwrap_or_else(|error| {
            tracing::warn!(
                miner = self.miner(),
                error = driver::text(&error),
                "windows"
            );
            None
        })
    }

    /// Waits until everything is done that can be done on the head there is: messages are in the pool, proofs are made. False if it
    /// takes longer than this. For clocks that do not run by themselves.
    pub fn settle(&self, timeout: Duration) -> bool {
        let start = Instant::now();
        loop {
            if self.shared.is_stopped() {
                return true;
            }
            let head = self.shared.head();
            if self.shared.is_quiet(head.key()) {
                return true;
            }
            if start.elapsed() >= timeout {
                return false;
            }
            thread::sleep(SETTLE_LOOK);
        }
    }

    /// Stops: workers are killed, and the next start goes on with what they did. Waits for the threads.
    pub fn stop(&self) {
        self.shared.stop();
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            // What panicked in it is in the log.
            let _ = thread.join();
        }
    }

    /// The name of a thread that ended although nobody stopped it, if one did: it panicked, and nothing of its work is done.
    pub fn dead_thread(&self) -> Option<String> {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        // The first two do their work until they are stopped.
        let mut dead = threads.iter().take(2).filter(|thread| thread.is_finished());
        let dead = dead.next()?.thread().name().unwrap_or_default().to_owned();
        (!self.shared.is_stopped()).then_some(dead)
    }

    /// For tests: whether it has died.
    #[doc(hidden)]
    pub fn is_dead(&self) -> bool {
        self.shared.records.is_dead()
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline")
            .field("miner", &self.shared.miner)
            .finish_non_exhaustive()
    }
}

/// The seal proof that goes with a miner's window proof: version 1.1, of the same size.
fn seal_proof(
    info: &filigree_actor_miner::types::MinerInfo,
) -> Result<RegisteredSealProof, SealError> {
    /// Numbers of window proofs, and of seal proofs of version 1.1, from the smallest size on.
    const FIRST: (i64, i64) = (10, 5);
    let number = i64::from(info.window_post_proof_type);
    let seal = RegisteredSealProof::from(number - FIRST.0 + FIRST.1);
    match seal.registered_window_post_proof() {
        Ok(window) if window == info.window_post_proof_type => Ok(seal),
        _ => Err(SealError::ProofType(number)),
    }
}
