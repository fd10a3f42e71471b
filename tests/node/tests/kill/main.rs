//! A node that is killed again and again, at any moment: while it starts, while it answers, while blocks and sectors are made.
//!
//! The client writes down what it was told before each kill ([`Told`]): heads, messages that were taken, numbers of senders, states of
//! sectors. After each start, and of all kills together at the end, that must still be so.

mod killed;

use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{scope, sleep};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use filigree_keys::KeyType;
use filigree_node_tests::Node;
use filigree_node_tests::node::{Starting, Wish, verb};
use filigree_node_tests::sectors::{MINER, PROVING};
use filigree_node_tests::talk::{fil, head, send};
use filigree_rpc::ClientError;
use filigree_rpc::method::filigree::{Sector, SectorPledge, Sectors};
use filigree_rpc::method::state::sector::StateSectorGetInfo;
use filigree_rpc::method::wallet::WalletNew;
use fvm_shared::address::Address;

use killed::Told;

/// How often it is killed.
const KILLS: usize = 50;
/// How many of these before it answers: one in so many.
const EARLY: usize = 4;
/// Messages that are sent in one life, at most.
const MESSAGES: u64 = 5;
/// Sectors that are pledged, one after the other, so that kills find them in all states.
const SECTORS: usize = 3;
/// After how many kills the database is checked, each time.
const CHECKED: usize = 5;

const WISH: Wish = Wish::Seconds { miners: 1 };

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

/// When a node that answers is killed: after so many messages were taken, and then some time.
struct Moment {
    answers: u64,
    then: Duration,
}

impl Moment {
    /// Every second life ends soon after an answer, however slow the machine is: while what was promised is written.
    fn of(kill: usize, random: &mut Random) -> Self {
        match kill.is_multiple_of(2) {
            true => Self {
                answers: 1 + random.below(MESSAGES),
                then: random.millis(30),
            },
            false => Self {
                answers: 0,
                then: random.millis(2_500),
            },
        }
    }

    /// Kills the node when it has come; at once, if nobody talks with it any more.
    fn kill(&self, node: &Node, answered: &Receiver<()>) -> Result<()> {
        for _ in 0..self.answers {
            if answered.recv().is_err() {
                break;
            }
        }
        sleep(self.then);
        node.shoot()
    }
}

/// A life: from the first answer to the kill, which comes while it is talked with.
fn live(node: Node, moment: &Moment, told: &mut Told, friend: Address) -> Result<()> {
    told.check(&node)?;
    check_sectors(&node, told)?;
    let (answered, answers) = channel();
    let alive = &node;
    scope(|scope| {
        let killer = scope.spawn(move || moment.kill(alive, &answers));
        let talked = talk(alive, told, friend, answered);
        let killed = killer.join().unwrap_or_else(|panic| resume_unwind(panic));
        talked.and(killed)
    })
    .with_context(|| node.log())?;
    node.kill()
}

/// Sends messages, and listens, until the node is dead.
fn talk(node: &Node, told: &mut Told, friend: Address, answered: Sender<()>) -> Result<()> {
    let Some(from) = unless_dead(node.rich())? else {
        return Ok(());
    };
    for sent in 0.. {
        if sent < MESSAGES {
            match unless_dead(node.push(send(from, friend, fil(1))))? {
                Some(signed) => told.took(signed)?,
                None => {
                    told.unanswered += 1;
                    return Ok(());
                }
            }
            // Who kills it may have had enough.
            _ = answered.send(());
        }
        match unless_dead(node.head())? {
            Some(head) => told.saw(head)?,
            None => return Ok(()),
        }
        if unless_dead(told.look_into_pool(node))?.is_none() {
            return Ok(());
        }
        sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Nothing, where the node does not answer any more.
fn unless_dead<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) => match error.downcast_ref() {
            Some(ClientError::NoAnswer { .. }) => Ok(None),
            _ => Err(error),
        },
    }
}

/// The sectors that were told of are there. Pledges another one, when all have arrived.
fn check_sectors(node: &Node, told: &mut Told) -> Result<()> {
    let all = node.call(Sectors { miner: MINER })?;
    let mut states = BTreeSet::new();
    for number in &told.sectors {
        let sector = all.iter().find(|sector| sector.number == *number);
        let sector = sector.with_context(|| format!("sector {number} is forgotten"))?;
        states.insert(sector.state.clone());
    }
    if told.sectors.len() < SECTORS && states.iter().all(|state| state == PROVING) {
        pledge(node, told)?;
    }
    told.states.extend(states);
    Ok(())
}

/// Pledges a sector.
fn pledge(node: &Node, told: &mut Told) -> Result<()> {
    told.sectors.push(node.call(SectorPledge { miner: MINER })?);
    Ok(())
}

/// A sector arrives, and the messages that it remembers are those that made it.
fn check_sector(node: &Node, number: u64) -> Result<()> {
    let miner = MINER;
    node.until(&format!("sector {number} to be proven"), || {
        let sector = node.call(Sector { miner, number })?;
        Ok((sector.state == PROVING).then_some(()))
    })?;
    node.check_messages(number)?;
    let info = node.call(StateSectorGetInfo {
        miner,
        sector: number,
        tipset: head(),
    })?;
    ensure!(info.is_some_and(|info| info.number == number));
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

/// Kills it all these times.
fn kill_it(home: &Path, told: &mut Told, friend: Address) -> Result<()> {
    let mut random = Random::new()?;
    for kill in 1..KILLS {
        let starting = Starting::spawn(home, WISH)?;
        if kill.is_multiple_of(EARLY) {
            sleep(random.millis(1_000));
            starting.kill()
        } else {
            let moment = Moment::of(kill / EARLY + kill, &mut random);
            let node = starting.wait();
            node.and_then(|node| live(node, &moment, told, friend))
        }
        .with_context(|| format!("before kill {kill}"))?;
        told.killed();
        if kill.is_multiple_of(CHECKED) {
            check_database(home)?;
        }
    }
    check_database(home)
}

#[test]
fn nothing_that_was_told_is_lost_however_often_it_is_killed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("home");
    let node = Node::start(&home, WISH)?;
    let friend = node.call(WalletNew {
        kind: KeyType::Secp256k1,
    })?;
    let mut told = Told::new(node.head()?);
    pledge(&node, &mut told)?;
    node.kill()?;
    told.killed();
    kill_it(&home, &mut told, friend)?;
    ensure!(told.kills.len() >= KILLS);
    // Each second life ended after an answer.
    ensure!(told.messages.len() > KILLS / 4);

    let node = Node::start(&home, WISH)?;
    told.check(&node)?;
    for (number, signed) in &told.messages {
        node.until(&format!("message {number}, which was promised"), || {
            node.find(signed)
        })?;
    }
    // The sectors go on where they were.
    eprintln!("killed in {:?}", told.states);
    ensure!(
        told.states.iter().any(|state| state != PROVING),
        "no start found a sector under way"
    );
    for number in &told.sectors {
        check_sector(&node, *number)?;
    }
    told.check_all(&node, friend)?;
    node.replay_down_to(0)?;
    ensure!(node.stop()?.success());
    check_database(&home)
}
