//! Replica updates.

use filigree_proofs_prove::files::sync;
use filigree_proofs_prove::layout::Place;
use filigree_proofs_prove::pieces::{PieceFile, write_to};
use filigree_proofs_prove::pre_commit::Sealed;
use filigree_proofs_prove::records::Records;
use filigree_proofs_prove::update::{Updated, kind};
use filigree_proofs_prove::{Control, Event, Layout, Result, Sector, Step};
use fvm_shared::sector::{RegisteredUpdateProof, ReplicaUpdateInfo};

use super::replica::{self, Mock, data_cid, replica_cid};
use super::seal;
use crate::proof::MockProver;

const PLACES: [Place; 3] = [Place::UpdateCache, Place::Update, Place::Unsealed];

/// What an update depends on.
type Input = Mock<(Sector, Sealed, Vec<PieceFile>)>;

/// Puts data into a sealed sector.
pub fn encode(
    layout: &Layout,
    sector: &Sector,
    files: &[PieceFile],
    control: &Control,
) -> Result<Updated> {
    let records = Records::new(layout, sector.id);
    let old = records
        .need::<seal::Input, Sealed>(Step::PreCommit2)?
        .output;
    let input: Input = Mock {
        mock: (*sector, old, files.to_vec()),
    };
    let publish = || replica::publish(layout, Step::UpdateEncode, sector, &PLACES);
    if let Some(updated) = records.output_of(Step::UpdateEncode, &input)? {
        publish()?;
        control.report(Event::Kept(Step::UpdateEncode));
        return Ok(updated);
    }
    control.step(Step::UpdateEncode, || {
        let data = layout.partial(Step::UpdateEncode, Place::Unsealed, sector.id);
        let pieces = write_to(&data, sector.size_bytes(), files, control)?;
        sync(&data)?;
        let sealed = replica::sealed(sector, &pieces)?;
        let places = [Place::Update, Place::UpdateCache];
        replica::write(layout, Step::UpdateEncode, sector, places, &sealed)?;
        let updated = Updated { pieces, sealed };
        records.write(Step::UpdateEncode, &input, &updated)?;
        publish()?;
        Ok(updated)
    })
}

/// Proves it.
pub fn prove(layout: &Layout, sector: &Sector, control: &Control) -> Result<Vec<u8>> {
    let records = Records::new(layout, sector.id);
    let update = records.need::<Input, Updated>(Step::UpdateEncode)?;
    let (_, old, _) = update.input.mock;
    let new = update.output.sealed;
    let input = Mock { mock: (old, new) };
    if let Some(proof) = records.output_of(Step::UpdateProve, &input)? {
        control.report(Event::Kept(Step::UpdateProve));
        return Ok(proof);
    }
    control.step(Step::UpdateProve, || {
        let proof = MockProver.replica_update(&ReplicaUpdateInfo {
            update_proof_type: RegisteredUpdateProof::from(kind(sector)? as i64),
            old_sealed_cid: replica_cid(&old.comm_r)?,
            new_sealed_cid: replica_cid(&new.comm_r)?,
            new_unsealed_cid: data_cid(&new.comm_d)?,
            proof: Vec::new(),
        });
        records.write(Step::UpdateProve, &input, &proof)?;
        Ok(proof)
    })
}
