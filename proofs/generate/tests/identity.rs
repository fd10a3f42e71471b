//! The generator beside bellperson's own: from one random stream, the same bytes.

use bellpepper_core::{Circuit, ConstraintSystem, LinearCombination, SynthesisError, Variable};
use bellperson::groth16::{
    Parameters, create_random_proof, generate_random_parameters, prepare_verifying_key,
    verify_proof,
};
use blstrs::{Bls12, Scalar};
use ff::Field;
use filigree_proofs_generate::circuits::Blank;
use filigree_proofs_generate::groth16::{Error, Setup, Stage};
use filigree_proofs_generate::seed::stream;
use filigree_proofs_params::{Proof, SectorSize};
use rand_core::RngCore;

/// A random circuit: constraints over sums of random variables with random, small, zero or unit coefficients, one
/// variable at least in each, so that none is free.
#[derive(Clone)]
struct Random {
    seed: &'static str,
    inputs: usize,
    variables: usize,
    constraints: usize,
}

impl Circuit<Scalar> for Random {
    fn synthesize<CS: ConstraintSystem<Scalar>>(self, cs: &mut CS) -> Result<(), SynthesisError> {
        let mut rng = stream(self.seed);
        let mut all: Vec<Variable> = vec![CS::one()];
        for i in 0..self.inputs {
            all.push(cs.alloc_input(|| format!("input {i}"), || Ok(Scalar::ONE))?);
        }
        let mut own = Vec::new();
        for i in 0..self.variables {
            own.push(cs.alloc(|| format!("variable {i}"), || Ok(Scalar::ONE))?);
        }
        all.extend(&own);
        let side = |rng: &mut dyn RngCore| {
            let mut sum = LinearCombination::zero();
            for _ in 0..rng.next_u32() % 5 {
                let variable = all[rng.next_u32() as usize % all.len()];
                let coefficient = match rng.next_u32() % 5 {
                    0 => Scalar::ZERO,
                    1 => Scalar::ONE,
                    2 => -Scalar::ONE,
                    3 => Scalar::from(1 << 40),
                    _ => Scalar::random(&mut *rng),
                };
                sum = sum + (coefficient, variable);
            }
            sum
        };
        for i in 0..self.constraints {
            let sums: [LinearCombination<Scalar>; 3] = [(); 3].map(|()| side(&mut rng));
            let [a, b, c] = sums;
            let own = own[i % own.len()];
            cs.enforce(
                || format!("{i}"),
                |_| a,
                |_| b,
                |_| c + (Scalar::from(7), own),
            );
        }
        Ok(())
    }
}

/// What both generators make.
fn both<C: Circuit<Scalar> + Clone>(circuit: &C, seed: &str) -> [(Vec<u8>, Vec<u8>); 2] {
    let stock = generate_random_parameters::<Bls12, _, _>(circuit.clone(), &mut stream(seed));
    let stock = stock.unwrap();
    let (mut stock_bytes, mut stock_key) = (Vec::new(), Vec::new());
    stock.write(&mut stock_bytes).unwrap();
    stock.vk.write(&mut stock_key).unwrap();
    let (bytes, key) = ours(circuit, seed).unwrap();
    [(stock_bytes, stock_key), (bytes, key)]
}

fn ours<C: Circuit<Scalar> + Clone>(circuit: &C, seed: &str) -> Result<(Vec<u8>, Vec<u8>), Error> {
    let watch = |_, _, _| true;
    let setup = Setup::new(|| circuit.clone(), &mut stream(seed), &watch)?;
    let (mut bytes, mut key_bytes) = (Vec::new(), Vec::new());
    let key = setup.write(&mut bytes, &watch)?;
    key.write(&mut key_bytes).unwrap();
    Ok((bytes, key_bytes))
}

#[test]
fn one_stream_leads_both_generators_to_the_same_bytes() {
    for (seed, inputs, variables, constraints) in [
        ("a", 0, 1, 1),
        ("b", 3, 10, 12),
        ("c", 1, 100, 127),
        ("d", 2, 100, 125),
        ("e", 2, 100, 126),
        ("f", 7, 1000, 3000),
        // Enough for the large table of G1.
        ("g", 7, 6000, 8000),
    ] {
        let circuit = Random {
            seed,
            inputs,
            variables,
            constraints,
        };
        let [stock, ours] = both(&circuit, "setup");
        assert!(stock.0 == ours.0, "parameters of {seed} differ");
        assert!(stock.1 == ours.1, "keys of {seed} differ");
    }
}

