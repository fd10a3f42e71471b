//! What is due of a deal: each epoch from its start to its end costs the same; a deal that ends early costs up to then, and the client gets
//! the rest back (Filecoin spec, "Deal Payment and slashing"; FIP-0074 for when it is paid).

use filigree_sdk::prelude::*;

use crate::deal::DealProposal;

/// The payment for the epochs before `until` that are not paid for yet, attoFIL; `last_paid` is −1 if none are. Nothing is due before the
/// deal starts or after it ends.
pub fn due(deal: &DealProposal, last_paid: ChainEpoch, until: ChainEpoch) -> Result<TokenAmount> {
    let from = deal.start_epoch.max(last_paid);
    let epochs = deal.end_epoch.min(until).checked_sub(from);
    let epochs = epochs.ok_or_else(|| Error::assertion_failed("an epoch out of range"))?;
    Ok(&deal.storage_price_per_epoch * epochs.max(0))
}

/// What a deal that ends at `end`, not after its own end, would have cost from then on, attoFIL.
pub fn remaining(deal: &DealProposal, end: ChainEpoch) -> Result<TokenAmount> {
    ensure!(
        end <= deal.end_epoch,
        illegal_state,
        "a deal that ends at {} was ended at {end}",
        deal.end_epoch
    );
    let epochs = deal.end_epoch - end.max(deal.start_epoch);
    Ok(&deal.storage_price_per_epoch * epochs)
}

/// What the provider loses if the deal starts without its piece in a proven sector: all of its collateral.
pub fn activation_missed_penalty(deal: &DealProposal) -> &TokenAmount {
    &deal.provider_collateral
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::deal;

    fn atto(amount: Result<TokenAmount>) -> i64 {
        amount.unwrap().atto().try_into().unwrap()
    }

    #[test]
    fn each_epoch_costs_the_same_and_is_paid_once() {
        // 100 epochs from 50 on, at 7 attoFIL.
        let deal = DealProposal {
            start_epoch: 50,
            end_epoch: 150,
            storage_price_per_epoch: TokenAmount::from_atto(7),
            ..deal()
        };
        for (last_paid, until, epochs) in [
            (-1, 40, 0),
            (-1, 50, 0),
            (-1, 51, 1),
            (-1, 150, 100),
            (-1, 1_000, 100),
            (30, 60, 10),
            (60, 60, 0),
            (60, 61, 1),
            (60, 160, 90),
        ] {
            assert_eq!(
                atto(due(&deal, last_paid, until)),
                7 * epochs,
                "{last_paid} {until}"
            );
        }
        for (end, epochs) in [(0, 100), (50, 100), (51, 99), (149, 1), (150, 0)] {
            assert_eq!(atto(remaining(&deal, end)), 7 * epochs, "{end}");
        }
        let code = remaining(&deal, 151).unwrap_err().code;
        assert_eq!(code, ExitCode::USR_ILLEGAL_STATE);
        let code = due(&deal, -1, ChainEpoch::MIN).unwrap_err().code;
        assert_eq!(code, ExitCode::USR_ASSERTION_FAILED);
    }

    #[test]
    fn what_is_paid_and_what_remains_is_the_whole_fee() {
        let deal = deal();
        for until in [deal.start_epoch, deal.start_epoch + 1, deal.end_epoch] {
            let paid = due(&deal, -1, until).unwrap();
            assert_eq!(
                paid + remaining(&deal, until).unwrap(),
                deal.total_storage_fee()
            );
        }
    }
}
