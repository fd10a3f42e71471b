//! Who acts for a miner, who owns it, and how to reach it.

use filigree_actor_miner::params::{
    ChangeMultiaddrsParams, ChangePeerIdParams, ChangeWorkerAddressParams,
};
use filigree_builtin::POLICY;
use filigree_sandbox::{Outcome, Who};
use filigree_sdk::prelude::*;

use super::fault::with_sectors;
use crate::onboard::{Provider, bls_account, id_of, pass};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "miner/worker-and-control-addresses",
        run: worker,
    },
    Scenario {
        name: "miner/owner",
        run: owner,
    },
    Scenario {
        name: "miner/contact",
        run: contact,
    },
];

const FORBIDDEN: ExitCode = ExitCode::USR_FORBIDDEN;
const ILLEGAL: ExitCode = ExitCode::USR_ILLEGAL_ARGUMENT;

fn change_worker(
    stage: &mut Stage,
    by: impl Who,
    miner: &Provider,
    new_worker: Address,
    control: &[Address],
) -> Outcome<()> {
    let params = ChangeWorkerAddressParams {
        new_worker,
        new_control_addresses: control.to_vec(),
    };
    stage.call(by, miner.client.change_worker_address(params))
}

fn worker(stage: &mut Stage) {
    let miner = with_sectors(stage, 1);
    let [alice, bob] = [0; 2].map(|_| stage.account(10));
    let next = bls_account(stage, miner.owner, 1, 10);
    let other = bls_account(stage, miner.owner, 2, 10);
    let confirm = miner.client.confirm_change_worker_address();

    // Control addresses at once; the worker stays, as it is named again.
    let controls = [alice.address, bob.address];
    change_worker(stage, miner.owner, &miner, miner.worker, &controls).ok();
    let told = stage.call(alice, miner.client.control_addresses()).ok();
    assert_eq!(told.control_addresses.len(), 2);
    assert!(miner.info(stage).pending_worker_key.is_none());
    let peer = ChangePeerIdParams {
        new_id: Bytes(vec![1]),
    };
    let change_peer = miner.client.change_peer_id(peer);
    stage.call(alice, change_peer.clone()).ok();
    for by in [alice.address, miner.worker] {
        change_worker(stage, by, &miner, next, &[]).expect_exit(FORBIDDEN, "");
        stage.call(by, confirm.clone()).expect_exit(FORBIDDEN, "");
    }

    change_worker(stage, miner.owner, &miner, next, &[alice.address]).ok();
    let pending = miner
        .info(stage)
        .pending_worker_key
        .expect("one is proposed");
    assert_eq!(
        pending.effective_at,
        stage.epoch() + POLICY.worker_key_change_delay
    );
    // Bob is out; another worker does not replace the one proposed.
    stage
        .call(bob, change_peer.clone())
        .expect_exit(FORBIDDEN, "");
    change_worker(stage, miner.owner, &miner, other, &[alice.address, next]).ok();
    assert_eq!(miner.info(stage).pending_worker_key, Some(pending));
    // Too early.
    stage.call(miner.owner, confirm.clone()).ok();
    assert_eq!(miner.info(stage).worker, id_of(stage, miner.worker));
    stage.call(next, change_peer.clone()).ok();
    // Cron would do it as well, at the end of a deadline.
    let due = pending.effective_at;
    miner.keep_proving(stage, due - 1);
    stage.call(miner.owner, confirm.clone()).ok();
    assert_eq!(miner.info(stage).worker, id_of(stage, miner.worker));
    pass(stage, due);
    stage.call(miner.owner, confirm).ok();
    assert_eq!(miner.info(stage).worker, id_of(stage, next));
    stage
        .call(miner.worker, change_peer)
        .expect_exit(FORBIDDEN, "");
    // By cron, and by another's key.
    change_worker(stage, miner.owner, &miner, other, &[]).ok();
    let successor = Provider {
        worker: next,
        ..miner
    };
    let to = due + POLICY.worker_key_change_delay + 60;
    successor.keep_proving(stage, to);
    assert_eq!(miner.info(stage).worker, id_of(stage, other));
    stage.check_invariants();

    // Who can be none: no BLS key, no account, nobody.
    for bad in [
        alice.address,
        Address::new_id(alice.id),
        Address::new_id(5),
        miner.client.address,
        Address::new_id(999_999),
        Address::new_actor(b"nobody"),
    ] {
        change_worker(stage, miner.owner, &miner, bad, &[]).expect_exit(ILLEGAL, "");
    }
    // A BLS key without an account becomes none by being named.
    let new = Address::new_bls(&[77; 48]).expect("a key of 48 bytes");
    change_worker(stage, miner.owner, &miner, new, &[]).expect_exit(ILLEGAL, "");
    // By its id; the most control addresses there may be, the same again and again.
    let id = id_of(stage, next);
    change_worker(stage, miner.owner, &miner, id, &[alice.address; 10]).ok();
    change_worker(stage, miner.owner, &miner, id, &[alice.address; 11]).expect_exit(ILLEGAL, "");
    // Of an id nobody asks whose it is.
    change_worker(stage, miner.owner, &miner, id, &[Address::new_id(999_999)]).ok();
    let nobody = Address::new_actor(b"nobody");
    change_worker(stage, miner.owner, &miner, id, &[nobody]).expect_exit(ILLEGAL, "");
    change_worker(
        stage,
        miner.owner,
        &miner,
        id,
        &[miner.client.address, Address::new_id(4)],
    )
    .ok();
    stage.check_invariants();
}

