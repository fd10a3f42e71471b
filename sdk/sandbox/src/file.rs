//! Sandboxes in files, and sandboxes over the files of networks.
//!
//! A saved sandbox is a CAR file whose root is a block with its settings, which links the state. A fork begins where
//! a network's snapshot ends: its blocks are read from the file as they are needed, and all that is written stays in
//! memory.

use std::collections::HashSet;
use std::io::{BufWriter, IntoInnerError, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context as _, bail, ensure};
use cid::Cid;
use filigree_build::car::Car;
use filigree_car::CarWriter;
use filigree_state::{StateRoot, scan_links};
use filigree_vm::SharedVerifier;
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::{DAG_CBOR, IPLD_RAW, from_slice, to_vec};
use fvm_shared::ActorID;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::version::NetworkVersion;
use multihash_codetable::{Code, MultihashDigest};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::builder::Builder;
use crate::car::CarFile;
use crate::sandbox::{EPOCH_DURATION_SECONDS, Sandbox};
use crate::store::Store;

/// Why a file could not be written or read.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {why:#}", path = .path.display())]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// What was wrong.
    pub why: anyhow::Error,
}

/// The root of a saved sandbox: a CBOR array.
#[derive(Serialize, Deserialize)]
struct Saved(
    /// [`MAGIC`].
    String,
    /// The state root.
    Cid,
    ChainEpoch,
    /// Unix time of epoch 0.
    u64,
    /// Base fee.
    TokenAmount,
    /// Circulating supply.
    TokenAmount,
    /// Network version.
    u32,
    /// Chain id.
    u64,
    /// Whether actors may log, upgrade, and install.
    (bool, bool, bool),
    /// Accounts made, and the seed of randomness.
    (u64, u64),
    /// Names given to actors.
    Vec<(ActorID, String)>,
    /// Wasm that was installed.
    Vec<Cid>,
);

const MAGIC: &str = "filigree sandbox 1";

/// What a chain says of itself in the header of its last block.
struct Head {
    root: Cid,
    epoch: ChainEpoch,
    timestamp: u64,
    base_fee: TokenAmount,
}

impl Sandbox {
    /// Writes the sandbox to a CAR file: the state with all below it, the installed Wasm, the settings. Native code
    /// stays behind: install it again after loading.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), FileError> {
        let path = path.as_ref();
        self.write(path).map_err(|why| FileError {
            path: path.to_owned(),
            why,
        })
    }

    /// Reads a saved sandbox. Its blocks stay in the file, which must not change meanwhile.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        read(path).map_err(|why| FileError {
            path: path.to_owned(),
            why,
        })
    }

    /// A sandbox that goes on from a network's snapshot, or from a saved sandbox. See [`Builder::fork`].
    pub fn fork(path: impl AsRef<Path>) -> Result<Self, FileError> {
        Self::builder().fork(path)
    }

    fn write(&self, path: &Path) -> anyhow::Result<()> {
        let point = &self.point;
        let network = &point.network;
        let installed: Vec<Cid> = self.directory.wasms().copied().collect();
        let saved = Saved(
            MAGIC.to_owned(),
            point.root,
            point.epoch,
            point.genesis_timestamp,
            point.base_fee.clone(),
            point.circulating_supply.clone(),
            network.version.into(),
            network.chain_id,
            (
                network.actor_debugging,
                network.allow_upgrade,
                network.allow_install,
            ),
            (point.accounts, self.seed),
            self.directory.labels(),
            installed,
        );
        let block = to_vec(&saved)?;
        let root = Cid::new_v1(DAG_CBOR, Code::Blake2b256.digest(&block));
        replace_file(path, |out| self.write_blocks(out, root, block))
    }

    /// The head and all blocks below `root`, each once.
    fn write_blocks(&self, out: &mut impl Write, root: Cid, block: Vec<u8>) -> anyhow::Result<()> {
        let mut car = CarWriter::new(out, &[root])?;
        let natives: HashSet<Cid> = self.directory.natives().map(|(code, _)| *code).collect();
        let mut seen = HashSet::from([root]);
        let mut open = vec![(root, block)];
        while let Some((cid, data)) = open.pop() {
            car.write(&cid, &data)?;
            let links = scan_links(cid.codec(), &data)
                .1
                .with_context(|| format!("the links of block {cid}"))?;
            for link in links {
                if !seen.insert(link) || natives.contains(&link) {
                    continue;
                }
                match self.store.get(&link)? {
                    Some(data) => open.push((link, data)),
                    // Code that no one installed: the actor cannot run here either.
                    None if link.codec() == IPLD_RAW => {}
                    None => bail!("block {link}, which {cid} links to, is not in the store"),
                }
            }
        }
        car.finish()?;
        Ok(())
    }
}

