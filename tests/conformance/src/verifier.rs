//! Proofs in vectors: all are valid, as every runner of these vectors has it; they could not be recorded otherwise. Only
//! the data commitment of a sector is computed, because actors compare it.
//!
//! A data commitment (CommD) is the root of a binary Merkle tree over 32-byte nodes; a piece is a complete subtree,
//! known by its own root. The hash is SHA2-256 with the two highest bits of the last byte cleared, so that a node is an
//! element of the field (Filecoin spec, section "Piece").

use cid::Cid;
use filigree_vm::{Verdict, Verifier, VerifyError};
use fvm_shared::commcid::{Commitment, cid_to_piece_commitment_v1, data_commitment_v1_to_cid};
use fvm_shared::piece::PieceInfo;
use fvm_shared::sector::{
    AggregateSealVerifyProofAndInfos, RegisteredSealProof, ReplicaUpdateInfo, SealVerifyInfo,
    WindowPoStVerifyInfo,
};
use multihash_codetable::{Code, MultihashDigest};

/// Height of a piece's root above the nodes, for the smallest piece of 128 bytes.
const MIN_HEIGHT: u32 = 2;
/// Bytes of a node, as a power of two.
const NODE_BITS: u32 = 5;
/// Highest tree: a sector of 64 GiB.
const MAX_HEIGHT: u32 = 31;

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
        data_commitment_v1_to_cid(&commitment).map_err(malformed)
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

fn malformed(what: impl ToString) -> VerifyError {
    VerifyError::Malformed(what.to_string())
}

/// The root over `pieces`, each at the next place aligned to its size, the rest of the sector being zero.
fn data_commitment(sector_bytes: u64, pieces: &[PieceInfo]) -> Result<Commitment, VerifyError> {
    let sector_height = height(sector_bytes)?;
    // Complete subtrees not yet joined, heights strictly falling: a binary counter.
    let mut roots: Vec<(u32, Commitment)> = Vec::new();
    for piece in pieces {
        let height = height(piece.size.0)?;
        let commitment = cid_to_piece_commitment_v1(&piece.cid).map_err(malformed)?;
        fill(&mut roots, height);
        push(&mut roots, height, commitment);
        let full = matches!(roots.as_slice(), [(top, _)] if *top == sector_height);
        let beyond = roots.first().is_some_and(|(top, _)| *top >= sector_height);
        if beyond && !full {
            return Err(malformed("the pieces are larger than the sector"));
        }
    }
    if roots.is_empty() {
        return Ok(zero_commitment(sector_height));
    }
    fill(&mut roots, sector_height);
    match roots.as_slice() {
        [(_, root)] => Ok(*root),
        _ => Err(malformed("the pieces do not fill a sector")),
    }
}

/// Height of the tree over `size_bytes`, which must be a power of two.
fn height(size_bytes: u64) -> Result<u32, VerifyError> {
    let bits = size_bytes.trailing_zeros();
    let height = bits.saturating_sub(NODE_BITS);
    if !size_bytes.is_power_of_two() || !(MIN_HEIGHT..=MAX_HEIGHT).contains(&height) {
        return Err(malformed(format!("{size_bytes} bytes are no piece size")));
    }
    Ok(height)
}

/// Adds zeros until the next subtree of `height` would be aligned.
fn fill(roots: &mut Vec<(u32, Commitment)>, height: u32) {
    while let Some(&(last, _)) = roots.last()
        && last < height
    {
        push(roots, last, zero_commitment(last));
    }
}

/// Adds a subtree and joins what is complete.
fn push(roots: &mut Vec<(u32, Commitment)>, mut height: u32, mut root: Commitment) {
    while let Some(&(last, left)) = roots.last()
        && last == height
    {
        roots.pop();
        root = join(&left, &root);
        height += 1;
    }
    roots.push((height, root));
}

fn zero_commitment(height: u32) -> Commitment {
    (0..height).fold([0; 32], |root, _| join(&root, &root))
}

fn join(left: &Commitment, right: &Commitment) -> Commitment {
    let digest = Code::Sha2_256.digest(&[*left, *right].concat());
    let mut root = Commitment::default();
    root.copy_from_slice(digest.digest());
    root[31] &= 0x3f;
    root
}

#[cfg(test)]
mod tests {
    use super::*;
    use fvm_shared::piece::PaddedPieceSize;

    const KIB_2: RegisteredSealProof = RegisteredSealProof::StackedDRG2KiBV1P1;
    const GIB_32: RegisteredSealProof = RegisteredSealProof::StackedDRG32GiBV1P1;

