//! Vouchers in and out of order, in a store in memory.

use fvm_ipld_blockstore::MemoryBlockstore;

use super::*;
use crate::state::tests::channel;
use crate::voucher::Merge;
use crate::voucher::tests::voucher;

/// A channel that has a thousand atto.
struct Channel {
    store: MemoryBlockstore,
    state: Paych,
}

impl Channel {
    fn new() -> Self {
        let store = MemoryBlockstore::new();
        let state = channel(&store);
        Self { store, state }
    }

    /// Redeems a voucher; gives what the channel will pay, attoFIL.
    fn redeem(&mut self, voucher: SignedVoucher) -> std::result::Result<TokenAmount, ExitCode> {
        let balance = TokenAmount::from_atto(1_000);
        let mut state = self.state.clone();
        let redeemed = state.redeem(&self.store, &voucher, &balance);
        redeemed.map_err(|error| error.code)?;
        self.state = state;
        Ok(self.state.to_send.clone())
    }

    /// Amount and number of a lane.
    fn lane(&self, number: u64) -> Option<(TokenAmount, u64)> {
        let lanes = self.state.lane_states.open_in(&self.store).unwrap();
        let lane = lanes.get(number).unwrap();
        lane.map(|lane| (lane.redeemed, lane.nonce))
    }
}

fn merging(merges: &[(u64, u64)], into: SignedVoucher) -> SignedVoucher {
    let merge = |(lane, nonce): &(u64, u64)| Merge {
        lane: *lane,
        nonce: *nonce,
    };
    SignedVoucher {
        merges: merges.iter().map(merge).collect(),
        ..into
    }
}

fn atto(amount: i64) -> TokenAmount {
    TokenAmount::from_atto(amount)
}

const ILLEGAL: std::result::Result<TokenAmount, ExitCode> = Err(ExitCode::USR_ILLEGAL_ARGUMENT);

#[test]
fn a_voucher_counts_what_earlier_ones_paid() {
    let mut channel = Channel::new();
    assert_eq!(channel.redeem(voucher(3, 1, 10)), Ok(atto(10)));
    assert_eq!(channel.redeem(voucher(3, 5, 25)), Ok(atto(25)));
    assert_eq!(channel.redeem(voucher(4, 1, 100)), Ok(atto(125)));
    assert_eq!(channel.lane(3), Some((atto(25), 5)));
    assert_eq!(channel.lane(4), Some((atto(100), 1)));
    assert_eq!(channel.lane(5), None);
}

#[test]
fn old_vouchers_are_worth_nothing() {
    let mut channel = Channel::new();
    channel.redeem(voucher(0, 5, 10)).unwrap();
    for nonce in [0, 4, 5] {
        assert_eq!(channel.redeem(voucher(0, nonce, 20)), ILLEGAL);
    }
    // A new lane takes any number, 0 too; then that one is used up.
    assert_eq!(channel.redeem(voucher(1, 0, 1)), Ok(atto(11)));
    assert_eq!(channel.redeem(voucher(1, 0, 2)), ILLEGAL);
}

#[test]
fn a_voucher_may_take_back_what_is_not_paid_out() {
    let mut channel = Channel::new();
    channel.redeem(voucher(0, 1, 10)).unwrap();
    assert_eq!(channel.redeem(voucher(0, 2, 4)), Ok(atto(4)));
    assert_eq!(channel.redeem(voucher(0, 3, 0)), Ok(atto(0)));
}

#[test]
fn merged_lanes_are_counted_once() {
    let mut channel = Channel::new();
    channel.redeem(voucher(0, 1, 10)).unwrap();
    channel.redeem(voucher(1, 1, 20)).unwrap();
    channel.redeem(voucher(2, 1, 40)).unwrap();
    // 100 in all, of which 10 + 20 + 40 are redeemed.
    let all = merging(&[(1, 2), (2, 9)], voucher(0, 2, 100));
    assert_eq!(channel.redeem(all), Ok(atto(100)));
    assert_eq!(channel.lane(0), Some((atto(100), 2)));
    assert_eq!(channel.lane(1), Some((atto(20), 2)));
    assert_eq!(channel.lane(2), Some((atto(40), 9)));
    // Into a new lane.
    let new = merging(&[(0, 3)], voucher(7, 1, 130));
    assert_eq!(channel.redeem(new), Ok(atto(130)));
}

#[test]
fn merges_name_other_lanes_and_new_numbers() {
    let mut channel = Channel::new();
    channel.redeem(voucher(0, 1, 10)).unwrap();
    channel.redeem(voucher(1, 5, 20)).unwrap();
    for bad in [(0, 2), (1, 5), (1, 4), (2, 1), (MAX_LANE + 1, 1)] {
        let voucher = merging(&[bad], voucher(0, 2, 100));
        assert_eq!(channel.redeem(voucher), ILLEGAL, "{bad:?}");
    }
    let twice = merging(&[(1, 6), (1, 6)], voucher(0, 2, 100));
    assert_eq!(channel.redeem(twice), ILLEGAL);
    // As in release 18, a lane merged twice with rising numbers is taken off twice.
    let rising = merging(&[(1, 6), (1, 7)], voucher(0, 2, 100));
    assert_eq!(channel.redeem(rising), Ok(atto(30 + 100 - 10 - 20 - 20)));
}

#[test]
fn a_channel_pays_between_nothing_and_all_it_has() {
    let mut channel = Channel::new();
    assert_eq!(channel.redeem(voucher(0, 1, 1_001)), ILLEGAL);
    assert_eq!(channel.redeem(voucher(0, 1, 600)), Ok(atto(600)));
    assert_eq!(channel.redeem(voucher(1, 1, 401)), ILLEGAL);
    assert_eq!(channel.redeem(voucher(1, 1, 400)), Ok(atto(1_000)));
    // 10 for both lanes, of which 1,000 were redeemed.
    let back = merging(&[(1, 2)], voucher(0, 2, 10));
    assert_eq!(channel.redeem(back), Ok(atto(10)));
    // Lane 1 still counts as redeemed, so merging it again leaves less than nothing.
    let again = merging(&[(0, 3), (1, 3)], voucher(2, 1, 5));
    assert_eq!(channel.redeem(again), ILLEGAL);
}

#[test]
fn lanes_have_numbers_of_63_bits() {
    let mut channel = Channel::new();
    assert_eq!(channel.redeem(voucher(MAX_LANE, 1, 1)), Ok(atto(1)));
    assert_eq!(channel.redeem(voucher(MAX_LANE + 1, 1, 1)), ILLEGAL);
}
