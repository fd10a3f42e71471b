//! The entry points `upgrade`, in threads. The actors are dealt into shares, as many on every node; each share has a machine of its
//! own, on the state in which all other actors are replaced already, and upgrades its actors there one after the other; what becomes of
//! these is then put into one state. So an actor that asks another one sees it upgraded if that comes before it in its share, and as
//! it was else, on whatever machine.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use cid::Cid;
use filigree_blocks::Tipset;
use filigree_builtin::ids as singleton;
use filigree_state::ActorState;
use filigree_vm::Kind;
use fvm_ipld_encoding::RawBytes;
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;

use super::MigrationError;
use super::plan::{Upgrade, edit};
use crate::room::{Moment, Room};
use crate::view::View;

/// Gas of an upgrade: as much as can be counted without overflow.
const GAS: u64 = 1_000_000_000_000_000;

/// How many shares there are, and so the most threads. Part of what a migration comes to: not to be changed.
const SHARES: usize = 16;

type Actors = HashMap<ActorID, ActorState>;

/// What the threads share.
struct Upgrading<'a> {
    room: &'a Room,
    /// The last tipset before the migration.
    base: &'a Tipset,
    root: Cid,
    epoch: ChainEpoch,
    /// All actors before.
    before: Actors,
    /// All to be upgraded.
    all: usize,
    done: AtomicUsize,
    failed: AtomicBool,
}

/// Upgrades actors, each to its new code; gives the root of the state with all of them.
pub(super) fn upgrade(
    room: &Room,
    base: &Tipset,
    root: Cid,
    epoch: ChainEpoch,
    upgrades: &[Upgrade],
) -> Result<Cid, MigrationError> {
    if upgrades.is_empty() {
        return Ok(root);
    }
    let mut before = Actors::new();
    View::open(&room.store, &root)?.for_each(|id, actor| {
        before.insert(id, actor.clone());
    })?;
    let upgrading = Upgrading {
        room,
        base,
        root,
        epoch,
        before,
        all: upgrades.len(),
        done: AtomicUsize::new(0),
        failed: AtomicBool::new(false),
    };
    let shares: Vec<&[Upgrade]> = upgrades.chunks(upgrades.len().div_ceil(SHARES)).collect();
    let results: Vec<OnceLock<_>> = shares.iter().map(|_| OnceLock::new()).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((share, result)) = {
            let at = next.fetch_add(1, Ordering::Relaxed);
            shares.get(at).zip(results.get(at))
        } {
            result.get_or_init(|| upgrading.share(share));
        }
    };
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        for _ in 1..threads.min(shares.len()) {
            // Those that the system does not give are done without.
            let _ = thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    let mut upgraded = Vec::with_capacity(upgrades.len());
    // The first failure in the order of the actors is the one that is told.
    for result in results.into_iter().filter_map(OnceLock::into_inner) {
        upgraded.extend(result?);
    }
    edit(&room.store, &root, |_| Ok(upgraded))
}

impl Upgrading<'_> {
    /// Upgrades some of the actors; gives them as they are then. Nothing, if another thread has failed.
    fn share(&self, share: &[Upgrade]) -> Result<Vec<(ActorID, ActorState)>, MigrationError> {
        let result = self.run(share);
        if result.is_err() {
            self.failed.store(true, Ordering::Relaxed);
        }
        result
    }

    fn run(&self, share: &[Upgrade]) -> Result<Vec<(ActorID, ActorState)>, MigrationError> {
        let epoch = self.epoch + 1;
        // Nothing here is of the tipset that comes after: there may be several, and all have the same migration behind them.
        let timestamp = self.room.rules.config.timestamp_of(epoch);
        let moment = Moment {
            epoch,
            timestamp: timestamp.unwrap_or_default(),
            base_fee: TokenAmount::default(),
            ..Moment::of(self.base, self.root, false)
        };
        let mut running = self.room.machine(&moment)?;
        for Upgrade { id, code, params } in share {
            if self.failed.load(Ordering::Relaxed) {
                return Ok(Vec::new());
            }
            let what = || format!("the upgrade of f0{id}");
            let message = message(*id, params.clone());
            let applied = running.execute(what, &message, Kind::Upgrade(*code), 0)?;
            let exit = applied.receipt.exit_code;
            if !exit.is_success() {
                let why = applied.failure.map(|failure| failure.to_string());
                return Err(MigrationError::Upgrade {
                    actor: *id,
                    code: exit,
                    why: why.unwrap_or_default(),
                });
            }
            let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
            self.room.migrated.upgraded();
            if let Some(progress) = &self.room.progress {
                progress(done, self.all);
            }
        }
        let root = running.flush()?;
        self.collect(share, &root)
    }

    /// The upgraded actors of a share, if nothing else changed.
    fn collect(
        &self,
        share: &[Upgrade],
        root: &Cid,
    ) -> Result<Vec<(ActorID, ActorState)>, MigrationError> {
        let codes: HashMap<ActorID, Cid> = share
            .iter()
            .map(|upgrade| (upgrade.id, upgrade.code))
            .collect();
        let mut upgraded = Vec::with_capacity(share.len());
        let mut changed = None;
        let mut there = 0;
        View::open(&self.room.store, root)?.for_each(|id, actor| {
            there += 1;
            if codes.contains_key(&id) {
                upgraded.push((id, actor.clone()));
            } else if self.before.get(&id) != Some(actor) {
                changed = Some(changed.map_or(id, |other: ActorID| other.min(id)));
            }
        })?;
        if changed.is_none() && there != self.before.len() {
            // Somebody is gone.
            changed = share.first().map(|upgrade| upgrade.id);
        }
        if let (Some(changed), Some(first), Some(last)) = (changed, share.first(), share.last()) {
            return Err(MigrationError::Beyond {
                first: first.id,
                last: last.id,
                changed,
            });
        }
        upgraded.sort_unstable_by_key(|(id, _)| *id);
        for (id, actor) in &mut upgraded {
            let before = self.before.get(id);
            let wrong = before.and_then(|before| check(actor, before, codes.get(id)).err());
            if let Some(what) = wrong {
                return Err(MigrationError::Changed { actor: *id, what });
            }
            // The host gives new code no f4 address.
            actor.delegated_address = before.and_then(|before| before.delegated_address);
        }
        Ok(upgraded)
    }
}

/// Whether an actor is as an upgrade should leave it.
fn check(after: &ActorState, before: &ActorState, code: Option<&Cid>) -> Result<(), &'static str> {
    if code != Some(&after.code) {
        return Err("code again");
    }
    if after.balance != before.balance {
        return Err("balance");
    }
    if after.sequence != before.sequence {
        return Err("sequence number");
    }
    Ok(())
}

fn message(actor: ActorID, params: RawBytes) -> Message {
    Message {
        version: 0,
        from: Address::new_id(singleton::SYSTEM),
        to: Address::new_id(actor),
        sequence: 0,
        value: TokenAmount::default(),
        method_num: 0,
        params,
        gas_limit: GAS,
        gas_fee_cap: TokenAmount::default(),
        gas_premium: TokenAmount::default(),
    }
}
