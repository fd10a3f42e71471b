//! Bad input of every kind: no panic, and one of the verdicts that the library gives too.

use filigree_vm::VerifyError;
use fvm_shared::commcid::{data_commitment_v1_to_cid, replica_commitment_v1_to_cid};
use fvm_shared::sector::{
    RegisteredAggregateProof, RegisteredPoStProof, RegisteredSealProof, RegisteredUpdateProof,
};

use crate::forge::Forge;
use crate::library::{Asked, Question};
use crate::support::*;

/// Bytes of one Groth16 proof: A and C are points of G1 (48 bytes), B is one of G2 (96).
const PROOF_BYTES: usize = 192;

/// All questions: good ones, and each broken in many ways.
pub fn questions(forge: &Forge) -> Vec<Question> {
    let mut all = Questions::default();
    seals(forge, &mut all);
    non_interactive(forge, &mut all);
    windows(forge, &mut all);
    winnings(forge, &mut all);
    updates(forge, &mut all);
    aggregates(forge, &mut all);
    all.0
}

#[derive(Default)]
struct Questions(Vec<Question>);

impl Questions {
    fn ask(&mut self, name: impl ToString, asked: Asked) {
        let name = name.to_string();
        self.0.push(Question { name, asked });
    }
}

/// A proof broken in ways that have nothing to do with what it proves.
fn broken_bytes(good: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut broken = Vec::new();
    for len in [0, 1, 47, 48, 96, 144, 191] {
        broken.push((format!("the first {len} bytes"), good[..len].to_vec()));
    }
    broken.push(("one byte more".to_owned(), [good, &[0]].concat()));
    broken.push(("twice".to_owned(), [good, good].concat()));
    broken.push(("zeros".to_owned(), vec![0; good.len()]));
    broken.push(("ones".to_owned(), vec![0xff; good.len()]));
    for at in (0..good.len().min(PROOF_BYTES)).step_by(7) {
        for mask in [1, 0x80] {
            let mut bytes = good.to_vec();
            bytes[at] ^= mask;
            broken.push((format!("byte {at} with {mask:#x}"), bytes));
        }
    }
    // The points' flags are in the highest three bits: compressed, infinity, sign of y.
    for (point, start, len) in [("A", 0, 48), ("B", 48, 96), ("C", 144, 48)] {
        let mut change = |what: &str, change: &dyn Fn(&mut [u8])| {
            let mut bytes = good.to_vec();
            change(&mut bytes[start..start + len]);
            broken.push((format!("{point} {what}"), bytes));
        };
        change("is infinity", &|point| {
            point.fill(0);
            point[0] = 0xc0;
        });
        change("is infinity and more", &|point| point[0] |= 0x40);
        change("is its negative", &|point| point[0] ^= 0x20);
        change("is not compressed", &|point| point[0] &= 0x7f);
        change("has x beyond the field", &|point| {
            point.fill(0xff);
            point[0] = 0x9f;
        });
        change("is out of its group", &|point| {
            // x = 0 is on the curve of G1, in no group of prime order; on that of G2 it is no point.
            point.fill(0);
            point[0] = 0x80;
        });
    }
    broken
}

/// Commitments that are none, and one beyond the field.
fn replicas() -> Vec<(&'static str, cid::Cid)> {
    vec![
        (
            "CommR is zero",
            replica_commitment_v1_to_cid(&[0; 32]).unwrap(),
        ),
        (
            "CommR is beyond the field",
            replica_commitment_v1_to_cid(&[0xff; 32]).unwrap(),
        ),
        ("CommR is a CommD", unsealed(1)),
        ("CommR is of another sector", sealed(99)),
        ("CommR is some CID", cid::Cid::default()),
    ]
}

