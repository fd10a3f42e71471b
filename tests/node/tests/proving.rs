//! A sector from its pledge to proving, and then proven again in every proving period.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use filigree_node_tests::Node;
use filigree_node_tests::talk::head;
use filigree_rpc::method::filigree::{Deadlines, Sector};
use filigree_rpc::method::state::miner::{
    StateMinerFaults, StateMinerPartitions, StateMinerPower, StateMinerProvingDeadline,
};
use filigree_rpc::method::state::sector::{
    StateMinerActiveSectors, StateSectorGetInfo, StateSectorPartition,
};
use fvm_shared::address::Address;
use fvm_shared::bigint::BigInt;

const MINER: Address = Address::new_id(1_000);
/// How many proving periods are watched.
const PERIODS: u64 = 2;
/// Epochs from the pledge to proving, at most: some ten for the seed, and a few for each message.
const PLEDGE_EPOCHS: u64 = 100;
/// How many epochs before its end a deadline is looked at.
const LEFT: i64 = 3;
/// Bytes of a sector.
const SECTOR_BYTES: u64 = 2 << 10;

fn power(node: &Node) -> Result<BigInt> {
    let request = StateMinerPower {
        miner: MINER,
        tipset: head(),
    };
    Ok(node.call(request)?.miner.raw_bytes)
}

/// Waits until a sector that was pledged is proven for the first time.
fn proving(node: &Node, number: u64) -> Result<()> {
    let mut states = Vec::new();
    for _ in 0..PLEDGE_EPOCHS {
        node.advance(1)?;
        let sector = node.call(Sector {
            miner: MINER,
            number,
        })?;
        match sector.state.as_str() {
            "Proving" => return Ok(()),
            "Failed" => bail!("{sector:?}"),
            state if states.last().is_none_or(|last| last != state) => {
                states.push(state.to_owned());
            }
            _ => {}
        }
    }
    bail!(
        "sector {number} does not become one: {states:?}\n{}",
        node.log()
    )
}

#[test]
fn a_pledged_sector_is_proven_in_every_period() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::instant(&folder.path().join("home"))?;
    node.advance(2)?;
    let before = power(&node)?;
    assert!(before > BigInt::from(0));
    let pledged = node.verb(&["sector", "pledge"])?;
    let number = pledged["SectorID"]
        .as_u64()
        .with_context(|| pledged.to_string())?;
    proving(&node, number)?;
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
        let left = now.close - LEFT - node.head()?.height();
        node.advance(u64::try_from(left).unwrap_or(0))?;
        let all = node.call(Deadlines { miner: MINER })?;
        let open = all.get(now.index as usize).context("the deadline")?;
        ensure!(
            open.proven == open.partitions && open.faults == 0,
            "deadline {} is not proven: {open:?}\n{}",
            now.index,
            node.log()
        );
        if open.partitions > 0 {
            *proven.entry(now.index).or_default() += 1;
        }
        // Into the next one.
        let left = now.close + 1 - node.head()?.height();
        node.advance(u64::try_from(left).unwrap_or(0))?;
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
    assert_eq!(power(&node)?, before + SECTOR_BYTES);
    Ok(())
}
