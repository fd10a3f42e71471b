//! Sectors that will live longer.

use filigree_actor_miner::params::{
    ExpirationExtension2, ExtendSectorExpiration2Params, SectorClaim,
};
use filigree_builtin::POLICY;
use filigree_sandbox::Outcome;
use filigree_sdk::prelude::*;

use super::fault::{faulty, with_sectors};
use super::{declare, terminate, with_piece};
use crate::onboard::{DAY, Provider, SECTOR_SIZE, fil, set, skip_days};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "miner/extended",
        run: extended,
    },
    Scenario {
        name: "miner/extensions-refused",
        run: refused,
    },
    Scenario {
        name: "miner/extended-when-faulty-and-at-the-end",
        run: faulty_and_late,
    },
];

/// Sectors of a partition without claims.
fn extension(
    stage: &Stage,
    miner: &Provider,
    sectors: &[u64],
    new_expiration: ChainEpoch,
) -> ExpirationExtension2 {
    let (deadline, partition) = miner.location(stage, sectors[0]);
    ExpirationExtension2 {
        deadline,
        partition,
        sectors: set(sectors.iter().copied()),
        sectors_with_claims: Vec::new(),
        new_expiration,
    }
}

pub(super) fn extend(
    stage: &mut Stage,
    miner: &Provider,
    extensions: Vec<ExpirationExtension2>,
) -> Outcome<()> {
    let params = ExtendSectorExpiration2Params { extensions };
    stage.call(miner.worker, miner.client.extend_sector_expiration2(params))
}

fn expiration(stage: &Stage, miner: &Provider, sector: u64) -> ChainEpoch {
    miner.sector(stage, sector).expect("it lives").expiration
}

fn extended(stage: &mut Stage) {
    let miner = with_sectors(stage, 5);
    miner.commit(stage, vec![with_piece(10), with_piece(11)]);
    miner.prove(stage, 10);
    let until = stage.epoch() + DAY / 2;
    miner.keep_proving(stage, until);
    let before = expiration(stage, &miner, 0);
    let some = extension(stage, &miner, &[0, 2], before + 100 * DAY);
    extend(stage, &miner, vec![some]).ok();
    assert_eq!(expiration(stage, &miner, 2), before + 100 * DAY);
    assert_eq!(expiration(stage, &miner, 1), before);
    stage.check_invariants();
    // To the same epoch again; several extensions of one partition at once; one with data.
    let again = extension(stage, &miner, &[0], before + 100 * DAY);
    extend(stage, &miner, vec![again]).ok();
    let far = stage.epoch() + POLICY.max_sector_expiration_extension;
    let all = vec![
        extension(stage, &miner, &[1], before + 3),
        extension(stage, &miner, &[3], far),
        extension(stage, &miner, &[10], before + 200 * DAY),
        extension(stage, &miner, &[2], before + 100 * DAY + 1),
    ];
    extend(stage, &miner, all).ok();
    assert_eq!(expiration(stage, &miner, 3), far);
    let sector = miner.sector(stage, 10).expect("it lives");
    assert_eq!(sector.power_base_epoch, stage.epoch());
    assert_eq!(miner.power(stage).0, 7 * SECTOR_SIZE);
    stage.check_invariants();

    // Those that were not extended end, the others do not.
    let days = (before - stage.epoch()) / DAY - 1;
    skip_days(stage, &[&miner], days);
    miner.keep_proving(stage, before + 2 * DAY);
    assert_eq!(miner.power(stage).0, 4 * SECTOR_SIZE);
    stage.check_invariants();
}

