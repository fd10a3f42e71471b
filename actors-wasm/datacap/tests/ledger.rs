//! The ledger beside the library that the official datacap actor uses: random operations give the same results, exit codes and state.

use std::cell::Cell;

use filigree_actor_datacap::Ledger;
use filigree_actor_datacap::ledger::infinite_allowance;
use filigree_sdk::prelude::*;
use frc46_token::token::state::{StateError, TokenState};
use fvm_ipld_blockstore::MemoryBlockstore;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

/// What an operation gives: amounts, or an exit code.
type Outcome = std::result::Result<Vec<TokenAmount>, ExitCode>;

/// Something to do with the tokens of two actors.
#[derive(Clone, Debug)]
struct Operation {
    kind: u64,
    owner: ActorID,
    other: ActorID,
    amount: TokenAmount,
}

/// Operations among few actors, who meet often, or among many, whose balances are in maps of several levels.
fn operations() -> impl Strategy<Value = Vec<Operation>> {
    let among = |actors: u64| {
        let actor = || 100..100 + actors;
        let amount = (0..5u64, prop_oneof![3 => Just(1), 1 => Just(100)]);
        let operation = (0..8u64, actor(), actor(), amount);
        let operation = operation.prop_map(|(kind, owner, other, (amount, scale))| Operation {
            kind,
            owner,
            other,
            amount: TokenAmount::from_whole(amount * scale),
        });
        prop::collection::vec(operation, 1..800)
    };
    prop_oneof![among(8), among(400)]
}

impl Operation {
    fn with_library(&self, token: &mut TokenState, store: &MemoryBlockstore) -> Outcome {
        let (owner, other, amount) = (self.owner, self.other, &self.amount);
        let mut run = || -> std::result::Result<Vec<TokenAmount>, StateError> {
            Ok(match self.kind {
                0 | 1 => {
                    let change = if self.kind == 0 { amount } else { &-amount };
                    let balance = token.change_balance_by(store, owner, change)?;
                    token.change_supply_by(change)?;
                    vec![balance]
                }
                2 => {
                    token.make_transfer(store, owner, other, amount)?;
                    vec![
                        token.get_balance(store, owner)?,
                        token.get_balance(store, other)?,
                    ]
                }
                3 => vec![token.change_allowance_by(store, owner, other, amount)?],
                4 => vec![token.change_allowance_by(store, owner, other, &-amount)?],
                5 => vec![token.revoke_allowance(store, owner, other)?],
                6 => vec![token.attempt_use_allowance(store, other, owner, amount)?],
                _ => {
                    for operator in [other, other + 1] {
                        token.set_allowance(store, owner, operator, &infinite_allowance())?;
                    }
                    Vec::new()
                }
            })
        };
        run().map_err(|error| ExitCode::from(&error))
    }

    fn with_ours(&self, ledger: &mut Ledger, store: &MemoryBlockstore) -> Outcome {
        let (owner, other, amount) = (self.owner, self.other, &self.amount);
        let mut run = || -> Result<Vec<TokenAmount>> {
            Ok(match self.kind {
                0 => vec![ledger.mint(store, owner, amount)?],
                1 => vec![ledger.burn(store, owner, amount)?],
                2 => ledger.transfer(store, owner, other, amount)?.into(),
                3 => vec![ledger.change_allowance(store, owner, other, amount)?],
                4 => vec![ledger.change_allowance(store, owner, other, &-amount)?],
                5 => vec![ledger.revoke_allowance(store, owner, other)?],
                6 => vec![ledger.spend_allowance(store, owner, other, amount)?],
                _ => {
                    ledger.approve(store, owner, &[other, other + 1])?;
                    Vec::new()
                }
            })
        };
        run().map_err(|error| error.code)
    }
}

/// Plays the operations with both; gives how many both did.
fn play(operations: &[Operation]) -> usize {
    let [library_store, store] = [(); 2].map(|()| MemoryBlockstore::new());
    let mut library = TokenState::new(&library_store).unwrap();
    let mut ours = Ledger::empty(&store).unwrap();
    let mut done = 0;
    for (step, operation) in operations.iter().enumerate() {
        if operation.kind == 6 && operation.owner == operation.other {
            // The actor refuses this before it gets to the ledger.
            continue;
        }
        let (mut library_after, mut ours_after) = (library.clone(), ours.clone());
        let expected = operation.with_library(&mut library_after, &library_store);
        let outcome = operation.with_ours(&mut ours_after, &store);
        assert_eq!(outcome, expected, "step {step}: {operation:?}");
        if outcome.is_ok() {
            (library, ours, done) = (library_after, ours_after, done + 1);
        }
        assert_eq!(ours.supply, library.supply, "step {step}: {operation:?}");
        assert_eq!(ours.balances.root(), &library.balances, "step {step}");
        assert_eq!(ours.allowances.root(), &library.allowances, "step {step}");
        assert_eq!(ours.hamt_bit_width, library.hamt_bit_width);
    }
    done
}

#[test]
fn random_operations_end_as_in_the_library() {
    let (mut all, mut done) = (Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::new(ProptestConfig::with_cases(16));
    let played = runner.run(&operations(), |operations| {
        all.set(all.get() + operations.len());
        done.set(done.get() + play(&operations));
        Ok(())
    });
    played.unwrap();
    // Both ends were met.
    let (all, done) = (*all.get_mut(), *done.get_mut());
    assert!((all / 3..all * 19 / 20).contains(&done), "{done} of {all}");
}
