//! Where the checkout is: default paths must not depend on the folder a command is typed in.

use std::path::{Path, PathBuf};

/// A path from the root of the checkout; from the current folder if the program was not started by cargo.
pub fn from_root(path: &str) -> PathBuf {
    // Cargo sets this for what it runs; asked at run time, since several checkouts may share one build directory.
    let crate_folder = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let root = crate_folder.as_deref().and_then(|f| f.ancestors().nth(2));
    root.unwrap_or(Path::new("")).join(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_found() {
        assert!(from_root("rust-toolchain.toml").is_file());
    }
}
