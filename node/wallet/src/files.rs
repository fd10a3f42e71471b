//! Files that only their owner reads, and that are there whole or not at all.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use tempfile::Builder;
use zeroize::Zeroizing;

use crate::error::{At, Result, WalletError};

/// Begins the names of files that are being written; what is left of them is rubbish.
const UNFINISHED: &str = ".unfinished-";
/// More than any file of a keystore has.
const MAX_BYTES: u64 = 1 << 20;

/// The content of a file that nobody else may read or write. None if there is no such file.
pub fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let mut file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file.at(path)?,
    };
    let metadata = file.metadata().at(path)?;
    check_mode(path, metadata.permissions().mode(), 0o077, 0o600)?;
    let too_long = || WalletError::Damaged {
        path: path.to_owned(),
        why: format!("it has more than {MAX_BYTES} bytes"),
        advice: crate::error::RESTORE,
    };
    if metadata.len() > MAX_BYTES {
        return Err(too_long());
    }
    let mut content = Zeroizing::new(Vec::new());
    // A pipe has no length.
    let mut bounded = (&mut file).take(MAX_BYTES + 1);
    bounded.read_to_end(&mut content).at(path)?;
    if content.len() as u64 > MAX_BYTES {
        return Err(too_long());
    }
    Ok(Some(content))
}

/// Whether a file may be written over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// The new content takes its place.
    Replace,
    /// It stays, and there is an error of the kind `AlreadyExists`.
    Keep,
}

/// Writes a file: after this, and after a loss of power, all of it is there.
pub fn write(path: &Path, content: &[u8], existing: Existing) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = Builder::new()
        .prefix(UNFINISHED)
        .permissions(fs::Permissions::from_mode(0o600))
        .tempfile_in(folder)
        .at(folder)?;
    file.write_all(content).at(path)?;
    file.as_file().sync_all().at(path)?;
    match existing {
        Existing::Replace => file.persist(path),
        Existing::Keep => file.persist_noclobber(path),
    }
    .map_err(|error| error.error)
    .at(path)?;
    sync_folder(folder)
}

/// Moves a file to where none is, lastingly.
pub fn rename(from: &Path, to: &Path) -> Result<()> {
    // A hard link fails where something is; so nothing is written over, and at no moment is the file nowhere.
    fs::hard_link(from, to).at(to)?;
    sync_folder(to.parent().expect("in a directory"))?;
    fs::remove_file(from).at(from)?;
    sync_folder(from.parent().expect("in a directory"))
}

/// Makes a directory, and those above it, that others may not enter.
pub fn make_folder(path: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(path).at(path)?;
    check_folder(path)
}

/// Whether nobody else may put files there.
pub fn check_folder(path: &Path) -> Result<()> {
    let mode = fs::metadata(path).at(path)?.permissions().mode();
    check_mode(path, mode, 0o022, 0o700)
}

/// Removes what a killed process was writing. Only whoever has locked the directory may do this.
pub fn remove_unfinished(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).at(folder)? {
        let entry = entry.at(folder)?;
        let unfinished = entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(UNFINISHED.as_bytes());
        if unfinished {
            fs::remove_file(entry.path()).at(&entry.path())?;
        }
    }
    Ok(())
}

fn check_mode(path: &Path, mode: u32, forbidden: u32, right: u32) -> Result<()> {
    if mode & forbidden == 0 {
        return Ok(());
    }
    Err(WalletError::Permissions {
        path: path.to_owned(),
        mode: mode & 0o7777,
        right,
    })
}

fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .at(folder)
}
