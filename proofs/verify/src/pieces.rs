//! Commitments to data: of a piece, and of a sector from its pieces. No key is needed for them.

use std::io::Read;

use cid::Cid;
use filecoin_proofs::generate_piece_commitment;
use filecoin_proofs::pieces::zero_padding;
use filecoin_proofs_api::seal::compute_comm_d;
use filecoin_proofs_api::{PieceInfo as Piece, UnpaddedBytesAmount};
use filigree_vm::VerifyError;
use fvm_shared::commcid::{cid_to_piece_commitment_v1, data_commitment_v1_to_cid};
use fvm_shared::piece::{PaddedPieceSize, PieceInfo};
use fvm_shared::sector::RegisteredSealProof;

use crate::claims::OrMalformed;
use crate::kinds;

/// The piece of `size` that `data` makes, `size` counting the padding that makes field elements of bytes: 127 bytes of
/// data are 128 of the piece. `data` must have 127/128 of `size` bytes; a client fills it with zeros up to that.
///
/// # Errors
/// `size` is not a power of two of at least 128 bytes, `data` ends before or after it, or reading fails.
pub fn piece_cid(data: impl Read, size: PaddedPieceSize) -> Result<PieceInfo, VerifyError> {
    size.validate().or_malformed()?;
    let unpadded = size.unpadded().0;
    let mut data = Counting {
        // One byte more than fits, so that what is too long is seen.
        source: data.take(unpadded + 1),
        bytes: 0,
        limit: unpadded,
    };
    let made = generate_piece_commitment(&mut data, UnpaddedBytesAmount(unpadded));
    let mut rest = [0];
    let beyond = data.source.read(&mut rest).or_malformed()?;
    let bytes = data.bytes + beyond as u64;
    if bytes != unpadded {
        let ends = if bytes < unpadded {
            "ends before"
        } else {
            "is longer than"
        };
        return Err(VerifyError::Malformed(format!(
            "the data {ends} the {unpadded} bytes of a piece of {} bytes",
            size.0
        )));
    }
    let piece = made.or_malformed()?;
    Ok(PieceInfo {
        size,
        cid: data_commitment_v1_to_cid(&piece.commitment).or_malformed()?,
    })
}

/// Counts what is read, up to a limit.
struct Counting<R> {
    source: R,
    bytes: u64,
    limit: u64,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = usize::try_from(self.limit - self.bytes).unwrap_or(usize::MAX);
        let len = buffer.len().min(left);
        let read = self.source.read(&mut buffer[..len])?;
        self.bytes += read as u64;
        Ok(read)
    }
}

/// CID of a sector's data (CommD): each piece at the next place aligned to its size, the rest zeros.
///
/// Which sizes are refused, and how, is consensus: the steps are those of the reference host.
pub fn unsealed_sector_cid(
    proof: RegisteredSealProof,
    pieces: &[PieceInfo],
) -> Result<Cid, VerifyError> {
    let sector_bytes = proof.sector_size().or_malformed()? as u64;
    let kind = kinds::seal(proof)?;
    let mut all = Vec::with_capacity(pieces.len());
    if pieces.is_empty() {
        all.push(zeros(sector_bytes)?);
    } else {
        let mut filled: u64 = 0;
        for piece in pieces {
            fill_up(&mut all, &mut filled, piece.size.0)?;
            all.push(Piece {
                commitment: cid_to_piece_commitment_v1(&piece.cid).or_malformed()?,
                size: UnpaddedBytesAmount(piece.size.unpadded().0),
            });
            filled = filled.wrapping_add(piece.size.0);
        }
        fill_up(&mut all, &mut filled, sector_bytes)?;
    }
    let comm_d = compute_comm_d(kind, &all).or_malformed()?;
    data_commitment_v1_to_cid(&comm_d).or_malformed()
}

/// Adds pieces of zeros until a piece of `size` is aligned.
fn fill_up(pieces: &mut Vec<Piece>, filled: &mut u64, size: u64) -> Result<(), VerifyError> {
    let Some(mut missing) = filled.wrapping_neg().checked_rem(size) else {
        return Err(VerifyError::Malformed("a piece of no bytes".to_owned()));
    };
    while missing > 0 {
        let size = 1 << missing.trailing_zeros();
        missing ^= size;
        pieces.push(zeros(size)?);
        *filled = filled.wrapping_add(size);
    }
    Ok(())
}

/// A piece of zeros.
fn zeros(size: u64) -> Result<Piece, VerifyError> {
    let size = PaddedPieceSize(size);
    size.validate().or_malformed()?;
    zero_padding(UnpaddedBytesAmount(size.unpadded().0)).or_malformed()
}
