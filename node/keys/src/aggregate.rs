//! Aggregates: the one signature for all messages of BLS senders in a block.
//!
//! Checking one costs a hash to the curve and a Miller loop per message, some 0.5 ms: five seconds for a block of ten thousand
//! on one core. So it is spread over threads, which `host/signature` (few messages, and a host does not start threads) does
//! not do. Tests hold both against each other.

use std::collections::HashSet;
use std::thread;

use blst::min_pk::{AggregateSignature, PublicKey, Signature as Point};
use blst::{BLST_ERROR, Pairing, blst_fp12, blst_p1_affine, blst_p2_affine};
use filigree_blocks::{Signature, SignatureType};
use fvm_shared::crypto::signature::{BLS_PUB_LEN, BLS_SIG_LEN};

use crate::key::BLS_DOMAIN;
use crate::spread::spread;

/// Fewer messages than this are not worth a thread.
const MIN_PER_THREAD: usize = 16;

/// The sum of BLS signatures; of none, the point at infinity, as blocks without such messages have it. None if one of them is
/// no BLS signature; whether they hold is not looked at.
pub fn aggregate<'a>(signatures: impl IntoIterator<Item = &'a Signature>) -> Option<Signature> {
    let points: Option<Vec<_>> = signatures.into_iter().map(point).collect();
    let points = points?;
    let bytes = if points.is_empty() {
        let mut infinity = vec![0; BLS_SIG_LEN];
        infinity[0] = 0xc0;
        infinity
    } else {
        let points: Vec<_> = points.iter().collect();
        let sum = AggregateSignature::aggregate(&points, false).ok()?;
        sum.to_signature().to_bytes().to_vec()
    };
    Some(Signature::new(SignatureType::Bls, bytes))
}

/// Whether `signature` is the aggregate of a signature of each text by the key at the same place. Texts must differ from each
/// other, which those of messages, their CIDs, do. Of no texts every signature is an aggregate.
///
/// The network's first implementation looks at the first 96 bytes alone, whatever type the signature has and whatever follows
/// (Lotus, `VerifyBlsAggregate`), so a block whose aggregate is labelled otherwise stands in the chain. It stops at fewer bytes,
/// also where there are no texts: those are no aggregate here.
pub fn verify_aggregate(
    signature: &Signature,
    keys: &[[u8; BLS_PUB_LEN]],
    texts: &[&[u8]],
) -> bool {
    if keys.len() != texts.len() {
        return false;
    }
    let Some(sum) = signature.bytes.first_chunk::<BLS_SIG_LEN>() else {
        return false;
    };
    if keys.is_empty() {
        return true;
    }
    let Some(sum) = point_of(sum) else {
        return false;
    };
    let mut seen = HashSet::with_capacity(texts.len());
    if !texts.iter().all(|text| seen.insert(text)) {
        return false;
    }
    let Some(pairing) = pairing(keys, texts) else {
        return false;
    };
    let mut claimed = blst_fp12::default();
    let sum: &blst_p2_affine = (&sum).into();
    Pairing::aggregated(&mut claimed, sum);
    pairing.finalverify(Some(&claimed))
}

/// The point of a BLS signature, if it is one of the group.
fn point(signature: &Signature) -> Option<Point> {
    let is_bls = signature.sig_type == SignatureType::Bls;
    let bytes = signature.bytes.as_slice().try_into().ok()?;
    is_bls.then(|| point_of(bytes)).flatten()
}

fn point_of(bytes: &[u8; BLS_SIG_LEN]) -> Option<Point> {
    let point = Point::from_bytes(bytes).ok()?;
    point.validate(false).ok()?;
    Some(point)
}

/// The product of the pairings of all keys with their texts. None if a key is none.
fn pairing(keys: &[[u8; BLS_PUB_LEN]], texts: &[&[u8]]) -> Option<Pairing<'static>> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let chunk = keys.len().div_ceil(threads).max(MIN_PER_THREAD);
    let chunks = keys.chunks(chunk).zip(texts.chunks(chunk));
    let pairings = spread(chunks, |(keys, texts)| pairing_of_chunk(keys, texts));
    let mut pairings = pairings.into_iter();
    let mut all = pairings.next()??;
    for other in pairings {
        if all.merge(&other?) != BLST_ERROR::BLST_SUCCESS {
            return None;
        }
    }
    Some(all)
}

fn pairing_of_chunk(keys: &[[u8; BLS_PUB_LEN]], texts: &[&[u8]]) -> Option<Pairing<'static>> {
    let mut pairing = Pairing::new(true, BLS_DOMAIN);
    for (key, text) in keys.iter().zip(texts) {
        let key = PublicKey::from_bytes(key).ok()?;
        let key: &blst_p1_affine = (&key).into();
        // Signatures come in as their sum, at the end.
        let no_signature = &();
        let added = pairing.aggregate(key, true, no_signature, false, text, &[]);
        if added != BLST_ERROR::BLST_SUCCESS {
            return None;
        }
    }
    pairing.commit();
    Some(pairing)
}
