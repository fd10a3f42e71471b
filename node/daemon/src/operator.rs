//! What can be done to the process over RPC.

use std::collections::BTreeSet;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use cid::Cid;
use filigree_blocks::{Tipset, TipsetKey};
use filigree_mine::{MinerIdentity, Record};
use filigree_rpc::json::filigree::{
    Collected, DeadlineStatus, Exported, MinerRounds, NetworkInfo, Rehearsed, ScheduledUpgrade,
    SectorLog, SectorStatus, StoreChecked, StoreUsage,
};
use filigree_rpc::{Operator, PeerId, Span, Task, Trouble};
use filigree_seal::Pipeline;
use filigree_store::check::{CheckProgress, CheckReport, check};
use filigree_store::gc::{GcProgress, GcRoots, gc};
use filigree_store::snapshot::{self, ExportProgress};
use filigree_store::{Counts, Depth, Extent, Usage};
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::sector::SectorNumber;

use crate::logs;
use crate::node::{Node, shown};

impl Node {
    fn pipeline(&self, miner: ActorID) -> Result<&Arc<Pipeline>> {
        let pipeline = self.pipelines.get(&miner);
        pipeline.with_context(|| {
            format!("the miner f0{miner} is not of this process; `filigree miner list` shows those that are")
        })
    }

    /// What is not below a header of the chain and is needed all the same: forks that may become the chain, own blocks that were given out
    /// and not submitted, what the head and these lead to, and actors of upgrades to come. All other results are forgotten: no header names their states, which go. What is being computed
    /// meanwhile is kept by having been written.
    fn roots(&self) -> Result<GcRoots> {
        let mut candidates: BTreeSet<Cid> = self.chain.candidates().into_iter().collect();
        let head = self.chain.head();
        for block in self.last.since(head.height())? {
            if self.db.blocks().contains(&block)? {
                candidates.insert(block);
            }
        }
        // Not again if an upgrade failed there.
        if self.states.known(&head).is_none()
            && let Err(error) = self.states.tipset_state(&head)
        {
            tracing::warn!(height = head.height(), %error, "the state of the head cannot be computed");
        }
        let is_needed = |key: &TipsetKey| {
            key == head.key() || key.cids().iter().all(|cid| candidates.contains(cid))
        };
        let kept = self.states.keep_results(is_needed).into_iter();
        let mut pins: Vec<Cid> = kept
            .flat_map(|known| [known.state, known.receipts])
            .collect();
        if self.network.is_some() {
            for upgrade in &self.own_network()?.upgrades {
                pins.extend(upgrade.bundle()?);
            }
        }
        Ok(GcRoots {
            heads: candidates
                .into_iter()
                .map(|cid| TipsetKey::new([cid]))
                .collect(),
            pins,
        })
    }
}

/// Tells a task how far work on the store is, and whoever does it whether to go on.
fn told(task: &Task, counts: Counts) -> ControlFlow<()> {
    task.tell_at(counts.doing, counts.done, counts.total)
}

fn extent(span: Span) -> Extent {
    match span {
        Span::Full => Extent::FULL,
        Span::Light => Extent::LIGHT,
    }
}

/// What a check found, as the RPC and the command line tell it.
pub fn checked(report: &CheckReport) -> StoreChecked {
    let missing = report.missing.iter().map(ToString::to_string);
    let wrong = report.wrong_heights.iter();
    let wrong = wrong.map(|height| format!("the index has another tipset at epoch {height}"));
    StoreChecked {
        good: report.is_good(),
        headers: report.checked.headers,
        blocks: report.checked.blocks,
        bytes: report.checked.bytes,
        missing_count: report.missing_count,
        floor: report.floor.unwrap_or(0),
        findings: missing.chain(wrong).collect(),
    }
}

/// What a database takes up, as they tell it.
pub fn usage(usage: Usage) -> StoreUsage {
    StoreUsage {
        files_bytes: usage.files_bytes,
        blocks_bytes: usage.blocks_bytes,
        blocks_estimate: usage.blocks_estimate,
        cache_bytes: usage.cache_bytes,
        write_buffer_bytes: usage.write_buffer_bytes,
    }
}

