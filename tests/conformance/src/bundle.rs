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
    #[error("cannot read the bundle {}: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: std::io::Error,
    },
    /// Not a CAR.
    #[error("the bundle {} is not a CAR: {reason}", path.display())]
    Car {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: fvm_ipld_car::Error,
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
        let file = File::open(path).map_err(|reason| BundleError::Read {
            path: own_path(),
            reason,
        })?;
        let (roots, blocks) =
            read_car(BufReader::new(file)).map_err(|reason| BundleError::Car {
                path: own_path(),
                reason,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use fvm_ipld_encoding::DAG_CBOR;
    use multihash_codetable::{Code, MultihashDigest};

    #[test]
    fn a_bundle_is_loaded_from_its_file() {
        let bundle = sample::bundle();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("actors.car");
        std::fs::write(&path, sample::car(bundle.root, &bundle.blocks)).unwrap();
        let loaded = Bundle::load(&path).unwrap();
        assert_eq!(
            (loaded.root, loaded.manifest),
            (bundle.root, bundle.manifest)
        );
        assert_eq!(loaded.actors, bundle.actors);
        assert!(loaded.actors.iter().any(|(name, _)| name == "system"));

        std::fs::write(&path, b"no car").unwrap();
        let error = Bundle::load(&path).unwrap_err();
        assert!(matches!(error, BundleError::Car { .. }), "{error}");
        assert!(
            error.to_string().contains("actors.car is not a CAR"),
            "{error}"
        );
    }

    #[test]
    fn what_is_no_bundle_is_refused() {
        let good = sample::bundle();
        let check = |roots: &[Cid], blocks: Blocks, words: &str| {
            let error = Bundle::new(roots, blocks).unwrap_err();
            assert!(error.contains(words), "{error}");
        };
        let blocks = || good.blocks.as_ref().clone();
        let without = |cid: &Cid| {
            let mut blocks = blocks();
            blocks.remove(cid);
            blocks
        };
        check(&[], blocks(), "0 roots");
        check(&[good.root, good.root], blocks(), "2 roots");
        check(&[good.root], without(&good.root), "is missing");
        check(&[good.root], without(&good.manifest), "is missing");
        check(&[good.manifest], blocks(), "not a version and a manifest");
        let (name, code) = &good.actors[0];
        check(
            &[good.root],
            without(code),
            &format!("the code of `{name}`"),
        );

        let data = fvm_ipld_encoding::to_vec(&(2u32, good.manifest)).unwrap();
        let root = Cid::new_v1(DAG_CBOR, Code::Blake2b256.digest(&data));
        let mut newer = blocks();
        newer.insert(root, data);
        check(&[root], newer, "version 2 instead of 1");
    }

    #[test]
    fn a_state_without_a_system_actor_names_no_bundle() {
        let mut file = sample::file();
        file.preconditions.state_tree.root_cid = file.postconditions.state_tree.root_cid;
        let mut vector = Vector::new("sample", file).unwrap();
        let root = vector.file.preconditions.state_tree.root_cid;
        let store = LayeredStore::new(vec![Arc::clone(&vector.blocks)]);
        assert_eq!(
            manifest_of(&store, &root).unwrap(),
            sample::bundle().manifest
        );

        let state: fvm_shared::state::StateRoot = store.get_cbor(&root).unwrap().unwrap();
        Arc::make_mut(&mut vector.blocks).remove(&state.actors);
        let NoActors::Unknown(why) = store_of(&vector, &[]).unwrap_err() else {
            panic!("the tree is missing");
        };
        assert_eq!(why, format!("the block {} is missing", state.actors));
    }
}
