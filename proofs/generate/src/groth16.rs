//! A Groth16 setup: from a circuit and a random stream to the bytes of a parameter file and of its verifying key.
//!
//! What is drawn, computed and written, and in which order, is that of bellperson 0.27's generator and of its file
//! format; how it is computed is not. Jens Groth, "On the Size of Pairing-based Non-interactive Arguments", 2016,
//! section 3.2.

use std::io::{self, Write};

use bellpepper_core::{Circuit, SynthesisError};
use bellperson::groth16::VerifyingKey;
use blstrs::{Bls12, G1Affine, Scalar};
use ff::Field;
use group::{Curve as _, UncompressedEncoding};
use rand_core::RngCore;
use rayon::prelude::*;

use crate::assembly::{Counter, Evaluator, Shape, Values};
use crate::lagrange::Domain;
use crate::seed::Secrets;
use crate::table::{Curve, Table};

/// Points computed between two writes.
const CHUNK: usize = 1 << 16;

/// What a setup is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Counting constraints; how many there are is not known yet.
    Counting,
    /// Evaluating constraints.
    Evaluating,
    /// Computing points.
    Points,
}

/// Told how far a stage is, of how much in all (0 if not known); false ends the setup.
pub type Watch<'a> = &'a (dyn Fn(Stage, u64, u64) -> bool + Sync);

