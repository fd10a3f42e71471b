//! The miners of a process.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use filigree_blocks::Tipset;
use filigree_store::{StoreError, lock};
use fvm_shared::ActorID;
use fvm_shared::clock::ChainEpoch;
use tracing::info;

use crate::clock::Clock;
use crate::hold::{self, Readiness};
use crate::record::Record;
use crate::round::{Lost, Miner, MinerIdentity, Parts};
use crate::stop::Stop;
use crate::{instant, wall};

/// Why mining does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A miner without a key.
    #[error(
        "the wallet has no key for {}, the worker of miner f0{}; import it, or take the miner out of the configuration",
        .0.worker, .0.id
    )]
    NoKey(MinerIdentity),
    /// One miner twice: it would make two blocks at an epoch, and be punished.
    #[error("the miner f0{0} is there twice")]
    Twice(ActorID),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gives no thread.
    #[error("no thread can be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// Why epochs that were asked for were not mined.
#[derive(Debug, thiserror::Error)]
pub enum AdvanceError {
    /// Time passes by itself.
    #[error(
        "blocks come by the clock here; epochs can be asked for on a network with a virtual clock only (devnet --instant)"
    )]
    NotVirtual,
    /// A miner lost an epoch for some trouble. The epochs before it were mined.
    #[error("miner f0{miner} lost epoch {epoch}: {why}")]
    Lost {
        /// The miner.
        miner: ActorID,
        /// The epoch.
        epoch: ChainEpoch,
        /// The trouble.
        why: Box<Lost>,
    },
    /// Mining was stopped.
    #[error("mining was stopped")]
    Stopped,
    /// There is no time left.
    #[error("the network's time has run out")]
    EndOfTime,
}

/// Called on a virtual clock after every epoch, with the head; what it waits for is done before the next epoch.
pub type Hook = Box<dyn Fn(&Tipset) + Send + Sync>;

/// The miners of a process at work. They stop when this is dropped.
pub struct Mining {
    inner: Arc<Inner>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

pub(crate) struct Inner {
    pub parts: Arc<Parts>,
    pub stop: Arc<Stop>,
    clock: Clock,
    miners: Vec<Miner>,
    readiness: Readiness,
    hooks: Mutex<Vec<Hook>>,
    /// The last epoch that was tried, on a virtual clock; held by who tries the next.
    tried: Mutex<ChainEpoch>,
}

impl Mining {
    /// Puts miners to work: by the clock on the wall at once, on a virtual clock when epochs are asked for.
    ///
    /// # Errors
    /// When a miner has no key, or the store or the system fails.
    pub fn start(
        parts: Parts,
        miners: Vec<MinerIdentity>,
        clock: Clock,
    ) -> Result<Self, StartError> {
        check(&parts, &miners)?;
        let parts = Arc::new(parts);
        let miners = miners.into_iter();
        let miners: Vec<Miner> = miners
            .map(|identity| Miner::new(identity, Arc::clone(&parts)))
            .collect();
        let mut tried = parts.chain.head().height();
        for miner in &miners {
            if let Some(last) = parts.last.get(miner.identity.id)? {
                tried = tried.max(last.epoch);
            }
        }
        clock.reach(parts.chain.config().timestamp_of(tried).unwrap_or(0));
        let inner = Arc::new(Inner {
            parts,
            stop: Arc::default(),
            readiness: Readiness::new(clock.clone(), miners.len()),
            clock,
            miners,
            hooks: Mutex::default(),
            tried: Mutex::new(tried),
        });
        for miner in &inner.miners {
            miner.show_last_again();
        }
        let mining = Self {
            inner,
            threads: Mutex::default(),
        };
        if !mining.inner.clock.is_virtual() {
            for at in 0..mining.inner.miners.len() {
                let id = mining.inner.miners[at].identity.id;
                mining.spawn(format!("mine f0{id}"), move |inner| {
                    let ready = inner.readiness.of(at);
                    wall::run(&inner.miners[at], &inner.clock, &ready, &inner.stop);
                })?;
            }
        }
        info!(
            miners = mining.inner.miners.len(),
            clock = ?mining.inner.clock,
            "mining starts"
        );
        Ok(mining)
    }

    /// On a virtual clock, mines a block as soon as a message arrives, and one more that has its receipt.
    ///
    /// # Errors
    /// When the clock is another one, or there is no thread to be had.
    pub fn instant(&self) -> Result<(), InstantError> {
        if !self.inner.clock.is_virtual() {
            return Err(InstantError::NotVirtual);
        }
        let spawned = self.spawn("mine instant".to_owned(), instant::run);
        spawned.map_err(InstantError::Thread)
    }

