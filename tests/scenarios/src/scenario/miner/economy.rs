//! Deposits, pledges, fees and penalties in networks large and small, rich and poor, growing and shrinking.

use filigree_actor_miner::params::{ExpirationExtension2, ExtendSectorExpiration2Params};
use filigree_actor_power::Power;
use filigree_actor_reward::Reward;
use filigree_builtin::ids;
use filigree_builtin::smooth::FilterEstimate;
use filigree_sdk::prelude::*;
use fvm_shared::bigint::BigInt;
use fvm_shared::bigint::bigint_ser::BigIntDe;

use super::fault::{faulty, recovered};
use super::{declare, snap, terminate, with_piece};
use crate::onboard::{DAY, LIFE, Provider, SEAL, empty, fil, pass, set, skip_days};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "miner/economy-of-a-large-network",
        run: large,
    },
    Scenario {
        name: "miner/economy-of-a-small-network",
        run: small,
    },
    Scenario {
        name: "miner/economy-at-the-edges",
        run: edges,
    },
    Scenario {
        name: "miner/economy-while-pledges-ramp-up",
        run: ramp,
    },
];

/// What the rest of the network is like.
struct Economy {
    /// Quality-adjusted power, smoothed, GiB.
    power: u64,
    /// By how much it grows in an epoch, GiB.
    growth: i64,
    /// Baseline, GiB.
    baseline: u64,
    /// Reward of an epoch, smoothed, milli-FIL.
    reward: u64,
    /// By how much that grows in an epoch, micro-FIL.
    reward_growth: i64,
    /// Circulating supply, FIL.
    supply: u64,
}

const MAINNET: Economy = Economy {
    power: 20 << 30,
    growth: 1 << 10,
    baseline: 60 << 30,
    reward: 60_000,
    reward_growth: -3,
    supply: 700_000_000,
};

fn set_up(stage: &mut Stage, economy: &Economy) {
    let gib = |gib: u64| BigInt::from(gib) << 30;
    let sandbox = stage.sandbox();
    let mut power: Power = sandbox.state(ids::POWER);
    power.this_epoch_qa_power_smoothed =
        FilterEstimate::new(gib(economy.power), BigInt::from(economy.growth) << 30);
    sandbox.set_state(ids::POWER, &power);
    let mut reward: Reward = sandbox.state(ids::REWARD);
    reward.this_epoch_reward_smoothed = FilterEstimate::new(
        BigInt::from(economy.reward) * 1_000_000_000_000_000u64,
        BigInt::from(economy.reward_growth) * 1_000_000_000_000u64,
    );
    reward.this_epoch_baseline_power = BigIntDe(gib(economy.baseline));
    sandbox.set_state(ids::REWARD, &reward);
    sandbox.set_circulating_supply(fil(economy.supply));
}

/// Everything that costs or earns, in a few days.
fn live(stage: &mut Stage, economy: &Economy) {
    set_up(stage, economy);
    let miner = Provider::create(stage, SEAL, 50_000_000);
    miner.commit(
        stage,
        vec![with_piece(1), empty(2), empty(3), empty(4), empty(5)],
    );
    miner.prove(stage, 1);
    let until = stage.epoch() + DAY / 2;
    miner.keep_proving(stage, until);
    let update = snap::params(stage, &miner, [2]);
    snap::prove(stage, &miner, update).ok();
    let named = declare(stage, &miner, [3]);
    faulty(stage, &miner, vec![named.clone()]).ok();
    set_up(stage, economy);
    let until = stage.epoch() + 2 * DAY;
    miner.keep_proving(stage, until);
    recovered(stage, &miner, vec![named]).ok();
    miner.award(stage, 2, TokenAmount::from_nano(7));
    let (deadline, partition) = miner.location(stage, 4);
    let extension = ExpirationExtension2 {
        deadline,
        partition,
        sectors: set([4]),
        sectors_with_claims: Vec::new(),
        new_expiration: stage.epoch() + 2 * LIFE,
    };
    let params = ExtendSectorExpiration2Params {
        extensions: vec![extension],
    };
    let call = miner.client.extend_sector_expiration2(params);
    stage.call(miner.worker, call).ok();
    set_up(stage, economy);
    for (sector, days) in [(1, 0), (3, 30), (4, 100)] {
        skip_days(stage, &[&miner], days);
        let until = miner.next_time(stage, deadline).close + 300;
        miner.keep_proving(stage, until);
        let named = declare(stage, &miner, [sector]);
        terminate::terminate(stage, &miner, vec![named]).ok();
        set_up(stage, economy);
    }
    // Nobody proves any more, then nobody has money any more.
    let to = stage.epoch() + 2 * DAY;
    pass(stage, to);
    if miner.state(stage).fee_debt.is_zero() {
        miner.withdraw_all(stage);
    }
    let to = stage.epoch() + 2 * DAY;
    pass(stage, to);
}

