//! Whether a file is the one meant, by its digest; and what to do if it is not.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::catalogue;
use crate::digest::Digest;
use crate::file::{File, Role, Set};

/// Files up to this length are read whole: keys, and the development SRS.
const WHOLE_BYTES: u64 = 16 << 20;

/// What is known of a file in a directory.
#[derive(Debug)]
pub struct Finding {
    /// Which file.
    pub file: File,
    /// Where it is or should be.
    pub path: PathBuf,
    /// How it is.
    pub status: Status,
}

/// How a file is.
#[derive(Debug)]
pub enum Status {
    /// Its bytes are those meant.
    Good,
    /// There is none.
    Missing,
    /// It has another length, so its bytes were not read.
    WrongLength {
        /// Of the file that is there.
        found: u64,
        /// Of the file meant.
        expected: u64,
    },
    /// Its bytes are others.
    WrongDigest {
        /// Of the file that is there.
        found: Digest,
        /// The set that has this very file, if one does.
        belongs_to: Option<Set>,
    },
    /// It cannot be read.
    Unreadable(io::Error),
}

impl Status {
    /// Whether the file can be used.
    pub const fn is_good(&self) -> bool {
        matches!(self, Status::Good)
    }

    /// One word for tables and JSON.
    pub const fn word(&self) -> &'static str {
        match self {
            Status::Good => "good",
            Status::Missing => "missing",
            Status::WrongLength { .. } | Status::WrongDigest { .. } => "wrong",
            Status::Unreadable(_) => "unreadable",
        }
    }
}

impl Finding {
    /// The command that brings the right file.
    pub fn remedy(&self) -> String {
        remedy(&self.file, self.path.parent().unwrap_or(Path::new(".")))
    }
}

/// One sentence: the file's path, what is wrong with it, and the command that fixes it.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        let purpose = self.file.purpose();
        match &self.status {
            Status::Good => return write!(f, "{path} ({purpose}) is good"),
            Status::Missing => write!(f, "{path} ({purpose}) is missing")?,
            Status::WrongLength { found, expected } => write!(
                f,
                "{path} ({purpose}) has {found} bytes instead of {expected}"
            )?,
            Status::WrongDigest { found, belongs_to } => {
                let expected = self.file.digest;
                write!(
                    f,
                    "{path} ({purpose}) has digest {found} instead of {expected}"
                )?;
                if let Some(set) = belongs_to {
                    write!(f, ": it is of the {set} set")?;
                }
            }
            Status::Unreadable(error) => {
                return write!(f, "{path} ({purpose}) cannot be read: {error}");
            }
        }
        write!(f, "; run: {}", self.remedy())
    }
}

/// The command that brings a file into a directory.
fn remedy(file: &File, directory: &Path) -> String {
    let verb = match file.set {
        Set::Production => "fetch",
        Set::Development => "generate",
    };
    let mut command = format!("filigree params {verb}");
    match file.sector_size {
        Some(size) => command.push_str(&format!(" --sector-size {size} --proof {}", file.proof)),
        None => command.push_str(&format!(" --proof {}", file.proof)),
    }
    if file.set == Set::Production && !Role::Verify.needs(file.kind) {
        command.push_str(" --role prove");
    }
    if directory != crate::directory::usual(file.set) {
        command.push_str(&format!(" --dir {}", quoted(directory)));
    }
    command
}

/// A path as a shell takes it for one word.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+:,@%".contains(c);
    match path.chars().all(is_plain) && !path.is_empty() {
        true => path,
        false => format!("'{}'", path.replace('\'', r"'\''")),
    }
}

/// Checks a file in a directory. `progress` is called with the number of bytes read since the last call.
pub fn check(file: &File, directory: &Path, progress: &mut dyn FnMut(u64)) -> Finding {
    let path = directory.join(file.name());
    let status = status(file, &path, progress).unwrap_or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Status::Missing,
        _ => Status::Unreadable(error),
    });
    Finding {
        file: *file,
        path,
        status,
    }
}

fn status(file: &File, path: &Path, progress: &mut dyn FnMut(u64)) -> io::Result<Status> {
    let mut reader = fs::File::open(path)?;
    let found = reader.metadata()?.len();
    if let Some(expected) = file.size_bytes.filter(|expected| *expected != found) {
        return Ok(Status::WrongLength { found, expected });
    }
    Ok(judge(file, Digest::of_reader(&mut reader, progress)?))
}

