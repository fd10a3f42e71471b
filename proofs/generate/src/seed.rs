//! The random stream of a setup, and the secrets that Groth16 draws from it.

use bellperson::groth16::VerifyingKey;
use blstrs::{Bls12, G1Affine, G1Projective, G2Projective, Scalar};
use ff::Field;
use filigree_proofs_params::development::SEED;
use group::{Curve, Group};
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};

/// The stream of a circuit or SRS: ChaCha with 20 rounds, keyed by BLAKE2b-256 of the public seed and the name.
pub fn stream(id: &str) -> ChaCha20Rng {
    let mut hash = blake2b_simd::Params::new().hash_length(32).to_state();
    hash.update(SEED.as_bytes())
        .update(b"\n")
        .update(id.as_bytes());
    let mut key = [0; 32];
    key.copy_from_slice(hash.finalize().as_bytes());
    ChaCha20Rng::from_seed(key)
}

/// What a setup knows and a prover must not.
pub struct Secrets {
    /// The generator of G1 that everything is a multiple of.
    pub g1: G1Projective,
    /// The same of G2.
    pub g2: G2Projective,
    /// Shifts A.
    pub alpha: Scalar,
    /// Shifts B.
    pub beta: Scalar,
    /// Divides what belongs to public inputs.
    pub gamma: Scalar,
    /// Divides what belongs to private variables.
    pub delta: Scalar,
    /// Where polynomials are evaluated.
    pub tau: Scalar,
}

impl Secrets {
    /// Draws in the order of bellperson's generator, so that one stream leads both to one result.
    pub fn draw(rng: &mut impl RngCore) -> Secrets {
        Secrets {
            g1: G1Projective::random(&mut *rng),
            g2: G2Projective::random(&mut *rng),
            alpha: Scalar::random(&mut *rng),
            beta: Scalar::random(&mut *rng),
            gamma: Scalar::random(&mut *rng),
            delta: Scalar::random(&mut *rng),
            tau: Scalar::random(&mut *rng),
        }
    }

    /// The verifying key, given the points of the public inputs.
    pub fn key(&self, inputs: Vec<G1Affine>) -> VerifyingKey<Bls12> {
        VerifyingKey {
            alpha_g1: (self.g1 * self.alpha).to_affine(),
            beta_g1: (self.g1 * self.beta).to_affine(),
            beta_g2: (self.g2 * self.beta).to_affine(),
            gamma_g2: (self.g2 * self.gamma).to_affine(),
            delta_g1: (self.g1 * self.delta).to_affine(),
            delta_g2: (self.g2 * self.delta).to_affine(),
            ic: inputs,
        }
    }
}
