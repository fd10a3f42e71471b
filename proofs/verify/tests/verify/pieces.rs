//! Commitments to data.

use cid::Cid;
use filigree_proofs_verify::piece_cid;
use filigree_vm::{Verifier, VerifyError};
use fvm_shared::commcid::{data_commitment_v1_to_cid, replica_commitment_v1_to_cid};
use fvm_shared::piece::{PaddedPieceSize, PieceInfo};
use fvm_shared::sector::RegisteredSealProof;

use crate::support::{SEAL, forge, verifier};

fn data(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * i % 251) as u8).collect()
}

fn piece(data: &[u8]) -> PieceInfo {
    let size = data.len() as u64 / 127 * 128;
    piece_cid(data, PaddedPieceSize(size)).unwrap()
}

fn zeros(size: u64) -> PieceInfo {
    piece(&vec![0; size as usize / 128 * 127])
}

#[test]
fn a_sector_of_pieces_is_the_piece_of_all_its_data() {
    let verifier = verifier(&forge());
    let all = data(2032);
    let whole = piece(&all).cid;
    let check = |pieces: &[PieceInfo], expected: Cid| {
        assert_eq!(
            verifier.unsealed_sector_cid(SEAL, pieces).unwrap(),
            expected
        );
    };
    check(&[piece(&all)], whole);
    check(&[piece(&all[..1016]), piece(&all[1016..])], whole);
    let quarters: Vec<PieceInfo> = all.chunks(508).map(piece).collect();
    check(&quarters, whole);
    let smallest: Vec<PieceInfo> = all.chunks(127).map(piece).collect();
    check(&smallest, whole);
    // Gaps are zeros: 128 bytes of data, then the next piece of 512 at 512.
    let mut gaps = data(2032);
    gaps[127..508].fill(0);
    gaps[1016..].fill(0);
    check(
        &[piece(&gaps[..127]), piece(&gaps[508..1016])],
        piece(&gaps).cid,
    );
}

/// Commitments of sectors of zeros, as the network knows them.
const EMPTY: [(i64, &str); 4] = [
    (
        5,
        "fc7e928296e516faade986b28f92d44a4f24b935485223376a799027bc18f833",
    ),
    (
        6,
        "65f29e5d98d246c38b388cfc06db1f6b021303c5a289000bdce832a9c3ec421c",
    ),
    (
        8,
        "077e5fde35c50a9303a55009e3498a4ebedff39c42b710b730d8ec7ac7afa63e",
    ),
    (
        9,
        "e64005a6bfe3777953b8ad6ef93f0fca1049b2041654f2a411f7702799cece02",
    ),
];

#[test]
fn no_pieces_are_zeros_of_every_size() {
    let verifier = verifier(&forge());
    for (kind, known) in EMPTY {
        let cid = verifier.unsealed_sector_cid(kind.into(), &[]).unwrap();
        let mut commitment = [0; 32];
        hex::decode_to_slice(known, &mut commitment).unwrap();
        assert_eq!(
            cid,
            data_commitment_v1_to_cid(&commitment).unwrap(),
            "{kind}"
        );
    }
    let kind = RegisteredSealProof::StackedDRG512MiBV1P1;
    let halves = [zeros(1024), zeros(1024)];
    assert_eq!(
        verifier.unsealed_sector_cid(SEAL, &halves).unwrap(),
        verifier.unsealed_sector_cid(SEAL, &[]).unwrap()
    );
    assert!(verifier.unsealed_sector_cid(kind, &[]).is_ok());
}

#[test]
fn pieces_that_make_no_sector_are_malformed() {
    let verifier = verifier(&forge());
    let refused = |pieces: &[PieceInfo]| {
        let answer = verifier.unsealed_sector_cid(SEAL, pieces);
        assert!(
            matches!(answer, Err(VerifyError::Malformed(_))),
            "{answer:?}"
        );
    };
    let sized = |size| PieceInfo {
        size: PaddedPieceSize(size),
        cid: zeros(128).cid,
    };
    refused(&[zeros(4096)]);
    refused(&[zeros(2048), zeros(128)]);
    refused(&[zeros(128), zeros(2048)]);
    refused(&[zeros(1024), zeros(128), zeros(1024)]);
    for size in [0, 1, 64, 127, 129, 384, 1 << 63, u64::MAX] {
        refused(&[sized(size)]);
        refused(&[zeros(128), sized(size)]);
    }
    let mut sealed = zeros(128);
    sealed.cid = replica_commitment_v1_to_cid(&[1; 32]).unwrap();
    refused(&[sealed]);
    let mut other = zeros(128);
    other.cid = Cid::default();
    refused(&[other]);
    let answer = verifier.unsealed_sector_cid(RegisteredSealProof::Invalid(99), &[]);
    assert!(
        matches!(answer, Err(VerifyError::Malformed(_))),
        "{answer:?}"
    );
}

#[test]
fn data_that_does_not_fill_its_piece_is_malformed() {
    let refused = |len: usize, size, why: &str| {
        let Err(VerifyError::Malformed(text)) =
            piece_cid(data(len).as_slice(), PaddedPieceSize(size))
        else {
            panic!("{len} bytes in a piece of {size}")
        };
        assert!(text.contains(why), "{text}");
    };
    refused(126, 128, "ends before");
    refused(0, 128, "ends before");
    refused(128, 128, "is longer");
    refused(100_000, 128, "is longer");
    refused(127, 100, "128");
    refused(0, 0, "128");
}
