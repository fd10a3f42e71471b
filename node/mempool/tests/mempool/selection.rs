//! The messages of a block.

use std::collections::BTreeMap;
use std::sync::Arc;

use filigree_blocks::SignedMessage;
use filigree_keys::{Key, KeyType};
use filigree_mempool::{Limits, Pending};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::version::NetworkVersion;
use proptest::prelude::*;

use crate::support::{GAS, World, atto, key};

const BLOCK_GAS: u64 = 10_000_000_000;

fn select(world: &World, ticket_quality: f64) -> Vec<Arc<Pending>> {
    world.pool.select(&world.base(), ticket_quality).unwrap()
}

/// Of each message selected, its sender's number and its own.
fn selected(world: &World, ticket_quality: f64) -> Vec<(u8, u64)> {
    let number = |sender: Address| {
        (1..=20)
            .find(|n| {
                KeyType::ALL
                    .iter()
                    .any(|t| *key(*t, *n).address() == sender)
            })
            .unwrap()
    };
    let messages = select(world, ticket_quality);
    messages
        .iter()
        .map(|m| (number(m.sender()), m.nonce()))
        .collect()
}

/// A message of that gas and premium.
fn message(world: &World, key: &Key, nonce: u64, gas: u64, premium: u64) -> SignedMessage {
    let mut message = world.message(key, nonce);
    message.gas_limit = gas;
    message.gas_premium = atto(premium);
    message.gas_fee_cap = atto(premium + 1_000);
    world.sign(key, message)
}

fn senders<const N: usize>(world: &World) -> [Key; N] {
    std::array::from_fn(|n| {
        let key = world.sender(KeyType::Secp256k1, u8::try_from(n + 1).unwrap());
        world.fund(&key, TokenAmount::from_whole(1_000), 0);
        key
    })
}

#[test]
fn an_empty_pool_gives_an_empty_block() {
    assert!(select(&World::new(), 1.0).is_empty());
}

#[test]
fn everything_is_selected_where_there_is_room_whatever_the_ticket() {
    let world = World::new();
    let mut expected = 0;
    for (number, key_type) in (1..).zip(KeyType::ALL) {
        let key = world.sender(key_type, number);
        for nonce in 0..5 {
            world.push(&world.paying(&key, nonce, nonce * 10)).unwrap();
            expected += 1;
        }
    }
    for ticket_quality in [0.0, 0.2, 0.5, 0.84, 0.9, 1.0] {
        let messages = select(&world, ticket_quality);
        assert_eq!(messages.len(), expected, "{ticket_quality}");
        check(&world, &messages);
    }
}

#[test]
fn what_pays_most_comes_first() {
    let world = World::new();
    let [a, b, c] = senders(&world);
    for (key, premium) in [(&a, 100), (&b, 300), (&c, 200)] {
        world.push(&world.paying(key, 0, premium)).unwrap();
    }
    assert_eq!(selected(&world, 1.0), [(2, 0), (3, 0), (1, 0)]);
}

#[test]
fn a_cheap_message_comes_in_for_the_sake_of_a_dear_one_behind_it() {
    let world = World::new();
    let [a, b] = senders(&world);
    let half = BLOCK_GAS / 2;
    for (nonce, premium) in [(0, 0), (1, 1_000)] {
        world
            .push(&message(&world, &a, nonce, half, premium))
            .unwrap();
    }
    // Better than the first of the other alone, worse than both.
    for nonce in [0, 1] {
        world.push(&message(&world, &b, nonce, half, 400)).unwrap();
    }
    assert_eq!(selected(&world, 1.0), [(1, 0), (1, 1)]);
}

#[test]
fn a_message_below_the_base_fee_is_left_out_unless_what_follows_makes_up_for_it() {
    let world = World::new();
    let [a, b] = senders(&world);
    world.set_base_fee(5_000);
    // Caps of 1,100 and of 1,000,000.
    world.push(&world.paying(&a, 0, 100)).unwrap();
    world.push(&world.paying(&b, 0, 100)).unwrap();
    let mut rich = world.message(&b, 1);
    rich.gas_fee_cap = atto(1_000_000);
    rich.gas_premium = atto(500_000);
    world.push(&world.sign(&b, rich)).unwrap();
    for ticket_quality in [0.0, 1.0] {
        assert_eq!(selected(&world, ticket_quality), [(2, 0), (2, 1)]);
    }
    world.set_base_fee(1_000);
    assert_eq!(selected(&world, 1.0).len(), 3);
}

