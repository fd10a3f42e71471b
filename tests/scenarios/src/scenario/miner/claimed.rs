//! Sectors with claims that will live longer: each claim goes on, or is dropped in the last days of the sector (FIP-0045).

use filigree_actor_miner::params::{ExpirationExtension2, SectorActivationManifest, SectorClaim};
use filigree_actor_verifreg::{AllocationRequest, GetClaimsParams};
use filigree_builtin::POLICY;
use filigree_sdk::prelude::*;
use fvm_shared::piece::PaddedPieceSize;

use super::extend::extend;
use crate::onboard::{DAY, Provider, SECTOR_SIZE, set, skip_days};
use crate::scenario::Scenario;
use crate::stage::Stage;
use crate::verified::{allocate, claimed_piece, client, registry, request};

/// All of them.
pub const ALL: &[Scenario] = &[Scenario {
    name: "miner/extended-with-claims",
    run: extended_with_claims,
}];

const ILLEGAL: ExitCode = ExitCode::USR_ILLEGAL_ARGUMENT;
const FORBIDDEN: ExitCode = ExitCode::USR_FORBIDDEN;
const GIB: u64 = 1 << 30;

/// A miner with sector 0, which has claims 1 (of 8 GiB) and 2 (of 4 GiB, for 400 days at most), and sector 1, which has claim 3 (of
/// 16 GiB).
fn with_claims(stage: &mut Stage) -> Provider {
    let alice = client(stage, 64 * GIB);
    let miner = Provider::new(stage);
    let wanted = [(1, 8), (2, 4), (3, 16)].map(|(number, gib)| AllocationRequest {
        size: PaddedPieceSize(gib * GIB),
        ..request(stage, miner.id, number)
    });
    let mut wanted = wanted.to_vec();
    wanted[1].term_max = 400 * DAY;
    let ids = allocate(stage, alice, wanted.clone());
    assert_eq!(ids, [1, 2, 3]);
    let pieces = ids.iter().zip(&wanted);
    let mut pieces: Vec<_> = pieces
        .map(|(id, request)| claimed_piece(alice, *id, request))
        .collect();
    let last = pieces.split_off(2);
    let sectors = (0..).zip([pieces, last]);
    let sectors = sectors.map(|(sector_number, pieces)| SectorActivationManifest {
        sector_number,
        pieces,
    });
    miner.commit(stage, sectors.collect());
    miner.prove_rest(stage, &[0, 1]);
    let until = stage.epoch() + DAY / 2;
    miner.keep_proving(stage, until);
    assert_eq!(miner.power(stage), quality([12, 16]));
    miner
}

/// The power of two sectors with so many GiB claimed: what is claimed counts tenfold.
fn quality(claimed_gib: [u64; 2]) -> (u64, u64) {
    let raw = 2 * SECTOR_SIZE;
    (raw, raw + 9 * GIB * claimed_gib.iter().sum::<u64>())
}

/// Claims that go on, and claims that are dropped, of a sector.
fn claims(sector_number: u64, maintain_claims: &[u64], drop_claims: &[u64]) -> SectorClaim {
    SectorClaim {
        sector_number,
        maintain_claims: maintain_claims.to_vec(),
        drop_claims: drop_claims.to_vec(),
    }
}

fn extension(
    stage: &Stage,
    miner: &Provider,
    named: SectorClaim,
    new_expiration: ChainEpoch,
) -> ExpirationExtension2 {
    let (deadline, partition) = miner.location(stage, named.sector_number);
    ExpirationExtension2 {
        deadline,
        partition,
        sectors: set([]),
        sectors_with_claims: vec![named],
        new_expiration,
    }
}

/// What of a sector is verified, bytes, and until when.
fn verified(stage: &Stage, miner: &Provider, number: u64) -> (i128, ChainEpoch) {
    let sector = miner.sector(stage, number).expect("it lives");
    let duration = i128::from(sector.expiration - sector.power_base_epoch);
    (sector.verified_deal_weight / duration, sector.expiration)
}

fn extended_with_claims(stage: &mut Stage) {
    let miner = with_claims(stage);
    let (_, before) = verified(stage, &miner, 0);
    let until = before + 60 * DAY;
    let state = miner.state(stage);
    for (named, new_expiration, code) in [
        // Not all claims; none; those of another sector; one twice; one that there is not.
        (claims(0, &[1], &[]), until, ILLEGAL),
        (claims(0, &[], &[]), until, ILLEGAL),
        (claims(0, &[1, 3], &[]), until, ILLEGAL),
        (claims(1, &[1, 2], &[]), until, ILLEGAL),
        (claims(0, &[1, 2, 2], &[]), until, ILLEGAL),
        (claims(0, &[1, 2, 4], &[]), until, ILLEGAL),
        // Too early to drop one, or all.
        (claims(0, &[1], &[2]), until, FORBIDDEN),
        (claims(0, &[], &[1, 2]), until, FORBIDDEN),
        // Longer than the second lasts.
        (claims(0, &[1, 2], &[]), before + 200 * DAY, FORBIDDEN),
    ] {
        let named = extension(stage, &miner, named, new_expiration);
        extend(stage, &miner, vec![named]).expect_exit(code, "");
    }
    let mut unnamed = extension(stage, &miner, claims(0, &[], &[]), until);
    unnamed.sectors_with_claims.clear();
    unnamed.sectors = set([0]);
    extend(stage, &miner, vec![unnamed]).expect_exit(ILLEGAL, "");
    assert_eq!(miner.state(stage), state);

    // All claims go on, of both sectors.
    let both = vec![
        extension(stage, &miner, claims(0, &[2, 1], &[]), until),
        extension(stage, &miner, claims(1, &[3], &[]), until + 300 * DAY),
    ];
    extend(stage, &miner, both).ok();
    let gib = i128::from(GIB);
    assert_eq!(verified(stage, &miner, 0), (12 * gib, until));
    assert_eq!(verified(stage, &miner, 1), (16 * gib, until + 300 * DAY));
    assert_eq!(miner.power(stage), quality([12, 16]));
    stage.check_invariants();

    // In the last days of the sector the claim that lasts no longer may be dropped.
    let days = (until - POLICY.end_of_life_claim_drop_period - stage.epoch()) / DAY;
    skip_days(stage, &[&miner], days);
    let later = until + 200 * DAY;
    let drop_second = |stage: &Stage| extension(stage, &miner, claims(0, &[1], &[2]), later);
    let early = drop_second(stage);
    extend(stage, &miner, vec![early]).expect_exit(FORBIDDEN, "");
    let to = until - POLICY.end_of_life_claim_drop_period;
    miner.keep_proving(stage, to);
    let in_time = drop_second(stage);
    extend(stage, &miner, vec![in_time]).ok();
    assert_eq!(verified(stage, &miner, 0), (8 * gib, later));
    assert_eq!(miner.power(stage), quality([8, 16]));
    stage.check_invariants();
    // What was dropped is the sector's no more, though the registry has it still.
    let again = extension(stage, &miner, claims(0, &[1], &[2]), later + DAY);
    extend(stage, &miner, vec![again]).expect_exit(ILLEGAL, "");
    let ask = GetClaimsParams {
        provider: miner.id,
        claim_ids: vec![1, 2, 3],
    };
    let told = stage.call(miner.owner, registry().get_claims(ask)).ok();
    assert_eq!(told.claims.len(), 3);

    let end = stage.epoch() + DAY;
    miner.keep_proving(stage, end);
    assert_eq!(miner.power(stage), quality([8, 16]));
    stage.check_invariants();
}
