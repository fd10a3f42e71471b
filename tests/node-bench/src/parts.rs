//! Parts of the benchmark, each in a process of its own: this program, told to measure one part itself and to print JSON.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use filigree_bundle::{Network, Recipe, kept};

use crate::figures::{Differ, Figures, load};
use crate::options::{BenchNode, Part};
use crate::{blocks, epochs, rpc, snapshots, tipsets};

/// All parts, in their order.
const ALL: [Part; 5] = [
    Part::Tipsets,
    Part::Blocks,
    Part::Snapshot,
    Part::Rpc,
    Part::Epochs,
];
/// Epochs and rounds of a quick run.
const QUICK_EPOCHS: u64 = 30;
const QUICK_ROUNDS: usize = 2;

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Tipsets => "tipsets",
            Self::Blocks => "blocks",
            Self::Snapshot => "snapshot",
            Self::Rpc => "rpc",
            Self::Epochs => "epochs",
        }
    }
}

/// Measures all parts that are wanted.
///
/// # Errors
/// What goes wrong in a part; [`Differ`] if that is that two sides do not come to the same.
pub fn measure(options: &BenchNode) -> Result<Figures> {
    let folder = tempfile::tempdir()?;
    let bundle = match &options.bundle {
        Some(given) => given.clone(),
        None => {
            let file = folder.path().join("builtin-actors-devnet.car");
            std::fs::write(&file, kept::car(&Recipe::of(Network::Devnet))?)?;
            file
        }
    };
    let mut figures = Figures::new()?;
    for part in ALL {
        if options.only.is_none_or(|only| only == part) {
            figures.add(in_process(options, part, &bundle)?);
        }
    }
    figures.load[1] = load()?;
    Ok(figures)
}

fn in_process(options: &BenchNode, part: Part, bundle: &Path) -> Result<Figures> {
    let program = std::env::current_exe().context("this program's own file is not known")?;
    let mut command = Command::new(program);
    command
        .args(["--here", "--json", "--only", part.name(), "--bundle"])
        .arg(bundle)
        .args(["--rounds", &options.rounds.to_string()])
        .args(["--epochs", &options.epochs.to_string()])
        .args(options.quick.then_some("--quick"))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    let output = command.output().context("this program does not start")?;
    let name = part.name();
    match output.status.code() {
        Some(0) => {}
        Some(1) => bail!(Differ(name.to_owned())),
        _ => bail!("the part {name} failed: its message is above"),
    }
    serde_json::from_slice(&output.stdout).with_context(|| format!("what the part {name} printed"))
}

/// Measures the one part that is wanted, in this process.
///
/// # Errors
/// As [`measure`].
pub fn here(options: &BenchNode) -> Result<Figures> {
    let bundle = options.bundle.as_deref().context("--bundle is missing")?;
    let quick = options.quick;
    let (rounds, epochs_wanted) = match quick {
        true => (QUICK_ROUNDS, QUICK_EPOCHS),
        false => (usize::from(options.rounds), options.epochs),
    };
    ensure!(rounds > 0, "there is no median of no rounds");
    let mut figures = Figures::new()?;
    match options.only.context("--only is missing")? {
        Part::Tipsets => {
            let sizes = if quick {
                tipsets::Sizes::QUICK
            } else {
                tipsets::Sizes::FULL
            };
            figures.tipsets = Some(tipsets::measure(bundle, &sizes, rounds)?);
        }
        Part::Blocks => {
            let sizes = if quick {
                blocks::Sizes::QUICK
            } else {
                blocks::Sizes::FULL
            };
            figures.blocks = Some(blocks::measure(bundle, &sizes, rounds)?);
        }
        Part::Snapshot => {
            let sizes = if quick {
                snapshots::Sizes::QUICK
            } else {
                snapshots::Sizes::FULL
            };
            figures.snapshot = Some(snapshots::measure(bundle, &sizes, rounds)?);
        }
        Part::Rpc => {
            let sizes = if quick {
                rpc::Sizes::QUICK
            } else {
                rpc::Sizes::FULL
            };
            figures.rpc = Some(rpc::measure(bundle, &sizes)?);
        }
        Part::Epochs => figures.epochs = Some(epochs::measure(bundle, epochs_wanted)?),
    }
    figures.load[1] = load()?;
    Ok(figures)
}

/// The exit code of an error.
pub fn code(error: &anyhow::Error) -> ExitCode {
    let differ = error.downcast_ref::<Differ>().is_some();
    ExitCode::from(if differ { 1 } else { 2 })
}