/// `x³ + x + 5 = y`, as in many introductions.
#[derive(Clone)]
struct Cubic(Option<u64>);

impl Circuit<Scalar> for Cubic {
    fn synthesize<CS: ConstraintSystem<Scalar>>(self, cs: &mut CS) -> Result<(), SynthesisError> {
        let x = self.0.map(Scalar::from);
        let missing = SynthesisError::AssignmentMissing;
        let square = x.map(|x| x.square());
        let y = x.map(|x| x.square() * x + x + Scalar::from(5));
        let x = cs.alloc(|| "x", || x.ok_or(missing))?;
        let missing = SynthesisError::AssignmentMissing;
        let square = cs.alloc(|| "square", || square.ok_or(missing))?;
        let missing = SynthesisError::AssignmentMissing;
        let y = cs.alloc_input(|| "y", || y.ok_or(missing))?;
        cs.enforce(|| "square", |lc| lc + x, |lc| lc + x, |lc| lc + square);
        let five = (Scalar::from(5), CS::one());
        cs.enforce(
            || "y",
            |lc| lc + square,
            |lc| lc + x,
            |lc| lc + y - x - five,
        );
        Ok(())
    }
}

#[test]
fn proofs_are_made_and_verified_with_what_is_generated() {
    let (bytes, _) = ours(&Cubic(None), "cubic").unwrap();
    let parameters = Parameters::<Bls12>::read(bytes.as_slice(), true).unwrap();
    let proof = create_random_proof(Cubic(Some(3)), &parameters, &mut stream("proof")).unwrap();
    let key = prepare_verifying_key(&parameters.vk);
    assert!(verify_proof(&key, &proof, &[Scalar::from(35)]).unwrap());
    assert!(!verify_proof(&key, &proof, &[Scalar::from(36)]).unwrap());
}

#[test]
fn other_seeds_make_other_parameters() {
    let circuit = Cubic(None);
    assert!(ours(&circuit, "one").unwrap() == ours(&circuit, "one").unwrap());
    assert!(ours(&circuit, "one").unwrap() != ours(&circuit, "two").unwrap());
}

/// A variable that no constraint holds could take any value.
#[derive(Clone)]
struct Free;

impl Circuit<Scalar> for Free {
    fn synthesize<CS: ConstraintSystem<Scalar>>(self, cs: &mut CS) -> Result<(), SynthesisError> {
        cs.alloc(|| "free", || Ok(Scalar::ONE))?;
        Ok(())
    }
}

#[test]
fn a_free_variable_is_refused() {
    assert!(matches!(ours(&Free, "free"), Err(Error::Unconstrained(0))));
}

#[test]
fn a_setup_can_be_cancelled_at_every_stage() {
    let circuit = Random {
        seed: "cancelled",
        inputs: 2,
        variables: 100,
        constraints: 200,
    };
    for stage in [Stage::Counting, Stage::Evaluating, Stage::Points] {
        let watch = |now: Stage, _: u64, _: u64| now != stage;
        let setup = Setup::new(|| circuit.clone(), &mut stream("cancelled"), &watch);
        let result = setup.and_then(|setup| setup.write(&mut Vec::new(), &watch).map(|_| ()));
        assert!(matches!(result, Err(Error::Cancelled)), "{stage:?}");
    }
}

/// Checks that both generators make the same files of a circuit of the network.
#[track_caller]
fn check_network(proof: Proof) {
    let circuit = Blank::new(proof, SectorSize::_2KiB).unwrap();
    let [stock, ours] = both(&circuit, &circuit.id);
    assert!(stock.0 == ours.0, "parameters differ");
    assert!(stock.1 == ours.1, "keys differ");
}

#[test]
#[ignore = "slow: the stock generator needs 16 CPU seconds"]
fn window_post_parameters_are_those_of_the_stock_generator() {
    check_network(Proof::WindowPost);
}

#[test]
#[ignore = "slow: the stock generator needs a CPU minute"]
fn winning_post_parameters_are_those_of_the_stock_generator() {
    check_network(Proof::WinningPost);
}

#[test]
#[ignore = "slow: the stock generator needs ten CPU minutes"]
fn replica_update_parameters_are_those_of_the_stock_generator() {
    check_network(Proof::ReplicaUpdate);
}
