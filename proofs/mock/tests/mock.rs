//! Mock proofs are believed by the mock verifier of a development network, for exactly what they are about.

use filigree_proofs_mock::{
    DEVNET_CHAIN_ID, MockProver, MockReplica, MockVerifier, NotADevnet, data_commitment, is_mock,
};
use filigree_proofs_verify::{Keys, Limits, ProofVerifier, piece_cid};
use filigree_vm::{Network, Verifier, VerifyError};
use fvm_shared::commcid::{data_commitment_v1_to_cid, replica_commitment_v1_to_cid};
use fvm_shared::piece::{PaddedPieceSize, PieceInfo};
use fvm_shared::randomness::Randomness;
use fvm_shared::sector::{
    AggregateSealVerifyInfo, AggregateSealVerifyProofAndInfos, PoStProof, RegisteredAggregateProof,
    RegisteredPoStProof, RegisteredSealProof, RegisteredUpdateProof, ReplicaUpdateInfo,
    SealVerifyInfo, SectorID, SectorInfo, WindowPoStVerifyInfo, WinningPoStVerifyInfo,
};
use fvm_shared::version::NetworkVersion;

const MINER: u64 = 1_000;
const KIB_2: RegisteredSealProof = RegisteredSealProof::StackedDRG2KiBV1P1;

fn verifier() -> MockVerifier {
    let mut devnet = Network::new(NetworkVersion::V25);
    devnet.chain_id = DEVNET_CHAIN_ID;
    MockVerifier::for_network(&devnet).unwrap()
}

fn replica(number: u64) -> MockReplica {
    let comm_d = data_commitment(2048, &[]).unwrap();
    MockReplica {
        miner: MINER,
        number,
        comm_d,
        ticket: [7; 32],
    }
}

fn seal(number: u64) -> SealVerifyInfo {
    let replica = replica(number);
    let mut info = SealVerifyInfo {
        registered_proof: KIB_2,
        sector_id: SectorID {
            miner: MINER,
            number,
        },
        deal_ids: Vec::new(),
        randomness: Randomness(replica.ticket.to_vec()),
        interactive_randomness: Randomness(vec![8; 32]),
        proof: Vec::new(),
        sealed_cid: replica_commitment_v1_to_cid(&replica.commitment()).unwrap(),
        unsealed_cid: data_commitment_v1_to_cid(&replica.comm_d).unwrap(),
    };
    info.proof = MockProver.seal(&info);
    info
}

#[test]
fn a_seal_is_believed_for_what_it_is_about() {
    let good = seal(7);
    assert!(is_mock(&good.proof));
    assert!(
        good.proof
            .starts_with(b"MOCK proof, worthless: seal of sector 7 of miner 1000, ")
    );
    assert_eq!(good.proof.len(), KIB_2.proof_size().unwrap());
    assert_eq!(seal(7), good, "deterministic");
    let check = |expected: bool, change: &dyn Fn(&mut SealVerifyInfo)| {
        let mut info = good.clone();
        change(&mut info);
        assert_eq!(verifier().seal(&info).unwrap(), expected);
    };
    check(true, &|_| ());
    check(false, &|info| info.sector_id.number = 8);
    check(false, &|info| info.sector_id.miner += 1);
    check(false, &|info| info.randomness.0[0] ^= 1);
    check(false, &|info| info.interactive_randomness.0[31] ^= 1);
    check(false, &|info| {
        std::mem::swap(&mut info.sealed_cid, &mut info.unsealed_cid)
    });
    check(false, &|info| info.sealed_cid = seal(8).sealed_cid);
    check(false, &|info| {
        info.registered_proof = RegisteredSealProof::StackedDRG2KiBV1
    });
    check(false, &|info| info.proof.push(b' '));
    check(false, &|info| info.proof[100] ^= 1);
    check(false, &|info| info.proof = vec![0; 192]);
    check(false, &|info| info.proof.clear());
}

#[test]
fn seals_without_interaction_are_as_long_as_real_ones() {
    let mut info = seal(7);
    info.registered_proof = RegisteredSealProof::StackedDRG2KiBV1P2_Feat_NiPoRep;
    info.proof = MockProver.seal(&info);
    assert_eq!(info.proof.len(), 14_164);
    assert!(verifier().seal(&info).unwrap());
}

