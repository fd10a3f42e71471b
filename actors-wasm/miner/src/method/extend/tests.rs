//! Claims named for extensions, and extensions by deadline.

use fvm_shared::piece::PaddedPieceSize;

use super::*;

const MINER: ActorID = 1_000;

fn claim(size: u64, end: ChainEpoch) -> Claim {
    Claim {
        provider: MINER,
        client: 100,
        data: Cid::default(),
        size: PaddedPieceSize(size),
        term_min: 0,
        term_max: end - 10,
        term_start: 10,
        sector: 7,
    }
}

fn named(maintain: &[u64], drop: &[u64]) -> SectorClaim {
    SectorClaim {
        sector_number: 7,
        maintain_claims: maintain.to_vec(),
        drop_claims: drop.to_vec(),
    }
}

#[test]
fn sizes_of_claims_are_added_up() {
    let mut spaces = Claims::new();
    let claims = [claim(128, 500), claim(256, 500), claim(512, 300)];
    let sector = named(&[1, 2], &[3]);
    assert_eq!(
        add_claims(&mut spaces, &sector, &claims, MINER, 500),
        Ok(())
    );
    let space = |all, maintained| ClaimSpace { all, maintained };
    assert_eq!(spaces.get(&7), Some(&space(896, 384)));
    // The sector may be named again, in another partition's declaration.
    let more = named(&[4], &[]);
    assert_eq!(
        add_claims(&mut spaces, &more, &[claim(128, 500)], MINER, 400),
        Ok(())
    );
    assert_eq!(spaces.get(&7), Some(&space(1_024, 512)));
    assert_eq!(spaces.len(), 1);
}

#[test]
fn claims_are_of_the_sector_and_last_long_enough() {
    let code = |sector: SectorClaim, claim: Claim, expiration| {
        add_claims(&mut Claims::new(), &sector, &[claim], MINER, expiration)
            .map_err(|error| error.code)
    };
    let illegal = Err(ExitCode::USR_ILLEGAL_ARGUMENT);
    assert_eq!(code(named(&[1], &[]), claim(128, 500), 500), Ok(()));
    let late = code(named(&[1], &[]), claim(128, 500), 501);
    assert_eq!(late, Err(ExitCode::USR_FORBIDDEN));
    // What is given up need not last.
    assert_eq!(code(named(&[], &[1]), claim(128, 500), 501), Ok(()));
    let foreign = Claim {
        provider: MINER + 1,
        ..claim(128, 500)
    };
    assert_eq!(code(named(&[1], &[]), foreign, 500), illegal);
    let other_sector = Claim {
        sector: 8,
        ..claim(128, 500)
    };
    assert_eq!(code(named(&[], &[1]), other_sector, 500), illegal);
}

#[test]
fn declarations_are_grouped_by_deadline_in_the_order_given() {
    let extension = |deadline, partition, claimed: &[u64]| ExpirationExtension2 {
        deadline,
        partition,
        sectors: BitField::try_from_bits([1, 2]).unwrap(),
        sectors_with_claims: claimed
            .iter()
            .map(|sector_number| SectorClaim {
                sector_number: *sector_number,
                ..named(&[], &[])
            })
            .collect(),
        new_expiration: 500,
    };
    let grouped = group(vec![
        extension(5, 0, &[9]),
        extension(2, 3, &[]),
        extension(5, 1, &[2, 4]),
    ]);
    let listed: Vec<_> = grouped
        .unwrap()
        .into_iter()
        .flat_map(|(deadline, extensions)| {
            let list = extensions.into_iter().map(move |extension| {
                let sectors: Vec<_> = extension.sectors.iter().collect();
                (deadline, extension.partition, sectors)
            });
            list.collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(
        listed,
        [
            (5, 0, vec![1, 2, 9]),
            (5, 1, vec![1, 2, 4]),
            (2, 3, vec![1, 2])
        ]
    );
    let error = group(vec![extension(0, 0, &[u64::MAX])]).err().unwrap();
    assert_eq!(error.code, ExitCode::USR_ASSERTION_FAILED);
}
