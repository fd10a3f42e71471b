//! Figures of miners: rounds and blocks, sectors, window proofs.

use std::collections::BTreeMap;

use prometheus::{GaugeVec, IntCounterVec, IntGaugeVec, Opts};

use super::{Figures, number, reach};
use crate::node::Node;

/// By miner.
pub(super) struct OfMining {
    rounds: IntCounterVec,
    blocks: IntCounterVec,
    lost: IntCounterVec,
    sectors: IntGaugeVec,
    faults: IntGaugeVec,
    proofs: IntCounterVec,
    late: IntCounterVec,
    skipped: IntCounterVec,
    proof_seconds: GaugeVec,
}

impl OfMining {
    pub fn new(figures: &Figures) -> prometheus::Result<Self> {
        let counters = |name: &str, help: &str| {
            figures.add(IntCounterVec::new(Opts::new(name, help), &["miner"])?)
        };
        let gauges = |name: &str, help: &str, labels: &[&str]| {
            figures.add(IntGaugeVec::new(Opts::new(name, help), labels)?)
        };
        Ok(Self {
            rounds: counters("filigree_mine_rounds_total", "Epochs that a miner tried.")?,
            blocks: counters("filigree_mine_blocks_total", "Blocks that it made.")?,
            lost: counters(
                "filigree_mine_lost_total",
                "Epochs that it lost for some trouble.",
            )?,
            sectors: gauges(
                "filigree_sectors",
                "Sectors that the process seals or has sealed.",
                &["miner", "state"],
            )?,
            faults: gauges(
                "filigree_faulty_sectors",
                "Sectors that are faulty on chain.",
                &["miner"],
            )?,
            proofs: counters("filigree_window_proofs_total", "Window proofs made.")?,
            late: counters(
                "filigree_window_proofs_late_total",
                "Window proofs that were done when their deadline was over.",
            )?,
            skipped: counters(
                "filigree_window_skipped_sectors_total",
                "Sectors left out of window proofs, because they could not be opened.",
            )?,
            proof_seconds: figures.add(GaugeVec::new(
                Opts::new(
                    "filigree_window_proof_last_seconds",
                    "Time that the last window proof took.",
                ),
                &["miner"],
            )?)?,
        })
    }

    pub fn look(&self, node: &Node) {
        let records = node.mining.as_ref().map(|mining| mining.records());
        for (miner, record) in records.unwrap_or_default() {
            let id = format!("f0{}", miner.id);
            reach(&self.rounds.with_label_values(&[&id]), record.rounds);
            reach(&self.blocks.with_label_values(&[&id]), record.blocks);
            reach(&self.lost.with_label_values(&[&id]), record.lost);
        }
        // A state that no sector is in any more is left out.
        self.sectors.reset();
        for (miner, pipeline) in &node.pipelines {
            let id = format!("f0{miner}");
            let mut by_state: BTreeMap<String, u64> = BTreeMap::new();
            for sector in pipeline.sectors().unwrap_or_default() {
                *by_state.entry(sector.state).or_default() += 1;
            }
            for (state, count) in by_state {
                let gauge = self.sectors.with_label_values(&[&id, &state]);
                gauge.set(number(count));
            }
            let counts = pipeline.window_counts();
            reach(&self.proofs.with_label_values(&[&id]), counts.made);
            reach(&self.late.with_label_values(&[&id]), counts.late);
            reach(&self.skipped.with_label_values(&[&id]), counts.skipped);
            let seconds = self.proof_seconds.with_label_values(&[&id]);
            seconds.set(counts.last_took.as_secs_f64());
            if let Ok(deadlines) = pipeline.deadlines() {
                let faults = deadlines.iter().map(|deadline| deadline.faults).sum();
                self.faults.with_label_values(&[&id]).set(number(faults));
            }
        }
    }
}
