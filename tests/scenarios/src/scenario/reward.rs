//! Block rewards: paying blocks, and what the next epoch's are worth.

use filigree_actor_reward::{AwardBlockRewardParams, Reward, RewardClient};
use filigree_builtin::calls::reward::{this_epoch_reward, update_network_kpi};
use filigree_builtin::ids;
use filigree_sandbox::Who;
use filigree_sdk::prelude::*;
use fvm_shared::METHOD_CONSTRUCTOR;
use fvm_shared::bigint::bigint_ser::BigIntDe;
use fvm_shared::bigint::{BigInt, Integer as _};

use super::account::send;
use crate::malformed::refuse_malformed;
use crate::onboard::Provider;
use crate::scenario::Scenario;
use crate::stage::Stage;
use crate::stranger::stranger;

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "reward/blocks",
        run: blocks,
    },
    Scenario {
        name: "reward/blocks-of-those-who-take-nothing",
        run: not_taken,
    },
    Scenario {
        name: "reward/awards-that-are-refused",
        run: refused,
    },
    Scenario {
        name: "reward/the-end-of-the-allocation",
        run: allocation_ends,
    },
    Scenario {
        name: "reward/power-grows-above-the-baseline",
        run: power_grows,
    },
    Scenario {
        name: "reward/power-comes-and-goes",
        run: power_swings,
    },
    Scenario {
        name: "reward/null-rounds",
        run: null_rounds,
    },
    Scenario {
        name: "reward/powers-that-are-refused",
        run: refused_powers,
    },
];

fn award(miner: impl Who, wins: i64) -> AwardBlockRewardParams {
    AwardBlockRewardParams {
        miner: miner.address(),
        penalty: TokenAmount::default(),
        gas_reward: TokenAmount::default(),
        win_count: wins,
    }
}

fn call(params: AwardBlockRewardParams) -> Call<()> {
    RewardClient::at(ids::address(ids::REWARD)).award_block_reward(params)
}

fn fil(fil: u64) -> TokenAmount {
    TokenAmount::from_whole(fil)
}

/// Gives the system actor money for fees, which come with its calls.
fn with_fees(stage: &mut Stage) {
    stage.set_balance(ids::SYSTEM, fil(1_000));
}

/// The end of an epoch as the power actor tells it, without cron.
fn end_epoch(stage: &mut Stage, power: &BigInt) {
    let kpi = update_network_kpi(&BigIntDe(power.clone())).expect("a power encodes");
    stage.implicit(ids::POWER, kpi).ok();
    let next = stage.epoch() + 1;
    stage.sandbox().set_epoch(next);
}

/// Wins, fees, penalties, at several epochs.
fn blocks(stage: &mut Stage) {
    let miner = Provider::new(stage);
    with_fees(stage);
    stage.advance(1);
    for wins in [1, 2, 5, 17] {
        stage
            .implicit(ids::SYSTEM, call(award(miner.id, wins)))
            .ok();
        stage.advance(1);
    }
    let robust = stage.state::<Reward>(ids::REWARD).this_epoch_reward;
    assert!(robust.is_positive());
    for (penalty, fees) in [(0, 3), (1, 0), (2, 5), (200, 1), (100_000, 0)] {
        let params = AwardBlockRewardParams {
            penalty: fil(penalty),
            gas_reward: fil(fees),
            ..award(miner.id, 1)
        };
        stage
            .implicit(ids::SYSTEM, call(params).value(fil(fees)))
            .ok();
        stage.advance(1);
    }
    stage.check_invariants();
    // Fees that did not come with the call are paid from what is there.
    let params = AwardBlockRewardParams {
        gas_reward: fil(7),
        ..award(miner.id, 1)
    };
    stage.implicit(ids::SYSTEM, call(params)).ok();
}

