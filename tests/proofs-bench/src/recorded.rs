//! The recorded proofs of `proofs/fixtures`, with the keys beside them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use fvm_ipld_encoding::from_slice;
use fvm_shared::sector::{
    ReplicaUpdateInfo, SealVerifyInfo, WindowPoStVerifyInfo, WinningPoStVerifyInfo,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::judge::SEAL;

/// One of each kind, and all seals of one type and miner.
#[derive(Debug)]
pub struct Recorded {
    /// Seals with one Groth16 proof each.
    pub seals: Vec<SealVerifyInfo>,
    /// A window proof of two sectors.
    pub window: WindowPoStVerifyInfo,
    /// A winning proof.
    pub winning: WinningPoStVerifyInfo,
    /// A replica update.
    pub update: ReplicaUpdateInfo,
}

/// A line of the recording: the kind, and the CBOR that an actor would give.
#[derive(Deserialize)]
struct Line {
    asks: String,
    cbor: String,
}

impl Recorded {
    /// Reads them.
    pub fn read(fixtures: &Path) -> Result<Self> {
        let path = fixtures.join("proofs.json");
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let lines: Vec<Line> = serde_json::from_slice(&text)?;
        let mut seals: Vec<SealVerifyInfo> = all(&lines, "seal")?;
        seals.retain(|seal| seal.registered_proof == SEAL);
        if seals.is_empty() {
            bail!("{} has no seal of {SEAL:?}", path.display());
        }
        Ok(Self {
            seals,
            window: first(&lines, "window")?,
            winning: first(&lines, "winning")?,
            update: first(&lines, "update")?,
        })
    }
}

fn all<T: DeserializeOwned>(lines: &[Line], kind: &str) -> Result<Vec<T>> {
    let lines = lines.iter().filter(|line| line.asks == kind);
    let parse = |line: &Line| Ok(from_slice(&hex::decode(&line.cbor)?)?);
    lines.map(parse).collect()
}

fn first<T: DeserializeOwned>(lines: &[Line], kind: &str) -> Result<T> {
    let first = all(lines, kind)?.into_iter().next();
    first.with_context(|| format!("no {kind} proof is recorded"))
}
