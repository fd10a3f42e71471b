//! What a verified deal asks of the verified registry (FIP-0045): an allocation for its piece, to be claimed when the piece is proven.

use filigree_builtin::POLICY;
use filigree_builtin::calls::verifreg::AllocationRequest;
use filigree_sdk::prelude::*;
use fvm_shared::piece::PaddedPieceSize;

use crate::deal::{DealProposal, Parties};

/// The allocation for a deal published at `now`: to be claimed until the deal starts, at least for as long as the deal, at most for some time
/// more, so that the provider may go on storing the piece.
pub fn allocation(deal: &DealProposal, parties: Parties, now: ChainEpoch) -> AllocationRequest {
    let term_min = deal.duration();
    let term_max = term_min + POLICY.market_default_allocation_term_buffer;
    let latest = now + POLICY.maximum_verified_allocation_expiration;
    AllocationRequest {
        provider: parties.provider,
        data: deal.piece_cid,
        size: deal.piece_size,
        term_min,
        term_max: term_max.min(POLICY.maximum_verified_allocation_term),
        expiration: deal.start_epoch.min(latest),
    }
}

/// The tokens of datacap for a piece: one for each byte. The piece of 2⁶³ bytes costs less than none here, and fails where tokens are moved.
pub fn tokens(size: PaddedPieceSize) -> TokenAmount {
    TokenAmount::from_whole(size.0.cast_signed())
}

/// The tokens of datacap for allocations.
pub fn total(requests: &[AllocationRequest]) -> Result<TokenAmount> {
    let bytes = requests
        .iter()
        .try_fold(0u64, |sum, request| sum.checked_add(request.size.0));
    let bytes = bytes.ok_or_else(|| Error::assertion_failed("pieces of more than 2^64 bytes"))?;
    Ok(TokenAmount::from_whole(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{CLIENT, PROVIDER, deal};
    use filigree_builtin::network::{EPOCHS_IN_DAY, EPOCHS_IN_YEAR};

    const PARTIES: Parties = Parties {
        client: CLIENT,
        provider: PROVIDER,
    };

    fn request(start_epoch: ChainEpoch, days: i64, now: ChainEpoch) -> AllocationRequest {
        let deal = DealProposal {
            start_epoch,
            end_epoch: start_epoch + days * EPOCHS_IN_DAY,
            ..deal()
        };
        allocation(&deal, PARTIES, now)
    }

    #[test]
    fn an_allocation_lasts_as_long_as_the_deal_and_90_days_more() {
        let request = request(1_000, 200, 10);
        assert_eq!(request.provider, PROVIDER);
        assert_eq!(request.term_min, 200 * 2_880);
        assert_eq!(request.term_max, 290 * 2_880);
        assert_eq!(request.expiration, 1_000);
    }

    #[test]
    fn there_are_limits_to_its_term_and_to_when_it_is_claimed() {
        assert_eq!(request(0, 1_700, 0).term_max, 1_790 * 2_880);
        assert_eq!(request(0, 1_800, 0).term_max, 5 * EPOCHS_IN_YEAR);
        let latest = 500 + 60 * 2_880;
        assert_eq!(request(latest, 200, 500).expiration, latest);
        assert_eq!(request(latest + 1, 200, 500).expiration, latest);
    }

    #[test]
    fn a_byte_costs_a_token() {
        assert_eq!(
            tokens(PaddedPieceSize(2_048)),
            TokenAmount::from_whole(2_048)
        );
        assert!(tokens(PaddedPieceSize(1 << 63)).is_negative());
        let of_size = |size| AllocationRequest {
            size: PaddedPieceSize(size),
            ..request(0, 200, 0)
        };
        let two = [of_size(128), of_size(1 << 40)];
        assert_eq!(total(&two), Ok(TokenAmount::from_whole(128u64 + (1 << 40))));
        let huge = [of_size(1 << 63), of_size(1 << 63)];
        assert_eq!(
            total(&huge).unwrap_err().code,
            ExitCode::USR_ASSERTION_FAILED
        );
    }
}
