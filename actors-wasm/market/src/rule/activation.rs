//! Whether a published deal may begin in a sector (Filecoin spec, "Storage Deal States"; FIP-0076, "SectorContentChanged").

use filigree_sdk::prelude::*;

use crate::DEAL_EXPIRED;
use crate::deal::{DealId, DealProposal};

/// Fails unless the deal may begin at `now` in a sector that `provider` commits to until `commitment`.
pub fn check(
    id: DealId,
    deal: &DealProposal,
    provider: ActorID,
    commitment: ChainEpoch,
    now: ChainEpoch,
) -> Result<()> {
    ensure!(
        deal.provider == Address::new_id(provider),
        forbidden,
        "deal {id} is not f0{provider}'s"
    );
    if now > deal.start_epoch {
        // As if it were cleaned up already.
        return Err(Error::new(
            DEAL_EXPIRED,
            format!("deal {id} should have begun at {}", deal.start_epoch),
        ));
    }
    ensure!(
        deal.end_epoch <= commitment,
        illegal_argument,
        "deal {id} lasts until {}, its sector until {commitment}",
        deal.end_epoch
    );
    Ok(())
}

/// Fails unless the pieces of the deals, of which there may be gaps between, could fit into a sector.
pub fn check_size(deals: &[DealProposal], sector_size: u64) -> Result<()> {
    let space: u128 = deals.iter().map(|deal| u128::from(deal.piece_size.0)).sum();
    ensure!(
        space <= sector_size.into(),
        illegal_argument,
        "deals are too large for a sector of {sector_size} bytes"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{PROVIDER, deal};
    use fvm_shared::piece::PaddedPieceSize;

    #[test]
    fn a_deal_begins_in_time_in_a_sector_of_its_provider_that_lasts() {
        let deal = deal();
        let (start, end) = (deal.start_epoch, deal.end_epoch);
        for (provider, commitment, now, expected) in [
            (PROVIDER, end, start, Ok(())),
            (PROVIDER, end + 1, 0, Ok(())),
            (PROVIDER + 1, end, start, Err(ExitCode::USR_FORBIDDEN)),
            (PROVIDER, end, start + 1, Err(DEAL_EXPIRED)),
            (
                PROVIDER,
                end - 1,
                start,
                Err(ExitCode::USR_ILLEGAL_ARGUMENT),
            ),
            // The first reason is told.
            (PROVIDER, end - 1, start + 1, Err(DEAL_EXPIRED)),
            (
                PROVIDER + 1,
                end - 1,
                start + 1,
                Err(ExitCode::USR_FORBIDDEN),
            ),
        ] {
            let code = check(1, &deal, provider, commitment, now).map_err(|error| error.code);
            assert_eq!(code, expected, "{provider} {commitment} {now}");
        }
    }

    #[test]
    fn pieces_fit_into_the_sector() {
        let of_size = |size| DealProposal {
            piece_size: PaddedPieceSize(size),
            ..deal()
        };
        let half = [of_size(1 << 10)];
        let full = [of_size(1 << 10), of_size(1 << 10)];
        let huge = [of_size(u64::MAX), of_size(u64::MAX)];
        assert!(check_size(&[], 0).is_ok());
        assert!(check_size(&half, 2 << 10).is_ok());
        assert!(check_size(&full, 2 << 10).is_ok());
        for deals in [&full, &huge] {
            let code = check_size(deals, (2 << 10) - 1).unwrap_err().code;
            assert_eq!(code, ExitCode::USR_ILLEGAL_ARGUMENT);
        }
    }
}
