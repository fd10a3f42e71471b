//! `devnet`: a network of one's own, started and driven.

use std::path::{Path, PathBuf, absolute};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use filigree_daemon::options::DevnetOptions;
use filigree_rpc::json::filigree::{Rehearsed, ScheduledUpgrade};
use filigree_rpc::method::filigree::{Advance, Upgrade, UpgradeCancel, UpgradeRehearse, Upgrades};
use fvm_shared::clock::ChainEpoch;
use serde_json::{Value, json};

use crate::node::{Common, Node};
use crate::progress::Line;
use crate::task::beside;
use crate::{print, show};

/// Epochs that are asked for at once, so that there is progress to show.
const STRIDE: u64 = 20;

const HELP: &str = "\
Without a verb it starts, and stays in the foreground until Ctrl-C. At the first start it needs a bundle of actors, which
`cargo xtask devnet` builds.

Examples:
  filigree devnet
  filigree devnet --bundle devnet.car --block-time 1s --miners 3
  filigree devnet --instant --proofs mock --data DIR --bundle devnet.car
  filigree devnet --fork chain.car.zst --data DIR";
const ADVANCE_HELP: &str = "\
Only where the clock is virtual: `filigree devnet --instant`.

Examples:
  filigree devnet advance 10
  filigree devnet advance 2880 --json";
const UPGRADE_HELP: &str = "\
The new actors take over after the epoch that is named, with what their `upgrade` makes of the state there is. The node does it
on a copy of the state first, after the upgrades that come before it and by the rules of the version that is named; where that
fails, nothing is scheduled. --rehearse shows what came of it, --only-rehearse stops there. `cargo xtask bundle` makes a bundle.

Examples:
  filigree devnet upgrade --bundle new.car --at +20 --rehearse
  filigree devnet upgrade --bundle new.car --only-rehearse
  filigree devnet upgrade --bundle new.car --at 5000 --network-version 28 --json";
const CANCEL_HELP: &str = "\
One that is to come, or one that failed or cannot be run: as long as no state on the chain came of it. After that the network
makes blocks again, with the actors and the version it has.

Examples:
  filigree devnet cancel-upgrade 5000";
const UPGRADES_HELP: &str = "Examples:\n  filigree devnet upgrades";

/// Start a network of your own on this machine, or go on with it; drive and upgrade the one that runs.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = HELP)]
pub struct Devnet {
    #[command(flatten)]
    start: DevnetOptions,

    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make the blocks of so many epochs at once.
    #[command(after_help = ADVANCE_HELP)]
    Advance {
        /// How many.
        epochs: u64,

        #[command(flatten)]
        common: Common,
    },

    /// Upgrade the running network to other actors.
    #[command(after_help = UPGRADE_HELP)]
    Upgrade {
        /// The new actors, a CAR file.
        #[arg(long, value_name = "FILE.car")]
        bundle: PathBuf,

        /// The last epoch of the old ones: a height, or +20, so many after the head.
        #[arg(long, value_name = "EPOCH", value_parser = when, required_unless_present = "only_rehearse")]
        at: Option<When>,

        /// The network version from then on, none that the network has left and none that the node does not know [default: it stays].
        #[arg(long, value_name = "VERSION", requires = "at", value_parser = clap::value_parser!(u32).range(1..))]
        network_version: Option<u32>,

        /// Show what it does on a copy of the state.
        #[arg(long)]
        rehearse: bool,

        /// Do it on a copy of the state, and not on the network.
        #[arg(long, conflicts_with_all = ["at", "rehearse"])]
        only_rehearse: bool,

        #[command(flatten)]
        common: Common,
    },

    /// Take an upgrade back that is to come, or that failed.
    #[command(after_help = CANCEL_HELP)]
    CancelUpgrade {
        /// The last epoch before it, as `filigree devnet upgrades` shows it.
        epoch: ChainEpoch,

        #[command(flatten)]
        common: Common,
    },

    /// List upgrades, past and to come.
    #[command(after_help = UPGRADES_HELP)]
    Upgrades {
        #[command(flatten)]
        common: Common,
    },
}

/// An epoch, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// This one.
    At(ChainEpoch),
    /// So many after the head.
    After(ChainEpoch),
}

