//! Rules that follow from the network's policy and from types of proofs.

use filigree_builtin::Policy;
use filigree_builtin::network::{EPOCHS_IN_DAY, EPOCHS_IN_HOUR, EPOCHS_IN_YEAR};
use filigree_sdk::prelude::*;
use fvm_shared::sector::{RegisteredSealProof, SectorSize};

/// Whether sectors may be pre-committed with this seal proof.
pub fn can_pre_commit_seal_proof(policy: &Policy, proof: RegisteredSealProof) -> bool {
    policy.valid_pre_commit_proof_type.contains(proof)
}

/// Whether sectors may be committed without interaction with this seal proof (FIP-0092).
pub fn can_prove_commit_ni_seal_proof(policy: &Policy, proof: RegisteredSealProof) -> bool {
    policy.valid_prove_commit_ni_proof_type.contains(proof)
}

/// From a pre-commit to the last epoch in which it may be proven. `None` if sectors sealed like this are not pre-committed.
pub fn max_prove_commit_duration(
    policy: &Policy,
    proof: RegisteredSealProof,
) -> Option<ChainEpoch> {
    let days = match i64::from(proof) {
        // Version 1.
        0..=4 => 1,
        // Version 1.1, and synthetic.
        5..=14 => 30,
        _ => return None,
    };
    Some(days * EPOCHS_IN_DAY + policy.pre_commit_challenge_delay)
}

/// How long a sector may live. `None` if the seal proof is unknown.
pub fn seal_proof_sector_maximum_lifetime(proof: RegisteredSealProof) -> Option<ChainEpoch> {
    match i64::from(proof) {
        // Version 1.
        0..=4 => Some(540 * EPOCHS_IN_DAY),
        // Version 1.1, synthetic, and non-interactive.
        5..=19 => Some(5 * EPOCHS_IN_YEAR),
        _ => None,
    }
}

/// Most deals in a sector.
pub fn sector_deals_max(policy: &Policy, size: SectorSize) -> u64 {
    (size as u64 / policy.deal_limit_denominator).max(256)
}

/// Most partitions whose sectors a call may load.
pub fn load_partitions_sectors_max(policy: &Policy, partition_sectors: u64) -> u64 {
    (policy.addressed_sectors_max / partition_sectors).min(policy.addressed_partitions_max)
}

/// How an amount is freed over time: in equal steps. All in epochs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VestSpec {
    /// Before the first step's time begins.
    pub initial_delay: ChainEpoch,
    /// From then until all is free.
    pub vest_period: ChainEpoch,
    /// From one step to the next.
    pub step_duration: ChainEpoch,
    /// Steps are rounded up to multiples of this.
    pub quantization: ChainEpoch,
}

/// How rewards are freed: over 180 days, by the day (FIP-0004).
pub const REWARD_VESTING_SPEC: VestSpec = VestSpec {
    initial_delay: 0,
    vest_period: 180 * EPOCHS_IN_DAY,
    step_duration: EPOCHS_IN_DAY,
    quantization: 12 * EPOCHS_IN_HOUR,
};

#[cfg(test)]
mod tests {
    use super::*;
    use RegisteredSealProof::*;
    use filigree_builtin::policy::{DEVNET, MAINNET};

    #[test]
    fn seals_are_proven_within_a_day_or_thirty() {
        let days = |proof| max_prove_commit_duration(&MAINNET, proof);
        assert_eq!(days(StackedDRG32GiBV1), Some(2_880 + 150));
        assert_eq!(days(StackedDRG64GiBV1), Some(2_880 + 150));
        for proof in [StackedDRG2KiBV1P1, StackedDRG64GiBV1P1_Feat_SyntheticPoRep] {
            assert_eq!(days(proof), Some(86_400 + 150));
        }
        assert_eq!(days(StackedDRG2KiBV1P2_Feat_NiPoRep), None);
        for unknown in [-1, 20] {
            assert_eq!(days(Invalid(unknown)), None);
            assert_eq!(seal_proof_sector_maximum_lifetime(Invalid(unknown)), None);
        }
        let devnet = max_prove_commit_duration(&DEVNET, StackedDRG2KiBV1P1);
        assert_eq!(devnet, Some(86_400 + 10));
    }

    #[test]
    fn sectors_live_five_years() {
        let lifetime = seal_proof_sector_maximum_lifetime;
        assert_eq!(lifetime(StackedDRG64GiBV1), Some(1_555_200));
        for proof in [StackedDRG2KiBV1P1, StackedDRG64GiBV1P2_Feat_NiPoRep] {
            assert_eq!(lifetime(proof), Some(5_259_485));
        }
    }

    #[test]
    fn limits_follow_from_sizes() {
        let deals = |size| sector_deals_max(&MAINNET, size);
        assert_eq!(deals(SectorSize::_2KiB), 256);
        assert_eq!(deals(SectorSize::_32GiB), 256);
        assert_eq!(deals(SectorSize::_64GiB), 512);
        assert_eq!(load_partitions_sectors_max(&MAINNET, 2_349), 10);
        assert_eq!(load_partitions_sectors_max(&MAINNET, 2), 3_000);
    }
}
