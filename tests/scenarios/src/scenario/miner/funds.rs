//! What a miner earns, owes, and pays out.

use filigree_actor_miner::params::WithdrawBalanceParams;
use filigree_builtin::calls::miner::ApplyRewardParams;
use filigree_builtin::ids;
use filigree_sandbox::{Outcome, Who};
use filigree_sdk::prelude::*;

use super::declare;
use super::fault::{faulty, recovered, with_sectors};
use crate::onboard::{DAY, Provider, SEAL, fil, pass, skip_days};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "miner/rewards-vest",
        run: rewards,
    },
    Scenario {
        name: "miner/debt-and-repayment",
        run: debt,
    },
    Scenario {
        name: "miner/withdrawals",
        run: withdrawals,
    },
];

fn withdraw(
    stage: &mut Stage,
    by: impl Who,
    miner: &Provider,
    amount: TokenAmount,
) -> Outcome<TokenAmount> {
    let params = WithdrawBalanceParams {
        amount_requested: amount,
    };
    stage.call(by, miner.client.withdraw_balance(params))
}

fn rewards(stage: &mut Stage) {
    let miner = with_sectors(stage, 2);
    miner.withdraw_all(stage);
    let locked = miner.state(stage).locked_funds;
    miner.award(stage, 1, fil(0));
    miner.award(stage, 5, fil(0));
    let state = miner.state(stage);
    assert!(state.locked_funds > locked);
    // A quarter is free at once.
    assert!(miner.withdraw_all(stage).is_positive());
    stage.check_invariants();
    for days in [1, 2, 30, 90] {
        skip_days(stage, &[&miner], days - 1);
        let until = stage.epoch() + DAY;
        miner.keep_proving(stage, until);
        let funds = stage
            .call(miner.owner, miner.client.get_vesting_funds())
            .ok();
        assert!(!funds.vesting_funds.is_empty());
        miner.award(stage, 1, fil(0));
        miner.withdraw_all(stage);
    }
    // All of the deposit of the first day has vested in 180 days.
    stage.check_invariants();
    skip_days(stage, &[&miner], 80);
    let until = stage.epoch() + DAY / 2;
    miner.keep_proving(stage, until);
    miner.award(stage, 2, TokenAmount::from_atto(1));
    miner.withdraw_all(stage);
    stage.check_invariants();

    // Rewards are for the reward actor to give.
    let params = ApplyRewardParams {
        reward: fil(1),
        penalty: fil(0),
    };
    stage
        .call(miner.owner, miner.client.apply_rewards(params.clone()))
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    for params in [
        ApplyRewardParams {
            reward: TokenAmount::from_atto(-1),
            penalty: fil(0),
        },
        ApplyRewardParams {
            reward: fil(0),
            penalty: TokenAmount::from_atto(-1),
        },
        // More than came along.
        ApplyRewardParams {
            reward: fil(1_000_000_000),
            penalty: fil(0),
        },
    ] {
        let call = miner.client.apply_rewards(params);
        assert!(!stage.implicit(ids::REWARD, call).is_ok());
    }
    let call = miner.client.apply_rewards(params).value(fil(1));
    stage.implicit(ids::REWARD, call).ok();
    // What it gave by hand it gets back.
    let (owner, reward) = (miner.owner, ids::address(ids::REWARD));
    stage.sandbox().transfer(owner, reward, fil(1)).ok();
    stage.check_invariants();
}

