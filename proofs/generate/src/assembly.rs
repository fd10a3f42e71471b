//! Constraint systems that a circuit is synthesised into: one that counts, and one that evaluates.
//!
//! Groth16 sees a circuit as three polynomials for each variable, which take the variable's coefficient in the j-th
//! constraint at the j-th root. Their values at the secret point are all that a setup needs, and each is a sum over the
//! constraints: so the evaluating system adds to these sums and keeps nothing else.

use bellpepper_core::{ConstraintSystem, Index, LinearCombination, SynthesisError, Variable};
use blstrs::Scalar;
use ff::Field;

/// How large a constraint system is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Public inputs, the constant one among them.
    pub inputs: usize,
    /// Private variables.
    pub variables: usize,
    /// Constraints, with one for each input.
    pub constraints: usize,
}

/// Asked now and then during synthesis with the number of constraints so far; false ends it.
pub type Watch<'a> = &'a (dyn Fn(usize) -> bool + Sync);

/// Variables between two questions to a watch.
const WATCH_INTERVAL: usize = 1 << 14;

/// Counts.
pub struct Counter<'a> {
    shape: Shape,
    watch: Watch<'a>,
}

impl<'a> Counter<'a> {
    /// A system with the constant one.
    pub fn new(watch: Watch<'a>) -> Counter<'a> {
        let shape = Shape {
            inputs: 1,
            ..Shape::default()
        };
        Counter { shape, watch }
    }

    /// The counts, with the constraint that each input gets at the end.
    pub fn finish(self) -> Shape {
        Shape {
            constraints: self.shape.constraints + self.shape.inputs,
            ..self.shape
        }
    }
}

/// The values at the secret point of the polynomials of one group of variables.
#[derive(Default)]
pub struct Values {
    /// Of the left sides.
    pub a: Vec<Scalar>,
    /// Of the right sides.
    pub b: Vec<Scalar>,
    /// Of the products.
    pub c: Vec<Scalar>,
}

impl Values {
    fn with_capacity(count: usize) -> Values {
        Values {
            a: Vec::with_capacity(count),
            b: Vec::with_capacity(count),
            c: Vec::with_capacity(count),
        }
    }

    fn push(&mut self) {
        for sums in [&mut self.a, &mut self.b, &mut self.c] {
            sums.push(Scalar::ZERO);
        }
    }
}

/// Evaluates at a secret point.
pub struct Evaluator<'a> {
    lagrange: &'a [Scalar],
    inputs: Values,
    variables: Values,
    constraints: usize,
    watch: Watch<'a>,
}

/// Which of a constraint's three sides.
#[derive(Clone, Copy)]
enum Side {
    A,
    B,
    C,
}

impl<'a> Evaluator<'a> {
    /// A system with the constant one. `lagrange` has a coefficient for each constraint that will come.
    pub fn new(shape: Shape, lagrange: &'a [Scalar], watch: Watch<'a>) -> Evaluator<'a> {
        let mut inputs = Values::with_capacity(shape.inputs);
        inputs.push();
        Evaluator {
            lagrange,
            inputs,
            variables: Values::with_capacity(shape.variables),
            constraints: 0,
            watch,
        }
    }

    /// The values of inputs and of variables. Each input gets a constraint of its own, `x · 0 = 0`, so that none of
    /// their polynomials is another's multiple.
    ///
    /// None if the circuit had another shape this time than when it was counted.
    pub fn finish(mut self, shape: Shape) -> Option<(Values, Values)> {
        let seen = Shape {
            inputs: self.inputs.a.len(),
            variables: self.variables.a.len(),
            constraints: self.constraints + self.inputs.a.len(),
        };
        if seen != shape || shape.constraints > self.lagrange.len() {
            return None;
        }
        let coefficients = &self.lagrange[self.constraints..];
        for (sum, coefficient) in self.inputs.a.iter_mut().zip(coefficients) {
            *sum += coefficient;
        }
        Some((self.inputs, self.variables))
    }

    fn add(&mut self, side: Side, sum: &LinearCombination<Scalar>, lagrange: Scalar) {
        for (variable, coefficient) in sum.iter() {
            let (values, index) = match variable.0 {
                Index::Input(index) => (&mut self.inputs, index),
                Index::Aux(index) => (&mut self.variables, index),
            };
            let sums = match side {
                Side::A => &mut values.a,
                Side::B => &mut values.b,
                Side::C => &mut values.c,
            };
            // Most coefficients are one.
            sums[index] += if *coefficient == Scalar::ONE {
                lagrange
            } else {
                lagrange * coefficient
            };
        }
    }
}