    fn piece(size: u64, commitment: Commitment) -> PieceInfo {
        PieceInfo {
            size: PaddedPieceSize(size),
            cid: data_commitment_v1_to_cid(&commitment).unwrap(),
        }
    }

    fn check(proof: RegisteredSealProof, pieces: &[PieceInfo], expected: Commitment) {
        let cid = VectorVerifier.unsealed_sector_cid(proof, pieces).unwrap();
        assert_eq!(cid, data_commitment_v1_to_cid(&expected).unwrap());
    }

    fn refused(proof: RegisteredSealProof, pieces: &[PieceInfo], why: &str) {
        let error = VectorVerifier
            .unsealed_sector_cid(proof, pieces)
            .unwrap_err();
        assert!(matches!(error, VerifyError::Malformed(_)), "{error}");
        assert!(error.to_string().contains(why), "{error}");
    }

    /// Known commitments of pieces of zeros, by size in powers of two (from filecoin-proofs).
    const ZEROS: &[(u32, &str)] = &[
        (
            7,
            "3731bb99ac689f66eef5973e4a94da188f4ddcae580724fc6f3fd60dfd488333",
        ),
        (
            8,
            "642a607ef886b004bf2c1978463ae1d4693ac0f410eb2d1b7a47fe205e5e750f",
        ),
        (
            11,
            "fc7e928296e516faade986b28f92d44a4f24b935485223376a799027bc18f833",
        ),
        (
            23,
            "65f29e5d98d246c38b388cfc06db1f6b021303c5a289000bdce832a9c3ec421c",
        ),
        (
            30,
            "ccc3c012f5b05e811a2bbfdd0f6833b84275b47bf229c0052a82484f3c1a5b3d",
        ),
        (
            35,
            "077e5fde35c50a9303a55009e3498a4ebedff39c42b710b730d8ec7ac7afa63e",
        ),
        (
            36,
            "e64005a6bfe3777953b8ad6ef93f0fca1049b2041654f2a411f7702799cece02",
        ),
    ];

    fn zero(size_bytes: u64) -> Commitment {
        zero_commitment(size_bytes.trailing_zeros() - NODE_BITS)
    }

    #[test]
    fn zeros_are_the_known_commitments() {
        for (bits, known) in ZEROS {
            assert_eq!(hex::encode(zero(1 << bits)), *known, "2^{bits} bytes");
        }
        let sector = VectorVerifier.unsealed_sector_cid(GIB_32, &[]).unwrap();
        let known = "baga6ea4seaqao7s73y24kcutaosvacpdjgfe5pw76ooefnyqw4ynr3d2y6x2mpq";
        assert_eq!(sector.to_string(), known);
        check(KIB_2, &[piece(1024, zero(1024))], zero(2048));
    }

    #[test]
    fn pieces_are_aligned_and_the_rest_is_zero() {
        let (a, b) = ([1; 32], [2; 32]);
        // a in the first 128 bytes, zeros up to 512, b in the next 512, zeros up to 2048.
        let low = join(&join(&a, &zero(128)), &zero(256));
        let root = join(&join(&low, &b), &zero(1024));
        check(KIB_2, &[piece(128, a), piece(512, b)], root);
        // b first: a follows at once.
        let high = join(&join(&a, &zero(128)), &zero(256));
        check(
            KIB_2,
            &[piece(512, b), piece(128, a)],
            join(&join(&b, &high), &zero(1024)),
        );
        check(KIB_2, &[piece(1024, a), piece(1024, b)], join(&a, &b));
        check(KIB_2, &[piece(2048, a)], a);
    }

    #[test]
    fn what_is_no_sector_is_refused() {
        let p = |size| piece(size, [1; 32]);
        refused(KIB_2, &[p(4096)], "larger than the sector");
        refused(KIB_2, &[p(2048), p(128)], "larger than the sector");
        refused(KIB_2, &[p(128), p(2048)], "larger than the sector");
        refused(KIB_2, &[p(1024), p(1024), p(128)], "larger than the sector");
        refused(KIB_2, &[p(0)], "no piece size");
        refused(KIB_2, &[p(64)], "no piece size");
        refused(KIB_2, &[p(384)], "no piece size");
        refused(RegisteredSealProof::Invalid(99), &[], "99");
        let not_a_piece = PieceInfo {
            size: PaddedPieceSize(128),
            cid: Cid::default(),
        };
        refused(KIB_2, &[not_a_piece], "Codec");
    }
}
