//! Plays all scenarios with a prover that makes every proof, and writes what it answered: the recording of the tests.
//!
//! ```sh
//! cargo run -p filigree -- params generate --dir DIR
//! cargo run -p filigree-tests-proofs --bin record-proofs -- DIR tests/proofs/recorded
//! ```
//!
//! Proofs are random, so that each recording has other bytes; all else stays unless what the chain gives has changed.
//! With the argument `worker` alone it is a worker process of the pipeline. With a third argument, the official bundle for devnets
//! (release 18), the scenarios play on that: everything must come out the same, only that the inputs are others.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use filigree_tests_proofs::{Actors, Maker, Prover, Stage, keys, scenario};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments == ["worker"] {
        return filigree_proofs_prove::worker::serve();
    }
    match record(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn record(arguments: &[String]) -> Result<()> {
    let (parameters, output, actors) = match arguments {
        [parameters, output] => (parameters, output, Actors::ours()),
        [parameters, output, official] => (parameters, output, Actors::official(official.into())),
        _ => bail!("usage: record-proofs PARAMETERS OUTPUT [OFFICIAL-BUNDLE]"),
    };
    let worker = (std::env::current_exe()?, vec!["worker".to_owned()]);
    let maker = Maker::new(Path::new(parameters), worker.0, worker.1)?;
    let mut prover = Prover::making(maker);
    for (name, play) in scenario::ALL {
        eprintln!("{name}");
        let mut stage = Stage::new(&actors, keys::verifier(), prover);
        play(&mut stage);
        prover = stage.prover;
    }
    prover.save(Path::new(output))
}
