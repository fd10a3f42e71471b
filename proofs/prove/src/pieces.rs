//! The data of a sector: pieces, each at the next place aligned to its size, between them and behind them zeros.
//!
//! A piece of 2ⁿ bytes holds 127/128 of that of data: after every 254 bits come two zero bits, which make field elements
//! of 32 bytes ("padding"). Its commitment is the root of its subtree of the sector's Merkle tree, so it must be aligned.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use filecoin_proofs::add_piece;
use filecoin_proofs::pieces::zero_padding;
use filecoin_proofs_api::{self as lib, UnpaddedBytesAmount};
use serde::{Deserialize, Serialize};

use crate::error::{AtPath, InStep};
use crate::files::{empty_file, publish_all, sync};
use crate::layout::Place;
use crate::records::Records;
use crate::{Commitment, Control, Event, Layout, ProveError, Result, Sector, Step};

/// Bytes of the smallest piece.
const MIN_PIECE_BYTES: u64 = 128;
/// How often progress is reported.
const REPORT_BYTES: u64 = 64 << 20;

/// A file that becomes a piece.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PieceFile {
    /// Where the data is. If it has less than 127/128 of the piece, zeros follow it.
    pub path: PathBuf,
    /// Bytes of the piece, a power of two.
    pub size_bytes: u64,
}

/// A piece in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Where it begins, in bytes of the sector.
    pub start_bytes: u64,
    /// Its bytes, a power of two.
    pub size_bytes: u64,
    /// Its commitment.
    pub commitment: Commitment,
    /// Whether it is zeros that fill a gap.
    pub filler: bool,
}

impl Piece {
    /// As the library has it.
    pub(crate) fn info(&self) -> lib::PieceInfo {
        lib::PieceInfo {
            commitment: self.commitment,
            size: unpadded(self.size_bytes),
        }
    }
}

/// Pieces as the library has them.
pub(crate) fn infos(pieces: &[Piece]) -> Vec<lib::PieceInfo> {
    pieces.iter().map(Piece::info).collect()
}

/// Where pieces of `sizes_bytes` come to lie in a sector of `sector_bytes`.
///
/// Gives starts and sizes of all pieces, those of zeros between and behind them included.
pub fn pack(sector_bytes: u64, sizes_bytes: &[u64]) -> Result<Vec<Packed>> {
    let mut packed = Vec::new();
    let mut filled = 0;
    for (index, size) in sizes_bytes.iter().copied().enumerate() {
        if !size.is_power_of_two() || size < MIN_PIECE_BYTES {
            let what = format!(
                "{size} bytes are no size of a piece: powers of two from {MIN_PIECE_BYTES} are"
            );
            return Err(ProveError::Input(what));
        }
        if size > sector_bytes || fill(filled, size) > sector_bytes - size {
            let what = format!(
                "piece {index} of {size} bytes does not fit into the sector of {sector_bytes} any more"
            );
            return Err(ProveError::Input(what));
        }
        filled = add_fillers(&mut packed, filled, fill(filled, size));
        packed.push(Packed {
            start_bytes: filled,
            size_bytes: size,
            of: Some(index),
        });
        filled += size;
    }
    add_fillers(&mut packed, filled, sector_bytes);
    Ok(packed)
}

/// A place in a sector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packed {
    /// Where it begins.
    pub start_bytes: u64,
    /// Its size.
    pub size_bytes: u64,
    /// Which piece it is of; none if it is zeros.
    pub of: Option<usize>,
}

/// The next place after `filled` that is aligned to `size`.
fn fill(filled: u64, size: u64) -> u64 {
    filled.next_multiple_of(size)
}

/// Adds zeros from `filled` to `end`: the largest aligned pieces, in order. Gives `end`.
fn add_fillers(packed: &mut Vec<Packed>, mut filled: u64, end: u64) -> u64 {
    while filled < end {
        let alignment = match filled {
            0 => end,
            _ => 1 << filled.trailing_zeros(),
        };
        let mut size = alignment.min(end - filled);
        // Of what is not a power of two, the largest that is.
        size = 1 << size.ilog2();
        packed.push(Packed {
            start_bytes: filled,
            size_bytes: size,
            of: None,
        });
        filled += size;
    }
    end
}

/// Writes the data of a sector that is to be sealed, and commits to its pieces.
pub fn write(
    layout: &Layout,
    sector: &Sector,
    files: &[PieceFile],
    control: &Control,
) -> Result<Vec<Piece>> {
    let records = Records::new(layout, sector.id);
    let input = (*sector, files.to_vec());
    let publish = || publish_all(layout, Step::Pieces, sector.id, &[Place::Unsealed]);
    if let Some(pieces) = records.output_of(Step::Pieces, &input)? {
        publish()?;
        control.report(Event::Kept(Step::Pieces));
        return Ok(pieces);
    }
    control.step(Step::Pieces, || {
        let partial = layout.partial(Step::Pieces, Place::Unsealed, sector.id);
        let pieces = write_to(&partial, sector.size_bytes(), files, control)?;
        sync(&partial)?;
        records.write(Step::Pieces, &input, &pieces)?;
        publish()?;
        Ok(pieces)
    })
}

