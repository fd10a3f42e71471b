//! What the benchmark prints, as tables or as JSON.

use std::fmt;

use serde::Serialize;

use crate::generators::GeneratorFigures;
use crate::meter::Usage;
use crate::rates::Rate;
use crate::steps::StepFigures;

/// What our worker may cost more than the direct calls of a whole seal, in per cent.
const AIM_PERCENT: f64 = 2.0;
/// Below so many CPU seconds a step is mostly the start of its process, and shares say nothing.
const TINY_S: f64 = 0.5;

/// All figures of a run.
#[derive(Debug, Serialize)]
pub struct Figures {
    /// Processors that could be used.
    pub processors: usize,
    /// Load average of the last minute when the run began, and when it ended.
    pub load: [f64; 2],
    /// Sealing and proving.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<Vec<StepFigures>>,
    /// Verification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verify: Option<Vec<Rate>>,
    /// Development parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generate: Option<Vec<GeneratorFigures>>,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [before, after] = self.load;
        writeln!(
            f,
            "2 KiB sectors, {} processors; load average {before:.1} before, {after:.1} after",
            self.processors
        )?;
        if let Some(steps) = &self.steps {
            steps_table(f, steps)?;
        }
        if let Some(rates) = &self.verify {
            rates_table(f, rates)?;
        }
        if let Some(generators) = &self.generate {
            generators_table(f, generators)?;
        }
        Ok(())
    }
}

fn steps_table(f: &mut fmt::Formatter<'_>, steps: &[StepFigures]) -> fmt::Result {
    writeln!(
        f,
        "\n{:<22}{:^28}{:^28}{:^20}",
        "step", "wall s", "CPU s", "peak MiB"
    )?;
    let heads = ["worker", "direct", "more"];
    writeln!(
        f,
        "  {:<20}{:>9}{:>9}{:>10}{:>9}{:>9}{:>10}{:>10}{:>10}",
        "", heads[0], heads[1], heads[2], heads[0], heads[1], heads[2], heads[0], heads[1]
    )?;
    for step in steps {
        step_row(f, step.step.name(), &Pair::of(step))?;
    }
    let seal = Pair::sum(steps.iter().filter(|step| step.step.is_of_a_seal()));
    step_row(f, "a whole seal", &seal)?;
    step_row(f, "all steps", &Pair::sum(steps.iter()))?;
    let rounds = steps.first().map_or(0, |step| step.direct.len());
    writeln!(
        f,
        "  medians over {rounds} rounds; below {TINY_S} CPU seconds the difference is in ms: it is that of starting a process, \
         syncing files and ending"
    )?;
    let spread = seal_spread(steps);
    writeln!(
        f,
        "  between rounds, the CPU time of direct calls for a whole seal differed by up to {spread:.1} %"
    )?;
    let more = [
        percent(seal.ours.cpu_s, seal.direct.cpu_s),
        percent(seal.ours.wall_s, seal.direct.wall_s),
    ];
    let met = if more.iter().all(|more| *more <= AIM_PERCENT) {
        "met"
    } else {
        "MISSED"
    };
    writeln!(
        f,
        "  aim: at most {AIM_PERCENT} % more for a whole seal, CPU and wall: {met}"
    )
}

/// Two sides of a step.
#[derive(Clone, Copy, Debug)]
struct Pair {
    ours: Usage,
    direct: Usage,
}

impl Pair {
    fn of(step: &StepFigures) -> Self {
        Self {
            ours: Usage::median(&step.ours),
            direct: Usage::median(&step.direct),
        }
    }

    /// Times one after the other; the largest memory.
    fn sum<'a>(steps: impl Iterator<Item = &'a StepFigures>) -> Self {
        let none = Usage {
            wall_s: 0.0,
            cpu_s: 0.0,
            peak_mib: 0.0,
        };
        let add = |sum: Usage, more: Usage| Usage {
            wall_s: sum.wall_s + more.wall_s,
            cpu_s: sum.cpu_s + more.cpu_s,
            peak_mib: sum.peak_mib.max(more.peak_mib),
        };
        let none = Self {
            ours: none,
            direct: none,
        };
        steps.map(Self::of).fold(none, |sum, more| Self {
            ours: add(sum.ours, more.ours),
            direct: add(sum.direct, more.direct),
        })
    }
}

/// The largest of the direct seals by the smallest, in per cent more.
fn seal_spread(steps: &[StepFigures]) -> f64 {
    let rounds = steps.first().map_or(0, |step| step.direct.len());
    let of = |round: usize| -> f64 {
        let seal = steps.iter().filter(|step| step.step.is_of_a_seal());
        let usages = seal.filter_map(|step| step.direct.get(round));
        usages.map(|usage| usage.cpu_s).sum()
    };
    let all = (0..rounds).map(of);
    let (least, most) = all.fold((f64::INFINITY, 0.0_f64), |(least, most), seal| {
        (least.min(seal), most.max(seal))
    });
    percent(most, least)
}