#[test]
fn what_follows_a_gap_or_is_not_affordable_stays_behind() {
    let world = World::new();
    let [a, b] = senders(&world);
    for nonce in [0, 1, 3] {
        world.push(&world.paying(&a, nonce, 100)).unwrap();
        world.push(&world.paying(&b, nonce.min(2), 100)).unwrap();
    }
    let fees = TokenAmount::from_atto(1_100 * GAS);
    world.fund(&b, &fees * 2, 0);
    let mut both = selected(&world, 1.0);
    both.sort_unstable();
    assert_eq!(both, [(1, 0), (1, 1), (2, 0), (2, 1)]);
    // A value that is spent cannot pay fees.
    let world = World::new();
    let [a] = senders(&world);
    let mut generous = world.message(&a, 0);
    generous.value = atto(1);
    world.push(&world.sign(&a, generous)).unwrap();
    world.push(&world.signed(&a, 1)).unwrap();
    world.fund(&a, TokenAmount::from_atto(1_000 * GAS) * 2, 0);
    assert_eq!(selected(&world, 1.0), [(1, 0)]);
}

#[test]
fn a_block_has_so_much_gas_and_the_rest_is_filled_with_what_fits() {
    let world = World::new();
    let [a, b, c] = senders(&world);
    world
        .push(&message(&world, &a, 0, BLOCK_GAS - 3 * GAS, 1_000))
        .unwrap();
    world.push(&message(&world, &b, 0, 4 * GAS, 500)).unwrap();
    for nonce in 0..5 {
        world.push(&message(&world, &c, nonce, GAS, 100)).unwrap();
    }
    for ticket_quality in [0.0, 0.5, 1.0] {
        let messages = select(&world, ticket_quality);
        check(&world, &messages);
    }
    assert_eq!(selected(&world, 1.0), [(1, 0), (3, 0), (3, 1), (3, 2)]);
}

#[test]
fn priority_comes_before_pay() {
    let first = key(KeyType::Secp256k1, 1);
    let limits = Limits {
        priority: vec![*first.address()],
        ..Limits::default()
    };
    let world = World::with(limits, NetworkVersion::V25);
    let [a, b] = senders(&world);
    world
        .push(&message(&world, &a, 0, BLOCK_GAS - GAS, 1))
        .unwrap();
    world.push(&message(&world, &b, 0, 2 * GAS, 1_000)).unwrap();
    world.push(&message(&world, &b, 1, GAS, 1)).unwrap();
    assert_eq!(selected(&world, 1.0), [(1, 0)]);
}

#[test]
fn a_worse_ticket_avoids_what_better_ones_will_have() {
    let world = World::new();
    let keys: [Key; 6] = senders(&world);
    // Six blocks full, each worth less than the one before.
    for (key, premium) in keys.iter().zip([105, 104, 103, 102, 101, 100]) {
        world
            .push(&message(&world, key, 0, BLOCK_GAS, premium))
            .unwrap();
    }
    assert_eq!(selected(&world, 1.0), [(1, 0)]);
    let middling = selected(&world, 0.5);
    assert_eq!(middling.len(), 1);
    assert!(middling[0].0 > 1, "{middling:?}");
    let worst = selected(&world, 0.0);
    assert!(worst[0].0 > middling[0].0, "{worst:?}");
}

#[test]
fn selection_goes_by_the_base_it_is_given() {
    let world = World::new();
    let [a] = senders(&world);
    for nonce in 0..3 {
        world.push(&world.paying(&a, nonce, 100)).unwrap();
    }
    // On a head that has the first two already.
    world.prepare(&a, 2);
    assert_eq!(selected(&world, 1.0), [(1, 2)]);
}

/// Prints how long the selection of a full pool takes; it must end well within an epoch.
#[test]
fn a_full_pool_is_selected_from_in_time() {
    let world = World::new();
    let keys: Vec<Key> = (1..=20)
        .map(|n| world.sender(KeyType::Secp256k1, n))
        .collect();
    for (key, premium) in keys.iter().zip(1..) {
        world.fund(key, TokenAmount::from_whole(1_000), 0);
        for nonce in 0..200 {
            let premium = (premium * 37 + nonce * 11) % 500;
            let signed = message(&world, key, nonce, 5_000_000, premium);
            world.push(&signed).unwrap();
        }
    }
    for ticket_quality in [0.3, 1.0] {
        let start = std::time::Instant::now();
        let messages = select(&world, ticket_quality);
        let took = start.elapsed();
        println!(
            "{} of {} messages selected in {took:?}",
            messages.len(),
            world.pool.len()
        );
        check(&world, &messages);
    }
}

/// What must hold of every selection: in order, affordable, within a block.
fn check(world: &World, messages: &[Arc<Pending>]) {
    let base = world.base();
    let mut next: BTreeMap<Address, (u64, TokenAmount)> = BTreeMap::new();
    let mut gas = 0;
    for message in messages {
        let account = base.accounts.account(&message.sender()).unwrap().unwrap();
        let (nonce, balance) = next
            .entry(message.sender())
            .or_insert((account.sender.sequence, account.balance));
        assert_eq!(message.nonce(), *nonce);
        *nonce += 1;
        assert!(*balance >= message.fees);
        *balance -= &message.fees + &message.signed.message.value;
        gas += message.signed.message.gas_limit;
    }
    assert!(gas <= BLOCK_GAS, "{gas}");
    assert!(messages.len() <= 10_000);
}