fn datas() -> Vec<(&'static str, cid::Cid)> {
    vec![
        (
            "CommD is zero",
            data_commitment_v1_to_cid(&[0; 32]).unwrap(),
        ),
        (
            "CommD is beyond the field",
            data_commitment_v1_to_cid(&[0xff; 32]).unwrap(),
        ),
        ("CommD is a CommR", sealed(1)),
        ("CommD is of another sector", unsealed(99)),
        ("CommD is some CID", cid::Cid::default()),
    ]
}

fn seals(forge: &Forge, all: &mut Questions) {
    let good = proved_seal(forge, SEAL, 1);
    let mut ask = |name: &str, change: &dyn Fn(&mut fvm_shared::sector::SealVerifyInfo)| {
        let mut info = good.clone();
        change(&mut info);
        all.ask(format!("seal: {name}"), Asked::Seal(info));
    };
    ask("good", &|_| ());
    for (name, bytes) in broken_bytes(&good.proof) {
        ask(&name, &|info| info.proof.clone_from(&bytes));
    }
    for (name, cid) in replicas() {
        ask(name, &|info| info.sealed_cid = cid);
    }
    for (name, cid) in datas() {
        ask(name, &|info| info.unsealed_cid = cid);
    }
    ask("another miner", &|info| info.sector_id.miner += 1);
    ask("the highest miner", &|info| info.sector_id.miner = u64::MAX);
    ask("another number", &|info| info.sector_id.number = 2);
    ask("another ticket", &|info| info.randomness.0[0] ^= 1);
    ask("another seed", &|info| {
        info.interactive_randomness.0[31] ^= 1
    });
    ask("ticket and seed swapped", &|info| {
        std::mem::swap(&mut info.randomness, &mut info.interactive_randomness);
    });
    for len in [0, 31, 33] {
        ask("ticket of another length", &|info| {
            info.randomness.0.resize(len, 3)
        });
        ask("seed of another length", &|info| {
            info.interactive_randomness.0.resize(len, 4)
        });
    }
    // Other types of 2 KiB; other sizes, whose keys the library does not find either; none at all.
    for number in [0, 1, 4, 9, 10, 15, 16, 19, 20, -1] {
        let kind = RegisteredSealProof::from(number);
        ask(&format!("of type {number}"), &|info| {
            info.registered_proof = kind
        });
    }
}

fn non_interactive(forge: &Forge, all: &mut Questions) {
    let good = proved_seal(forge, NON_INTERACTIVE, 1);
    let mut ask = |name: &str, change: &dyn Fn(&mut fvm_shared::sector::SealVerifyInfo)| {
        let mut info = good.clone();
        change(&mut info);
        all.ask(
            format!("seal without interaction: {name}"),
            Asked::Seal(info),
        );
    };
    ask("good", &|_| ());
    ask("another seed", &|info| {
        info.interactive_randomness.0[31] ^= 1
    });
    ask("another ticket", &|info| info.randomness.0[31] ^= 1);
    ask("another miner", &|info| info.sector_id.miner += 1);
    ask("called interactive", &|info| info.registered_proof = SEAL);
    for (name, cid) in replicas() {
        ask(name, &|info| info.sealed_cid = cid);
    }
    for at in (0..good.proof.len()).step_by(997) {
        ask(&format!("byte {at}"), &|info| info.proof[at] ^= 1);
    }
    for len in [0, 1, 100, 7_000, good.proof.len() - 1] {
        ask(&format!("the first {len} bytes"), &|info| {
            info.proof.truncate(len)
        });
    }
    ask("one byte more", &|info| info.proof.push(0));
}

