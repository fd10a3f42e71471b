//! Proofs of spacetime: that the text of each sector is there still.

use filecoin_proofs_api::RegisteredPoStProof as Kind;
use filigree_proofs_prove::post::{Stored, WindowProof};
use filigree_proofs_prove::{Control, ProveError, Result, Step};
use fvm_shared::ActorID;
use fvm_shared::sector::RegisteredPoStProof;

use super::replica::{is_of, replica_cid};
use crate::proof::{self, Sectors};

/// Proves the sectors whose text is there; the others are skipped.
pub fn window(
    kind: Kind,
    randomness: &[u8],
    miner: ActorID,
    sectors: &[Stored],
    control: &Control,
) -> Result<WindowProof> {
    control.step(Step::WindowPost, || {
        let (kept, mut skipped) = look(sectors)?;
        if kept.is_empty() {
            let what = format!("none of {} sectors can be opened", sectors.len());
            return Err(ProveError::Input(what));
        }
        skipped.sort_unstable();
        skipped.dedup();
        let kind = RegisteredPoStProof::from(kind as i64);
        Ok(WindowProof {
            proof: proof::window(Some(kind), randomness, miner, &kept),
            skipped,
        })
    })
}

/// Proves the challenged sectors, all of them.
pub fn winning(
    kind: Kind,
    randomness: &[u8],
    miner: ActorID,
    challenged: &[Stored],
    control: &Control,
) -> Result<Vec<u8>> {
    control.step(Step::WinningPost, || {
        let (kept, skipped) = look(challenged)?;
        if kept.is_empty() || !skipped.is_empty() {
            return Err(ProveError::Library {
                step: Step::WinningPost,
                reason: format!("sectors {skipped:?} cannot be opened"),
            });
        }
        let kind = RegisteredPoStProof::from(kind as i64);
        Ok(proof::winning(Some(kind), randomness, miner, &kept))
    })
}

/// Sectors that are there, and those that are not.
fn look(sectors: &[Stored]) -> Result<(Sectors, Vec<u64>)> {
    let mut kept = Sectors::new();
    let mut skipped = Vec::new();
    for stored in sectors {
        match is_of(&stored.replica, &stored.cache, &stored.comm_r) {
            true => {
                kept.insert(stored.number, replica_cid(&stored.comm_r)?);
            }
            false => skipped.push(stored.number),
        }
    }
    Ok((kept, skipped))
}
