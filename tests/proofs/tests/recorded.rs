//! The scenarios with recorded proofs.

use filigree_tests_proofs::{Actors, Prover, Stage, keys, scenario};

fn play(scenario: fn(&mut Stage)) {
    let prover = Prover::recorded().unwrap();
    scenario(&mut Stage::new(&Actors::ours(), keys::verifier(), prover));
}

#[test]
fn a_seal_is_proven_and_with_one_bit_flipped_it_is_not() {
    play(scenario::seal);
}

#[test]
fn an_aggregate_proves_all_and_with_one_bit_flipped_none() {
    play(scenario::aggregate);
}

#[test]
fn a_dispute_wins_against_a_window_proof_with_one_bit_flipped_alone() {
    play(scenario::dispute);
}

#[test]
fn faulty_sectors_come_back_with_a_good_proof_alone() {
    play(scenario::recovery);
}

#[test]
fn an_update_is_proven_and_with_one_bit_flipped_it_is_not() {
    play(scenario::update);
}
