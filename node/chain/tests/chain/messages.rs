//! Messages of blocks and tipsets, what follows from them, and how they are found.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

use filigree_blocks::{ChainMessage, Tipset};
use filigree_chain::{Applied, ChainError};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;

use crate::world::{FewStates, World, config, genesis, message, signed};

fn bls(number: u8) -> Address {
    Address::new_bls(&[number; 48]).unwrap()
}

fn secp(number: u8) -> Address {
    Address::new_secp256k1(&[number; 65]).unwrap()
}

/// What counts of the messages of a tipset: senders and numbers, block by block.
fn counted(applied: &[Applied]) -> Vec<Vec<(Address, u64)>> {
    let of_block = |block: &Applied| -> Vec<(Address, u64)> {
        let messages = block.messages.iter().map(ChainMessage::message);
        messages
            .map(|message| (message.from, message.sequence))
            .collect()
    };
    applied.iter().map(of_block).collect()
}

#[test]
fn the_first_block_that_has_a_message_gives_it() {
    let world = World::new();
    let (a, b, c) = (bls(1), secp(2), secp(3));
    let block = |miner, bls: &[u64], signed_by: &[(Address, u64)]| {
        let header = world.on(&genesis(), miner, 1);
        let bls = bls.iter().map(|sequence| message(a, *sequence)).collect();
        let signed = signed_by
            .iter()
            .map(|(from, sequence)| signed(*from, *sequence))
            .collect();
        world.full(header, bls, signed)
    };
    let tipset = Tipset::new([
        block(1000, &[5, 6], &[(b, 0), (b, 1)]),
        block(1001, &[5, 6], &[(b, 0), (b, 1)]),
    ])
    .unwrap();
    world.chain.take(&tipset).unwrap();
    let first: Vec<_> = [(a, 5), (a, 6), (b, 0), (b, 1)].into();
    let applied = world.chain.messages_of(&tipset).unwrap();
    assert_eq!(counted(&applied), [first, vec![]]);
    let miners: Vec<Address> = tipset.headers().map(|header| header.miner).collect();
    assert_eq!(applied.iter().map(|a| a.miner).collect::<Vec<_>>(), miners);
    assert!(applied.iter().all(|block| block.win_count == 1));

    // What the first block leaves over, the second gives; a number that does not follow counts nowhere.
    let on = |miner, messages: &[(Address, u64)]| {
        let header = world.on(&tipset, miner, 2);
        let signed = messages
            .iter()
            .map(|(from, sequence)| signed(*from, *sequence))
            .collect();
        world.full(header, vec![], signed)
    };
    let blocks = [
        on(1000, &[(b, 2), (b, 3), (c, 7)]),
        on(1001, &[(b, 2), (b, 3), (b, 4), (c, 7)]),
        on(1002, &[(c, 9)]),
    ];
    let second = Tipset::new(blocks).unwrap();
    let applied = world.chain.messages_of(&second).unwrap();
    let counts: BTreeMap<(Address, u64), usize> =
        counted(&applied)
            .into_iter()
            .flatten()
            .fold(BTreeMap::new(), |mut counts, message| {
                *counts.entry(message).or_default() += 1;
                counts
            });
    let expected = [(b, 2), (b, 3), (b, 4)].map(|message| (message, 1));
    for (message, count) in expected {
        assert_eq!(counts.get(&message), Some(&count), "{message:?}");
    }
    assert_eq!(counts.keys().filter(|(from, _)| *from == c).count(), 1);
    assert_eq!(world.states.asked.load(Ordering::Relaxed), 0);
}

#[test]
fn one_account_under_two_addresses_is_one_sender() {
    let by_key = secp(2);
    let by_id = Address::new_id(102);
    let ids = BTreeMap::from([(by_key, 102), (bls(1), 101)]);
    let states = FewStates {
        ids,
        ..FewStates::default()
    };
    let world = World::with(config(), states);
    let block = |miner, from: Address| {
        let header = world.on(&genesis(), miner, 1);
        world.full(
            header,
            vec![message(bls(1), 0)],
            vec![signed(from, 0), signed(from, 1)],
        )
    };
    let tipset = Tipset::new([block(1000, by_key), block(1001, by_id)]).unwrap();
    let applied = world.chain.messages_of(&tipset).unwrap();
    let counts: Vec<usize> = counted(&applied).iter().map(Vec::len).collect();
    assert_eq!(counts, [3, 0]);
    // Each address is looked up once.
    assert_eq!(world.states.asked.load(Ordering::Relaxed), 2);

    let stranger = Tipset::new([block(1000, secp(9)), block(1001, by_id)]).unwrap();
    let error = world.chain.messages_of(&stranger).unwrap_err();
    assert!(matches!(error, ChainError::NoSender { .. }), "{error}");
}

