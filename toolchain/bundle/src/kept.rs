//! Bundles that stay from build to build: a file for each recipe and each state of the sources, in the cache folder. A
//! warm start only hashes and reads; the newest few stay.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Result;
use filigree_build::{Bundle, replace_file};

use crate::recipe::Recipe;
use crate::{Options, checkout, sources};

/// Bundles that stay: those of a few checkouts and of the last changes.
const MAX_FILES: usize = 16;

/// The bundle of this checkout, as a CAR: the file that was kept, or one built now, with a line on standard error for
/// each actor.
pub fn car(recipe: &Recipe) -> Result<Vec<u8>> {
    let root = checkout();
    let Some(folder) = folder() else {
        return build(&root, recipe);
    };
    let file = folder.join(file_name(&root, recipe)?);
    // A damaged file counts as missing.
    if let Ok(bytes) = std::fs::read(&file)
        && Bundle::read(&bytes).is_ok()
    {
        return Ok(bytes);
    }
    let car = build(&root, recipe)?;
    // Without the file the next process builds again.
    if replace_file(&file, &car).is_ok() {
        prune(&folder, MAX_FILES);
    }
    Ok(car)
}

fn build(root: &Path, recipe: &Recipe) -> Result<Vec<u8>> {
    eprintln!("building the built-in actors ({}), once", recipe.name());
    let bundle = crate::build(root, recipe, &Options::default(), &mut |built| {
        let (done, all) = built.done;
        eprintln!("  {done} of {all}: {}", built.name);
    })?;
    Ok(bundle.to_car().1)
}

/// The folder, beside that of the artefacts of `filigree-build`.
fn folder() -> Option<PathBuf> {
    let artefacts = filigree_build::build::default_cache_dir()?;
    Some(artefacts.parent()?.join("bundles"))
}

fn file_name(root: &Path, recipe: &Recipe) -> Result<String> {
    Ok(format!("{}-{}.car", recipe.name(), sources::hash(root)?))
}

/// Removes all but the newest files of the cache: sources change, and their bundles are not asked for again.
fn prune(folder: &Path, keep: usize) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let mut files: Vec<(SystemTime, PathBuf)> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let is_bundle = entry.path().extension().is_some_and(|name| name == "car");
            let written = entry.metadata().ok()?.modified().ok()?;
            is_bundle.then(|| (written, entry.path()))
        })
        .collect();
    files.sort_unstable();
    let old = files.len().saturating_sub(keep);
    for (_, file) in files.iter().take(old) {
        // Another process may have removed it; one that reads it just now has it open.
        let _ = std::fs::remove_file(file);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_warm_start_reads_the_file_and_builds_nothing() {
        let recipe = Recipe::core(false);
        let first = car(&recipe).unwrap();
        let name = file_name(&checkout(), &recipe).unwrap();
        let file = folder().unwrap().join(name);
        let written = || std::fs::metadata(&file).unwrap().modified().unwrap();
        let before = written();
        assert_eq!(std::fs::read(&file).unwrap(), first);
        assert_eq!(car(&recipe).unwrap(), first);
        assert_eq!(written(), before);
    }

    #[test]
    fn the_newest_files_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let begin = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        // Names say nothing about age.
        for (age, name) in ["c", "a", "e", "b", "d"].iter().enumerate() {
            let file = std::fs::File::create(path(&format!("{name}.car"))).unwrap();
            let written = begin - Duration::from_secs(age as u64);
            file.set_modified(written).unwrap();
        }
        std::fs::write(path("other"), "").unwrap();
        prune(folder.path(), 2);
        let mut left: Vec<String> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, ["a.car", "c.car", "other"]);
        prune(&path("missing"), 2);
    }
}
