//! Proposals and approvals of beneficiaries (FIP-0029).

use super::*;
use crate::testing::miner_info;

const EPOCH: ChainEpoch = 1_000;
const OWNER: u64 = 100;

fn propose(nominee: u64, quota: i64, expiration: ChainEpoch) -> ChangeBeneficiaryParams {
    ChangeBeneficiaryParams {
        new_beneficiary: Address::new_id(nominee),
        new_quota: TokenAmount::from_atto(quota),
        new_expiration: expiration,
    }
}

fn call(
    info: &mut MinerInfo,
    caller: u64,
    params: ChangeBeneficiaryParams,
) -> std::result::Result<(), ExitCode> {
    let nominee = params.new_beneficiary;
    let mut changed = info.clone();
    change(
        &mut changed,
        Address::new_id(caller),
        nominee,
        params,
        EPOCH,
    )
    .map_err(|error| error.code)?;
    *info = changed;
    Ok(())
}

fn beneficiary(info: &MinerInfo) -> u64 {
    info.beneficiary.id().unwrap()
}

#[test]
fn the_nominee_confirms_what_the_owner_proposed() {
    let mut info = miner_info();
    assert_eq!(call(&mut info, OWNER, propose(200, 50, 2_000)), Ok(()));
    assert_eq!(beneficiary(&info), OWNER);
    // The owner is the beneficiary without a term, so nobody else has to approve.
    let pending = info.pending_beneficiary_term.clone().unwrap();
    assert!(pending.approved_by_beneficiary && !pending.approved_by_nominee);

    assert_eq!(call(&mut info, 200, propose(200, 50, 2_000)), Ok(()));
    assert_eq!(beneficiary(&info), 200);
    assert_eq!(info.pending_beneficiary_term, None);
    assert_eq!(info.beneficiary_term.quota, TokenAmount::from_atto(50));
    assert_eq!(info.beneficiary_term.expiration, 2_000);
}

#[test]
fn a_beneficiary_whose_term_runs_has_to_approve() {
    let mut info = miner_info();
    info.beneficiary = Address::new_id(200);
    info.beneficiary_term.quota = TokenAmount::from_atto(50);
    info.beneficiary_term.used_quota = TokenAmount::from_atto(20);
    info.beneficiary_term.expiration = EPOCH + 1;
    for last in [300, 200] {
        let mut info = info.clone();
        let first = 500 - last;
        assert_eq!(call(&mut info, OWNER, propose(300, 70, 3_000)), Ok(()));
        assert_eq!(call(&mut info, first, propose(300, 70, 3_000)), Ok(()));
        assert_eq!(beneficiary(&info), 200);
        assert_eq!(call(&mut info, last, propose(300, 70, 3_000)), Ok(()));
        assert_eq!(beneficiary(&info), 300);
        // Another beneficiary begins anew.
        assert_eq!(info.beneficiary_term.used_quota, TokenAmount::default());
    }
    // The same one, on other terms, goes on.
    assert_eq!(call(&mut info, OWNER, propose(200, 70, 3_000)), Ok(()));
    assert_eq!(call(&mut info, 200, propose(200, 70, 3_000)), Ok(()));
    assert_eq!(info.beneficiary_term.used_quota, TokenAmount::from_atto(20));
    assert_eq!(info.beneficiary_term.quota, TokenAmount::from_atto(70));
}

#[test]
fn the_owner_takes_over_at_once_when_the_term_is_over() {
    let mut info = miner_info();
    info.beneficiary = Address::new_id(200);
    info.beneficiary_term.quota = TokenAmount::from_atto(50);
    info.beneficiary_term.expiration = EPOCH;
    assert_eq!(call(&mut info, OWNER, propose(OWNER, 0, 0)), Ok(()));
    assert_eq!(beneficiary(&info), OWNER);
    assert_eq!(info.pending_beneficiary_term, None);
}

#[test]
fn what_does_not_fit_is_refused() {
    let illegal = Err(ExitCode::USR_ILLEGAL_ARGUMENT);
    let forbidden = Err(ExitCode::USR_FORBIDDEN);
    let mut info = miner_info();
    assert_eq!(call(&mut info, 200, propose(200, 50, 2_000)), forbidden);
    for bad in [
        propose(200, 0, 2_000),
        propose(200, -1, 2_000),
        propose(OWNER, 1, 0),
        propose(OWNER, 0, 1),
    ] {
        assert_eq!(call(&mut info, OWNER, bad), illegal);
    }
    assert_eq!(call(&mut info, OWNER, propose(200, 50, 2_000)), Ok(()));
    assert_eq!(call(&mut info, 300, propose(200, 50, 2_000)), forbidden);
    for other in [
        propose(300, 50, 2_000),
        propose(200, 51, 2_000),
        propose(200, 50, 2_001),
    ] {
        assert_eq!(call(&mut info, 200, other), illegal);
    }
}
