//! What networks may choose for themselves: periods, limits, sector sizes, and whether users install code. A bundle is built for one
//! network (`cargo xtask bundle --network`), by features of this crate that each actor passes on: `calibnet`, `devnet`, or neither for
//! mainnet; and `user-code`, which the init actor alone has. The values of public networks are those of the official bundles, release 18,
//! so that either can take over from the other.

use filigree_sdk::prelude::ChainEpoch;

use crate::network::{EPOCHS_IN_DAY, EPOCHS_IN_HOUR, EPOCHS_IN_YEAR};

/// Epochs after which a tipset is final (Filecoin spec, "Expected Consensus").
pub const CHAIN_FINALITY: ChainEpoch = 900;

/// The largest sector number.
pub const MAX_SECTOR_NUMBER: u64 = i64::MAX as u64;

/// The policy this is built for: that of a network, but users install code if the feature `user-code` is on. Sandboxes have it on with
/// mainnet's periods, and actors other than init have it nowhere. Methods use this; what nodes and tools ask of the miners of any network,
/// their state and the rules of its time, is given a [`Policy`].
pub const POLICY: Policy = Policy {
    user_code: cfg!(feature = "user-code"),
    ..NETWORK
};

const NETWORK: Policy = if cfg!(feature = "devnet") {
    DEVNET
} else if cfg!(feature = "calibnet") {
    CALIBNET
} else {
    MAINNET
};

/// A set of proof types, by their numbers (0 to 31).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProofSet(u32);

impl ProofSet {
    /// The set of these numbers.
    pub const fn of(numbers: &[u8]) -> Self {
        let (mut set, mut i) = (0, 0);
        while i < numbers.len() {
            set |= 1 << numbers[i];
            i += 1;
        }
        Self(set)
    }

    /// Whether a proof type is in it. Of its number the lowest 32 bits count, as they always have on chain, so that an invalid type may be in
    /// it too: nothing can be made of such a type later.
    pub fn contains<P: Into<i64>>(self, proof: P) -> bool {
        let number = proof.into() as u32;
        number < 32 && self.0 >> number & 1 == 1
    }
}

