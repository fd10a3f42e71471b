//! A block as a miner makes it, judged by everyone else.

mod common;

use common::{BLOCK_DELAY, GENESIS_TIME, MINERS, World, address, beacon, key};
use filigree_blocks::{
    BeaconEntry, BlockHeader, ChainMessage, ElectionProof, FullBlock, SignedMessage, Ticket, Tipset,
};
use filigree_consensus::reason::CheckError;
use filigree_consensus::{Ineligible, Reason, election, messages, sortition, ticket};
use filigree_keys::{Key, aggregate, vrf};
use filigree_node_state::TipsetState;
use filigree_node_state::mining::MiningBase;
use filigree_vm::Verdict;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::sector::{PoStProof, WinningPoStVerifyInfo};

/// A proof that [`verify`] takes: it says whose it is, of what.
fn proof(base: &MiningBase, miner: u64) -> PoStProof {
    PoStProof {
        post_proof: base.proof,
        proof_bytes: claim(miner, &base.challenge, base.sectors[0].sector_number),
    }
}

fn claim(miner: u64, challenge: &[u8], sector: u64) -> Vec<u8> {
    [&miner.to_be_bytes()[..], challenge, &sector.to_be_bytes()].concat()
}

fn verify(info: &WinningPoStVerifyInfo) -> Verdict {
    let expected = claim(
        info.prover,
        &info.randomness.0,
        info.challenge_sectors[0].sector_number,
    );
    Ok(info.proofs.len() == 1 && info.proofs[0].proof_bytes == expected)
}

/// The keys of the miners' workers.
fn worker(miner: u64) -> Key {
    key(if miner == MINERS[0] { 1 } else { 3 })
}

/// A block at an epoch, if the miner wins there.
fn mine(
    world: &World,
    parents: &Tipset,
    miner: u64,
    epoch: ChainEpoch,
    signed: Vec<SignedMessage>,
) -> Option<FullBlock> {
    let states = &world.states;
    let rules = states.rules();
    let config = &rules.config;
    let entries: Vec<BeaconEntry> = (parents.height() + 1..=epoch)
        .map(|epoch| beacon().entry(epoch as u64 + 1))
        .collect();
    let latest = entries.last().unwrap().clone();
    let base = states
        .mining_base(miner, epoch, parents, &latest)
        .unwrap()
        .unwrap();
    assert_eq!(base.ineligible, None);
    let worker = worker(miner);
    assert_eq!(base.worker, *worker.address());
    let id = Address::new_id(miner);
    let election = vrf::prove(&worker, &election::input(&id, epoch, &latest)).unwrap();
    let (power, total) = (&base.power, &base.total_power);
    let win_count = sortition::win_count(&election, power, total, config.blocks_per_epoch);
    if win_count < 1 {
        return None;
    }
    let ticket = ticket::input(config, &id, epoch, &latest, parents);
    // Parents that cannot be applied lead nowhere; then any state will do.
    let result = states.tipset_state(parents).unwrap_or(TipsetState {
        state: parents.parent_state(),
        receipts: parents.parent_receipts(),
    });
    let bls = vec![];
    let header = BlockHeader {
        miner: id,
        ticket: Some(Ticket {
            vrf_proof: vrf::prove(&worker, &ticket).unwrap(),
        }),
        election_proof: Some(ElectionProof {
            win_count,
            vrf_proof: election,
        }),
        beacon_entries: entries,
        winning_post: vec![proof(&base, miner)],
        parents: parents.key().clone(),
        parent_weight: states.weight(parents).unwrap(),
        height: epoch,
        parent_state: result.state,
        parent_receipts: result.receipts,
        messages: parents.first().messages,
        bls_aggregate: aggregate(&[]),
        timestamp_seconds: GENESIS_TIME + epoch as u64 * BLOCK_DELAY,
        signature: None,
        fork_signal: 0,
        parent_base_fee: states.base_fee(parents).unwrap(),
    };
    let mut block = FullBlock {
        header,
        bls,
        signed,
    };
    block.header.messages = messages::root::of(&block).unwrap();
    sign(&mut block, &worker);
    Some(block)
}

