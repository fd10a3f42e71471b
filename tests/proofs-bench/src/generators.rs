//! What making parameters costs, ours beside bellperson's generator, from one random stream, which must lead both to the
//! same bytes.

use std::io::{self, Write};

use anyhow::{Result, bail};
use bellperson::groth16::generate_random_parameters;
use blstrs::Bls12;
use filigree_proofs_generate::circuits::Blank;
use filigree_proofs_generate::groth16::Setup;
use filigree_proofs_generate::seed::stream;
use filigree_proofs_params::digest::Hasher;
use filigree_proofs_params::{Proof, SectorSize};
use serde::{Deserialize, Serialize};

use crate::judge::Differ;
use crate::meter::{self, Place, Usage};
use crate::options::Role;

/// The circuits whose parameters the stock generator makes in minutes.
pub const SMALL: [Proof; 2] = [Proof::WindowPost, Proof::WinningPost];
/// Those that take it half an hour.
pub const LARGE: [Proof; 2] = [Proof::ReplicaUpdate, Proof::Porep];

/// What the parameters of a circuit take.
#[derive(Debug, Serialize)]
pub struct GeneratorFigures {
    /// What is proved with them.
    pub proof: &'static str,
    /// Their bytes.
    pub size_bytes: u64,
    /// Of our generator.
    pub ours: Usage,
    /// Of the proof library's.
    pub stock: Usage,
}

/// Who makes parameters, and for which proof.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Generator {
    Ours,
    Stock,
}

#[derive(Serialize, Deserialize)]
struct Order {
    by: Generator,
    proof: String,
}

/// What came out.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Bytes {
    digest: String,
    size_bytes: u64,
}

/// Runs both generators on each circuit of 2 KiB sectors.
pub fn measure(proofs: &[Proof], threads: usize) -> Result<Vec<GeneratorFigures>> {
    let folder = tempfile::tempdir()?;
    let place = Place {
        parameters: folder.path().to_owned(),
        folder: folder.path().to_owned(),
        threads,
    };
    let run = |by: Generator, proof: Proof| -> Result<(Usage, Bytes)> {
        eprintln!("parameters for {proof}: {by:?}");
        let proof = proof.name().to_owned();
        meter::role(&place, Role::Generator, &Order { by, proof })
    };
    let both = |proof: &Proof| {
        let (ours, bytes) = run(Generator::Ours, *proof)?;
        let (stock, stock_bytes) = run(Generator::Stock, *proof)?;
        if bytes != stock_bytes {
            let what =
                format!("parameters for {proof}: {bytes:?}, the stock generator's {stock_bytes:?}");
            bail!(Differ(what));
        }
        Ok(GeneratorFigures {
            proof: proof.name(),
            size_bytes: bytes.size_bytes,
            ours,
            stock,
        })
    };
    proofs.iter().map(both).collect()
}

/// What a generating process does.
pub fn serve() -> Result<()> {
    let order: Order = meter::read()?;
    let circuit = Blank::new(order.proof.parse()?, SectorSize::_2KiB)?;
    let mut rng = stream(&circuit.id);
    let mut digesting = Digesting::default();
    match order.by {
        Generator::Ours => {
            let watch = |_, _, _| true;
            let setup = Setup::new(|| circuit.clone(), &mut rng, &watch)?;
            setup.write(&mut digesting, &watch)?;
        }
        Generator::Stock => {
            let made = generate_random_parameters::<Bls12, _, _>(circuit, &mut rng)?;
            made.write(&mut digesting)?;
        }
    }
    meter::write(&Bytes {
        digest: digesting.hasher.digest().to_string(),
        size_bytes: digesting.size_bytes,
    })
}

/// Writes to nowhere but a digest.
#[derive(Default)]
struct Digesting {
    hasher: Hasher,
    size_bytes: u64,
}

impl Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hasher.update(bytes);
        self.size_bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
