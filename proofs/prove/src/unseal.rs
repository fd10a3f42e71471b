//! Reading data back out of a sealed sector, or of one that data was encoded into later.
//!
//! Unsealing computes the labels again, which takes as long as sealing did; decoding an update takes minutes.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use filecoin_proofs_api::fr32::write_unpadded;
use filecoin_proofs_api::seal::get_unsealed_range;
use filecoin_proofs_api::update::empty_sector_update_decode_from;
use filecoin_proofs_api::{UnpaddedByteIndex, UnpaddedBytesAmount};

use crate::error::{AtPath, InStep};
use crate::files::{empty_file, publish};
use crate::layout::Place;
use crate::pieces::unpadded;
use crate::pre_commit::{Input as Replica, Sealed};
use crate::records::Records;
use crate::{Control, Layout, ProveError, Result, Sector, Step, update};

/// Bytes of data in the smallest run of whole nodes.
const QUAD_BYTES: u64 = 127;

/// A part of a sector's data, in bytes of data (127/128 of those of the sector).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Range {
    /// The first byte.
    pub start_bytes: u64,
    /// How many.
    pub len_bytes: u64,
}

/// Writes `range` of a sector's data to `output`, which appears when it is whole.
pub fn unseal(
    layout: &Layout,
    sector: &Sector,
    range: Range,
    output: &Path,
    control: &Control,
) -> Result<()> {
    let data = unpadded(sector.size_bytes()).0;
    let fits = range
        .start_bytes
        .checked_add(range.len_bytes)
        .is_some_and(|end| end <= data);
    if !fits || range.len_bytes == 0 {
        let what = format!("{range:?} is no part of the {data} bytes of data of the sector");
        return Err(ProveError::Input(what));
    }
    let records = Records::new(layout, sector.id);
    let replica = records.need::<Replica, Sealed>(Step::PreCommit2)?;
    control.step(Step::Unseal, || {
        let folder = output.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).at(folder)?;
        // Labels, and the output while it is written; gone whatever happens.
        let work = tempfile::Builder::new()
            .prefix(".unseal-")
            .tempdir_in(folder)
            .at(folder)?;
        let part = work.path().join("data");
        empty_file(&part)?;
        match update::updated(layout, sector)? {
            None => unseal_replica(layout, sector, &replica.output, range, work.path(), &part)?,
            Some(new) => decode_update(layout, sector, &new, range, work.path(), &part)?,
        }
        let written = fs::metadata(&part).at(&part)?.len();
        if written != range.len_bytes {
            return Err(ProveError::Library {
                step: Step::Unseal,
                reason: format!("{written} bytes came out, not {}", range.len_bytes),
            });
        }
        publish(&part, output)
    })
}

fn unseal_replica(
    layout: &Layout,
    sector: &Sector,
    sealed: &Sealed,
    range: Range,
    work: &Path,
    part: &Path,
) -> Result<()> {
    let labels = work.join("labels");
    fs::create_dir_all(&labels).at(&labels)?;
    // The library counts from the 32-byte nodes that a range begins and ends in; 127 bytes of data are four of them.
    let start = range.start_bytes / QUAD_BYTES * QUAD_BYTES;
    let end = (range.start_bytes + range.len_bytes).next_multiple_of(QUAD_BYTES);
    let quads = work.join("quads");
    let replica = layout.whole(Place::Sealed, sector.id);
    get_unsealed_range(
        sector.proof,
        labels.as_path(),
        replica.as_path(),
        quads.as_path(),
        sector.id.prover(),
        sector.id.number(),
        sealed.comm_d,
        sector.ticket,
        UnpaddedByteIndex(start),
        UnpaddedBytesAmount(end - start),
    )
    .in_step(Step::Unseal)?;
    let mut source = File::open(&quads).at(&quads)?;
    source
        .seek(SeekFrom::Start(range.start_bytes - start))
        .at(&quads)?;
    let mut target = empty_file(part)?;
    io::copy(&mut source.take(range.len_bytes), &mut target).at(part)?;
    Ok(())
}

fn decode_update(
    layout: &Layout,
    sector: &Sector,
    new: &Sealed,
    range: Range,
    work: &Path,
    part: &Path,
) -> Result<()> {
    let padded = work.join("padded");
    empty_file(&padded)?
        .set_len(sector.size_bytes())
        .at(&padded)?;
    empty_sector_update_decode_from(
        update::kind(sector)?,
        &padded,
        layout.whole(Place::Update, sector.id),
        layout.whole(Place::Sealed, sector.id),
        layout.whole(Place::Cache, sector.id),
        new.comm_d,
    )
    .in_step(Step::Unseal)?;
    let bytes = fs::read(&padded).at(&padded)?;
    let mut target = empty_file(part)?;
    let (start, len) = (range.start_bytes as usize, range.len_bytes as usize);
    write_unpadded(&bytes, &mut target, start, len).at(part)?;
    Ok(())
}