/// Writes the data of a sector of `sector_bytes` to `path`.
pub fn write_to(
    path: &Path,
    sector_bytes: u64,
    files: &[PieceFile],
    control: &Control,
) -> Result<Vec<Piece>> {
    let sizes: Vec<u64> = files.iter().map(|file| file.size_bytes).collect();
    let packed = pack(sector_bytes, &sizes)?;
    let mut target = empty_file(path)?;
    target.set_len(sector_bytes).at(path)?;
    let mut pieces = Vec::with_capacity(packed.len());
    for place in packed {
        let commitment = match place.of.and_then(|index| files.get(index)) {
            None => {
                let zeros = zero_padding(unpadded(place.size_bytes)).in_step(Step::Pieces)?;
                zeros.commitment
            }
            Some(file) => {
                target.seek(SeekFrom::Start(place.start_bytes)).at(path)?;
                write_piece(&target, path, file, control)?
            }
        };
        pieces.push(Piece {
            start_bytes: place.start_bytes,
            size_bytes: place.size_bytes,
            commitment,
            filler: place.of.is_none(),
        });
    }
    Ok(pieces)
}

/// Pads a file and writes it to `target`, which is at `path`.
fn write_piece(
    target: impl Write,
    path: &Path,
    file: &PieceFile,
    control: &Control,
) -> Result<Commitment> {
    let source = File::open(&file.path).at(&file.path)?;
    let size = unpadded(file.size_bytes);
    let len = source.metadata().at(&file.path)?.len();
    if len > size.0 {
        let what = format!(
            "{} has {len} bytes, and a piece of {} bytes holds {}",
            file.path.display(),
            file.size_bytes,
            size.0
        );
        return Err(ProveError::Input(what));
    }
    let watched = Watched {
        source: source.chain(io::repeat(0)).take(size.0),
        control,
        done: 0,
        reported: 0,
        total: size.0,
    };
    let mut target = Remembering {
        target,
        failed: None,
    };
    let added = add_piece(watched, &mut target, size, &[]);
    control.check()?;
    target.failed.map_or(Ok(()), Err).at(path)?;
    let (info, _) = added.in_step(Step::Pieces)?;
    Ok(info.commitment)
}

/// Bytes of data in a piece.
pub(crate) fn unpadded(size_bytes: u64) -> UnpaddedBytesAmount {
    UnpaddedBytesAmount(size_bytes - size_bytes / 128)
}

/// Ends when the step is to stop, and reports progress.
struct Watched<'a, R> {
    source: R,
    control: &'a Control,
    done: u64,
    reported: u64,
    total: u64,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.control.is_stopped() {
            return Err(io::Error::other("stopped"));
        }
        let len = self.source.read(buffer)?;
        self.done += len as u64;
        if self.done - self.reported >= REPORT_BYTES || self.done == self.total && len > 0 {
            self.reported = self.done;
            self.control.report(Event::Bytes {
                step: Step::Pieces,
                done: self.done,
                total: self.total,
            });
        }
        Ok(len)
    }
}

/// Remembers that writing failed: the library writes the end of a piece by dropping its buffer, which tells nobody.
struct Remembering<W> {
    target: W,
    failed: Option<io::Error>,
}

impl<W: Write> Write for Remembering<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.target.write(bytes).map_err(|e| {
            let kind = e.kind();
            if kind != io::ErrorKind::Interrupted {
                self.failed = Some(e);
            }
            kind.into()
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.target.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Has room for so many bytes.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.0.min(bytes.len()) {
                0 => Err(io::ErrorKind::StorageFull.into()),
                len => {
                    self.0 -= len;
                    Ok(len)
                }
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_piece_that_finds_no_room_is_an_error_up_to_its_last_byte() {
        let source = tempfile::NamedTempFile::new().unwrap();
        let file = PieceFile {
            path: source.path().to_owned(),
            size_bytes: 16 << 10,
        };
        let write = |room| {
            let path = Path::new("sector");
            write_piece(Full(room), path, &file, &Control::default())
        };
        for room in [0, 100, 8 << 10, (16 << 10) - 1] {
            let error = write(room).unwrap_err();
            let ProveError::Io { path, source } = &error else {
                panic!("{room}: {error}")
            };
            assert_eq!(path, Path::new("sector"));
            assert_eq!(source.kind(), io::ErrorKind::StorageFull);
        }
        write(16 << 10).unwrap();
    }

    fn check(sizes: &[u64], expected: &[(u64, u64, Option<usize>)]) {
        let packed = pack(2048, sizes).unwrap();
        let packed: Vec<_> = packed
            .iter()
            .map(|p| (p.start_bytes, p.size_bytes, p.of))
            .collect();
        assert_eq!(packed, expected);
        let end = packed.iter().fold(0, |end, (start, size, _)| {
            assert_eq!(*start, end, "no gaps");
            assert_eq!(start % size, 0, "aligned");
            end + size
        });
        assert_eq!(end, 2048);
    }

    #[test]
    fn pieces_lie_aligned_and_zeros_fill_the_gaps() {
        check(&[], &[(0, 2048, None)]);
        check(&[2048], &[(0, 2048, Some(0))]);
        check(&[1024, 1024], &[(0, 1024, Some(0)), (1024, 1024, Some(1))]);
        check(
            &[128, 512],
            &[
                (0, 128, Some(0)),
                (128, 128, None),
                (256, 256, None),
                (512, 512, Some(1)),
                (1024, 1024, None),
            ],
        );
        check(
            &[512, 128],
            &[
                (0, 512, Some(0)),
                (512, 128, Some(1)),
                (640, 128, None),
                (768, 256, None),
                (1024, 1024, None),
            ],
        );
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let refused = |sizes: &[u64], why: &str| {
            let error = pack(2048, sizes).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        };
        refused(&[4096], "does not fit");
        refused(&[2048, 128], "piece 1 of 128 bytes does not fit");
        refused(&[128, 2048], "does not fit");
        refused(&[1024, 128, 1024], "piece 2");
        refused(&[0], "no size of a piece");
        refused(&[64], "no size of a piece");
        refused(&[384], "no size of a piece");
        refused(&[1 << 63], "does not fit");
    }
}
