//! The parameters of a proof, before hours are spent: is the file there?
//!
//! The library reads `FIL_PROOFS_PARAMETER_CACHE` once in a process, when it first needs it. Nothing here changes it: a
//! [worker](crate::worker) is started with it.

use std::path::PathBuf;

use storage_proofs_core::parameter_cache::parameter_cache_srs_key_path;

use crate::error::InStep;
use crate::{ProveError, Result, Step};

/// The variable that names the directory of parameters to the library.
pub const PARAMETERS_VARIABLE: &str = "FIL_PROOFS_PARAMETER_CACHE";
/// The variable that names the directory of the graphs' parents, which the library computes and keeps.
pub const PARENTS_VARIABLE: &str = "FIL_PROOFS_PARENT_CACHE";

/// Refuses to begin `step` without the parameter file that `path` finds.
pub(crate) fn require(step: Step, path: anyhow::Result<PathBuf>) -> Result<()> {
    let path = path.in_step(step)?;
    match path.is_file() {
        true => Ok(()),
        false => Err(ProveError::Parameters(path)),
    }
}

/// Refuses to begin `step` without the SRS. There is one for all circuits and numbers of proofs, whatever the library's
/// function asks for.
pub(crate) fn require_srs(step: Step) -> Result<()> {
    require(step, Ok(parameter_cache_srs_key_path("", 0)))
}