fn sectors(count: u64) -> Vec<SectorInfo> {
    let sector = |number| SectorInfo {
        proof: KIB_2,
        sector_number: number,
        sealed_cid: seal(number).sealed_cid,
    };
    (0..count).map(sector).collect()
}

fn proof(post_proof: RegisteredPoStProof) -> Vec<PoStProof> {
    vec![PoStProof {
        post_proof,
        proof_bytes: Vec::new(),
    }]
}

#[test]
fn a_window_proof_has_a_part_for_each_partition() {
    for (count, bytes) in [(1, 192), (2, 192), (3, 384), (5, 576)] {
        let mut info = WindowPoStVerifyInfo {
            randomness: Randomness(vec![9; 32]),
            proofs: proof(RegisteredPoStProof::StackedDRGWindow2KiBV1P1),
            challenged_sectors: sectors(count),
            prover: MINER,
        };
        info.proofs[0].proof_bytes = MockProver.window_post(&info);
        assert_eq!(info.proofs[0].proof_bytes.len(), bytes);
        assert!(verifier().window_post(&info).unwrap());
        info.challenged_sectors[0].sector_number += 100;
        assert!(!verifier().window_post(&info).unwrap());
        info.proofs.clear();
        let refused = verifier().window_post(&info);
        assert!(matches!(refused, Err(VerifyError::Malformed(_))));
    }
}

#[test]
fn a_winning_proof_is_bound_to_its_randomness() {
    let mut info = WinningPoStVerifyInfo {
        randomness: Randomness(vec![9; 32]),
        proofs: proof(RegisteredPoStProof::StackedDRGWinning2KiBV1),
        challenge_sectors: sectors(1),
        prover: MINER,
    };
    info.proofs[0].proof_bytes = MockProver.winning_post(&info);
    assert!(verifier().winning_post(&info).unwrap());
    info.randomness.0[3] ^= 1;
    assert!(!verifier().winning_post(&info).unwrap());
}

#[test]
fn an_aggregate_is_bound_to_every_seal() {
    let infos = (0..4).map(|number| {
        let seal = seal(number);
        AggregateSealVerifyInfo {
            sector_number: number,
            randomness: seal.randomness,
            interactive_randomness: seal.interactive_randomness,
            sealed_cid: seal.sealed_cid,
            unsealed_cid: seal.unsealed_cid,
        }
    });
    let mut info = AggregateSealVerifyProofAndInfos {
        miner: MINER,
        seal_proof: KIB_2,
        aggregate_proof: RegisteredAggregateProof::SnarkPackV2,
        proof: Vec::new(),
        infos: infos.collect(),
    };
    info.proof = MockProver.aggregate_seals(&info);
    assert!(verifier().aggregate_seals(&info).unwrap());
    info.infos.swap(1, 2);
    assert!(!verifier().aggregate_seals(&info).unwrap());
}

#[test]
fn an_update_is_bound_to_all_three_commitments() {
    let cids = [seal(1).sealed_cid, seal(2).sealed_cid];
    let mut info = ReplicaUpdateInfo {
        update_proof_type: RegisteredUpdateProof::StackedDRG2KiBV1,
        old_sealed_cid: cids[0],
        new_sealed_cid: cids[1],
        new_unsealed_cid: seal(1).unsealed_cid,
        proof: Vec::new(),
    };
    info.proof = MockProver.replica_update(&info);
    assert_eq!(info.proof.len(), 192);
    assert!(verifier().replica_update(&info).unwrap());
    std::mem::swap(&mut info.old_sealed_cid, &mut info.new_sealed_cid);
    assert!(!verifier().replica_update(&info).unwrap());
}

