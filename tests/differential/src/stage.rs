//! The shared world with its genesis, ready for messages: what most test files start from.

use fvm_shared::version::NetworkVersion;

use crate::compare::both_from;
use crate::fixtures::Fixtures;
use crate::oracle::Step;
use crate::outcome::Outcome;
use crate::program::Program;
use crate::setup::{Genesis, Setup};
use crate::world;

/// A world both hosts can be run from, again and again.
pub struct Stage {
    /// The setup.
    pub setup: Setup,
    /// Its genesis.
    pub genesis: Genesis,
    /// Bytes for drivers to use.
    pub fixtures: Fixtures,
}

impl Stage {
    /// The shared world at `version`. Panics if it cannot be built: tests only.
    pub fn new(version: NetworkVersion) -> Self {
        match world::setup(version) {
            Ok(setup) => Self::of(setup),
            Err(e) => panic!("the shared world: {e:#}"),
        }
    }

    /// A changed world. Panics if it cannot be built: tests only.
    pub fn of(setup: Setup) -> Self {
        let genesis = match setup.genesis() {
            Ok(genesis) => genesis,
            Err(e) => panic!("genesis: {e:#}"),
        };
        let fixtures = Fixtures::new(&genesis);
        Self {
            setup,
            genesis,
            fixtures,
        }
    }

    /// The network version.
    pub fn version(&self) -> NetworkVersion {
        self.setup.version
    }

    /// An empty program.
    pub fn program(&self) -> Program {
        Program::new(self.version())
    }

    /// A program with all fixtures in memory.
    pub fn loaded(&self) -> Program {
        let mut program = self.program();
        self.fixtures.load(&mut program);
        program
    }

    /// Runs both hosts from the genesis; their outcomes. Panics where they differ.
    pub fn run(&self, steps: &[Step]) -> Vec<Outcome> {
        match both_from(&self.setup, &self.genesis, steps) {
            Ok(outcomes) => outcomes,
            Err(e) => panic!("{e:#}"),
        }
    }

    /// Exit codes of [`run`](Self::run); `None` where the host refused a message.
    pub fn exits(&self, steps: &[Step]) -> Vec<Option<u32>> {
        self.run(steps).iter().map(Outcome::exit_code).collect()
    }
}

/// Runs a test function for each network version the issue names, as tests of their own, with a large native stack.
#[macro_export]
macro_rules! for_each_version {
    ($($name:ident),* $(,)?) => {
        $(mod $name {
            use fvm_shared::version::NetworkVersion as V;
            fn at(version: V) {
                $crate::compare::on_large_stack(|| super::$name(&$crate::stage::Stage::new(version)));
            }
            #[test]
            fn nv18() { at(V::V18) }
            #[test]
            fn nv21() { at(V::V21) }
            #[test]
            fn nv24() { at(V::V24) }
            #[test]
            fn nv25() { at(V::V25) }
            #[test]
            fn nv28() { at(V::V28) }
        })*
    };
}