/// A sector as the RPC tells it.
fn sector(status: filigree_seal::SectorStatus) -> SectorStatus {
    let trouble = status.trouble;
    let trouble = trouble.map_or_else(Default::default, |trouble| {
        (trouble.reason, trouble.tries, trouble.retry_at_seconds)
    });
    let log = status.log.into_iter().map(|entry| SectorLog {
        at_seconds: entry.at_seconds,
        epoch: entry.epoch,
        text: entry.text,
    });
    SectorStatus {
        number: status.number,
        state: status.state,
        doing: status.doing,
        error: trouble.0,
        retries: trouble.1.into(),
        retry_at_seconds: trouble.2,
        comm_d: status.comm_d,
        comm_r: status.comm_r,
        pre_commit_message: status.pre_commit,
        commit_message: status.commit,
        log: log.collect(),
    }
}

/// What became of a miner's rounds, as the RPC tells it.
fn rounds((miner, record): (MinerIdentity, Record)) -> MinerRounds {
    // Of a trouble that passed since, nobody wants to hear.
    let trouble = record
        .last_trouble
        .filter(|(epoch, _)| Some(*epoch) == record.last_round);
    let trouble = record.barred.or(trouble.map(|(_, why)| why));
    MinerRounds {
        miner: Address::new_id(miner.id),
        rounds: record.rounds,
        blocks: record.blocks,
        lost: record.lost,
        last_round: record.last_round.unwrap_or(-1),
        trouble: trouble.unwrap_or_default(),
    }
}

/// A deadline as the RPC tells it.
fn deadline(status: filigree_seal::DeadlineStatus) -> DeadlineStatus {
    DeadlineStatus {
        index: status.index,
        open: status.open,
        close: status.close,
        partitions: status.partitions,
        sectors: status.sectors,
        faults: status.faults,
        recoveries: status.recoveries,
        proven: status.proven,
        last_result: status.last_result,
    }
}

impl Operator for Node {
    fn network(&self) -> NetworkInfo {
        let own = self.own_network().ok();
        let own = own.as_deref();
        let mock = own.map_or(&[] as &[&str], |network| network.proofs.mock_parts());
        NetworkInfo {
            name: self.chain.config().name.clone(),
            is_devnet: own.is_some(),
            proofs: own
                .map_or("real", |network| network.proofs.name())
                .to_owned(),
            mock: mock.iter().map(|part| (*part).to_owned()).collect(),
            clock: if self.clock.is_virtual() {
                "virtual"
            } else {
                "wall"
            }
            .to_owned(),
            max_message_bytes: self.chain.config().max_message_bytes,
            data_directory: shown(self.home.path()),
            miners: self.miners().into_iter().map(Address::new_id).collect(),
        }
    }

    fn peer_id(&self) -> PeerId {
        self.peer_id.clone()
    }

    fn now_seconds(&self) -> u64 {
        self.clock.now_seconds()
    }

    fn advance(&self, epochs: u64) -> Result<Tipset> {
        let mining = self
            .mining
            .as_ref()
            .context("there are no miners at work here")?;
        Ok(mining.advance(epochs)?)
    }

    fn follow_head(&self) -> Result<()> {
        Ok(self.intake.follow()?)
    }

    fn upgrades(&self) -> Vec<ScheduledUpgrade> {
        self.known_upgrades()
    }

    fn upgrade(
        &self,
        bundle: &Path,
        epoch: ChainEpoch,
        version: Option<u32>,
        task: &Task,
    ) -> Result<ScheduledUpgrade> {
        self.schedule_upgrade(bundle, epoch, version, task)
    }

    fn cancel_upgrade(&self, epoch: ChainEpoch) -> Result<()> {
        self.take_upgrade_back(epoch)
    }

    fn rehearse(&self, bundle: &Path, task: &Task) -> Result<Rehearsed> {
        self.rehearse_upgrade(bundle, task)
    }

