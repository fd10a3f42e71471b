//! Reading data back out of a sealed sector, or of one that data was encoded into later.
//!
//! Unsealing computes the labels again, which takes as long as sealing did; decoding an update takes minutes.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use filecoin_proofs_api::fr32::write_unpadded;
use filecoin_proofs_api::seal::get_unsealed_range_mapped;
use filecoin_proofs_api::update::empty_sector_update_decode_from;
use filecoin_proofs_api::{UnpaddedByteIndex, UnpaddedBytesAmount};

use crate::error::{AtPath, InStep};
use crate::files::{claim, empty_file, empty_folder, parent, publish, remove};
use crate::layout::Place;
use crate::pieces::unpadded;
use crate::pre_commit::{Input as Replica, Sealed};
use crate::records::Records;
use crate::{Control, Layout, ProveError, Result, Sector, Step, parents, update};

/// Bytes of data in the smallest run of whole nodes.
const QUAD_BYTES: u64 = 127;
/// Its bytes in the sector, four field elements.
const PADDED_QUAD_BYTES: u64 = 128;

/// A part of a sector's data, in bytes of data (127/128 of those of the sector).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Range {
    /// The first byte.
    pub start_bytes: u64,
    /// How many.
    pub len_bytes: u64,
}

impl Range {
    /// Refuses what is no part of a sector's data.
    pub fn check(self, sector: &Sector) -> Result<()> {
        let data = unpadded(sector.size_bytes()).0;
        let end = self.start_bytes.checked_add(self.len_bytes);
        match end.is_some_and(|end| end <= data) && self.len_bytes > 0 {
            true => Ok(()),
            false => Err(ProveError::Input(format!(
                "{self:?} is no part of the {data} bytes of data of the sector"
            ))),
        }
    }
}

/// Where unsealing writes: beside the output, so that it can be moved there.
pub(crate) fn work_folder(sector: &Sector, output: &Path) -> PathBuf {
    parent(output).join(format!(".unseal-{}", sector.id))
}

/// Writes `range` of a sector's data to `output`, which appears when it is whole.
pub fn unseal(
    layout: &Layout,
    sector: &Sector,
    range: Range,
    output: &Path,
    control: &Control,
) -> Result<()> {
    range.check(sector)?;
    let records = Records::new(layout, sector.id);
    let replica = records.need::<Replica, Sealed>(Step::PreCommit2)?;
    control.step(Step::Unseal, || {
        // What a killed run left in it goes first.
        let work = work_folder(sector, output);
        empty_folder(&work)?;
        let part = work.join("data");
        let written = match update::updated(layout, sector)? {
            None => unseal_replica(
                layout,
                sector,
                &replica.output,
                range,
                &work,
                &part,
                control,
            ),
            Some(new) => decode_update(layout, sector, &new, range, &work, &part),
        };
        let published = written.and_then(|()| publish(&part, output));
        remove(&work)?;
        published
    })
}

fn unseal_replica(
    layout: &Layout,
    sector: &Sector,
    sealed: &Sealed,
    range: Range,
    work: &Path,
    part: &Path,
    control: &Control,
) -> Result<()> {
    parents::prepare(sector.proof, Step::Unseal, control)?;
    let labels = work.join("labels");
    fs::create_dir_all(&labels).at(&labels)?;
    // The library counts from the 32-byte nodes that a range begins and ends in; 127 bytes of data are four of them.
    let start = range.start_bytes / QUAD_BYTES * QUAD_BYTES;
    let end = (range.start_bytes + range.len_bytes).next_multiple_of(QUAD_BYTES);
    let mut target = Clipped {
        target: BufWriter::new(empty_file(part)?),
        skip: range.start_bytes - start,
        left: range.len_bytes,
    };
    get_unsealed_range_mapped(
        sector.proof,
        labels,
        layout.whole(Place::Sealed, sector.id),
        &mut target,
        sector.id.prover(),
        sector.id.number(),
        sealed.comm_d,
        sector.ticket,
        UnpaddedByteIndex(start),
        UnpaddedBytesAmount(end - start),
    )
    .in_step_at(Step::Unseal, work)?;
    target.flush().at(part)?;
    check_len(range.len_bytes - target.left, range)
}

/// Passes on a part of what is written to it.
struct Clipped<W> {
    target: W,
    /// Bytes before the part.
    skip: u64,
    /// Bytes of the part.
    left: u64,
}

impl<W: Write> Write for Clipped<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = bytes.len() as u64;
        let skip = self.skip.min(len);
        let taken = self.left.min(len - skip);
        self.target
            .write_all(&bytes[skip as usize..(skip + taken) as usize])?;
        self.skip -= skip;
        self.left -= taken;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.target.flush()
    }
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
    claim(&padded, sector.size_bytes())?;
    empty_sector_update_decode_from(
        update::kind(sector)?,
        &padded,
        layout.whole(Place::Update, sector.id),
        layout.whole(Place::Sealed, sector.id),
        layout.whole(Place::Cache, sector.id),
        new.comm_d,
    )
    .in_step_at(Step::Unseal, work)?;
    copy_data(&padded, range, part)
}

/// Writes `range` of the data whose padded bytes the file `padded` has to the file `target`.
pub fn copy_data(padded: &Path, range: Range, target: &Path) -> Result<()> {
    // The padded bytes that the range is in: each 127 bytes of data are 128.
    let first = range.start_bytes / QUAD_BYTES;
    let end = (range.start_bytes + range.len_bytes).div_ceil(QUAD_BYTES);
    let mut source = File::open(padded).at(padded)?;
    source
        .seek(SeekFrom::Start(first * PADDED_QUAD_BYTES))
        .at(padded)?;
    let mut bytes = vec![0; ((end - first) * PADDED_QUAD_BYTES) as usize];
    source.read_exact(&mut bytes).at(padded)?;
    let skip = (range.start_bytes - first * QUAD_BYTES) as usize;
    let mut file = empty_file(target)?;
    let written = write_unpadded(&bytes, &mut file, skip, range.len_bytes as usize).at(target)?;
    check_len(written as u64, range)
}

/// The library writes less where there is less.
fn check_len(written: u64, range: Range) -> Result<()> {
    match written == range.len_bytes {
        true => Ok(()),
        false => Err(ProveError::Library {
            step: Step::Unseal,
            reason: format!("{written} bytes came out, not {}", range.len_bytes),
        }),
    }
}