/// Their rewards are burnt.
fn not_taken(stage: &mut Stage) {
    let alice = stage.account(10);
    let stranger = stranger(stage);
    let f410 = Address::new_delegated(ids::EAM, &[1; 20]).expect("an address");
    stage.call(alice, send(f410, 1)).ok();
    with_fees(stage);
    stage.advance(1);
    for id in [
        alice.id,
        stranger,
        stage.id(f410),
        ids::MARKET,
        ids::REWARD,
        123_456,
    ] {
        let params = AwardBlockRewardParams {
            penalty: fil(1),
            gas_reward: fil(2),
            ..award(id, 1)
        };
        stage.implicit(ids::SYSTEM, call(params).value(fil(2))).ok();
    }
    let nobody = Address::new_actor(b"nobody");
    let new = Address::new_secp256k1(&[7; 65]).expect("a public key");
    for address in [
        nobody,
        new,
        Address::new_delegated(ids::EAM, &[2; 20]).expect("an address"),
    ] {
        stage
            .implicit(ids::SYSTEM, call(award(address, 1)))
            .expect_exit(ExitCode::USR_NOT_FOUND, "");
    }
    stage.check_invariants();
}

fn refused(stage: &mut Stage) {
    let miner = Provider::new(stage);
    let alice = stage.account(10);
    let stranger = stranger(stage);
    stage.advance(1);
    stage
        .call(alice, call(award(miner.id, 1)))
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    for id in [
        ids::INIT,
        ids::CRON,
        ids::POWER,
        ids::REWARD,
        miner.id,
        stranger,
    ] {
        stage
            .implicit(id, call(award(miner.id, 1)))
            .expect_exit(ExitCode::USR_FORBIDDEN, "");
    }
    for wins in [0, -1, i64::MIN] {
        stage
            .implicit(ids::SYSTEM, call(award(miner.id, wins)))
            .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    }
    let negative = TokenAmount::from_atto(-1);
    let bad = [
        AwardBlockRewardParams {
            penalty: negative.clone(),
            ..award(miner.id, 1)
        },
        AwardBlockRewardParams {
            gas_reward: negative,
            ..award(miner.id, 1)
        },
        AwardBlockRewardParams {
            win_count: 0,
            penalty: TokenAmount::from_atto(-1),
            gas_reward: fil(2_000_000_000),
            ..award(miner.id, 1)
        },
    ];
    for params in bad {
        stage
            .implicit(ids::SYSTEM, call(params))
            .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    }
    // More fees than there is money.
    let params = AwardBlockRewardParams {
        gas_reward: fil(2_000_000_000),
        win_count: 0,
        ..award(miner.id, 1)
    };
    stage
        .implicit(ids::SYSTEM, call(params))
        .expect_exit(ExitCode::USR_ILLEGAL_STATE, "");
    // Huge numbers.
    stage
        .implicit(ids::SYSTEM, call(award(miner.id, i64::MAX)))
        .ok();
    refuse_malformed(stage, alice, &call(award(miner.id, 1)));
    stage.check_invariants();
}

/// When there is less than a block is worth, what is left is paid.
fn allocation_ends(stage: &mut Stage) {
    let miner = Provider::new(stage);
    with_fees(stage);
    stage.advance(2);
    let worth = stage
        .state::<Reward>(ids::REWARD)
        .this_epoch_reward
        .div_floor(5_u64);
    let half = worth.div_floor(2_u64);
    for (left, fees) in [
        (worth.clone(), 0),
        (half.clone(), 0),
        (half.clone(), 1),
        (TokenAmount::from_atto(1), 0),
        (TokenAmount::default(), 0),
        (TokenAmount::default(), 1),
    ] {
        stage.set_balance(ids::REWARD, left);
        let params = AwardBlockRewardParams {
            gas_reward: fil(fees),
            ..award(miner.id, 1)
        };
        stage
            .implicit(ids::SYSTEM, call(params).value(fil(fees)))
            .ok();
        assert_eq!(stage.balance(ids::REWARD), TokenAmount::default());
    }
}

/// From nothing to more than the network was meant to have.
fn power_grows(stage: &mut Stage) {
    let alice = stage.account(10);
    let mut power = BigInt::from(1_u64 << 40);
    for step in 0..60 {
        end_epoch(stage, &power);
        if step % 10 == 0 {
            stage.call(alice, this_epoch_reward()).ok();
        }
        power = power * 3 / 2;
    }
    // 2^100 bytes.
    end_epoch(stage, &(BigInt::from(1) << 100));
    stage.call(alice, this_epoch_reward()).ok();
}

