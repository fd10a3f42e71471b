//! Tipsets applied: the same whoever does it, how often, in how many threads, and message by message.

mod common;

use std::collections::HashSet;
use std::thread;

use cid::Cid;
use common::{MINERS, Memory, Plan, World, address, engines};
use filigree_blocks::{ChainMessage, Tipset, message_cid};
use filigree_builtin::calls::reward::AwardBlockRewardParams;
use filigree_node_state::call::{Prior, Trial};
use filigree_node_state::replay::Replay;
use filigree_node_state::{Error, History, Nulls, Origin, States};
use filigree_vm::{Chain, Context, Kind, Machine};
use fvm_ipld_amt::Amtv0;
use fvm_ipld_encoding::RawBytes;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::consensus::ConsensusFault;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use fvm_shared::message::Message;
use fvm_shared::receipt::Receipt;

/// Fifty tipsets, with null rounds, of one block or two, with sends to all kinds of addresses, messages that are in both
/// blocks, and messages that should not be there at all.
fn grown() -> (World, Vec<Tipset>) {
    let mut world = World::new();
    let mut tipsets = vec![world.head.clone()];
    let mut epoch = 0;
    for step in 0..50u8 {
        epoch += if step % 7 == 3 { 4 } else { 1 };
        let fresh = [
            Address::new_secp256k1(&[step; 65]).unwrap(),
            Address::new_bls(&[step; 48]).unwrap(),
            Address::new_delegated(10, &[step; 20]).unwrap(),
            address(2),
        ];
        let mut first: Vec<ChainMessage> = Vec::new();
        for to in fresh {
            first.push(world.send(0, to, 1));
        }
        first.push(world.send(1, address(3), 2));
        let mut second = first.clone();
        second.push(world.send(3, address(1), 1));
        if step % 5 == 0 {
            // A number of the past, and nobody.
            let mut old = world.message(address(2), address(0), TokenAmount::from_atto(1));
            *world.nonces.get_mut(&address(2)).unwrap() -= 1;
            old.sequence += 7;
            second.push(common::on_chain(old));
            let nobody = Address::new_secp256k1(&[255 - step; 65]).unwrap();
            let unknown = world.message(nobody, address(0), TokenAmount::from_atto(1));
            second.push(common::on_chain(unknown));
        }
        let plan = |miner: usize, wins, messages| Plan {
            miner: MINERS[miner],
            wins,
            messages,
        };
        let mut plans = vec![plan(0, 1 + i64::from(step % 3), first)];
        if step % 2 == 0 {
            plans.push(plan(1, 1, second));
        } else {
            // What only the second block had is not on chain.
            *world.nonces.get_mut(&address(3)).unwrap() -= 1;
        }
        tipsets.push(world.extend(epoch, plans));
    }
    (world, tipsets)
}

#[test]
fn fifty_tipsets_come_out_the_same_however_they_are_applied() {
    let (world, tipsets) = grown();
    let results: Vec<_> = tipsets
        .iter()
        .map(|tipset| world.states.tipset_state(tipset).unwrap())
        .collect();
    for (tipset, before) in tipsets[1..].iter().zip(&results) {
        assert_eq!(tipset.parent_state(), before.state);
        assert_eq!(tipset.parent_receipts(), before.receipts);
    }

    // By others, who know nothing, at once.
    let others = world.fresh_states();
    thread::scope(|scope| {
        for thread in 0..4 {
            let (others, tipsets, results) = (&others, &tipsets, &results);
            scope.spawn(move || {
                for at in 0..tipsets.len() {
                    let at = (at + 13 * thread) % tipsets.len();
                    assert_eq!(others.tipset_state(&tipsets[at]).unwrap(), results[at]);
                }
            });
        }
    });

    // Once more, with traces.
    let replay = world.states.replay(&tipsets[9], true).unwrap();
    assert_eq!(replay.result, results[9]);
    assert!(
        replay
            .steps
            .iter()
            .all(|step| !step.applied.trace.is_empty())
    );

    // One by one.
    for (at, tipset) in tipsets.iter().enumerate().skip(1) {
        let (state, receipts) = one_by_one(&world, tipset);
        assert_eq!(
            (state, receipts),
            (results[at].state, results[at].receipts),
            "{at}"
        );
    }

    let last = results.last().unwrap();
    let policy = world.states.rules().policy;
    let height = world.head.height();
    let broken = filigree_genesis::check::check(world.blocks.clone(), &last.state, &policy, height);
    assert_eq!(broken.unwrap(), Vec::<String>::new());
}