/// Runs the verb.
pub fn run(devnet: &Devnet) -> Result<ExitCode> {
    match &devnet.verb {
        None => return filigree_daemon::run_devnet(&devnet.start),
        Some(Verb::Advance { epochs, common }) => advance(&common.open()?, *epochs)?,
        Some(Verb::Upgrade {
            bundle,
            at,
            network_version,
            rehearse,
            only_rehearse,
            common,
        }) => {
            let node = common.open()?;
            let bundle = on_this_machine(bundle)?;
            let rehearsed = match *rehearse || *only_rehearse {
                true => Some(rehearsal(&node, &bundle)?),
                false => None,
            };
            let scheduled = match at {
                Some(at) => Some(upgrade(&node, &bundle, *at, *network_version)?),
                None => None,
            };
            show_upgrade(&node, rehearsed.as_ref(), scheduled.as_ref())?;
        }
        Some(Verb::CancelUpgrade { epoch, common }) => {
            let node = common.open()?;
            node.call(UpgradeCancel { epoch: *epoch })?;
            node.show_value(json!(epoch), || {
                format!("the upgrade after epoch {epoch} was taken back")
            })?;
        }
        Some(Verb::Upgrades { common }) => list_upgrades(&common.open()?)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn list_upgrades(node: &Node) -> Result<()> {
    let upgrades = node.call(Upgrades {})?;
    node.show(&upgrades, || {
        let rows = upgrades.iter().map(|upgrade| {
            let stands = match (upgrade.done, upgrade.failed.as_str()) {
                (true, _) => "done".to_owned(),
                (false, "") => "to come".to_owned(),
                (false, why) => format!("failed: {}", print::plain(why)),
            };
            vec![
                upgrade.epoch.to_string(),
                upgrade.version.to_string(),
                bundle_name(upgrade),
                stands,
            ]
        });
        print::columns(
            &["after epoch", "version", "actors", "stands"],
            rows,
            &[0, 1],
        )
    })
}

fn advance(node: &Node, epochs: u64) -> Result<()> {
    let line = Line::default();
    let mut done = 0;
    let mut head = node.head()?;
    while done < epochs {
        line.show_at("making blocks, epoch", head.height(), done, epochs);
        let stride = STRIDE.min(epochs - done);
        head = node.call(Advance { epochs: stride })?;
        done += stride;
    }
    line.clear();
    node.show(&head, || show::tipset(&head))
}

/// The bundle as the node, on this machine, finds it.
fn on_this_machine(bundle: &Path) -> Result<String> {
    if !bundle.is_file() {
        bail!("{} is no file", bundle.display());
    }
    let path = absolute(bundle)?;
    let path = path.to_str().context("the bundle's name is not UTF-8")?;
    Ok(path.to_owned())
}

fn rehearsal(node: &Node, bundle: &str) -> Result<Rehearsed> {
    let bundle = bundle.to_owned();
    let rehearsed = beside(node, "rehearsing the upgrade", |task| {
        node.call(UpgradeRehearse { bundle, task })
    });
    rehearsed.context("the rehearsal failed; nothing was scheduled")
}

fn upgrade(node: &Node, bundle: &str, at: When, version: Option<u32>) -> Result<ScheduledUpgrade> {
    let epoch = match at {
        When::At(epoch) => epoch,
        When::After(epochs) => node.head()?.height().saturating_add(epochs),
    };
    beside(node, "scheduling the upgrade", |task| {
        node.call(Upgrade {
            bundle: bundle.to_owned(),
            epoch,
            version: version.unwrap_or(0).into(),
            task,
        })
    })
}

fn show_upgrade(
    node: &Node,
    rehearsed: Option<&Rehearsed>,
    scheduled: Option<&ScheduledUpgrade>,
) -> Result<()> {
    let value = |json: Option<Result<Value>>| json.transpose().map(Option::unwrap_or_default);
    let json = json!({
        "rehearsed": value(rehearsed.map(print::of_rpc))?,
        "scheduled": value(scheduled.map(print::of_rpc))?,
    });
    node.show_value(json, || {
        let mut facts = Vec::new();
        if let Some(rehearsed) = rehearsed {
            facts.push(("rehearsed at", rehearsed.height.to_string()));
            facts.push((
                "actors",
                format!(
                    "{} get other code, {} upgrade their state",
                    rehearsed.replaced, rehearsed.upgraded
                ),
            ));
            facts.push(("took", format!("{} ms", rehearsed.millis)));
        }
        if let Some(scheduled) = scheduled {
            facts.push(("after epoch", scheduled.epoch.to_string()));
            facts.push(("version", scheduled.version.to_string()));
            facts.push(("actors", bundle_name(scheduled)));
        }
        print::facts(facts)
    })
}

fn bundle_name(upgrade: &ScheduledUpgrade) -> String {
    upgrade
        .bundle
        .map_or_else(|| "stay".to_owned(), |cid| cid.to_string())
}

fn when(text: &str) -> Result<When, String> {
    let (digits, make): (&str, fn(ChainEpoch) -> When) = match text.strip_prefix('+') {
        Some(digits) => (digits, When::After),
        None => (text, When::At),
    };
    let epoch = digits.parse().ok().filter(|epoch| *epoch >= 0);
    let epoch = epoch.filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()));
    epoch
        .map(make)
        .ok_or_else(|| "write an epoch, or +20 for so many after the head".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_are_heights_or_counted_from_the_head() {
        assert_eq!(when("+20"), Ok(When::After(20)));
        assert_eq!(when("5000"), Ok(When::At(5000)));
        for text in ["", "+", "-5", "++5", "soon", "+-1"] {
            assert!(when(text).is_err(), "{text}");
        }
    }
}
