//! Drawing randomness from a base for one purpose, one epoch and one user (Filecoin spec, "Randomness").
//!
//! The base is a beacon entry's signature or a ticket's VRF proof, or its blake2b-256. Facts: Lotus, `chain/rand/rand.go`;
//! purposes: go-state-types, `crypto/signature.go`.

use fvm_shared::clock::ChainEpoch;

/// What randomness is drawn for. One base gives unrelated randomness for each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(i64)]
pub enum Purpose {
    /// A block's ticket.
    TicketProduction = 1,
    /// Whether a miner won.
    ElectionProofProduction = 2,
    /// Which sectors a winner must show.
    WinningPostChallengeSeed = 3,
    /// Which parts of its sectors a miner must show at a deadline.
    WindowedPostChallengeSeed = 4,
    /// What a sector is sealed with.
    SealRandomness = 5,
    /// What is asked about a sealed sector.
    InteractiveSealChallengeSeed = 6,
    /// In which deadline a new miner begins.
    WindowedPostDeadlineAssignment = 7,
    /// When a deal is looked at.
    MarketDealCronSeed = 8,
    /// What a proof of spacetime says of the chain it was made on.
    PostChainCommit = 9,
}

/// blake2b-256.
pub fn digest(base: &[u8]) -> [u8; 32] {
    hash(&[base])
}

/// Randomness from a base: a VRF proof or a beacon entry's signature.
pub fn from_base(base: &[u8], purpose: Purpose, epoch: ChainEpoch, entropy: &[u8]) -> [u8; 32] {
    from_digest(&digest(base), purpose, epoch, entropy)
}

/// Randomness from the digest of a base.
pub fn from_digest(
    digest: &[u8; 32],
    purpose: Purpose,
    epoch: ChainEpoch,
    entropy: &[u8],
) -> [u8; 32] {
    let purpose = (purpose as i64).to_be_bytes();
    hash(&[&purpose, digest, &epoch.to_be_bytes(), entropy])
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut state = blake2b_simd::Params::new().hash_length(32).to_state();
    for part in parts {
        state.update(part);
    }
    let hash = state.finalize();
    hash.as_bytes().try_into().expect("32 bytes were asked for")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The layout by which every node must draw: purpose, digest, epoch, entropy; integers of eight bytes, big-endian.
    #[test]
    fn the_drawn_bytes_are_hashed_in_the_order_of_the_network() {
        let base = b"base";
        let mut bytes = vec![0, 0, 0, 0, 0, 0, 0, 5];
        bytes.extend(digest(base));
        bytes.extend([0, 0, 0, 0, 0, 1, 2, 3]);
        bytes.extend(b"entropy");
        let drawn = from_base(base, Purpose::SealRandomness, 0x10203, b"entropy");
        assert_eq!(drawn, digest(&bytes));
    }

    #[test]
    fn everything_counts() {
        let drawn = [
            from_base(b"a", Purpose::TicketProduction, 1, b"x"),
            from_base(b"b", Purpose::TicketProduction, 1, b"x"),
            from_base(b"a", Purpose::ElectionProofProduction, 1, b"x"),
            from_base(b"a", Purpose::TicketProduction, 2, b"x"),
            from_base(b"a", Purpose::TicketProduction, 1, b"y"),
        ];
        let distinct: std::collections::BTreeSet<_> = drawn.iter().collect();
        assert_eq!(distinct.len(), drawn.len());
    }
}
