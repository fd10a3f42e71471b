//! Commit: the proof that a sealed sector is the encoding of its data.
//!
//! Phase 1 opens the nodes that the seed of the chain challenges; phase 2 proves the openings. A sector without
//! interaction (FIP-0092) challenges itself; its seed is not looked at, and what it gives is an aggregate.

use filecoin_proofs_api::seal::{
    SealCommitPhase1Output, SealPreCommitPhase2Output, clear_cache, clear_synthetic_proofs,
    seal_commit_phase1, seal_commit_phase2,
};
use serde::{Deserialize, Serialize};

use crate::error::InStep;
use crate::layout::Place;
use crate::pieces::infos;
use crate::pre_commit::{Input as Replica, Sealed};
use crate::records::Records;
use crate::{Control, Event, Layout, ProveError, Result, Sector, Step, params};

/// What a proof depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Input {
    sector: Sector,
    sealed: Sealed,
    /// Randomness of the chain from after CommR was published.
    seed: [u8; 32],
}

/// Proves a sealed sector. A proof for another `seed` than an earlier one replaces that.
pub fn commit(
    layout: &Layout,
    sector: &Sector,
    seed: [u8; 32],
    control: &Control,
) -> Result<Vec<u8>> {
    let records = Records::new(layout, sector.id);
    let replica = records.need::<Replica, Sealed>(Step::PreCommit2)?;
    let input = Input {
        sector: *sector,
        sealed: replica.output,
        seed,
    };
    if let Some(proof) = same_input(records.output_of(Step::Commit2, &input))? {
        records.forget(Step::Commit1)?;
        control.report(Event::Kept(Step::Commit2));
        return Ok(proof);
    }
    params::require(Step::Commit2, sector.proof.cache_params_path())?;
    if sector.is_without_interaction() {
        params::require_srs(Step::Commit2)?;
    }
    let openings = open(layout, &records, &input, &replica.input, control)?;
    control.step(Step::Commit2, || {
        let made = seal_commit_phase2(openings, sector.id.prover(), sector.id.number())
            .in_step(Step::Commit2)?;
        records.write(Step::Commit2, &input, &made.proof)?;
        records.forget(Step::Commit1)?;
        Ok(made.proof)
    })
}

fn open(
    layout: &Layout,
    records: &Records<'_>,
    input: &Input,
    replica: &Replica,
    control: &Control,
) -> Result<SealCommitPhase1Output> {
    if let Some(openings) = same_input(records.output_of(Step::Commit1, input))? {
        control.report(Event::Kept(Step::Commit1));
        return Ok(openings);
    }
    control.step(Step::Commit1, || {
        let sector = &input.sector;
        let sealed = SealPreCommitPhase2Output {
            registered_proof: sector.proof,
            comm_r: input.sealed.comm_r,
            comm_d: input.sealed.comm_d,
        };
        let openings = seal_commit_phase1(
            layout.whole(Place::Cache, sector.id),
            layout.whole(Place::Sealed, sector.id),
            sector.id.prover(),
            sector.id.number(),
            sector.ticket,
            input.seed,
            sealed,
            &infos(&replica.pieces),
        )
        .in_step(Step::Commit1)?;
        records.write(Step::Commit1, input, &openings)?;
        Ok(openings)
    })
}

/// Removes what only proving needed: most of the disk that sealing took. Of a synthetic sector the layers may go before it
/// is proved, and the openings of all its challenges after (FIP-0059).
pub fn clear(layout: &Layout, sector: &Sector) -> Result<()> {
    let records = Records::new(layout, sector.id);
    let proved = records.read::<Input, Vec<u8>>(Step::Commit2)?.is_some();
    if !proved && !sector.is_synthetic() {
        return Err(ProveError::NotReady {
            step: Step::Commit2,
            what: records.path(Step::Commit2),
        });
    }
    let cache = layout.whole(Place::Cache, sector.id);
    clear_cache(&cache).in_step_at(Step::Commit2, &cache)?;
    if proved {
        clear_synthetic_proofs(&cache).in_step_at(Step::Commit2, &cache)?;
    }
    Ok(())
}

/// A result for another seed is no hindrance: chains reorganize.
pub fn same_input<T>(output: Result<Option<T>>) -> Result<Option<T>> {
    match output {
        Err(ProveError::OtherInput { .. }) => Ok(None),
        other => other,
    }
}
