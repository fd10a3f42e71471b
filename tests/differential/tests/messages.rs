//! Hostile messages: bad addresses, nonces, amounts, gas, senders, parameters; explicit and implicit. After each, a good
//! message must go through.

use filigree_differential::for_each_version;
use filigree_differential::oracle::Step;
use filigree_differential::stage::Stage;
use filigree_differential::world::{
    self, ALICE, BOB, CODELESS, DRIVER, ETH_ACCOUNT, FOREIGN_PLACEHOLDER, OTHER, PLACEHOLDER, POOR,
    Sender, alice_key, bls_key, bls_zero, eth, f4, key,
};
use fvm_ipld_encoding::RawBytes;
use fvm_shared::address::Address;
use fvm_shared::bigint::BigInt;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;
use num_traits::Zero;

for_each_version!(
    senders, receivers, nonces, amounts, gas, lengths, parameters, implicit, fees
);

/// A plain message from Alice that runs a small program.
fn plain(stage: &Stage) -> Message {
    let mut program = stage.program();
    program.size();
    Sender::alice().message(Address::new_id(DRIVER), 2, program.finish())
}

/// Runs each changed message on a machine of its own, as given and as an implicit one, each followed by a good message
/// of Bob; the exit codes of the explicit ones.
fn each(stage: &Stage, messages: Vec<Message>) -> Vec<Option<u32>> {
    let mut good = plain(stage);
    good.from = bls_key(1);
    let mut exits = Vec::new();
    for message in messages {
        for step in [Step::explicit(message.clone()), Step::implicit(message)] {
            let outcomes = stage.run(&[step.clone(), Step::explicit(good.clone())]);
            // A message in which Bob sends uses his nonce up; a broken state ends the machine.
            if let Some(after) = outcomes.get(1)
                && step.message.from != good.from
                && step.message.from != Address::new_id(BOB)
            {
                assert_eq!(after.exit_code(), Some(0), "no recovery: {}", after.failure);
            }
            if !step.implicit {
                exits.push(outcomes[0].exit_code());
            }
        }
    }
    exits
}

fn varied<T>(
    stage: &Stage,
    values: impl IntoIterator<Item = T>,
    change: impl Fn(&mut Message, T),
) -> Vec<Option<u32>> {
    let base = plain(stage);
    let messages = values.into_iter().map(|value| {
        let mut message = base.clone();
        change(&mut message, value);
        message
    });
    each(stage, messages.collect())
}

fn senders(stage: &Stage) {
    let from = [
        alice_key(),
        Address::new_id(ALICE),
        bls_key(1),
        Address::new_id(ETH_ACCOUNT),
        eth(5),
        // Placeholders: one becomes an account, the other does not.
        eth(3),
        Address::new_id(PLACEHOLDER),
        Address::new_id(FOREIGN_PLACEHOLDER),
        // No accounts.
        Address::new_id(DRIVER),
        Address::new_id(0),
        Address::new_id(1),
        Address::new_id(99),
        Address::new_id(CODELESS),
        // Nobody.
        Address::new_id(999_999),
        Address::new_id(u64::MAX),
        key(200),
        bls_key(200),
        bls_zero(),
        eth(200),
        f4(10, b""),
        f4(u64::MAX, &[7; 54]),
        Address::new_actor(b"nobody"),
    ];
    let exits = varied(stage, from, |m, from| m.from = from);
    assert_eq!(exits[..5], [Some(0); 5]);
    assert!(exits[7..].iter().all(|e| *e != Some(0)), "{exits:?}");
}

fn receivers(stage: &Stage) {
    let to = [
        Address::new_id(999_999),
        Address::new_id(u64::MAX),
        Address::new_id(CODELESS),
        Address::new_id(PLACEHOLDER),
        Address::new_id(0),
        Address::new_id(1),
        Address::new_id(2),
        Address::new_id(99),
        Address::new_id(ALICE),
        alice_key(),
        key(201),
        bls_key(201),
        bls_zero(),
        eth(201),
        f4(77, b"?"),
        f4(10, b"the other one"),
        Address::new_actor(b"nobody"),
    ];
    for method in [0, 1, 2, u64::MAX] {
        varied(stage, to, |m, to| {
            m.to = to;
            m.method_num = method;
            m.value = TokenAmount::from_atto(9);
        });
        varied(stage, to, |m, to| {
            m.to = to;
            m.method_num = method;
        });
    }
}

fn nonces(stage: &Stage) {
    let exits = varied(stage, [1, 2, u64::MAX, 0], |m, nonce| m.sequence = nonce);
    assert_eq!(exits[3], Some(0));
    assert!(exits[..3].iter().all(|e| *e == Some(2)), "{exits:?}");
    // The right message, twice; then the next.
    let mut sender = Sender::alice();
    let first = sender.transfer(Address::new_id(OTHER), 1);
    let second = sender.transfer(Address::new_id(OTHER), 1);
    stage.run(&[first.clone(), first.clone(), second.clone(), first, second]);
}

fn amounts(stage: &Stage) {
    let huge: BigInt = BigInt::from(1u8) << 200usize;
    let values = [
        BigInt::from(-1),
        BigInt::from(0),
        BigInt::from(1),
        BigInt::from(u128::MAX),
        BigInt::from(u128::MAX) + 1,
        huge.clone(),
        -huge,
        // All Alice has, and one less.
        TokenAmount::from_whole(1_000_000).atto().clone(),
        TokenAmount::from_whole(1_000_000).atto().clone() - 1,
    ];
    for method in [0, 2] {
        let to = [
            Address::new_id(DRIVER),
            key(202),
            Address::new_id(ALICE),
            Address::new_id(999_999),
        ];
        for to in to {
            varied(stage, values.clone(), |m, value| {
                m.to = to;
                m.method_num = method;
                m.value = TokenAmount::from_atto(value);
                m.gas_limit = 100_000_000;
            });
        }
    }
}

