//! Proofs in a sandbox: nobody seals sectors for a test, unless the test is about sealing and gives a verifier of its own
//! ([`Builder::verifier`](crate::Builder::verifier)).
//!
//! What a test of actors wants of a proof is a verdict, so a mark is enough here, on a chain that is nowhere but in the
//! test's process. The mocks of `proofs/mock`, which a devnet's nodes exchange, bind what they are about.

use cid::Cid;
use filigree_vm::{Verdict, Verifier, VerifyError};
use fvm_shared::commcid::data_commitment_v1_to_cid;
use fvm_shared::piece::PieceInfo;
use fvm_shared::sector::{
    AggregateSealVerifyProofAndInfos, RegisteredSealProof, ReplicaUpdateInfo, SealVerifyInfo,
    WindowPoStVerifyInfo,
};
use multihash_codetable::{Code, MultihashDigest};

/// What the bytes of a proof begin with to be valid in a sandbox.
pub const MOCK_PROOF: &[u8] = b"mock proof";

/// A stand-in for the proof library: proofs that begin with [`MOCK_PROOF`] are valid, all others are not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MockVerifier;

fn is_mock(proof: &[u8]) -> Verdict {
    Ok(proof.starts_with(MOCK_PROOF))
}

impl Verifier for MockVerifier {
    /// A made-up commitment: a hash of the pieces in order.
    fn unsealed_sector_cid(
        &self,
        proof: RegisteredSealProof,
        pieces: &[PieceInfo],
    ) -> Result<Cid, VerifyError> {
        let mut text = format!("{proof:?}");
        for piece in pieces {
            text.push_str(&format!(" {} {}", piece.size.0, piece.cid));
        }
        let digest = Code::Blake2b256.digest(text.as_bytes());
        let mut commitment = [0; 32];
        commitment.copy_from_slice(digest.digest());
        // The last two bits of a field element are zero.
        commitment[31] &= 0x3f;
        data_commitment_v1_to_cid(&commitment).map_err(|e| VerifyError::Malformed(e.to_owned()))
    }

    fn window_post(&self, info: &WindowPoStVerifyInfo) -> Verdict {
        Ok(!info.proofs.is_empty()
            && info
                .proofs
                .iter()
                .all(|proof| proof.proof_bytes.starts_with(MOCK_PROOF)))
    }

    fn seal(&self, info: &SealVerifyInfo) -> Verdict {
        is_mock(&info.proof)
    }

    fn aggregate_seals(&self, info: &AggregateSealVerifyProofAndInfos) -> Verdict {
        is_mock(&info.proof)
    }

    fn replica_update(&self, info: &ReplicaUpdateInfo) -> Verdict {
        is_mock(&info.proof)
    }
}

#[cfg(test)]
mod tests {
    use fvm_shared::sector::{PoStProof, RegisteredPoStProof};

    use super::*;

    #[test]
    fn only_proofs_marked_as_mock_are_valid() {
        let check = |proofs: &[&[u8]], expected: bool| {
            let proofs = proofs.iter().map(|bytes| PoStProof {
                post_proof: RegisteredPoStProof::StackedDRGWindow2KiBV1P1,
                proof_bytes: bytes.to_vec(),
            });
            let info = WindowPoStVerifyInfo {
                randomness: fvm_shared::randomness::Randomness(vec![0; 32]),
                proofs: proofs.collect(),
                challenged_sectors: Vec::new(),
                prover: 1_000,
            };
            assert_eq!(MockVerifier.window_post(&info).unwrap(), expected);
        };
        check(&[MOCK_PROOF], true);
        check(&[b"mock proof of sector 7"], true);
        check(&[MOCK_PROOF, b"real"], false);
        check(&[b"mock"], false);
        check(&[], false);
    }
}
