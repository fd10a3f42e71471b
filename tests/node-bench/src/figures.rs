//! What the benchmark prints, as tables or as JSON.

use std::fmt;
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::blocks::BlockFigures;
use crate::epochs::EpochFigures;
use crate::rpc::MethodFigures;
use crate::snapshots::SnapshotFigures;
use crate::tipsets::TipsetFigures;

/// What the node may take for a tipset, of what the bare host takes for its messages.
const AIM: f64 = 1.25;
/// Bytes of a MiB.
const MIB: f64 = 1_048_576.0;

/// Two sides do not come to the same.
#[derive(Debug, thiserror::Error)]
#[error("two sides do not come to the same: {0}")]
pub struct Differ(pub String);

/// All figures of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figures {
    /// Processors that could be used.
    pub processors: usize,
    /// Load average of the last minute when the run began, and when it ended.
    pub load: [f64; 2],
    /// Validation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tipsets: Option<Vec<TipsetFigures>>,
    /// Production.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocks: Option<BlockFigures>,
    /// Export and import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Vec<SnapshotFigures>>,
    /// Answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rpc: Option<Vec<MethodFigures>>,
    /// Memory and disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<EpochFigures>,
}

impl Figures {
    /// None yet.
    ///
    /// # Errors
    /// When the system does not say how many processors it has, or how busy they are.
    pub fn new() -> Result<Self> {
        Ok(Self {
            processors: available_parallelism()?.get(),
            load: [load()?; 2],
            tipsets: None,
            blocks: None,
            snapshot: None,
            rpc: None,
            epochs: None,
        })
    }

    /// Takes over the parts of others.
    pub fn add(&mut self, other: Self) {
        self.tipsets = self.tipsets.take().or(other.tipsets);
        self.blocks = self.blocks.take().or(other.blocks);
        self.snapshot = self.snapshot.take().or(other.snapshot);
        self.rpc = self.rpc.take().or(other.rpc);
        self.epochs = self.epochs.take().or(other.epochs);
    }
}

/// The load average of the last minute.
///
/// # Errors
/// When the system does not say.
pub fn load() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/loadavg").context("cannot read /proc/loadavg")?;
    let first = text.split_whitespace().next().unwrap_or_default();
    first.parse().context("/proc/loadavg begins with no number")
}

/// Milliseconds.
pub fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}

/// The one in the middle; of an even number the mean of both. None of none.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    let upper = values.get(half)?;
    match values.len() % 2 {
        0 => Some((values.get(half.checked_sub(1)?)? + upper) / 2.0),
        _ => Some(*upper),
    }
}

/// The median of figures that there are.
fn middle(values: &[f64]) -> f64 {
    median(values).unwrap_or(f64::NAN)
}

impl TipsetFigures {
    /// What the node takes to apply the tipset, of what the bare host takes for its messages: the median of the rounds' ratios.
    pub fn overhead(&self) -> f64 {
        let pairs = self.apply_ms.iter().zip(&self.host_ms);
        middle(&pairs.map(|(node, host)| node / host).collect::<Vec<_>>())
    }

    /// What each message more costs, of what it costs the bare host: of the difference to a smaller tipset of the same messages, round
    /// by round. What a tipset costs however many messages it has is in neither: on both sides that is mostly the state of those who send
    /// and receive, read and written once. None where the bare host took no longer for more.
    pub fn overhead_at_the_margin(&self, smaller: &Self) -> Option<f64> {
        let more = |ms: &[f64], less: &[f64]| -> Vec<f64> {
            ms.iter()
                .zip(less)
                .map(|(more, less)| more - less)
                .collect()
        };
        let node = more(&self.apply_ms, &smaller.apply_ms);
        let host = more(&self.host_ms, &smaller.host_ms);
        let (node, host) = (median(&node)?, median(&host)?);
        (host > 0.0).then_some(node / host)
    }