/// What a network chooses. Periods are in epochs, sizes and powers in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    // Init.
    /// Whether anyone may install Wasm and create actors of it (InstallCode). Hosts must have the import that this needs.
    pub user_code: bool,

    // Miner: proofs of replication.
    /// Most sectors in an aggregate of interactive proofs (FIP-0013).
    pub max_aggregated_sectors: u64,
    /// Fewest sectors in an aggregate of interactive proofs.
    pub min_aggregated_sectors: u64,
    /// Largest aggregate proof, in bytes.
    pub max_aggregated_proof_size: usize,
    /// Largest proof of a replica update, in bytes.
    pub max_replica_update_proof_size: usize,
    /// Most sectors in an aggregate of non-interactive proofs (FIP-0092).
    pub max_aggregated_sectors_ni: u64,
    /// Fewest sectors in an aggregate of non-interactive proofs.
    pub min_aggregated_sectors_ni: u64,
    /// How long an expired pre-commit stays, so that an aggregate that comes late still proves the others.
    pub expired_pre_commit_clean_up_delay: ChainEpoch,
    /// How far back the randomness of a seal may be when it is pre-committed.
    pub max_pre_commit_randomness_lookback: ChainEpoch,
    /// From a pre-commit to the epoch its challenge is drawn at.
    pub pre_commit_challenge_delay: ChainEpoch,
    /// How far back the randomness of a non-interactive seal may be.
    pub max_prove_commit_ni_randomness_lookback: ChainEpoch,

    // Miner: windowed proofs of spacetime.
    /// The period in which each sector is challenged once.
    pub wpost_proving_period: ChainEpoch,
    /// How long a deadline's challenge window is open.
    pub wpost_challenge_window: ChainEpoch,
    /// Deadlines in a proving period; one window after the other, they fill it.
    pub wpost_period_deadlines: u64,
    /// How long after its window a proof may be disputed.
    pub wpost_dispute_window: ChainEpoch,
    /// How long before a window opens its challenge is drawn.
    pub wpost_challenge_lookback: ChainEpoch,
    /// How long before a window opens faults must be declared; no less than `wpost_challenge_lookback`.
    pub fault_declaration_cutoff: ChainEpoch,
    /// How long a sector may be faulty before it is terminated.
    pub fault_max_age: ChainEpoch,

    // Miner: limits.
    /// Most partitions of a deadline.
    pub max_partitions_per_deadline: u64,
    /// Most partitions that a call may name.
    pub addressed_partitions_max: u64,
    /// Most sectors that a call may name.
    pub addressed_sectors_max: u64,
    /// Most partitions that a windowed proof may cover.
    pub posted_partitions_max: u64,
    /// Most control addresses of a miner.
    pub max_control_addresses: usize,
    /// Longest peer id, in bytes.
    pub max_peer_id_length: usize,
    /// Most multiaddresses, in bytes.
    pub max_multiaddr_data: usize,
    /// Bytes of a sector for each deal it may hold.
    pub deal_limit_denominator: u64,

    // Miner: keys, lifetimes, faults.
    /// From a change of the worker's key to its effect.
    pub worker_key_change_delay: ChainEpoch,
    /// The least time from now to a sector's expiration.
    pub min_sector_expiration: ChainEpoch,
    /// The most time from now to a sector's expiration.
    pub max_sector_expiration_extension: ChainEpoch,
    /// How long a consensus fault keeps a miner from winning blocks.
    pub consensus_fault_ineligibility_duration: ChainEpoch,

    // Miner: proof types.
    /// Proofs of spacetime that new miners may choose.
    pub valid_post_proof_type: ProofSet,
    /// Seal proofs that may be pre-committed.
    pub valid_pre_commit_proof_type: ProofSet,
    /// Seal proofs that may be committed without interaction.
    pub valid_prove_commit_ni_proof_type: ProofSet,

    // Miner: the daily fee (FIP-0100).
    /// Share of the circulating supply that is paid a day for each byte of quality-adjusted power, the number above the line.
    pub daily_fee_circulating_supply_qap_multiplier_num: u64,
    /// The number below the line.
    pub daily_fee_circulating_supply_qap_multiplier_denom: u128,
    /// The fee is at most the expected day's reward divided by this.
    pub daily_fee_block_reward_cap_denom: i64,

    // Verified registry.
    /// The least size of an allocation.
    pub minimum_verified_allocation_size: i64,
    /// The least term of an allocation.
    pub minimum_verified_allocation_term: ChainEpoch,
    /// The longest term of an allocation.
    pub maximum_verified_allocation_term: ChainEpoch,
    /// How long an allocation may wait to be claimed.
    pub maximum_verified_allocation_expiration: ChainEpoch,
    /// How long before a sector's end its claims may be dropped.
    pub end_of_life_claim_drop_period: ChainEpoch,

    // Market.
    /// The shortest deal.
    pub min_deal_duration: ChainEpoch,
    /// The longest deal (FIP-0052).
    pub max_deal_duration: ChainEpoch,
    /// From one automatic update of a deal to the next.
    pub deal_updates_interval: ChainEpoch,
    /// Share of the supply that providers' collateral must cover, the number above the line.
    pub prov_collateral_percent_supply_num: i64,
    /// The number below the line.
    pub prov_collateral_percent_supply_denom: i64,
    /// How much longer than a verified deal its allocation may be used.
    pub market_default_allocation_term_buffer: ChainEpoch,

    // Power.
    /// Power from which a miner takes part in consensus.
    pub minimum_consensus_power: i64,
}

impl Policy {
    /// The power whose pre-commit deposit a new miner pays (FIP-0077).
    pub const fn create_miner_deposit_power(&self) -> i64 {
        self.minimum_consensus_power / 10
    }
}

// Numbers of proof types, for sectors of each size: windowed PoSt, seal, synthetic seal, non-interactive seal.
const POST: [u8; 5] = [10, 11, 12, 13, 14];
const SEAL: [u8; 5] = [5, 6, 7, 8, 9];
const SYNTHETIC: [u8; 5] = [10, 11, 12, 13, 14];
const NON_INTERACTIVE: [u8; 5] = [15, 16, 17, 18, 19];
// Places in these: 2 KiB, 8 MiB, 512 MiB, 32 GiB, 64 GiB.
const S2K: usize = 0;
const S8M: usize = 1;
const S32G: usize = 3;
const S64G: usize = 4;

