//! Recorded proofs, broken: the same changes each time, with the verdict that each gets. What is random is the proof.

use anyhow::{Context as _, Result, bail};
use filigree_proofs_verify::ProofVerifier;
use filigree_vm::{Verdict, Verifier as _, VerifyError};
use fvm_ipld_encoding::{from_slice, to_vec};
use fvm_shared::commcid::{
    cid_to_data_commitment_v1, cid_to_replica_commitment_v1, data_commitment_v1_to_cid,
    replica_commitment_v1_to_cid,
};
use fvm_shared::sector as chain;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Question;

/// A recorded question that is broken.
#[derive(Serialize, Deserialize)]
pub struct Broken {
    /// Its kind.
    asks: String,
    /// What is wrong.
    broken: String,
    /// `invalid`, or `malformed`: what makes no sense.
    verdict: String,
    /// As an actor would give it, in hexadecimal digits.
    cbor: String,
}

/// What is done to a question, in words and in deed.
type Change<T> = (String, Box<dyn Fn(&mut T)>);

/// Where in a Groth16 proof a bit is flipped: the byte and the bit. It is a point of 48 bytes, one of 96 and one of 48; the
/// first byte of each has its flags: whether it is compressed (7), infinite (6), and which of two points it is (5).
const FLIPS: &[(usize, u8)] = &[
    (0, 0),
    (0, 5),
    (0, 6),
    (0, 7),
    (47, 0),
    (48, 5),
    (100, 3),
    (144, 5),
    (191, 0),
];

/// In an aggregate, which is long: at its start, in its middle, at its end.
const FLIPS_OF_AGGREGATES: &[(usize, u8)] = &[(0, 0), (2_600, 0), (5_000, 0)];

/// Breaks the first recorded question of each kind.
pub fn all(recorded: &[Question], verifier: &ProofVerifier) -> Result<Vec<Broken>> {
    let seal = |info: &_| verifier.seal(info);
    let mut all = Vec::new();
    all.extend(each(recorded, "seal", seal, seals(recorded)?)?);
    all.extend(each(recorded, "synthetic-seal", seal, seals(recorded)?)?);
    let alone = non_interactive(recorded)?;
    all.extend(each(recorded, "non-interactive-seal", seal, alone)?);
    let aggregate = |info: &_| verifier.aggregate_seals(info);
    all.extend(each(recorded, "aggregate", aggregate, aggregates())?);
    let window = |info: &_| verifier.window_post(info);
    all.extend(each(recorded, "window", window, windows())?);
    let winning = |info: &_| verifier.winning_post(info);
    all.extend(each(recorded, "winning", winning, winnings(recorded)?)?);
    let update = |info: &_| verifier.replica_update(info);
    all.extend(each(recorded, "update", update, updates(recorded)?)?);
    Ok(all)
}

/// The question, once with each change, and what it is judged to be.
fn each<T: Clone + Serialize + DeserializeOwned>(
    recorded: &[Question],
    asks: &str,
    judge: impl Fn(&T) -> Verdict,
    changes: Vec<Change<T>>,
) -> Result<Vec<Broken>> {
    let good: T = nth(recorded, asks, 0)?;
    let broken = changes.into_iter().map(|(broken, change)| {
        let mut info = good.clone();
        change(&mut info);
        let verdict = match judge(&info) {
            Ok(false) => "invalid",
            Err(VerifyError::Malformed(_)) => "malformed",
            other => bail!("{asks}, {broken}: {other:?}"),
        };
        Ok(Broken {
            asks: asks.to_owned(),
            broken,
            verdict: verdict.to_owned(),
            cbor: hex::encode(to_vec(&info)?),
        })
    });
    broken.collect()
}

/// A recorded question of a kind.
fn nth<T: DeserializeOwned>(recorded: &[Question], asks: &str, index: usize) -> Result<T> {
    let mut of_kind = recorded.iter().filter(|question| question.asks == asks);
    let question = of_kind.nth(index);
    let question = question.with_context(|| format!("{asks} {index} is not recorded"))?;
    Ok(from_slice(&hex::decode(&question.cbor)?)?)
}

fn change<T>(what: &str, change: impl Fn(&mut T) + 'static) -> Change<T> {
    (what.to_owned(), Box::new(change))
}

