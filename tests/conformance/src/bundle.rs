//! Bundles of actors: a CAR whose root is `(version, CID of the manifest's data)`; the data is a list of names and code
//! CIDs (FIP-0031).
//!
//! A vector holds state, not the Wasm of the actors; its system actor's state names the manifest it was recorded with.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cid::Cid;
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::{CborStore, from_slice};
use fvm_shared::ActorID;

use crate::store::{Blocks, LayeredStore, read_car};
use crate::tree::find_actor;
use crate::vector::Vector;

const SYSTEM_ACTOR: ActorID = 0;

/// A bundle, loaded.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// Its root in the CAR.
    pub root: Cid,
    /// CID of the manifest's data, which the system actor's state holds.
    pub manifest: Cid,
    /// Names and code CIDs, in the manifest's order.
    pub actors: Vec<(String, Cid)>,
    /// Its blocks.
    pub blocks: Arc<Blocks>,
}

/// Why a bundle cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The file cannot be read.
    #[error("cannot read the bundle {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Not a CAR.
    #[error("the bundle {} is not a CAR: {source}", path.display())]
    Car {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: fvm_ipld_car::Error,
    },
    /// A CAR, but not of a bundle.
    #[error("the CAR {} is not a bundle of actors: {reason}", path.display())]
    NotABundle {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl Bundle {
    /// Loads a bundle from its CAR.
    pub fn load(path: &Path) -> Result<Self, BundleError> {
        let own_path = || path.to_owned();
        let file = File::open(path).map_err(|source| BundleError::Read {
            path: own_path(),
            source,
        })?;
        let (roots, blocks) =
            read_car(BufReader::new(file)).map_err(|source| BundleError::Car {
                path: own_path(),
                source,
            })?;
        Self::new(&roots, blocks).map_err(|reason| BundleError::NotABundle {
            path: own_path(),
            reason,
        })
    }

    /// The bundle in the blocks of a CAR; else what is wrong with it.
    pub fn new(roots: &[Cid], blocks: Blocks) -> Result<Self, String> {
        let [root] = roots else {
            return Err(format!("it has {} roots instead of one", roots.len()));
        };
        let read = |cid: &Cid| blocks.get(cid).ok_or(format!("the block {cid} is missing"));
        let (version, manifest): (u32, Cid) = from_slice(read(root)?)
            .map_err(|e| format!("its root is not a version and a manifest: {e}"))?;
        if version != 1 {
            return Err(format!("its manifest has version {version} instead of 1"));
        }
        let actors: Vec<(String, Cid)> = from_slice(read(&manifest)?)
            .map_err(|e| format!("its manifest is not a list of names and code: {e}"))?;
        for (name, code) in &actors {
            read(code).map_err(|e| format!("the code of `{name}` is not in it: {e}"))?;
        }
        Ok(Self {
            root: *root,
            manifest,
            actors,
            blocks: Arc::new(blocks),
        })
    }
}

/// Why the actors of a vector are not at hand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoActors {
    /// None of the given bundles is the one it was recorded with.
    #[error("its bundle is not given: the one with manifest {manifest}")]
    BundleNotGiven {
        /// CID of the manifest's data, from the system actor's state.
        manifest: Cid,
    },
    /// The vector does not say which bundle it needs.
    #[error("cannot tell which bundle it needs: {0}")]
    Unknown(String),
}

/// CID of the manifest's data that a state tree runs with, from the system actor's state.
pub fn manifest_of(store: &impl Blockstore, state_root: &Cid) -> Result<Cid, String> {
    let actor = find_actor(store, state_root, SYSTEM_ACTOR)
        .map_err(|e| e.to_string())?
        .ok_or("there is no system actor")?;
    let state: Option<(Cid,)> = store
        .get_cbor(&actor.state)
        .map_err(|e| format!("the system actor's state: {e}"))?;
    let (manifest,) = state.ok_or("the system actor's state is missing")?;
    Ok(manifest)
}

/// A store with the vector's blocks and its actors: from one of `bundles`, unless the vector holds their code itself.
pub fn store_of(vector: &Vector, bundles: &[Bundle]) -> Result<LayeredStore, NoActors> {
    let own = LayeredStore::new(vec![Arc::clone(&vector.blocks)]);
    let root = &vector.file.preconditions.state_tree.root_cid;
    let manifest = manifest_of(&own, root).map_err(NoActors::Unknown)?;
    if let Some(bundle) = bundles.iter().find(|bundle| bundle.manifest == manifest) {
        return Ok(LayeredStore::new(vec![
            Arc::clone(&vector.blocks),
            Arc::clone(&bundle.blocks),
        ]));
    }
    let actors: Option<Vec<(String, Cid)>> = own.get_cbor(&manifest).ok().flatten();
    let complete = |actors: Vec<(String, Cid)>| {
        let mut codes = actors.iter().map(|(_, code)| code);
        codes.all(|code| vector.blocks.contains_key(code))
    };
    if actors.is_some_and(complete) {
        return Ok(own);
    }
    Err(NoActors::BundleNotGiven { manifest })
}
