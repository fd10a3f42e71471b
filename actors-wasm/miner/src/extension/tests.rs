//! Extensions of sectors, with figures computed by hand.

use fvm_shared::sector::RegisteredSealProof;

use super::*;

const SIZE: SectorSize = SectorSize::_32GiB;
const BYTES: i128 = 32 << 30;
const DAY: ChainEpoch = 2_880;

fn now(epoch: ChainEpoch) -> Now {
    Now {
        epoch,
        version: NetworkVersion::V25,
        circulating_supply: TokenAmount::from_whole(700_000_000),
    }
}

/// A sector of 400 days, with this much verified data and other deals, in bytes.
fn sector(verified: i128, other: i128) -> SectorOnChainInfo {
    SectorOnChainInfo {
        sector_number: 7,
        seal_proof: RegisteredSealProof::StackedDRG32GiBV1P1,
        expiration: 400 * DAY,
        deal_weight: other * i128::from(400 * DAY),
        verified_deal_weight: verified * i128::from(400 * DAY),
        initial_pledge: TokenAmount::from_whole(1),
        expected_day_reward: Some(TokenAmount::from_atto(5)),
        flags: SectorOnChainInfoFlags::SIMPLE_QA_POWER,
        ..Default::default()
    }
}

fn claims(all: i128, maintained: i128) -> Option<ClaimSpace> {
    Some(ClaimSpace {
        all: all as u64,
        maintained: maintained as u64,
    })
}

#[test]
fn data_goes_on_for_the_new_time() {
    let old = sector(BYTES / 2, BYTES / 4);
    let half = claims(BYTES / 2, BYTES / 2);
    let new = extended_sector(&now(100 * DAY), 500 * DAY, &old, SIZE, half).unwrap();
    assert_eq!(
        (new.expiration, new.power_base_epoch),
        (500 * DAY, 100 * DAY)
    );
    assert_eq!(new.verified_deal_weight, BYTES / 2 * i128::from(400 * DAY));
    // Of other deals, what is left of the old time counts.
    assert_eq!(new.deal_weight, BYTES / 4 * i128::from(300 * DAY));
    assert_eq!(
        qa_power_for_sector(SIZE, &new),
        qa_power_for_sector(SIZE, &old)
    );
    assert_eq!(new.initial_pledge, old.initial_pledge);
    assert_eq!(new.expected_day_reward, None);
}

#[test]
fn all_claims_are_named() {
    let old = sector(BYTES / 2, 0);
    let code = |claims| {
        extended_sector(&now(100 * DAY), 500 * DAY, &old, SIZE, claims).map_err(|error| error.code)
    };
    for wrong in [None, claims(BYTES / 4, BYTES / 4), claims(BYTES, BYTES / 2)] {
        assert_eq!(code(wrong), Err(ExitCode::USR_ILLEGAL_ARGUMENT));
    }
    // A sector without verified data has none.
    let empty = sector(0, BYTES);
    assert!(extended_sector(&now(100 * DAY), 500 * DAY, &empty, SIZE, None).is_ok());
}

#[test]
fn claims_are_given_up_in_the_last_30_days() {
    let old = sector(BYTES / 2, 0);
    let given_up = claims(BYTES / 2, 0);
    let extend = |epoch| extended_sector(&now(epoch), 600 * DAY, &old, SIZE, given_up);
    let error = extend(370 * DAY - 1).unwrap_err();
    assert_eq!(error.code, ExitCode::USR_FORBIDDEN);
    let new = extend(370 * DAY).unwrap();
    assert_eq!(new.verified_deal_weight, 0);
    assert_eq!(qa_power_for_sector(SIZE, &new), BYTES);
}

#[test]
fn expirations_only_become_later() {
    let old = sector(0, 0);
    let code = |epoch, expiration| {
        extended_sector(&now(epoch), expiration, &old, SIZE, None)
            .map(|_| ())
            .map_err(|error| error.code)
    };
    assert_eq!(code(100 * DAY, 400 * DAY), Ok(()));
    assert_eq!(
        code(100 * DAY, 400 * DAY - 1),
        Err(ExitCode::USR_ILLEGAL_ARGUMENT)
    );
    assert_eq!(code(400 * DAY, 500 * DAY), Ok(()));
    assert_eq!(code(400 * DAY + 1, 500 * DAY), Err(ExitCode::USR_FORBIDDEN));
    // Five years, from its activation at epoch 0.
    assert_eq!(
        code(399 * DAY, 5_259_486),
        Err(ExitCode::USR_ILLEGAL_ARGUMENT)
    );
}

#[test]
fn sectors_from_before_claims_keep_what_is_left_of_their_deals() {
    let old = SectorOnChainInfo {
        flags: SectorOnChainInfoFlags::default(),
        ..sector(BYTES / 2, BYTES / 4)
    };
    let new = extended_sector(&now(100 * DAY), 500 * DAY, &old, SIZE, None).unwrap();
    assert_eq!(new.verified_deal_weight, BYTES / 2 * i128::from(300 * DAY));
    assert_eq!(new.deal_weight, BYTES / 4 * i128::from(300 * DAY));
    assert_eq!(new.flags, SectorOnChainInfoFlags::default());
    assert_eq!(new.expected_day_reward, None);
}

#[test]
fn fees_follow_power_and_are_new_for_old_sectors() {
    let old = sector(BYTES / 2, 0);
    let half = claims(BYTES / 2, BYTES / 2);
    let now = now(380 * DAY);
    let fee = |now: &Now, old: &SectorOnChainInfo, claims| {
        extended_sector(now, 600 * DAY, old, SIZE, claims)
            .unwrap()
            .daily_fee
    };
    // A grace period, up to version 25.
    assert_eq!(fee(&now, &old, half), TokenAmount::default());
    let after = Now {
        version: NetworkVersion::V26,
        ..now.clone()
    };
    let power = qa_power_for_sector(SIZE, &old);
    let new_fee = daily_proof_fee(&POLICY, &now.circulating_supply, power);
    assert!(new_fee.is_positive());
    assert_eq!(fee(&after, &old, half), new_fee);
    // 5.5 times the bytes become once the bytes.
    let paying = SectorOnChainInfo {
        daily_fee: TokenAmount::from_atto(5_500),
        ..old
    };
    assert_eq!(fee(&after, &paying, half), TokenAmount::from_atto(5_500));
    let given_up = claims(BYTES / 2, 0);
    assert_eq!(
        fee(&after, &paying, given_up),
        TokenAmount::from_atto(1_000)
    );
}
