//! The shared world with its genesis, ready for messages: what most test files start from.

use fvm_shared::version::NetworkVersion;

use crate::compare::{Agreed, both_from};
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

    /// Runs both hosts from the genesis; their outcomes. Panics where they differ, or where the reference gives nothing
    /// to compare with.
    pub fn run(&self, steps: &[Step]) -> Vec<Outcome> {
        let Agreed { outcomes, unjudged } = self.agreed(steps);
        assert_eq!(unjudged, None, "steps without a verdict");
        outcomes
    }

    /// Like [`run`](Self::run), for steps on which the reference may panic.
    pub fn agreed(&self, steps: &[Step]) -> Agreed {
        match both_from(&self.setup, &self.genesis, steps) {
            Ok(agreed) => agreed,
            Err(e) => panic!("{e:#}"),
        }
    }

    /// Exit codes of [`run`](Self::run); `None` where the host refused a message.
    pub fn exits(&self, steps: &[Step]) -> Vec<Option<u32>> {
        self.run(steps).iter().map(Outcome::exit_code).collect()
    }
}

/// Runs a test function for each network version the issue names, as tests of their own, with a large native stack. With
/// `traced:` in front, the hosts also make traces, which are compared.
#[macro_export]
macro_rules! for_each_version {
    (traced: $($name:ident),* $(,)?) => { $crate::for_each_version!(@ true; $($name),*); };
    (@ $traced:literal; $($name:ident),*) => {
        $(mod $name {
            use fvm_shared::version::NetworkVersion as V;
            fn at(version: V) {
                $crate::compare::on_large_stack(|| {
                    let mut stage = $crate::stage::Stage::new(version);
                    stage.setup.tracing = $traced;
                    super::$name(&stage);
                });
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
    ($($name:ident),* $(,)?) => { $crate::for_each_version!(@ false; $($name),*); };
}
