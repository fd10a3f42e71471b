//! What state says, and what messages would do.

mod common;

use common::{MINERS, World, address};
use filigree_actor_miner::deadline_info::DeadlineInfo;
use filigree_builtin::calls::power::{CURRENT_TOTAL_POWER, CurrentTotalPowerReturn};
use filigree_node_state::call::{Prior, Trial};
use filigree_node_state::{Error, lookback, supply};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;

fn miner(at: usize) -> Address {
    Address::new_id(MINERS[at])
}

#[test]
fn views_tell_what_the_genesis_was_made_of() {
    let world = World::new();
    let view = world.states.view_before(&world.head).unwrap();
    assert_eq!(view.network_name().unwrap(), "in memory");

    let power = view.power().unwrap();
    assert_eq!(power.total_quality(), &(5 * 2_048).into());
    assert_eq!(power.miners().unwrap(), MINERS);
    let policy = world.states.rules().policy;
    assert!(power.may_win(&policy, MINERS[1]).unwrap());
    assert!(!power.may_win(&policy, 999).unwrap());
    let claim = power.claim(MINERS[0]).unwrap().unwrap();
    assert_eq!(claim.raw_byte_power.0, (3 * 2_048).into());

    let first = view.miner(&miner(0)).unwrap();
    assert_eq!(first.worker_key().unwrap(), Some(address(1)));
    assert_eq!(
        first.active_sectors().unwrap().iter().collect::<Vec<_>>(),
        [0, 1, 2]
    );
    assert_eq!(first.sectors(None).unwrap().len(), 3);
    assert!(first.faults().unwrap().is_empty() && first.recoveries().unwrap().is_empty());
    assert!(first.is_allocated(2).unwrap() && !first.is_allocated(3).unwrap());
    assert_eq!(first.precommit(0).unwrap(), None);
    let (deadline, partition) = first.sector_location(1).unwrap().unwrap();
    let partitions = first.partitions(deadline).unwrap();
    assert!(partitions[partition as usize].sectors.get(1));
    let info: DeadlineInfo = first.proving_deadline(&policy, 5);
    assert!((info.open..info.close).contains(&5));
    // What was deposited for the sectors is free again; pledges are not, nor is the deposit for the miner.
    let available = first.available_balance().unwrap();
    let (state, balance) = (&first.state, &first.actor.balance);
    assert!(available.is_positive() && state.initial_pledge.is_positive());
    assert!(state.locked_funds.is_positive() && state.pre_commit_deposits.is_zero());
    let bound = &state.initial_pledge + &state.locked_funds;
    assert_eq!(available, balance - bound);
    let error = view.miner(&address(0)).unwrap_err();
    assert!(matches!(error, Error::OtherActor { .. }), "{error}");
    let error = view.miner(&Address::new_id(777)).unwrap_err();
    assert!(matches!(error, Error::NoActor(_)), "{error}");

    assert_eq!(view.id(&address(0)).unwrap(), Some(100));
    assert_eq!(
        view.key_address(&Address::new_id(101)).unwrap(),
        Some(address(1))
    );
    assert_eq!(view.key_address(&miner(0)).unwrap(), None);
    let robust = view.robust_address(MINERS[0]).unwrap().unwrap();
    assert_eq!(view.id(&robust).unwrap(), Some(MINERS[0]));
    assert_eq!(view.robust_address(100).unwrap(), Some(address(0)));

    let wallet = Address::new_id(104);
    let whole = |fil| TokenAmount::from_whole(fil);
    assert_eq!(view.multisig(&wallet).unwrap().num_approvals_threshold, 1);
    assert_eq!(view.multisig_available(&wallet, 0).unwrap(), whole(0));
    assert_eq!(view.multisig_available(&wallet, 40).unwrap(), whole(400));
    assert_eq!(
        view.verifier_allowance(&address(2)).unwrap(),
        Some((1i64 << 40).into())
    );
    assert_eq!(view.verifier_allowance(&address(0)).unwrap(), None);
    assert_eq!(view.datacap(&address(0)).unwrap(), whole(0));
    assert!(view.allocations(&address(0)).unwrap().is_empty());
    assert!(view.claims(&miner(0)).unwrap().is_empty());
    let market = view.market().unwrap();
    assert_eq!(market.balance(&address(0)).unwrap().escrow, whole(0));
    assert_eq!(market.deal(0).unwrap(), None);
    assert!(view.reward().unwrap().this_epoch_reward.is_positive());
}

#[test]
fn what_circulates_is_what_accounts_have_less_pledges() {
    let mut world = World::new();
    let genesis = world.states.view_before(&world.head).unwrap();
    let first = world.states.circulation(&genesis, 0).unwrap();
    assert!(first.locked.is_positive());
    assert_eq!(first.circulating, &first.vested - &first.locked);
    assert_eq!(first.mined, TokenAmount::default());

    world.extend_by_one(vec![]);
    let after = world.states.view_after(&world.head).unwrap();
    let then = world.states.circulation(&after, 2).unwrap();
    assert!(then.mined.is_positive());
    assert_eq!(then.reserve_disbursed, TokenAmount::default());
    // Counted one by one, it is less what vests of the wallet and what miners have locked beside their pledges.
    let exact = supply::exact(&after, 2).unwrap();
    assert!(exact < then.circulating);
    let difference = then.circulating - exact;
    assert!(difference < TokenAmount::from_whole(1_100), "{difference}");
}

