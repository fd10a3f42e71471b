//! The circuits of the network's proofs, without witnesses, and the names under which the library looks for their
//! files.

use bellpepper_core::{Circuit, ConstraintSystem, SynthesisError};
use blstrs::Scalar;
use filecoin_proofs::constants::{
    DefaultPieceHasher, SectorShapeBase, WINDOW_POST_CHALLENGE_COUNT, WINDOW_POST_SECTOR_COUNT,
    WINNING_POST_CHALLENGE_COUNT, WINNING_POST_SECTOR_COUNT,
};
use filecoin_proofs::parameters::{
    public_params, window_post_public_params, winning_post_public_params,
};
use filecoin_proofs::types::{PoRepConfig, PoStConfig, PoStType};
use filigree_proofs_params::{Proof, SectorSize};
use storage_proofs_core::api_version::ApiVersion;
use storage_proofs_core::compound_proof::CompoundProof;
use storage_proofs_core::parameter_cache::{CacheableParameters, ParameterSetMetadata};
use storage_proofs_porep::stacked::{StackedCircuit, StackedCompound};
use storage_proofs_post::fallback::{FallbackPoStCircuit, FallbackPoStCompound};
use storage_proofs_update::circuit::EmptySectorUpdateCircuit;
use storage_proofs_update::compound::EmptySectorUpdateCompound;

/// The trees of 2 KiB, 8 MiB and 512 MiB sectors: eight children everywhere.
type Tree = SectorShapeBase;

/// A circuit that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No development parameters are made of it.
    #[error("there are no development parameters of {proof} for {sector_size} sectors")]
    Unsupported {
        /// What it proves.
        proof: Proof,
        /// For sectors of which size.
        sector_size: SectorSize,
    },
    /// The library's constants do not fit together.
    #[error("the proof library refuses the circuit: {0}")]
    Library(String),
}

/// A circuit with the name of its files.
#[derive(Clone)]
pub struct Blank {
    /// The name that the library gives, without version and extension.
    pub id: String,
    circuit: AnyCircuit,
}

/// One of the library's circuits.
#[derive(Clone)]
enum AnyCircuit {
    Porep(Box<StackedCircuit<Tree, DefaultPieceHasher>>),
    Post(Box<FallbackPoStCircuit<Tree>>),
    /// By its public parameters: the circuit itself cannot be copied.
    Update(storage_proofs_update::PublicParams),
}

impl Circuit<Scalar> for Blank {
    fn synthesize<CS: ConstraintSystem<Scalar>>(self, cs: &mut CS) -> Result<(), SynthesisError> {
        match self.circuit {
            AnyCircuit::Porep(circuit) => circuit.synthesize(cs),
            AnyCircuit::Post(circuit) => circuit.synthesize(cs),
            AnyCircuit::Update(params) => {
                EmptySectorUpdateCompound::<Tree>::blank_circuit(&params).synthesize(cs)
            }
        }
    }
}

impl Blank {
    /// The circuit of a proof for sectors of a size.
    pub fn new(proof: Proof, sector_size: SectorSize) -> Result<Blank, Error> {
        let supported = matches!(sector_size, SectorSize::_2KiB | SectorSize::_8MiB);
        match proof {
            Proof::Porep if supported => porep(sector_size),
            Proof::WinningPost if supported => post(sector_size, PoStType::Winning),
            Proof::WindowPost if supported => post(sector_size, PoStType::Window),
            Proof::ReplicaUpdate if supported => Ok(update(sector_size)),
            _ => Err(Error::Unsupported { proof, sector_size }),
        }
    }
}

/// The circuit does not depend on the version of the proof, nor on its id; both choose challenges.
fn porep(sector_size: SectorSize) -> Result<Blank, Error> {
    type Compound = StackedCompound<Tree, DefaultPieceHasher>;
    let config = PoRepConfig::new_groth16(sector_size.bytes(), [0; 32], ApiVersion::V1_1_0);
    let params = public_params::<Tree>(&config).map_err(refused)?;
    Ok(Blank {
        id: id::<Compound, StackedCircuit<Tree, DefaultPieceHasher>, _>(&params),
        circuit: AnyCircuit::Porep(Box::new(Compound::blank_circuit(&params))),
    })
}

fn post(sector_size: SectorSize, typ: PoStType) -> Result<Blank, Error> {
    type Compound = FallbackPoStCompound<Tree>;
    let (challenge_count, sector_count) = match typ {
        PoStType::Winning => (WINNING_POST_CHALLENGE_COUNT, WINNING_POST_SECTOR_COUNT),
        PoStType::Window => (WINDOW_POST_CHALLENGE_COUNT, window_sectors(sector_size)?),
    };
    let config = PoStConfig {
        sector_size: sector_size.bytes().into(),
        challenge_count,
        sector_count,
        typ,
        priority: false,
        api_version: ApiVersion::V1_1_0,
    };
    let params = match config.typ {
        PoStType::Winning => winning_post_public_params::<Tree>(&config),
        PoStType::Window => window_post_public_params::<Tree>(&config),
    };
    let params = params.map_err(refused)?;
    Ok(Blank {
        id: id::<Compound, FallbackPoStCircuit<Tree>, _>(&params),
        circuit: AnyCircuit::Post(Box::new(Compound::blank_circuit(&params))),
    })
}

fn window_sectors(sector_size: SectorSize) -> Result<usize, Error> {
    let counts = WINDOW_POST_SECTOR_COUNT.read().map_err(refused)?;
    let count = counts.get(&sector_size.bytes()).copied();
    count.ok_or_else(|| refused(format!("no window PoSt for {sector_size} sectors")))
}

fn update(sector_size: SectorSize) -> Blank {
    type Compound = EmptySectorUpdateCompound<Tree>;
    let params = storage_proofs_update::PublicParams::from_sector_size(sector_size.bytes());
    Blank {
        id: id::<Compound, EmptySectorUpdateCircuit<Tree>, _>(&params),
        circuit: AnyCircuit::Update(params),
    }
}

/// The name by which the library finds a circuit's files.
fn id<Compound, C, P>(params: &P) -> String
where
    Compound: CacheableParameters<C, P>,
    C: Circuit<Scalar>,
    P: ParameterSetMetadata,
{
    Compound::cache_identifier(params)
}

fn refused(error: impl std::fmt::Display) -> Error {
    Error::Library(error.to_string())
}

#[cfg(test)]
mod tests {
    use filigree_proofs_params::development::SECTOR_SIZES;
    use filigree_proofs_params::published::CIRCUITS;

    use super::*;

    #[test]
    fn the_library_looks_for_the_names_of_the_catalogue() {
        let mut seen = 0;
        for circuit in CIRCUITS {
            if SECTOR_SIZES.contains(&circuit.sector_size) {
                let blank = Blank::new(circuit.proof, circuit.sector_size).unwrap();
                assert_eq!(blank.id, circuit.id);
                seen += 1;
            }
        }
        assert_eq!(seen, 4 * SECTOR_SIZES.len());
    }

    #[test]
    fn what_has_no_development_parameters_is_refused() {
        for (proof, size) in [
            (Proof::Porep, SectorSize::_32GiB),
            (Proof::ReplicaUpdatePoseidon, SectorSize::_2KiB),
            (Proof::Aggregation, SectorSize::_2KiB),
        ] {
            let refused = Blank::new(proof, size).err();
            assert!(matches!(refused, Some(Error::Unsupported { .. })));
        }
    }
}
