//! Verifying keys: read, checked by digest and parsed when a node starts, in memory from then on.
//!
//! Nothing that happens to the files later changes a verdict. A key with a fault is remembered with its reason, so that a
//! node that did not insist on all keys (a tool that replays 32 GiB sectors, say) still stops at the first proof that it
//! cannot judge, with the file's name and the command that brings it.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use bellperson::groth16::aggregate::VerifierSRS;
use bellperson::groth16::{PreparedVerifyingKey, VerifyingKey, prepare_verifying_key};
use blstrs::Bls12;
use filigree_proofs_params::{
    File, Finding, Kind, Proof, SectorSize, Set, Status, catalogue, directory, open_verified,
    read_verified,
};
use filigree_vm::VerifyError;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use crate::srs::{self, SrsPoints};

/// Why a key cannot be used, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    /// The file is missing, unreadable, or not the one that the network uses.
    #[error("{0}")]
    File(Box<Finding>),
    /// The file is the one that was meant, and holds no key: the catalogue is wrong, or this machine.
    #[error(
        "{} ({}) has the right digest and holds no key: {reason}; remove it and run: {}; if that does not help, \
         this program is at fault", path.display(), file.purpose(), remedy(file, path)
    )]
    NoKey {
        /// The file.
        file: Box<File>,
        /// Where it is.
        path: PathBuf,
        /// What is wrong in it.
        reason: String,
    },
    /// The node was started without asking for the file.
    #[error(
        "this node was started without {} ({}); run: {}; and start it with that file", path.display(),
        file.purpose(), remedy(file, path)
    )]
    NotLoaded {
        /// The file.
        file: Box<File>,
        /// Where it belongs.
        path: PathBuf,
    },
    /// No file of the set is for such sectors.
    #[error(
        "the {set} set in {} has no verifying key of {proof} for sectors of {size_bytes} bytes; see: filigree params \
         list --set {set}", folder.display()
    )]
    NoSuchFile {
        /// The set that keys were loaded of.
        set: Set,
        /// The folder that they were loaded from.
        folder: PathBuf,
        /// What is to be verified.
        proof: Proof,
        /// For sectors of this size.
        size_bytes: u64,
    },
    /// The reference string is the one that was meant, and made for smaller aggregates.
    #[error(
        "{} ({}) is too short for aggregates of {proofs} proofs; no longer one comes by: {}", path.display(),
        file.purpose(), remedy(file, path)
    )]
    ShortSrs {
        /// The file.
        file: Box<File>,
        /// Where it is.
        path: PathBuf,
        /// How many Groth16 proofs are in the aggregate.
        proofs: usize,
    },
}

fn remedy(file: &File, path: &Path) -> String {
    file.remedy(path.parent().unwrap_or(Path::new(".")))
}

/// All keys that a node verifies with.
#[derive(Debug)]
pub struct Keys {
    /// Whose they are, and where: so that one which was not asked for can be named.
    set: Set,
    folder: PathBuf,
    circuits: BTreeMap<(Proof, u64), Result<Key, Arc<KeyFault>>>,
    srs: Option<Result<SrsPoints, Arc<KeyFault>>>,
}

impl Default for Keys {
    /// None of the network's keys, where they usually are.
    fn default() -> Self {
        Self::none(Set::Production, &directory::usual(Set::Production))
    }
}

/// A verifying key. Its tables, some 25 kB for each public input, are made when they are first needed.
struct Key {
    key: VerifyingKey<Bls12>,
    prepared: OnceLock<PreparedVerifyingKey<Bls12>>,
}

impl Keys {
    /// Reads `files` from `folder`: those of a [`Selection`](filigree_proofs_params::Selection) for the role "verify".
    /// Parameters among them are passed over.
    ///
    /// This is for tools, which may take what set they like. A node asks
    /// [`ProofVerifier::for_network`](crate::ProofVerifier::for_network), which refuses what its network does not take.
    pub fn load(folder: &Path, files: &[File]) -> Self {
        let loaded: Vec<_> = files
            .par_iter()
            .map(|file| (file, Loaded::read(file, folder).map_err(Arc::new)))
            .collect();
        let set = files.first().map_or(Set::Production, |file| file.set);
        let mut keys = Self::none(set, folder);
        for (file, loaded) in loaded {
            let size = file.sector_size.map_or(0, |size| size.bytes());
            match loaded {
                Ok(Loaded::Nothing) => (),
                Ok(Loaded::Key(key)) => {
                    keys.circuits.insert((file.proof, size), Ok(*key));
                }
                Ok(Loaded::Srs(points)) => keys.srs = Some(Ok(*points)),
                Err(fault) if file.kind == Kind::Srs => keys.srs = Some(Err(fault)),
                Err(fault) => {
                    keys.circuits.insert((file.proof, size), Err(fault));
                }
            }
        }
        keys
    }

    /// None of a set's keys that are in a folder.
    fn none(set: Set, folder: &Path) -> Self {
        Self {
            set,
            folder: folder.to_owned(),
            circuits: BTreeMap::new(),
            srs: None,
        }
    }

    /// The keys, if all that were asked for are there: what a node insists on before it starts.
    pub fn complete(self) -> Result<Self, Vec<Arc<KeyFault>>> {
        let faults: Vec<_> = self.faults().cloned().collect();
        if faults.is_empty() {
            Ok(self)
        } else {
            Err(faults)
        }
    }