/// Writes beside the file first, under a name of its own: what is there stays until all is written, and may be read
/// meanwhile.
pub(crate) fn replace_file(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<NamedTempFile>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder)?;
    let mut out = BufWriter::new(NamedTempFile::new_in(folder)?);
    write(&mut out)?;
    let file = out.into_inner().map_err(IntoInnerError::into_error)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // A temporary file is the owner's alone.
        file.as_file()
            .set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    file.persist(path)?;
    Ok(())
}

impl Builder {
    /// A sandbox that goes on from a network's snapshot (a CAR of version 1, unpacked): at the epoch, time and base
    /// fee of the last block, on the state it begins with. Blocks are read from the file as they are needed; all that
    /// is written stays in memory.
    ///
    /// The network version and chain id are the builder's:
    /// `Sandbox::builder().network(Network::mainnet(NetworkVersion::V27)).fork(path)`. No signatures are asked for,
    /// so calls may come from any account of the network.
    pub fn fork(self, path: impl AsRef<Path>) -> Result<Sandbox, FileError> {
        self.fork_telling(path, &|_, _| ())
    }

    /// The same; `progress` is told how many bytes of the file are read, of how many, while it is indexed. That of a
    /// large file is kept, and the next time there is nothing to tell.
    pub fn fork_telling(
        self,
        path: impl AsRef<Path>,
        progress: &dyn Fn(u64, u64),
    ) -> Result<Sandbox, FileError> {
        let path = path.as_ref();
        fork(self, path, progress).map_err(|why| FileError {
            path: path.to_owned(),
            why,
        })
    }
}

fn fork(mut builder: Builder, path: &Path, progress: &dyn Fn(u64, u64)) -> anyhow::Result<Sandbox> {
    let car = CarFile::open(path, progress)?;
    let root = *car.roots().first().context("the file names no root")?;
    let block = car
        .get(&root)?
        .with_context(|| format!("the root {root} is not in the file"))?;
    let store = Store::over(car);
    for bundle in &builder.bundles {
        add(&store, bundle).with_context(|| format!("the bundle {}", bundle.display()))?;
    }
    if is_saved(&block) {
        return restore(builder.verifier, store, &block);
    }
    if let Ok(state) = from_slice::<StateRoot>(&block) {
        ensure!(
            store.has(&state.actors)?,
            "the state tree is not in the file"
        );
        return Sandbox::try_at(builder, store, root);
    }
    let head = head(&store, &root, &block)?;
    sound(head.epoch, &head.base_fee).context("the last block")?;
    ensure!(
        store.has(&head.root)?,
        "the state {} of the last block is not in the file: export a snapshot with state",
        head.root
    );
    builder.epoch = head.epoch;
    builder.base_fee = head.base_fee;
    let mut sandbox = Sandbox::try_at(builder, store, head.root)?;
    let since = head.epoch.saturating_mul(EPOCH_DURATION_SECONDS);
    sandbox.point.genesis_timestamp = head.timestamp.saturating_add_signed(-since);
    Ok(sandbox)
}

/// Puts the blocks of a CAR beside those of the file.
fn add(store: &Store, bundle: &Path) -> anyhow::Result<()> {
    let bytes = std::fs::read(bundle)?;
    for block in Car::read(&bytes)?.blocks {
        store.put_keyed(&block.cid, block.data)?;
    }
    Ok(())
}

