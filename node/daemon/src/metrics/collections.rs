//! Figures of garbage collections, as the store counts them.

use prometheus::{Gauge, IntCounter, IntCounterVec, IntGauge, Opts};

use super::{Figures, number, reach};
use crate::node::Node;

/// Sums over all of them, and of the last one what it kept and how long it took.
pub(super) struct OfCollections {
    runs: IntCounterVec,
    deleted_blocks: IntCounter,
    deleted_bytes: IntCounter,
    kept_blocks: IntGauge,
    kept_bytes: IntGauge,
    seconds: Gauge,
}

impl OfCollections {
    pub fn new(figures: &Figures) -> prometheus::Result<Self> {
        let runs = Opts::new(
            "filigree_gc_runs_total",
            "Garbage collections, by how they ended: completed, failed, stopped.",
        );
        Ok(Self {
            runs: figures.add(IntCounterVec::new(runs, &["result"])?)?,
            deleted_blocks: figures.counter(
                "filigree_gc_deleted_blocks_total",
                "Blocks that garbage collections deleted.",
            )?,
            deleted_bytes: figures.counter(
                "filigree_gc_deleted_bytes_total",
                "Their bytes, before compression.",
            )?,
            kept_blocks: figures.gauge(
                "filigree_gc_kept_blocks",
                "Blocks that the last complete garbage collection kept.",
            )?,
            kept_bytes: figures
                .gauge("filigree_gc_kept_bytes", "Their bytes, before compression.")?,
            seconds: figures.add(Gauge::new(
                "filigree_gc_last_seconds",
                "Time that the last complete garbage collection took.",
            )?)?,
        })
    }

    pub fn look(&self, node: &Node) {
        let all = node.db.collections();
        let ends = [
            ("completed", all.completed),
            ("failed", all.failed),
            ("stopped", all.stopped),
        ];
        for (end, count) in ends {
            reach(&self.runs.with_label_values(&[end]), count);
        }
        reach(&self.deleted_blocks, all.deleted_blocks);
        reach(&self.deleted_bytes, all.deleted_bytes);
        self.kept_blocks.set(number(all.kept_blocks));
        self.kept_bytes.set(number(all.kept_bytes));
        self.seconds.set(all.last_millis as f64 / 1e3);
    }
}