fn sign(block: &mut FullBlock, worker: &Key) {
    block.header.signature = Some(worker.sign(&block.header.signing_bytes()));
}

/// The first block that somebody wins, on the genesis or after null rounds.
fn won(world: &mut World) -> (FullBlock, u64) {
    let genesis = world.head.clone();
    let mut message = world.message(address(0), address(2), TokenAmount::from_whole(1));
    message.gas_limit = 3_000_000;
    let signed = key(0).sign_message(message, 31_415_926).unwrap();
    let attempts = (1..20).flat_map(|epoch| MINERS.map(|miner| (epoch, miner)));
    for (epoch, miner) in attempts {
        if let Some(block) = mine(world, &genesis, miner, epoch, vec![signed.clone()]) {
            return (block, miner);
        }
    }
    panic!("nobody won in twenty epochs");
}

#[test]
fn the_block_of_a_winner_is_good() {
    let mut world = World::new();
    let genesis = world.head.clone();
    let (block, miner) = won(&mut world);
    let check = |block: &FullBlock| {
        let now = block.header.timestamp_seconds;
        world
            .states
            .check_block(block, &genesis, now, &verify, &|_| false)
    };
    check(&block).unwrap();

    // And it leads to a state.
    let list: Vec<ChainMessage> = block.messages().collect();
    let tipset = Tipset::new([block.header.clone()]).unwrap();
    world.history.put(&tipset, vec![list.into()]);
    let after = world.states.view_after(&tipset).unwrap();
    let reward = after.require(&Address::new_id(miner)).unwrap().balance;
    assert!(reward > TokenAmount::from_whole(1), "{reward}");

    let refused = |change: &dyn Fn(&mut FullBlock)| {
        let mut other = block.clone();
        change(&mut other);
        sign(&mut other, &worker(miner));
        match check(&other).unwrap_err() {
            CheckError::Refused(reason) => reason,
            CheckError::Unknown(e) => panic!("{e:#}"),
        }
    };
    let state = refused(&|block| block.header.parent_state = block.header.parent_receipts);
    assert!(matches!(state, Reason::ParentState { .. }), "{state}");
    let receipts = refused(&|block| block.header.parent_receipts = block.header.parent_state);
    assert!(
        matches!(receipts, Reason::ParentReceipts { .. }),
        "{receipts}"
    );
    let weight = refused(&|block| block.header.parent_weight += 1);
    assert!(matches!(weight, Reason::ParentWeight { .. }), "{weight}");
    let fee = refused(&|block| block.header.parent_base_fee += TokenAmount::from_atto(1));
    assert!(matches!(fee, Reason::BaseFee { .. }), "{fee}");
    let wins = refused(&|block| block.header.election_proof.as_mut().unwrap().win_count += 1);
    assert!(matches!(wins, Reason::WinCount { .. }), "{wins}");
    let post = refused(&|block| block.header.winning_post[0].proof_bytes[9] ^= 1);
    assert_eq!(post, Reason::WinningPost);
    let nobody = refused(&|block| block.header.miner = Address::new_id(2_000));
    assert!(
        matches!(
            nobody,
            Reason::Ineligible {
                why: Ineligible::NoClaim,
                ..
            }
        ),
        "{nobody}"
    );
    let account = refused(&|block| block.header.miner = Address::new_id(100));
    assert!(
        matches!(
            account,
            Reason::Ineligible {
                why: Ineligible::NoClaim,
                ..
            }
        ),
        "{account}"
    );
    let sequence = refused(&|block| {
        let message = block.signed[0].message.clone();
        let message = fvm_shared::message::Message {
            sequence: 1,
            ..message
        };
        block.signed[0] = key(0).sign_message(message, 31_415_926).unwrap();
        block.header.messages = messages::root::of(block).unwrap();
    });
    assert!(matches!(sequence, Reason::Message { .. }), "{sequence}");
    let forged = refused(&|block| {
        block.signed[0].signature.bytes[7] ^= 1;
        block.header.messages = messages::root::of(block).unwrap();
    });
    assert!(matches!(forged, Reason::Message { .. }), "{forged}");
    // Unless somebody says that very signature is good.
    let mut other = block.clone();
    other.signed[0].signature.bytes[7] ^= 1;
    other.header.messages = messages::root::of(&other).unwrap();
    sign(&mut other, &worker(miner));
    let now = block.header.timestamp_seconds;
    let known_good = |signed: &SignedMessage| *signed == other.signed[0];
    world
        .states
        .check_block(&other, &genesis, now, &verify, &known_good)
        .unwrap();
    let future = world
        .states
        .check_block(&block, &genesis, GENESIS_TIME, &verify, &|_| false);
    assert!(matches!(
        future,
        Err(CheckError::Refused(Reason::Future { .. }))
    ));
}

