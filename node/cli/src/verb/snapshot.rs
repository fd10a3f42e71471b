//! `snapshot`: a chain as one file, written beside the running node or from its directory, and taken into a new directory.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf, absolute};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand};
use filigree_daemon::config;
use filigree_daemon::home::Home;
use filigree_daemon::network::{Network, public_network};
use filigree_rpc::json::filigree::Exported;
use filigree_rpc::method::filigree::SnapshotExport;
use filigree_store::snapshot::{
    ExportProgress, ImportProgress, Imported, export_file, import_file,
};
use filigree_store::{Db, Extent};
use fvm_shared::clock::ChainEpoch;
use serde_json::json;

use crate::node::Common;
use crate::progress::Line;
use crate::task::beside;
use crate::{print, show};

/// Finality of mainnet and calibnet, and so of a network that nobody here knows.
const FINALITY_EPOCHS: ChainEpoch = 900;

/// Shown below the verbs.
pub const HELP: &str = "\
Examples:
  filigree snapshot export chain.car.zst
  filigree snapshot import chain.car.zst --data copy";

const EXPORT_HELP: &str = "\
With all headers; without --light also with all messages and states. A name that ends with .zst makes it compressed.
Where a node runs, it writes the file, on its own machine; else it is written from the data directory.

Examples:
  filigree snapshot export chain.car.zst
  filigree snapshot export light.car.zst --light --json";
const IMPORT_HELP: &str = "\
Into a data directory without a chain. The file may be of Lotus or Forest too; the states and messages of the last 900 epochs must be
in it. Of a development network the file alone says too little: --network-of names the data
directory of a node that has it. Then `filigree daemon --data DIR` serves it.

Examples:
  filigree snapshot import chain.car.zst --data copy --network-of .filigree-devnet
  filigree snapshot import mainnet.car.zst --data mainnet";

/// `snapshot` with its verb.
#[derive(Debug, Args)]
pub struct Snapshot {
    #[command(flatten)]
    common: Common,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Write the chain into a file.
    #[command(after_help = EXPORT_HELP)]
    Export {
        /// The file, which must not be there yet.
        file: PathBuf,

        /// Messages and states of the last 2,000 epochs only, as nodes exchange them.
        #[arg(long)]
        light: bool,
    },

    /// Make a chain of a file, in a data directory that has none.
    #[command(after_help = IMPORT_HELP)]
    Import {
        /// The file, compressed or not.
        file: PathBuf,

        /// The data directory of a node on the same development network.
        #[arg(long, value_name = "DIR")]
        network_of: Option<PathBuf>,
    },
}

/// Runs the verb.
pub fn run(snapshot: &Snapshot) -> Result<ExitCode> {
    match &snapshot.verb {
        Verb::Export { file, light } => export(&snapshot.common, file, *light),
        Verb::Import { file, network_of } => import(&snapshot.common, file, network_of.as_deref()),
    }
}

fn export(common: &Common, file: &Path, light: bool) -> Result<ExitCode> {
    let path = absolute(file)?;
    ensure!(!path.exists(), "{} is there already", path.display());
    let exported = match common.open_if_running()? {
        Some(node) => {
            let path = path.to_str().context("the file's name is not UTF-8")?;
            beside(&node, "writing the snapshot", |task| {
                node.call(SnapshotExport {
                    path: path.to_owned(),
                    light,
                    task,
                })
            })?
        }
        None => export_here(common, &path, light)?,
    };
    common.show(&exported, || {
        print::facts([
            ("file", print::plain(&exported.path)),
            ("head", exported.height.to_string()),
            ("headers", print::digits(exported.headers)),
            ("blocks", print::digits(exported.blocks)),
            ("bytes", print::digits(exported.bytes)),
        ])
    })?;
    Ok(ExitCode::SUCCESS)
}

