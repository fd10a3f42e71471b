//! A node that is killed again and again, at any moment: what it told stays true, and sectors that it was asked for arrive.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, ensure};
use filigree_blocks::{SignedMessage, Tipset};
use filigree_keys::KeyType;
use filigree_node_tests::Node;
use filigree_node_tests::node::{Starting, Wish, verb};
use filigree_node_tests::talk::{fil, head, send};
use filigree_rpc::method::chain::{ChainGetBlockMessages, ChainGetTipSet, ChainGetTipSetByHeight};
use filigree_rpc::method::filigree::{Sector, SectorPledge, Sectors};
use filigree_rpc::method::state::search::StateSearchMsg;
use filigree_rpc::method::state::sector::StateSectorGetInfo;
use filigree_rpc::method::wallet::WalletNew;
use fvm_shared::address::Address;

/// How often it is killed.
const KILLS: usize = 50;
/// How many of these before it answers: one in so many.
const EARLY: u64 = 4;
/// Messages that are sent in one life, at most.
const MESSAGES: usize = 5;
/// Sectors that are pledged, one after the other, so that kills find them in all states.
const SECTORS: usize = 3;
/// The state in which a sector has arrived.
const PROVING: &str = "Proving";
/// How long the last life may take to do all that was promised.
const LAST_LIFE: Duration = Duration::from_secs(120);

const WISH: Wish = Wish::Seconds { miners: 1 };
const MINER: Address = Address::new_id(1_000);

/// Another one in each run: the seed is printed.
struct Random(u64);

impl Random {
    fn new() -> Result<Self> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
        let seed = now.as_nanos() as u64 | 1;
        eprintln!("seed {seed}");
        Ok(Self(seed))
    }

    fn below(&mut self, bound: u64) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound
    }

    fn millis(&mut self, below: u64) -> Duration {
        Duration::from_millis(self.below(below))
    }
}

/// What the node has told so far.
struct Told {
    head: Tipset,
    /// By their numbers.
    messages: BTreeMap<u64, SignedMessage>,
    sectors: Vec<u64>,
    /// In which states sectors were when a life began.
    states: BTreeSet<String>,
}

/// A life: from the start to the kill.
fn live(node: &Node, random: &mut Random, told: &mut Told, to: Address) -> Result<()> {
    check_head(node, &told.head)?;
    check_sectors(node, told)?;
    let until = Instant::now() + random.millis(1_500);
    let from = node.rich()?;
    for _ in 0..=random.below(MESSAGES as u64) {
        if Instant::now() > until {
            break;
        }
        let signed = node.push(send(from, to, fil(1)))?;
        let number = signed.message.sequence;
        let before = told.messages.insert(number, signed.clone());
        ensure!(
            before.is_none(),
            "number {number} was given twice: {before:?}, {signed:?}"
        );
        told.head = node.head()?;
        sleep(random.millis(300));
    }
    while Instant::now() < until {
        told.head = node.head()?;
        sleep(random.millis(50));
    }
    Ok(())
}

/// The head that was told of is on the chain.
fn check_head(node: &Node, told: &Tipset) -> Result<()> {
    let now = node.head()?;
    ensure!(
        now.height() >= told.height(),
        "the head was at {}, and is at {} after the kill",
        told.height(),
        now.height()
    );
    let there = node.call(ChainGetTipSetByHeight {
        epoch: told.height(),
        from: head(),
    })?;
    ensure!(
        there == *told,
        "epoch {} has another tipset after the kill",
        told.height()
    );
    Ok(())
}

/// The sectors that were told of are there. Pledges another one, when all have arrived.
fn check_sectors(node: &Node, told: &mut Told) -> Result<()> {
    let all = node.call(Sectors { miner: MINER })?;
    for number in &told.sectors {
        let sector = all.iter().find(|sector| sector.number == *number);
        let sector = sector.with_context(|| format!("sector {number} is forgotten"))?;
        told.states.insert(sector.state.clone());
    }
    if told.sectors.len() < SECTORS && all.iter().all(|sector| sector.state == PROVING) {
        told.sectors.push(node.call(SectorPledge { miner: MINER })?);
    }
    Ok(())
}

