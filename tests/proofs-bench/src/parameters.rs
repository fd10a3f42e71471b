//! The development parameters that proving needs: where they are, made if they are absent.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, Result};
use filigree_proofs_generate::{Progress, generate, jobs};
use filigree_proofs_params::{Kind, Proof, Role, SectorSize, Selection, Set};

/// Names the directory of development parameters to tests and to this command.
const VARIABLE: &str = "FILIGREE_DEV_PARAMETERS";
/// Where they are without it, from the root of the checkout.
const USUAL: &str = "target/dev-parameters";

/// The directory with all parameters of 2 KiB sectors; what is missing or wrong in it is made.
pub fn ready(given: Option<&Path>, root: &Path) -> Result<PathBuf> {
    let given = given.map(Path::to_owned);
    let folder = given
        .or_else(|| std::env::var_os(VARIABLE).map(PathBuf::from))
        .unwrap_or_else(|| root.join(USUAL));
    eprintln!("parameters in {}", folder.display());
    let said = Mutex::new(None);
    let watch = |Progress { job, stage, .. }: Progress| {
        // A line for each stage of each file.
        if let Ok(mut said) = said.lock()
            && said.replace((job, stage)) != Some((job, stage))
        {
            eprintln!("  {}: {stage:?}", job.proof);
        }
        true
    };
    generate(&folder, &jobs(&[SectorSize::_2KiB], &[]), &watch)?;
    fs::canonicalize(&folder).with_context(|| folder.display().to_string())
}

/// Reads the files that making a proof needs, so that whoever needs them next finds them in memory.
pub fn warm(folder: &Path, proof: Proof) -> Result<()> {
    let selection = Selection::of(Set::Development, Role::Prove);
    let files = selection.with_sector_size(SectorSize::_2KiB).files();
    let files = files.iter().filter(|file| file.proof == proof);
    for file in files.filter(|file| file.kind != Kind::Key) {
        let mut file = File::open(folder.join(file.name()))?;
        io::copy(&mut file, &mut io::sink())?;
    }
    Ok(())
}