fn debt(stage: &mut Stage) {
    let miner = with_sectors(stage, 4);
    let one = declare(stage, &miner, [1]);
    faulty(stage, &miner, vec![one.clone()]).ok();
    miner.withdraw_all(stage);
    miner.award(stage, 1, fil(100));
    let owed = miner.state(stage).fee_debt;
    assert!(owed.is_positive());
    assert_eq!(miner.state(stage).locked_funds, fil(0));
    stage.check_invariants();

    // In debt nothing goes on.
    let broke = ExitCode::USR_INSUFFICIENT_FUNDS;
    withdraw(stage, miner.owner, &miner, fil(1)).expect_exit(broke, "");
    recovered(stage, &miner, vec![one.clone()]).expect_exit(broke, "");
    let info = miner.announcement(stage, 50);
    miner.pre_commit(stage, vec![info]).expect_exit(broke, "");
    let available = stage.call(miner.owner, miner.client.available_balance());
    assert!(available.ok().is_negative());
    // Proofs do, and termination does.
    let until = stage.epoch() + DAY;
    miner.keep_proving(stage, until);
    stage.check_invariants();

    // It is paid in part, by whoever sends money, when the miner says so.
    let stranger = stage.account(10_000);
    stage
        .call(stranger, miner.client.repay_debt())
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    stage.call(miner.worker, miner.client.repay_debt()).ok();
    let call = miner.client.repay_debt().value(fil(10));
    stage.call(miner.owner, call).ok();
    assert!(miner.state(stage).fee_debt < owed);
    stage
        .sandbox()
        .transfer(stranger, miner.client.address, fil(9_000))
        .ok();
    // Now it is paid as it goes.
    recovered(stage, &miner, vec![one]).ok();
    assert!(miner.state(stage).fee_debt.is_zero());
    stage.call(miner.owner, miner.client.repay_debt()).ok();
    let until = stage.epoch() + DAY;
    miner.keep_proving(stage, until);
    stage.check_invariants();

    // A pre-commit pays too.
    miner.withdraw_all(stage);
    miner.award(stage, 1, fil(50));
    let owner = miner.owner;
    stage
        .sandbox()
        .transfer(owner, miner.client.address, fil(100_000))
        .ok();
    assert!(miner.state(stage).fee_debt.is_positive());
    let info = miner.announcement(stage, 50);
    miner.pre_commit(stage, vec![info]).ok();
    assert!(miner.state(stage).fee_debt.is_zero());
    stage.check_invariants();

    // Faults of a miner without money: the deposit of its creation pays, day by day.
    let poor = with_sectors(stage, 2);
    poor.withdraw_all(stage);
    let now = stage.epoch();
    let mut left = stage.balance(poor.id);
    for day in 1..5 {
        pass(stage, now + day * DAY);
        let before = std::mem::replace(&mut left, stage.balance(poor.id));
        assert!(left < before, "day {day}: {before}, then {left}");
        assert!(poor.state(stage).fee_debt.is_zero());
    }
    stage.check_invariants();
}

fn withdrawals(stage: &mut Stage) {
    let miner = Provider::create(stage, SEAL, 1_000);
    let stranger = stage.account(1);
    for by in [stranger.address, miner.worker] {
        withdraw(stage, by, &miner, fil(1)).expect_exit(ExitCode::USR_FORBIDDEN, "");
    }
    for negative in [-1, i64::MIN] {
        let amount = TokenAmount::from_atto(negative);
        withdraw(stage, miner.owner, &miner, amount)
            .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    }
    let before = stage.balance(miner.owner);
    assert!(withdraw(stage, miner.owner, &miner, fil(0)).ok().is_zero());
    assert_eq!(withdraw(stage, miner.owner, &miner, fil(10)).ok(), fil(10));
    assert_eq!(stage.balance(miner.owner), before + fil(10));
    // Money that comes along is there to withdraw.
    let params = WithdrawBalanceParams {
        amount_requested: fil(5),
    };
    let call = miner.client.withdraw_balance(params).value(fil(3));
    assert_eq!(stage.call(miner.owner, call).ok(), fil(5));
    // The rest, but not what is locked.
    let locked = miner.state(stage).locked_funds;
    assert!(locked.is_positive());
    miner.withdraw_all(stage);
    assert_eq!(stage.balance(miner.id), locked);
    assert!(miner.withdraw_all(stage).is_zero());
    // In a day some of the deposit is free.
    let to = stage.epoch() + 2 * DAY;
    pass(stage, to);
    assert!(miner.withdraw_all(stage).is_positive());
    stage.check_invariants();
}
