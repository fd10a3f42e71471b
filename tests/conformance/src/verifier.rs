//! Proofs in vectors: all are valid, as every runner of these vectors has it; they could not be recorded otherwise. Only
//! the data commitment of a sector is computed, because actors compare it.

use cid::Cid;
use filigree_proofs_mock::data_commitment;
use filigree_vm::{Verdict, Verifier, VerifyError};
use fvm_shared::commcid::data_commitment_v1_to_cid;
use fvm_shared::piece::PieceInfo;
use fvm_shared::sector::{
    AggregateSealVerifyProofAndInfos, RegisteredSealProof, ReplicaUpdateInfo, SealVerifyInfo,
    WindowPoStVerifyInfo,
};

/// Takes every proof for valid and computes data commitments.
#[derive(Clone, Copy, Debug, Default)]
pub struct VectorVerifier;

impl Verifier for VectorVerifier {
    fn unsealed_sector_cid(
        &self,
        proof: RegisteredSealProof,
        pieces: &[PieceInfo],
    ) -> Result<Cid, VerifyError> {
        let size_bytes = proof.sector_size().map_err(VerifyError::Malformed)? as u64;
        let commitment = data_commitment(size_bytes, pieces)?;
        data_commitment_v1_to_cid(&commitment).map_err(|e| VerifyError::Malformed(e.to_owned()))
    }

    fn window_post(&self, _: &WindowPoStVerifyInfo) -> Verdict {
        Ok(true)
    }

    fn seal(&self, _: &SealVerifyInfo) -> Verdict {
        Ok(true)
    }

    fn aggregate_seals(&self, _: &AggregateSealVerifyProofAndInfos) -> Verdict {
        Ok(true)
    }

    fn replica_update(&self, _: &ReplicaUpdateInfo) -> Verdict {
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fvm_shared::piece::PaddedPieceSize;

    const KIB_2: RegisteredSealProof = RegisteredSealProof::StackedDRG2KiBV1P1;
    const GIB_32: RegisteredSealProof = RegisteredSealProof::StackedDRG32GiBV1P1;

    #[test]
    fn sectors_have_the_commitments_that_the_network_knows() {
        let sector = VectorVerifier.unsealed_sector_cid(GIB_32, &[]).unwrap();
        let known = "baga6ea4seaqao7s73y24kcutaosvacpdjgfe5pw76ooefnyqw4ynr3d2y6x2mpq";
        assert_eq!(sector.to_string(), known);
    }

    #[test]
    fn what_is_no_sector_is_malformed() {
        let no_piece = PieceInfo {
            size: PaddedPieceSize(128),
            cid: Cid::default(),
        };
        for (kind, pieces, why) in [
            (KIB_2, vec![no_piece], "Codec"),
            (RegisteredSealProof::Invalid(99), vec![], "99"),
        ] {
            let error = VectorVerifier.unsealed_sector_cid(kind, &pieces);
            let Err(VerifyError::Malformed(text)) = error else {
                panic!("{error:?}")
            };
            assert!(text.contains(why), "{text}");
        }
    }
}