/// Whether a chain can stand there.
fn sound(epoch: ChainEpoch, base_fee: &TokenAmount) -> anyhow::Result<()> {
    ensure!(epoch >= 0, "epoch {epoch} is before the chain began");
    ensure!(
        !base_fee.is_negative(),
        "the base fee, {} attoFIL, is negative",
        base_fee.atto()
    );
    Ok(())
}

/// The last block's header; in snapshots of version 2 it stands behind one more block (FRC-0108).
fn head(store: &Store, root: &Cid, block: &[u8]) -> anyhow::Result<Head> {
    #[derive(Deserialize)]
    struct Metadata {
        #[serde(rename = "HeadTipsetKey")]
        head: Vec<Cid>,
    }
    if let Ok(metadata) = from_slice::<Metadata>(block) {
        let first = metadata.head.first().context("the snapshot has no head")?;
        let block = store
            .get(first)?
            .with_context(|| format!("the head {first} is not in the file"))?;
        return header(&block).with_context(|| format!("the head {first}"));
    }
    header(block).with_context(|| {
        format!("the root {root} is no block of a chain, no state and no saved sandbox; give a chain snapshot")
    })
}

/// Reads what is needed of a block header, an array of 16.
fn header(block: &[u8]) -> anyhow::Result<Head> {
    use serde::de::IgnoredAny as Skip;
    #[derive(Deserialize)]
    struct BlockHeader(
        Skip,
        Skip,
        Skip,
        Skip,
        Skip,
        Skip,
        Skip,
        ChainEpoch,
        Cid,
        Skip,
        Skip,
        Skip,
        u64,
        Skip,
        Skip,
        TokenAmount,
    );
    let header: BlockHeader = from_slice(block).context("it is no block header")?;
    Ok(Head {
        epoch: header.7,
        root: header.8,
        timestamp: header.12,
        base_fee: header.15,
    })
}

fn read(path: &Path) -> anyhow::Result<Sandbox> {
    let car = CarFile::open(path, &|_, _| ())?;
    let root = car.roots().first().context("the file names no root")?;
    let block = car
        .get(root)?
        .with_context(|| format!("the root {root} is not in the file"))?;
    ensure!(
        is_saved(&block),
        "not a saved sandbox: only files that `Sandbox::save` wrote are loaded; a chain's snapshot is forked"
    );
    restore(Builder::default().verifier, Store::over(car), &block)
}

fn is_saved(block: &[u8]) -> bool {
    // An array of 12 that begins with a text.
    let head = [&[0x8c, 0x60 | MAGIC.len() as u8], MAGIC.as_bytes()].concat();
    block.starts_with(&head)
}

fn restore(verifier: SharedVerifier, store: Store, block: &[u8]) -> anyhow::Result<Sandbox> {
    let saved: Saved = from_slice(block).context("the settings cannot be read")?;
    let Saved(
        _,
        root,
        epoch,
        genesis,
        base_fee,
        supply,
        version,
        chain_id,
        flags,
        (accounts, seed),
        labels,
        installed,
    ) = saved;
    sound(epoch, &base_fee).context("the settings")?;
    let mut builder = Builder::default()
        .network_version(NetworkVersion::from(version))
        .chain_id(chain_id)
        .debugging(flags.0)
        .allow_upgrade(flags.1)
        .epoch(epoch)
        .base_fee(base_fee)
        .circulating_supply(supply)
        .seed(seed);
    builder.network.allow_install = flags.2;
    builder.verifier = verifier;
    let mut sandbox = Sandbox::try_at(builder, store, root)?;
    sandbox.point.genesis_timestamp = genesis;
    sandbox.point.accounts = accounts;
    for code in installed {
        let wasm = sandbox
            .store
            .get(&code)?
            .with_context(|| format!("installed code {code} is not in the file"))?;
        sandbox.learn_wasm(code, &wasm);
    }
    let directory = Rc::make_mut(&mut sandbox.directory);
    labels
        .iter()
        .for_each(|(id, name)| directory.label(*id, name));
    Ok(sandbox)
}
