//! The steps of sealing and proving 2 KiB sectors, ours and the library's by turns.

use std::path::Path;

use anyhow::{Context, Result};
use filigree_proofs_params::Proof;
use serde::Serialize;

use crate::judge::Judge;
use crate::meter::Usage;
use crate::parameters;
use crate::side::{Scene, Whose};

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "their names say it")]
pub enum Step {
    Pieces,
    #[serde(rename = "pre-commit-1")]
    PreCommit1,
    #[serde(rename = "pre-commit-2")]
    PreCommit2,
    Commit,
    Aggregate,
    WindowPost,
    WinningPost,
    Unseal,
    UpdateEncode,
    UpdateProve,
}

/// What one side takes for a step, and the other.
#[derive(Debug, Serialize)]
pub struct StepFigures {
    /// The step.
    pub step: Step,
    /// In a worker, in each round.
    pub ours: Vec<Usage>,
    /// By direct calls, in each round.
    pub direct: Vec<Usage>,
}

impl Step {
    /// All, in the order in which they are run.
    pub const ALL: [Self; 10] = [
        Self::Pieces,
        Self::PreCommit1,
        Self::PreCommit2,
        Self::Commit,
        Self::Aggregate,
        Self::WindowPost,
        Self::WinningPost,
        Self::Unseal,
        Self::UpdateEncode,
        Self::UpdateProve,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pieces => "pieces",
            Self::PreCommit1 => "pre-commit 1",
            Self::PreCommit2 => "pre-commit 2",
            Self::Commit => "commit 1 and 2",
            Self::Aggregate => "aggregate",
            Self::WindowPost => "window PoSt",
            Self::WinningPost => "winning PoSt",
            Self::Unseal => "unseal",
            Self::UpdateEncode => "update encode",
            Self::UpdateProve => "update prove",
        }
    }

    /// Whether sealing a sector takes it.
    pub fn is_of_a_seal(self) -> bool {
        self <= Self::Commit
    }

    /// Whose parameters it needs.
    fn parameters(self) -> Option<Proof> {
        match self {
            Self::Commit => Some(Proof::Porep),
            Self::Aggregate => Some(Proof::Aggregation),
            Self::WindowPost => Some(Proof::WindowPost),
            Self::WinningPost => Some(Proof::WinningPost),
            Self::UpdateProve => Some(Proof::ReplicaUpdate),
            _ => None,
        }
    }
}

/// Runs all steps `rounds` times on both sides; without parameters, those that need none.
pub fn measure(
    parameters: Option<&Path>,
    threads: usize,
    rounds: usize,
) -> Result<Vec<StepFigures>> {
    let judge = parameters.map(Judge::new).transpose()?;
    let steps = Step::ALL.into_iter();
    let steps = steps.filter(|step| parameters.is_some() || step.parameters().is_none());
    let mut figures: Vec<StepFigures> = steps
        .map(|step| StepFigures {
            step,
            ours: Vec::new(),
            direct: Vec::new(),
        })
        .collect();
    for round in 0..rounds {
        let mut scene = Scene::new(parameters, threads)?;
        for StepFigures { step, ours, direct } in &mut figures {
            eprintln!("round {}/{rounds}: {}", round + 1, step.name());
            // Who is first changes from round to round.
            let mut sides = [(Whose::Ours, ours), (Whose::Direct, direct)];
            sides.rotate_left(round % 2);
            for (whose, usages) in sides {
                if let (Some(folder), Some(proof)) = (parameters, step.parameters()) {
                    parameters::warm(folder, proof)?;
                }
                let usage = scene.run(whose, *step);
                usages.push(usage.with_context(|| format!("{}, {whose:?}", step.name()))?);
            }
        }
        scene.compare()?;
        if let Some(judge) = &judge {
            scene.judge(judge)?;
        }
    }
    Ok(figures)
}
