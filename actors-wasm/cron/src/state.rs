//! The state of the cron actor.

use filigree_builtin::{Broken, Invariants};
use filigree_sdk::prelude::*;

/// The cron actor's state.
#[tuple]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cron {
    /// What is called, in this order.
    pub entries: Vec<Entry>,
}

/// Parameters of the constructor: an array around the entries, as the state is.
#[tuple]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConstructorParams {
    /// What will be called, in this order.
    pub entries: Vec<Entry>,
}

/// A call to be made.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The actor, by its id.
    pub receiver: Address,
    /// A method without parameters.
    pub method_num: MethodNum,
}

impl Entry {
    /// The call.
    pub(crate) fn call(&self) -> Call<()> {
        Call::new(self.receiver, self.method_num, None)
    }
}

impl Cron {
    /// What is wrong with the state.
    pub fn check_invariants(&self) -> Vec<Broken> {
        let mut invariants = Invariants::default();
        for (i, entry) in self.entries.iter().enumerate() {
            let receiver = entry.receiver;
            invariants.require(receiver.id().is_ok(), "cron/receiver-is-id", || {
                format!("entry {i} calls {receiver}")
            });
            invariants.require(entry.method_num > 0, "cron/method-number", || {
                format!("entry {i} calls method 0")
            });
        }
        invariants.into_broken()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_call_methods_of_ids() {
        let entry = |receiver, method_num| Entry {
            receiver,
            method_num,
        };
        let good = entry(Address::new_id(4), 5);
        let bad = entry(Address::new_actor(b"robust"), 0);
        let entries = vec![good.clone(), bad];
        let broken = Cron { entries }.check_invariants();
        let names: Vec<&str> = broken.iter().map(|broken| broken.name).collect();
        assert_eq!(names, ["cron/receiver-is-id", "cron/method-number"]);
        assert!(broken[0].to_string().contains("entry 1"));
        assert_eq!(
            Cron {
                entries: vec![good]
            }
            .check_invariants(),
            []
        );
    }
}
