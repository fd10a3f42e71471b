//! The built-in actors of a network, built from this repository into one CAR file: what a network starts or is upgraded
//! with (`cargo xtask bundle`), and what sandboxes run on.
//!
//! The manifest has all the places of the official bundle for network version 28, in its order. In those without an
//! actor here (`evm`, `eam`) stands one that only traps.
//!
//! Map: [`recipe`] which bundle; `place` what stands where; `sources` what it is built from, as a hash; [`kept`] the
//! files that stay from build to build; `options` and `main` the command.

pub mod kept;
pub mod options;
mod place;
pub mod recipe;
mod sources;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use filigree_build::{BuildOptions, Bundle};

pub use place::is_absent;
pub use recipe::{Network, Recipe};

use place::{PLACES, absent};

/// How a bundle is built; the bytes are the same in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether nothing may be downloaded.
    pub offline: bool,
    /// Whether nothing is taken that an earlier build left.
    pub anew: bool,
}

/// An actor is built.
#[derive(Clone, Debug)]
pub struct Built {
    /// Its name in the manifest.
    pub name: &'static str,
    /// How many of how many are done.
    pub done: (usize, usize),
    /// The size of its Wasm.
    pub size_bytes: usize,
    /// How long it took.
    pub took: Duration,
    /// Whether it had been built from the same sources before.
    pub from_cache: bool,
}

/// Builds the actors of the checkout at `root`, and tells of each.
///
/// # Errors
/// If an actor does not compile, with the compiler's words, or a tool is missing, with the command that installs it.
pub fn build(
    root: &Path,
    recipe: &Recipe,
    options: &Options,
    built: &mut dyn FnMut(Built),
) -> Result<Bundle> {
    let mut actors = Vec::new();
    let all = PLACES.iter().filter(|place| recipe.folder(place).is_some());
    let mut done = (0, all.count());
    for place in &PLACES {
        let Some(folder) = recipe.folder(place) else {
            actors.push((place.name.to_owned(), absent(place.name)));
            continue;
        };
        let start = Instant::now();
        let artefact = filigree_build::build(&BuildOptions {
            offline: options.offline,
            anew: options.anew,
            features: recipe.features(place),
            quiet: true,
            ..BuildOptions::new(root.join("actors-wasm").join(folder))
        })
        .with_context(|| format!("building {folder}"))?;
        done.0 += 1;
        built(Built {
            name: place.name,
            done,
            size_bytes: artefact.wasm.len(),
            took: start.elapsed(),
            from_cache: artefact.from_cache,
        });
        actors.push((place.name.to_owned(), artefact.wasm));
    }
    Ok(Bundle::new(actors)?)
}

/// The checkout this crate was compiled in.
pub fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
