//! Verifying keys: read, checked by digest and parsed when a node starts, in memory from then on.
//!
//! Nothing that happens to the files later changes a verdict. A key with a fault is remembered with its reason, so that a
//! node that did not insist on all keys (a tool that replays 32 GiB sectors, say) still stops at the first proof that it
//! cannot judge, with the file's name and the command that brings it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use bellperson::groth16::aggregate::VerifierSRS;
use bellperson::groth16::{PreparedVerifyingKey, VerifyingKey, prepare_verifying_key};
use blstrs::Bls12;
use filigree_proofs_params::{File, Finding, Kind, Proof, check, read_verified};
use filigree_vm::VerifyError;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use crate::srs::SrsPoints;

/// Why a key cannot be used, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    /// The file is missing, unreadable, or not the one that the network uses.
    #[error("{0}")]
    File(Box<Finding>),
    /// The file is the one that was meant, and holds no key: the catalogue is wrong.
    #[error("{} holds no key: {reason}", path.display())]
    NoKey {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        reason: String,
    },
}

/// All keys that a node verifies with.
#[derive(Debug, Default)]
pub struct Keys {
    circuits: BTreeMap<(Proof, u64), Result<Key, Arc<KeyFault>>>,
    srs: Option<Result<SrsPoints, Arc<KeyFault>>>,
}

/// A verifying key. Its tables, some 25 kB for each public input, are made when they are first needed.
struct Key {
    key: VerifyingKey<Bls12>,
    prepared: OnceLock<PreparedVerifyingKey<Bls12>>,
}

impl Keys {
    /// Reads `files` from `folder`: those of a [`Selection`](filigree_proofs_params::Selection) for the role "verify".
    /// Parameters among them are passed over.
    pub fn load(folder: &Path, files: &[File]) -> Self {
        let loaded: Vec<_> = files
            .par_iter()
            .map(|file| (file, Loaded::read(file, folder).map_err(Arc::new)))
            .collect();
        let mut keys = Self::default();
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
            Some(Ok(key)) => Ok(key.prepared.get_or_init(|| prepare_verifying_key(&key.key))),
            Some(Err(fault)) => Err(unavailable(fault)),
            None => Err(VerifyError::Unavailable(anyhow::anyhow!(
                "this node was started without the verifying key of {proof} for sectors of {size_bytes} bytes"
            ))),
        }
    }

    /// The reference string that verifies aggregates of `proofs` Groth16 proofs, a power of two.
    pub fn srs(&self, proofs: usize) -> Result<VerifierSRS<Bls12>, VerifyError> {
        match &self.srs {
            Some(Ok(points)) => points.specialize(proofs),
            Some(Err(fault)) => Err(unavailable(fault)),
            None => Err(VerifyError::Unavailable(anyhow::anyhow!(
                "this node was started without the reference string of aggregation"
            ))),
        }
    }
}

fn unavailable(fault: &Arc<KeyFault>) -> VerifyError {
    VerifyError::Unavailable(anyhow::Error::new(Arc::clone(fault)))
}

/// What a file held.
enum Loaded {
    Nothing,
    Key(Box<Key>),
    Srs(Box<SrsPoints>),
}

impl Loaded {
    fn read(file: &File, folder: &Path) -> Result<Self, KeyFault> {
        let no_key = |reason: String| KeyFault::NoKey {
            path: folder.join(file.name()),
            reason,
        };
        match file.kind {
            Kind::Parameters => Ok(Self::Nothing),
            Kind::Key => {
                let bytes = read_verified(file, folder).map_err(KeyFault::File)?;
                let key = Key::parse(&bytes).map_err(no_key)?;
                Ok(Self::Key(Box::new(key)))
            }
            Kind::Srs => {
                let finding = check(file, folder, &mut |_| ());
                if !finding.status.is_good() {
                    return Err(KeyFault::File(Box::new(finding)));
                }
                let open = fs::File::open(&finding.path).map(BufReader::new);
                let points = open.and_then(SrsPoints::read);
                let points = points.map_err(|e| no_key(e.to_string()))?;
                Ok(Self::Srs(Box::new(points)))
            }
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key of {} public inputs", self.key.ic.len())
    }
}

impl Key {
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