fn judge(file: &File, found: Digest) -> Status {
    if found == file.digest {
        return Status::Good;
    }
    let mut sets = Set::ALL.into_iter();
    let belongs_to = sets.find(|set| catalogue::all(*set).iter().any(|f| f.digest == found));
    Status::WrongDigest { found, belongs_to }
}

/// Reads a key or another small file, and returns its bytes only if they are those meant: what is parsed afterwards is
/// what was checked.
///
/// # Errors
///
/// The finding, if it is anything but good. A file of more than 16 MiB counts as unreadable.
pub fn read_verified(file: &File, directory: &Path) -> Result<Vec<u8>, Box<Finding>> {
    let path = directory.join(file.name());
    let finding = |status| {
        Box::new(Finding {
            file: *file,
            path: path.clone(),
            status,
        })
    };
    let read = || {
        let found = fs::metadata(&path)?.len();
        if found > WHOLE_BYTES {
            let message = format!("{found} bytes are too many to read whole");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        fs::read(&path)
    };
    let bytes = read().map_err(|error| {
        finding(match error.kind() {
            io::ErrorKind::NotFound => Status::Missing,
            _ => Status::Unreadable(error),
        })
    })?;
    match judge(file, Digest::of(&bytes)) {
        Status::Good => Ok(bytes),
        status => Err(finding(status)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::{Kind, Proof, SectorSize};

    /// A file of the production set that claims to hold `bytes`.
    fn file(bytes: &[u8], size_bytes: Option<u64>) -> File {
        let size = Some(SectorSize::_2KiB);
        let file = catalogue::find(Set::Production, Proof::WindowPost, size, Kind::Key).unwrap();
        File {
            digest: Digest::of(bytes),
            size_bytes,
            ..file
        }
    }

    fn checked(file: &File, bytes: Option<&[u8]>) -> Finding {
        let dir = tempfile::tempdir().unwrap();
        if let Some(bytes) = bytes {
            fs::write(dir.path().join(file.name()), bytes).unwrap();
        }
        let read = read_verified(file, dir.path());
        let finding = check(file, dir.path(), &mut |_| ());
        assert_eq!(read.is_ok(), finding.status.is_good(), "{finding}");
        finding
    }

    #[test]
    fn a_good_file_is_good() {
        assert!(
            checked(&file(b"key", Some(3)), Some(b"key"))
                .status
                .is_good()
        );
        assert!(checked(&file(b"key", None), Some(b"key")).status.is_good());
    }

    #[test]
    fn every_bit_counts() {
        let finding = checked(&file(b"key", None), Some(b"kez"));
        assert!(matches!(
            finding.status,
            Status::WrongDigest {
                belongs_to: None,
                ..
            }
        ));
        let finding = checked(&file(b"key", Some(3)), Some(b"ke"));
        assert!(matches!(
            finding.status,
            Status::WrongDigest { .. }
                | Status::WrongLength {
                    found: 2,
                    expected: 3
                }
        ));
    }

    #[test]
    fn what_is_wrong_names_the_file_and_the_command() {
        let finding = checked(&file(b"key", None), None);
        assert!(matches!(finding.status, Status::Missing));
        let said = finding.to_string();
        assert!(said.contains(&finding.file.name()), "{said}");
        let command = "filigree params fetch --sector-size 2KiB --proof window-post --dir ";
        assert!(said.contains(command), "{said}");
        assert!(!said.contains("--role"), "{said}");
    }

    #[test]
    fn the_command_can_be_pasted() {
        assert_eq!(quoted(Path::new("/a/b-c.d")), "/a/b-c.d");
        assert_eq!(quoted(Path::new("a b")), "'a b'");
        assert_eq!(quoted(Path::new("it's; rm")), r"'it'\''s; rm'");
    }

    #[test]
    fn a_directory_in_its_place_is_unreadable() {
        let file = file(b"key", None);
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join(file.name())).unwrap();
        let finding = check(&file, dir.path(), &mut |_| ());
        assert!(matches!(finding.status, Status::Unreadable(_)));
        assert!(read_verified(&file, dir.path()).is_err());
    }
}