fn owner(stage: &mut Stage) {
    let miner = Provider::new(stage);
    let [alice, bob] = [0; 2].map(|_| stage.account(10));
    let to = |id: u64| miner.client.change_owner_address(Address::new_id(id));
    let ask = miner.client.get_owner();

    stage.call(alice, to(alice.id)).expect_exit(FORBIDDEN, "");
    stage
        .call(miner.worker, to(alice.id))
        .expect_exit(FORBIDDEN, "");
    // By another kind of address.
    let call = miner.client.change_owner_address(alice.address);
    stage.call(miner.owner, call).expect_exit(ILLEGAL, "");
    stage.call(miner.owner, to(bob.id)).ok();
    stage.call(miner.owner, to(alice.id)).ok();
    let told = stage.call(bob, ask.clone()).ok();
    assert_eq!(told.proposed, Some(Address::new_id(alice.id)));
    stage.call(bob, to(bob.id)).expect_exit(FORBIDDEN, "");
    stage.call(bob, to(alice.id)).expect_exit(FORBIDDEN, "");
    stage.call(alice, to(bob.id)).expect_exit(ILLEGAL, "");
    stage.call(alice, to(alice.id)).ok();
    let told = stage.call(bob, ask.clone()).ok();
    assert_eq!(told.owner, Address::new_id(alice.id));
    assert_eq!(told.proposed, None);
    // The old one has nothing to say any more.
    stage
        .call(miner.owner, to(miner.owner.id))
        .expect_exit(FORBIDDEN, "");
    // Taken back.
    stage.call(alice, to(bob.id)).ok();
    stage.call(alice, to(alice.id)).ok();
    stage.call(bob, to(bob.id)).expect_exit(FORBIDDEN, "");
    // To nobody.
    stage.call(alice, to(999_999)).ok();
    assert_eq!(
        stage.call(bob, ask).ok().proposed,
        Some(Address::new_id(999_999))
    );
    stage.call(alice, to(0)).ok();
    stage.check_invariants();
}

fn contact(stage: &mut Stage) {
    let miner = Provider::new(stage);
    let stranger = stage.account(1);
    for (len, fits) in [(0, true), (128, true), (129, false), (10_000, false)] {
        let params = ChangePeerIdParams {
            new_id: Bytes(vec![7; len]),
        };
        let outcome = stage.call(miner.worker, miner.client.change_peer_id(params));
        assert_eq!(outcome.is_ok(), fits);
        let told = stage.call(stranger, miner.client.get_peer_id()).ok();
        assert_eq!(told.peer_id.0.len() == len, fits);
    }
    for (lens, fits) in [
        (vec![], true),
        (vec![1, 2, 3], true),
        (vec![1_000, 24], true),
        (vec![1_000, 25], false),
        (vec![5, 0], false),
        (vec![1; 1_024], true),
        (vec![1; 1_025], false),
    ] {
        let new_multi_addrs = lens.iter().map(|len| Bytes(vec![9; *len])).collect();
        let params = ChangeMultiaddrsParams { new_multi_addrs };
        let outcome = stage.call(miner.owner, miner.client.change_multiaddrs(params));
        assert_eq!(outcome.is_ok(), fits);
        let told = stage.call(stranger, miner.client.get_multiaddrs()).ok();
        let told: Vec<usize> = told.multi_addrs.iter().map(|bytes| bytes.0.len()).collect();
        assert_eq!(told == lens, fits);
    }
    let peer = ChangePeerIdParams {
        new_id: Bytes::default(),
    };
    stage
        .call(stranger, miner.client.change_peer_id(peer))
        .expect_exit(FORBIDDEN, "");
    let addresses = ChangeMultiaddrsParams {
        new_multi_addrs: Vec::new(),
    };
    stage
        .call(stranger, miner.client.change_multiaddrs(addresses))
        .expect_exit(FORBIDDEN, "");
    stage.check_invariants();
}
