//! The ledger beside the library that the official datacap actor uses: random operations give the same results, exit codes and state.

use filigree_actor_datacap::Ledger;
use filigree_actor_datacap::ledger::infinite_allowance;
use filigree_sdk::prelude::*;
use frc46_token::token::state::{StateError, TokenState};
use fvm_ipld_blockstore::MemoryBlockstore;

/// Operations in all; half of them among many actors, half among few.
const STEPS: u64 = 6_000;

/// What an operation gives: amounts, or an exit code.
type Outcome = std::result::Result<Vec<TokenAmount>, ExitCode>;

/// Xorshift numbers: the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Something to do with the tokens of two actors.
#[derive(Clone, Debug)]
struct Operation {
    kind: u64,
    owner: ActorID,
    other: ActorID,
    amount: TokenAmount,
}

impl Operation {
    fn random(random: &mut Random, step: u64) -> Self {
        let actors = if step < STEPS / 2 { 400 } else { 8 };
        let scale = if random.below(4) == 0 { 100 } else { 1 };
        Self {
            kind: random.below(8),
            owner: 100 + random.below(actors),
            other: 100 + random.below(actors),
            amount: TokenAmount::from_whole(random.below(5) * scale),
        }
    }

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

#[test]
fn random_operations_end_as_in_the_library() {
    let [library_store, store] = [(); 2].map(|()| MemoryBlockstore::new());
    let mut library = TokenState::new(&library_store).unwrap();
    let mut ours = Ledger::empty(&store).unwrap();
    let (mut random, mut done) = (Random(88_172_645_463_325_252), 0);
    for step in 0..STEPS {
        let operation = Operation::random(&mut random, step);
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
    // Both ends were met.
    assert!((STEPS / 2..STEPS * 9 / 10).contains(&done), "{done}");
}