fn windows(forge: &Forge, all: &mut Questions) {
    let good = proved_window(forge, WINDOW, 3);
    let mut ask = |name: &str, change: &dyn Fn(&mut fvm_shared::sector::WindowPoStVerifyInfo)| {
        let mut info = good.clone();
        change(&mut info);
        all.ask(format!("window: {name}"), Asked::Window(info));
    };
    ask("good", &|_| ());
    for (name, bytes) in broken_bytes(&good.proofs[0].proof_bytes) {
        ask(&name, &|info| info.proofs[0].proof_bytes.clone_from(&bytes));
    }
    for (name, cid) in replicas() {
        ask(name, &|info| info.challenged_sectors[1].sealed_cid = cid);
    }
    ask("partitions swapped", &|info| {
        info.proofs[0].proof_bytes.rotate_left(PROOF_BYTES)
    });
    ask("one partition for two", &|info| {
        info.proofs[0].proof_bytes.truncate(PROOF_BYTES)
    });
    ask("one sector fewer", &|info| {
        info.challenged_sectors.truncate(2)
    });
    ask("one sector more", &|info| {
        let mut sector = info.challenged_sectors[0].clone();
        sector.sector_number = 50;
        info.challenged_sectors.push(sector);
    });
    ask("no sectors", &|info| info.challenged_sectors.clear());
    ask("a sector twice", &|info| {
        let sector = info.challenged_sectors[0].clone();
        info.challenged_sectors.push(sector);
    });
    ask("sectors of one number", &|info| {
        let mut sector = info.challenged_sectors[0].clone();
        sector.sealed_cid = sealed(99);
        info.challenged_sectors.push(sector);
    });
    ask("sectors in another order", &|info| {
        info.challenged_sectors.reverse()
    });
    ask("another miner", &|info| info.prover += 1);
    ask("other randomness", &|info| info.randomness.0[0] ^= 1);
    ask("randomness beyond the field", &|info| {
        info.randomness.0[31] |= 0xc0
    });
    for len in [0, 31, 33] {
        ask("randomness of another length", &|info| {
            info.randomness.0.resize(len, 5)
        });
    }
    ask("two proofs", &|info| {
        let proof = info.proofs[0].clone();
        info.proofs.push(proof);
    });
    ask("two proofs of two types", &|info| {
        let mut proof = info.proofs[0].clone();
        proof.post_proof = RegisteredPoStProof::Invalid(5);
        info.proofs.push(proof);
    });
    for number in [0, 1, 4, 5, 6, 9, 11, 13, 15, -1] {
        let kind = RegisteredPoStProof::from(number);
        ask(&format!("of type {number}"), &|info| {
            info.proofs[0].post_proof = kind
        });
    }
    for number in [0, 6, 8, 10, 15, 20] {
        let kind = RegisteredSealProof::from(number);
        let name = format!("a sector of type {number}");
        ask(&name, &|info| info.challenged_sectors[0].proof = kind);
    }
}

fn winnings(forge: &Forge, all: &mut Questions) {
    let good = proved_winning(forge);
    let mut ask = |name: &str, change: &dyn Fn(&mut fvm_shared::sector::WinningPoStVerifyInfo)| {
        let mut info = good.clone();
        change(&mut info);
        all.ask(format!("winning: {name}"), Asked::Winning(info));
    };
    ask("good", &|_| ());
    for (name, bytes) in broken_bytes(&good.proofs[0].proof_bytes) {
        ask(&name, &|info| info.proofs[0].proof_bytes.clone_from(&bytes));
    }
    for (name, cid) in replicas() {
        ask(name, &|info| info.challenge_sectors[0].sealed_cid = cid);
    }
    ask("no sectors", &|info| info.challenge_sectors.clear());
    ask("two sectors", &|info| {
        let mut sector = info.challenge_sectors[0].clone();
        sector.sector_number = 50;
        info.challenge_sectors.push(sector);
    });
    ask("another miner", &|info| info.prover += 1);
    ask("other randomness", &|info| info.randomness.0[0] ^= 1);
    ask("a window's type", &|info| {
        info.proofs[0].post_proof = WINDOW
    });
}