fn gas(stage: &Stage) {
    let with_fee = |m: &mut Message, fee: u64| {
        m.gas_fee_cap = TokenAmount::from_atto(fee);
        m.gas_premium = TokenAmount::from_atto(fee / 5);
    };
    let around = |used: u64| {
        [
            0,
            1,
            1_000,
            40_000,
            100_000,
            used - 1,
            used,
            used + 1,
            10_000_000_000,
            i64::MAX as u64 / 1_000,
            i64::MAX as u64 / 1_000 + 1,
            i64::MAX as u64 - 1,
            i64::MAX as u64,
            i64::MAX as u64 + 1,
            u64::MAX,
        ]
    };
    for fee in [200u64, 0] {
        // With a limit that takes as many bytes as the ones around it: length costs gas.
        let mut message = plain(stage);
        message.gas_limit = 100_000_000;
        with_fee(&mut message, fee);
        let used = stage.run(&[Step::explicit(message)])[0].gas_used();
        let exits = varied(stage, around(used), |m, gas| {
            m.gas_limit = gas;
            with_fee(m, fee);
        });
        assert_eq!(exits[5..8], [Some(7), Some(0), Some(0)]);
    }
    // The same for a plain transfer, which runs no code.
    varied(stage, around(1_000_000), |m, gas| {
        m.gas_limit = gas;
        m.method_num = 0;
        m.value = TokenAmount::from_atto(1);
    });
}

fn fees(stage: &Stage) {
    let amounts = [-1i64, 0, 1, 99, 100, 101, 200, i64::MAX];
    let pairs = amounts
        .iter()
        .flat_map(|cap| amounts.iter().map(move |premium| (*cap, *premium)));
    varied(stage, pairs, |m, (cap, premium)| {
        m.gas_fee_cap = TokenAmount::from_atto(cap);
        m.gas_premium = TokenAmount::from_atto(premium);
        m.gas_limit = 100_000_000;
    });
    let huge = TokenAmount::from_atto(BigInt::from(1u8) << 150);
    varied(stage, [0, 1], |m, which| match which {
        0 => m.gas_fee_cap = huge.clone(),
        _ => m.gas_premium = huge.clone(),
    });
    // Overestimation: how much of the limit is used decides what is burnt.
    let used = stage.run(&[Step::explicit(plain(stage))])[0].gas_used();
    let percent = [
        100, 105, 109, 110, 111, 115, 120, 150, 200, 209, 210, 211, 500, 100_000,
    ];
    varied(stage, percent, |m, percent| {
        m.gas_limit = used * percent / 100
    });
    // Without a base fee, and with a high one.
    for base in [0u64, 1, 150, 1_000_000] {
        let mut setup = stage.setup.clone();
        setup.base_fee = TokenAmount::from_atto(base);
        let other = Stage::of(setup);
        varied(&other, [0, 100, 200, 2_000_000], |m, cap| {
            m.gas_fee_cap = TokenAmount::from_atto(cap);
        });
    }
}

fn lengths(stage: &Stage) {
    let message = plain(stage);
    for length in [
        0,
        1,
        68,
        69,
        1_000,
        1 << 20,
        1 << 40,
        usize::MAX >> 1,
        usize::MAX,
    ] {
        for implicit in [false, true] {
            let step = Step {
                message: message.clone(),
                implicit,
                length,
            };
            stage.run(&[step]);
        }
    }
}

fn parameters(stage: &Stage) {
    let mut huge = plain(stage).params.to_vec();
    huge.resize(2 << 20, 0);
    let params = [
        Vec::new(),
        vec![0],
        vec![0xff; 3],
        b"FLG1".to_vec(),
        b"FLG1\x10\x10\x10".to_vec(),
        vec![0x5a; 1 << 20],
        vec![0x5a; (1 << 20) + 1],
        huge,
    ];
    varied(stage, params, |m, params| m.params = RawBytes::new(params));
    // Too long and for nobody, or without a method.
    for (to, method) in [(999_999, 2), (DRIVER, 0), (POOR, 2)] {
        varied(stage, [0usize, 1, 5_000_000], |m, length| {
            m.params = RawBytes::new(vec![0x5a; length]);
            m.to = Address::new_id(to);
            m.method_num = method;
        });
    }
    varied(stage, [1, 2, u64::MAX], |m, version| m.version = version);
}

fn implicit(stage: &Stage) {
    // From actors that could not send explicit messages, of more than they have, with less gas than it takes.
    let mut steps = Vec::new();
    for from in [0, 1, 2, 99, DRIVER, POOR, CODELESS, ALICE] {
        for (value, gas, method) in [
            (0u64, world::PLENTY, 2),
            (5, world::PLENTY, 0),
            (1, 300_000, 2),
            (0, 1, 0),
        ] {
            let mut message = plain(stage);
            message.from = Address::new_id(from);
            message.to = Address::new_id(OTHER);
            message.value = TokenAmount::from_atto(value);
            message.gas_limit = gas;
            message.method_num = method;
            message.gas_fee_cap = TokenAmount::zero();
            message.gas_premium = TokenAmount::zero();
            steps.push(Step::implicit(message));
        }
    }
    let outcomes = stage.run(&steps);
    let free = outcomes.iter().filter_map(|o| o.applied.as_ref().ok());
    assert!(free.clone().count() > 20);
    for applied in free {
        assert_eq!(applied.base_fee_burn, "0", "implicit messages pay nothing");
    }
}