#[test]
fn a_message_can_be_tried() {
    let mut world = World::new();
    let early = world.send(0, address(2), 5);
    let tipset = world.extend_by_one(vec![early]);
    let whole = TokenAmount::from_whole;
    let message = |world: &mut World, from, fil| {
        let mut message = world.message(from, address(3), whole(fil));
        // What is asked does not know it.
        message.sequence = 0;
        message.gas_limit = 0;
        message
    };

    // Free, and in anybody's name.
    let free = message(&mut world, address(0), 1);
    let tried = world
        .states
        .try_message(&tipset, Trial::free(free))
        .unwrap();
    assert!(tried.applied.receipt.exit_code.is_success());
    assert_eq!(tried.message.sequence, 1);
    assert!(!tried.applied.trace.is_empty());
    let of_system = message(&mut world, Address::new_id(2), 1);
    let tried = world
        .states
        .try_message(&tipset, Trial::free(of_system))
        .unwrap();
    assert!(tried.applied.receipt.exit_code.is_success());

    // As on chain: it uses the gas that it will use.
    let paying = |message| Trial {
        pays: true,
        tracing: false,
        ..Trial::free(message)
    };
    let asked = message(&mut world, address(0), 7);
    let tried = world
        .states
        .try_message(&tipset, paying(asked.clone()))
        .unwrap();
    let estimated = tried.applied.receipt.gas_used;
    let mut sent = asked.clone();
    (sent.sequence, sent.gas_limit) = (1, estimated);
    world.extend_by_one(vec![common::on_chain(sent)]);
    let receipt = &world.states.receipts(&world.head).unwrap()[0];
    // The limit that it was tried with is four bytes longer than the one it has, at 1,300 gas each.
    assert_eq!(
        (receipt.exit_code, receipt.gas_used),
        (ExitCode::OK, estimated - 4 * 1_300)
    );

    // After what waits.
    let all = message(&mut world, address(2), 100_003);
    let poor = world.states.try_message(&tipset, paying(all.clone()));
    assert_eq!(
        poor.unwrap().applied.receipt.exit_code,
        ExitCode::SYS_INSUFFICIENT_FUNDS
    );
    let after_all = Trial {
        prior: Prior::All,
        ..Trial::free(all.clone())
    };
    let rich = world.states.try_message(&tipset, after_all).unwrap();
    assert!(rich.applied.receipt.exit_code.is_success());
    let waiting = world.message(address(0), address(2), whole(5));
    let waiting = common::on_chain(fvm_shared::message::Message {
        sequence: 1,
        ..waiting
    });
    let pending = Trial {
        pending: std::slice::from_ref(&waiting),
        ..paying(all)
    };
    // The sender of what waits is another, whose message of the tipset does not run before.
    let refused = world.states.try_message(&tipset, pending).unwrap();
    assert!(!refused.applied.receipt.exit_code.is_success());

    let nobody = message(&mut world, Address::new_id(777), 1);
    let error = world
        .states
        .try_message(&tipset, Trial::free(nobody))
        .unwrap_err();
    assert!(matches!(error, Error::NoActor(_)), "{error}");
}

#[test]
fn actors_can_be_asked() {
    let mut world = World::new();
    world.extend_by_one(vec![]);
    let power = Address::new_id(4);
    let mut question = world.message(address(0), power, TokenAmount::default());
    question.method_num = CURRENT_TOTAL_POWER;
    let answer = world
        .states
        .ask(&world.head, None, question.clone())
        .unwrap();
    assert!(
        answer.receipt.exit_code.is_success(),
        "{:?}",
        answer.failure
    );
    let answer: CurrentTotalPowerReturn = answer.receipt.return_data.deserialize().unwrap();
    assert_eq!(answer.raw_byte_power.0, (5 * 2_048).into());

    // Nothing can be changed by asking.
    question.method_num = 0;
    question.value = TokenAmount::from_whole(1);
    let refused = world
        .states
        .ask(&world.head, Some(address(0)), question)
        .unwrap();
    assert!(!refused.receipt.exit_code.is_success());
}

#[test]
fn what_would_be_at_a_later_epoch() {
    let mut world = World::new();
    world.extend_by_one(vec![]);
    let send = world.message(address(0), address(3), TokenAmount::from_whole(1));
    let (root, tried) = world.states.compute(&world.head, 9, &[send]).unwrap();
    assert!(tried[0].applied.receipt.exit_code.is_success());
    assert!(world.states.view(&root).is_err(), "it is thrown away");
}

#[test]
fn blocks_look_back_a_finality() {
    let mut world = World::new();
    for _ in 0..3 {
        world.extend_by_one(vec![]);
    }
    let config = &world.states.rules().config;
    let look = |round| lookback(&*world.history, config, &world.head, round).unwrap();
    assert_eq!(look(4).tipset.height(), 0);
    assert_eq!(look(902).tipset.height(), 2);
    let of_two = world.states.tipset_state(&look(902).tipset).unwrap();
    assert_eq!(look(902).state, of_two.state);
    let error = lookback(&*world.history, config, &world.head, 904).unwrap_err();
    assert!(matches!(error, Error::Lookback { .. }), "{error}");
}