/// Who asks for one message is not refused for the traces of others.
#[test]
fn a_message_is_replayed_however_long_the_traces_before_it() {
    let mut world = World::new();
    // Whoever is not there yet is made, which the trace tells.
    let fresh = world.send(0, Address::new_secp256k1(&[9; 65]).unwrap(), 1);
    let plain = world.send(0, address(2), 1);
    let tipset = world.extend_by_one(vec![fresh.clone(), plain.clone()]);
    let replay = world.states.replay(&tipset, true).unwrap();
    let sizes: Vec<usize> = replay
        .messages()
        .map(|step| step.applied.trace_bytes)
        .collect();
    assert!(sizes[0] > sizes[1], "{sizes:?}");
    world.states.limit_traces(sizes[1]);
    let replay = |message: &ChainMessage| world.states.replay_message(&tipset, &message.cid());
    let step = replay(&plain).unwrap();
    assert_eq!(step.applied.trace_bytes, sizes[1]);
    let error = replay(&fresh).unwrap_err();
    assert!(matches!(error, Error::LongTrace { .. }), "{error}");
    // Its own counts.
    world.states.limit_traces(sizes[1] - 1);
    let error = replay(&plain).unwrap_err();
    assert!(matches!(error, Error::LongTrace { .. }), "{error}");
}

#[test]
fn messages_are_applied_once_and_in_order() {
    let (world, tipsets) = grown();
    // Step 0: two blocks that share five messages, and three more of which two are refused.
    let replay = world.states.replay(&tipsets[1], false).unwrap();
    let codes: Vec<ExitCode> = replay
        .messages()
        .map(|step| step.applied.receipt.exit_code)
        .collect();
    assert_eq!(codes.len(), 8);
    let refused: Vec<_> = codes.iter().filter(|code| !code.is_success()).collect();
    assert_eq!(
        refused,
        [
            &ExitCode::SYS_SENDER_STATE_INVALID,
            &ExitCode::SYS_SENDER_INVALID
        ]
    );
    let receipts = world.states.receipts(&tipsets[1]).unwrap();
    let replayed: Vec<&Receipt> = replay
        .messages()
        .map(|step| &step.applied.receipt)
        .collect();
    assert_eq!(receipts.iter().collect::<Vec<_>>(), replayed);
    let messages = world.states.messages(&tipsets[1]).unwrap();
    assert_eq!(messages.len(), 8);

    // BLS senders first, in each block; a reward after each; cron at the end.
    let origins: Vec<Origin> = replay.steps.iter().map(|step| step.origin).collect();
    let block = |at| {
        origins
            .iter()
            .filter(move |origin| **origin == Origin::Block(at))
            .count()
    };
    assert_eq!((block(0) + block(1), origins.len()), (8, 11));
    assert_eq!(origins.last(), Some(&Origin::Cron(1)));
    let reward = |at| {
        origins
            .iter()
            .position(|origin| *origin == Origin::Reward(at))
            .unwrap()
    };
    assert!(reward(0) < reward(1));
    assert_eq!(reward(0), block(0));
    let first = &replay.steps[0].message;
    assert!(matches!(
        common::on_chain(first.clone()),
        ChainMessage::Unsigned(_)
    ));

    // What bad messages cost is paid by the block that has them.
    let params = |at: usize| -> AwardBlockRewardParams {
        let message = &replay.steps[reward(at)].message;
        message.params.deserialize().unwrap()
    };
    let of_refused = |at| {
        let steps = replay
            .steps
            .iter()
            .filter(move |step| step.origin == Origin::Block(at));
        steps
            .map(|step| step.applied.penalty.clone())
            .sum::<TokenAmount>()
    };
    for at in [0, 1] {
        assert_eq!(params(at).penalty, of_refused(at));
    }
    assert!(of_refused(0).is_positive() != of_refused(1).is_positive());
    assert!(params(0).gas_reward.is_positive());
}

/// A tipset of two blocks with these messages, applied: all that happened, and which block comes first.
fn two_blocks(world: &mut World, lists: [Vec<ChainMessage>; 2]) -> (Tipset, Replay, usize) {
    let [first, second] = lists;
    let plan = |miner: usize, messages| Plan {
        miner: MINERS[miner],
        wins: 1,
        messages,
    };
    let epoch = world.head.height() + 1;
    let tipset = world.extend(epoch, vec![plan(0, first), plan(1, second)]);
    let replay = world.states.replay(&tipset, false).unwrap();
    let leader = tipset.first().miner;
    let leader = MINERS.iter().position(|id| Address::new_id(*id) == leader);
    (tipset, replay, leader.unwrap())
}

