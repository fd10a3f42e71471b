//! A process that has one miner with one sector, and can do nothing else.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use filigree_blocks::{Tipset, TipsetKey};
use filigree_rpc::json::filigree::{
    Collected, DeadlineStatus, Exported, MinerRounds, NetworkInfo, Rehearsed, ScheduledUpgrade,
    SectorStatus, StoreChecked, StoreUsage,
};
use filigree_rpc::{Operator, PeerId, Span, Task, Trouble};
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::sector::SectorNumber;

use super::world::MINER;

/// What time it is for the network: long after what the wall says.
const NOW: u64 = 5_000_000_000;

/// See the head of the file.
pub struct MockOperator {
    /// How often the pool was told of a head.
    pub followed: Arc<AtomicUsize>,
}

fn refuse<T>() -> Result<T> {
    bail!("this is a mock of a process")
}

fn check(miner: ActorID) -> Result<()> {
    ensure!(miner == MINER, "the miner f0{miner} is not of this process");
    Ok(())
}

impl Operator for MockOperator {
    fn network(&self) -> NetworkInfo {
        NetworkInfo {
            name: "one process".to_owned(),
            is_devnet: true,
            proofs: "mock".to_owned(),
            mock: vec!["all".to_owned()],
            clock: "virtual".to_owned(),
            max_message_bytes: 1 << 20,
            data_directory: "nowhere".to_owned(),
            miners: vec![Address::new_id(MINER)],
        }
    }

    fn peer_id(&self) -> PeerId {
        PeerId::of_secret(&[1; 32])
    }

    fn now_seconds(&self) -> u64 {
        NOW
    }

    fn advance(&self, _: u64) -> Result<Tipset> {
        refuse()
    }

    fn follow_head(&self) -> Result<()> {
        self.followed.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn upgrades(&self) -> Vec<ScheduledUpgrade> {
        Vec::new()
    }

    fn upgrade(
        &self,
        _: &Path,
        _: ChainEpoch,
        _: Option<u32>,
        _: &Task,
    ) -> Result<ScheduledUpgrade> {
        refuse()
    }

    fn cancel_upgrade(&self, _: ChainEpoch) -> Result<()> {
        refuse()
    }

    fn rehearse(&self, _: &Path, _: &Task) -> Result<Rehearsed> {
        refuse()
    }

    fn export(&self, _: &Path, _: Span, _: &Task) -> Result<Exported> {
        refuse()
    }

    fn export_to(
        &self,
        _: &TipsetKey,
        states: u64,
        _: bool,
        out: &mut dyn Write,
        _: &Task,
    ) -> Result<()> {
        // More than one chunk, if it is asked for states.
        out.write_all(b"snapshot")?;
        out.write_all(&vec![7; (1 << 20) * states as usize])?;
        Ok(())
    }

    /// Goes on until it is called off.
    fn check(&self, _: Span, task: &Task) -> Result<StoreChecked> {
        while task.tell_at("looking", 3, 10).is_continue() {
            std::thread::sleep(Duration::from_millis(1));
        }
        bail!("stopped before it was done")
    }

    fn collect_garbage(&self, _: Span, _: &Task) -> Result<Collected> {
        refuse()
    }

    fn usage(&self) -> StoreUsage {
        StoreUsage {
            files_bytes: 5,
            blocks_bytes: 4,
            blocks_estimate: 3,
            cache_bytes: 2,
            write_buffer_bytes: 1,
        }
    }

    fn mining(&self) -> Vec<MinerRounds> {
        Vec::new()
    }

    fn miners(&self) -> Vec<ActorID> {
        vec![MINER]
    }

    fn pledge(&self, miner: ActorID) -> Result<SectorNumber> {
        check(miner)?;
        Ok(8)
    }

    fn sectors(&self, miner: ActorID) -> Result<Vec<SectorStatus>> {
        check(miner)?;
        Ok(vec![SectorStatus {
            number: 7,
            state: "Proving".to_owned(),
            doing: String::new(),
            error: String::new(),
            retries: 0,
            retry_at_seconds: 0,
            comm_d: None,
            comm_r: None,
            pre_commit_message: None,
            commit_message: None,
            log: Vec::new(),
        }])
    }

    fn retry(&self, miner: ActorID, _: SectorNumber) -> Result<()> {
        check(miner)?;
        refuse()
    }

    fn remove(&self, miner: ActorID, _: SectorNumber) -> Result<()> {
        check(miner)?;
        refuse()
    }

    fn deadlines(&self, miner: ActorID) -> Result<Vec<DeadlineStatus>> {
        check(miner)?;
        Ok(Vec::new())
    }

    fn log_parts(&self) -> Vec<String> {
        vec!["part".to_owned()]
    }

    fn set_log_level(&self, part: &str, level: &str) -> Result<()> {
        ensure!(part == "part", "there is no part {part}");
        ensure!(level == "debug", "there is no level {level}");
        Ok(())
    }

    fn troubles(&self) -> Vec<Trouble> {
        vec![Trouble {
            system: "chain".to_owned(),
            subsystem: "upgrade".to_owned(),
            why: "it failed".to_owned(),
        }]
    }
}