/// A sector arrives, and the messages that it remembers are those that made it: nobody else had their numbers.
fn check_sector(node: &Node, number: u64, begin: Instant) -> Result<()> {
    let sector = loop {
        let sector = node.call(Sector {
            miner: MINER,
            number,
        })?;
        if sector.state == PROVING {
            break sector;
        }
        ensure!(
            begin.elapsed() < LAST_LIFE,
            "sector {number} does not arrive: {sector:?}\n{}",
            node.log()
        );
        sleep(Duration::from_millis(300));
    };
    for message in [sector.pre_commit_message, sector.commit_message] {
        let message = message.with_context(|| format!("sector {number} knows no message"))?;
        let found = node.call(StateSearchMsg {
            from: head(),
            message,
            limit: -1,
            allow_replaced: false,
        })?;
        let found = found.with_context(|| format!("{message} is not on chain"))?;
        assert!(found.receipt.exit_code.is_success(), "{found:?}");
    }
    let info = node.call(StateSectorGetInfo {
        miner: MINER,
        sector: number,
        tipset: head(),
    })?;
    assert!(info.is_some_and(|info| info.number == number));
    Ok(())
}

/// Every epoch has one block of the one miner, and no number of a sender belongs to two messages.
fn check_chain(node: &Node) -> Result<()> {
    let mut numbers = BTreeMap::new();
    let mut tipset = node.head()?;
    while tipset.height() > 0 {
        assert_eq!(tipset.blocks().len(), 1);
        let block = *tipset.key().cids().first().context("a block")?;
        let messages = node.call(ChainGetBlockMessages { block })?;
        let signed = messages.signed.iter().map(|signed| &signed.message);
        for message in messages.bls.iter().chain(signed) {
            let number = (message.from.to_string(), message.sequence);
            let before = numbers.insert(number, message.clone());
            ensure!(before.is_none(), "{before:?}, {message:?}");
        }
        let before = tipset.parents().clone();
        tipset = node.call(ChainGetTipSet { tipset: before })?;
    }
    // The friend's money and the sectors.
    assert!(numbers.len() > KILLS / 2, "{} messages", numbers.len());
    Ok(())
}

fn check_database(home: &Path) -> Result<()> {
    let checked = verb(home, &["db", "check"])?;
    ensure!(
        checked.status.success(),
        "{}{}",
        String::from_utf8_lossy(&checked.stdout),
        String::from_utf8_lossy(&checked.stderr)
    );
    Ok(())
}

#[test]
fn nothing_that_was_told_is_lost_however_often_it_is_killed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("home");
    let mut random = Random::new()?;
    let node = Node::start(&home, WISH)?;
    let friend = node.call(WalletNew {
        kind: KeyType::Secp256k1,
    })?;
    let mut told = Told {
        head: node.head()?,
        messages: BTreeMap::new(),
        sectors: vec![node.call(SectorPledge { miner: MINER })?],
        states: BTreeSet::new(),
    };
    node.kill()?;
    for kill in 1..KILLS {
        let starting = Starting::spawn(&home, WISH)?;
        if random.below(EARLY) == 0 {
            sleep(random.millis(1_000));
            ensure!(
                starting.kill()?,
                "the node ended by itself, before kill {kill}"
            );
            continue;
        }
        let node = starting
            .wait()
            .with_context(|| format!("before kill {kill}"))?;
        live(&node, &mut random, &mut told, friend)
            .with_context(|| format!("before kill {kill}\n{}", node.log()))?;
        node.kill()?;
        if kill % 10 == 0 {
            check_database(&home)?;
        }
    }
    check_database(&home)?;

    let node = Node::start(&home, WISH)?;
    check_head(&node, &told.head)?;
    let begin = Instant::now();
    ensure!(
        told.messages.len() > KILLS / 2,
        "too few messages were sent"
    );
    for (number, signed) in &told.messages {
        while node.find(signed)?.is_none() {
            ensure!(
                begin.elapsed() < LAST_LIFE,
                "message {number} was promised, and is not executed\n{}",
                node.log()
            );
            sleep(Duration::from_millis(200));
        }
    }
    // Each was executed once. Others may have been pushed without the answer being heard.
    let sent = told.messages.len() as u64;
    let has = node.balance(friend)?;
    ensure!(has >= fil(sent.saturating_sub(1)), "{has} of {sent}");
    // The sectors go on where they were.
    eprintln!("killed in {:?}", told.states);
    assert!(!told.states.is_empty());
    for number in &told.sectors {
        check_sector(&node, *number, begin)?;
    }
    check_chain(&node)?;
    node.replay_down_to(0)?;
    assert!(node.stop()?.success());
    check_database(&home)
}
