//! One file after the other: what is there and right stays, what is made is compared with the catalogue.

use std::io;
use std::path::{Path, PathBuf};

use filigree_proofs_params::catalogue::find;
use filigree_proofs_params::development::{SECTOR_SIZES, SRS_PROOFS};
use filigree_proofs_params::directory::is_development;
use filigree_proofs_params::file::VERSION;
use filigree_proofs_params::{
    Digest, ForeignDirectory, Kind, Proof, SectorSize, Set, check_while, published,
};

use crate::circuits::{self, Blank};
use crate::groth16::{self, Setup};
use crate::output::{Directory, Whole};
use crate::{seed, srs};

/// What one setup makes: parameters and key of a circuit, or the SRS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// What is proved.
    pub proof: Proof,
    /// For sectors of which size; none for the SRS.
    pub sector_size: Option<SectorSize>,
}

/// Everything there is for some sector sizes and proofs, each list meaning all if it is empty.
pub fn jobs(sector_sizes: &[SectorSize], proofs: &[Proof]) -> Vec<Job> {
    let wanted = |proof| proofs.is_empty() || proofs.contains(&proof);
    let mut jobs = Vec::new();
    for size in SECTOR_SIZES {
        if !sector_sizes.is_empty() && !sector_sizes.contains(&size) {
            continue;
        }
        // The quick ones first.
        for proof in [
            Proof::WindowPost,
            Proof::WinningPost,
            Proof::ReplicaUpdate,
            Proof::Porep,
        ] {
            if wanted(proof) {
                let sector_size = Some(size);
                jobs.push(Job { proof, sector_size });
            }
        }
    }
    if wanted(Proof::Aggregation) {
        jobs.push(Job {
            proof: Proof::Aggregation,
            sector_size: None,
        });
    }
    jobs
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Another process writes to the directory.
    Waiting,
    /// What is there is read.
    Checking,
    /// The setup's own.
    Setup(groth16::Stage),
}

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// What is made.
    pub job: Job,
    /// What is being done.
    pub stage: Stage,
    /// How much of it is done, in bytes, constraints or points.
    pub done: u64,
    /// Of how much; 0 if that is not known.
    pub total: u64,
}

/// Told how far things are; false cancels.
pub type Watch<'a> = &'a (dyn Fn(Progress) -> bool + Sync);

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was there, and right.
    Kept,
    /// It was made, and is as recorded.
    Made,
    /// It was made; the catalogue has no digest to compare with.
    Unrecorded,
}

/// A file that is now in its place.
#[derive(Clone, Debug)]
pub struct Made {
    /// For which proof.
    pub job: Job,
    /// Where it is.
    pub path: PathBuf,
    /// Of its bytes.
    pub digest: Digest,
    /// Its length.
    pub size_bytes: u64,
    /// What became of it.
    pub outcome: Outcome,
}

/// Why files are missing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory is not one for development parameters.
    #[error(transparent)]
    Directory(#[from] ForeignDirectory),
    /// The watch said so. What was finished stays.
    #[error("cancelled; what was finished stays")]
    Cancelled,
    /// There is no such circuit.
    #[error(transparent)]
    Circuit(#[from] circuits::Error),
    /// The setup failed.
    #[error("the setup of {id} failed: {source}")]
    Setup {
        /// The circuit's name.
        id: String,
        /// Why.
        source: groth16::Error,
    },
    /// Other bytes came out than on other machines. The file was not put in its place.
    #[error(
        "{name} came out with digest {found} instead of {expected}: this machine or this build computes wrongly, or \
         the circuit has changed"
    )]
    NotReproduced {
        /// The file's name.
        name: String,
        /// Recorded.
        expected: Digest,
        /// Computed.
        found: Digest,
    },
    /// The directory or a file in it cannot be read or written.
    #[error("cannot write parameters to {}: {source}", path.display())]
    Io {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Makes what is missing or wrong in a directory. Files appear whole; two processes may do this at once, and the later
/// one finds the work done.
pub fn generate(path: &Path, jobs: &[Job], watch: Watch) -> Result<Vec<Made>, Error> {
    if !is_development(path) {
        return Err(ForeignDirectory::NotDevelopment(path.to_path_buf()).into());
    }
    let Some(first) = jobs.first() else {
        return Ok(Vec::new());
    };
    let io = |source| Error::Io {
        path: path.to_path_buf(),
        source,
    };
    let waiting = || {
        watch(Progress {
            job: *first,
            stage: Stage::Waiting,
            done: 0,
            total: 0,
        })
    };
    let directory = Directory::open(path, &waiting).map_err(io)?;
    let directory = directory.ok_or(Error::Cancelled)?;
    let mut all = Vec::new();
    for job in jobs {
        let made = match kept(*job, &directory, watch)? {
            Some(kept) => kept,
            None if job.proof == Proof::Aggregation => vec![make_srs(*job, &directory)?],
            None => make_circuit(*job, &directory, watch)?,
        };
        all.extend(made);
    }
    Ok(all)
}

/// The files of a job, if all are there and right.
fn kept(job: Job, directory: &Directory, watch: Watch) -> Result<Option<Vec<Made>>, Error> {
    let mut kept = Vec::new();
    for kind in kinds(job) {
        let Some(file) = find(Set::Development, job.proof, job.sector_size, *kind) else {
            return Ok(None);
        };
        let total = file.size_bytes.unwrap_or(0);
        let mut done = 0;
        let finding = check_while(&file, directory.path(), &mut |bytes| {
            done += bytes;
            let stage = Stage::Checking;
            watch(Progress {
                job,
                stage,
                done,
                total,
            })
        });
        let finding = finding.ok_or(Error::Cancelled)?;
        if !finding.status.is_good() {
            return Ok(None);
        }
        kept.push(Made {
            job,
            path: finding.path,
            digest: file.digest,
            size_bytes: done,
            outcome: Outcome::Kept,
        });
    }
    Ok(Some(kept))
}

fn kinds(job: Job) -> &'static [Kind] {
    match job.proof {
        Proof::Aggregation => &[Kind::Srs],
        _ => &[Kind::Parameters, Kind::Key],
    }
}

