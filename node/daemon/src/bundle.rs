//! The built-in actors, from a file into the store.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use cid::Cid;
use filigree_car::CarReader;
use filigree_state::Manifest;
use filigree_store::Db;
use fvm_ipld_blockstore::Blockstore as _;

/// Most blocks of a bundle: an actor each, and the two that name them. A file with more is none.
const MAX_BLOCKS: usize = 1_000;

/// Takes the bundle in a file into the store; gives its root.
///
/// # Errors
/// When the file cannot be read or is no bundle, or the disk is full.
pub fn load(db: &Db, path: &Path) -> Result<Cid> {
    read(db, path).with_context(|| {
        format!(
            "{} is no bundle of actors; `cargo xtask bundle --network devnet` builds one",
            path.display()
        )
    })
}

/// The list of actors that the bundle in a file is about. Little of the file is read.
///
/// # Errors
/// When it cannot be read or is no bundle.
pub fn list_of_file(path: &Path) -> Result<Cid> {
    let read = || -> Result<Cid> {
        let mut car = CarReader::new(BufReader::new(File::open(path)?))?;
        let &[root] = car.roots() else {
            bail!("it has {} roots, not one", car.roots().len());
        };
        for _ in 0..MAX_BLOCKS {
            match car.next_block()? {
                Some(block) if block.cid == root => {
                    let (_, list): (u32, Cid) = fvm_ipld_encoding::from_slice(&block.data)?;
                    return Ok(list);
                }
                Some(_) => {}
                None => break,
            }
        }
        bail!("its root is not in it")
    };
    read().with_context(|| format!("{} is no bundle of actors", path.display()))
}

fn read(db: &Db, path: &Path) -> Result<Cid> {
    let blocks = db.blocks();
    // Nothing leads to them yet.
    let _work = blocks.work();
    let mut car = CarReader::new(BufReader::new(File::open(path)?))?;
    let &[root] = car.roots() else {
        bail!("it has {} roots, not one", car.roots().len());
    };
    let mut count = 0;
    while let Some(block) = car.next_block()? {
        count += 1;
        if count > MAX_BLOCKS {
            bail!("it has more than {MAX_BLOCKS} blocks");
        }
        blocks.put_keyed(&block.cid, &block.data)?;
    }
    let manifest = Manifest::load_bundle(&blocks, &root)?;
    for (name, code) in manifest.entries() {
        if !blocks.has(code)? {
            bail!("the code of {name}, {code}, is not in it");
        }
    }
    Ok(root)
}
