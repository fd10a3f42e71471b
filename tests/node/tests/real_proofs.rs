//! Networks whose proofs are not mock: made with development parameters, judged as those of mainnet are. What `cargo xtask test --slow`
//! runs.

use anyhow::{Context, Result, ensure};
use filigree_blocks::{BlockMessage, Tipset};
use filigree_node_tests::Node;
use filigree_node_tests::node::{Wish, verb};
use filigree_node_tests::sectors::{MINER, SECTOR_BYTES};
use filigree_node_tests::talk::{call, head};
use filigree_rpc::ClientError;
use filigree_rpc::json::Bytes;
use filigree_rpc::method::chain::ChainGetBlockMessages;
use filigree_rpc::method::common::Version;
use filigree_rpc::method::filigree::{Deadlines, Network, SectorPledge};
use filigree_rpc::method::state::actors::StateAccountKey;
use filigree_rpc::method::state::call::StateCall;
use filigree_rpc::method::state::miner::{
    StateMinerInfo, StateMinerPartitions, StateMinerProvingDeadline,
};
use filigree_rpc::method::state::sector::StateSectorPartition;
use filigree_rpc::method::sync::SyncSubmitBlock;
use filigree_rpc::method::wallet::WalletSign;

/// Method of a miner by which it proves a deadline.
const SUBMIT_WINDOWED_POST: u64 = 5;
/// Method of a miner by which anybody says that such a proof is wrong: it is verified then.
const DISPUTE_WINDOWED_POST: u64 = 24;
/// Bytes of a proof, of those that are real.
const PROOF_BYTES: usize = 192;
/// Epochs with blocks whose winning proofs are real.
const BLOCKS: usize = 3;

/// A deadline and a partition of it.
type Place = (u64, u64);

fn place(node: &Node, number: u64) -> Result<Place> {
    let place = node.call(StateSectorPartition {
        miner: MINER,
        sector: number,
        tipset: head(),
    })?;
    let place = place.with_context(|| format!("sector {number} is in no partition"))?;
    Ok((place.deadline, place.partition))
}

/// Goes on to the next opening of a deadline, has it proven, and goes on to its end. Gives the epochs from the opening to the closing.
fn prove(node: &Node, deadline: u64) -> Result<(i64, i64)> {
    let now = || {
        node.call(StateMinerProvingDeadline {
            miner: MINER,
            tipset: head(),
        })
    };
    // One that is open already may have been so before the sector was there.
    let begin = node.head()?.height();
    let open = loop {
        let open = now()?;
        if open.index == deadline && open.open > begin {
            break open;
        }
        node.reach(open.close + 1)?;
    };
    node.until(&format!("the proof of deadline {deadline}"), || {
        let all = node.call(Deadlines { miner: MINER })?;
        let status = all.get(deadline as usize).context("the deadline")?;
        let is_proven = status.partitions > 0 && status.proven == status.partitions;
        Ok(is_proven.then_some(()))
    })?;
    node.reach(open.close + 1)?;
    Ok((open.open, open.close))
}

/// The message that proved a deadline is on chain, and was executed.
fn check_message(node: &Node, (open, close): (i64, i64)) -> Result<()> {
    let chain = node.down_from(node.head()?)?;
    let while_open = chain
        .iter()
        .filter(|tipset| (open..close).contains(&tipset.height()));
    let mut found = Vec::new();
    for tipset in while_open {
        let messages = node.messages_of(tipset)?.into_iter();
        found.extend(messages.filter(|(_, message)| {
            message.to == MINER && message.method_num == SUBMIT_WINDOWED_POST
        }));
    }
    ensure!(found.len() == 1, "{found:?}");
    let replayed = node.verb(&["state", "replay", &found[0].0.to_string()])?;
    ensure!(replayed["exit_code"] == 0, "{replayed}");
    Ok(())
}

/// Whoever says that the proof of a deadline is wrong is told that it is right, by a verification: until then it was believed.
fn check_dispute(node: &Node, deadline: u64) -> Result<()> {
    let message = call(
        node.rich()?,
        MINER,
        DISPUTE_WINDOWED_POST,
        &(deadline, 0_u64),
    )?;
    let tried = node.call(StateCall {
        message,
        tipset: head(),
    })?;
    ensure!(
        tried.receipt.exit_code.value() == 16 && tried.error.contains("the proof is valid"),
        "{:?}: {}",
        tried.receipt,
        tried.error
    );
    Ok(())
}

