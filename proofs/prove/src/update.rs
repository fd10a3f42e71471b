//! Replica update ("snap deal", FIP-0019): data encoded into a sector that was sealed empty, and the proof of that.

use filecoin_proofs_api::RegisteredUpdateProof;
use filecoin_proofs_api::update::{
    empty_sector_update_encode_into, generate_empty_sector_update_proof,
};
use serde::{Deserialize, Serialize};

use crate::error::InStep;
use crate::files::{claim, empty_folder, publish_all, sync};
use crate::layout::Place;
use crate::pieces::{self, Piece, PieceFile, infos};
use crate::pre_commit::{Input as Replica, Sealed};
use crate::records::Records;
use crate::{Control, Event, Layout, ProveError, Result, Sector, Step, params};

/// What comes to its place when an update is encoded.
const PLACES: [Place; 3] = [Place::UpdateCache, Place::Update, Place::Unsealed];

/// A sector with data encoded into it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Updated {
    /// Its pieces.
    pub pieces: Vec<Piece>,
    /// Its commitments.
    pub sealed: Sealed,
}

/// What an update depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Input {
    sector: Sector,
    old: Sealed,
    files: Vec<PieceFile>,
}

/// Encodes data into a sealed sector. The sealed one stays: it is the key to the data.
pub fn encode(
    layout: &Layout,
    sector: &Sector,
    files: &[PieceFile],
    control: &Control,
) -> Result<Updated> {
    let records = Records::new(layout, sector.id);
    let input = Input {
        sector: *sector,
        old: records.need::<Replica, Sealed>(Step::PreCommit2)?.output,
        files: files.to_vec(),
    };
    let publish = || publish_all(layout, Step::UpdateEncode, sector.id, &PLACES);
    if let Some(updated) = records.output_of(Step::UpdateEncode, &input)? {
        publish()?;
        control.report(Event::Kept(Step::UpdateEncode));
        return Ok(updated);
    }
    control.step(Step::UpdateEncode, || {
        let partial = |place| layout.partial(Step::UpdateEncode, place, sector.id);
        let (data, replica) = (partial(Place::Unsealed), partial(Place::Update));
        let pieces = pieces::write_to(&data, sector.size_bytes(), files, control)?;
        claim(&replica, sector.size_bytes())?;
        let cache = partial(Place::UpdateCache);
        empty_folder(&cache)?;
        control.check()?;
        let encoded = empty_sector_update_encode_into(
            kind(sector)?,
            &replica,
            &cache,
            layout.whole(Place::Sealed, sector.id),
            layout.whole(Place::Cache, sector.id),
            &data,
            &infos(&pieces),
        )
        .in_step_at(Step::UpdateEncode, &cache)?;
        let updated = Updated {
            pieces,
            sealed: Sealed {
                comm_r: encoded.comm_r_new,
                comm_d: encoded.comm_d_new,
            },
        };
        for place in PLACES {
            sync(&partial(place))?;
        }
        records.write(Step::UpdateEncode, &input, &updated)?;
        publish()?;
        Ok(updated)
    })
}

/// Proves an encoded update.
pub fn prove(layout: &Layout, sector: &Sector, control: &Control) -> Result<Vec<u8>> {
    let records = Records::new(layout, sector.id);
    let update = records.need::<Input, Updated>(Step::UpdateEncode)?;
    let (old, new) = (update.input.old, update.output.sealed);
    let input = (old, new);
    if let Some(proof) = records.output_of(Step::UpdateProve, &input)? {
        control.report(Event::Kept(Step::UpdateProve));
        return Ok(proof);
    }
    let kind = kind(sector)?;
    params::require(Step::UpdateProve, kind.cache_params_path())?;
    control.step(Step::UpdateProve, || {
        let whole = |place| layout.whole(place, sector.id);
        let proof = generate_empty_sector_update_proof(
            kind,
            old.comm_r,
            new.comm_r,
            new.comm_d,
            whole(Place::Sealed),
            whole(Place::Cache),
            whole(Place::Update),
            whole(Place::UpdateCache),
        )
        .in_step(Step::UpdateProve)?;
        records.write(Step::UpdateProve, &input, &proof.0)?;
        Ok(proof.0)
    })
}

/// The commitments of a sector's update, if one was encoded.
pub(crate) fn updated(layout: &Layout, sector: &Sector) -> Result<Option<Sealed>> {
    let records = Records::new(layout, sector.id);
    let record = records.read::<Input, Updated>(Step::UpdateEncode)?;
    Ok(record.map(|record| record.output.sealed))
}

/// The type of update of a sector's type: by size.
pub fn kind(sector: &Sector) -> Result<RegisteredUpdateProof> {
    use RegisteredUpdateProof::*;
    let kinds = [
        StackedDrg2KiBV1,
        StackedDrg8MiBV1,
        StackedDrg512MiBV1,
        StackedDrg32GiBV1,
        StackedDrg64GiBV1,
    ];
    let size = sector.proof.sector_size();
    let kind = kinds.into_iter().find(|kind| kind.sector_size() == size);
    kind.ok_or_else(|| ProveError::Input(format!("no update is for {:?}", sector.proof)))
}
