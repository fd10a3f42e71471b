//! Which actors are compared.

use std::path::Path;

use anyhow::{Context, Result};
use filigree_build::{BuildOptions, Layout};

use crate::script::{self, Scene, Step};

/// An actor of `sdk/examples`, and the same one against `fvm_sdk`.
#[derive(Debug)]
pub struct Pair {
    /// Its name.
    pub name: &'static str,
    /// The folder of ours, from this crate's.
    ours: &'static str,
    /// The folder of the other.
    theirs: &'static str,
    /// What is done with it.
    pub script: fn(&mut Scene) -> Vec<Step>,
}

/// All that are compared.
pub const PAIRS: &[Pair] = &[
    Pair {
        name: "counter",
        ours: "../../../sdk/examples/counter",
        theirs: "../fvm-counter",
        script: script::counter,
    },
    Pair {
        name: "token",
        ours: "../../../sdk/examples/token",
        theirs: "../fvm-token",
        script: script::token,
    },
];

impl Pair {
    /// Builds both, ours first.
    pub fn build(&self) -> Result<[Vec<u8>; 2]> {
        Ok([wasm(self.ours)?, wasm(self.theirs)?])
    }
}

/// The Wasm of the crate in a folder, from this crate's.
fn wasm(folder: &str) -> Result<Vec<u8>> {
    // Cargo sets this for what it runs; asked at run time, since several checkouts may share one build directory.
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .context("run this by cargo, which says where the checkout is")?;
    let folder = Path::new(&here).join(folder);
    let options = BuildOptions {
        quiet: true,
        ..BuildOptions::new(&folder)
    };
    let artefact = filigree_build::build(&options)
        .with_context(|| format!("the Wasm of {}", folder.display()))?;
    Ok(artefact.wasm)
}

/// Bytes of the section that holds the schema, which the host does not read; 0 without one.
pub fn schema_bytes(wasm: &[u8]) -> Result<usize> {
    let layout = Layout::read(wasm)?;
    let schema = layout
        .sections
        .iter()
        .find(|section| section.is_custom && section.name == "filigree.schema");
    Ok(schema.map_or(0, |section| section.range.len()))
}
