//! A pool of workers: how many run at a time is bounded by the threads and the memory that they need together.
//!
//! Sealing takes hours, and proofs of spacetime have deadlines: a window proof half an hour, a winning proof seconds. So
//! these go first, winning proofs before window proofs, and begin with the threads that are free. That some are, and
//! memory, whatever is being sealed, is what a part of the pool is for that sealing leaves alone (the *reserve*).

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use filigree_proofs_params::{Set, directory};

use crate::control::LOOK;
use crate::needs::needs;
use crate::{Control, Outcome, Result, Task, Workers};

/// Which part of a pool's memory is reserved for proofs of spacetime, unless somebody says how much.
const RESERVED: u64 = 4;

/// What all workers of a pool together may use, or what one takes of that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolLimits {
    /// Threads.
    pub threads: usize,
    /// Memory.
    pub memory_bytes: u64,
}

impl PoolLimits {
    /// What is left without `other`.
    fn without(self, other: Self) -> Self {
        Self {
            threads: self.threads.saturating_sub(other.threads),
            memory_bytes: self.memory_bytes.saturating_sub(other.memory_bytes),
        }
    }

    fn with(self, other: Self) -> Self {
        Self {
            threads: self.threads + other.threads,
            memory_bytes: self.memory_bytes + other.memory_bytes,
        }
    }

    /// Of each as much as both have.
    fn at_most(self, other: Self) -> Self {
        Self {
            threads: self.threads.min(other.threads),
            memory_bytes: self.memory_bytes.min(other.memory_bytes),
        }
    }

    fn contains(self, other: Self) -> bool {
        self.at_most(other) == other
    }
}

/// Workers within bounds. Of tasks of one rank that wait for room, any may be the next.
#[derive(Debug)]
pub struct Pool {
    workers: Workers,
    limits: PoolLimits,
    reserve: PoolLimits,
    state: Mutex<State>,
    freed: Condvar,
}

/// Who goes before whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Winning,
    Window,
    Sealing,
}

impl Rank {
    const COUNT: usize = 3;

    fn of(task: &Task) -> Self {
        match task {
            Task::WinningPost { .. } => Self::Winning,
            Task::WindowPost { .. } => Self::Window,
            _ => Self::Sealing,
        }
    }
}

/// What is taken, and who waits.
#[derive(Debug, Default)]
struct State {
    /// By all.
    taken: PoolLimits,
    /// By sealing.
    sealing: PoolLimits,
    /// How many wait, by rank.
    waiting: [usize; Rank::COUNT],
}

impl Pool {
    /// A pool of such workers. A thread, if there are two, and a quarter of the memory are reserved for proofs of spacetime.
    pub fn new(workers: Workers, limits: PoolLimits) -> Self {
        let limits = PoolLimits {
            threads: limits.threads.max(1),
            ..limits
        };
        let pool = Self {
            workers,
            limits,
            reserve: PoolLimits::default(),
            state: Mutex::default(),
            freed: Condvar::new(),
        };
        pool.with_reserve(PoolLimits {
            threads: 1,
            memory_bytes: limits.memory_bytes / RESERVED,
        })
    }

    /// A pool for the network with a chain id, whose workers prove with parameters of `set`.
    ///
    /// # Errors
    ///
    /// The network does not take proofs of that set, or the workers' directory of parameters is by its name for the other.
    pub fn for_network(
        chain_id: u64,
        set: Set,
        workers: Workers,
        limits: PoolLimits,
    ) -> Result<Self> {
        set.allowed_on(chain_id)?;
        directory(set, Some(&workers.parameters))?;
        Ok(Self::new(workers, limits))
    }

    /// Reserves this, of the whole, for proofs of spacetime. A window proof of sectors of 32 GiB needs 128 GiB. One thread is
    /// left to sealing.
    ///
    /// A task of sealing that needs more than what is left runs when no other does, and takes of the reserve: then proofs of
    /// spacetime may have to wait for it.
    pub fn with_reserve(mut self, reserve: PoolLimits) -> Self {
        self.reserve = reserve.at_most(PoolLimits {
            threads: self.limits.threads - 1,
            ..self.limits
        });
        self
    }

