//! What others may ask of a miner.

use filigree_actor_miner::params::{
    CheckSectorProvenParams, GenerateSectorLocationParams, MaxTerminationFeeParams,
    SectorStatusCode, ValidateSectorStatusParams,
};
use filigree_sdk::prelude::*;
use fvm_shared::bigint::BigInt;
use fvm_shared::bigint::bigint_ser::BigIntDe;
use fvm_shared::sector::SectorSize;

use super::fault::{faulty, with_sectors};
use super::{declare, terminate};
use crate::onboard::{SECTOR_SIZE, fil};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "miner/getters",
        run: getters,
    },
    Scenario {
        name: "miner/sector-status",
        run: status,
    },
];

fn getters(stage: &mut Stage) {
    let miner = with_sectors(stage, 3);
    miner.award(stage, 1, fil(0));
    let anyone = stage.account(1);
    let client = miner.client;
    let owner = stage.call(anyone, client.get_owner()).ok();
    assert_eq!(owner.owner, Address::new_id(miner.owner.id));
    for (address, controls) in [
        (miner.owner.address, true),
        (miner.worker, true),
        (Address::new_id(miner.owner.id), true),
        (anyone.address, false),
        (Address::new_id(999_999), false),
        (Address::new_actor(b"nobody"), false),
        (miner.client.address, false),
    ] {
        let told = stage.call(anyone, client.is_controlling_address(address));
        assert_eq!(told.ok(), controls);
    }
    let size = stage.call(anyone, client.get_sector_size()).ok();
    assert_eq!(size, SectorSize::_32GiB);
    let available = stage.call(anyone, client.available_balance()).ok();
    assert!(available.is_positive());
    let vesting = stage.call(anyone, client.get_vesting_funds()).ok();
    assert!(!vesting.vesting_funds.is_empty());
    let beneficiary = stage.call(anyone, client.get_beneficiary()).ok();
    assert_eq!(beneficiary.active.beneficiary, owner.owner);
    let pledge = stage.call(anyone, client.total_initial_pledge()).ok();
    assert_eq!(pledge, miner.state(stage).initial_pledge);
    let told = stage.call(anyone, client.control_addresses()).ok();
    assert_eq!(told.owner, owner.owner);
    stage.call(anyone, client.get_peer_id()).ok();
    stage.call(anyone, client.get_multiaddrs()).ok();

    let fee = |power: BigInt, pledge| {
        client.max_termination_fee(MaxTerminationFeeParams {
            power: BigIntDe(power),
            initial_pledge: pledge,
        })
    };
    let huge: BigInt = BigInt::from(1) << 200;
    for (power, pledge) in [
        (BigInt::from(0), fil(0)),
        (BigInt::from(SECTOR_SIZE), fil(1)),
        (BigInt::from(10 * SECTOR_SIZE), fil(0)),
        (BigInt::from(SECTOR_SIZE) << 40, fil(1_000_000)),
        (BigInt::from(-1), fil(0)),
        (BigInt::from(-(SECTOR_SIZE as i64)), fil(1)),
        (BigInt::from(1), TokenAmount::from_atto(-5)),
        (huge.clone(), TokenAmount::from_atto(huge.clone())),
        (-huge.clone(), TokenAmount::from_atto(-huge)),
    ] {
        stage.call(anyone, fee(power, pledge)).ok();
    }
    for sector in [0, 2] {
        let expires = client.get_nominal_sector_expiration(sector);
        let told = stage.call(anyone, expires).ok();
        assert_eq!(
            told,
            miner.sector(stage, sector).expect("it lives").expiration
        );
        let params = CheckSectorProvenParams {
            sector_number: sector,
        };
        stage.call(anyone, client.check_sector_proven(params)).ok();
    }
    for sector in [3, 1_000_000, i64::MAX as u64, u64::MAX] {
        let expires = client.get_nominal_sector_expiration(sector);
        assert!(!stage.call(anyone, expires).is_ok());
        let params = CheckSectorProvenParams {
            sector_number: sector,
        };
        let outcome = stage.call(anyone, client.check_sector_proven(params));
        assert!(!outcome.is_ok());
    }
    stage.check_invariants();
}

fn status(stage: &mut Stage) {
    use SectorStatusCode::{Active, Dead, Faulty};
    let miner = with_sectors(stage, 4);
    let anyone = stage.account(1);
    let named = declare(stage, &miner, [1]);
    faulty(stage, &miner, vec![named]).ok();
    let named = declare(stage, &miner, [2]);
    terminate::terminate(stage, &miner, vec![named]).ok();
    miner.commit_empty(stage, [9]);

    let mut locations = Vec::new();
    for (sector_number, expected) in [
        (0, Active),
        (1, Faulty),
        (2, Dead),
        (3, Active),
        (9, Active),
        (77, Dead),
        (u64::MAX - 1, Dead),
    ] {
        let params = GenerateSectorLocationParams { sector_number };
        let call = miner.client.generate_sector_location(params);
        let told = stage.call(anyone, call).ok();
        assert_eq!(told.status, expected, "sector {sector_number}");
        locations.push((sector_number, told.status, told.aux_data));
    }
    // Each by its own place and those of the others, as all that it could be.
    for (sector_number, is, own) in &locations {
        for (_, _, aux_data) in &locations {
            for status in [Dead, Active, Faulty] {
                let params = ValidateSectorStatusParams {
                    sector_number: *sector_number,
                    status,
                    aux_data: aux_data.clone(),
                };
                let call = miner.client.validate_sector_status(params);
                let outcome = stage.call(anyone, call);
                if aux_data == own {
                    let told = outcome.ok();
                    assert_eq!(told, status == *is, "sector {sector_number}");
                } else {
                    outcome.expect_exit(ExitCode::USR_NOT_FOUND, "");
                }
            }
        }
    }
    // Places that are none.
    for place in [
        &[][..],
        &[0x80],
        &[0x81, 0],
        &[0x82, 0x20, 0],
        &[0x82, 0, 0x20],
        &[0x82, 0x21, 0x21],
        &[0x82, 0x18, 48, 0],
        &[
            0x82, 0, 0x1b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        ],
        &[
            0x82, 0x3b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0,
        ],
        &[0x83, 0, 0, 0],
        &[0x82, 0, 0, 0],
        &[0xff],
    ] {
        for sector_number in [0, 77] {
            let params = ValidateSectorStatusParams {
                sector_number,
                status: Active,
                aux_data: Bytes(place.to_vec()),
            };
            let call = miner.client.validate_sector_status(params);
            let outcome = stage.call(anyone, call);
            // Of a deadline's number the lowest 32 bits count.
            let is_zero = place.len() == 11 && place[10] == 0;
            assert!(!outcome.is_ok() || is_zero, "{outcome:?}");
        }
    }
    // A status that is none.
    let number = miner
        .client
        .validate_sector_status(ValidateSectorStatusParams {
            sector_number: 0,
            status: Active,
            aux_data: Bytes::default(),
        });
    for status in [3, 0x18, 0x20, 0x60] {
        let params = RawBytes::new(vec![0x83, 0, status, 0x43, 0x82, 0, 0]);
        let outcome = stage.raw(anyone, miner.id, number.method, fil(0), Some(params));
        assert!(!outcome.is_ok());
    }
    stage.check_invariants();
}