    /// The same with signatures on both sides, and all other rules of blocks on the node's.
    pub fn overhead_of_all(&self) -> f64 {
        let node = self.whole_ms();
        let host = self.host_ms.iter().zip(&self.signatures_ms);
        let pairs = node.iter().zip(host);
        let ratios = pairs.map(|(node, (host, signatures))| node / (host + signatures));
        middle(&ratios.collect::<Vec<_>>())
    }

    /// The node's whole validation, ms.
    fn whole_ms(&self) -> Vec<f64> {
        let both = self.apply_ms.iter().zip(&self.check_ms);
        both.map(|(apply, check)| apply + check).collect()
    }

    fn per_s(&self, ms: f64) -> f64 {
        self.messages as f64 / ms * 1e3
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [before, after] = self.load;
        writeln!(
            f,
            "a node with mock proofs, its store on disk, {} processors; load average {before:.1} before, {after:.1} after",
            self.processors
        )?;
        if let Some(tipsets) = &self.tipsets {
            tipsets_table(f, tipsets)?;
        }
        if let Some(blocks) = &self.blocks {
            blocks_table(f, blocks)?;
        }
        if let Some(snapshots) = &self.snapshot {
            snapshots_table(f, snapshots)?;
        }
        if let Some(methods) = &self.rpc {
            rpc_table(f, methods)?;
        }
        if let Some(epochs) = &self.epochs {
            epochs_table(f, epochs)?;
        }
        Ok(())
    }
}

fn tipsets_table(f: &mut fmt::Formatter<'_>, tipsets: &[TipsetFigures]) -> fmt::Result {
    let heads = ["host ms", "apply ms", "ratio", "sigs ms", "check ms"];
    writeln!(
        f,
        "\n{:<16}{:>8}{:>10}{:>10}{:>10}{:>8}{:>10}{:>10}{:>8}{:>12}",
        "tipset of",
        "Mgas",
        heads[0],
        heads[1],
        heads[2],
        "",
        heads[3],
        heads[4],
        "ratio",
        "messages/s"
    )?;
    for tipset in tipsets {
        writeln!(
            f,
            "  {:<14}{:>8.0}{:>10.1}{:>10.1}{:>10.3}{:>8}{:>10.1}{:>10.1}{:>8.3}{:>12.0}",
            format!("{} {}", tipset.messages, tipset.of),
            tipset.gas as f64 / 1e6,
            middle(&tipset.host_ms),
            middle(&tipset.apply_ms),
            tipset.overhead(),
            "",
            middle(&tipset.signatures_ms),
            middle(&tipset.check_ms),
            tipset.overhead_of_all(),
            tipset.per_s(middle(&tipset.whole_ms()))
        )?;
    }
    let rounds = tipsets.first().map_or(0, |tipset| tipset.host_ms.len());
    writeln!(
        f,
        "  medians over {rounds} rounds by turns, one store; host: the bare machine; apply: the node's, with reward, cron, receipts\n  \
         sigs: signatures alone; check: the node's check of the block, with them; second ratio: (apply + check) / (host + sigs)\n  \
         messages/s: apply + check"
    )?;
    margins(f, tipsets)?;
    let met = match tipsets.iter().all(|tipset| tipset.overhead() <= AIM) {
        true => "met",
        false => "MISSED",
    };
    writeln!(f, "  aim: at most {AIM} times the bare host: {met}")
}

/// Of tipsets of the same, beside the one before.
fn margins(f: &mut fmt::Formatter<'_>, tipsets: &[TipsetFigures]) -> fmt::Result {
    for (less, more) in tipsets.iter().zip(tipsets.iter().skip(1)) {
        if less.of != more.of || less.messages >= more.messages {
            continue;
        }
        let (of, from, to) = (&more.of, less.messages, more.messages);
        match more.overhead_at_the_margin(less) {
            Some(ratio) => writeln!(
                f,
                "  at the margin, from {from} to {to} {of}: {ratio:.3} times the bare host for each message more"
            )?,
            None => writeln!(
                f,
                "  at the margin, from {from} to {to} {of}: not to be told, the bare host took no longer for more"
            )?,
        }
    }
    Ok(())
}

