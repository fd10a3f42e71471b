//! Secrets of the node in files: 32 random bytes, in hexadecimal, for their owner alone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use filigree_store::write_private;
use zeroize::Zeroizing;

/// A secret.
pub(crate) type Secret = Zeroizing<[u8; 32]>;

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read or written.
    #[error("the secret {path}: {error}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It holds something else.
    #[error(
        "the secret {0} is not 64 hexadecimal digits: delete it for a new one; what was made with the old one is not good any more"
    )]
    Damaged(PathBuf),
    /// The system gives no random bytes.
    #[error("no random bytes: {0}")]
    Random(getrandom::Error),
}

/// A secret that nobody keeps.
pub(crate) fn random() -> Result<Secret, SecretError> {
    let mut secret = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *secret).map_err(SecretError::Random)?;
    Ok(secret)
}

/// The secret in a file, which is made (mode 0600) if it is not there.
pub(crate) fn open(path: &Path) -> Result<Secret, SecretError> {
    let io = |error| SecretError::Io {
        path: path.to_owned(),
        error,
    };
    match fs::read_to_string(path) {
        Ok(text) => {
            let text = Zeroizing::new(text);
            let mut secret = Zeroizing::new([0; 32]);
            hex::decode_to_slice(text.trim(), &mut *secret)
                .map_err(|_| SecretError::Damaged(path.to_owned()))?;
            Ok(secret)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let secret = random()?;
            let text = Zeroizing::new(hex::encode(*secret));
            write_private(path, text.as_bytes()).map_err(io)?;
            Ok(secret)
        }
        Err(error) => Err(io(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_secret_stays_the_same_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.secret");
        let secret = open(&path).unwrap();
        assert_eq!(open(&path).unwrap(), secret);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::write(&path, "short").unwrap();
        assert!(matches!(open(&path), Err(SecretError::Damaged(_))));
        fs::remove_file(&path).unwrap();
        assert_ne!(open(&path).unwrap(), secret);
    }
}
