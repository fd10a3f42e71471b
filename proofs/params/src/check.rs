//! Whether a file is the one meant, by its digest; and what to do if it is not.

use std::fmt;
use std::fs;
use std::io::{self, Seek};
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

/// How a file is that could not be opened or read.
impl From<io::Error> for Status {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Status::Missing,
            _ => Status::Unreadable(error),
        }
    }
}

impl Finding {
    /// The command that brings the right file.
    pub fn remedy(&self) -> String {
        let directory = self.path.parent().unwrap_or(Path::new("."));
        self.file.remedy(directory)
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
            Status::Unreadable(error) => write!(
                f,
                "{path} ({purpose}) cannot be read: {error}; make it readable, or remove it"
            )?,
        }
        write!(f, "; run: {}", self.remedy())
    }
}

impl File {
    /// The command that brings it into a directory.
    pub fn remedy(&self, directory: &Path) -> String {
        let verb = match self.set {
            Set::Production => "fetch",
            Set::Development => "generate",
        };
        let mut command = format!("filigree params {verb}");
        if let Some(size) = self.sector_size {
            command.push_str(&format!(" --sector-size {size}"));
        }
        command.push_str(&format!(" --proof {}", self.proof));
        if self.set == Set::Production && !Role::Verify.needs(self.kind) {
            command.push_str(" --role prove");
        }
        if directory != crate::directory::usual(self.set) {
            command.push_str(&format!(" --dir {}", quoted(directory)));
        }
        command
    }
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
    to_the_end(file, directory, progress).0
}

/// The same for files that take minutes to read: none if `go_on`, called with the number of bytes read since the last
/// call, says no.
pub fn check_while(
    file: &File,
    directory: &Path,
    go_on: &mut dyn FnMut(u64) -> bool,
) -> Option<Finding> {
    examine(file, directory, go_on).map(|(finding, _)| finding)
}

/// Opens a file that is too large to be read whole, and gives it, at its start, only if it is the one meant: what is read
/// from it afterwards is what was checked, even if another file has its name by then.
///
/// # Errors
///
/// The finding, if it is anything but good.
pub fn open_verified(file: &File, directory: &Path) -> Result<fs::File, Box<Finding>> {
    let (finding, opened) = to_the_end(file, directory, &mut |_| ());
    opened.ok_or_else(|| Box::new(finding))
}

fn to_the_end(
    file: &File,
    directory: &Path,
    progress: &mut dyn FnMut(u64),
) -> (Finding, Option<fs::File>) {
    let examined = examine(file, directory, &mut |bytes| {
        progress(bytes);
        true
    });
    examined.unwrap_or_else(|| unreachable!("nobody said no"))
}

/// How a file is, and if it is good the file itself, at its start. None if `go_on` said no.
fn examine(
    file: &File,
    directory: &Path,
    go_on: &mut dyn FnMut(u64) -> bool,
) -> Option<(Finding, Option<fs::File>)> {
    let path = directory.join(file.name());
    let (status, opened) = match read(file, &path, go_on) {
        Ok((status, opened)) => (status?, opened),
        Err(error) => (Status::from(error), None),
    };
    let finding = Finding {
        file: *file,
        path,
        status,
    };
    Some((finding, opened))
}

fn read(
    file: &File,
    path: &Path,
    go_on: &mut dyn FnMut(u64) -> bool,
) -> io::Result<(Option<Status>, Option<fs::File>)> {
    let mut opened = fs::File::open(path)?;
    let found = opened.metadata()?.len();
    if let Some(expected) = file.size_bytes.filter(|expected| *expected != found) {
        return Ok((Some(Status::WrongLength { found, expected }), None));
    }
    let digest = Digest::of_reader(&mut opened, go_on)?;
    let status = digest.map(|digest| judge(file, digest));
    opened.rewind()?;
    let is_good = status.as_ref().is_some_and(Status::is_good);
    Ok((status, is_good.then_some(opened)))
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
    let bytes = read().map_err(|error| finding(Status::from(error)))?;
    match judge(file, Digest::of(&bytes)) {
        Status::Good => Ok(bytes),
        status => Err(finding(status)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

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
        let said = finding.to_string();
        assert!(
            said.contains("cannot be read") && said.contains(&finding.remedy()),
            "{said}"
        );
    }

    #[test]
    fn what_is_read_is_what_was_checked() {
        let file = file(b"key", None);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(file.name());
        fs::write(&path, b"key").unwrap();
        let mut opened = open_verified(&file, dir.path()).unwrap();
        let other = dir.path().join("other");
        fs::write(&other, b"another key").unwrap();
        fs::rename(&other, &path).unwrap();
        let mut bytes = Vec::new();
        opened.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"key");
        let finding = open_verified(&file, dir.path()).unwrap_err();
        assert!(matches!(finding.status, Status::WrongDigest { .. }));
    }

    #[test]
    fn a_check_can_be_cancelled() {
        let file = file(b"key", None);
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(file.name()), b"key").unwrap();
        assert!(check_while(&file, dir.path(), &mut |_| false).is_none());
        let finding = check_while(&file, dir.path(), &mut |_| true).unwrap();
        assert!(finding.status.is_good());
    }
}