/// Around the baseline, to nothing and back.
fn power_swings(stage: &mut Stage) {
    let baseline = stage
        .state::<Reward>(ids::REWARD)
        .this_epoch_baseline_power
        .0;
    let powers: [BigInt; 8] = [
        baseline.clone() - 1,
        baseline.clone(),
        baseline.clone() + 1,
        BigInt::default(),
        baseline.clone() * 2,
        baseline.div_floor(&BigInt::from(3)),
        BigInt::from(1),
        baseline.clone() * 10,
    ];
    for round in 0..4_usize {
        for index in 0..powers.len() {
            end_epoch(stage, &powers[(index * (round + 1)) % powers.len()]);
        }
    }
    // A negative power makes no sense, and nobody says so.
    let kpi = update_network_kpi(&BigIntDe(-baseline)).expect("a power encodes");
    stage.implicit(ids::POWER, kpi).ok();
    stage.advance(3);
}

/// Epochs without blocks are made up for.
fn null_rounds(stage: &mut Stage) {
    let power = BigInt::from(1_u64 << 62);
    for gap in [1, 2, 3, 100, 2_880, 0, 10] {
        let next = stage.epoch() + gap;
        stage.sandbox().set_epoch(next);
        end_epoch(stage, &power);
        stage.implicit(ids::POWER, this_epoch_reward()).ok();
    }
    // The same epoch again.
    let kpi = || update_network_kpi(&BigIntDe(power.clone())).expect("a power encodes");
    stage.implicit(ids::POWER, kpi()).ok();
    stage.implicit(ids::POWER, kpi()).ok();
    stage.implicit(ids::POWER, kpi()).ok();
    stage.advance(2);
}

fn refused_powers(stage: &mut Stage) {
    let alice = stage.account(10);
    let stranger = stranger(stage);
    let kpi = || update_network_kpi(&BigIntDe(BigInt::from(5))).expect("a power encodes");
    stage
        .call(alice, kpi())
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    for id in [ids::SYSTEM, ids::CRON, ids::REWARD, ids::MARKET, stranger] {
        stage
            .implicit(id, kpi())
            .expect_exit(ExitCode::USR_FORBIDDEN, "");
    }
    stage
        .implicit(stranger, this_epoch_reward())
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    let nothing = TokenAmount::default;
    let spoiled: [(&[u8], ExitCode); 5] = [
        (&[0xf6], ExitCode::USR_ILLEGAL_ARGUMENT),
        (&[0x05], ExitCode::USR_SERIALIZATION),
        (&[0x42, 0x02, 0x01], ExitCode::USR_SERIALIZATION),
        (&[0x80], ExitCode::USR_SERIALIZATION),
        (&[0x42, 0x00], ExitCode::USR_SERIALIZATION),
    ];
    for (params, code) in spoiled {
        let params = Some(RawBytes::new(params.to_vec()));
        stage
            .raw_implicit(ids::POWER, ids::REWARD, 4, nothing(), params)
            .expect_exit(code, "");
    }
    refuse_malformed(stage, alice, &kpi());
    let power = Some(RawBytes::serialize(BigIntDe(BigInt::from(5))).expect("a power encodes"));
    stage
        .raw(
            alice,
            ids::REWARD,
            METHOD_CONSTRUCTOR,
            nothing(),
            power.clone(),
        )
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    let again = stage.raw_implicit(
        ids::SYSTEM,
        ids::REWARD,
        METHOD_CONSTRUCTOR,
        nothing(),
        power,
    );
    assert!(!again.is_ok());
    for method in [5, 1 << 24] {
        stage
            .raw(alice, ids::REWARD, method, nothing(), None)
            .expect_exit(ExitCode::USR_UNHANDLED_MESSAGE, "");
    }
    stage
        .raw(
            alice,
            ids::REWARD,
            3,
            nothing(),
            Some(RawBytes::new(vec![0x80])),
        )
        .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    stage.call(alice, send(ids::REWARD, 1)).ok();
    stage.check_invariants();
}
