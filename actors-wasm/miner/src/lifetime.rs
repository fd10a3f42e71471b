//! How long a sector may live (Filecoin spec, "Sector Lifecycle"; FIP-0052).

use filigree_builtin::POLICY;
use filigree_sdk::prelude::*;
use fvm_shared::sector::RegisteredSealProof;

use crate::policy::seal_proof_sector_maximum_lifetime;

/// Fails unless a sector activated at `activation` (not before epoch 0, perhaps in the future) may be set to expire at `expiration`.
pub fn validate_expiration(
    epoch: ChainEpoch,
    activation: ChainEpoch,
    expiration: ChainEpoch,
    seal_proof: RegisteredSealProof,
) -> Result<()> {
    ensure!(
        expiration > activation,
        illegal_argument,
        "expiration at {expiration}, which is not after activation at {activation}"
    );
    let lifetime = expiration - activation;
    ensure!(
        lifetime >= POLICY.min_sector_expiration,
        illegal_argument,
        "a lifetime of {lifetime} epochs, {} are the least",
        POLICY.min_sector_expiration
    );
    ensure!(
        expiration <= epoch + POLICY.max_sector_expiration_extension,
        illegal_argument,
        "expiration at {expiration}, more than {} epochs from now",
        POLICY.max_sector_expiration_extension
    );
    let max_lifetime = seal_proof_sector_maximum_lifetime(seal_proof)
        .ok_or_else(|| Error::illegal_argument("a seal proof of unknown lifetime"))?;
    ensure!(
        lifetime <= max_lifetime,
        illegal_argument,
        "a lifetime of {lifetime} epochs, {max_lifetime} are the most"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use filigree_builtin::network::EPOCHS_IN_DAY;

    const SEAL: RegisteredSealProof = RegisteredSealProof::StackedDRG32GiBV1P1;

    fn is_valid(
        epoch: ChainEpoch,
        activation: ChainEpoch,
        expiration: ChainEpoch,
        seal_proof: RegisteredSealProof,
    ) -> bool {
        validate_expiration(epoch, activation, expiration, seal_proof).is_ok()
    }

    #[test]
    fn sectors_live_for_180_days_to_five_years() {
        let (min, five_years) = (180 * EPOCHS_IN_DAY, 5_259_485);
        let epoch = 10_000_000;
        assert!(!is_valid(epoch, epoch, epoch, SEAL));
        assert!(!is_valid(epoch, epoch, epoch + min - 1, SEAL));
        assert!(is_valid(epoch, epoch, epoch + min, SEAL));
        // An old sector, extended.
        let old = epoch + min - five_years;
        assert!(is_valid(epoch, old, epoch + min, SEAL));
        assert!(!is_valid(epoch, old, epoch + min + 1, SEAL));
    }

    #[test]
    fn nobody_commits_for_more_than_1278_days_from_now() {
        let epoch = 10_000_000;
        let most = epoch + 1_278 * EPOCHS_IN_DAY;
        assert!(is_valid(epoch, epoch, most, SEAL));
        assert!(!is_valid(epoch, epoch, most + 1, SEAL));
        // That the sector is activated later makes no difference.
        assert!(!is_valid(epoch, epoch + 1_000, most + 1, SEAL));
        assert!(!is_valid(epoch, epoch, i64::MAX, SEAL));
    }

    #[test]
    fn old_seals_live_for_540_days() {
        let old = RegisteredSealProof::StackedDRG32GiBV1;
        assert!(is_valid(0, 0, 540 * EPOCHS_IN_DAY, old));
        assert!(!is_valid(0, 0, 540 * EPOCHS_IN_DAY + 1, old));
        let unknown = RegisteredSealProof::Invalid(99);
        assert!(!is_valid(0, 0, 540 * EPOCHS_IN_DAY, unknown));
    }
}