/// That these messages are applied and no others, everywhere, and nobody is fined.
fn only_these(world: &World, tipset: &Tipset, replay: &Replay, expected: &[&ChainMessage]) {
    let cids: Vec<Cid> = expected.iter().map(|message| message.cid()).collect();
    let ran: Vec<Cid> = replay.messages().map(|step| step.cid).collect();
    assert_eq!(ran, cids);
    let listed = world.states.messages(tipset).unwrap();
    let listed: Vec<Cid> = listed.iter().map(ChainMessage::cid).collect();
    assert_eq!(listed, cids);
    let receipts = world.states.receipts(tipset).unwrap();
    assert_eq!(receipts.len(), cids.len());
    assert!(
        receipts
            .iter()
            .all(|receipt| receipt.exit_code.is_success())
    );
    for step in &replay.steps {
        if matches!(step.origin, Origin::Reward(_)) {
            let params: AwardBlockRewardParams = step.message.params.deserialize().unwrap();
            assert_eq!(params.penalty, TokenAmount::default());
        }
    }
}

#[test]
fn of_two_messages_with_one_number_the_first_counts_and_the_other_costs_nobody() {
    let mut world = World::new();
    let ours = world.send(0, address(2), 1);
    *world.nonces.get_mut(&address(0)).unwrap() -= 1;
    let theirs = world.send(0, address(3), 2);
    let next = world.send(0, address(1), 3);
    assert_eq!(ours.message().sequence, theirs.message().sequence);

    let lists = [vec![ours.clone()], vec![theirs.clone(), next.clone()]];
    let (tipset, replay, leader) = two_blocks(&mut world, lists);
    let first = [&ours, &theirs][leader];
    only_these(&world, &tipset, &replay, &[first, &next]);

    // What comes after it in the tipset runs when a call is tried.
    let call = world.message(address(0), address(2), TokenAmount::default());
    let trial = Trial {
        prior: Prior::All,
        ..Trial::free(call)
    };
    let tried = world.states.try_message(&tipset, trial).unwrap();
    assert_eq!(tried.message.sequence, 2);
}

#[test]
fn a_sender_by_id_and_by_key_is_one_sender() {
    let mut world = World::new();
    let view = world.states.view(&world.head.parent_state()).unwrap();
    let id = Address::new_id(view.id(&address(0)).unwrap().unwrap());
    let from_key = [
        world.send(0, address(2), 1),
        world.send(0, address(2), 2),
        world.send(0, address(2), 3),
    ];
    let from_id = [
        world.message(id, address(3), TokenAmount::from_whole(4)),
        world.message(id, address(3), TokenAmount::from_whole(5)),
    ];
    let from_id = from_id.map(common::on_chain);
    let lists = [from_key.to_vec(), from_id.to_vec()];
    let (tipset, replay, leader) = two_blocks(&mut world, lists);
    let expected = match leader {
        0 => from_key.iter().collect::<Vec<_>>(),
        _ => vec![&from_id[0], &from_id[1], &from_key[2]],
    };
    only_these(&world, &tipset, &replay, &expected);
}

#[test]
fn null_rounds_have_cron_and_nothing_else() {
    let (world, tipsets) = grown();
    let at = tipsets
        .windows(2)
        .position(|pair| pair[1].height() > pair[0].height() + 1);
    let at = at.unwrap();
    let (before, after) = (tipsets[at].height(), tipsets[at + 1].height());
    let replay = world.states.replay(&tipsets[at + 1], false).unwrap();
    for epoch in before + 1..=after {
        assert!(replay.cron(epoch).is_some(), "{epoch}");
    }
    assert!(replay.cron(before).is_none() && replay.cron(after + 1).is_none());
    let first = replay.messages().next().unwrap();
    let crons = replay
        .steps
        .iter()
        .take_while(|step| matches!(step.origin, Origin::Cron(_)));
    assert_eq!(crons.count() as ChainEpoch, after - before - 1);
    assert!(first.applied.receipt.exit_code.is_success());
}

#[test]
fn a_message_of_a_tipset_is_found_and_replayed() {
    let (world, tipsets) = grown();
    let messages = world.states.messages(&tipsets[5]).unwrap();
    let message = &messages[3];
    for cid in [message.cid(), message_cid(message.message())] {
        let step = world.states.replay_message(&tipsets[5], &cid).unwrap();
        assert_eq!(&step.message, message.message());
        assert!(!step.applied.trace.is_empty());
    }
    let missing = world.states.replay_message(&tipsets[6], &message.cid());
    assert!(matches!(missing, Err(Error::NoMessage(_))));
}

#[test]
fn tipsets_that_cannot_be_are_not_applied() {
    let mut world = World::new();
    let plan = |wins| Plan {
        miner: MINERS[0],
        wins,
        messages: vec![],
    };
    let twice = world.extend(1, vec![plan(1), plan(2)]);
    let error = world.states.tipset_state(&twice).unwrap_err();
    assert!(matches!(error, Error::TwoBlocks(_)), "{error}");

    // A block without a win is none.
    let mut world = World::new();
    let no_win = world.extend(1, vec![plan(0)]);
    let error = world.states.tipset_state(&no_win).unwrap_err();
    assert!(matches!(error, Error::Protocol { .. }), "{error}");
}