/// A block that says it is on these parents, signed by a miner's worker, or by somebody else.
fn on(parents: &Tipset, block: &FullBlock, height: ChainEpoch, signer: &Key) -> FullBlock {
    let mut other = block.clone();
    other.header.parents = parents.key().clone();
    other.header.height = height;
    other.header.timestamp_seconds = GENESIS_TIME + height as u64 * BLOCK_DELAY;
    sign(&mut other, signer);
    other
}

fn refusal(world: &World, block: &FullBlock, parents: &Tipset) -> Reason {
    let now = block.header.timestamp_seconds;
    let checked = world
        .states
        .check_block(block, parents, now, &verify, &|_| false);
    match checked.unwrap_err() {
        CheckError::Refused(reason) => reason,
        CheckError::Unknown(e) => panic!("{e:#}"),
    }
}

#[test]
fn nothing_is_computed_for_a_block_that_no_winner_signed() {
    let mut world = World::new();
    let (block, miner) = won(&mut world);
    // Nobody can apply this tipset: its messages are not here.
    let mut header = block.header.clone();
    header.messages = header.parent_state;
    let parents = Tipset::new([header]).unwrap();
    assert!(world.states.tipset_state(&parents).is_err());

    let height = parents.height() + 1;
    let forged = on(
        &parents,
        &block,
        height,
        &worker(MINERS[0] + MINERS[1] - miner),
    );
    let reason = refusal(&world, &forged, &parents);
    assert!(matches!(reason, Reason::BlockSignature { .. }), "{reason}");
    let lost = on(&parents, &block, height, &worker(miner));
    let reason = refusal(&world, &lost, &parents);
    assert!(matches!(reason, Reason::Election { .. }), "{reason}");
}

#[test]
fn what_is_wrong_with_parents_is_said_of_the_block() {
    let mut world = World::new();
    let (block, miner) = won(&mut world);
    let once = Tipset::new([block.header.clone()]).unwrap();
    let list: Vec<ChainMessage> = block.messages().collect();
    world.history.put(&once, vec![list.into()]);

    // Nobody made a block for longer than the lookback.
    let long = once.height() + 2_000;
    let late = on(&once, &block, long, &worker(miner));
    let reason = refusal(&world, &late, &once);
    assert!(matches!(reason, Reason::StoodStill { .. }), "{reason}");

    // One miner won once and made two blocks of it.
    let mut other = block.header.clone();
    other.fork_signal += 1;
    let twice = Tipset::new([block.header.clone(), other]).unwrap();
    let none = vec![[].into(), [].into()];
    world.history.put(&twice, none);
    let first = twice.height() + 1;
    let attempts = (first..first + 20).flat_map(|epoch| MINERS.map(|miner| (epoch, miner)));
    let won = |(epoch, miner)| mine(&world, &twice, miner, epoch, vec![]);
    let block = attempts.into_iter().find_map(won).unwrap();
    let reason = refusal(&world, &block, &twice);
    assert!(matches!(reason, Reason::ParentsTwoOfAMiner(_)), "{reason}");
}

#[test]
fn a_miner_without_sectors_has_nothing_to_mine_with() {
    let world = World::new();
    let entry = beacon().entry(2);
    let base = |miner| world.states.mining_base(miner, 1, &world.head, &entry);
    assert!(base(MINERS[1]).unwrap().is_some());
    assert!(base(2_000).is_err());
    assert!(base(100).is_err());
}