/// Mainnet.
pub const MAINNET: Policy = Policy {
    user_code: false,

    max_aggregated_sectors: 819,
    min_aggregated_sectors: 4,
    max_aggregated_proof_size: 81_960,
    max_replica_update_proof_size: 4_096,
    max_aggregated_sectors_ni: 65,
    min_aggregated_sectors_ni: 1,
    expired_pre_commit_clean_up_delay: 8 * EPOCHS_IN_HOUR,
    max_pre_commit_randomness_lookback: EPOCHS_IN_DAY + CHAIN_FINALITY,
    pre_commit_challenge_delay: 150,
    max_prove_commit_ni_randomness_lookback: 180 * EPOCHS_IN_DAY,

    wpost_proving_period: EPOCHS_IN_DAY,
    wpost_challenge_window: EPOCHS_IN_DAY / 48,
    wpost_period_deadlines: 48,
    wpost_dispute_window: 2 * CHAIN_FINALITY,
    wpost_challenge_lookback: 20,
    fault_declaration_cutoff: 20 + 50,
    fault_max_age: 42 * EPOCHS_IN_DAY,

    max_partitions_per_deadline: 3_000,
    addressed_partitions_max: 3_000,
    addressed_sectors_max: 25_000,
    posted_partitions_max: 3,
    max_control_addresses: 10,
    max_peer_id_length: 128,
    max_multiaddr_data: 1_024,
    deal_limit_denominator: 1 << 27,

    worker_key_change_delay: CHAIN_FINALITY,
    min_sector_expiration: 180 * EPOCHS_IN_DAY,
    max_sector_expiration_extension: 1_278 * EPOCHS_IN_DAY,
    consensus_fault_ineligibility_duration: CHAIN_FINALITY,

    valid_post_proof_type: ProofSet::of(&[POST[S32G], POST[S64G]]),
    valid_pre_commit_proof_type: ProofSet::of(&[
        SEAL[S32G],
        SEAL[S64G],
        SYNTHETIC[S32G],
        SYNTHETIC[S64G],
    ]),
    valid_prove_commit_ni_proof_type: ProofSet::of(&[NON_INTERACTIVE[S32G], NON_INTERACTIVE[S64G]]),

    // 5.56e-15 for 32 GiB, rounded.
    daily_fee_circulating_supply_qap_multiplier_num: 161_817,
    daily_fee_circulating_supply_qap_multiplier_denom: 10u128.pow(30),
    daily_fee_block_reward_cap_denom: 2,

    minimum_verified_allocation_size: 1 << 20,
    minimum_verified_allocation_term: 180 * EPOCHS_IN_DAY,
    maximum_verified_allocation_term: 5 * EPOCHS_IN_YEAR,
    maximum_verified_allocation_expiration: 60 * EPOCHS_IN_DAY,
    end_of_life_claim_drop_period: 30 * EPOCHS_IN_DAY,

    min_deal_duration: 180 * EPOCHS_IN_DAY,
    max_deal_duration: 1_278 * EPOCHS_IN_DAY,
    deal_updates_interval: 30 * EPOCHS_IN_DAY,
    prov_collateral_percent_supply_num: 1,
    prov_collateral_percent_supply_denom: 100,
    market_default_allocation_term_buffer: 90 * EPOCHS_IN_DAY,

    minimum_consensus_power: 10 << 40,
};

/// The calibration network: a miner of one sector takes part in consensus.
pub const CALIBNET: Policy = Policy {
    minimum_consensus_power: 32 << 30,
    ..MAINNET
};

/// The proving period of a devnet, in epochs.
const DEVNET_PERIOD: ChainEpoch = 480;

/// Networks on one machine: sectors of 2 KiB and 8 MiB, small deals, code of users, and short periods, in which each thing that a network does
/// can be waited for: a sector is proven every 480 epochs, not every 2,880, and may end after three such periods. The official
/// bundle for such networks has mainnet's periods: its state is no state of this one.
pub const DEVNET: Policy = Policy {
    user_code: true,
    max_pre_commit_randomness_lookback: DEVNET_PERIOD + CHAIN_FINALITY,
    expired_pre_commit_clean_up_delay: DEVNET_PERIOD,
    wpost_proving_period: DEVNET_PERIOD,
    wpost_challenge_window: DEVNET_PERIOD / 48,
    wpost_dispute_window: DEVNET_PERIOD / 2,
    wpost_challenge_lookback: 4,
    fault_declaration_cutoff: 4 + 8,
    fault_max_age: 14 * DEVNET_PERIOD,
    worker_key_change_delay: DEVNET_PERIOD / 8,
    min_sector_expiration: 3 * DEVNET_PERIOD,
    consensus_fault_ineligibility_duration: DEVNET_PERIOD / 8,
    minimum_verified_allocation_term: 3 * DEVNET_PERIOD,
    end_of_life_claim_drop_period: DEVNET_PERIOD,
    min_deal_duration: 3 * DEVNET_PERIOD,
    deal_updates_interval: DEVNET_PERIOD,
    pre_commit_challenge_delay: 10,
    valid_post_proof_type: ProofSet::of(&[POST[S2K], POST[S8M]]),
    valid_pre_commit_proof_type: ProofSet::of(&[
        SEAL[S2K],
        SEAL[S8M],
        SYNTHETIC[S2K],
        SYNTHETIC[S8M],
    ]),
    valid_prove_commit_ni_proof_type: ProofSet::of(&[NON_INTERACTIVE[S2K], NON_INTERACTIVE[S8M]]),
    minimum_verified_allocation_size: 256,
    minimum_consensus_power: 2 << 10,
    ..MAINNET
};

