//! What is wrong with the state of the datacap actor.

use filigree_builtin::{Broken, Invariants};
use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;
use fvm_shared::address::Protocol;

use crate::ledger::{BITS, Ledger, check_amount};
use crate::state::Datacap;

impl Datacap {
    /// What is wrong with the state.
    pub fn check_invariants<S: Blocks + Clone>(&self, store: S) -> Vec<Broken> {
        let mut invariants = Invariants::default();
        let governor = self.governor;
        invariants.require(
            governor.protocol() == Protocol::ID,
            "datacap/governor-is-id",
            || format!("it is {governor}"),
        );
        self.token.check(store, &mut invariants);
        invariants.into_broken()
    }
}

impl Ledger {
    fn check<S: Blocks + Clone>(&self, store: S, invariants: &mut Invariants) {
        let bits = self.hamt_bit_width;
        invariants.require(bits == BITS, "datacap/bit-width", || {
            format!("it is {bits}, the maps have {BITS}")
        });
        let checked = self.check_balances(store.clone(), invariants);
        unreadable(invariants, "datacap/balances", checked);
        let checked = self.check_allowances(store, invariants);
        unreadable(invariants, "datacap/allowances", checked);
    }

    fn check_balances<S: Blocks>(&self, store: S, invariants: &mut Invariants) -> Result<()> {
        let mut sum = TokenAmount::default();
        self.balances.open_in(store)?.for_each(|owner, balance| {
            invariants.require(
                balance.is_positive() && check_amount(&balance).is_ok(),
                "datacap/balance",
                || format!("f0{owner} has {} atto", balance.atto()),
            );
            sum += balance;
            Ok(())
        })?;
        invariants.require(sum == self.supply, "datacap/supply", || {
            format!(
                "it is {}, the balances add up to {}",
                self.supply.atto(),
                sum.atto()
            )
        });
        Ok(())
    }

    fn check_allowances<S: Blocks + Clone>(
        &self,
        store: S,
        invariants: &mut Invariants,
    ) -> Result<()> {
        let all = self.allowances.open_in(store.clone())?;
        all.for_each(|owner, of_owner| {
            let of_owner = of_owner.open_in(store.clone())?;
            invariants.require(!of_owner.is_empty(), "datacap/allowances-of-owner", || {
                format!("f0{owner} has an empty map of them")
            });
            of_owner.for_each(|operator, allowance| {
                invariants.require(allowance.is_positive(), "datacap/allowance", || {
                    format!(
                        "f0{operator} may spend {} atto of f0{owner}",
                        allowance.atto()
                    )
                });
                Ok(())
            })
        })
    }
}

fn unreadable(invariants: &mut Invariants, name: &'static str, checked: Result<()>) {
    if let Err(error) = checked {
        invariants.require(false, name, || error.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fvm_ipld_blockstore::MemoryBlockstore;

    #[test]
    fn invariants_are_told_by_name() {
        let store = MemoryBlockstore::new();
        let mut state = Datacap::governed_by(&store, Address::new_id(6)).unwrap();
        let token = &mut state.token;
        token
            .mint(&store, 100, &TokenAmount::from_whole(5))
            .unwrap();
        // An account may allow itself what it may do anyway.
        token.approve(&store, 100, &[5, 100]).unwrap();
        assert_eq!(state.check_invariants(&store), []);

        let mut bad = state.clone();
        bad.governor = Address::new_actor(b"robust");
        bad.token.hamt_bit_width = 5;
        let mut balances = bad.token.balances.open_in(&store).unwrap();
        balances.set(&101, &TokenAmount::from_atto(1)).unwrap();
        bad.token.balances = balances.close().unwrap();
        let mut allowances = bad.token.allowances.open_in(&store).unwrap();
        let empty = Ledger::empty(&store).unwrap().balances;
        allowances.set(&102, &empty).unwrap();
        let mut negative = empty.open_in(&store).unwrap();
        negative.set(&5, &TokenAmount::from_atto(-1)).unwrap();
        allowances.set(&103, &negative.close().unwrap()).unwrap();
        bad.token.allowances = allowances.close().unwrap();
        let broken = bad.check_invariants(&store);
        for name in [
            "datacap/governor-is-id",
            "datacap/bit-width",
            "datacap/balance",
            "datacap/supply",
            "datacap/allowances-of-owner",
            "datacap/allowance",
        ] {
            let found = broken.iter().filter(|broken| broken.name == name).count();
            assert_eq!(found, 1, "{name}: {broken:?}");
        }
        assert_eq!(broken.len(), 6);
        let lost = state.check_invariants(MemoryBlockstore::new());
        let names: Vec<&str> = lost.iter().map(|broken| broken.name).collect();
        assert_eq!(names, ["datacap/balances", "datacap/allowances"]);
    }
}