fn blocks_table(f: &mut fmt::Formatter<'_>, blocks: &BlockFigures) -> fmt::Result {
    let BlockFigures {
        messages,
        select_ms,
        round_ms,
    } = blocks;
    writeln!(f, "\na block of {messages} messages")?;
    let rounds = round_ms.len();
    writeln!(
        f,
        "  selection from the pool {:>12.1} ms",
        middle(select_ms)
    )?;
    writeln!(
        f,
        "  the whole round         {:>12.1} ms: draw, selection, assembly, signature, our own validation, the new head",
        middle(round_ms)
    )?;
    writeln!(f, "  medians over {rounds} blocks")
}

fn snapshots_table(f: &mut fmt::Formatter<'_>, snapshots: &[SnapshotFigures]) -> fmt::Result {
    writeln!(
        f,
        "\n{:<16}{:>10}{:>10}{:>12}{:>14}{:>14}",
        "snapshot", "MB", "file MB", "blocks", "export MB/s", "import MB/s"
    )?;
    for snapshot in snapshots {
        let rate = |ms: &[f64]| snapshot.car_bytes as f64 / 1e3 / middle(ms);
        writeln!(
            f,
            "  {:<14}{:>10.1}{:>10.1}{:>12}{:>14.1}{:>14.1}",
            snapshot.of,
            snapshot.car_bytes as f64 / 1e6,
            snapshot.file_bytes as f64 / 1e6,
            snapshot.blocks,
            rate(&snapshot.export_ms),
            rate(&snapshot.import_ms)
        )?;
    }
    let accounts = snapshots.first().map_or(0, |snapshot| snapshot.accounts);
    writeln!(
        f,
        "  a chain with {accounts} accounts; rates are of bytes before compression"
    )
}

fn rpc_table(f: &mut fmt::Formatter<'_>, methods: &[MethodFigures]) -> fmt::Result {
    let clients = methods.first().map_or(0, |method| method.clients);
    writeln!(
        f,
        "\n{:<20}{:>10}{:>10}{:>12}{:>12}{:>12}",
        "RPC", "p50 ms", "p99 ms", "longest ms", "answers/s", "answers"
    )?;
    for method in methods {
        writeln!(
            f,
            "  {:<18}{:>10.2}{:>10.2}{:>12.2}{:>12.0}{:>12}",
            method.method,
            method.p50_ms,
            method.p99_ms,
            method.longest_ms,
            method.per_s,
            method.requests
        )?;
    }
    writeln!(
        f,
        "  {clients} clients over HTTP on the same processors, each asking again as soon as it is answered"
    )
}

fn epochs_table(f: &mut fmt::Formatter<'_>, epochs: &EpochFigures) -> fmt::Result {
    let mib = |bytes: u64| bytes as f64 / MIB;
    writeln!(
        f,
        "\nafter {} epochs, mined in {:.0} s",
        epochs.epochs, epochs.took_s
    )?;
    writeln!(
        f,
        "  resident memory {:>10.0} MiB ({:.0} at the first epoch, {:.0} at most)",
        epochs.last_mib, epochs.first_mib, epochs.peak_mib
    )?;
    writeln!(
        f,
        "  disk before gc  {:>10.1} MiB {:>10.0} bytes an epoch",
        mib(epochs.before_bytes),
        epochs.per_epoch(epochs.before_bytes)
    )?;
    writeln!(
        f,
        "  disk after gc   {:>10.1} MiB {:>10.0} bytes an epoch; {} of {} blocks deleted in {:.1} s",
        mib(epochs.after_bytes),
        epochs.per_epoch(epochs.after_bytes),
        epochs.deleted_blocks,
        epochs.deleted_blocks + epochs.kept_blocks,
        epochs.collection_s
    )?;
    writeln!(
        f,
        "  one miner with two sectors and their window proofs, no other messages; {:.1} MiB on disk at the first epoch",
        mib(epochs.genesis_bytes)
    )
}

#[cfg(test)]
mod tests;