fn step_row(f: &mut fmt::Formatter<'_>, name: &str, pair: &Pair) -> fmt::Result {
    let Pair { ours, direct } = pair;
    let is_tiny = direct.cpu_s < TINY_S;
    writeln!(
        f,
        "  {name:<20}{:>9.3}{:>9.3}{:>10}{:>9.3}{:>9.3}{:>10}{:>10.0}{:>10.0}",
        ours.wall_s,
        direct.wall_s,
        more(ours.wall_s, direct.wall_s, is_tiny),
        ours.cpu_s,
        direct.cpu_s,
        more(ours.cpu_s, direct.cpu_s, is_tiny),
        ours.peak_mib,
        direct.peak_mib
    )
}

fn more(ours: f64, direct: f64, in_ms: bool) -> String {
    match in_ms {
        true => format!("{:+.1} ms", (ours - direct) * 1e3),
        false => format!("{:+.1} %", percent(ours, direct)),
    }
}

/// How much more one is than another.
fn percent(one: f64, other: f64) -> f64 {
    (one / other - 1.0) * 100.0
}

fn rates_table(f: &mut fmt::Formatter<'_>, rates: &[Rate]) -> fmt::Result {
    writeln!(
        f,
        "\n{:<32}{:>8}{:>12}{:>12}{:>16}",
        "verification", "threads", "answer ms", "CPU ms", "proofs/s"
    )?;
    let mut of: Vec<(&str, usize)> = Vec::new();
    for rate in rates {
        let one = (rate.of.as_str(), rate.about);
        if !of.contains(&one) {
            of.push(one);
        }
    }
    for (name, about) in of {
        let name_shown = match about {
            1 => name.to_owned(),
            about => format!("{name}, {about}"),
        };
        let same = rates.iter().filter(|r| r.of == name && r.about == about);
        for rate in same {
            writeln!(
                f,
                "  {name_shown:<30}{:>8}{:>12.2}{:>12.2}{:>16.1}",
                rate.threads, rate.answer_ms, rate.cpu_ms, rate.per_s
            )?;
        }
    }
    writeln!(
        f,
        "  nothing is remembered between questions; of an aggregate, proofs are sectors"
    )
}

fn generators_table(f: &mut fmt::Formatter<'_>, generators: &[GeneratorFigures]) -> fmt::Result {
    writeln!(
        f,
        "\n{:<20}{:>8}{:^27}{:^27}{:^18}",
        "parameters", "MB", "CPU s", "wall s", "peak MiB"
    )?;
    let heads = ["ours", "stock", "ratio"];
    writeln!(
        f,
        "{:<28}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}",
        "", heads[0], heads[1], heads[2], heads[0], heads[1], heads[2], heads[0], heads[1]
    )?;
    for figures in generators {
        let (ours, stock) = (&figures.ours, &figures.stock);
        writeln!(
            f,
            "  {:<18}{:>8.1}{:>9.1}{:>9.1}{:>9.3}{:>9.1}{:>9.1}{:>9.3}{:>9.0}{:>9.0}",
            figures.proof,
            figures.size_bytes as f64 / 1e6,
            ours.cpu_s,
            stock.cpu_s,
            ours.cpu_s / stock.cpu_s,
            ours.wall_s,
            stock.wall_s,
            ours.wall_s / stock.wall_s,
            ours.peak_mib,
            stock.peak_mib
        )?;
    }
    writeln!(f, "  both made the same bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::Step;

    fn usage(seconds: f64) -> Usage {
        Usage {
            wall_s: seconds / 2.0,
            cpu_s: seconds,
            peak_mib: 10.0,
        }
    }

    fn figures(ours: f64) -> String {
        let steps = [(Step::Pieces, 0.01, 0.02), (Step::Commit, 100.0, ours)];
        let steps = steps.map(|(step, direct, ours)| StepFigures {
            step,
            ours: vec![usage(ours); 2],
            direct: vec![usage(direct), usage(direct * 1.03)],
        });
        Figures {
            processors: 2,
            load: [0.0, 2.0],
            steps: Some(steps.into()),
            verify: None,
            generate: None,
        }
        .to_string()
    }

    #[test]
    fn a_missed_aim_is_said() {
        let met = figures(105.0);
        assert!(met.contains("CPU and wall: met"), "{met}");
        let missed = figures(105.2);
        assert!(missed.contains("CPU and wall: MISSED"), "{missed}");
    }

    #[test]
    fn tiny_steps_differ_by_milliseconds() {
        let text = figures(105.0);
        let row = |name: &str| text.lines().find(|line| line.contains(name)).unwrap();
        assert!(row("pieces").contains("+9.7 ms"), "{text}");
        assert!(row("commit").contains("+1.9 %"), "{text}");
        assert!(text.contains("differed by up to 3.0 %"), "{text}");
    }
}
