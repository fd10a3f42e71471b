//! Miners that are created.

use filigree_actor_power::CreateMinerParams;
use filigree_sdk::prelude::*;
use fvm_shared::sector::{RegisteredPoStProof, RegisteredSealProof};

use crate::onboard::{DAY, Provider, SEAL, bls_account, fil, id_of, pass, power};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "power/miners-created",
        run: created,
    },
    Scenario {
        name: "power/miners-refused",
        run: refused,
    },
];

fn created(stage: &mut Stage) {
    let first = Provider::new(stage);
    let second = Provider::create(stage, RegisteredSealProof::StackedDRG64GiBV1P1, 1_000);
    assert_eq!(stage.call(first.owner, power().miner_count()).ok(), 2);
    assert_ne!(first.id, second.id);
    // By the number of its name, for others as owner and worker, named by ids.
    let maker = stage.account(10_000);
    let worker = id_of(stage, first.worker);
    let params = CreateMinerParams {
        worker,
        owner: id_of(stage, first.owner),
        ..Provider::params(first.owner, first.worker, SEAL)
    };
    let mut call = power().create_miner(params).value(fil(500));
    call.method = method_number!("CreateMiner");
    let third = stage.call(maker, call).ok();
    let told = stage.call(
        maker,
        filigree_actor_miner::MinerClient::at(third.robust_address).get_owner(),
    );
    assert_eq!(told.ok().owner, Address::new_id(first.owner.id));
    // What the deposit leaves over is there to withdraw.
    let miner: filigree_actor_miner::Miner = stage.state(third.id_address);
    assert!(miner.locked_funds.is_positive());
    // An owner without an account yet.
    let new_key = Address::new_secp256k1(&[9; 65]).expect("a key of 65 bytes");
    let params = CreateMinerParams {
        owner: new_key,
        ..Provider::params(maker, first.worker, SEAL)
    };
    let call = power().create_miner(params).value(fil(500));
    stage
        .call(maker, call)
        .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    // After some days on the chain the deposit is another.
    let to = stage.epoch() + 10 * DAY;
    pass(stage, to);
    Provider::create(stage, SEAL, 1_000);
    stage.check_invariants();
}

fn refused(stage: &mut Stage) {
    let owner = stage.account(100_000);
    let worker = bls_account(stage, owner, 1, 1);
    let good = Provider::params(owner, worker, SEAL);
    let mut bad = Vec::new();
    let mut spoil = |change: &dyn Fn(&mut CreateMinerParams)| {
        let mut params = good.clone();
        change(&mut params);
        bad.push(params);
    };
    let high = 1 << 32;
    for proof in [
        0,
        3,
        4,
        5,
        8,
        9,
        10,
        12,
        15,
        99,
        -1,
        i64::MIN,
        i64::MAX,
        high + 13,
        high + 12,
    ] {
        let proof = RegisteredPoStProof::from(proof);
        spoil(&|params| params.window_post_proof_type = proof);
    }
    spoil(&|params| params.worker = owner.address);
    spoil(&|params| params.worker = Address::new_id(999_999));
    spoil(&|params| params.worker = Address::new_id(4));
    spoil(&|params| params.worker = Address::new_actor(b"nobody"));
    spoil(&|params| params.owner = Address::new_actor(b"nobody"));
    spoil(&|params| params.peer = Bytes(vec![0; 129]));
    spoil(&|params| params.multiaddrs = vec![Bytes(vec![0; 1_025])]);
    spoil(&|params| params.multiaddrs = vec![Bytes::default()]);
    for params in bad {
        let call = power().create_miner(params).value(fil(1_000));
        stage
            .call(owner, call)
            .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    }
    // Sectors of 64 GiB; an owner that there is not yet.
    let larger = CreateMinerParams {
        window_post_proof_type: RegisteredPoStProof::StackedDRGWindow64GiBV1P1,
        ..good.clone()
    };
    let ownerless = CreateMinerParams {
        owner: Address::new_id(999_999),
        ..good.clone()
    };
    for params in [larger, ownerless] {
        let call = power().create_miner(params).value(fil(1_000));
        stage.call(owner, call).ok();
    }
    // Too little money; exactly enough.
    for money in [TokenAmount::default(), TokenAmount::from_atto(1), fil(1)] {
        let call = power().create_miner(good.clone()).value(money);
        assert!(!stage.call(owner, call).is_ok());
    }
    let miner = Provider::create(stage, SEAL, 1_000);
    let deposit = miner.state(stage).locked_funds;
    let less = &deposit - TokenAmount::from_atto(1);
    let call = power().create_miner(good.clone()).value(less);
    assert!(!stage.call(owner, call).is_ok());
    let call = power().create_miner(good).value(deposit);
    stage.call(owner, call).ok();
    stage.check_invariants();
}
