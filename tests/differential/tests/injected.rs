//! The comparison itself: a difference, wherever it is put in, must be found and named.

use filigree_differential::compare::{judge, on_large_stack};
use filigree_differential::oracle::{self, Step};
use filigree_differential::ours;
use filigree_differential::outcome::{Applied, Outcome, Refusal, Refused, difference};
use filigree_differential::program::Arg;
use filigree_differential::stage::Stage;
use filigree_differential::world::{DRIVER, OTHER, Sender};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::version::NetworkVersion;

fn steps(stage: &Stage) -> Vec<Step> {
    let mut program = stage.loaded();
    program.call("network", "context", &[0x3000u32.into()]);
    program.log(0x3000, 44);
    program.call("actor", "balance_of", &[0x3000u32.into(), Arg::Imm(OTHER)]);
    program.log(0x3000, 16);
    let mut sender = Sender::alice();
    vec![
        sender.transfer(Address::new_id(DRIVER), 3),
        sender.call(DRIVER, program.finish()),
        sender.transfer(Address::new_id(OTHER), 4),
    ]
}

/// The report when our host runs another world than the reference.
fn report_with(change: impl FnOnce(&mut Stage)) -> String {
    let stage = Stage::new(NetworkVersion::V24);
    let mut other = Stage::new(NetworkVersion::V24);
    change(&mut other);
    let other = Stage::of(other.setup);
    let steps = steps(&stage);
    let reference = oracle::run(&stage.setup, &stage.genesis, &steps).expect("the reference");
    let ours = ours::run(&other.setup, &other.genesis, &steps).expect("our host");
    judge(&steps, &reference, &ours).0
}

#[test]
fn another_world_is_another_result() {
    on_large_stack(|| {
        assert_eq!(report_with(|_| {}), "");
        let time = report_with(|stage| stage.setup.timestamp += 1);
        assert!(time.contains("message 1"), "{time}");
        assert!(time.contains("return data"), "{time}");
        let fee = report_with(|stage| stage.setup.base_fee = TokenAmount::from_atto(101));
        assert!(
            fee.contains("message 0") && fee.contains("base fee burn"),
            "{fee}"
        );
        let funds =
            report_with(|stage| stage.setup.accounts[1].balance += TokenAmount::from_atto(1));
        assert!(
            funds.contains("state root") && funds.contains("actor f0101"),
            "{funds}"
        );
        let rules = report_with(|stage| stage.setup.version = NetworkVersion::V25);
        assert!(rules.contains("return data"), "{rules}");
    });
}

#[test]
fn every_field_counts() {
    let stage = Stage::new(NetworkVersion::V28);
    let steps = &steps(&stage)[1..2].to_vec();
    let mut steps = steps.clone();
    steps[0].message.sequence = 0;
    let run = on_large_stack(|| {
        let run = oracle::run(&stage.setup, &stage.genesis, &steps).expect("the reference");
        run.outcomes[0].clone()
    });
    assert_eq!(difference(&run, &run), "");
    let changes: [fn(&mut Applied); 15] = [
        |a| a.exit_code += 1,
        |a| a.return_data[70] ^= 1,
        |a| a.return_codec = Some(Some(0x71)),
        |a| a.gas_used += 1,
        |a| a.events_root = Some(filigree_differential::setup::missing_cid()),
        |a| a.events.push((1, Vec::new())),
        |a| a.penalty.push('0'),
        |a| a.miner_tip.push('0'),
        |a| a.base_fee_burn.push('0'),
        |a| a.over_estimation_burn.push('0'),
        |a| a.refund.push('0'),
        |a| a.gas_refund += 1,
        |a| a.gas_burned += 1,
        |a| a.explained = !a.explained,
        |a| a.trace.push("an event".to_owned()),
    ];
    for (number, change) in changes.iter().enumerate() {
        let mut changed: Outcome = run.clone();
        change(changed.applied.as_mut().expect("applied"));
        assert_ne!(
            difference(&run, &changed),
            "",
            "change {number} goes unseen"
        );
        assert_ne!(
            difference(&changed, &run),
            "",
            "change {number} goes unseen"
        );
    }
    let refused = |kind| {
        let text = "no".to_owned();
        let applied = Err(Refused { kind, text });
        Outcome {
            applied,
            ..run.clone()
        }
    };
    let (invalid, state) = (refused(Refusal::InvalidMessage), refused(Refusal::State));
    assert_ne!(difference(&run, &invalid), "");
    assert_ne!(difference(&state, &invalid), "");
    assert_eq!(difference(&state, &state), "");
    let mut unflushed = run.clone();
    unflushed.root = Err("no".to_owned());
    assert_ne!(difference(&run, &unflushed), "");
}
