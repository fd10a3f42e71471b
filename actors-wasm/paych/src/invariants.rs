//! What is wrong with the state of a payment channel.

use filigree_builtin::{Broken, Invariants};
use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;
use fvm_shared::address::Protocol;

use crate::state::Paych;

impl Paych {
    /// What is wrong with the state, given the actor's balance in attoFIL.
    pub fn check_invariants<S: Blocks>(&self, store: S, balance: &TokenAmount) -> Vec<Broken> {
        let mut invariants = Invariants::default();
        for party in [self.from, self.to] {
            let is_id = party.protocol() == Protocol::ID;
            invariants.require(is_id, "paych/party-is-id", || format!("{party} is none"));
        }
        let (settling_at, least) = (self.settling_at, self.min_settle_height);
        invariants.require(
            settling_at == 0 || settling_at >= least,
            "paych/settles-late-enough",
            || format!("it settles at {settling_at}, before {least}"),
        );
        let to_send = &self.to_send;
        invariants.require(
            !to_send.is_negative() && to_send <= balance,
            "paych/can-pay",
            || format!("it owes {} atto and has {}", to_send.atto(), balance.atto()),
        );
        let read = self.lane_states.open_in(store).and_then(|lanes| {
            lanes.for_each(|number, lane| {
                let redeemed = lane.redeemed;
                invariants.require(!redeemed.is_negative(), "paych/redeemed", || {
                    format!("{} atto in lane {number}", redeemed.atto())
                });
                Ok(())
            })
        });
        if let Err(error) = read {
            invariants.require(false, "paych/lanes", || error.to_string());
        }
        invariants.into_broken()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::LaneState;
    use crate::state::tests::channel;
    use crate::voucher::tests::voucher;
    use fvm_ipld_blockstore::MemoryBlockstore;

    #[test]
    fn invariants_are_told_by_name() {
        let store = MemoryBlockstore::new();
        let balance = TokenAmount::from_atto(100);
        let mut good = channel(&store);
        good.redeem(&store, &voucher(0, 1, 100), &balance).unwrap();
        good.settle_not_before(50);
        assert_eq!(good.check_invariants(&store, &balance), []);

        let mut lanes = good.lane_states.open_in(&store).unwrap();
        let lane = LaneState {
            redeemed: TokenAmount::from_atto(-1),
            nonce: 0,
        };
        lanes.set(5, &lane).unwrap();
        let bad = Paych {
            from: Address::new_actor(b"robust"),
            settling_at: 49,
            to_send: TokenAmount::from_atto(101),
            lane_states: lanes.close().unwrap(),
            ..good.clone()
        };
        let broken = bad.check_invariants(&store, &balance);
        let names: Vec<&str> = broken.iter().map(|broken| broken.name).collect();
        assert_eq!(
            names,
            [
                "paych/party-is-id",
                "paych/settles-late-enough",
                "paych/can-pay",
                "paych/redeemed",
            ]
        );
        let lost = good.check_invariants(MemoryBlockstore::new(), &balance);
        assert_eq!(lost[0].name, "paych/lanes");
    }
}