/// Changes of the bytes of Groth16 proofs.
fn groth16<T>(proof: impl Fn(&mut T) -> &mut Vec<u8> + Copy + 'static) -> Vec<Change<T>> {
    let mut changes = bytes(FLIPS, proof);
    changes.push(change("one byte more", move |info| proof(info).push(0)));
    changes.push(change("twice as many proofs", move |info| {
        *proof(info) = proof(info).repeat(2);
    }));
    changes
}

/// Changes of a proof's bytes. One more at the end is no change to an aggregate: nobody reads it.
fn bytes<T>(
    flips: &'static [(usize, u8)],
    proof: impl Fn(&mut T) -> &mut Vec<u8> + Copy + 'static,
) -> Vec<Change<T>> {
    let flips = flips.iter().map(|&(at, bit)| {
        let what = format!("bit {bit} of byte {at} flipped");
        change(&what, move |info| proof(info)[at] ^= 1 << bit)
    });
    let mut changes: Vec<Change<T>> = flips.collect();
    changes.push(change("the last byte missing", move |info| {
        proof(info).pop();
    }));
    changes.push(change("no proof", move |info| proof(info).clear()));
    changes
}

fn seals(recorded: &[Question]) -> Result<Vec<Change<chain::SealVerifyInfo>>> {
    type Info = chain::SealVerifyInfo;
    let other: chain::SealVerifyInfo = nth(recorded, "seal", 1)?;
    let (other_proof, other_replica) = (other.proof, other.sealed_cid);
    let mut changes = groth16(|info: &mut Info| &mut info.proof);
    changes.extend([
        change("the proof of another sector", move |info: &mut Info| {
            info.proof.clone_from(&other_proof);
        }),
        change("CommR of another sector", move |info: &mut Info| {
            info.sealed_cid = other_replica;
        }),
        change("commitments swapped", swap_commitments),
        change("CIDs of commitments swapped", |info: &mut Info| {
            std::mem::swap(&mut info.sealed_cid, &mut info.unsealed_cid);
        }),
        change("another prover", |info: &mut Info| {
            info.sector_id.miner += 1
        }),
        change("another sector", |info: &mut Info| {
            info.sector_id.number += 100
        }),
        change("another ticket", |info: &mut Info| {
            info.randomness.0[0] ^= 1
        }),
        change("a short ticket", |info: &mut Info| {
            info.randomness.0.truncate(31)
        }),
        change("another seed", |info: &mut Info| {
            info.interactive_randomness.0[31] ^= 1;
        }),
        change("ticket and seed swapped", |info: &mut Info| {
            std::mem::swap(&mut info.randomness, &mut info.interactive_randomness);
        }),
    ]);
    Ok(changes)
}

/// CommR where CommD belongs, each in a CID of the right kind.
fn swap_commitments(info: &mut chain::SealVerifyInfo) {
    let comm_r = cid_to_replica_commitment_v1(&info.sealed_cid);
    let comm_d = cid_to_data_commitment_v1(&info.unsealed_cid);
    let (comm_r, comm_d) = (comm_r.expect("a CommR"), comm_d.expect("a CommD"));
    info.sealed_cid = replica_commitment_v1_to_cid(&comm_d).expect("32 bytes");
    info.unsealed_cid = data_commitment_v1_to_cid(&comm_r).expect("32 bytes");
}

/// Few: each has fourteen thousand bytes. Without interaction there is no seed.
fn non_interactive(recorded: &[Question]) -> Result<Vec<Change<chain::SealVerifyInfo>>> {
    type Info = chain::SealVerifyInfo;
    let other: chain::SealVerifyInfo = nth(recorded, "seal", 1)?;
    let other_replica = other.sealed_cid;
    Ok(vec![
        change("bit 0 of byte 7000 flipped", |info: &mut Info| {
            info.proof[7_000] ^= 1;
        }),
        change("the last byte missing", |info: &mut Info| {
            info.proof.pop();
        }),
        change("CommR of another sector", move |info: &mut Info| {
            info.sealed_cid = other_replica;
        }),
        change("another prover", |info: &mut Info| {
            info.sector_id.miner += 1
        }),
        change("another ticket", |info: &mut Info| {
            info.randomness.0[0] ^= 1
        }),
    ])
}

