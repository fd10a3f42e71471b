//! Commitments: the true one to data, and a made-up one to a replica.
//!
//! A data commitment (CommD) is the root of a binary Merkle tree over 32-byte nodes; a piece is a complete subtree, known
//! by its own root. The hash is SHA2-256 with the two highest bits of the last byte cleared, so that a node is an element
//! of the field (Filecoin spec, section "Piece"). It is cheap, and actors and clients compare it, so the mock gives the
//! true one.

use filigree_vm::VerifyError;
use fvm_shared::ActorID;
use fvm_shared::commcid::{Commitment, cid_to_piece_commitment_v1};
use fvm_shared::piece::PieceInfo;
use fvm_shared::sector::SectorNumber;
use multihash_codetable::{Code, MultihashDigest};

/// Bytes of a node of the tree.
const NODE_BYTES: u64 = 32;
/// Bytes of the smallest piece.
const MIN_PIECE_BYTES: u64 = 128;

/// What a mock replica is of. Its commitment (CommR) binds all of it.
#[derive(Clone, Copy, Debug)]
pub struct MockReplica {
    /// Who sealed it.
    pub miner: ActorID,
    /// Its number.
    pub number: SectorNumber,
    /// Its data.
    pub comm_d: Commitment,
    /// Randomness at the time of sealing.
    pub ticket: [u8; 32],
}

impl MockReplica {
    /// CommR: a hash of all that the real one depends on.
    pub fn commitment(&self) -> Commitment {
        let text = format!("mock replica {}/{} ", self.miner, self.number);
        let bytes = [text.as_bytes(), &self.comm_d, &self.ticket].concat();
        field_element(&bytes)
    }
}

/// CommD of a sector of `sector_bytes`: each piece at the next place aligned to its size, the rest zeros.
pub fn data_commitment(sector_bytes: u64, pieces: &[PieceInfo]) -> Result<Commitment, VerifyError> {
    // Complete subtrees that are not joined yet, sizes strictly falling: a binary counter.
    let mut roots: Vec<Subtree> = Vec::new();
    for piece in pieces {
        let bytes = piece.size.0;
        if !bytes.is_power_of_two() || bytes < MIN_PIECE_BYTES {
            return Err(malformed(format!("{bytes} bytes are no size of a piece")));
        }
        let filled: u64 = roots.iter().map(|root| root.bytes).sum();
        let start = filled.next_multiple_of(bytes);
        if bytes > sector_bytes || start > sector_bytes - bytes {
            return Err(malformed("the pieces are larger than the sector"));
        }
        let root = cid_to_piece_commitment_v1(&piece.cid).map_err(malformed)?;
        fill(&mut roots, bytes);
        push(&mut roots, Subtree { bytes, root });
    }
    if roots.is_empty() {
        return Ok(Subtree::zeros(sector_bytes).root);
    }
    fill(&mut roots, sector_bytes);
    Ok(roots[0].root)
}

#[derive(Clone, Copy)]
struct Subtree {
    bytes: u64,
    root: Commitment,
}

impl Subtree {
    fn zeros(bytes: u64) -> Self {
        let levels = (bytes / NODE_BYTES).trailing_zeros();
        let root = (0..levels).fold([0; 32], |root, _| join(&root, &root));
        Self { bytes, root }
    }
}

/// Adds zeros until the next subtree of `bytes` would be aligned.
fn fill(roots: &mut Vec<Subtree>, bytes: u64) {
    while let Some(last) = roots.last()
        && last.bytes < bytes
    {
        let zeros = Subtree::zeros(last.bytes);
        push(roots, zeros);
    }
}

/// Adds a subtree and joins what is complete.
fn push(roots: &mut Vec<Subtree>, mut subtree: Subtree) {
    while let Some(last) = roots.last().copied()
        && last.bytes == subtree.bytes
    {
        roots.pop();
        subtree = Subtree {
            bytes: 2 * last.bytes,
            root: join(&last.root, &subtree.root),
        };
    }
    roots.push(subtree);
}

fn join(left: &Commitment, right: &Commitment) -> Commitment {
    field_element(&[*left, *right].concat())
}

fn field_element(bytes: &[u8]) -> Commitment {
    let mut root = Commitment::default();
    root.copy_from_slice(Code::Sha2_256.digest(bytes).digest());
    root[31] &= 0x3f;
    root
}

fn malformed(what: impl ToString) -> VerifyError {
    VerifyError::Malformed(what.to_string())
}
