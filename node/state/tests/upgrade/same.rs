//! A migration comes to the same everywhere.

use filigree_node_state::{Migration, States};
use fvm_ipld_blockstore::Blockstore;
use fvm_shared::address::Address;
use fvm_shared::version::NetworkVersion;

use super::common::{self, World, bundle};
use super::{COUNTERS, FIRST, PLACE, counters, grow, put_code, with};

/// Code of actors that answer with a number. `upgrade` stores what it sees of the world: the time, the base fee, what the neighbour
/// answers (the one with the number that differs in the last bit), and the tipset before.
fn asking(answer: u8) -> Vec<u8> {
    let text = format!(
        r#"(module
            (import "vm" "message_context" (func $message (param i32) (result i32)))
            (import "network" "context" (func $network (param i32) (result i32)))
            (import "network" "tipset_cid" (func $tipset (param i32 i64 i32 i32) (result i32)))
            (import "send" "send" (func $send (param i32 i32 i32 i64 i32 i64 i64 i64 i64) (result i32)))
            (import "ipld" "block_create" (func $create (param i32 i64 i32 i32) (result i32)))
            (import "ipld" "block_read" (func $read (param i32 i32 i32 i32 i32) (result i32)))
            (import "ipld" "block_link" (func $link (param i32 i32 i64 i32 i32 i32) (result i32)))
            (import "self" "set_root" (func $set_root (param i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "\{answer:02x}")
            (data (i32.const 512) "\58\37")
            (func $must (param i32) (if (local.get 0) (then unreachable)))
            (func (export "invoke") (param i32) (result i32)
                (call $must (call $create (i32.const 64) (i64.const 0x71) (i32.const 0) (i32.const 1)))
                (i32.load (i32.const 64)))
            (func (export "upgrade") (param i32 i32) (result i32)
                (local $id i64)
                (call $must (call $message (i32.const 1024)))
                (local.set $id (i64.xor (i64.load (i32.const 1048)) (i64.const 1)))
                (i64.store8 (i32.const 129) (i64.or (local.get $id) (i64.const 0x80)))
                (i64.store8 (i32.const 130) (i64.or (i64.shr_u (local.get $id) (i64.const 7)) (i64.const 0x80)))
                (i64.store8 (i32.const 131) (i64.shr_u (local.get $id) (i64.const 14)))
                (call $must (call $send (i32.const 1400) (i32.const 128) (i32.const 4) (i64.const 2) (i32.const 0)
                    (i64.const 0) (i64.const 0) (i64.const -1) (i64.const 0)))
                (call $must (i32.load (i32.const 1400)))
                (call $must (call $read (i32.const 1500) (i32.load (i32.const 1404)) (i32.const 0) (i32.const 530) (i32.const 1)))
                (call $must (call $network (i32.const 1200)))
                (i64.store (i32.const 514) (i64.load (i32.const 1208)))
                (i64.store (i32.const 522) (i64.load (i32.const 1216)))
                (call $must (call $tipset (i32.const 1504)
                    (i64.sub (i64.load (i32.const 1200)) (i64.const 1)) (i32.const 531) (i32.const 38)))
                (call $must (call $create (i32.const 1508) (i64.const 0x71) (i32.const 512) (i32.const 57)))
                (call $must (call $link (i32.const 1512) (i32.load (i32.const 1508)) (i64.const 0xb220) (i32.const 32)
                    (i32.const 1600) (i32.const 100)))
                (call $must (call $set_root (i32.const 1600)))
                (i32.const 0)))"#
    );
    wat::parse_str(text).unwrap()
}

#[test]
fn a_migration_is_the_same_whatever_follows_and_on_however_many_cores() {
    const ANSWERS: [u8; 2] = [11, 12];
    let (store, plain) = bundle();
    let [first, second] = ANSWERS.map(|answer| put_code(&store, asking(answer)));
    let old = with(&store, &plain, &[(PLACE, first)]);
    let new = with(&store, &plain, &[(PLACE, second)]);
    let mut world = World::on(store, &old, |store, root| {
        counters(store, root, first, None)
    });
    grow(&mut world, 2);
    let parents = world.head.clone();
    // Between the last tipset and the upgrade there is a null round.
    let epoch = parents.height() + 1;
    let schedule = |states: &States| {
        let version = NetworkVersion::V28;
        states
            .schedule(parents.height(), epoch, version, Migration::to(new))
            .unwrap();
    };
    schedule(&world.states);
    let children = [1, 3].map(|after| {
        world.head = parents.clone();
        let plan = common::Plan {
            miner: common::MINERS[0],
            wins: 1,
            messages: vec![],
        };
        world.extend(epoch + after, vec![plan])
    });

    // Each child by those who know of no other, and by those who saw the other one first.
    let [near, far] = &children;
    let alone = children.each_ref().map(|child| {
        let states = world.fresh_states();
        schedule(&states);
        states.tipset_state(child).unwrap()
    });
    assert_eq!(world.states.tipset_state(near).unwrap(), alone[0]);
    assert_eq!(world.states.tipset_state(far).unwrap(), alone[1]);

    for result in alone {
        let view = world.states.view(&result.state).unwrap();
        for at in 0..COUNTERS {
            let actor = view.require(&Address::new_id(FIRST + at)).unwrap();
            assert_eq!(actor.code, second);
            let seen = world.blocks.get(&actor.state).unwrap().unwrap();
            let seen = &seen[2..];
            let begins = common::GENESIS_TIME + (epoch as u64 + 1) * common::BLOCK_DELAY;
            assert_eq!(seen[..8], begins.to_le_bytes());
            assert_eq!(seen[8..16], [0; 8], "gas is free");
            // Of forty actors three are one share: the neighbour is upgraded if it comes before, in the same one.
            let neighbour = at ^ 1;
            let is_upgraded = neighbour < at && neighbour / 3 == at / 3;
            assert_eq!(seen[16], ANSWERS[usize::from(is_upgraded)], "{at}");
            assert_eq!(seen[17..], parents.key().cid().to_bytes());
        }
    }
}