    /// Mines so many epochs of a virtual clock, as fast as that goes. Gives the head then; epochs that nobody won have no tipset.
    ///
    /// # Errors
    /// When the clock is another one, mining stops, or a miner has some trouble; the epochs before were mined.
    pub fn advance(&self, epochs: u64) -> Result<Tipset, AdvanceError> {
        self.inner.advance(epochs)
    }

    /// Adds what is called after each epoch of a virtual clock: parts of the node that must keep up with it wait there until they
    /// have.
    pub fn after_each_epoch(&self, hook: Hook) {
        let mut hooks = lock(&self.inner.hooks);
        hooks.push(hook);
    }

    /// The miners, with what became of their rounds since the process started.
    pub fn records(&self) -> Vec<(MinerIdentity, Record)> {
        let miners = self.inner.miners.iter();
        miners
            .map(|miner| (miner.identity, miner.record().clone()))
            .collect()
    }

    /// The name of a thread that ended although nobody stopped it, if one did: it panicked, and its miner makes no blocks.
    pub fn dead_thread(&self) -> Option<String> {
        let threads = lock(&self.threads);
        let mut dead = threads.iter().filter(|thread| thread.is_finished());
        let dead = dead.next()?.thread().name().unwrap_or_default().to_owned();
        (!self.inner.stop.is_stopped()).then_some(dead)
    }

    /// The network's clock.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// Stops all miners, and waits until they have stopped: until a winning proof that is being made is done.
    pub fn stop(&self) {
        self.inner.stop.stop();
        let threads = std::mem::take(&mut *lock(&self.threads));
        for thread in threads {
            // Whatever it panicked of has been printed.
            let _ = thread.join();
        }
    }

    fn spawn(
        &self,
        name: String,
        run: impl FnOnce(&Arc<Inner>) + Send + 'static,
    ) -> std::io::Result<()> {
        let inner = Arc::clone(&self.inner);
        let thread = thread::Builder::new()
            .name(name)
            .spawn(move || run(&inner))?;
        lock(&self.threads).push(thread);
        Ok(())
    }
}

impl Inner {
    pub fn advance(&self, epochs: u64) -> Result<Tipset, AdvanceError> {
        if !self.clock.is_virtual() {
            return Err(AdvanceError::NotVirtual);
        }
        let mut tried = lock(&self.tried);
        for _ in 0..epochs {
            // Somebody else's block may have come.
            let epoch = tried.max(self.parts.chain.head().height()) + 1;
            if !hold::wait(self.parts.hold.as_ref(), &self.clock, epoch, &self.stop) {
                return Err(AdvanceError::Stopped);
            }
            let time = self.parts.chain.config().timestamp_of(epoch);
            self.clock.reach(time.ok_or(AdvanceError::EndOfTime)?);
            *tried = epoch;
            self.epoch(epoch)?;
            let head = self.parts.chain.head();
            for hook in lock(&self.hooks).iter() {
                hook(&head);
            }
        }
        Ok(self.parts.chain.head())
    }

    /// All miners try an epoch, one after the other.
    fn epoch(&self, epoch: ChainEpoch) -> Result<(), AdvanceError> {
        let mut trouble = Ok(());
        for miner in &self.miners {
            if self.stop.is_stopped() {
                return Err(AdvanceError::Stopped);
            }
            if let Err(why) = miner.round(epoch, |_| !self.stop.is_stopped()) {
                let miner = miner.identity.id;
                let why = Box::new(why);
                trouble = trouble.and(Err(AdvanceError::Lost { miner, epoch, why }));
            }
        }
        trouble
    }
}

/// Why blocks do not come with messages.
#[derive(Debug, thiserror::Error)]
pub enum InstantError {
    /// Time passes by itself.
    #[error(
        "blocks come by the clock here; they come with messages on a network with a virtual clock only"
    )]
    NotVirtual,
    /// The system gives no thread.
    #[error("no thread can be started: {0}")]
    Thread(std::io::Error),
}

impl Drop for Mining {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Mining {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let miners = self.inner.miners.iter().map(|miner| miner.identity.id);
        f.debug_struct("Mining")
            .field("clock", &self.inner.clock)
            .field("miners", &miners.collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

fn check(parts: &Parts, miners: &[MinerIdentity]) -> Result<(), StartError> {
    for (at, miner) in miners.iter().enumerate() {
        if miners[..at].iter().any(|other| other.id == miner.id) {
            return Err(StartError::Twice(miner.id));
        }
        if !parts.wallet.has(&miner.worker) {
            return Err(StartError::NoKey(*miner));
        }
    }
    Ok(())
}