fn make_circuit(job: Job, directory: &Directory, watch: Watch) -> Result<Vec<Made>, Error> {
    let sector_size = job.sector_size.unwrap_or(SectorSize::_2KiB);
    let blank = Blank::new(job.proof, sector_size)?;
    let io = |source| Error::Io {
        path: directory.path().to_path_buf(),
        source,
    };
    let failed = |source| match source {
        groth16::Error::Cancelled => Error::Cancelled,
        groth16::Error::Io(source) => io(source),
        source => Error::Setup {
            id: blank.id.clone(),
            source,
        },
    };
    let watch = |stage, done, total| {
        let stage = Stage::Setup(stage);
        watch(Progress {
            job,
            stage,
            done,
            total,
        })
    };
    let setup = Setup::new(|| blank.clone(), &mut seed::stream(&blank.id), &watch);
    let setup = setup.map_err(failed)?;
    let mut parameters = directory.begin().map_err(io)?;
    let key = setup.write(&mut parameters, &watch).map_err(failed)?;
    drop(setup);
    let mut key_file = directory.begin().map_err(io)?;
    key.write(&mut key_file).map_err(io)?;
    // Both or none, as far as a directory allows: the key says that a proof can be verified, so it comes last.
    let parameters = parameters.finish().map_err(io)?;
    let key = key_file.finish().map_err(io)?;
    Ok(vec![
        place(job, &blank.id, Kind::Parameters, parameters, directory)?,
        place(job, &blank.id, Kind::Key, key, directory)?,
    ])
}

fn make_srs(job: Job, directory: &Directory) -> Result<Made, Error> {
    let io = |source| Error::Io {
        path: directory.path().to_path_buf(),
        source,
    };
    let id = published::SRS_ID;
    let mut file = directory.begin().map_err(io)?;
    srs::write(SRS_PROOFS, &mut seed::stream(id), &mut file).map_err(io)?;
    let whole = file.finish().map_err(io)?;
    place(job, id, Kind::Srs, whole, directory)
}

/// Puts a file in its place, if it is as recorded.
fn place(
    job: Job,
    id: &str,
    kind: Kind,
    whole: Whole,
    directory: &Directory,
) -> Result<Made, Error> {
    let name = format!("{VERSION}-{id}.{}", kind.extension());
    let recorded = find(Set::Development, job.proof, job.sector_size, kind);
    let (digest, size_bytes) = (whole.digest, whole.size_bytes);
    if let Some(file) = recorded.filter(|file| file.digest != digest) {
        return Err(Error::NotReproduced {
            name,
            expected: file.digest,
            found: digest,
        });
    }
    whole.place(directory, &name).map_err(|source| Error::Io {
        path: directory.path().to_path_buf(),
        source,
    })?;
    Ok(Made {
        job,
        path: directory.path().join(&name),
        digest,
        size_bytes,
        outcome: match recorded {
            Some(_) => Outcome::Made,
            None => Outcome::Unrecorded,
        },
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_check_of_a_file_that_is_there_can_be_cancelled() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("parameters-dev");
        fs::create_dir(&directory).unwrap();
        let job = Job {
            proof: Proof::Aggregation,
            sector_size: None,
        };
        let srs = find(Set::Development, job.proof, None, Kind::Srs).unwrap();
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
        fs::copy(fixtures.join(srs.name()), directory.join(srs.name())).unwrap();
        let cancelled = generate(&directory, &[job], &|progress| {
            progress.stage != Stage::Checking
        });
        assert!(matches!(cancelled, Err(Error::Cancelled)));
        let kept = generate(&directory, &[job], &|_| true).unwrap();
        assert_eq!(kept[0].outcome, Outcome::Kept);
    }
}