    fn export(&self, path: &Path, span: Span, task: &Task) -> Result<Exported> {
        if !path.is_absolute() {
            bail!(
                "{} is no absolute path: where the node was started may be elsewhere",
                path.display()
            );
        }
        if path.exists() {
            bail!("{} is there already", path.display());
        }
        let head = self.chain.head();
        let mut tell = |progress: &ExportProgress| told(task, progress.counts());
        let done =
            snapshot::export_file(&self.db, Some(head.key()), extent(span), path, &mut tell)?;
        Ok(Exported {
            path: shown(path),
            height: head.height(),
            headers: done.headers,
            blocks: done.blocks,
            bytes: done.bytes,
        })
    }

    fn export_to(
        &self,
        head: &TipsetKey,
        states: u64,
        skip_old_messages: bool,
        out: &mut dyn Write,
        task: &Task,
    ) -> Result<()> {
        let recent = Depth::Recent(states);
        let messages = if skip_old_messages {
            recent
        } else {
            Depth::All
        };
        let extent = Extent {
            state: recent,
            messages,
        };
        let mut tell = |progress: &ExportProgress| told(task, progress.counts());
        let format = snapshot::Format::Car;
        snapshot::export(&self.db, Some(head), extent, out, format, &mut tell)?;
        Ok(())
    }

    fn check(&self, span: Span, task: &Task) -> Result<StoreChecked> {
        let head = self.chain.head();
        // Where an upgrade failed, the head leads to nothing.
        let after = self.states.tipset_state(&head).ok();
        let pins = after.map_or(Vec::new(), |after| vec![after.state, after.receipts]);
        let mut tell = |progress: &CheckProgress| told(task, progress.counts());
        let report = check(&self.db, Some(head.key()), extent(span), &pins, &mut tell)?;
        Ok(checked(&report))
    }

    fn collect_garbage(&self, span: Span, task: &Task) -> Result<Collected> {
        let mut tell = |progress: &GcProgress| told(task, progress.counts());
        // Results whose states go are forgotten before, by `roots`: one that fails or is called off has deleted, too.
        let report = gc(&self.db, extent(span), || self.roots(), &mut tell)?;
        Ok(Collected {
            kept_blocks: report.done.kept_blocks,
            deleted_blocks: report.done.deleted_blocks,
            deleted_bytes: report.done.deleted_bytes,
            disk_bytes_before: report.disk_bytes_before,
            disk_bytes_after: report.disk_bytes_after,
            millis: report.millis,
        })
    }

    fn usage(&self) -> StoreUsage {
        usage(self.db.usage())
    }

    fn mining(&self) -> Vec<MinerRounds> {
        let records = self.mining.as_ref().map(|mining| mining.records());
        records
            .unwrap_or_default()
            .into_iter()
            .map(rounds)
            .collect()
    }

    fn miners(&self) -> Vec<ActorID> {
        self.pipelines.keys().copied().collect()
    }

    fn pledge(&self, miner: ActorID) -> Result<SectorNumber> {
        Ok(self.pipeline(miner)?.pledge()?)
    }

    fn sectors(&self, miner: ActorID) -> Result<Vec<SectorStatus>> {
        let sectors = self.pipeline(miner)?.sectors()?;
        Ok(sectors.into_iter().map(sector).collect())
    }

    fn retry(&self, miner: ActorID, number: SectorNumber) -> Result<()> {
        Ok(self.pipeline(miner)?.retry(number)?)
    }

    fn remove(&self, miner: ActorID, number: SectorNumber) -> Result<()> {
        Ok(self.pipeline(miner)?.remove(number)?)
    }

    fn deadlines(&self, miner: ActorID) -> Result<Vec<DeadlineStatus>> {
        let deadlines = self.pipeline(miner)?.deadlines()?;
        Ok(deadlines.into_iter().map(deadline).collect())
    }

    fn log_parts(&self) -> Vec<String> {
        logs::parts()
    }

    fn set_log_level(&self, part: &str, level: &str) -> Result<()> {
        Ok(logs::set_level(part, level)?)
    }

    fn troubles(&self) -> Vec<Trouble> {
        self.current_troubles()
    }
}
