//! What a voucher is worth. Lanes are paid in independently, so that vouchers of one can be redeemed whatever becomes of another's. A voucher
//! counts all that was paid in its lane, and in lanes merged into it; what was redeemed of that before is taken off (Filecoin spec,
//! "Payment Channels", "Lanes").

use filigree_sdk::collections::{Blocks, OpenArray};
use filigree_sdk::prelude::*;

use crate::state::Paych;
use crate::voucher::SignedVoucher;

/// The highest number of a lane.
pub const MAX_LANE: u64 = i64::MAX as u64;

/// What was redeemed in each lane.
pub type Lanes = Array<LaneState>;

/// What was redeemed in a lane.
#[tuple]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaneState {
    /// The amount of the last voucher redeemed, attoFIL.
    pub redeemed: TokenAmount,
    /// The number that the next voucher must exceed.
    pub nonce: u64,
}

impl Paych {
    /// Redeems a voucher that was checked otherwise, in a channel with a balance in attoFIL.
    pub fn redeem<S: Blocks>(
        &mut self,
        store: S,
        voucher: &SignedVoucher,
        balance: &TokenAmount,
    ) -> Result<()> {
        let mut lanes = self.lane_states.open_in(store)?;
        let redeemed_before = take_up(&mut lanes, voucher)?;
        let to_send = &self.to_send + &voucher.amount - redeemed_before;
        ensure!(
            !to_send.is_negative(),
            illegal_argument,
            "the voucher is for less than was redeemed"
        );
        ensure!(
            to_send <= *balance,
            illegal_argument,
            "the channel has {} atto only",
            balance.atto_text()
        );
        self.to_send = to_send;
        self.settle_not_before(voucher.min_settle_height);
        let lane = LaneState {
            redeemed: voucher.amount.clone(),
            nonce: voucher.nonce,
        };
        lanes.set(voucher.lane, &lane)?;
        self.lane_states = lanes.close()?;
        Ok(())
    }
}

/// Takes up the merged lanes' new numbers. Gives what was redeemed before of all that the voucher counts.
fn take_up<S: Blocks>(
    lanes: &mut OpenArray<S, LaneState>,
    voucher: &SignedVoucher,
) -> Result<TokenAmount> {
    let mut redeemed = match find(lanes, voucher.lane)? {
        Some(lane) => {
            ensure!(
                lane.nonce < voucher.nonce,
                illegal_argument,
                "lane {} is at number {}, the voucher has {}",
                voucher.lane,
                lane.nonce,
                voucher.nonce
            );
            lane.redeemed
        }
        None => TokenAmount::default(),
    };
    for merge in &voucher.merges {
        let number = merge.lane;
        ensure!(
            number != voucher.lane,
            illegal_argument,
            "lane {number} is merged into itself"
        );
        let mut lane = find(lanes, number)?
            .ok_or_else(|| Error::illegal_argument(format!("there is no lane {number}")))?;
        ensure!(
            lane.nonce < merge.nonce,
            illegal_argument,
            "lane {number} is at number {}, the merge has {}",
            lane.nonce,
            merge.nonce
        );
        lane.nonce = merge.nonce;
        lanes.set(number, &lane)?;
        redeemed += lane.redeemed;
    }
    Ok(redeemed)
}

fn find<S: Blocks>(lanes: &OpenArray<S, LaneState>, number: u64) -> Result<Option<LaneState>> {
    ensure!(
        number <= MAX_LANE,
        illegal_argument,
        "no lane has a number above {MAX_LANE}"
    );
    lanes.get(number)
}

#[cfg(test)]
mod tests;
