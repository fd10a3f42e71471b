//! Where the files are. The sets share names, because the proof library looks for names; so each set has directories
//! of its own, and the name of a development directory says so.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::file::Set;

/// The variable that the network's tools read.
pub const VARIABLE: &str = "FIL_PROOFS_PARAMETER_CACHE";

/// Where the network's tools keep the files if not told otherwise.
pub const PRODUCTION: &str = "/var/tmp/filecoin-proof-parameters";

/// Where the development set is if not told otherwise.
pub const DEVELOPMENT: &str = "/var/tmp/filigree-dev-proof-parameters";

/// A directory that is named for the other set.
#[derive(Debug, thiserror::Error)]
pub enum ForeignDirectory {
    /// Development files must not come among production files.
    #[error(
        "{} does not say in its name that it holds development parameters; give one with \"dev\" as a word of its \
         last part, such as {DEVELOPMENT}", .0.display()
    )]
    NotDevelopment(PathBuf),
    /// A development directory must not be taken for a production one.
    #[error(
        "{} is by its name for development parameters, whose proofs anyone can forge; production parameters need \
         another directory, such as {PRODUCTION}", .0.display()
    )]
    Development(PathBuf),
}

/// The directory of a set: the given one, else that of [`VARIABLE`], else the usual one.
///
/// A variable that names a directory of the other set is passed over; a given directory of the other set is an error.
pub fn directory(set: Set, given: Option<&Path>) -> Result<PathBuf, ForeignDirectory> {
    choose(set, given, std::env::var_os(VARIABLE).as_deref())
}

fn choose(
    set: Set,
    given: Option<&Path>,
    variable: Option<&OsStr>,
) -> Result<PathBuf, ForeignDirectory> {
    if let Some(given) = given {
        let given = given.to_path_buf();
        return match (set, is_development(&given)) {
            (Set::Development, false) => Err(ForeignDirectory::NotDevelopment(given)),
            (Set::Production, true) => Err(ForeignDirectory::Development(given)),
            _ => Ok(given),
        };
    }
    let named = variable.filter(|name| !name.is_empty()).map(PathBuf::from);
    let fits = |path: &PathBuf| is_development(path) == (set == Set::Development);
    Ok(named.filter(fits).unwrap_or_else(|| usual(set)))
}

/// Where a set is if nobody says otherwise.
pub fn usual(set: Set) -> PathBuf {
    PathBuf::from(match set {
        Set::Production => PRODUCTION,
        Set::Development => DEVELOPMENT,
    })
}

/// Whether a directory says that it holds development files: `dev` is a word of the last part of its path.
pub fn is_development(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy());
    name.is_some_and(|name| {
        name.split(|c: char| !c.is_alphanumeric())
            .any(|w| w == "dev")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_development_directory_says_so_in_its_last_part() {
        assert!(is_development(Path::new(DEVELOPMENT)));
        assert!(is_development(Path::new("params/dev")));
        assert!(!is_development(Path::new(PRODUCTION)));
        assert!(!is_development(Path::new("/dev/shm/parameters")));
        assert!(!is_development(Path::new("devices")));
    }

    #[test]
    fn no_set_is_sent_to_a_directory_of_the_other() {
        let dev = Path::new("x-dev");
        let plain = Path::new("x");
        assert!(choose(Set::Production, Some(dev), None).is_err());
        assert!(choose(Set::Development, Some(plain), None).is_err());
        assert_eq!(choose(Set::Development, Some(dev), None).unwrap(), dev);
        let variable = Some(OsStr::new("x-dev"));
        assert_eq!(choose(Set::Development, None, variable).unwrap(), dev);
        assert_eq!(
            choose(Set::Production, None, variable).unwrap(),
            Path::new(PRODUCTION)
        );
        let variable = Some(OsStr::new("x"));
        assert_eq!(choose(Set::Production, None, variable).unwrap(), plain);
        assert_eq!(
            choose(Set::Development, None, variable).unwrap(),
            Path::new(DEVELOPMENT)
        );
    }
}