fn aggregates() -> Vec<Change<chain::AggregateSealVerifyProofAndInfos>> {
    type Info = chain::AggregateSealVerifyProofAndInfos;
    let mut changes = bytes(FLIPS_OF_AGGREGATES, |info: &mut Info| &mut info.proof);
    changes.extend([
        change("sectors swapped", |info: &mut Info| info.infos.swap(0, 1)),
        change("CommRs swapped", |info: &mut Info| {
            let first = info.infos[0].sealed_cid;
            info.infos[0].sealed_cid = info.infos[1].sealed_cid;
            info.infos[1].sealed_cid = first;
        }),
        change("another prover", |info: &mut Info| info.miner += 1),
        change("another ticket", |info: &mut Info| {
            info.infos[1].randomness.0[0] ^= 1
        }),
        change("another seed", |info: &mut Info| {
            info.infos[1].interactive_randomness.0[0] ^= 1;
        }),
        change("another sector", |info: &mut Info| {
            info.infos[1].sector_number += 100
        }),
        change("one sector fewer", |info: &mut Info| info.infos.truncate(1)),
        change("one sector more", |info: &mut Info| {
            info.infos.push(info.infos[1].clone());
        }),
    ]);
    changes
}

fn windows() -> Vec<Change<chain::WindowPoStVerifyInfo>> {
    type Info = chain::WindowPoStVerifyInfo;
    let mut changes = groth16(|info: &mut Info| &mut info.proofs[0].proof_bytes);
    changes.extend([
        change("CommRs swapped", |info: &mut Info| {
            let first = info.challenged_sectors[0].sealed_cid;
            info.challenged_sectors[0].sealed_cid = info.challenged_sectors[1].sealed_cid;
            info.challenged_sectors[1].sealed_cid = first;
        }),
        change("another sector", |info: &mut Info| {
            info.challenged_sectors[1].sector_number += 100;
        }),
        change("other randomness", |info: &mut Info| {
            info.randomness.0[0] ^= 1
        }),
        change("short randomness", |info: &mut Info| {
            info.randomness.0.truncate(31)
        }),
        change("one sector fewer", |info: &mut Info| {
            info.challenged_sectors.truncate(1);
        }),
        change("one sector more", |info: &mut Info| {
            let mut more = info.challenged_sectors[1].clone();
            more.sector_number += 100;
            info.challenged_sectors.push(more);
        }),
        change("no sectors", |info: &mut Info| {
            info.challenged_sectors.clear()
        }),
        change("two proofs in place of one", |info: &mut Info| {
            info.proofs.push(info.proofs[0].clone());
        }),
    ]);
    changes
}

fn winnings(recorded: &[Question]) -> Result<Vec<Change<chain::WinningPoStVerifyInfo>>> {
    type Info = chain::WinningPoStVerifyInfo;
    let other: chain::SealVerifyInfo = nth(recorded, "seal", 1)?;
    let other_replica = other.sealed_cid;
    let mut changes = groth16(|info: &mut Info| &mut info.proofs[0].proof_bytes);
    changes.extend([
        change("CommR of another sector", move |info: &mut Info| {
            info.challenge_sectors[0].sealed_cid = other_replica;
        }),
        change("another sector", |info: &mut Info| {
            info.challenge_sectors[0].sector_number += 100;
        }),
        change("other randomness", |info: &mut Info| {
            info.randomness.0[0] ^= 1
        }),
        change("one sector more", |info: &mut Info| {
            let mut more = info.challenge_sectors[0].clone();
            more.sector_number += 100;
            info.challenge_sectors.push(more);
        }),
        change("no sectors", |info: &mut Info| {
            info.challenge_sectors.clear()
        }),
    ]);
    Ok(changes)
}

fn updates(recorded: &[Question]) -> Result<Vec<Change<chain::ReplicaUpdateInfo>>> {
    type Info = chain::ReplicaUpdateInfo;
    let empty: chain::SealVerifyInfo = nth(recorded, "seal", 0)?;
    let (empty_data, other_replica) = (empty.unsealed_cid, empty.sealed_cid);
    let mut changes = groth16(|info: &mut Info| &mut info.proof);
    changes.extend([
        change("old and new CommR swapped", |info: &mut Info| {
            std::mem::swap(&mut info.old_sealed_cid, &mut info.new_sealed_cid);
        }),
        change("old CommR of another sector", move |info: &mut Info| {
            info.old_sealed_cid = other_replica;
        }),
        change("CommD of an empty sector", move |info: &mut Info| {
            info.new_unsealed_cid = empty_data;
        }),
        change("CIDs of commitments swapped", |info: &mut Info| {
            std::mem::swap(&mut info.new_sealed_cid, &mut info.new_unsealed_cid);
        }),
    ]);
    Ok(changes)
}
