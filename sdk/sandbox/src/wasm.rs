//! The Wasm of the crate under test, built by `cargo test` itself.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use filigree_build::BuildOptions;

use crate::profile;

/// The Wasm of the crate whose test this is, or of the crate in a folder relative to it: `wasm_of!()`,
/// `wasm_of!("../token")`. Built with `filigree-build` once per process; sources that did not change since an earlier
/// run are not built again.
#[macro_export]
macro_rules! wasm_of {
    () => {
        $crate::wasm::of(env!("CARGO_MANIFEST_DIR"))
    };
    ($folder:expr) => {
        $crate::wasm::of(::std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join($folder))
    };
}

/// The Wasm of the crate in a folder. See [`wasm_of!`].
///
/// # Panics
/// If it does not build, with the compiler's messages.
#[track_caller]
pub fn of(folder: impl AsRef<Path>) -> &'static [u8] {
    static BUILT: Mutex<Option<HashMap<PathBuf, Built>>> = Mutex::new(None);
    let folder = folder.as_ref();
    let key = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    // Held while building: other tests of the process wait for the same Wasm.
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    let wasm = built
        .get_or_insert_default()
        .entry(key)
        .or_insert_with(|| build(folder));
    let wasm = wasm.clone();
    drop(built);
    match wasm {
        Ok(wasm) => wasm,
        Err(e) => panic!("the Wasm of {} cannot be built: {e}", folder.display()),
    }
}

/// The Wasm, or why there is none.
type Built = Result<&'static [u8], String>;

fn build(folder: &Path) -> Built {
    let mut options = BuildOptions::new(folder);
    options.quiet = true;
    let artefact = filigree_build::build(&options).map_err(|e| e.to_string())?;
    if profile::is_asked_for() {
        let names = filigree_build::build::names(&options, &artefact.wasm);
        let names = names.map_err(|e| e.to_string())?;
        profile::learn_names(artefact.code_cid, names.unwrap_or_default());
    }
    // One per crate and process.
    Ok(Box::leak(artefact.wasm.into_boxed_slice()))
}