/// What synthesis ends with if a watch said no. The library has no error of this meaning; who asked knows.
const STOPPED: SynthesisError = SynthesisError::AssignmentMissing;

impl ConstraintSystem<Scalar> for Counter<'_> {
    type Root = Self;

    fn alloc<F, A, AR>(&mut self, _: A, _: F) -> Result<Variable, SynthesisError>
    where
        F: FnOnce() -> Result<Scalar, SynthesisError>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        let index = self.shape.variables;
        if index.is_multiple_of(WATCH_INTERVAL) && !(self.watch)(self.shape.constraints) {
            return Err(STOPPED);
        }
        self.shape.variables += 1;
        Ok(Variable(Index::Aux(index)))
    }

    fn alloc_input<F, A, AR>(&mut self, _: A, _: F) -> Result<Variable, SynthesisError>
    where
        F: FnOnce() -> Result<Scalar, SynthesisError>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        self.shape.inputs += 1;
        Ok(Variable(Index::Input(self.shape.inputs - 1)))
    }

    fn enforce<A, AR, LA, LB, LC>(&mut self, _: A, _: LA, _: LB, _: LC)
    where
        A: FnOnce() -> AR,
        AR: Into<String>,
        LA: FnOnce(LinearCombination<Scalar>) -> LinearCombination<Scalar>,
        LB: FnOnce(LinearCombination<Scalar>) -> LinearCombination<Scalar>,
        LC: FnOnce(LinearCombination<Scalar>) -> LinearCombination<Scalar>,
    {
        self.shape.constraints += 1;
    }

    fn push_namespace<NR, N>(&mut self, _: N)
    where
        NR: Into<String>,
        N: FnOnce() -> NR,
    {
    }

    fn pop_namespace(&mut self) {}

    fn get_root(&mut self) -> &mut Self {
        self
    }
}

impl ConstraintSystem<Scalar> for Evaluator<'_> {
    type Root = Self;

    fn alloc<F, A, AR>(&mut self, _: A, _: F) -> Result<Variable, SynthesisError>
    where
        F: FnOnce() -> Result<Scalar, SynthesisError>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        let index = self.variables.a.len();
        if index.is_multiple_of(WATCH_INTERVAL) && !(self.watch)(self.constraints) {
            return Err(STOPPED);
        }
        self.variables.push();
        Ok(Variable(Index::Aux(index)))
    }

    fn alloc_input<F, A, AR>(&mut self, _: A, _: F) -> Result<Variable, SynthesisError>
    where
        F: FnOnce() -> Result<Scalar, SynthesisError>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        self.inputs.push();
        Ok(Variable(Index::Input(self.inputs.a.len() - 1)))
    }

    fn enforce<A, AR, LA, LB, LC>(&mut self, _: A, a: LA, b: LB, c: LC)
    where
        A: FnOnce() -> AR,
        AR: Into<String>,
        LA: FnOnce(LinearCombination<Scalar>) -> LinearCombination<Scalar>,
        LB: FnOnce(LinearCombination<Scalar>) -> LinearCombination<Scalar>,
        LC: FnOnce(LinearCombination<Scalar>) -> LinearCombination<Scalar>,
    {
        // More constraints than were counted: `finish` tells.
        if let Some(lagrange) = self.lagrange.get(self.constraints).copied() {
            self.add(Side::A, &a(LinearCombination::zero()), lagrange);
            self.add(Side::B, &b(LinearCombination::zero()), lagrange);
            self.add(Side::C, &c(LinearCombination::zero()), lagrange);
        }
        self.constraints += 1;
    }

    fn push_namespace<NR, N>(&mut self, _: N)
    where
        NR: Into<String>,
        N: FnOnce() -> NR,
    {
    }

    fn pop_namespace(&mut self) {}

    fn get_root(&mut self) -> &mut Self {
        self
    }
}