#[test]
fn messages_are_found_on_the_chain_and_not_on_forks() {
    let world = World::new();
    let from = secp(2);
    let with = |parents: &Tipset, miner, height, sequences: std::ops::Range<u64>| {
        let header = world.on(parents, miner, height);
        let signed = sequences.map(|sequence| signed(from, sequence)).collect();
        let tipset = Tipset::new([world.full(header, vec![message(bls(1), 0)], signed)]).unwrap();
        world.chain.take(&tipset).unwrap();
        tipset
    };
    let ours = with(&genesis(), 1000, 1, 0..2);
    let index = world.chain.index();
    let (first, second) = (signed(from, 0), signed(from, 1));
    let found = index.find_message(&second.cid()).unwrap().unwrap();
    assert_eq!(
        (found.tipset, found.height, found.index),
        (ours.key().clone(), 1, 2)
    );
    // By what was signed, too.
    let unsigned = filigree_blocks::message_cid(&first.message);
    assert_eq!(index.find_message(&unsigned).unwrap().unwrap().index, 1);
    let sent = index.messages_of(&from, None, 10).unwrap();
    assert_eq!(sent.messages.len(), 2);
    assert_eq!(
        index
            .messages_of(&Address::new_id(99), None, 10)
            .unwrap()
            .messages
            .len(),
        3
    );

    // A heavier chain that has one of them.
    let fork = with(&genesis(), 1001, 2, 0..1);
    let head = world.grow(&fork, 3, &[1001, 1002]);
    assert_eq!(world.chain.head(), head);
    let found = index.find_message(&first.cid()).unwrap().unwrap();
    assert_eq!(found.tipset, *fork.key());
    assert_eq!(index.find_message(&second.cid()).unwrap(), None);
    assert_eq!(
        index.messages_of(&from, None, 10).unwrap().messages.len(),
        1
    );
    assert_eq!(
        world.chain.message(&second.cid()).unwrap(),
        Some(ChainMessage::Signed(second))
    );
    let unsigned = message(bls(1), 0);
    let cid = filigree_blocks::message_cid(&unsigned);
    assert_eq!(
        world.chain.message(&cid).unwrap(),
        Some(ChainMessage::Unsigned(unsigned))
    );
    assert_eq!(world.chain.message(&ours.parent_state()).unwrap(), None);
    assert!(world.chain.message(&ours.first().cid()).is_err());
}

#[test]
fn an_index_can_be_made_anew() {
    let world = World::new();
    let from = secp(2);
    let mut head = genesis();
    for height in 1..=5 {
        let header = world.full(
            world.on(&head, 1000, height),
            vec![],
            vec![signed(from, height as u64)],
        );
        head = Tipset::new([header]).unwrap();
        world.chain.take(&head).unwrap();
    }
    let mut seen = vec![];
    let report = |height| {
        seen.push(height);
        if height == 4 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    world.chain.index_messages(2..=5, report).unwrap();
    assert_eq!(seen, [2, 3, 4]);
    let index = world.chain.index();
    assert_eq!(
        index.messages_of(&from, None, 10).unwrap().messages.len(),
        5
    );
}

#[test]
fn a_block_is_read_as_it_was_stored() {
    let world = World::new();
    let header = world.on(&genesis(), 1000, 1);
    let (bls, signed) = (
        vec![message(bls(1), 0)],
        vec![signed(secp(2), 0), signed(secp(2), 1)],
    );
    let header = world.full(header, bls.clone(), signed.clone());
    for world in [world].map(World::reopen) {
        let block = world.chain.full_block(&header).unwrap();
        assert_eq!((block.bls, block.signed), (bls.clone(), signed.clone()));
        assert_eq!(block.header, header);
        assert_eq!(world.chain.block(&header.cid()).unwrap(), header);
    }
}

#[test]
fn the_base_fee_follows_from_the_messages_of_the_blocks() {
    let mut config = config();
    config.versions.genesis = fvm_shared::version::NetworkVersion::V27;
    let world = World::with(config, FewStates::default());
    let block = |miner, gas_limit| {
        let mut header = world.on(&genesis(), miner, 1);
        header.parent_base_fee = TokenAmount::from_atto(800);
        let mut message = signed(secp(2), 0);
        message.message.gas_limit = gas_limit;
        world.full(header, vec![], vec![message])
    };
    // The same message in both blocks counts once: as much gas as is aimed at for one, half of it for two.
    let one = Tipset::new([block(1000, 5_000_000_000)]).unwrap();
    let two = Tipset::new([block(1000, 5_000_000_000), block(1001, 5_000_000_000)]).unwrap();
    assert_eq!(
        world.chain.base_fee(&one).unwrap(),
        TokenAmount::from_atto(800)
    );
    assert_eq!(
        world.chain.base_fee(&two).unwrap(),
        TokenAmount::from_atto(750)
    );
    assert_eq!(
        world.chain.base_fee(&two).unwrap(),
        TokenAmount::from_atto(750)
    );
}

#[test]
fn a_base_fee_is_by_the_rules_of_now() {
    let world = World::new();
    let mut block = world.on(&genesis(), 1000, 1);
    block.parent_base_fee = TokenAmount::from_atto(800_000);
    let mut large = signed(secp(2), 0);
    large.message.gas_limit = 5_000_000_000;
    let block = world.full(block, vec![], vec![large]);
    let tipset = Tipset::new([block]).unwrap();
    let by_bids = world.chain.base_fee(&tipset).unwrap();
    // An upgrade is taken back.
    let mut before = config();
    before.versions.genesis = fvm_shared::version::NetworkVersion::V27;
    world.chain.set_config(before);
    let by_gas = world.chain.base_fee(&tipset).unwrap();
    assert_eq!(by_gas, TokenAmount::from_atto(800_000));
    assert_ne!(by_gas, by_bids);
    world.chain.set_config(config());
    assert_eq!(world.chain.base_fee(&tipset).unwrap(), by_bids);
}
