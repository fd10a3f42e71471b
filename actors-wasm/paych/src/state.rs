//! The state of a payment channel.

use filigree_builtin::network::EPOCHS_IN_HOUR;
use filigree_sdk::prelude::*;

use crate::lanes::Lanes;

/// How long vouchers can be redeemed after a party asked to settle, in epochs.
pub const SETTLE_DELAY: ChainEpoch = 12 * EPOCHS_IN_HOUR;

/// A payment channel's state.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paych {
    /// Who pays, by id.
    pub from: Address,
    /// Who is paid, by id.
    pub to: Address,
    /// What was redeemed and is paid when the channel is collected, attoFIL.
    pub to_send: TokenAmount,
    /// When the channel can be collected; 0 until a party asked to settle.
    pub settling_at: ChainEpoch,
    /// The earliest epoch that may be: the latest that a redeemed voucher asked for.
    pub min_settle_height: ChainEpoch,
    /// What was redeemed in each lane.
    pub lane_states: Lanes,
}

impl Paych {
    /// Fails unless a party called.
    pub(crate) fn require_party(&self, ctx: &Context) -> Result<()> {
        let caller = ctx.caller();
        let address = Address::new_id(caller);
        ensure!(
            address == self.from || address == self.to,
            forbidden,
            "f0{caller} has no part in the channel"
        );
        Ok(())
    }

    /// Whether the time for vouchers is over.
    pub fn is_settled(&self, epoch: ChainEpoch) -> bool {
        self.settling_at != 0 && epoch >= self.settling_at
    }

    /// Sets when the channel settles.
    pub fn begin_to_settle(&mut self, epoch: ChainEpoch) -> Result<()> {
        ensure!(
            self.settling_at == 0,
            illegal_state,
            "the channel settles at epoch {} already",
            self.settling_at
        );
        self.settling_at = (epoch + SETTLE_DELAY).max(self.min_settle_height);
        Ok(())
    }

    /// Puts settling off, if a voucher asks for that.
    pub(crate) fn settle_not_before(&mut self, height: ChainEpoch) {
        if height == 0 {
            return;
        }
        if self.settling_at != 0 {
            self.settling_at = self.settling_at.max(height);
        }
        self.min_settle_height = self.min_settle_height.max(height);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use filigree_sdk::collections::{Blocks, OpenArray};
    use fvm_ipld_blockstore::MemoryBlockstore;

    /// A channel from f0101 to f0102.
    pub(crate) fn channel<S: Blocks>(store: S) -> Paych {
        Paych {
            from: Address::new_id(101),
            to: Address::new_id(102),
            to_send: TokenAmount::default(),
            settling_at: 0,
            min_settle_height: 0,
            lane_states: OpenArray::empty(store).close().unwrap(),
        }
    }

    #[test]
    fn settling_leaves_twelve_hours() {
        let mut state = channel(MemoryBlockstore::new());
        assert!(!state.is_settled(ChainEpoch::MAX));
        assert_eq!(state.begin_to_settle(10), Ok(()));
        assert_eq!(state.settling_at, 10 + 1_440);
        assert!(!state.is_settled(1_449) && state.is_settled(1_450));
        let again = state.begin_to_settle(11).unwrap_err();
        assert_eq!(again.code, ExitCode::USR_ILLEGAL_STATE);
    }

    #[test]
    fn vouchers_put_settling_off() {
        let mut state = channel(MemoryBlockstore::new());
        let heights = |state: &Paych| (state.settling_at, state.min_settle_height);
        state.settle_not_before(0);
        assert_eq!(heights(&state), (0, 0));
        state.settle_not_before(5_000);
        state.settle_not_before(4_000);
        assert_eq!(heights(&state), (0, 5_000));
        let mut late = state.clone();
        late.begin_to_settle(4_000).unwrap();
        assert_eq!(heights(&late), (5_440, 5_000));
        state.begin_to_settle(1).unwrap();
        assert_eq!(heights(&state), (5_000, 5_000));
        state.settle_not_before(-7);
        assert_eq!(heights(&state), (5_000, 5_000));
        state.settle_not_before(6_000);
        assert_eq!(heights(&state), (6_000, 6_000));
    }

    #[test]
    fn the_state_has_the_layout_of_release_18() {
        let state = Paych {
            to_send: TokenAmount::from_atto(9),
            settling_at: 5,
            min_settle_height: 4,
            ..channel(MemoryBlockstore::new())
        };
        let bytes = filigree_sdk::cbor::encode(&state).unwrap();
        let start = [
            0x86, 0x42, 0, 101, 0x42, 0, 102, 0x42, 0, 9, 5, 4, 0xd8, 0x2a,
        ];
        assert_eq!(bytes[..start.len()], start);
    }
}
