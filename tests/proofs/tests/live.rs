//! The scenarios with proofs that are made now: what `cargo xtask test --slow` runs.

use std::path::PathBuf;

use filigree_tests_proofs::{Actors, Maker, Prover, Stage, keys, scenario};

#[test]
#[ignore = "needs all parameters of 2 KiB sectors; minutes"]
fn proofs_that_are_made_now_do_what_recorded_ones_do() {
    let parameters = std::env::var_os("FILIGREE_DEV_PARAMETERS");
    let parameters = parameters.expect("FILIGREE_DEV_PARAMETERS names the directory of parameters");
    let program = PathBuf::from(env!("CARGO_BIN_EXE_record-proofs"));
    let maker = Maker::new(
        &PathBuf::from(parameters),
        program,
        vec!["worker".to_owned()],
    );
    let mut prover = Prover::making(maker.unwrap());
    for (name, play) in scenario::ALL {
        println!("{name}");
        let mut stage = Stage::new(&Actors::ours(), keys::verifier(), prover);
        play(&mut stage);
        prover = stage.prover;
    }
}
