//! `params`: which files proofs need, whether they are there, and how they come.

pub mod check;
pub mod fetch;
pub mod generate;
pub mod list;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use filigree_proofs_params::{File, Proof, Role, SectorSize, Selection, Set, directory};
use serde::Serialize;

/// `params` with its verb.
#[derive(Debug, Args)]
pub struct Params {
    /// What to do.
    #[command(subcommand)]
    pub verb: ParamsVerb,
}

/// One verb.
#[derive(Debug, Subcommand)]
pub enum ParamsVerb {
    /// Show the files: name, purpose, size, digest, place.
    #[command(after_help = list::HELP)]
    List(list::List),

    /// Check the files in a directory by their digests.
    #[command(after_help = check::HELP)]
    Check(check::Check),

    /// Make development parameters from a public seed.
    #[command(after_help = generate::HELP)]
    Generate(generate::Generate),

    /// Download the network's files.
    #[command(after_help = fetch::HELP)]
    Fetch(fetch::Fetch),
}

/// Which files.
#[derive(Debug, Args)]
pub struct Which {
    /// For sectors of this size: 2KiB, 8MiB, 512MiB, 32GiB or 64GiB. May be given several times; all without it.
    #[arg(long, value_name = "SIZE", value_delimiter = ',')]
    sector_size: Vec<SectorSize>,

    /// For this proof: porep, winning-post, window-post, replica-update, replica-update-poseidon or aggregation. May be
    /// given several times; all without it.
    #[arg(long, value_name = "PROOF", value_delimiter = ',')]
    proof: Vec<Proof>,

    /// For whom: verify (keys and SRS) or prove (all).
    #[arg(long, value_name = "ROLE", default_value_t = Role::Verify)]
    role: Role,
}

impl Which {
    fn files(&self, set: Set) -> Vec<File> {
        let selection = Selection {
            set,
            role: self.role,
            sector_sizes: self.sector_size.clone(),
            proofs: self.proof.clone(),
        };
        selection.files()
    }
}

/// Where.
#[derive(Debug, Args)]
pub struct Where {
    /// The directory. Without it: that of FIL_PROOFS_PARAMETER_CACHE, or the usual one of the set.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Where {
    fn directory(&self, set: Set) -> Result<PathBuf> {
        Ok(directory(set, self.dir.as_deref())?)
    }
}

/// A file as JSON.
#[derive(Serialize)]
struct Printed {
    name: String,
    path: String,
    set: &'static str,
    proof: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sector_size: Option<&'static str>,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_bytes: Option<u64>,
    digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cid: Option<&'static str>,
}

impl Printed {
    fn new(file: &File, directory: &std::path::Path) -> Printed {
        Printed {
            name: file.name(),
            path: directory.join(file.name()).display().to_string(),
            set: file.set.name(),
            proof: file.proof.name(),
            sector_size: file.sector_size.map(SectorSize::name),
            kind: file.kind.extension(),
            size_bytes: file.size_bytes,
            digest: file.digest.to_string(),
            cid: file.cid,
        }
    }
}

/// A sector size for a table.
fn size_name(size: Option<SectorSize>) -> String {
    size.map_or("all", SectorSize::name).to_owned()
}
