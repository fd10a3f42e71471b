//! What is checked of sectors that are announced.

use fvm_shared::sector::RegisteredSealProof;

use super::*;
use crate::testing::{miner_info, sealed_cid};
use crate::types::CompactCommD;

const EPOCH: ChainEpoch = 10_000_000;
const SEAL: RegisteredSealProof = RegisteredSealProof::StackedDRG32GiBV1P1;

fn sector(sector_number: u64) -> SectorPreCommitInfo {
    SectorPreCommitInfo {
        seal_proof: SEAL,
        sector_number,
        sealed_cid: sealed_cid(),
        seal_rand_epoch: EPOCH - 1,
        deal_ids: Vec::new(),
        expiration: EPOCH + 400 * 2_880,
        unsealed_cid: CompactCommD::empty(),
    }
}

fn check_changed(change: &dyn Fn(&mut SectorPreCommitInfo)) -> bool {
    let mut changed = sector(7);
    change(&mut changed);
    match check(&[sector(3), changed], EPOCH) {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.code, ExitCode::USR_ILLEGAL_ARGUMENT);
            false
        }
    }
}

#[test]
fn sectors_are_announced_once_each() {
    let numbers = check(&[sector(9), sector(3)], EPOCH).unwrap();
    assert_eq!(numbers.iter().collect::<Vec<_>>(), [3, 9]);
    assert!(check(&[], EPOCH).is_err());
    assert!(!check_changed(&|sector| sector.sector_number = 3));
    assert!(check_changed(
        &|sector| sector.sector_number = MAX_SECTOR_NUMBER
    ));
    assert!(!check_changed(
        &|sector| sector.sector_number = MAX_SECTOR_NUMBER + 1
    ));
    let error = check(&[sector(u64::MAX)], EPOCH).unwrap_err();
    assert_eq!(error.code, ExitCode::USR_ASSERTION_FAILED);
}

#[test]
fn randomness_is_of_the_last_day_and_a_bit() {
    let oldest = EPOCH - POLICY.max_pre_commit_randomness_lookback;
    for (epoch, is_good) in [
        (EPOCH, false),
        (EPOCH - 1, true),
        (oldest, true),
        (oldest - 1, false),
    ] {
        assert_eq!(
            check_changed(&|sector| sector.seal_rand_epoch = epoch),
            is_good
        );
    }
}

#[test]
fn commitments_and_proofs_are_of_the_right_kind() {
    assert!(!check_changed(&|sector| sector.sealed_cid = Cid::default()));
    assert!(!check_changed(&|sector| {
        sector.unsealed_cid = CompactCommD::of(sealed_cid());
    }));
    let zeros = CompactCommD::empty().get_cid(SEAL).unwrap();
    assert!(check_changed(
        &|sector| sector.unsealed_cid = CompactCommD::of(zeros)
    ));
    assert!(!check_changed(&|sector| sector.sealed_cid = zeros));
    for bad in [
        RegisteredSealProof::StackedDRG32GiBV1,
        RegisteredSealProof::StackedDRG2KiBV1P1,
        RegisteredSealProof::StackedDRG32GiBV1P2_Feat_NiPoRep,
        RegisteredSealProof::Invalid(-1),
    ] {
        assert!(!check_changed(&|sector| sector.seal_proof = bad));
    }
}

#[test]
fn lifetimes_count_from_the_last_time_to_prove() {
    let activation = EPOCH + max_prove_commit_duration(&POLICY, SEAL).unwrap();
    let least = activation + POLICY.min_sector_expiration;
    assert!(check_changed(&|sector| sector.expiration = least));
    assert!(!check_changed(&|sector| sector.expiration = least - 1));
}

#[test]
fn sectors_fit_the_miner() {
    let info = miner_info();
    let check = |change: &dyn Fn(&mut SectorPreCommitInfo), computed| {
        let mut changed = sector(7);
        change(&mut changed);
        check_for_miner(&changed, &info, computed).is_ok()
    };
    assert!(check(&|_| (), None));
    assert!(!check(
        &|sector| sector.seal_proof = RegisteredSealProof::StackedDRG64GiBV1P1,
        None
    ));
    assert!(check(&|sector| sector.deal_ids = (0..256).collect(), None));
    assert!(!check(&|sector| sector.deal_ids = (0..257).collect(), None));
    // Zeros may be declared in short and be computed in full.
    let zeros = CompactCommD::empty().get_cid(SEAL).unwrap();
    assert!(check(&|_| (), Some(zeros)));
    assert!(check(
        &|sector| sector.unsealed_cid = CompactCommD::of(zeros),
        Some(zeros)
    ));
    assert!(!check(&|_| (), Some(sealed_cid())));
}
