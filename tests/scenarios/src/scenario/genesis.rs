//! Constructors of the actors that exist once, with other parameters than the stage's. Their states are taken away by hand first, and
//! each constructor runs from the same state.

use filigree_actor_cron::{ConstructorParams as CronParams, Entry};
use filigree_builtin::calls::init::ConstructorParams as InitParams;
use filigree_builtin::calls::reward::update_network_kpi;
use filigree_builtin::ids;
use filigree_sdk::prelude::*;
use fvm_shared::METHOD_CONSTRUCTOR;
use fvm_shared::bigint::BigInt;
use fvm_shared::bigint::bigint_ser::BigIntDe;
use serde::Serialize;

use super::account::send;
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "genesis/reward",
        run: reward,
    },
    Scenario {
        name: "genesis/cron-and-init",
        run: cron_and_init,
    },
    Scenario {
        name: "genesis/addresses",
        run: addresses,
    },
    Scenario {
        name: "genesis/without-parameters",
        run: without_parameters,
    },
    Scenario {
        name: "genesis/account",
        run: account,
    },
];

fn encoded(params: &impl Serialize) -> Option<RawBytes> {
    Some(RawBytes::serialize(params).expect("the parameters encode"))
}

/// Neither truncated nor of another type, nor missing.
fn malformed() -> [Option<RawBytes>; 5] {
    let bytes = |bytes: &[u8]| Some(RawBytes::new(bytes.to_vec()));
    [
        None,
        bytes(&[0xf6]),
        bytes(&[0x80]),
        bytes(&[0x81]),
        bytes(&[0x61, 0xff]),
    ]
}

/// Takes the state of an actor away, and has the system construct it anew; then `after`, and back.
fn construct(
    stage: &mut Stage,
    id: ActorID,
    params: Option<RawBytes>,
    after: impl FnOnce(&mut Stage),
) {
    let before = stage.checkpoint();
    stage.sandbox().set_state(id, &Vec::<u64>::new());
    let nothing = TokenAmount::default;
    let outcome = stage.raw_implicit(
        ids::SYSTEM,
        id,
        METHOD_CONSTRUCTOR,
        nothing(),
        params.clone(),
    );
    if outcome.is_ok() {
        let again = stage.raw_implicit(ids::SYSTEM, id, METHOD_CONSTRUCTOR, nothing(), params);
        assert!(!again.is_ok(), "f0{id} was constructed twice");
        after(stage);
    }
    stage.revert(&before);
}

/// Networks that begin with power, of any amount.
fn reward(stage: &mut Stage) {
    let powers = [
        BigInt::from(0),
        BigInt::from(1),
        BigInt::from(1_u64 << 60),
        BigInt::from(3) << 61,
        BigInt::from(1) << 100,
        BigInt::from(-5),
    ];
    for power in powers {
        construct(
            stage,
            ids::REWARD,
            encoded(&BigIntDe(power.clone())),
            |stage| {
                for gap in [0, 1, 10] {
                    let epoch = stage
                        .state::<filigree_actor_reward::Reward>(ids::REWARD)
                        .epoch;
                    stage.sandbox().set_epoch(epoch + gap);
                    let kpi =
                        update_network_kpi(&BigIntDe(power.clone())).expect("a power encodes");
                    let _outcome = stage.implicit(ids::POWER, kpi);
                }
            },
        );
    }
    for params in malformed() {
        construct(stage, ids::REWARD, params, |_| ());
    }
}

fn cron_and_init(stage: &mut Stage) {
    let entry = |receiver, method_num| Entry {
        receiver,
        method_num,
    };
    let unknown = Address::new_actor(b"nobody");
    for entries in [
        vec![],
        vec![entry(ids::address(ids::POWER), 5)],
        vec![
            entry(ids::address(ids::MARKET), 9),
            entry(unknown, 0),
            entry(unknown, u64::MAX),
        ],
    ] {
        construct(
            stage,
            ids::CRON,
            encoded(&CronParams { entries }),
            |stage| stage.advance(1),
        );
    }
    for name in ["", "network", "ネットワーク", &"long".repeat(200)] {
        let params = InitParams {
            network_name: name.to_owned(),
        };
        construct(stage, ids::INIT, encoded(&params), |_| ());
    }
    for params in malformed() {
        construct(stage, ids::CRON, params.clone(), |_| ());
        construct(stage, ids::INIT, params, |_| ());
    }
}

/// The registry's root key and the token's governor, by addresses of every kind.
fn addresses(stage: &mut Stage) {
    let alice = stage.account(100);
    let f410 = Address::new_delegated(ids::EAM, &[1; 20]).expect("an address");
    stage.call(alice, send(f410, 1)).ok();
    let addresses = [
        Address::new_id(80),
        alice.address,
        Address::new_id(alice.id),
        Address::new_id(123_456),
        f410,
        Address::new_delegated(ids::EAM, &[2; 20]).expect("an address"),
        Address::new_secp256k1(&[7; 65]).expect("a public key"),
        Address::new_bls(&[7; 48]).expect("a public key"),
        Address::new_actor(b"nobody"),
    ];
    for id in [ids::VERIFIED_REGISTRY, ids::DATACAP] {
        for address in addresses {
            construct(stage, id, encoded(&address), |_| ());
        }
        for params in malformed() {
            construct(stage, id, params, |_| ());
        }
    }
}

fn without_parameters(stage: &mut Stage) {
    for id in [ids::POWER, ids::MARKET] {
        for params in malformed() {
            construct(stage, id, params, |stage| stage.advance(2));
        }
    }
}

/// The network constructs accounts when money comes to a key; here the system does.
fn account(stage: &mut Stage) {
    let alice = stage.account(100);
    let addresses = [
        alice.address,
        Address::new_secp256k1(&[7; 65]).expect("a public key"),
        Address::new_bls(&[7; 48]).expect("a public key"),
        Address::new_id(alice.id),
        Address::new_actor(b"nobody"),
        Address::new_delegated(ids::EAM, &[1; 20]).expect("an address"),
    ];
    for address in addresses {
        construct(stage, alice.id, encoded(&address), |_| ());
    }
    for params in malformed() {
        construct(stage, alice.id, params, |_| ());
    }
}
