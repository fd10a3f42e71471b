//! What is checked of a windowed proof before it is recorded.

use fvm_shared::sector::RegisteredPoStProof;

use super::*;
use crate::testing::miner_info;
use crate::types::PoStPartition;

fn params(partitions: u64, proof_bytes: usize) -> SubmitWindowedPoStParams {
    let partitions = (0..partitions).map(|index| PoStPartition {
        index,
        skipped: BitField::new(),
    });
    SubmitWindowedPoStParams {
        deadline: 0,
        partitions: partitions.collect(),
        proofs: vec![PoStProof {
            post_proof: RegisteredPoStProof::StackedDRGWindow32GiBV1P1,
            proof_bytes: vec![0; proof_bytes],
        }],
        chain_commit_epoch: 0,
        chain_commit_rand: Randomness(vec![0; 32]),
    }
}

#[test]
fn there_is_one_proof_of_a_type_that_is_allowed() {
    let code = |change: &dyn Fn(&mut SubmitWindowedPoStParams)| {
        let mut params = params(1, 192);
        change(&mut params);
        check(&params).map_err(|error| error.code)
    };
    let illegal = Err(ExitCode::USR_ILLEGAL_ARGUMENT);
    assert_eq!(code(&|_| ()), Ok(()));
    assert_eq!(code(&|params| params.proofs.clear()), illegal);
    assert_eq!(
        code(&|params| params.proofs.push(params.proofs[0].clone())),
        illegal
    );
    for bad in [
        RegisteredPoStProof::StackedDRGWinning32GiBV1,
        RegisteredPoStProof::StackedDRGWindow2KiBV1P1,
        RegisteredPoStProof::Invalid(77),
    ] {
        assert_eq!(code(&|params| params.proofs[0].post_proof = bad), illegal);
    }
    assert_eq!(code(&|params| params.deadline = 47), Ok(()));
    assert_eq!(code(&|params| params.deadline = 48), illegal);
    // Whether it is the chain's is looked at later.
    assert_eq!(code(&|params| params.chain_commit_rand.0.clear()), Ok(()));
    assert_eq!(code(&|params| params.chain_commit_rand.0.push(0)), illegal);
}

#[test]
fn a_proof_has_a_size_for_its_partitions_and_they_are_few() {
    let info = miner_info();
    let fits = |partitions, bytes| check_size(&params(partitions, bytes), &info).is_ok();
    assert!(fits(1, 192));
    assert!(!fits(1, 193));
    assert!(fits(3, 3 * 192));
    assert!(!fits(4, 192));
    assert!(fits(0, 0));
    let mut other = params(1, 192);
    other.proofs[0].post_proof = RegisteredPoStProof::StackedDRGWindow64GiBV1P1;
    assert!(check_size(&other, &info).is_err());
}

#[test]
fn a_proof_is_for_the_deadline_that_is_open_and_for_its_chain() {
    let deadline = crate::deadline_info::new_deadline_info(&POLICY, 1_000, 2, 1_130);
    let open = deadline.open;
    // Randomness cannot be drawn here, so what passes all other checks is not looked at.
    let code = |change: &dyn Fn(&mut SubmitWindowedPoStParams), epoch| {
        let mut params = params(1, 192);
        params.deadline = 2;
        change(&mut params);
        let current = DeadlineInfo {
            current_epoch: epoch,
            ..deadline
        };
        check_bounds(&params, &current, epoch).map_err(|error| error.code)
    };
    let illegal = Err(ExitCode::USR_ILLEGAL_ARGUMENT);
    let at = |epoch| move |params: &mut SubmitWindowedPoStParams| params.chain_commit_epoch = epoch;
    assert_eq!(code(&at(deadline.challenge), open), Ok(()));
    assert_eq!(code(&at(open - 1), open), Ok(()));
    assert_eq!(code(&at(open), open), illegal);
    assert_eq!(code(&at(deadline.challenge - 1), open), illegal);
    assert_eq!(code(&|params| params.deadline = 3, open), illegal);
    let closed = Err(ExitCode::USR_ILLEGAL_STATE);
    assert_eq!(code(&at(open - 2), open - 1), closed);
}
