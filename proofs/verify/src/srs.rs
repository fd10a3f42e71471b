//! The structured reference string of aggregation (SnarkPack, FIP-0013): the few points of it that a verifier needs.
//!
//! The file holds four vectors of compressed points, each after its length (`u32`, big endian): powers of α and β times
//! the generator of G1, then of G2. A prover needs thousands of them; a verifier of aggregates of n proofs needs the first
//! two of each and one more, hᵅ^(d−n), where d is how much of the string is used.

use std::io::{self, Read, Seek, SeekFrom};

use bellperson::groth16::aggregate::VerifierSRS;
use blstrs::{Bls12, G1Affine, G1Projective, G2Affine, G2Projective};

/// Points of each vector that the network uses (2 × 2¹⁴ + 1), however many more the file has. The verifier's last point
/// is counted from this end, so it is consensus.
const USED: u64 = (2 << 14) + 1;
/// Largest number of Groth16 proofs in an aggregate.
pub const MAX_PROOFS: usize = 1 << 14;
/// Smallest number of Groth16 proofs in an aggregate.
pub const MIN_PROOFS: usize = 2;

const LENGTH_BYTES: u64 = 4;
const G1_BYTES: usize = 48;
const G2_BYTES: usize = 96;

/// Whether an aggregate may have so many Groth16 proofs.
pub fn may_have(proofs: usize) -> bool {
    proofs.is_power_of_two() && (MIN_PROOFS..=MAX_PROOFS).contains(&proofs)
}

/// What a verifier needs of the reference string.
#[derive(Debug)]
pub struct SrsPoints {
    g: G1Affine,
    g_alpha: G1Affine,
    g_beta: G1Affine,
    h: G2Affine,
    h_alpha: G2Affine,
    h_beta: G2Affine,
    /// hᵅ^(d−n) for n = 2, 4, 8, … as far as the file goes.
    h_alpha_d: Vec<G2Affine>,
}

impl SrsPoints {
    /// Reads a file of the string.
    pub fn read(mut file: impl Read + Seek) -> io::Result<Self> {
        let g_alphas = Vector::open(&mut file, 0, G1_BYTES)?;
        let g_betas = Vector::open(&mut file, g_alphas.end(), G1_BYTES)?;
        let h_alphas = Vector::open(&mut file, g_betas.end(), G2_BYTES)?;
        let h_betas = Vector::open(&mut file, h_alphas.end(), G2_BYTES)?;
        let used = g_alphas.len.min(USED);
        let mut h_alpha_d = Vec::new();
        let mut proofs = MIN_PROOFS as u64;
        while proofs < used && proofs <= MAX_PROOFS as u64 {
            h_alpha_d.push(h_alphas.g2(&mut file, used - proofs)?);
            proofs *= 2;
        }
        Ok(Self {
            g: g_alphas.g1(&mut file, 0)?,
            g_alpha: g_alphas.g1(&mut file, 1)?,
            g_beta: g_betas.g1(&mut file, 1)?,
            h: h_alphas.g2(&mut file, 0)?,
            h_alpha: h_alphas.g2(&mut file, 1)?,
            h_beta: h_betas.g2(&mut file, 1)?,
            h_alpha_d,
        })
    }

    /// The string for aggregates of `proofs` Groth16 proofs, if it is long enough and there may be such.
    pub fn specialize(&self, proofs: usize) -> Option<VerifierSRS<Bls12>> {
        if !may_have(proofs) {
            return None;
        }
        let index = (proofs / MIN_PROOFS).trailing_zeros() as usize;
        let h_alpha_d = self.h_alpha_d.get(index)?;
        Some(VerifierSRS {
            n: proofs,
            g: G1Projective::from(self.g),
            h: G2Projective::from(self.h),
            g_alpha: G1Projective::from(self.g_alpha),
            g_beta: G1Projective::from(self.g_beta),
            h_alpha: G2Projective::from(self.h_alpha),
            h_beta: G2Projective::from(self.h_beta),
            h_alpha_d: G2Projective::from(*h_alpha_d),
        })
    }
}

/// A vector of points in the file.
struct Vector {
    /// Where its first point is.
    start: u64,
    len: u64,
    point_bytes: usize,
}

impl Vector {
    fn open(file: &mut (impl Read + Seek), start: u64, point_bytes: usize) -> io::Result<Self> {
        file.seek(SeekFrom::Start(start))?;
        let mut len = [0; LENGTH_BYTES as usize];
        file.read_exact(&mut len)?;
        Ok(Self {
            start: start + LENGTH_BYTES,
            len: u64::from(u32::from_be_bytes(len)),
            point_bytes,
        })
    }

    fn end(&self) -> u64 {
        self.start + self.len * self.point_bytes as u64
    }

    fn g1(&self, file: &mut (impl Read + Seek), index: u64) -> io::Result<G1Affine> {
        let bytes = self.bytes::<G1_BYTES>(file, index)?;
        Option::from(G1Affine::from_compressed(&bytes)).ok_or_else(no_point)
    }

    fn g2(&self, file: &mut (impl Read + Seek), index: u64) -> io::Result<G2Affine> {
        let bytes = self.bytes::<G2_BYTES>(file, index)?;
        Option::from(G2Affine::from_compressed(&bytes)).ok_or_else(no_point)
    }

    fn bytes<const N: usize>(
        &self,
        file: &mut (impl Read + Seek),
        index: u64,
    ) -> io::Result<[u8; N]> {
        if index >= self.len {
            let what = format!("a vector of {} points has no point {index}", self.len);
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        file.seek(SeekFrom::Start(self.start + index * N as u64))?;
        let mut bytes = [0; N];
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

fn no_point() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a point is not on the curve")
}