/// Why there is no setup.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The watch said so.
    #[error("cancelled")]
    Cancelled,
    /// The circuit is at fault.
    #[error("the circuit cannot be synthesised: {0}")]
    Synthesis(#[source] SynthesisError),
    /// The circuit is at fault: its shape changed between two syntheses.
    #[error("the circuit has not the same shape each time")]
    Unsteady,
    /// The circuit is at fault: a variable is in no constraint.
    #[error("variable {0} of the circuit is in no constraint")]
    Unconstrained(usize),
    /// The circuit is at fault: the field has no domain for it.
    #[error("{0} constraints are too many for the field")]
    TooLarge(usize),
    /// The stream gave a zero or a root of unity, as no stream does twice.
    #[error("the random stream gave a secret that cannot be used")]
    UnusableSecret,
    /// The bytes could not be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Everything but the points.
pub struct Setup {
    secrets: Secrets,
    shape: Shape,
    domain: Domain,
    inputs: Values,
    variables: Values,
    gamma_inverse: Scalar,
    delta_inverse: Scalar,
}

impl Setup {
    /// Draws the secrets and evaluates a circuit, made twice by `circuit`.
    pub fn new<C: Circuit<Scalar>>(
        circuit: impl Fn() -> C,
        rng: &mut impl RngCore,
        watch: Watch,
    ) -> Result<Setup, Error> {
        let secrets = Secrets::draw(rng);
        let stopped = |error, stage| match watch(stage, 0, 0) {
            true => Error::Synthesis(error),
            false => Error::Cancelled,
        };

        let counting = |done| watch(Stage::Counting, done as u64, 0);
        let mut counter = Counter::new(&counting);
        let synthesis = circuit().synthesize(&mut counter);
        synthesis.map_err(|error| stopped(error, Stage::Counting))?;
        let shape = counter.finish();

        let constraints = shape.constraints;
        let domain = Domain::of(constraints).ok_or(Error::TooLarge(constraints))?;
        let lagrange = domain.lagrange(secrets.tau).ok_or(Error::UnusableSecret)?;
        let evaluating = |done| watch(Stage::Evaluating, done as u64, constraints as u64);
        let mut evaluator = Evaluator::new(shape, &lagrange, &evaluating);
        let synthesis = circuit().synthesize(&mut evaluator);
        synthesis.map_err(|error| stopped(error, Stage::Evaluating))?;
        let (inputs, variables) = evaluator.finish(shape).ok_or(Error::Unsteady)?;

        let inverse = |s: Scalar| Option::<Scalar>::from(s.invert()).ok_or(Error::UnusableSecret);
        Ok(Setup {
            gamma_inverse: inverse(secrets.gamma)?,
            delta_inverse: inverse(secrets.delta)?,
            secrets,
            shape,
            domain,
            inputs,
            variables,
        })
    }

    /// How large the circuit is.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Writes the parameter file, and returns the verifying key that it begins with.
    pub fn write(&self, out: &mut dyn Write, watch: Watch) -> Result<VerifyingKey<Bls12>, Error> {
        let private = self.combined(&self.variables, self.delta_inverse);
        if let Some(variable) = private.iter().position(|s| s.is_zero_vartime()) {
            return Err(Error::Unconstrained(variable));
        }
        let public = self.combined(&self.inputs, self.gamma_inverse);
        let powers = self.powers();
        let a = present(&self.inputs.a, &self.variables.a);
        let b = present(&self.inputs.b, &self.variables.b);

        let g1_count = powers.len() + private.len() + a.len() + b.len();
        let g1 = Table::<G1Affine>::new(self.secrets.g1.to_affine(), g1_count);
        let key = self.secrets.key(g1.multiples(&public));
        key.write(&mut *out)?;

        let mut writer = Points {
            out,
            watch,
            done: 0,
            total: (g1_count + b.len()) as u64,
        };
        writer.write(&g1, &powers)?;
        drop(powers);
        writer.write(&g1, &private)?;
        drop(private);
        writer.write(&g1, &a)?;
        drop(a);
        writer.write(&g1, &b)?;
        drop(g1);
        let g2 = Table::new(self.secrets.g2.to_affine(), b.len());
        writer.write(&g2, &b)?;
        Ok(key)
    }

    /// `(β a + α b + c) / divisor` for each variable of a group.
    fn combined(&self, values: &Values, inverse: Scalar) -> Vec<Scalar> {
        let Secrets { alpha, beta, .. } = self.secrets;
        let sides = values.a.par_iter().zip(&values.b).zip(&values.c);
        let combined = sides.map(|((a, b), c)| (beta * a + alpha * b + c) * inverse);
        combined.collect()
    }

    /// `τ^i (τ^n - 1) / δ` for each i from 0 to n - 2, where n is the order of the domain.
    fn powers(&self) -> Vec<Scalar> {
        let tau = self.secrets.tau;
        let first = self.domain.vanishing(tau) * self.delta_inverse;
        let mut powers = vec![Scalar::ZERO; self.domain.order() - 1];
        let chunks = powers.par_chunks_mut(CHUNK).enumerate();
        chunks.for_each(|(chunk, powers)| {
            let mut power = first * tau.pow_vartime([(chunk * CHUNK) as u64]);
            for slot in powers {
                *slot = power;
                power *= tau;
            }
        });
        powers
    }
}

/// Those that are not zero: points at infinity are left out of the file, and provers know which.
fn present(inputs: &[Scalar], variables: &[Scalar]) -> Vec<Scalar> {
    let all = inputs.iter().chain(variables);
    all.filter(|s| !s.is_zero_vartime()).copied().collect()
}

/// Writes vectors of points.
struct Points<'a> {
    out: &'a mut dyn Write,
    watch: Watch<'a>,
    done: u64,
    total: u64,
}

impl Points<'_> {
    /// Writes the number of scalars, then their multiples.
    fn write<C>(&mut self, table: &Table<C>, scalars: &[Scalar]) -> Result<(), Error>
    where
        C: Curve + UncompressedEncoding,
        C::Uncompressed: Send,
    {
        let length = u32::try_from(scalars.len()).map_err(|_| Error::TooLarge(scalars.len()))?;
        self.out.write_all(&length.to_be_bytes())?;
        for chunk in scalars.chunks(CHUNK) {
            if !(self.watch)(Stage::Points, self.done, self.total) {
                return Err(Error::Cancelled);
            }
            let points = table.multiples(chunk);
            let encoded: Vec<_> = points.par_iter().map(C::to_uncompressed).collect();
            for point in encoded {
                self.out.write_all(point.as_ref())?;
            }
            self.done += chunk.len() as u64;
        }
        Ok(())
    }
}
