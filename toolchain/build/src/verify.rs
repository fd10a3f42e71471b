//! Whether source and Wasm belong together: the source is built from nothing, since what an earlier build left proves
//! nothing, and the code CIDs are compared. Where they differ, and the other Wasm is at hand, what differs is told
//! section by section.

mod sections;

pub use sections::{Difference, compare};

use cid::Cid;
use serde::Serialize;

use crate::build::compile;
use crate::{Artefact, BuildError, BuildOptions, Malformed, code_cid};

/// What the build is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A module.
    Wasm(Vec<u8>),
    /// A code CID, as the chain knows it.
    Cid(Cid),
}

/// A verification could not be made. That the code differs is no error but a [`Verdict`].
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The source does not build.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The module to compare with is none.
    #[error("the Wasm to compare with: {0}")]
    Malformed(#[from] Malformed),
}

/// The outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Whether the source gives exactly this code.
    pub same: bool,
    /// The code CID it should have.
    pub expected_code_cid: String,
    /// The code CID that was built.
    pub built_code_cid: String,
    /// The compiler that built it.
    pub rustc: String,
    /// What differs, section by section; empty where only a CID was given.
    pub differences: Vec<Difference>,
}

/// Builds the source anew and compares. The project's artefact stays as it is.
pub fn verify(options: &BuildOptions, expected: &Expected) -> Result<Verdict, VerifyError> {
    let built = compile(&BuildOptions {
        anew: true,
        ..options.clone()
    })?;
    Ok(judge(&built, expected)?)
}

/// Compares what was built.
pub fn judge(built: &Artefact, expected: &Expected) -> Result<Verdict, Malformed> {
    let (cid, differences) = match expected {
        Expected::Cid(cid) => (*cid, Vec::new()),
        Expected::Wasm(wasm) => (code_cid(wasm), compare(wasm, &built.wasm)?),
    };
    Ok(Verdict {
        same: cid == built.code_cid,
        expected_code_cid: cid.to_string(),
        built_code_cid: built.code_cid.to_string(),
        rustc: built.rustc.clone(),
        differences,
    })
}