fn updates(forge: &Forge, all: &mut Questions) {
    let good = proved_update(forge);
    let mut ask = |name: &str, change: &dyn Fn(&mut fvm_shared::sector::ReplicaUpdateInfo)| {
        let mut info = good.clone();
        change(&mut info);
        all.ask(format!("update: {name}"), Asked::Update(info));
    };
    ask("good", &|_| ());
    for (name, bytes) in broken_bytes(&good.proof) {
        ask(&name, &|info| info.proof.clone_from(&bytes));
    }
    for (name, cid) in replicas() {
        ask(&format!("old {name}"), &|info| info.old_sealed_cid = cid);
        ask(&format!("new {name}"), &|info| info.new_sealed_cid = cid);
    }
    for (name, cid) in datas() {
        ask(name, &|info| info.new_unsealed_cid = cid);
    }
    for number in [1, 2, 3, 4, 5, -1] {
        let kind = RegisteredUpdateProof::from(number);
        ask(&format!("of type {number}"), &|info| {
            info.update_proof_type = kind
        });
    }
}

fn aggregates(forge: &Forge, all: &mut Questions) {
    let good = proved_aggregate(forge, 5, RegisteredAggregateProof::SnarkPackV2);
    type Info = fvm_shared::sector::AggregateSealVerifyProofAndInfos;
    let mut ask = |name: &str, change: &dyn Fn(&mut Info)| {
        let mut info = good.clone();
        change(&mut info);
        all.ask(format!("aggregate: {name}"), Asked::Aggregate(info));
    };
    ask("good", &|_| ());
    for at in (0..good.proof.len()).step_by(211) {
        ask(&format!("byte {at}"), &|info| info.proof[at] ^= 1);
    }
    for len in [0, 1, 48, 1_000, good.proof.len() - 1] {
        ask(&format!("the first {len} bytes"), &|info| {
            info.proof.truncate(len)
        });
    }
    ask("one byte more", &|info| info.proof.push(0));
    ask("no seals", &|info| info.infos.clear());
    for count in [1, 2, 4, 6, 9] {
        let name = format!("{count} seals");
        ask(&name, &|info| {
            let last = info.infos[4].clone();
            info.infos.resize(count, last);
        });
    }
    ask("seals in another order", &|info| info.infos.swap(1, 3));
    ask("another miner", &|info| info.miner += 1);
    ask("another ticket", &|info| info.infos[2].randomness.0[0] ^= 1);
    ask("another seed", &|info| {
        info.infos[2].interactive_randomness.0[0] ^= 1
    });
    ask("a short seed", &|info| {
        info.infos[2].interactive_randomness.0.truncate(31)
    });
    ask("another number", &|info| info.infos[4].sector_number = 77);
    for (name, cid) in replicas() {
        ask(name, &|info| info.infos[3].sealed_cid = cid);
    }
    for (name, cid) in datas() {
        ask(name, &|info| info.infos[3].unsealed_cid = cid);
    }
    for number in [0, 2, -1] {
        let version = RegisteredAggregateProof::from(number);
        ask(&format!("of version {number}"), &|info| {
            info.aggregate_proof = version
        });
    }
    for number in [0, 6, 15, 20] {
        let kind = RegisteredSealProof::from(number);
        ask(&format!("of type {number}"), &|info| info.seal_proof = kind);
    }
}

/// "Cannot tell" is for keys that are missing, and for nothing that an actor can write.
#[test]
fn bad_input_is_judged_or_malformed_and_only_a_missing_key_is_neither() {
    let forge = forge();
    let verifier = verifier(&forge);
    for question in questions(&forge) {
        let verdict = question.asked.ask(&verifier);
        let without_key = matches!(
            question.name.as_str(),
            "seal: of type 1"
                | "seal: of type 4"
                | "seal: of type 9"
                | "update: of type 1"
                | "update: of type 2"
                | "update: of type 3"
                | "update: of type 4"
                | "aggregate: of type 6"
        );
        match (&verdict, without_key) {
            (Err(VerifyError::Unavailable(_)), true) => (),
            (Ok(_) | Err(VerifyError::Malformed(_)), false) => (),
            _ => panic!("{}: {verdict:?}", question.name),
        }
        if question.name.ends_with("good") {
            assert!(verdict.unwrap(), "{}", question.name);
        }
    }
}
