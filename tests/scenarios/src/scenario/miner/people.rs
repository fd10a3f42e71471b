//! Who acts for a miner, who owns it, who earns, and how to reach it.

use filigree_actor_miner::params::{
    ChangeBeneficiaryParams, ChangeMultiaddrsParams, ChangePeerIdParams, ChangeWorkerAddressParams,
    WithdrawBalanceParams,
};
use filigree_builtin::POLICY;
use filigree_sandbox::{Outcome, Who};
use filigree_sdk::prelude::*;

use super::fault::with_sectors;
use crate::onboard::{Provider, bls_account, fil, id_of, pass};
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
        name: "miner/beneficiary",
        run: beneficiary,
    },
    Scenario {
        name: "miner/beneficiary-and-owner",
        run: beneficiary_and_owner,
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
    // A BLS key that has no account becomes one.
    let new = Address::new_bls(&[77; 48]).expect("a key of 48 bytes");
    let _ = change_worker(stage, miner.owner, &miner, new, &[]).is_ok();
    // By its id; the most control addresses there may be, the same again and again.
    let id = id_of(stage, next);
    change_worker(stage, miner.owner, &miner, id, &[alice.address; 10]).ok();
    change_worker(stage, miner.owner, &miner, id, &[alice.address; 11]).expect_exit(ILLEGAL, "");
    for missing in [Address::new_id(999_999), Address::new_actor(b"nobody")] {
        let _ = change_worker(stage, miner.owner, &miner, id, &[missing]).is_ok();
    }
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

fn proposal(who: impl Who, fil: u64, until: ChainEpoch) -> ChangeBeneficiaryParams {
    ChangeBeneficiaryParams {
        new_beneficiary: who.address(),
        new_quota: TokenAmount::from_whole(fil),
        new_expiration: until,
    }
}

fn change(
    stage: &mut Stage,
    by: impl Who,
    miner: &Provider,
    params: &ChangeBeneficiaryParams,
) -> Outcome<()> {
    stage.call(by, miner.client.change_beneficiary(params.clone()))
}

fn withdraw(
    stage: &mut Stage,
    by: impl Who,
    miner: &Provider,
    amount: u64,
) -> Outcome<TokenAmount> {
    let params = WithdrawBalanceParams {
        amount_requested: fil(amount),
    };
    stage.call(by, miner.client.withdraw_balance(params))
}

fn beneficiary(stage: &mut Stage) {
    let miner = Provider::new(stage);
    let [alice, bob, carol] = [0; 3].map(|_| stage.account(1));
    let end = stage.epoch() + 500;
    let first = proposal(alice, 100, end);

    change(stage, alice, &miner, &first).expect_exit(FORBIDDEN, "");
    change(stage, miner.owner, &miner, &first).ok();
    // Not what was proposed.
    for bad in [
        proposal(alice, 99, end),
        proposal(alice, 100, end + 1),
        proposal(bob, 100, end),
    ] {
        change(stage, alice, &miner, &bad).expect_exit(ILLEGAL, "");
    }
    change(stage, bob, &miner, &first).expect_exit(FORBIDDEN, "");
    change(stage, alice, &miner, &first).ok();
    let told = stage.call(bob, miner.client.get_beneficiary()).ok();
    assert_eq!(told.active.beneficiary, Address::new_id(alice.id));
    assert_eq!(told.proposed, None);

    // Both may withdraw; it goes to her.
    assert_eq!(withdraw(stage, miner.owner, &miner, 30).ok(), fil(30));
    assert_eq!(withdraw(stage, alice, &miner, 30).ok(), fil(30));
    withdraw(stage, bob, &miner, 1).expect_exit(FORBIDDEN, "");
    assert_eq!(stage.balance(alice), fil(61));
    // More than is left of the quota; then nothing is.
    assert_eq!(withdraw(stage, alice, &miner, 50).ok(), fil(40));
    withdraw(stage, alice, &miner, 1).expect_exit(FORBIDDEN, "");
    withdraw(stage, miner.owner, &miner, 0).expect_exit(FORBIDDEN, "");

    // With her quota used up, she has nothing to say about the next.
    change(stage, miner.owner, &miner, &proposal(bob, 10, end + 500)).ok();
    change(stage, bob, &miner, &proposal(bob, 10, end + 500)).ok();
    let told = stage.call(bob, miner.client.get_beneficiary()).ok();
    assert_eq!(told.active.beneficiary, Address::new_id(bob.id));

    // He has, while his term lasts: he and the nominee, in any order.
    let next = proposal(carol, 5, end + 700);
    change(stage, miner.owner, &miner, &next).ok();
    change(stage, carol, &miner, &next).ok();
    let told = stage.call(bob, miner.client.get_beneficiary()).ok();
    assert_eq!(told.active.beneficiary, Address::new_id(bob.id));
    assert!(
        told.proposed
            .is_some_and(|proposed| proposed.approved_by_nominee)
    );
    change(stage, bob, &miner, &next).ok();
    let told = stage.call(bob, miner.client.get_beneficiary()).ok();
    assert_eq!(told.active.beneficiary, Address::new_id(carol.id));
    // A larger quota of the same one; she approves as both.
    let more = proposal(carol, 20, end + 700);
    change(stage, miner.owner, &miner, &more).ok();
    change(stage, carol, &miner, &more).ok();
    assert_eq!(withdraw(stage, carol, &miner, 7).ok(), fil(7));
    let less = proposal(carol, 3, end + 700);
    change(stage, miner.owner, &miner, &less).ok();
    change(stage, carol, &miner, &less).ok();
    withdraw(stage, carol, &miner, 1).expect_exit(FORBIDDEN, "");

    // Back to the owner: no terms.
    let back = proposal(miner.owner, 0, 0);
    for bad in [proposal(miner.owner, 1, 0), proposal(miner.owner, 0, 1)] {
        change(stage, miner.owner, &miner, &bad).expect_exit(ILLEGAL, "");
    }
    change(stage, miner.owner, &miner, &back).ok();
    let told = stage.call(bob, miner.client.get_beneficiary()).ok();
    assert_eq!(told.active.beneficiary, Address::new_id(miner.owner.id));
    assert_eq!(withdraw(stage, miner.owner, &miner, 1).ok(), fil(1));

    // Terms that are none.
    let now = stage.epoch();
    let mut negative = proposal(alice, 0, now + 10);
    negative.new_quota = TokenAmount::from_atto(-1);
    for bad in [
        proposal(alice, 0, now + 10),
        proposal(alice, 0, 0),
        negative,
    ] {
        change(stage, miner.owner, &miner, &bad).expect_exit(ILLEGAL, "");
    }
    // A term that is over before it begins is one.
    for past in [now, 0, -1, i64::MIN] {
        let params = proposal(alice, 1, past);
        change(stage, miner.owner, &miner, &params).ok();
        change(stage, alice, &miner, &params).ok();
        withdraw(stage, alice, &miner, 1).expect_exit(FORBIDDEN, "");
    }
    let nobody = proposal(Address::new_actor(b"nobody"), 1, now + 10);
    let _ = change(stage, miner.owner, &miner, &nobody).is_ok();
    let unknown = proposal(999_999u64, 1, now + 10);
    let _ = change(stage, miner.owner, &miner, &unknown).is_ok();
    stage.check_invariants();
}

fn beneficiary_and_owner(stage: &mut Stage) {
    let miner = Provider::new(stage);
    let [alice, bob] = [0; 2].map(|_| stage.account(1));
    let end = stage.epoch() + 100;
    // The term ends by time.
    let term = proposal(alice, 100, end);
    change(stage, miner.owner, &miner, &term).ok();
    change(stage, alice, &miner, &term).ok();
    pass(stage, end - 1);
    assert_eq!(withdraw(stage, alice, &miner, 1).ok(), fil(1));
    pass(stage, end);
    withdraw(stage, alice, &miner, 1).expect_exit(FORBIDDEN, "");
    // Back to the owner without her approval.
    change(stage, miner.owner, &miner, &proposal(miner.owner, 0, 0)).ok();
    assert_eq!(withdraw(stage, miner.owner, &miner, 1).ok(), fil(1));

    // The miner is sold while a beneficiary is proposed.
    let term = proposal(alice, 100, end + 1_000);
    change(stage, miner.owner, &miner, &term).ok();
    let to_bob = miner.client.change_owner_address(Address::new_id(bob.id));
    stage.call(miner.owner, to_bob.clone()).ok();
    stage.call(bob, to_bob).ok();
    change(stage, alice, &miner, &term).expect_exit(FORBIDDEN, "");
    let told = stage.call(bob, miner.client.get_beneficiary()).ok();
    assert_eq!(told.active.beneficiary, Address::new_id(bob.id));
    // And while one earns: it goes on to earn.
    change(stage, bob, &miner, &term).ok();
    change(stage, alice, &miner, &term).ok();
    let back = miner
        .client
        .change_owner_address(Address::new_id(miner.owner.id));
    stage.call(bob, back.clone()).ok();
    stage.call(miner.owner, back).ok();
    let told = stage.call(bob, miner.client.get_beneficiary()).ok();
    assert_eq!(told.active.beneficiary, Address::new_id(alice.id));
    assert_eq!(withdraw(stage, miner.owner, &miner, 1).ok(), fil(1));
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
