//! What can go wrong with a store, each with what a person can do about it.

use std::io;
use std::path::{Path, PathBuf};

use crate::check::MissingBlock;

/// Why something about the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process, or another part of this one, has the directory open.
    #[error(
        "{} is in use by {}; stop it, or choose another data directory",
        dir.display(),
        pid.map_or("another process".to_owned(), |pid| format!("process {pid}"))
    )]
    InUse {
        /// The directory.
        dir: PathBuf,
        /// The process that holds it, where that is known.
        pid: Option<u32>,
    },
    /// The user who runs this may not.
    #[error(
        "no permission to {action} {}; give it to the user who runs this (chown), or choose another data directory",
        path.display()
    )]
    Permission {
        /// Which file or directory.
        path: PathBuf,
        /// What was tried: "write to".
        action: &'static str,
    },
    /// No room is left.
    #[error(
        "no room to write in {}: {reason}; free some space, then start again: nothing that was stored is lost",
        dir.display()
    )]
    DiskFull {
        /// The directory of the store.
        dir: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// Files of the database are not as it wrote them.
    #[error(
        "the database in {} is damaged: {reason}; nothing was changed; check the disk, then restore a copy of the \
         directory or import a snapshot into a new one",
        dir.display()
    )]
    Damaged {
        /// The directory of the store.
        dir: PathBuf,
        /// What the database says.
        reason: String,
    },
    /// The log of the last writes is damaged; what was written before the damage can be had.
    #[error(
        "the log of the last writes in {} is damaged: {reason}; nothing was changed; check the disk, then open it \
         once with the writes up to the damage (`recover_damaged_log`), or restore a copy of the directory",
        dir.display()
    )]
    DamagedLog {
        /// The directory of the store.
        dir: PathBuf,
        /// What the database says.
        reason: String,
    },
    /// A newer program has written the store.
    #[error(
        "{} has format {found}, this program knows formats up to {known}; use the newer program: nothing was changed",
        dir.display()
    )]
    NewerFormat {
        /// The directory of the store.
        dir: PathBuf,
        /// Its format.
        found: u32,
        /// The newest known here.
        known: u32,
    },
    /// The directory holds something else.
    #[error(
        "{} is not empty and holds no store (it has no file FORMAT); choose a new or an empty directory",
        dir.display()
    )]
    NotAStore {
        /// The directory.
        dir: PathBuf,
    },
    /// There is none, and none was to be made.
    #[error("{} holds no store; check the path", dir.display())]
    Absent {
        /// The directory.
        dir: PathBuf,
    },
    /// A record cannot be read as what it should be.
    #[error("the record {key} of {table} is damaged: {reason}")]
    Record {
        /// The table or the index.
        table: &'static str,
        /// Its key, in hexadecimal digits.
        key: String,
        /// What the decoder says.
        reason: String,
    },
    /// A value cannot be written.
    #[error("a value for {table} does not encode: {reason}")]
    Encode {
        /// The table.
        table: &'static str,
        /// What the encoder says.
        reason: String,
    },
    /// Long work that excludes other long work is under way.
    #[error("{running} is running on this store; wait until it has ended, or stop it")]
    Busy {
        /// Which: "garbage collection".
        running: &'static str,
    },
    /// Whoever was told of the progress said so.
    #[error("stopped before it was done")]
    Stopped,
    /// A chain has no head, or none was ever put into the store.
    #[error("the store has no chain yet; import a snapshot or start from a genesis file")]
    NoHead,
    /// Something that should be there is not.
    #[error("the chain is incomplete: {0}; `db check` tells what is missing")]
    Incomplete(Box<MissingBlock>),
    /// The caller could not say what is to be kept.
    #[error("what garbage collection has to keep is not known: {reason}")]
    Roots {
        /// Why not.
        reason: String,
    },
    /// What was to be written somewhere was refused there.
    #[error("cannot write the snapshot")]
    Output(#[source] io::Error),
    /// The system refused something else.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// Which file or directory.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The database refused something else.
    #[error("the database in {} cannot {action}: {reason}", dir.display())]
    Database {
        /// The directory of the store.
        dir: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the database says.
        reason: String,
    },
}

impl StoreError {
    /// Sorts an error of the file system. `action` completes "cannot …".
    pub(crate) fn io(path: &Path, action: &'static str, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::Permission { path, action }
            }
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::DiskFull {
                reason: source.to_string(),
                dir: path,
            },
            _ => Self::Io {
                path,
                action,
                source,
            },
        }
    }

    /// Sorts an error of the database, of which only the text is known. `action` completes "cannot …".
    pub(crate) fn database(dir: &Path, action: &'static str, error: &rocksdb::Error) -> Self {
        let reason = error.to_string();
        let dir = dir.to_owned();
        let says = |part: &str| reason.contains(part);
        if says("No space left on device")
            || says("File too large")
            || says("Disk quota exceeded")
            || says("Max allowed space was reached")
        {
            Self::DiskFull { dir, reason }
        } else if says("Permission denied") || says("Read-only file system") {
            Self::Permission { path: dir, action }
        } else if error.kind() == rocksdb::ErrorKind::Corruption {
            Self::Damaged { dir, reason }
        } else {
            Self::Database {
                dir,
                action,
                reason,
            }
        }
    }
}