fn export_here(common: &Common, path: &Path, light: bool) -> Result<Exported> {
    let home = open_home(common)?;
    let db = open_db(&home)?;
    let extent = if light { Extent::LIGHT } else { Extent::FULL };
    let line = Line::default();
    let done = export_file(&db, None, extent, path, &mut |progress: &ExportProgress| {
        line.counts(progress.counts());
        ControlFlow::Continue(())
    });
    line.clear();
    let done = done?;
    Ok(Exported {
        path: path.display().to_string(),
        height: done.head,
        headers: done.headers,
        blocks: done.blocks,
        bytes: done.bytes,
    })
}

/// The data directory, which must be there, held by this process.
pub fn open_home(common: &Common) -> Result<Home> {
    let path = common.home()?;
    ensure!(
        path.join("db").is_dir(),
        "{} holds no chain; name the data directory with --data",
        path.display()
    );
    Ok(Home::take(&path)?)
}

/// The database of a data directory, as its configuration has it.
pub fn open_db(home: &Home) -> Result<Db> {
    let environment = |name: &str| std::env::var(name).ok();
    let config = config::load(&home.config(), false, &environment, &[])?;
    Ok(Db::open(home.db(), &config.store.options())?)
}

fn import(common: &Common, file: &Path, network_of: Option<&Path>) -> Result<ExitCode> {
    let network = match network_of {
        Some(dir) => {
            let path = dir.join("network.toml");
            let network = Network::read(&path)?;
            Some(network.with_context(|| format!("{} is not there", path.display()))?)
        }
        None => None,
    };
    let home = Home::take(&common.home()?)?;
    ensure!(
        Network::read(&home.network())?.is_none(),
        "{} has a network already: name a new directory with --data",
        home.path().display()
    );
    let db = open_db(&home)?;
    let own = network.as_ref().map(Network::config).transpose()?;
    let finality = own.map_or(FINALITY_EPOCHS, |config| config.finality_epochs);
    let imported = load(&db, file, finality)?;
    drop(db);
    let genesis = show::key(&imported.genesis);
    if let Some(network) = &network {
        if genesis != network.genesis {
            // Nobody can use it, and it would be in the way of the right one.
            fs::remove_dir_all(home.db())?;
            bail!(
                "{} is of another network than {}: its first block is {genesis}",
                file.display(),
                network.name
            );
        }
        // Last: a directory with a network and no chain would be taken for one that is to begin.
        network.write(&home.network())?;
    }
    let is_known = network.is_some() || public_network(&imported.genesis).is_some();
    show_imported(common, &home, &imported, is_known)?;
    Ok(ExitCode::SUCCESS)
}

fn load(db: &Db, file: &Path, finality_epochs: ChainEpoch) -> Result<Imported> {
    // Unknown of what is no plain file.
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    let line = Line::default();
    let report = &mut |progress: &ImportProgress| {
        line.counts(progress.counts(length));
        ControlFlow::Continue(())
    };
    let imported = import_file(db, file, finality_epochs, report);
    line.clear();
    Ok(imported?)
}

fn show_imported(common: &Common, home: &Home, imported: &Imported, is_known: bool) -> Result<()> {
    let data = home.path().display();
    // Of a network that nobody here knows, no node can say what its rules are.
    let next = match is_known {
        true => ("next", format!("filigree daemon --data {data}")),
        false => (
            "unknown",
            "neither mainnet nor calibnet begins with this block. The chain can be checked and exported; a node can serve it if it \
             is imported with --network-of DIR, the data directory of a node that has its network"
                .to_owned(),
        ),
    };
    // Below, as most files have it, there are only headers.
    let from = imported.floor.map_or(0, |floor| floor + 1);
    let json = json!({
        "states_from": from,
        "head": show::key(&imported.head.key),
        "height": imported.head.height,
        "genesis": show::key(&imported.genesis),
        "is_known": is_known,
        "tipsets": imported.tipsets,
        "blocks": imported.loaded.blocks,
    });
    common.show_value(json, || {
        print::facts([
            ("data", data.to_string()),
            ("height", imported.head.height.to_string()),
            ("head", show::key(&imported.head.key)),
            ("first block", show::key(&imported.genesis)),
            ("tipsets", print::digits(imported.tipsets)),
            ("states and messages", format!("from epoch {from} on")),
            ("blocks", print::digits(imported.loaded.blocks)),
            next,
        ])
    })
}