    /// Runs a task when there is room for it. One that needs more than the whole pool runs when it is alone.
    pub fn run(&self, task: &Task, control: &Control) -> Result<Outcome> {
        let room = self.wait_for(Rank::of(task), needs(task), control)?;
        self.workers.run(task, room.share.threads, control)
    }

    fn wait_for(&self, rank: Rank, needs: PoolLimits, control: &Control) -> Result<Room<'_>> {
        let mut state = self.state();
        state.waiting[rank as usize] += 1;
        let share = loop {
            if let Some(share) = self.share(&state, rank, needs) {
                break Ok(share);
            }
            if let Err(stopped) = control.check() {
                break Err(stopped);
            }
            let waited = self.freed.wait_timeout(state, LOOK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        };
        // Whether it got room or was stopped: those behind it need wait for it no more.
        state.waiting[rank as usize] -= 1;
        self.freed.notify_all();
        let share = share?;
        state.taken = state.taken.with(share);
        if rank == Rank::Sealing {
            state.sealing = state.sealing.with(share);
        }
        Ok(Room {
            pool: self,
            rank,
            share,
        })
    }

    /// What a task is given now, if there is room for it and nobody goes before it.
    fn share(&self, state: &State, rank: Rank, needs: PoolLimits) -> Option<PoolLimits> {
        if state.waiting[..rank as usize]
            .iter()
            .any(|count| *count > 0)
        {
            return None;
        }
        let free = self.limits.without(state.taken);
        let whole = needs.at_most(self.limits);
        if rank != Rank::Sealing {
            // One thread stays free for a winning proof, if there are two.
            let kept = usize::from(rank == Rank::Window && free.threads > 1);
            let share = PoolLimits {
                threads: whole.threads.min(free.threads - kept),
                ..whole
            };
            return (share.threads > 0 && free.contains(share)).then_some(share);
        }
        let beside = self.limits.without(self.reserve);
        // More threads are of use to it, not needed.
        let share = PoolLimits {
            threads: whole.threads.min(beside.threads),
            ..whole
        };
        let fits =
            beside.contains(state.sealing.with(share)) || state.sealing == PoolLimits::default();
        (fits && free.contains(share)).then_some(share)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a running task takes of a pool.
struct Room<'a> {
    pool: &'a Pool,
    rank: Rank,
    share: PoolLimits,
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.state();
        state.taken = state.taken.without(self.share);
        if self.rank == Rank::Sealing {
            state.sealing = state.sealing.without(self.share);
        }
        self.pool.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::{Duration, Instant};

    use filigree_proofs_params::DEVNET_CHAIN_ID;

    use super::*;
    use crate::ProveError;

    /// A pool whose workers are never started.
    fn pool(threads: usize, memory_bytes: u64) -> Pool {
        let limits = PoolLimits {
            threads,
            memory_bytes,
        };
        Pool::new(workers("parameters"), limits)
    }

    fn workers(parameters: &str) -> Workers {
        Workers {
            program: "worker".into(),
            arguments: Vec::new(),
            parameters: parameters.into(),
            parents: "parents".into(),
            folder: ".".into(),
        }
    }

    /// Of one thread.
    fn thin(memory_bytes: u64) -> PoolLimits {
        PoolLimits {
            threads: 1,
            memory_bytes,
        }
    }

    /// Of as many threads as there are.
    fn wide(memory_bytes: u64) -> PoolLimits {
        PoolLimits {
            threads: usize::MAX,
            memory_bytes,
        }
    }

    impl Pool {
        /// Room for a task, if there is some now.
        fn try_room(&self, rank: Rank, needs: PoolLimits) -> Option<Room<'_>> {
            let stopped = Control::default();
            stopped.stop();
            self.wait_for(rank, needs, &stopped).ok()
        }

        #[track_caller]
        fn room(&self, rank: Rank, needs: PoolLimits, threads: usize) -> Room<'_> {
            let room = self.try_room(rank, needs).expect("there is no room");
            assert_eq!(room.share.threads, threads);
            room
        }

        fn until_waits(&self, rank: Rank) {
            let began = Instant::now();
            while self.state().waiting[rank as usize] == 0 {
                assert!(began.elapsed() < Duration::from_secs(60), "nobody waits");
                thread::yield_now();
            }
        }