/// The chain for [`one_by_one`].
struct Fixed {
    history: std::sync::Arc<Memory>,
    base: Tipset,
    supply: TokenAmount,
}

impl Chain for Fixed {
    fn chain_randomness(&self, epoch: ChainEpoch) -> anyhow::Result<[u8; 32]> {
        let found = self.history.chain_randomness(&self.base, epoch)?;
        found.ok_or_else(|| anyhow::anyhow!("none"))
    }

    fn beacon_randomness(&self, epoch: ChainEpoch) -> anyhow::Result<[u8; 32]> {
        let found = self.history.beacon_randomness(&self.base, epoch)?;
        found.ok_or_else(|| anyhow::anyhow!("none"))
    }

    fn tipset_cid(&self, epoch: ChainEpoch) -> anyhow::Result<Cid> {
        let tipset = self.history.tipset_at(&self.base, epoch, Nulls::Before)?;
        Ok(tipset.key().cid())
    }

    fn circulating_supply(&self) -> TokenAmount {
        self.supply.clone()
    }

    fn consensus_fault(
        &self,
        _: &[u8],
        _: &[u8],
        _: &[u8],
    ) -> anyhow::Result<Option<ConsensusFault>> {
        Ok(None)
    }
}

/// Applies a tipset with a machine of its own for each message: slowly, and without any of the code under test but the
/// reading of the supply.
fn one_by_one(world: &World, tipset: &Tipset) -> (Cid, Cid) {
    let states: &States = &world.states;
    let parents = world.history.tipset(tipset.parents()).unwrap();
    let mut root = tipset.parent_state();
    let run = |root: &mut Cid, epoch, supply: &TokenAmount, message: &Message, kind, bytes| {
        let mut context = Context::new(states.rules().network_at(epoch), *root);
        context.epoch = epoch;
        context.timestamp = common::GENESIS_TIME + epoch as u64 * common::BLOCK_DELAY;
        context.base_fee = tipset.parent_base_fee().clone();
        let chain = Fixed {
            history: world.history.clone(),
            base: tipset.clone(),
            supply: supply.clone(),
        };
        let mut machine = Machine::new(
            &engines(),
            context,
            Box::new(world.blocks.clone()),
            Box::new(chain),
            Box::new(common::WindowProofs),
        )
        .unwrap();
        let applied = machine.execute(message, kind, bytes).unwrap();
        *root = machine.flush().unwrap();
        applied
    };
    let implicit = |to, method_num, params, gas_limit, epoch: ChainEpoch| Message {
        version: 0,
        from: Address::new_id(0),
        to: Address::new_id(to),
        sequence: epoch as u64,
        value: TokenAmount::default(),
        method_num,
        params,
        gas_limit,
        gas_fee_cap: TokenAmount::default(),
        gas_premium: TokenAmount::default(),
    };
    let tick = |epoch| implicit(3, 2, RawBytes::default(), 100_000_000_000_000, epoch);
    let supply = |root: &Cid, epoch| {
        let view = states.view(root).unwrap();
        states.circulation(&view, epoch).unwrap().circulating
    };
    for epoch in parents.height() + 1..tipset.height() {
        let supply = supply(&root, epoch);
        run(&mut root, epoch, &supply, &tick(epoch), Kind::Implicit, 0);
    }
    let epoch = tipset.height();
    let supply = supply(&root, epoch);
    let (mut seen, mut receipts) = (HashSet::new(), Vec::new());
    let lists = world.history.messages(tipset).unwrap();
    for (header, messages) in tipset.headers().zip(lists) {
        let (mut penalty, mut gas_reward) = (TokenAmount::default(), TokenAmount::default());
        for message in messages.iter() {
            if !seen.insert(message_cid(message.message())) {
                continue;
            }
            let bytes = message.chain_length_bytes();
            let kind = Kind::Explicit;
            let applied = run(&mut root, epoch, &supply, message.message(), kind, bytes);
            penalty += applied.penalty;
            gas_reward += applied.miner_tip;
            receipts.push(applied.receipt);
        }
        let params = AwardBlockRewardParams {
            miner: header.miner,
            penalty,
            gas_reward,
            win_count: header.election_proof.as_ref().unwrap().win_count,
        };
        let params = RawBytes::serialize(&params).unwrap();
        let message = implicit(2, 2, params, 1 << 30, epoch);
        run(&mut root, epoch, &supply, &message, Kind::Implicit, 0);
    }
    run(&mut root, epoch, &supply, &tick(epoch), Kind::Implicit, 0);
    let receipts = Amtv0::new_from_iter(&world.blocks, receipts).unwrap();
    (root, receipts)
}
