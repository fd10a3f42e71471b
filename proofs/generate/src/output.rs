//! Files that appear whole or not at all, in a directory that one process at a time writes to.
//!
//! A file is written under another name beside its place, flushed to disk, and renamed. What a killed process leaves
//! has a name that nobody looks for, and goes when the next one starts.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use filigree_proofs_params::Digest;
use filigree_proofs_params::digest::Hasher;
use filigree_proofs_params::lock::Lock;
use tempfile::NamedTempFile;

/// What names of unfinished files begin with.
const PARTIAL: &str = ".filigree-partial-";
/// Bytes gathered for one write.
const BUFFER_BYTES: usize = 1 << 20;

/// A directory that this process alone writes to.
pub struct Directory {
    path: PathBuf,
    _lock: Lock,
}

impl Directory {
    /// Makes the directory if there is none, and locks it; what a killed process left is removed.
    ///
    /// `waiting` is asked while another process holds the lock; if it returns false, there is no directory.
    pub fn open(path: &Path, waiting: &dyn Fn() -> bool) -> io::Result<Option<Directory>> {
        let Some(lock) = Lock::acquire(path, waiting)? else {
            return Ok(None);
        };
        let directory = Directory {
            path: path.to_path_buf(),
            _lock: lock,
        };
        directory.sweep()?;
        Ok(Some(directory))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file that is not there yet.
    pub fn begin(&self) -> io::Result<Partial> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(PARTIAL);
        #[cfg(unix)]
        builder.permissions(readable());
        let file = builder.tempfile_in(&self.path)?;
        Ok(Partial {
            file: BufWriter::with_capacity(BUFFER_BYTES, file),
            hasher: Hasher::default(),
            size_bytes: 0,
        })
    }

    fn sweep(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(PARTIAL) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

/// As any file that this user makes: temporary ones are otherwise for their maker's eyes alone.
#[cfg(unix)]
fn readable() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o666)
}

/// A file being written. Dropped, it is gone.
pub struct Partial {
    file: BufWriter<NamedTempFile>,
    hasher: Hasher,
    size_bytes: u64,
}

/// A file that is on disk whole, but not in its place yet.
pub struct Whole {
    file: NamedTempFile,
    /// Of its bytes.
    pub digest: Digest,
    /// Its length.
    pub size_bytes: u64,
}

impl Write for Partial {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.size_bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Partial {
    /// Ends the writing.
    pub fn finish(self) -> io::Result<Whole> {
        let file = self
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        Ok(Whole {
            file,
            digest: self.hasher.digest(),
            size_bytes: self.size_bytes,
        })
    }
}

impl Whole {
    /// Puts the file in its place, over what is there.
    pub fn place(self, directory: &Directory, name: &str) -> io::Result<()> {
        self.file
            .persist(directory.path.join(name))
            .map_err(|e| e.error)?;
        // The new name is itself data, of the directory.
        fs::File::open(&directory.path)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use filigree_proofs_params::lock::LOCK;

    use super::*;

    fn open(path: &Path) -> Directory {
        Directory::open(path, &|| false).unwrap().unwrap()
    }

    /// What a reader sees in a directory.
    fn names(path: &Path) -> Vec<String> {
        let entries = fs::read_dir(path).unwrap();
        let names = entries.map(|e| e.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name != LOCK).collect()
    }

    #[test]
    fn a_file_appears_whole() {
        let dir = tempfile::tempdir().unwrap();
        let directory = open(dir.path());
        let mut partial = directory.begin().unwrap();
        partial.write_all(b"bytes").unwrap();
        let whole = partial.finish().unwrap();
        assert_eq!(whole.digest, Digest::of(b"bytes"));
        assert_eq!(whole.size_bytes, 5);
        assert!(!names(dir.path()).contains(&"name".to_owned()));
        whole.place(&directory, "name").unwrap();
        assert_eq!(names(dir.path()), ["name"]);
        assert_eq!(fs::read(dir.path().join("name")).unwrap(), b"bytes");
    }

    #[test]
    fn an_unfinished_file_leaves_the_old_one() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("name"), b"old").unwrap();
        let directory = open(dir.path());
        let mut partial = directory.begin().unwrap();
        partial.write_all(b"new").unwrap();
        drop(partial);
        assert_eq!(names(dir.path()), ["name"]);
        assert_eq!(fs::read(dir.path().join("name")).unwrap(), b"old");
    }

    #[test]
    fn what_a_killed_process_left_goes() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(format!("{PARTIAL}x")), b"half").unwrap();
        fs::write(dir.path().join("other"), b"whole").unwrap();
        open(dir.path());
        assert_eq!(names(dir.path()), ["other"]);
    }
}
