//! Sealing, its proof, and the data out of the sector again.

use std::path::Path;

use filigree_proofs_prove::commit::same_input;
use filigree_proofs_prove::files::publish as publish_file;
use filigree_proofs_prove::layout::Place;
use filigree_proofs_prove::pieces::{Piece, PieceFile};
use filigree_proofs_prove::pre_commit::Sealed;
use filigree_proofs_prove::records::Records;
use filigree_proofs_prove::unseal::{Range, copy_data};
use filigree_proofs_prove::{Control, Event, Layout, ProveError, Result, Sector, Step};
use fvm_shared::randomness::Randomness;
use fvm_shared::sector::{RegisteredSealProof, SealVerifyInfo, SectorID};

use super::replica::{self, Mock, data_cid, replica_cid};
use crate::proof::MockProver;

const PLACES: [Place; 2] = [Place::Sealed, Place::Cache];

/// What a replica depends on.
pub type Input = Mock<(Sector, Vec<Piece>)>;
/// What a proof depends on.
type Challenged = Mock<(Sector, Sealed, [u8; 32])>;

/// Phase 1: nothing but its record.
pub fn label(layout: &Layout, sector: &Sector, control: &Control) -> Result<()> {
    let records = Records::new(layout, sector.id);
    let input = input(&records, sector)?;
    if done(layout, &records, &input, control)?.is_none() {
        phase_1(&records, &input, control)?;
    }
    Ok(())
}

/// Both phases.
pub fn pre_commit(layout: &Layout, sector: &Sector, control: &Control) -> Result<Sealed> {
    let records = Records::new(layout, sector.id);
    let input = input(&records, sector)?;
    if let Some(sealed) = done(layout, &records, &input, control)? {
        return Ok(sealed);
    }
    phase_1(&records, &input, control)?;
    control.step(Step::PreCommit2, || {
        let sealed = replica::sealed(sector, &input.mock.1)?;
        replica::write(layout, Step::PreCommit2, sector, PLACES, &sealed)?;
        records.write(Step::PreCommit2, &input, &sealed)?;
        finish(layout, &records, sector)?;
        Ok(sealed)
    })
}

fn input(records: &Records<'_>, sector: &Sector) -> Result<Input> {
    let pieces = records.need::<(Sector, Vec<PieceFile>), Vec<Piece>>(Step::Pieces)?;
    Ok(Mock {
        mock: (*sector, pieces.output),
    })
}

fn done(
    layout: &Layout,
    records: &Records<'_>,
    input: &Input,
    control: &Control,
) -> Result<Option<Sealed>> {
    let sealed = records.output_of(Step::PreCommit2, input)?;
    if sealed.is_some() {
        finish(layout, records, &input.mock.0)?;
        control.report(Event::Kept(Step::PreCommit2));
    }
    Ok(sealed)
}

fn phase_1(records: &Records<'_>, input: &Input, control: &Control) -> Result<()> {
    if records
        .output_of::<_, ()>(Step::PreCommit1, input)?
        .is_some()
    {
        control.report(Event::Kept(Step::PreCommit1));
        return Ok(());
    }
    control.step(Step::PreCommit1, || {
        records.write(Step::PreCommit1, input, &())
    })
}

fn finish(layout: &Layout, records: &Records<'_>, sector: &Sector) -> Result<()> {
    replica::publish(layout, Step::PreCommit2, sector, &PLACES)?;
    records.forget(Step::PreCommit1)
}

/// Proves a sealed sector. A proof for another `seed` than an earlier one replaces that.
pub fn commit(
    layout: &Layout,
    sector: &Sector,
    seed: [u8; 32],
    control: &Control,
) -> Result<Vec<u8>> {
    let records = Records::new(layout, sector.id);
    let sealed = records.need::<Input, Sealed>(Step::PreCommit2)?.output;
    let input: Challenged = Mock {
        mock: (*sector, sealed, seed),
    };
    if let Some(proof) = same_input(records.output_of(Step::Commit2, &input))? {
        control.report(Event::Kept(Step::Commit2));
        return Ok(proof);
    }
    control.step(Step::Commit1, || {
        let [replica, trees] = PLACES.map(|place| layout.whole(place, sector.id));
        match replica::is_of(&replica, &trees, &sealed.comm_r) {
            true => Ok(()),
            false => Err(ProveError::Library {
                step: Step::Commit1,
                reason: format!("{} is not the mock that was sealed", replica.display()),
            }),
        }
    })?;
    control.step(Step::Commit2, || {
        let proof = MockProver.seal(&SealVerifyInfo {
            registered_proof: RegisteredSealProof::from(sector.proof as i64),
            sector_id: SectorID {
                miner: sector.id.miner,
                number: sector.id.number,
            },
            deal_ids: Vec::new(),
            randomness: Randomness(sector.ticket.to_vec()),
            interactive_randomness: Randomness(seed.to_vec()),
            proof: Vec::new(),
            sealed_cid: replica_cid(&sealed.comm_r)?,
            unsealed_cid: data_cid(&sealed.comm_d)?,
        });
        records.write(Step::Commit2, &input, &proof)?;
        Ok(proof)
    })
}

/// Removes nothing: a mock has no layers. Refused when the real step is.
pub fn clear(layout: &Layout, sector: &Sector) -> Result<()> {
    let records = Records::new(layout, sector.id);
    match sector.is_synthetic() {
        true => Ok(()),
        false => records
            .need::<Challenged, Vec<u8>>(Step::Commit2)
            .map(|_| ()),
    }
}

/// Copies a range of the data of a sector, which a mock finds where it was before it was sealed.
pub fn unseal(
    layout: &Layout,
    sector: &Sector,
    range: Range,
    output: &Path,
    control: &Control,
) -> Result<()> {
    range.check(sector)?;
    let records = Records::new(layout, sector.id);
    records.need::<Input, Sealed>(Step::PreCommit2)?;
    control.step(Step::Unseal, || {
        let partial = output.with_added_extension("partial");
        copy_data(&layout.whole(Place::Unsealed, sector.id), range, &partial)?;
        publish_file(&partial, output)
    })
}
