//! Sectors of a network whose clock is virtual, on their way from the pledge to proving.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use filigree_rpc::method::filigree::Sector;
use filigree_rpc::method::state::miner::StateMinerPower;
use filigree_rpc::method::state::search::StateSearchMsg;
use fvm_shared::address::Address;
use fvm_shared::bigint::BigInt;

use crate::Node;
use crate::node::PATIENCE;
use crate::talk::head;

/// The miner of networks that have one.
pub const MINER: Address = Address::new_id(1_000);
/// Bytes of a sector.
pub const SECTOR_BYTES: u64 = 2 << 10;
/// The state in which a sector has arrived.
pub const PROVING: &str = "Proving";

/// States in which a sector waits for the chain.
const OF_THE_CHAIN: [&str; 3] = ["PreCommitWait", "WaitSeed", "CommitWait"];
/// In other states it works; an epoch now and then does no harm, and may be what it needs.
const WORK: Duration = Duration::from_secs(2);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

impl Node {
    /// Bytes of sectors that the miner is proving.
    ///
    /// # Errors
    /// Those of the node.
    pub fn power(&self) -> Result<BigInt> {
        let request = StateMinerPower {
            miner: MINER,
            tipset: head(),
        };
        Ok(self.call(request)?.miner.raw_bytes)
    }

    /// Makes epochs until a sector that was pledged is proven for the first time. Its messages are on chain then.
    ///
    /// # Errors
    /// If it fails, or does not arrive.
    pub fn prove_sector(&self, number: u64) -> Result<()> {
        let begin = Instant::now();
        let mut states: Vec<String> = Vec::new();
        let mut made = Instant::now();
        loop {
            let miner = MINER;
            let sector = self.call(Sector { miner, number })?;
            if states.last() != Some(&sector.state) {
                states.push(sector.state.clone());
            }
            match sector.state.as_str() {
                PROVING => return self.check_messages(number),
                "Failed" => bail!("{sector:?}\n{}", self.log()),
                _ => {}
            }
            ensure!(
                begin.elapsed() < PATIENCE,
                "sector {number} does not arrive: {states:?}, {sector:?}\n{}",
                self.log()
            );
            let waits = OF_THE_CHAIN.contains(&sector.state.as_str());
            if (waits && sector.retry_at_seconds == 0) || made.elapsed() > WORK {
                self.advance(1)?;
                made = Instant::now();
            } else {
                std::thread::sleep(LOOK);
            }
        }
    }

    /// That the messages which a sector remembers are those that made it.
    ///
    /// # Errors
    /// If one is not on chain, or failed there.
    pub fn check_messages(&self, number: u64) -> Result<()> {
        let miner = MINER;
        let sector = self.call(Sector { miner, number })?;
        for message in [sector.pre_commit_message, sector.commit_message] {
            let message = message.with_context(|| format!("sector {number} knows no message"))?;
            let found = self.call(StateSearchMsg {
                from: head(),
                message,
                limit: -1,
                allow_replaced: false,
            })?;
            let found = found.with_context(|| format!("{message} is not on chain"))?;
            let code = found.receipt.exit_code;
            ensure!(code.is_success(), "{message} ended with {code}");
        }
        Ok(())
    }
}
