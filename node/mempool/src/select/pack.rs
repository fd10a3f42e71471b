//! Filling a block: the best chains first, and the beginning of one that does not fit.
//!
//! The best per gas first is best when everything is small beside the block, and nearly so otherwise. Chains are whole or cut
//! once, which can be worse than taking messages one by one where a long chain meets the end of the block; so both is done, and
//! the better taken.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::sync::Arc;

use num_traits::{Signed, ToPrimitive};

use super::chain::Chain;
use super::line::Line;
use crate::pending::Pending;

/// What even a chain counts that other blocks have for certain: of those, still the best are taken where there is room.
const LEAST_WEIGHT: f64 = 1e-9;

/// What is left of a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Room {
    /// Gas.
    pub gas: u64,
    /// Messages.
    pub messages: usize,
    /// Messages whose signatures go into the aggregate.
    pub bls: usize,
    /// Messages that have their signatures with them.
    pub others: usize,
}

impl Room {
    fn fits(&self, line: &Line, messages: usize, gas: u64) -> bool {
        gas <= self.gas && messages <= self.messages.min(self.of_kind(line))
    }

    fn of_kind(&self, line: &Line) -> usize {
        if line.is_bls { self.bls } else { self.others }
    }

    fn take(&mut self, line: &Line, messages: usize, gas: u64) {
        self.gas -= gas;
        self.messages -= messages;
        match line.is_bls {
            true => self.bls -= messages,
            false => self.others -= messages,
        }
    }
}

/// A line whose messages count by the odds of their chains.
pub struct Weighted<'a> {
    line: &'a Line,
    /// What each message is worth, attoFIL times odds.
    worth: Vec<f64>,
    /// As chains, but by worth.
    runs: Vec<Run>,
}

#[derive(Clone, Debug)]
struct Run {
    range: Range<usize>,
    worth: f64,
    gas: u64,
}

impl Run {
    fn density(&self) -> f64 {
        density(self.worth, self.gas)
    }
}

#[allow(clippy::cast_precision_loss)] // It is compared, not counted.
fn density(worth: f64, gas: u64) -> f64 {
    worth / (gas.max(1) as f64)
}

impl<'a> Weighted<'a> {
    /// The line, with a weight for each of its chains.
    pub fn new(line: &'a Line, chains: &[Chain], weights: &[f64]) -> Self {
        let mut worth = Vec::with_capacity(line.candidates.len());
        let mut runs: Vec<Run> = Vec::new();
        for (chain, weight) in chains.iter().zip(weights) {
            // What costs the miner something costs it whatever others do.
            let weight = match chain.reward.is_negative() {
                true => 1.0,
                false => weight.max(LEAST_WEIGHT),
            };
            let candidates = &line.candidates[chain.range.clone()];
            worth.extend(candidates.iter().map(|candidate| {
                let reward = candidate.reward.to_f64().unwrap_or_default();
                reward * weight
            }));
            let mut run = Run {
                range: chain.range.clone(),
                worth: chain.reward.to_f64().unwrap_or_default() * weight,
                gas: chain.gas,
            };
            while let Some(before) = runs.pop_if(|before| before.density() <= run.density()) {
                run = Run {
                    range: before.range.start..run.range.end,
                    worth: before.worth + run.worth,
                    gas: before.gas.saturating_add(run.gas),
                };
            }
            runs.push(run);
        }
        Self { line, worth, runs }
    }

    /// The beginning of a run that is worth most of those that fit. None is worth nothing.
    fn cut(&self, run: &Run, room: &Room) -> Option<Run> {
        let mut best = None;
        let mut sum = Run {
            range: run.range.start..run.range.start,
            worth: 0.0,
            gas: 0,
        };
        let mut most = 0.0;
        for at in run.range.clone() {
            sum.range.end = at + 1;
            sum.gas = sum.gas.saturating_add(self.line.candidates[at].gas());
            sum.worth += self.worth[at];
            if !room.fits(self.line, sum.range.len(), sum.gas) {
                break;
            }
            if sum.worth >= most {
                most = sum.worth;
                best = Some(sum.clone());
            }
        }
        best
    }
}

/// What was packed, and what is left.
struct Packed {
    messages: Vec<Arc<Pending>>,
    worth: f64,
    room: Room,
}

impl Packed {
    fn new(room: Room) -> Self {
        Self {
            messages: Vec::new(),
            worth: 0.0,
            room,
        }
    }

    fn take(&mut self, line: &Line, run: &Run) {
        self.room.take(line, run.range.len(), run.gas);
        self.worth += run.worth;
        let candidates = line.candidates[run.range.clone()].iter();
        self.messages
            .extend(candidates.map(|candidate| Arc::clone(&candidate.pending)));
    }
}

/// The best of some lines that fit. Takes their room.
pub fn pack(lines: &[Weighted<'_>], room: &mut Room) -> Vec<Arc<Pending>> {
    let by_runs = pack_runs(lines, *room);
    let one_by_one = pack_one_by_one(lines, *room);
    let best = match by_runs.worth >= one_by_one.worth {
        true => by_runs,
        false => one_by_one,
    };
    *room = best.room;
    best.messages
}

fn pack_runs(lines: &[Weighted<'_>], room: Room) -> Packed {
    let mut packed = Packed::new(room);
    let mut next: BinaryHeap<Next> = lines
        .iter()
        .enumerate()
        .filter_map(|(line, weighted)| Next::new(line, 0, weighted.runs.first()?.density()))
        .collect();
    while let Some(Next { line, at, .. }) = next.pop() {
        let weighted = &lines[line];
        let run = &weighted.runs[at];
        if packed.room.fits(weighted.line, run.range.len(), run.gas) {
            packed.take(weighted.line, run);
            let after = weighted.runs.get(at + 1);
            next.extend(after.and_then(|run| Next::new(line, at + 1, run.density())));
        } else if let Some(cut) = weighted.cut(run, &packed.room) {
            packed.take(weighted.line, &cut);
        }
    }
    packed
}

fn pack_one_by_one(lines: &[Weighted<'_>], room: Room) -> Packed {
    let mut packed = Packed::new(room);
    let run = |line: usize, at: usize| {
        let weighted = &lines[line];
        let gas = weighted.line.candidates.get(at)?.gas();
        let worth = weighted.worth[at];
        let range = at..at + 1;
        Some(Run { range, worth, gas })
    };
    let entry = |line, at| Next::new(line, at, run(line, at)?.density());
    let mut next: BinaryHeap<Next> = (0..lines.len()).filter_map(|line| entry(line, 0)).collect();
    while let Some(Next { line, at, .. }) = next.pop() {
        if let Some(run) = run(line, at)
            && packed.room.fits(lines[line].line, 1, run.gas)
        {
            packed.take(lines[line].line, &run);
            next.extend(entry(line, at + 1));
        }
    }
    packed
}

/// What comes next of a line.
struct Next {
    line: usize,
    at: usize,
    density: f64,
}

impl Next {
    /// None if it costs more than it brings: then so does all that follows.
    fn new(line: usize, at: usize, density: f64) -> Option<Self> {
        (density >= 0.0).then_some(Self { line, at, density })
    }
}

impl Ord for Next {
    fn cmp(&self, other: &Self) -> Ordering {
        self.density
            .total_cmp(&other.density)
            .then_with(|| other.line.cmp(&self.line))
    }
}

impl PartialOrd for Next {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Next {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Next {}