/// What the miner gets, and less what it pays thrice.
fn worth(message: &Pending, base_fee: &TokenAmount) -> TokenAmount {
    let m = &message.signed.message;
    let premium = (&m.gas_fee_cap - base_fee).min(m.gas_premium.clone());
    let reward = premium * m.gas_limit;
    if reward.is_negative() {
        reward * 3
    } else {
        reward
    }
}

/// The simplest way: of what comes next of each sender, the one that pays most per gas, as long as it fits and pays at all.
fn greedy(world: &World) -> TokenAmount {
    let base = world.base();
    let mut queues: BTreeMap<Address, Vec<Arc<Pending>>> = BTreeMap::new();
    for message in world.pool.pending() {
        let account = base.accounts.account(&message.sender()).unwrap().unwrap();
        let queue = queues.entry(message.sender()).or_default();
        let spent = queue.iter().fold(TokenAmount::default(), |sum, m| {
            sum + &m.fees + &m.signed.message.value
        });
        let follows = message.nonce() == account.sender.sequence + queue.len() as u64;
        if follows && account.balance >= spent + &message.fees {
            queue.push(message);
        }
    }
    let (mut gas, mut total) = (BLOCK_GAS, TokenAmount::default());
    queues.values_mut().for_each(|queue| queue.reverse());
    loop {
        let density = |message: &Pending| {
            // Millionths of attoFIL per gas: whole numbers compare.
            (worth(message, &base.base_fee) * 1_000_000u64)
                .div_floor(message.signed.message.gas_limit)
        };
        let best = queues
            .iter()
            .filter_map(|(sender, queue)| Some((*sender, Arc::clone(queue.last()?))))
            .max_by_key(|(_, message)| density(message));
        let Some((sender, message)) = best else {
            return total;
        };
        let worth = worth(&message, &base.base_fee);
        match gas.checked_sub(message.signed.message.gas_limit) {
            Some(left) if !worth.is_negative() => {
                gas = left;
                total += worth;
                queues.get_mut(&sender).unwrap().pop();
            }
            _ => drop(queues.remove(&sender)),
        }
    }
}

#[derive(Clone, Debug)]
struct Choice {
    gas: u64,
    premium: u64,
    cap: u64,
    value: u64,
}

fn choices() -> impl Strategy<Value = Vec<(Vec<Choice>, u64)>> {
    let gas = prop_oneof![GAS..GAS * 10, BLOCK_GAS / 20..BLOCK_GAS / 2];
    let choice =
        (gas, 0..500u64, 0..1_500u64, 0..1_000_000u64).prop_map(|(gas, premium, above, value)| {
            Choice {
                gas,
                premium,
                cap: 100 + premium + above,
                value,
            }
        });
    let sender = (prop::collection::vec(choice, 1..8), 1..50_000u64);
    prop::collection::vec(sender, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_selection_is_valid_and_none_worse_than_the_simplest(
        senders in choices(),
        base_fee in 100..1_500u64,
        ticket_quality in 0.0..1.0f64,
    ) {
        let world = World::new();
        for (number, (choices, balance)) in (1..).zip(&senders) {
            let key = world.sender(KeyType::Secp256k1, number);
            world.fund(&key, TokenAmount::from_whole(1_000), 0);
            for (nonce, choice) in (0..).zip(choices) {
                let mut message = world.message(&key, nonce);
                message.gas_limit = choice.gas;
                message.gas_premium = atto(choice.premium);
                message.gas_fee_cap = atto(choice.cap);
                message.value = atto(choice.value);
                world.push(&world.sign(&key, message)).unwrap();
            }
            world.fund(&key, TokenAmount::from_nano(*balance), 0);
        }
        world.set_base_fee(base_fee);
        let fee = atto(base_fee);
        let total = |messages: &[Arc<Pending>]| {
            messages.iter().fold(TokenAmount::default(), |sum, m| sum + worth(m, &fee))
        };
        for quality in [ticket_quality, 0.0, 1.0] {
            let messages = select(&world, quality);
            check(&world, &messages);
            prop_assert!(!total(&messages).is_negative());
        }
        let best = total(&select(&world, 1.0));
        let simplest = greedy(&world);
        // Compared in floating point, so equal up to a millionth of a millionth.
        let tolerance = simplest.div_floor(1_000_000_000_000u64);
        prop_assert!(best >= &simplest - tolerance, "{best} < {simplest}");
    }
}
