//! What a mock leaves of a sealed sector: in the place of the replica, and in that of its trees, a text that names CommR.

use std::fs;
use std::path::Path;

use cid::Cid;
use filigree_proofs_prove::error::AtPath;
use filigree_proofs_prove::files::{empty_file, empty_folder, publish_all, sync};
use filigree_proofs_prove::layout::Place;
use filigree_proofs_prove::pieces::Piece;
use filigree_proofs_prove::pre_commit::Sealed;
use filigree_proofs_prove::{Commitment, Layout, ProveError, Result, Sector, Step};
use fvm_shared::commcid::{data_commitment_v1_to_cid, replica_commitment_v1_to_cid};
use fvm_shared::piece::{PaddedPieceSize, PieceInfo};
use serde::{Deserialize, Serialize};

use crate::commitment::{MockReplica, data_commitment};

/// What each of a mock's files begins with.
const MARK: &str = "MOCK replica, stores nothing: ";
/// The file in the place of trees.
const TREES: &str = "mock";

/// The input of a mock's step, in its record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mock<I> {
    pub mock: I,
}

/// The commitments of a sector with these pieces.
pub fn sealed(sector: &Sector, pieces: &[Piece]) -> Result<Sealed> {
    let infos = pieces.iter().map(|piece| {
        Ok(PieceInfo {
            size: PaddedPieceSize(piece.size_bytes),
            cid: data_cid(&piece.commitment)?,
        })
    });
    let infos: Vec<PieceInfo> = infos.collect::<Result<_>>()?;
    let comm_d = data_commitment(sector.size_bytes(), &infos).map_err(input)?;
    let replica = MockReplica {
        miner: sector.id.miner,
        number: sector.id.number,
        comm_d,
        ticket: sector.ticket,
    };
    Ok(Sealed {
        comm_r: replica.commitment(),
        comm_d,
    })
}

/// Writes what is in the places of a replica and of its trees to where `step` writes.
pub fn write(
    layout: &Layout,
    step: Step,
    sector: &Sector,
    [replica, trees]: [Place; 2],
    sealed: &Sealed,
) -> Result<()> {
    let text = text(&sealed.comm_r);
    let put = |path: &Path| {
        drop(empty_file(path)?);
        fs::write(path, &text).at(path)?;
        sync(path)
    };
    put(&layout.partial(step, replica, sector.id))?;
    let folder = layout.partial(step, trees, sector.id);
    empty_folder(&folder)?;
    put(&folder.join(TREES))
}

/// Moves what `step` wrote to its places, but not over what is no mock's.
pub fn publish(layout: &Layout, step: Step, sector: &Sector, places: &[Place]) -> Result<()> {
    for place in [Place::Sealed, Place::Update] {
        let path = layout.whole(place, sector.id);
        if places.contains(&place) && path.exists() && !is_mock(&path) {
            return Err(ProveError::Input(format!(
                "{} is a real replica, which no mock replaces",
                path.display()
            )));
        }
    }
    publish_all(layout, step, sector.id, places)
}

/// Whether the files are those that a mock left of a replica with this commitment.
pub fn is_of(replica: &Path, trees: &Path, comm_r: &Commitment) -> bool {
    let text = text(comm_r);
    let has_text = |path: &Path| fs::read(path).is_ok_and(|found| found == text.as_bytes());
    has_text(replica) && has_text(&trees.join(TREES))
}

/// The CID of data.
pub fn data_cid(comm_d: &Commitment) -> Result<Cid> {
    data_commitment_v1_to_cid(comm_d).map_err(input)
}

/// The CID of a replica.
pub fn replica_cid(comm_r: &Commitment) -> Result<Cid> {
    replica_commitment_v1_to_cid(comm_r).map_err(input)
}

fn is_mock(path: &Path) -> bool {
    fs::read(path).is_ok_and(|found| found.starts_with(MARK.as_bytes()))
}

fn text(comm_r: &Commitment) -> String {
    format!("{MARK}{}\n", hex::encode(comm_r))
}

fn input(error: impl ToString) -> ProveError {
    ProveError::Input(error.to_string())
}
