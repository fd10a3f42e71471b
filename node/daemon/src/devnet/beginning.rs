//! What a network begins with: actors and nothing else, or the state of another network with all that is in it.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use cid::Cid;
use filigree_blocks::{BlockHeader, TipsetKey};
use filigree_consensus::ChainConfig;
use filigree_genesis::devnet::VERSION;
use filigree_genesis::{Genesis, Origin, Template, fork, make, origin};
use filigree_store::{Db, LoadProgress, snapshot};
use filigree_vm::Engines;
use fvm_ipld_blockstore::Blockstore as _;
use fvm_shared::ActorID;
use fvm_shared::clock::ChainEpoch;

use super::Means;
use crate::bundle;
use crate::network::Fork;

/// The first miner's id, where nobody was before: those of a template follow each other.
const FIRST_MINER: ActorID = 1_000;
/// Accounts beside those of the miners' workers.
pub(super) const ACCOUNTS: u64 = 3;
/// How often it is said how far a long file was read.
const TELL: Duration = Duration::from_secs(5);

/// See the head of the file.
pub(super) enum Beginning {
    /// The root of the actors.
    Anew(Cid),
    /// Another network's state.
    Forked(Box<Forked>),
}

/// Another network's state, in the store.
pub(super) struct Forked {
    state: Cid,
    epoch: ChainEpoch,
    head: TipsetKey,
    origin: Origin,
    /// The root of other actors, if they shall be others.
    bundle: Option<Cid>,
}

impl Beginning {
    /// Reads the files.
    pub fn read(means: &Means<'_>, db: &Db) -> Result<Self> {
        let bundle = match means.bundle {
            Some(path) => {
                tracing::info!(bundle = %path.display(), "reading the actors");
                Some(bundle::load(db, path)?)
            }
            None => None,
        };
        match (means.fork, bundle) {
            (Some(path), bundle) => {
                let forked = Forked::read(db, path, bundle)
                    .with_context(|| format!("{} cannot be forked", path.display()))?;
                Ok(Self::Forked(Box::new(forked)))
            }
            (None, Some(bundle)) => Ok(Self::Anew(bundle)),
            (None, None) => bail!("a network needs its actors"),
        }
    }

    /// The id that the first of so many miners will have.
    pub fn first_miner(&self, miners: u64) -> ActorID {
        match self {
            Self::Anew(_) => FIRST_MINER,
            Self::Forked(forked) => forked.origin.next_id + ACCOUNTS + miners,
        }
    }

    /// The root of the actors, where the template names them.
    pub fn bundle(&self) -> Option<Cid> {
        match self {
            Self::Anew(bundle) => Some(*bundle),
            Self::Forked(forked) => forked.bundle,
        }
    }

    /// What is noted of it.
    pub fn fork(&self) -> Option<Fork> {
        match self {
            Self::Anew(_) => None,
            Self::Forked(forked) => Some(Fork {
                network: forked.origin.network_name.clone(),
                epoch: forked.epoch,
                head: shown(&forked.head),
            }),
        }
    }

    /// Makes the first block.
    pub fn make(&self, db: &Db, engines: &Engines, template: &Template) -> Result<Genesis> {
        Ok(match self {
            Self::Anew(bundle) => make(db.blocks(), engines, bundle, template)?,
            Self::Forked(forked) => fork(
                db.blocks(),
                engines,
                &forked.state,
                forked.bundle.as_ref(),
                template,
            )?,
        })
    }
}

impl Forked {
    fn read(db: &Db, path: &Path, bundle: Option<Cid>) -> Result<Self> {
        tracing::info!(file = %path.display(), "reading the network to fork");
        let mut told = Instant::now();
        let head = snapshot::load_file(db, path, &mut |progress: &LoadProgress| {
            if told.elapsed() > TELL {
                told = Instant::now();
                tracing::info!(
                    blocks = progress.blocks,
                    mib = progress.file_bytes >> 20,
                    "read so far"
                );
            }
            ControlFlow::Continue(())
        })?;
        let first = head.cids().first().context("it names no head")?;
        let header = db.blocks().get(first)?;
        let header = header.with_context(|| format!("its head {first} is not in it"))?;
        let header = BlockHeader::from_bytes(&header)
            .with_context(|| format!("its root {first} is no block of a chain"))?;
        let origin = origin(db.blocks(), &header.parent_state)?;
        refuse_other_versions(&origin, header.height)?;
        tracing::info!(network = %origin.network_name, epoch = header.height, state = %header.parent_state, "found the state");
        Ok(Self {
            state: header.parent_state,
            epoch: header.height,
            head,
            origin,
            bundle,
        })
    }
}

/// Public networks say by their epochs which version they are of; of others the states of their actors must do.
fn refuse_other_versions(origin: &Origin, epoch: ChainEpoch) -> Result<()> {
    let known = [ChainConfig::mainnet(), ChainConfig::calibnet()];
    let Some(config) = known
        .iter()
        .find(|config| config.name == origin.network_name)
    else {
        return Ok(());
    };
    let version = u32::from(config.version_at(epoch));
    if version != VERSION {
        bail!(
            "{} has network version {version} at epoch {epoch}; networks of one's own are of version {VERSION}, and their miners are \
             set up by its rules: take a snapshot of an epoch that has it",
            origin.network_name
        );
    }
    Ok(())
}

/// That a network which is there began with the state that this file is about.
///
/// # Errors
/// When it did not.
pub fn check(network: &str, began: Option<&Fork>, asked: &Path) -> Result<()> {
    let advice = "leave --fork out to go on with it, add --reset for a new network in its place, or name another directory with \
                  --data";
    let Some(began) = began else {
        bail!("the network {network} was not forked; {advice}");
    };
    // The file is not needed any more, so it may be gone.
    if !asked.exists() {
        return Ok(());
    }
    if shown(&head(asked)?) != began.head {
        bail!(
            "the network {network} began with the state of {} after epoch {}, and {} is another; {advice}",
            began.network,
            began.epoch,
            asked.display()
        );
    }
    Ok(())
}

/// The head that a file to fork is about.
///
/// # Errors
/// When it is no snapshot and no genesis.
pub fn head(path: &Path) -> Result<TipsetKey> {
    let head = snapshot::head_of_file(path);
    head.with_context(|| format!("{} cannot be forked", path.display()))
}

fn shown(head: &TipsetKey) -> String {
    let cids: Vec<String> = head.cids().iter().map(Cid::to_string).collect();
    cids.join(",")
}
