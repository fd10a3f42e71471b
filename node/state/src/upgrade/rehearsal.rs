//! What upgrades would do, on blocks that are thrown away: those that are scheduled already, in their order, and then the one that is
//! asked about, each with the first epoch of its version, so that nothing is seen for the first time when the network depends on it.

use std::sync::Arc;

use cid::Cid;
use filigree_blocks::Tipset;
use filigree_consensus::config::Upgrade;
use filigree_vm::Kind;
use fvm_ipld_encoding::RawBytes;
use fvm_shared::ActorID;
use fvm_shared::METHOD_SEND;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;
use fvm_shared::version::NetworkVersion;

use super::{Migrated, failed, migrate};
use crate::error::Error;
use crate::protocol;
use crate::room::{Moment, Progress, Room};
use crate::rules::{Migration, Rules};
use crate::view::View;

/// The first account that may be somebody's.
const FIRST_ACCOUNT: ActorID = 100;

/// Gas of the message that is tried: it costs its sender nothing.
const MESSAGE_GAS: u64 = 50_000_000;
/// Bytes that it would have on chain, about.
const MESSAGE_BYTES: usize = 150;

/// Rehearses the upgrades that come after a tipset, and after them this one; gives what this one does. Without a version, it stays the
/// one that there is by then.
pub(crate) fn rehearse(
    room: &Room,
    base: &Tipset,
    root: Cid,
    version: Option<NetworkVersion>,
    migration: &Migration,
    progress: Option<Progress>,
) -> Result<Migrated, Error> {
    let rules = Arc::clone(&room.rules);
    let mut rehearsal = Rehearsal {
        room: Room {
            progress,
            ..room.overlay()
        },
        base,
        root,
        epoch: base.height(),
    };
    let versions = &rules.config.versions;
    let is_to_come = |upgrade: &&Upgrade| upgrade.epoch >= base.height();
    for &Upgrade { epoch, version } in versions.upgrades.iter().filter(is_to_come) {
        let migration = rules.migrations.get(&epoch);
        let migration = migration.ok_or(Error::UnknownMigration { epoch, version })?;
        rehearsal.step(version, migration, epoch)?;
    }
    let last = versions.upgrades.last();
    let last = last.map_or(versions.genesis, |upgrade| upgrade.version);
    let epoch = rehearsal.epoch;
    rehearsal.step(version.unwrap_or(last), migration, epoch)
}

/// A state that goes through upgrades, one an epoch.
struct Rehearsal<'a> {
    room: Room,
    base: &'a Tipset,
    root: Cid,
    /// The last epoch that was.
    epoch: ChainEpoch,
}

impl Rehearsal<'_> {
    /// Migrates, and has the first epoch of the new version; errors tell of an upgrade after epoch `told`.
    fn step(
        &mut self,
        version: NetworkVersion,
        migration: &Migration,
        told: ChainEpoch,
    ) -> Result<Migrated, Error> {
        self.room.rules = Arc::new(upgraded(&self.room.rules, self.epoch, version));
        let migrated = migrate(&self.room, self.base, self.root, self.epoch, migration);
        let migrated = migrated.map_err(failed(told))?;
        self.epoch += 1;
        self.root = self.first_epoch(migrated.root)?;
        Ok(migrated)
    }

    /// An epoch with a message of somebody.
    fn first_epoch(&self, root: Cid) -> Result<Cid, Error> {
        let (room, epoch) = (&self.room, self.epoch);
        let timestamp = room.rules.config.timestamp_of(epoch);
        let moment = Moment {
            epoch,
            timestamp: timestamp.unwrap_or_default(),
            base_fee: TokenAmount::default(),
            ..Moment::of(self.base, root, false)
        };
        let message = message(&View::open(&room.store, &root)?)?;
        let mut running = room.machine(&moment)?;
        if let Some(message) = message {
            let what = || format!("a message of {} after the migration", message.from);
            let applied = running.execute(what, &message, Kind::Explicit, MESSAGE_BYTES)?;
            let code = applied.receipt.exit_code;
            if !code.is_success() {
                let why = applied.failure.map(|failure| failure.to_string());
                return Err(Error::Protocol {
                    what: what(),
                    code,
                    why: why.unwrap_or_default(),
                });
            }
        }
        running.execute_protocol("cron after the migration", &protocol::tick(epoch))?;
        running.flush()
    }
}

/// The rules of a network that goes to a version after `epoch`, and has no upgrade after that.
fn upgraded(rules: &Rules, epoch: ChainEpoch, version: NetworkVersion) -> Rules {
    let mut rules = rules.clone();
    let upgrades = &mut rules.config.versions.upgrades;
    upgrades.retain(|upgrade| upgrade.epoch < epoch);
    upgrades.push(Upgrade { epoch, version });
    rules
}

/// A message of the first account to itself; none, if there is no account.
fn message(view: &View) -> Result<Option<Message>, Error> {
    let account = *view.manifest()?.account_code();
    let mut first: Option<(ActorID, u64)> = None;
    view.for_each(|id, actor| {
        let is_earlier = first.is_none_or(|(first, _)| id < first);
        if actor.code == account && id >= FIRST_ACCOUNT && is_earlier {
            first = Some((id, actor.sequence));
        }
    })?;
    Ok(first.map(|(id, sequence)| Message {
        version: 0,
        from: Address::new_id(id),
        to: Address::new_id(id),
        sequence,
        value: TokenAmount::default(),
        method_num: METHOD_SEND,
        params: RawBytes::default(),
        gas_limit: MESSAGE_GAS,
        gas_fee_cap: TokenAmount::default(),
        gas_premium: TokenAmount::default(),
    }))
}
