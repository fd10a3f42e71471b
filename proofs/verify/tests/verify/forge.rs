//! Proofs of anything, for keys whose trapdoor is known.
//!
//! Who knows the scalars behind a Groth16 key can answer its equation, A·B = α·β + IC(x)·γ + C·δ, for any public inputs x:
//! choose A and B, solve for C. So tests have valid proofs in milliseconds, and every change to them is judged by the same
//! code as a real proof. (For the same reason, parameters made from a public seed prove nothing to anybody.)

use std::fs;
use std::path::Path;

use bellperson::groth16::aggregate::{
    AggregateVersion, GenericSRS, aggregate_proofs, setup_fake_srs,
};
use bellperson::groth16::{Proof, VerifyingKey};
use blstrs::{Bls12, G1Affine, G1Projective, G2Affine, G2Projective, Scalar};
use ff::Field;
use filigree_proofs_params::{Digest, File, Kind, Proof as Of, Role, SectorSize, Selection, Set};
use filigree_proofs_verify::Keys;
use group::{Curve, Group};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// Largest aggregate that the reference string is for.
pub const MAX_AGGREGATE: usize = 64;

/// A key and the scalars behind it.
pub struct Trapdoor {
    alpha: Scalar,
    beta: Scalar,
    gamma: Scalar,
    delta: Scalar,
    ic: Vec<Scalar>,
}

impl Trapdoor {
    /// For a circuit with so many public inputs.
    pub fn new(seed: u64, inputs: usize) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut scalar = || Scalar::random(&mut rng);
        Self {
            alpha: scalar(),
            beta: scalar(),
            gamma: scalar(),
            delta: scalar(),
            ic: (0..=inputs).map(|_| scalar()).collect(),
        }
    }

    /// The key, as a file has it.
    pub fn key(&self) -> Vec<u8> {
        let key = VerifyingKey::<Bls12> {
            alpha_g1: g1(self.alpha),
            beta_g1: g1(self.beta),
            beta_g2: g2(self.beta),
            gamma_g2: g2(self.gamma),
            delta_g1: g1(self.delta),
            delta_g2: g2(self.delta),
            ic: self.ic.iter().map(|scalar| g1(*scalar)).collect(),
        };
        let mut bytes = Vec::new();
        key.write(&mut bytes).unwrap();
        bytes
    }

    /// A valid proof of one partition.
    pub fn prove(&self, inputs: &[Scalar]) -> Proof<Bls12> {
        assert_eq!(inputs.len() + 1, self.ic.len(), "inputs of this circuit");
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        let (a, b) = (Scalar::random(&mut rng), Scalar::random(&mut rng));
        let weighted = self.ic[1..].iter().zip(inputs).map(|(ic, x)| ic * x);
        let ic = weighted.fold(self.ic[0], |sum, term| sum + term);
        let c = (a * b - self.alpha * self.beta - ic * self.gamma) * self.delta.invert().unwrap();
        Proof {
            a: g1(a),
            b: g2(b),
            c: g1(c),
        }
    }

    /// Valid proofs of all partitions, as bytes.
    pub fn prove_all(&self, inputs: &[Vec<Scalar>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for inputs in inputs {
            self.prove(inputs).write(&mut bytes).unwrap();
        }
        bytes
    }
}

fn g1(scalar: Scalar) -> G1Affine {
    (G1Projective::generator() * scalar).to_affine()
}

fn g2(scalar: Scalar) -> G2Affine {
    (G2Projective::generator() * scalar).to_affine()
}

/// Keys of 2 KiB sectors whose trapdoors are known, and a reference string.
pub struct Forge {
    pub seal: Trapdoor,
    pub winning: Trapdoor,
    pub window: Trapdoor,
    pub update: Trapdoor,
    pub srs: GenericSRS<Bls12>,
}

impl Forge {
    /// Public inputs: a seal's 2 challenges, the challenges of 66 and of 2 × 10 leaves, an update's commitments.
    pub fn new(inputs: &crate::support::InputCounts) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(5);
        Self {
            seal: Trapdoor::new(1, inputs.seal),
            winning: Trapdoor::new(2, inputs.winning),
            window: Trapdoor::new(3, inputs.window),
            update: Trapdoor::new(4, inputs.update),
            srs: setup_fake_srs(&mut rng, MAX_AGGREGATE),
        }
    }

    /// Writes the files into `folder`, under the names that the library looks for, and lists them.
    pub fn write(&self, folder: &Path) -> Vec<File> {
        let files = Selection::of(Set::Production, Role::Verify)
            .with_sector_size(SectorSize::_2KiB)
            .files();
        assert_eq!(files.len(), 5, "four keys and the reference string");
        let list = files.into_iter().map(|file| {
            let bytes = self.bytes(&file);
            fs::write(folder.join(file.name()), &bytes).unwrap();
            listed(file, &bytes)
        });
        list.collect()
    }

    fn bytes(&self, file: &File) -> Vec<u8> {
        match file.proof {
            Of::Porep => self.seal.key(),
            Of::WinningPost => self.winning.key(),
            Of::WindowPost => self.window.key(),
            Of::ReplicaUpdate => self.update.key(),
            Of::ReplicaUpdatePoseidon => panic!("no registered proof has this circuit"),
            Of::Aggregation => {
                assert_eq!(file.kind, Kind::Srs);
                let mut srs = Vec::new();
                self.srs.write(&mut srs).unwrap();
                srs
            }
        }
    }

    /// The keys, loaded.
    pub fn keys(&self) -> Keys {
        let folder = tempfile::tempdir().unwrap();
        let files = self.write(folder.path());
        Keys::load(folder.path(), &files).complete().unwrap()
    }

    /// Aggregates valid proofs of these inputs, repeating the last one up to a power of two.
    pub fn aggregate(
        &self,
        inputs: &[Vec<Scalar>],
        transcript: &[u8],
        version: AggregateVersion,
    ) -> Vec<u8> {
        let mut proofs: Vec<_> = inputs
            .iter()
            .map(|inputs| self.seal.prove(inputs))
            .collect();
        let last = proofs.last().unwrap().clone();
        proofs.resize(proofs.len().next_power_of_two().max(2), last);
        let srs = self.srs.specialize(proofs.len()).0;
        let aggregate = aggregate_proofs(&srs, transcript, &proofs, version).unwrap();
        let mut bytes = Vec::new();
        aggregate.write(&mut bytes).unwrap();
        bytes
    }
}

/// The file, as a catalogue lists it whose network has `bytes` there.
pub fn listed(file: File, bytes: &[u8]) -> File {
    File {
        digest: Digest::of(bytes),
        size_bytes: None,
        ..file
    }
}
