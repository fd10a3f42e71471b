//! Every method of every actor, by callers of every kind, with parameters that are none of it: who may call is asked, and in which order
//! caller and parameters are looked at.

use filigree_actor_account::Account;
use filigree_actor_cron::Cron;
use filigree_actor_datacap::Datacap;
use filigree_actor_init::Init;
use filigree_actor_market::Market;
use filigree_actor_miner::Miner;
use filigree_actor_multisig::Multisig;
use filigree_actor_paych::Paych;
use filigree_actor_power::Power;
use filigree_actor_reward::Reward;
use filigree_actor_system::System;
use filigree_actor_verifreg::VerifiedRegistry;
use filigree_builtin::ids;
use filigree_sdk::describe::ActorSchema;
use filigree_sdk::prelude::*;

use crate::fuzz::town;
use crate::scenario::Scenario;
use crate::stage::Stage;
use crate::stranger::stranger;

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "foreign/account",
        run: |stage| every_method(stage, "account", &Account::SCHEMA),
    },
    Scenario {
        name: "foreign/cron",
        run: |stage| every_method(stage, "cron", &Cron::SCHEMA),
    },
    Scenario {
        name: "foreign/datacap",
        run: |stage| every_method(stage, "datacap", &Datacap::SCHEMA),
    },
    Scenario {
        name: "foreign/init",
        run: |stage| every_method(stage, "init", &Init::SCHEMA),
    },
    Scenario {
        name: "foreign/market",
        run: |stage| every_method(stage, "storagemarket", &Market::SCHEMA),
    },
    Scenario {
        name: "foreign/miner",
        run: |stage| every_method(stage, "storageminer", &Miner::SCHEMA),
    },
    Scenario {
        name: "foreign/multisig",
        run: |stage| every_method(stage, "multisig", &Multisig::SCHEMA),
    },
    Scenario {
        name: "foreign/paych",
        run: |stage| every_method(stage, "paymentchannel", &Paych::SCHEMA),
    },
    Scenario {
        name: "foreign/power",
        run: |stage| every_method(stage, "storagepower", &Power::SCHEMA),
    },
    Scenario {
        name: "foreign/reward",
        run: |stage| every_method(stage, "reward", &Reward::SCHEMA),
    },
    Scenario {
        name: "foreign/system",
        run: |stage| every_method(stage, "system", &System::SCHEMA),
    },
    Scenario {
        name: "foreign/verifreg",
        run: |stage| every_method(stage, "verifiedregistry", &VerifiedRegistry::SCHEMA),
    },
];

/// Beyond the numbers of all methods, those numbered by name aside.
const NUMBERS: std::ops::Range<MethodNum> = 1..42;

/// No parameters, an empty array, null, an array without its end, one that is too long, a number.
const PARAMS: [Option<&[u8]>; 6] = [
    None,
    Some(&[0x80]),
    Some(&[0xf6]),
    Some(&[0x84, 0x00]),
    Some(&[0x98, 40]),
    Some(&[0x01]),
];

/// Each number from the same state, all in one step.
fn every_method(stage: &mut Stage, code: &str, schema: &ActorSchema) {
    town::build(stage);
    let stranger = stranger(stage);
    let code = stage.code(code);
    let is_target = |id: &ActorID| stage.actor(*id).is_some_and(|actor| actor.code == code);
    let target = (0..130).find(is_target).expect("the town has all actors");
    let is_account = |id: &ActorID| {
        let account = stage.code("account");
        stage.actor(*id).is_some_and(|actor| actor.code == account)
    };
    let users: Vec<ActorID> = (100..130).filter(is_account).take(2).collect();
    let residents: Vec<ActorID> = (100..130).filter(|id| stage.actor(*id).is_some()).collect();
    let singletons = [
        ids::SYSTEM,
        ids::INIT,
        ids::REWARD,
        ids::CRON,
        ids::POWER,
        ids::MARKET,
        ids::VERIFIED_REGISTRY,
        ids::DATACAP,
        stranger,
    ];
    let by_name = schema.methods.iter().map(|method| method.number);
    let by_name = by_name.filter(|number| !NUMBERS.contains(number) && *number > 0);
    let beyond = [(1 << 24) - 1, 1 << 24, u64::MAX];
    for number in NUMBERS.chain(by_name).chain(beyond) {
        let before = stage.checkpoint();
        stage.together(&format!("f0{target}.{number} by all"), |stage| {
            for params in PARAMS {
                let params = || params.map(|bytes| RawBytes::new(bytes.to_vec()));
                let nothing = TokenAmount::default;
                for user in &users {
                    let _outcome = stage.raw(*user, target, number, nothing(), params());
                }
                for id in singletons.iter().chain(&residents) {
                    let _outcome = stage.raw_implicit(*id, target, number, nothing(), params());
                }
            }
        });
        stage.revert(&before);
    }
}