        #[track_caller]
        fn no_room(&self, rank: Rank, needs: PoolLimits) {
            assert!(self.try_room(rank, needs).is_none(), "there is room");
        }
    }

    use Rank::{Sealing, Window, Winning};

    #[test]
    fn proofs_of_spacetime_find_room_whatever_is_being_sealed() {
        let pool = pool(4, 100).with_reserve(PoolLimits {
            threads: 2,
            memory_bytes: 40,
        });
        let first = pool.room(Sealing, thin(30), 1);
        let _second = pool.room(Sealing, thin(30), 1);
        pool.no_room(Sealing, thin(1));
        // A window proof leaves a thread to a winning one.
        let window = pool.room(Window, wide(30), 1);
        let winning = pool.room(Winning, wide(10), 1);
        pool.no_room(Window, wide(1));
        pool.no_room(Winning, wide(1));
        drop((window, winning, first));
        // They may take what sealing does not use, too.
        let window = pool.room(Window, wide(70), 2);
        let winning = pool.room(Winning, wide(0), 1);
        pool.no_room(Sealing, thin(1));
        drop((window, winning));
        pool.room(Sealing, thin(30), 1);
    }

    #[test]
    fn sealing_takes_of_the_reserve_only_what_it_cannot_do_without_and_alone() {
        let pool = pool(4, 100);
        let small = pool.room(Sealing, wide(75), 3);
        drop(small);
        let small = pool.room(Sealing, thin(10), 1);
        pool.no_room(Sealing, thin(80));
        drop(small);
        // More than the whole: as much as there is.
        let large = pool.room(Sealing, wide(1_000), 3);
        assert_eq!(large.share.memory_bytes, 100);
        pool.no_room(Sealing, thin(1));
        pool.no_room(Window, wide(1));
        drop(large);
        pool.room(Window, wide(1_000), 3);
    }

    #[test]
    fn a_pool_of_one_thread_has_none_to_reserve() {
        for threads in [0, 1] {
            let pool = pool(threads, 100);
            let sealing = pool.room(Sealing, wide(10), 1);
            pool.no_room(Window, wide(10));
            drop(sealing);
            pool.room(Window, wide(10), 1);
        }
    }

    #[test]
    fn of_those_who_wait_the_nearest_deadline_goes_first() {
        let pool = pool(1, 100);
        let order = Mutex::new(Vec::new());
        thread::scope(|scope| {
            let first = pool.room(Sealing, thin(10), 1);
            for rank in [Sealing, Window, Winning] {
                let (pool, order) = (&pool, &order);
                scope.spawn(move || {
                    let room = pool.wait_for(rank, thin(10), &Control::default());
                    order.lock().unwrap().push(rank);
                    drop(room);
                });
                pool.until_waits(rank);
            }
            drop(first);
        });
        assert_eq!(order.into_inner().unwrap(), [Winning, Window, Sealing]);
    }

    #[test]
    fn who_waits_and_is_stopped_keeps_nobody_waiting() {
        let pool = pool(1, 100);
        let sealing = pool.room(Sealing, thin(10), 1);
        let control = Control::default();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| pool.wait_for(Window, thin(10), &control).map(|_| ()));
            pool.until_waits(Window);
            control.stop();
            let stopped = waiting.join().unwrap();
            assert!(matches!(stopped, Err(ProveError::Cancelled)), "{stopped:?}");
        });
        drop(sealing);
        pool.room(Sealing, thin(10), 1);
    }

    #[test]
    fn a_network_that_is_no_devnet_proves_with_no_development_parameters() {
        let limits = thin(100);
        let pool =
            |chain_id, set, folder| Pool::for_network(chain_id, set, workers(folder), limits);
        pool(DEVNET_CHAIN_ID, Set::Development, "params-dev").unwrap();
        pool(314, Set::Production, "params").unwrap();
        pool(DEVNET_CHAIN_ID, Set::Production, "params").unwrap();
        let refused = pool(314, Set::Development, "params-dev").unwrap_err();
        assert!(matches!(refused, ProveError::NotADevnet(_)), "{refused}");
        for (set, folder) in [
            (Set::Production, "params-dev"),
            (Set::Development, "params"),
        ] {
            let refused = pool(DEVNET_CHAIN_ID, set, folder).unwrap_err();
            assert!(matches!(refused, ProveError::Directory(_)), "{refused}");
        }
    }
}
