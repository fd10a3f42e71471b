//! The rules one by one, and random operations against a plain model of them.

use std::collections::BTreeMap;

use fvm_ipld_blockstore::MemoryBlockstore;
use proptest::prelude::*;

use super::*;

const ALICE: ActorID = 100;
const BOB: ActorID = 101;
const CAROL: ActorID = 102;

fn atto(amount: i64) -> TokenAmount {
    TokenAmount::from_atto(amount)
}

/// Alice has 100, in units of 10.
fn ledger(store: &MemoryBlockstore) -> Ledger {
    let mut ledger = Ledger::new(store, 10).unwrap();
    ledger.mint(store, ALICE, &atto(100)).unwrap();
    ledger
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> ExitCode {
    result.unwrap_err().code
}

#[test]
fn tokens_move_and_burn() {
    let store = &MemoryBlockstore::new();
    let mut ledger = ledger(store);
    ledger.transfer(store, ALICE, BOB, &atto(30)).unwrap();
    ledger.transfer(store, BOB, BOB, &atto(30)).unwrap();
    assert_eq!(ledger.burn(store, BOB, &atto(10)), Ok(atto(20)));
    assert_eq!(ledger.balance(store, ALICE), Ok(atto(70)));
    assert_eq!(ledger.supply, atto(90));
    // Nothing can be sent by one who has nothing.
    ledger.transfer(store, CAROL, ALICE, &atto(0)).unwrap();
    assert_eq!(ledger.check_invariants(store), Ok(vec![]));
}

#[test]
fn amounts_are_multiples_and_not_negative() {
    let store = &MemoryBlockstore::new();
    let mut ledger = ledger(store);
    for bad in [-10, 5, 15] {
        let illegal = ExitCode::USR_ILLEGAL_ARGUMENT;
        assert_eq!(code(ledger.mint(store, ALICE, &atto(bad))), illegal);
        assert_eq!(code(ledger.burn(store, ALICE, &atto(bad))), illegal);
        assert_eq!(
            code(ledger.transfer(store, ALICE, BOB, &atto(bad))),
            illegal
        );
    }
    for result in [
        ledger.clone().transfer(store, ALICE, BOB, &atto(110)),
        ledger.clone().transfer(store, ALICE, ALICE, &atto(110)),
        ledger.clone().burn(store, BOB, &atto(10)).map(drop),
    ] {
        assert_eq!(code(result), ExitCode::USR_INSUFFICIENT_FUNDS);
    }
}

#[test]
fn allowances_are_spent() {
    let store = &MemoryBlockstore::new();
    let mut ledger = ledger(store);
    let forbidden = ExitCode::USR_FORBIDDEN;
    assert_eq!(
        code(ledger.spend_allowance(store, ALICE, BOB, &atto(0))),
        forbidden
    );
    assert_eq!(
        ledger.change_allowance(store, ALICE, BOB, &atto(25)),
        Ok(atto(25))
    );
    assert_eq!(
        ledger.spend_allowance(store, ALICE, BOB, &atto(0)),
        Ok(atto(25))
    );
    assert_eq!(
        ledger.spend_allowance(store, ALICE, BOB, &atto(20)),
        Ok(atto(5))
    );
    assert_eq!(
        code(ledger.spend_allowance(store, ALICE, BOB, &atto(10))),
        forbidden
    );
    assert_eq!(
        code(ledger.spend_allowance(store, BOB, ALICE, &atto(0))),
        forbidden
    );
    assert_eq!(
        ledger.change_allowance(store, ALICE, BOB, &atto(-9)),
        Ok(atto(0))
    );
    ledger
        .change_allowance(store, ALICE, BOB, &atto(7))
        .unwrap();
    ledger.revoke_allowance(store, ALICE, BOB).unwrap();
    assert_eq!(ledger.allowance(store, ALICE, BOB), Ok(atto(0)));
    assert_eq!(
        ledger.allowances,
        Ledger::new(store, 10).unwrap().allowances
    );
}

#[derive(Clone, Debug)]
enum Step {
    Mint(ActorID, i64),
    Burn(ActorID, i64),
    Transfer(ActorID, ActorID, i64),
    Allow(ActorID, ActorID, i64),
    Spend(ActorID, ActorID, i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = || ALICE..=CAROL;
    let step = prop_oneof![
        (who(), -10..50i64).prop_map(|(a, n)| Step::Mint(a, n)),
        (who(), -10..50i64).prop_map(|(a, n)| Step::Burn(a, n)),
        (who(), who(), -10..50i64).prop_map(|(a, b, n)| Step::Transfer(a, b, n)),
        (who(), who(), -30..50i64).prop_map(|(a, b, n)| Step::Allow(a, b, n)),
        (who(), who(), -10..50i64).prop_map(|(a, b, n)| Step::Spend(a, b, n)),
    ];
    prop::collection::vec(step, 0..40)
}

/// The same rules over plain maps, with a granularity of 1.
#[derive(Default)]
struct Model {
    balances: BTreeMap<ActorID, i64>,
    allowances: BTreeMap<(ActorID, ActorID), i64>,
}

impl Model {
    fn add(&mut self, who: ActorID, amount: i64) {
        *self.balances.entry(who).or_default() += amount;
    }

    /// Whether the step is allowed; if so it is done.
    fn step(&mut self, step: &Step) -> bool {
        let has = |who: &ActorID| self.balances.get(who).copied().unwrap_or(0);
        let may = |pair| self.allowances.get(&pair).copied().unwrap_or(0);
        match *step {
            Step::Mint(a, n) if n >= 0 => self.add(a, n),
            Step::Burn(a, n) if (0..=has(&a)).contains(&n) => self.add(a, -n),
            Step::Transfer(a, b, n) if (0..=has(&a)).contains(&n) => {
                self.add(a, -n);
                self.add(b, n);
            }
            Step::Allow(a, b, n) => {
                let allowance = (may((a, b)) + n).max(0);
                self.allowances.insert((a, b), allowance);
            }
            Step::Spend(a, b, n) if may((a, b)) > 0 && (0..=may((a, b))).contains(&n) => {
                *self.allowances.entry((a, b)).or_default() -= n;
            }
            _ => return false,
        }
        true
    }
}

proptest! {
    #[test]
    fn any_operations_keep_the_invariants(steps in steps()) {
        let store = &MemoryBlockstore::new();
        let (mut ledger, mut model) = (Ledger::new(store, 1).unwrap(), Model::default());
        for step in steps {
            let before = ledger.clone();
            let result = match step {
                Step::Mint(a, n) => ledger.mint(store, a, &atto(n)),
                Step::Burn(a, n) => ledger.burn(store, a, &atto(n)).map(drop),
                Step::Transfer(a, b, n) => ledger.transfer(store, a, b, &atto(n)),
                Step::Allow(a, b, n) => ledger.change_allowance(store, a, b, &atto(n)).map(drop),
                Step::Spend(a, b, n) => ledger.spend_allowance(store, a, b, &atto(n)).map(drop),
            };
            prop_assert_eq!(result.is_ok(), model.step(&step), "{:?}: {:?}", step, result);
            if result.is_err() {
                ledger = before;
            }
            prop_assert_eq!(ledger.check_invariants(store), Ok(vec![]));
        }
        for a in ALICE..=CAROL {
            prop_assert_eq!(ledger.balance(store, a), Ok(atto(model.balances.get(&a).copied().unwrap_or(0))));
            for b in ALICE..=CAROL {
                let allowance = model.allowances.get(&(a, b)).copied().unwrap_or(0);
                prop_assert_eq!(ledger.allowance(store, a, b), Ok(atto(allowance)));
            }
        }
    }
}