#[cfg(test)]
mod tests {
    use super::*;
    use fvm_shared::sector::{RegisteredPoStProof, RegisteredSealProof};

    #[test]
    fn deadlines_fill_the_proving_period() {
        for policy in [MAINNET, CALIBNET, DEVNET] {
            let windows = policy.wpost_challenge_window * policy.wpost_period_deadlines as i64;
            assert_eq!(windows, policy.wpost_proving_period);
            assert!(policy.fault_declaration_cutoff >= policy.wpost_challenge_lookback);
            assert!(policy.wpost_dispute_window < policy.wpost_proving_period);
        }
    }

    #[test]
    fn the_shortest_sector_holds_the_shortest_deal_also_if_it_is_verified() {
        for policy in [MAINNET, CALIBNET, DEVNET] {
            assert!(policy.min_deal_duration <= policy.min_sector_expiration);
            let verified = policy.minimum_verified_allocation_term;
            assert!(policy.min_deal_duration >= verified);
            assert!(policy.min_deal_duration < policy.max_deal_duration);
        }
    }

    #[test]
    fn proof_types_are_those_of_the_networks_sector_sizes() {
        use RegisteredPoStProof as Post;
        use RegisteredSealProof as Seal;
        for (policy, large) in [(MAINNET, true), (CALIBNET, true), (DEVNET, false)] {
            let posts = policy.valid_post_proof_type;
            assert_eq!(posts.contains(Post::StackedDRGWindow32GiBV1P1), large);
            assert_eq!(posts.contains(Post::StackedDRGWindow2KiBV1P1), !large);
            assert!(!posts.contains(Post::StackedDRGWinning32GiBV1));
            let seals = policy.valid_pre_commit_proof_type;
            assert_eq!(seals.contains(Seal::StackedDRG64GiBV1P1), large);
            assert_eq!(
                seals.contains(Seal::StackedDRG8MiBV1P1_Feat_SyntheticPoRep),
                !large
            );
            assert!(!seals.contains(Seal::StackedDRG32GiBV1));
            let ni = policy.valid_prove_commit_ni_proof_type;
            assert_eq!(ni.contains(Seal::StackedDRG32GiBV1P2_Feat_NiPoRep), large);
            assert!(!ni.contains(Seal::StackedDRG32GiBV1P1));
            let high = (1 << 32) + i64::from(Seal::StackedDRG32GiBV1P1);
            assert_eq!(seals.contains(Seal::Invalid(high)), large);
            for invalid in [-1, 32, 64, i64::MIN, i64::MAX] {
                assert!(!seals.contains(Seal::Invalid(invalid)));
            }
        }
    }

    #[test]
    fn figures_in_epochs_are_those_of_the_network() {
        assert_eq!(MAINNET.wpost_challenge_window, 60);
        assert_eq!(MAINNET.fault_max_age, 120_960);
        assert_eq!(MAINNET.max_pre_commit_randomness_lookback, 3_780);
        assert_eq!(MAINNET.maximum_verified_allocation_term, 5_259_485);
        assert_eq!(MAINNET.max_sector_expiration_extension, 3_680_640);
        assert_eq!(MAINNET.create_miner_deposit_power(), 1 << 40);
        assert_eq!(CALIBNET.create_miner_deposit_power(), 3_435_973_836);
        assert_eq!(DEVNET.create_miner_deposit_power(), 204);
        assert_eq!(DEVNET.wpost_challenge_window, 10);
    }
}
