//! Who is told what, and what answers are taken.

use filigree_builtin::calls::miner::{PieceReturn, SectorReturn};
use fvm_shared::piece::PaddedPieceSize;

use super::*;
use crate::params::DataActivationNotification;

fn piece(size: u64, notify: &[u64]) -> PieceActivationManifest {
    PieceActivationManifest {
        cid: Cid::default(),
        size: PaddedPieceSize(size),
        verified_allocation_key: None,
        notify: notify
            .iter()
            .map(|id| DataActivationNotification {
                address: Address::new_id(*id),
                payload: RawBytes::new(vec![*id as u8]),
            })
            .collect(),
    }
}

fn activation(sector_number: SectorNumber, pieces: &[PieceActivationManifest]) -> Activation<'_> {
    Activation {
        sector_number,
        sector_expiration: 1_000 + sector_number as i64,
        pieces,
    }
}

#[test]
fn everybody_is_told_once_about_all_its_pieces() {
    let nine = [piece(128, &[7]), piece(256, &[5, 7]), piece(512, &[])];
    let three = [piece(1_024, &[7, 7])];
    let grouped = group(&[activation(9, &nine), activation(3, &three)]);
    let told: Vec<_> = grouped
        .iter()
        .map(|(to, params)| {
            let sectors = params.sectors.iter().map(|sector| {
                let sizes = sector.added.iter().map(|piece| piece.size.0);
                (
                    sector.sector,
                    sector.minimum_commitment_epoch,
                    sizes.collect::<Vec<_>>(),
                )
            });
            (to.id().unwrap(), sectors.collect::<Vec<_>>())
        })
        .collect();
    assert_eq!(
        told,
        [
            (5, vec![(9, 1_009, vec![256])]),
            (
                7,
                vec![(3, 1_003, vec![1_024, 1_024]), (9, 1_009, vec![128, 256])]
            ),
        ]
    );
    assert_eq!(grouped[0].1.sectors[0].added[0].payload.bytes(), [5]);
}

#[test]
fn nobody_is_told_of_pieces_without_notifications() {
    assert!(group(&[activation(1, &[piece(128, &[])])]).is_empty());
}

#[test]
fn an_answer_says_yes_to_each_piece_asked_about() {
    let pieces = [piece(128, &[7]), piece(256, &[7])];
    let asked = group(&[activation(1, &pieces), activation(2, &pieces)])
        .remove(0)
        .1
        .sectors;
    let code = |answers: &[&[bool]]| {
        let sectors = answers
            .iter()
            .map(|sector| SectorReturn {
                added: sector
                    .iter()
                    .map(|accepted| PieceReturn {
                        accepted: *accepted,
                    })
                    .collect(),
            })
            .collect();
        let response = SectorContentChangedReturn { sectors };
        check_response(&asked, &response).map_err(|error| error.code)
    };
    assert_eq!(code(&[&[true, true], &[true, true]]), Ok(()));
    for rejected in [[[true, false], [true, true]], [[true, true], [false, true]]] {
        let [one, two] = &rejected;
        assert_eq!(code(&[one, two]), Err(ERR_NOTIFICATION_REJECTED));
    }
    let invalid = Err(ERR_NOTIFICATION_RESPONSE_INVALID);
    assert_eq!(code(&[]), invalid);
    assert_eq!(code(&[&[true, true]]), invalid);
    assert_eq!(code(&[&[true, true], &[true]]), invalid);
    assert_eq!(code(&[&[true, true], &[true, true], &[]]), invalid);
    // What comes first is told.
    assert_eq!(
        code(&[&[false, true], &[true]]),
        Err(ERR_NOTIFICATION_REJECTED)
    );
}
