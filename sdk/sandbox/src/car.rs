//! A CAR file as blocks to read, without reading it into memory: what is kept is where each block begins.
//!
//! The index has 16 bytes per block: the start of the digest and the offset, sorted. For large files it is written to
//! the cache folder, and read from there by position; a chain snapshot has hundreds of millions of blocks. Making it
//! takes one pass over the file, and memory for all of it, gigabytes then; once it is there it takes none.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context as _, bail};
use cid::Cid;
use filigree_car::{Block, CarError, CarReader, verify};
use fvm_ipld_blockstore::Blockstore;
use multihash_codetable::{Code, MultihashDigest};

use crate::engines::cache_dir;
use crate::file::replace_file;

/// Files from this size on have their index in the cache folder.
const LARGE_BYTES: u64 = 64 << 20;

const IDENTITY: u64 = 0;

/// Blocks indexed between two calls of the progress.
const PROGRESS_BLOCKS: usize = 4_096;

/// An indexed CAR file.
pub(crate) struct CarFile {
    path: PathBuf,
    file: File,
    index: Index,
    roots: Vec<Cid>,
}

/// The start of a block's digest, and where its section begins.
type Entry = (u64, u64);

enum Index {
    Memory(Vec<Entry>),
    File { file: File, entries: u64 },
}

impl CarFile {
    /// Opens and indexes a file. `progress` is told the bytes read, of how many, unless the index is there already.
    pub fn open(path: &Path, progress: &dyn Fn(u64, u64)) -> anyhow::Result<Self> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        let mut reader = CarReader::new(BufReader::with_capacity(1 << 20, file.try_clone()?))?;
        let roots = reader.roots().to_vec();
        let cached = index_path(path, &file, len);
        let kept = cached.as_ref().and_then(|path| Index::open(path).ok());
        let index = match kept {
            Some(index) => index,
            None => {
                let entries = scan(&mut reader, len, progress)?;
                // Without the file it stays in memory, and the next run scans again.
                let written = cached.and_then(|path| {
                    write_index(&path, &entries).ok()?;
                    Index::open(&path).ok()
                });
                written.unwrap_or(Index::Memory(entries))
            }
        };
        Ok(Self {
            path: path.to_owned(),
            file,
            index,
            roots,
        })
    }

    /// What the file is about.
    pub fn roots(&self) -> &[Cid] {
        &self.roots
    }

    /// The block, checked against its CID.
    fn find(&self, cid: &Cid) -> anyhow::Result<Option<Vec<u8>>> {
        if cid.hash().code() == IDENTITY {
            return Ok(Some(cid.hash().digest().to_vec()));
        }
        let key = key(cid);
        let mut at = self.index.first(key)?;
        while at < self.index.len() {
            let (found, offset) = self.index.entry(at)?;
            if found != key {
                break;
            }
            if let Some(block) = self.block(cid, offset)? {
                return Ok(Some(block));
            }
            at += 1;
        }
        Ok(None)
    }

    /// The block at an offset, if it is this one.
    fn block(&self, cid: &Cid, offset: u64) -> anyhow::Result<Option<Vec<u8>>> {
        let at = At {
            file: &self.file,
            offset,
        };
        let found = CarReader::resume(BufReader::new(at), offset).next_unverified()?;
        let Block {
            cid: found, data, ..
        } = found.context("the file has changed")?;
        if found != *cid {
            return Ok(None);
        }
        match verify(offset, cid, &data) {
            // What cannot be compared is taken as it is.
            Ok(()) | Err(CarError::Hash { .. }) => Ok(Some(data)),
            Err(e) => Err(e).context("the file is damaged"),
        }
    }
}

impl Index {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let entries = file.metadata()?.len() / 16;
        Ok(Self::File { file, entries })
    }

    fn len(&self) -> u64 {
        match self {
            Self::Memory(entries) => entries.len() as u64,
            Self::File { entries, .. } => *entries,
        }
    }

    fn entry(&self, at: u64) -> io::Result<Entry> {
        match self {
            Self::Memory(entries) => Ok(entries[at as usize]),
            Self::File { file, .. } => {
                let mut bytes = [0; 16];
                file.read_exact_at(&mut bytes, at * 16)?;
                let bytes = u128::from_le_bytes(bytes);
                Ok((bytes as u64, (bytes >> 64) as u64))
            }
        }
    }

    /// The first entry that is not below `key`.
    fn first(&self, key: u64) -> io::Result<u64> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.entry(middle)?.0 < key {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        Ok(low)
    }
}

/// The start of a digest.
fn key(cid: &Cid) -> u64 {
    let mut start = [0; 8];
    for (to, from) in start.iter_mut().zip(cid.hash().digest()) {
        *to = *from;
    }
    u64::from_le_bytes(start)
}