fn refused(stage: &mut Stage) {
    let miner = with_sectors(stage, 4);
    let before = expiration(stage, &miner, 0);
    let later = before + 100 * DAY;
    let good = extension(stage, &miner, &[0, 1], later);
    let mut bad = Vec::new();
    let mut spoil = |change: &dyn Fn(&mut ExpirationExtension2)| {
        let mut extension = good.clone();
        change(&mut extension);
        bad.push(extension);
    };
    spoil(&|extension| extension.deadline = 48);
    spoil(&|extension| extension.deadline = u64::MAX);
    spoil(&|extension| extension.deadline = (extension.deadline + 20) % 48);
    spoil(&|extension| extension.partition = 1);
    spoil(&|extension| extension.partition = u64::MAX);
    spoil(&|extension| extension.sectors = set([0, 77]));
    spoil(&|extension| extension.sectors = set(0..25_001));
    for new_expiration in [
        before - 1,
        0,
        -1,
        i64::MIN,
        i64::MAX,
        stage.epoch() + POLICY.max_sector_expiration_extension + 1,
    ] {
        spoil(&|extension| extension.new_expiration = new_expiration);
    }
    let claim = |sector_number, maintain_claims: &[u64], drop_claims: &[u64]| SectorClaim {
        sector_number,
        maintain_claims: maintain_claims.to_vec(),
        drop_claims: drop_claims.to_vec(),
    };
    // Claims that are not there; a sector that is not there.
    spoil(&|extension| extension.sectors_with_claims = vec![claim(2, &[1], &[])]);
    spoil(&|extension| extension.sectors_with_claims = vec![claim(2, &[], &[9, 9])]);
    spoil(&|extension| extension.sectors_with_claims = vec![claim(77, &[], &[])]);
    spoil(&|extension| extension.sectors_with_claims = vec![claim(u64::MAX, &[], &[])]);
    let state = miner.state(stage);
    for bad in bad {
        let outcome = extend(stage, &miner, vec![bad]);
        assert!(!outcome.is_ok(), "{outcome:?}");
    }
    assert_eq!(miner.state(stage), state);
    // Nothing at all; no sectors; a sector named twice, once as one with claims of which it has none.
    extend(stage, &miner, Vec::new()).ok();
    let mut none = good.clone();
    none.sectors = set([]);
    extend(stage, &miner, vec![none]).ok();
    let mut twice = good.clone();
    twice.sectors_with_claims = vec![claim(0, &[], &[])];
    extend(stage, &miner, vec![twice.clone(), twice]).ok();
    extend(stage, &miner, vec![good.clone(); 50]).ok();
    // The method before this one is gone.
    let params = filigree_sdk::dispatch::encode(&ExtendSectorExpiration2Params {
        extensions: vec![good.clone()],
    });
    let params = params.expect("parameters encode");
    let params = params.map(|block| RawBytes::new(block.data));
    for method in [6, 7, 8, 25, 26, 27, 29, 33, 37] {
        stage
            .raw(miner.worker, miner.id, method, fil(0), params.clone())
            .expect_exit(ExitCode::USR_UNHANDLED_MESSAGE, "");
    }
    let stranger = stage.account(1);
    let params = ExtendSectorExpiration2Params {
        extensions: vec![good],
    };
    stage
        .call(stranger, miner.client.extend_sector_expiration2(params))
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    stage.check_invariants();
}

fn faulty_and_late(stage: &mut Stage) {
    let miner = with_sectors(stage, 4);
    let before = expiration(stage, &miner, 0);
    let named = declare(stage, &miner, [1]);
    faulty(stage, &miner, vec![named]).ok();
    let both = extension(stage, &miner, &[0, 1], before + 50 * DAY);
    extend(stage, &miner, vec![both]).expect_exit(ExitCode::USR_ILLEGAL_STATE, "");
    stage.check_invariants();
    // A terminated one.
    let ended = declare(stage, &miner, [2]);
    terminate::terminate(stage, &miner, vec![ended]).ok();
    let dead = extension(stage, &miner, &[2], before + 50 * DAY);
    extend(stage, &miner, vec![dead]).expect_exit(ExitCode::USR_ILLEGAL_STATE, "");
    // A new one, before its first proof.
    miner.commit(stage, vec![with_piece(9)]);
    let new = expiration(stage, &miner, 9);
    let unproven = extension(stage, &miner, &[9], new + DAY);
    extend(stage, &miner, vec![unproven]).expect_exit(ExitCode::USR_ILLEGAL_STATE, "");
    stage.check_invariants();
    // In the open deadline, and when it has expired and cron has not come yet.
    let days = (before - stage.epoch()) / DAY - 1;
    skip_days(stage, &[&miner], days);
    miner.prove(stage, 0);
    let last = expiration(stage, &miner, 3);
    let late = extension(stage, &miner, &[3], last + 30 * DAY);
    stage.sandbox().set_epoch(last + 1);
    extend(stage, &miner, vec![late.clone()]).expect_exit(ExitCode::USR_FORBIDDEN, "");
    stage.sandbox().set_epoch(last);
    extend(stage, &miner, vec![late]).ok();
    assert_ne!(expiration(stage, &miner, 3), last);
}
