//! A sector from its pledge to proving, and then proven again in every proving period.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use filigree_node_tests::Node;
use filigree_node_tests::sectors::{MINER, SECTOR_BYTES};
use filigree_node_tests::talk::head;
use filigree_rpc::method::filigree::Deadlines;
use filigree_rpc::method::state::miner::{
    StateMinerFaults, StateMinerPartitions, StateMinerProvingDeadline,
};
use filigree_rpc::method::state::sector::{
    StateMinerActiveSectors, StateSectorGetInfo, StateSectorPartition,
};
use fvm_shared::bigint::BigInt;

/// How many proving periods are watched.
const PERIODS: u64 = 2;
/// How many epochs before its end a deadline is looked at.
const LEFT: i64 = 3;

#[test]
fn a_pledged_sector_is_proven_in_every_period() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::instant(&folder.path().join("home"))?;
    node.advance(2)?;
    let before = node.power()?;
    assert!(before > BigInt::from(0));
    let pledged = node.verb(&["sector", "pledge"])?;
    let number = pledged["SectorID"]
        .as_u64()
        .with_context(|| pledged.to_string())?;
    node.prove_sector(number)?;
    node.advance(1)?;
    let info = StateSectorGetInfo {
        miner: MINER,
        sector: number,
        tipset: head(),
    };
    let info = node.call(info)?.context("the sector is on chain")?;
    assert_eq!(info.number, number);
    let place = StateSectorPartition {
        miner: MINER,
        sector: number,
        tipset: head(),
    };
    let place = node.call(place)?.context("it is in a partition")?;

    let deadline = || StateMinerProvingDeadline {
        miner: MINER,
        tipset: head(),
    };
    let rules = node.call(deadline())?;
    // How often each deadline that has sectors was proven.
    let mut proven: BTreeMap<u64, u64> = BTreeMap::new();
    for _ in 0..PERIODS * rules.period_deadlines {
        // Nearly to its end; each message brings an epoch of its own besides.
        let now = node.call(deadline())?;
        node.reach(now.close - LEFT)?;
        // On a busy machine the proof may be on its way still: when it comes, it is mined.
        let open = node.until(&format!("the proof of deadline {}", now.index), || {
            let mut all = node.call(Deadlines { miner: MINER })?;
            let open = all.swap_remove(now.index as usize);
            Ok((open.proven == open.partitions).then_some(open))
        })?;
        ensure!(open.faults == 0, "{open:?}\n{}", node.log());
        if open.partitions > 0 {
            *proven.entry(now.index).or_default() += 1;
        }
        // Into the next one.
        node.reach(now.close + 1)?;
        let faults = node.call(StateMinerFaults {
            miner: MINER,
            tipset: head(),
        })?;
        assert!(faults.is_empty(), "{faults:?}");
    }
    assert!(node.head()?.height() > 2 * rules.proving_period);
    assert_eq!(proven.get(&place.deadline), Some(&PERIODS), "{proven:?}");
    // Those that the miner began with as well.
    assert!(proven.values().all(|&times| times == PERIODS), "{proven:?}");

    let active = node.call(StateMinerActiveSectors {
        miner: MINER,
        tipset: head(),
    })?;
    assert!(active.0.iter().any(|sector| sector.number == number));
    let partitions = node.call(StateMinerPartitions {
        miner: MINER,
        deadline: place.deadline,
        tipset: head(),
    })?;
    let partition = &partitions.0[place.partition as usize];
    assert!(partition.active.get(number) && !partition.faulty.get(number));
    assert_eq!(node.power()?, before + SECTOR_BYTES);
    Ok(())
}