#[test]
fn the_data_commitment_is_the_true_one() {
    let zeros = |size| data_commitment(size, &[]).unwrap();
    let piece = |size| PieceInfo {
        size: PaddedPieceSize(size),
        cid: data_commitment_v1_to_cid(&zeros(size)).unwrap(),
    };
    let check = |pieces: &[PieceInfo], expected: bool| {
        let cid = verifier().unsealed_sector_cid(KIB_2, pieces);
        match expected {
            true => assert_eq!(cid.unwrap(), seal(7).unsealed_cid),
            false => assert!(matches!(cid, Err(VerifyError::Malformed(_)))),
        }
    };
    // The network's commitment to 2 KiB of zeros.
    let known = "fc7e928296e516faade986b28f92d44a4f24b935485223376a799027bc18f833";
    assert_eq!(hex::encode(replica(7).comm_d), known);
    check(&[], true);
    check(&[piece(1024), piece(128), piece(256)], true);
    check(&[piece(128), piece(1024), piece(256)], false);
    check(&[piece(2048)], true);
    check(&[piece(4096)], false);
    check(&[piece(2048), piece(128)], false);
    check(&[piece(128), piece(2048)], false);
    check(&[piece(1024), piece(1024), piece(128)], false);
    for size in [0, 64, 384, 1 << 63] {
        let mut odd = piece(128);
        odd.size = PaddedPieceSize(size);
        check(&[odd], false);
    }
}

/// Commitments to zeros as the network knows them, by size in powers of two.
const ZEROS: [(u32, &str); 6] = [
    (
        7,
        "3731bb99ac689f66eef5973e4a94da188f4ddcae580724fc6f3fd60dfd488333",
    ),
    (
        8,
        "642a607ef886b004bf2c1978463ae1d4693ac0f410eb2d1b7a47fe205e5e750f",
    ),
    (
        23,
        "65f29e5d98d246c38b388cfc06db1f6b021303c5a289000bdce832a9c3ec421c",
    ),
    (
        30,
        "ccc3c012f5b05e811a2bbfdd0f6833b84275b47bf229c0052a82484f3c1a5b3d",
    ),
    (
        35,
        "077e5fde35c50a9303a55009e3498a4ebedff39c42b710b730d8ec7ac7afa63e",
    ),
    (
        36,
        "e64005a6bfe3777953b8ad6ef93f0fca1049b2041654f2a411f7702799cece02",
    ),
];

#[test]
fn zeros_have_the_known_commitments() {
    for (bits, known) in ZEROS {
        let commitment = data_commitment(1 << bits, &[]).unwrap();
        assert_eq!(hex::encode(commitment), known, "2^{bits} bytes");
    }
}

#[test]
fn the_data_commitment_is_that_of_the_proof_library() {
    let real = ProofVerifier::new(Keys::default(), Limits::default()).unwrap();
    let piece = |size: u64, fill: u8| {
        let data: Vec<u8> = (0..size / 128 * 127)
            .map(|i| (i * i % 251) as u8 ^ fill)
            .collect();
        piece_cid(data.as_slice(), PaddedPieceSize(size)).unwrap()
    };
    let check = |kind, pieces: &[PieceInfo]| {
        let expected = real.unsealed_sector_cid(kind, pieces).unwrap();
        assert_eq!(
            verifier().unsealed_sector_cid(kind, pieces).unwrap(),
            expected
        );
    };
    let (a, b, c) = (piece(128, 1), piece(512, 2), piece(1024, 3));
    check(KIB_2, std::slice::from_ref(&a));
    // With gaps between them and behind them, in either order, and without any.
    check(KIB_2, &[a.clone(), b.clone()]);
    check(KIB_2, &[b.clone(), a.clone()]);
    check(KIB_2, &[a.clone(), b.clone(), c.clone()]);
    check(KIB_2, &[c.clone(), b.clone(), a.clone()]);
    check(KIB_2, &[c.clone(), piece(1024, 4)]);
    check(KIB_2, &[piece(2048, 5)]);
    check(RegisteredSealProof::StackedDRG8MiBV1P1, &[a, b, c]);
}

#[test]
fn no_other_network_gets_a_mock_verifier() {
    for chain_id in [0, 1, 314, 314_159, 3_141_592] {
        let mut network = Network::mainnet(NetworkVersion::V25);
        network.chain_id = chain_id;
        let refused = MockVerifier::for_network(&network).unwrap_err();
        assert_eq!(refused, NotADevnet { chain_id });
        assert!(
            refused
                .to_string()
                .contains("verify with the network's keys")
        );
    }
}
