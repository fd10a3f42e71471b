//! Why a data directory cannot be used, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use filigree_store::StoreError;

use super::VARIABLE;

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// Nobody said where, and there is no home directory.
    #[error("where shall the node have its files? Give --data DIR, or set {VARIABLE}")]
    Unknown,
    /// Something in it cannot be read or written.
    #[error("{}: cannot {action}: {error}{}", path.display(), advice(error))]
    Io {
        /// What.
        path: PathBuf,
        /// "read", "write", …
        action: &'static str,
        /// Why.
        error: io::Error,
    },
    /// Others may write to it.
    #[error(
        "{} may be changed by other users (mode {mode:o}); keys are in it: run `chmod 700 {}`", path.display(), path.display()
    )]
    Open {
        /// The directory.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It has files that are not ours.
    #[error("{} is no data directory of a node: it has {found:?} in it; name another, or an empty one", path.display())]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// One of the files.
        found: String,
    },
    /// It has a chain or keys that are of no development network.
    #[error(
        "{} has no development network, so nothing in it is deleted: it may be the node of a public network; name another \
         directory with --data", path.display()
    )]
    NoDevnet {
        /// The directory.
        path: PathBuf,
    },
    /// Another process has it.
    #[error(transparent)]
    Lock(#[from] StoreError),
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull => "; free some room on the disk",
        io::ErrorKind::PermissionDenied => "; it belongs to another user, or its mode is wrong",
        io::ErrorKind::ReadOnlyFilesystem => "; name a directory on another disk with --data",
        _ => "",
    }
}

pub(crate) fn io_error(path: &Path, action: &'static str, error: io::Error) -> HomeError {
    HomeError::Io {
        path: path.to_owned(),
        action,
        error,
    }
}