    /// Keys that were asked for and cannot be used.
    pub fn faults(&self) -> impl Iterator<Item = &Arc<KeyFault>> {
        let circuits = self.circuits.values().filter_map(|key| key.as_ref().err());
        circuits.chain(self.srs.iter().filter_map(|srs| srs.as_ref().err()))
    }

    /// The verifying key of a proof for sectors of `size_bytes`.
    pub fn of(
        &self,
        proof: Proof,
        size_bytes: u64,
    ) -> Result<&PreparedVerifyingKey<Bls12>, VerifyError> {
        match self.circuits.get(&(proof, size_bytes)) {
            Some(Ok(key)) => Ok(key.prepared()),
            Some(Err(fault)) => Err(unavailable(Arc::clone(fault))),
            None => Err(unavailable(self.lacking(proof, size_bytes, not_loaded))),
        }
    }

    /// The reference string that verifies aggregates of `proofs` Groth16 proofs, a power of two.
    pub fn srs(&self, proofs: usize) -> Result<VerifierSRS<Bls12>, VerifyError> {
        if !srs::may_have(proofs) {
            return Err(VerifyError::Malformed(format!(
                "no aggregate has {proofs} proofs"
            )));
        }
        let fault = match &self.srs {
            Some(Ok(points)) => match points.specialize(proofs) {
                Some(srs) => return Ok(srs),
                None => self.lacking(Proof::Aggregation, 0, |file, path| KeyFault::ShortSrs {
                    file,
                    path,
                    proofs,
                }),
            },
            Some(Err(fault)) => Arc::clone(fault),
            None => self.lacking(Proof::Aggregation, 0, not_loaded),
        };
        Err(unavailable(fault))
    }

    /// `fault` of the file that verifies a proof for sectors of `size_bytes` (0: of all sizes), if the set has one.
    fn lacking(
        &self,
        proof: Proof,
        size_bytes: u64,
        fault: impl FnOnce(Box<File>, PathBuf) -> KeyFault,
    ) -> Arc<KeyFault> {
        let size = SectorSize::ALL
            .into_iter()
            .find(|size| size.bytes() == size_bytes);
        let kind = match proof {
            Proof::Aggregation => Kind::Srs,
            _ => Kind::Key,
        };
        Arc::new(match catalogue::find(self.set, proof, size, kind) {
            Some(file) => fault(Box::new(file), self.folder.join(file.name())),
            None => KeyFault::NoSuchFile {
                set: self.set,
                folder: self.folder.clone(),
                proof,
                size_bytes,
            },
        })
    }
}

fn not_loaded(file: Box<File>, path: PathBuf) -> KeyFault {
    KeyFault::NotLoaded { file, path }
}

fn unavailable(fault: Arc<KeyFault>) -> VerifyError {
    VerifyError::Unavailable(anyhow::Error::new(fault))
}

/// What a file held.
enum Loaded {
    Nothing,
    Key(Box<Key>),
    Srs(Box<SrsPoints>),
}

impl Loaded {
    fn read(file: &File, folder: &Path) -> Result<Self, KeyFault> {
        match file.kind {
            Kind::Parameters => Ok(Self::Nothing),
            Kind::Key => {
                let bytes = read_verified(file, folder).map_err(KeyFault::File)?;
                let key = Key::parse(&bytes).map_err(|reason| no_key(file, folder, reason))?;
                Ok(Self::Key(Box::new(key)))
            }
            Kind::Srs => {
                let opened = open_verified(file, folder).map_err(KeyFault::File)?;
                let points = SrsPoints::read(BufReader::new(opened));
                let points = points.map_err(|error| no_srs(file, folder, error))?;
                Ok(Self::Srs(Box::new(points)))
            }
        }
    }
}

fn no_key(file: &File, folder: &Path, reason: String) -> KeyFault {
    KeyFault::NoKey {
        file: Box::new(*file),
        path: folder.join(file.name()),
        reason,
    }
}

/// Bytes that are no string, or a disk that does not give them.
fn no_srs(file: &File, folder: &Path, error: io::Error) -> KeyFault {
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            no_key(file, folder, error.to_string())
        }
        _ => KeyFault::File(Box::new(Finding {
            file: *file,
            path: folder.join(file.name()),
            status: Status::from(error),
        })),
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key of {} public inputs", self.key.ic.len())
    }
}

impl Key {
    /// Its tables. They are not made under the lock: that is work for the pool, whose thread may take up another proof of
    /// this key while it waits for the others, and would wait for itself. Threads that come at once make them each for
    /// itself, and the first one's are kept.
    fn prepared(&self) -> &PreparedVerifyingKey<Bls12> {
        self.prepared.get().unwrap_or_else(|| {
            let prepared = prepare_verifying_key(&self.key);
            self.prepared.get_or_init(|| prepared)
        })
    }

    fn parse(mut bytes: &[u8]) -> Result<Self, String> {
        let key = VerifyingKey::read(&mut bytes).map_err(|e| e.to_string())?;
        if !bytes.is_empty() {
            return Err(format!("{} bytes follow it", bytes.len()));
        }
        Ok(Self {
            key,
            prepared: OnceLock::new(),
        })
    }
}
