//! Property tests find a bug that was planted, and make it small.
#![allow(missing_docs, reason = "an actor of a test")]

use filigree_sandbox::Sandbox;
use filigree_sandbox::fuzz::Fuzz;
use filigree_sdk::prelude::*;

/// Moves units between two pots; more than a thousand at once lose one.
#[tuple]
pub struct Pots {
    pub left: u64,
    pub right: u64,
}

#[actor]
impl Pots {
    #[constructor]
    pub fn full() -> Self {
        Self {
            left: 1_000_000,
            right: 0,
        }
    }

    #[method]
    pub fn pour(&mut self, amount: u64) -> Result<()> {
        ensure!(
            amount <= self.left,
            insufficient_funds,
            "the pot holds {}",
            self.left
        );
        self.left -= amount;
        self.right += if amount > 1_000 { amount - 1 } else { amount };
        Ok(())
    }

    #[method]
    pub fn swap(&mut self) {
        std::mem::swap(&mut self.left, &mut self.right);
    }
}

fn pots() -> (Sandbox, Address) {
    let mut sandbox = Sandbox::new();
    sandbox.account(TokenAmount::from_whole(1));
    let code = sandbox.install_native::<Pots>();
    let pots = sandbox.deploy(&code, PotsClient::full()).ok();
    (sandbox, pots)
}

fn search(sandbox: &mut Sandbox, pots: Address) {
    Fuzz::new(pots)
        .cases(300)
        .seed(7)
        .check(sandbox, |sandbox, _| {
            let state: Pots = sandbox.state(pots);
            let sum = state.left + state.right;
            if sum == 1_000_000 {
                Ok(())
            } else {
                Err(format!("{sum} units are left"))
            }
        });
}

#[test]
fn a_planted_bug_is_found_and_made_small() {
    let (mut sandbox, pots) = pots();
    let root = *sandbox.state_root();
    let panic =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| search(&mut sandbox, pots)))
            .unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.starts_with("an invariant of Pots broke: 999999 units are left\n  1. f0100: Pour {\"amount\":1001}\n\nthe last call:"), "{text}");
    assert!(
        !text.contains("  2. ") && text.contains("FILIGREE_FUZZ_SEED=7"),
        "{text}"
    );
    assert_eq!(*sandbox.state_root(), root);
}

#[test]
fn an_invariant_that_holds_is_searched_in_silence() {
    let (mut sandbox, pots) = pots();
    let mut calls = 0;
    Fuzz::new(pots)
        .cases(20)
        .only(&["Swap"])
        .check(&mut sandbox, |_, step| {
            assert!(step.outcome.is_ok());
            calls += 1;
            Ok(())
        });
    assert!(calls >= 20);
}

#[test]
#[should_panic(expected = "Pots has no method Stir")]
fn unknown_methods_are_told() {
    let (mut sandbox, pots) = pots();
    Fuzz::new(pots)
        .only(&["Stir"])
        .check(&mut sandbox, |_, _| Ok(()));
}