fn large(stage: &mut Stage) {
    let point = stage.checkpoint();
    for economy in [
        MAINNET,
        Economy {
            growth: -(1 << 20),
            reward_growth: 500,
            ..MAINNET
        },
        Economy {
            power: 1_000 << 30,
            ..MAINNET
        },
        Economy {
            baseline: 1,
            ..MAINNET
        },
    ] {
        live(stage, &economy);
        stage.revert(&point);
    }
}

fn small(stage: &mut Stage) {
    let point = stage.checkpoint();
    for economy in [
        Economy {
            power: 1 << 20,
            growth: 0,
            ..MAINNET
        },
        Economy {
            power: 10 << 10,
            growth: 1,
            reward: 1,
            reward_growth: 0,
            supply: 1_000,
            ..MAINNET
        },
        Economy {
            power: 3 << 20,
            growth: -7,
            baseline: 1 << 20,
            reward: 12_345_678,
            reward_growth: -1_234,
            supply: 2_000_000_000,
        },
    ] {
        live(stage, &economy);
        stage.revert(&point);
    }
}

/// What a network should never come to.
fn edges(stage: &mut Stage) {
    let point = stage.checkpoint();
    for economy in [
        Economy {
            power: 0,
            growth: 0,
            ..MAINNET
        },
        Economy {
            reward: 0,
            reward_growth: 0,
            ..MAINNET
        },
        Economy {
            supply: 0,
            ..MAINNET
        },
        Economy {
            baseline: 0,
            ..MAINNET
        },
        // Gone before long.
        Economy {
            power: 1 << 20,
            growth: -(1 << 19),
            reward: 1_000,
            reward_growth: -900_000,
            ..MAINNET
        },
    ] {
        set_up(stage, &economy);
        let owner = stage.account(1_000_000);
        let worker = crate::onboard::bls_account(stage, owner, 1, 1);
        let params = Provider::params(owner, worker, SEAL);
        let call = crate::onboard::power()
            .create_miner(params)
            .value(fil(500_000));
        stage.call(owner, call).ok();
        stage.revert(&point);
        // The network is well until the miner has its sectors.
        let miner = Provider::create(stage, SEAL, 50_000_000);
        miner.commit_empty(stage, 0..4);
        miner.prove(stage, 0);
        let until = stage.epoch() + DAY / 2;
        miner.keep_proving(stage, until);
        set_up(stage, &economy);
        let named = declare(stage, &miner, [1]);
        faulty(stage, &miner, vec![named.clone()]).ok();
        let to = stage.epoch() + DAY;
        pass(stage, to);
        set_up(stage, &economy);
        let info = miner.announcement(stage, 9);
        miner.pre_commit(stage, vec![info]).ok();
        terminate::terminate(stage, &miner, vec![named]).ok();
        set_up(stage, &economy);
        let to = stage.epoch() + DAY;
        pass(stage, to);
        stage.revert(&point);
    }
}

/// The pledge of FIP-0081 comes into force step by step.
fn ramp(stage: &mut Stage) {
    let point = stage.checkpoint();
    for (start, duration) in [(0, 0), (-500, 1_000), (0, 5_000), (200, 5_000), (-900, 300)] {
        let now = stage.epoch();
        let sandbox = stage.sandbox();
        let mut power: Power = sandbox.state(ids::POWER);
        power.ramp_start_epoch = now + start;
        power.ramp_duration_epochs = duration;
        sandbox.set_state(ids::POWER, &power);
        let economy = Economy {
            supply: 100_000_000,
            ..MAINNET
        };
        set_up(stage, &economy);
        let miner = Provider::create(stage, SEAL, 1_000_000);
        for day in 0..4 {
            set_up(stage, &economy);
            miner.commit_empty(stage, [day]);
            let until = stage.epoch() + DAY / 2;
            miner.keep_proving(stage, until);
        }
        stage.revert(&point);
    }
}
