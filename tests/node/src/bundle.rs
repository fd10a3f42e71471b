//! The actors that networks of tests are made with.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use filigree_build::Bundle;
use filigree_bundle::{Network, Recipe, kept};

/// Tests of one process wait for each other's build, so that there is one.
static BUILD: Mutex<()> = Mutex::new(());

/// Writes the built-in actors of a development network into a file.
///
/// # Errors
/// If they do not build, or the disk fails.
pub fn write(path: &Path) -> Result<()> {
    std::fs::write(path, car()?)?;
    Ok(())
}

fn car() -> Result<Vec<u8>> {
    let _guard = BUILD.lock().unwrap_or_else(PoisonError::into_inner);
    kept::car(&Recipe::of(Network::Devnet))
}

/// The same actors, but some of them with a section in their Wasm that nobody reads: other code to everyone, which does the same.
///
/// # Errors
/// As [`write`]; or if there is no such actor.
pub fn write_changed(path: &Path, names: &[&str]) -> Result<()> {
    let bundle = Bundle::read(&car()?)?;
    for name in names {
        bundle
            .actor(name)
            .with_context(|| format!("no actor {name}"))?;
    }
    let actors = bundle.actors().iter().map(|actor| {
        let mut wasm = actor.wasm.clone();
        if names.contains(&actor.name.as_str()) {
            // A custom section of three bytes, whose name is "v2".
            wasm.extend_from_slice(&[0, 3, 2, b'v', b'2']);
        }
        (actor.name.clone(), wasm)
    });
    let (_, car) = Bundle::new(actors.collect())?.to_car();
    std::fs::write(path, car)?;
    Ok(())
}
