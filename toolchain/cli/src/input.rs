//! Files that others wrote: a module, or a bundle of several.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use filigree_build::Bundle;

/// No bundle is larger; a file that is, is something else.
const MAX_FILE_BYTES: u64 = 1 << 30;

const WASM_MAGIC: &[u8] = b"\0asm";

/// What a file holds.
pub enum Input {
    /// A module.
    Wasm(Vec<u8>),
    /// A bundle.
    Bundle(Bundle),
}

impl Input {
    /// Reads a file and tells by its first bytes what it is.
    pub fn read(path: &Path) -> Result<Input> {
        let bytes = read_file(path)?;
        if bytes.starts_with(WASM_MAGIC) {
            return Ok(Input::Wasm(bytes));
        }
        if bytes.is_empty() {
            bail!("{} is empty", path.display());
        }
        let bundle = Bundle::read(&bytes);
        let bundle =
            bundle.with_context(|| format!("{} is no Wasm and no bundle", path.display()))?;
        Ok(Input::Bundle(bundle))
    }

    /// Every module of the file, with a name to show: the actor's in a bundle, else none.
    pub fn modules(&self) -> Vec<(Option<&str>, &[u8])> {
        match self {
            Input::Wasm(wasm) => vec![(None, wasm)],
            Input::Bundle(bundle) => {
                let actors = bundle.actors().iter();
                actors
                    .map(|a| (Some(a.name.as_str()), a.wasm.as_slice()))
                    .collect()
            }
        }
    }

    /// The one module of the file; of a bundle, that of `actor`.
    pub fn module(&self, path: &Path, actor: Option<&str>) -> Result<&[u8]> {
        match (self, actor) {
            (Input::Wasm(wasm), None) => Ok(wasm),
            (Input::Wasm(_), Some(_)) => {
                bail!("{} is one module; leave --actor out", path.display())
            }
            (Input::Bundle(bundle), wanted) => {
                let found = wanted.and_then(|name| bundle.actor(name));
                let names = || {
                    let names: Vec<&str> =
                        bundle.actors().iter().map(|a| a.name.as_str()).collect();
                    names.join(", ")
                };
                match (found, wanted) {
                    (Some(actor), _) => Ok(&actor.wasm),
                    (None, Some(name)) => bail!(
                        "{} has no actor {name}; it has: {}",
                        path.display(),
                        names()
                    ),
                    (None, None) => bail!(
                        "{} is a bundle; choose with --actor: {}",
                        path.display(),
                        names()
                    ),
                }
            }
        }
    }
}

/// Reads a file of a size that makes sense.
pub fn read_file(path: &Path) -> Result<Vec<u8>> {
    let cannot = || format!("cannot read {}", path.display());
    let file = File::open(path).with_context(cannot)?;
    read_at_most(file, MAX_FILE_BYTES).with_context(cannot)
}

/// Reads to the end, of what may be a pipe or a device without one.
fn read_at_most(from: impl Read, limit: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let count = from.take(limit + 1).read_to_end(&mut bytes)?;
    if count as u64 > limit {
        bail!("it is larger than {limit} bytes, the most an actor or a bundle can have");
    }
    Ok(bytes)
}

/// Reads a bundle.
pub fn read_bundle(path: &Path) -> Result<Bundle> {
    match Input::read(path)? {
        Input::Bundle(bundle) => Ok(bundle),
        Input::Wasm(_) => bail!(
            "{} is one module; give a bundle (a CAR file)",
            path.display()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_without_end_are_refused() {
        let error = read_at_most(std::io::repeat(0), 1_000)
            .unwrap_err()
            .to_string();
        assert!(error.contains("larger than 1000 bytes"), "{error}");
        let whole = read_at_most(&[7; 1_000][..], 1_000).unwrap();
        assert_eq!(whole, [7; 1_000]);
    }
}