#[test]
#[ignore = "needs all parameters of 2 KiB sectors; minutes"]
fn a_sector_is_sealed_and_proven_in_earnest() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let node = Node::start(&folder.path().join("home"), Wish::Dev)?;
    let version = node.call(Version {})?.version;
    ensure!(
        version.contains("mock: winning proofs") && !version.contains("window proofs"),
        "{version}"
    );
    node.advance(2)?;
    let before = node.power()?;
    let number = node.call(SectorPledge { miner: MINER })?;
    // Its proof of replication is verified when its message is executed.
    node.prove_sector(number)?;
    node.advance(1)?;
    let (deadline, partition) = place(&node, number)?;
    let epochs = prove(&node, deadline)?;
    check_message(&node, epochs)?;
    check_dispute(&node, deadline)?;
    let partitions = node.call(StateMinerPartitions {
        miner: MINER,
        deadline,
        tipset: head(),
    })?;
    let partition = &partitions.0[partition as usize];
    ensure!(partition.active.get(number) && !partition.faulty.get(number));
    ensure!(node.power()? == before + SECTOR_BYTES);
    ensure!(node.replay_down_to(0)? > 0);
    ensure!(node.stop()?.success());
    Ok(())
}

/// The blocks of a tipset, as they are told to other nodes.
fn announcements(node: &Node, tipset: &Tipset) -> Result<Vec<BlockMessage>> {
    let headers = tipset.headers().cloned();
    let announced = headers.map(|header| {
        let messages = node.call(ChainGetBlockMessages {
            block: header.cid(),
        })?;
        let (bls, signed) = messages.cids.split_at(messages.bls.len());
        Ok(BlockMessage {
            header,
            bls: bls.to_vec(),
            signed: signed.to_vec(),
        })
    });
    announced.collect()
}

/// Another winning proof in a block, which its miner signs again.
fn forged(node: &Node, block: &BlockMessage) -> Result<BlockMessage> {
    let mut forged = block.clone();
    let [proof] = &mut forged.header.winning_post[..] else {
        anyhow::bail!("one proof: {block:?}");
    };
    ensure!(proof.proof_bytes.len() == PROOF_BYTES, "{proof:?}");
    // Points of the curve that nobody computed for it: the first one is the last one.
    let (first, last) = proof.proof_bytes.split_at_mut(PROOF_BYTES - 48);
    first[..48].copy_from_slice(last);
    let info = node.call(StateMinerInfo {
        miner: MINER,
        tipset: head(),
    })?;
    let worker = node.call(StateAccountKey {
        account: info.worker,
        tipset: head(),
    })?;
    forged.header.signature = Some(node.call(WalletSign {
        address: worker,
        bytes: Bytes(forged.header.signing_bytes()),
    })?);
    Ok(forged)
}

#[test]
#[ignore = "needs all parameters of 2 KiB sectors; minutes"]
fn blocks_have_winning_proofs_that_another_node_verifies() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let home = folder.path().join("home");
    let node = Node::start(&home, Wish::Real)?;
    let version = node.call(Version {})?.version;
    ensure!(
        version.contains("+devnet") && !version.contains("mock"),
        "{version}"
    );
    let network = node.call(Network {})?;
    ensure!(
        network.proofs == "real" && network.mock.is_empty(),
        "{network:?}"
    );
    ensure!(!node.log().contains("MOCK"), "{}", node.log());
    let top = node.until("blocks with real winning proofs", || {
        let head = node.head()?;
        let count = node.down_from(head.clone())?.len() - 1;
        Ok((count >= BLOCKS).then_some(head))
    })?;

    // A node of its own, which never saw the blocks come, and has nobody's keys.
    let file = folder.path().join("chain.car");
    let file = file.to_string_lossy();
    node.verb(&["snapshot", "export", &file])?;
    let copy = folder.path().join("copy");
    let of = home.to_string_lossy();
    let imported = verb(&copy, &["snapshot", "import", &file, "--network-of", &of])?;
    ensure!(
        imported.status.success(),
        "{}",
        String::from_utf8_lossy(&imported.stderr)
    );
    let judge = Node::start(&copy, Wish::Daemon)?;
    for tipset in node.down_from(top)? {
        if tipset.height() == 0 {
            continue;
        }
        for block in announcements(&node, &tipset)? {
            let forged = forged(&node, &block)?;
            let refused = judge.call(SyncSubmitBlock { block: forged });
            let Err(ClientError::Failed { message, .. }) = refused else {
                anyhow::bail!("a forged proof at {} is taken", tipset.height());
            };
            ensure!(
                message.contains("proof of spacetime for the election is invalid"),
                "{message}"
            );
            judge
                .call(SyncSubmitBlock { block })
                .with_context(|| format!("the block at {}", tipset.height()))?;
        }
    }
    ensure!(judge.replay_down_to(0)? >= BLOCKS - 1);
    ensure!(judge.stop()?.success());
    ensure!(node.stop()?.success());
    Ok(())
}