/// Where every block begins.
fn scan(
    reader: &mut CarReader<BufReader<File>>,
    len: u64,
    progress: &dyn Fn(u64, u64),
) -> anyhow::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    while let Some(section) = reader.next_section()? {
        let left = len.saturating_sub(section.data_offset);
        if section.data_bytes > left {
            bail!(CarError::Truncated {
                offset: section.offset,
                wanted: section.data_bytes,
                left,
            });
        }
        entries.push((key(&section.cid), section.offset));
        reader.seek_past_data()?;
        if entries.len().is_multiple_of(PROGRESS_BLOCKS) {
            progress(reader.offset(), len);
        }
    }
    progress(len, len);
    entries.sort_unstable();
    Ok(entries)
}

/// The cache file of a large file's index: by path, size and time of change.
fn index_path(path: &Path, file: &File, len: u64) -> Option<PathBuf> {
    if len < LARGE_BYTES {
        return None;
    }
    let changed = file
        .metadata()
        .ok()?
        .modified()
        .ok()?
        .duration_since(UNIX_EPOCH)
        .ok()?;
    let text = format!(
        "{} {len} {}",
        path.canonicalize().ok()?.display(),
        changed.as_nanos()
    );
    let digest = Code::Blake2b256.digest(text.as_bytes());
    let name: String = digest
        .digest()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Some(cache_dir()?.join("cars").join(name))
}

fn write_index(path: &Path, entries: &[Entry]) -> anyhow::Result<()> {
    replace_file(path, |out| {
        for (key, offset) in entries {
            let entry = u128::from(*key) | u128::from(*offset) << 64;
            out.write_all(&entry.to_le_bytes())?;
        }
        Ok(())
    })
}

/// Reads a file from a place on, without moving it for others.
struct At<'a> {
    file: &'a File,
    offset: u64,
}

impl Read for At<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(out, self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }
}

impl Blockstore for CarFile {
    fn get(&self, cid: &Cid) -> anyhow::Result<Option<Vec<u8>>> {
        self.find(cid)
            .with_context(|| format!("reading {cid} from {}", self.path.display()))
    }

    fn put_keyed(&self, cid: &Cid, _: &[u8]) -> anyhow::Result<()> {
        bail!(
            "{} is read only: {cid} cannot be put into it",
            self.path.display()
        )
    }

    fn has(&self, cid: &Cid) -> anyhow::Result<bool> {
        Ok(self.get(cid)?.is_some())
    }
}

#[cfg(test)]
mod tests {
    use filigree_build::{car, code_cid};

    use super::*;

    fn blocks() -> Vec<Vec<u8>> {
        (0..100_u32)
            .map(|n| n.to_le_bytes().repeat(n as usize))
            .collect()
    }

    #[test]
    fn every_block_is_found_in_memory_and_in_an_index_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.car");
        let blocks = blocks();
        let named: Vec<(Cid, &[u8])> = blocks
            .iter()
            .map(|block| (code_cid(block), block.as_slice()))
            .collect();
        std::fs::write(&path, car::write(named[0].0, named.clone())).unwrap();
        let told = std::cell::Cell::new((0, 0));
        let mut file = CarFile::open(&path, &|read, of| told.set((read, of))).unwrap();
        let len = std::fs::metadata(&path).unwrap().len();
        assert_eq!(told.get(), (len, len));
        assert_eq!(file.roots(), [named[0].0]);
        for _ in 0..2 {
            for (cid, data) in &named {
                assert_eq!(file.get(cid).unwrap().as_deref(), Some(*data));
            }
            assert_eq!(file.get(&code_cid(b"other")).unwrap(), None);
            let Index::Memory(entries) = &file.index else {
                break;
            };
            let index = folder.path().join("index");
            write_index(&index, entries).unwrap();
            file.index = Index::open(&index).unwrap();
        }
    }

    #[test]
    fn damage_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.car");
        let check = |bytes: &[u8], part: &str| {
            std::fs::write(&path, bytes).unwrap();
            let error = CarFile::open(&path, &|_, _| ())
                .err()
                .map(|e| format!("{e:#}"))
                .unwrap_or_default();
            assert!(error.contains(part), "{error}");
        };
        let cid = code_cid(b"data");
        let car = car::write(cid, [(cid, &b"data"[..])]);
        check(b"", "empty");
        check(b"\x28\xb5\x2f\xfd and so on", "compressed");
        check(&car[..car.len() - 1], "cut off");
        check(&[&car[..], b"\x02\x00\x00"].concat(), "has no CID");
        check(&[&car[..], b"\x80"].concat(), "does not begin a length");
        let mut other = car.clone();
        *other.last_mut().unwrap() ^= 1;
        std::fs::write(&path, &other).unwrap();
        let error = CarFile::open(&path, &|_, _| ())
            .unwrap()
            .get(&cid)
            .unwrap_err();
        assert!(format!("{error:#}").contains("another digest"), "{error:#}");
    }
}
