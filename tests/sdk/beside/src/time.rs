//! How long things take: a sandbox to start, a call as Wasm and natively.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use example_counter::{Counter, CounterClient};
use example_token::{Token, TokenClient};
use filigree_sandbox::{Account, Code, Sandbox};
use filigree_sdk::prelude::*;
use serde::{Deserialize, Serialize};

/// Starts of sandboxes in one process, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Starts {
    /// `Sandbox::new()`, the first of the process.
    pub first_new_ms: f64,
    /// From there to the result of a first call, Wasm installed and an actor deployed among it.
    pub first_call_ms: f64,
    /// `Sandbox::new()`, later ones; the median.
    pub later_new_ms: f64,
    /// From there to the result of a first call; the median.
    pub later_call_ms: f64,
}

/// Sandboxes after the first that a process starts.
const LATER_STARTS: usize = 20;

/// Starts sandboxes in this process, with the counter in a file.
pub fn starts(counter: &Path) -> Result<Starts> {
    let wasm =
        std::fs::read(counter).with_context(|| format!("cannot read {}", counter.display()))?;
    let (first_new_ms, first_call_ms) = start(&wasm);
    let (mut new, mut call) = (Vec::new(), Vec::new());
    for _ in 0..LATER_STARTS {
        let later = start(&wasm);
        new.push(later.0);
        call.push(later.1);
    }
    Ok(Starts {
        first_new_ms,
        first_call_ms,
        later_new_ms: median(new),
        later_call_ms: median(call),
    })
}

fn start(wasm: &[u8]) -> (f64, f64) {
    let begin = Instant::now();
    let mut sandbox = Sandbox::new();
    let new = begin.elapsed();
    let alice = sandbox.account(TokenAmount::from_whole(10));
    let code = sandbox.install(wasm);
    let counter = counter(&mut sandbox, &code, alice);
    assert_eq!(sandbox.call(alice, counter.increment(3)).ok(), 3);
    (ms(new), ms(begin.elapsed()))
}

/// The medians over several processes of this program, and before them one start without compiled modules.
pub fn starts_of_processes(counter: &Path, processes: usize) -> Result<(Starts, Starts)> {
    // Fills the cache, if nothing did so far.
    start_process(counter, None)?;
    let cold = cache_without_modules()?;
    let without_modules = start_process(counter, Some(cold.path()))?;
    let all: Vec<Starts> = (0..processes)
        .map(|_| start_process(counter, None))
        .collect::<Result<_>>()?;
    let over = |of: fn(&Starts) -> f64| median(all.iter().map(of).collect());
    let warm = Starts {
        first_new_ms: over(|starts| starts.first_new_ms),
        first_call_ms: over(|starts| starts.first_call_ms),
        later_new_ms: over(|starts| starts.later_new_ms),
        later_call_ms: over(|starts| starts.later_call_ms),
    };
    Ok((without_modules, warm))
}

/// A cache that has what the usual one has, the built-in actors' Wasm among it, save for compiled modules.
fn cache_without_modules() -> Result<tempfile::TempDir> {
    let usual = filigree_build::build::default_cache_dir();
    let usual = usual.context("there is no cache: set FILIGREE_CACHE, XDG_CACHE_HOME or HOME")?;
    let usual = usual.parent().context("the cache is no folder")?;
    let cold = tempfile::tempdir().context("a folder for another cache")?;
    for folder in ["artefacts", "core"] {
        let from = usual.join(folder);
        if from.is_dir() {
            std::os::unix::fs::symlink(&from, cold.path().join(folder))
                .with_context(|| format!("cannot link {}", from.display()))?;
        }
    }
    Ok(cold)
}

fn start_process(counter: &Path, cache: Option<&Path>) -> Result<Starts> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let mut command = Command::new(program);
    command.arg("--start").arg(counter).stderr(Stdio::inherit());
    command.envs(cache.map(|folder| ("FILIGREE_CACHE", folder)));
    let output = command
        .output()
        .context("cannot start this program again")?;
    if !output.status.success() {
        bail!(
            "a process that starts sandboxes ended with {}",
            output.status
        );
    }
    serde_json::from_slice(&output.stdout)
        .context("a process that starts sandboxes printed no figures")
}

/// One method, as Wasm and natively.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CallTime {
    /// Which.
    pub call: &'static str,
    /// As Wasm, in microseconds.
    pub wasm_us: f64,
    /// Natively, in microseconds.
    pub native_us: f64,
    /// How many times longer the Wasm takes.
    pub ratio: f64,
}

/// Times calls, `calls` of each, Wasm and native in turn so that a machine whose speed drifts slows both.
pub fn calls(counter_wasm: &[u8], token_wasm: &[u8], calls: usize) -> Vec<CallTime> {
    let mut sandbox = Sandbox::new();
    let alice = sandbox.account(TokenAmount::from_whole(10));
    let bob = sandbox.account(TokenAmount::from_whole(10));
    let codes = [
        sandbox.install(counter_wasm),
        sandbox.install_native::<Counter>(),
    ];
    let counters = codes.map(|code| counter(&mut sandbox, &code, alice));
    let increment = time("Counter.Increment", calls, |index| {
        let call = counters[index].increment(1);
        let begin = Instant::now();
        let outcome = sandbox.call(alice, call);
        let elapsed = begin.elapsed();
        outcome.ok();
        elapsed
    });

    let codes = [
        sandbox.install(token_wasm),
        sandbox.install_native::<Token>(),
    ];
    let tokens = codes.map(|code| {
        let (name, symbol) = ("Example".to_owned(), "EXA".to_owned());
        let new = TokenClient::new(name, symbol, 1, alice.address);
        let token = TokenClient::at(sandbox.deploy(&code, new).ok());
        let all = TokenAmount::from_whole(1_000_000);
        sandbox
            .call(alice, token.mint(alice.address, all, RawBytes::default()))
            .ok();
        token
    });
    let transfer = time("Token.Transfer", calls, |index| {
        let one = TokenAmount::from_atto(1);
        let call = tokens[index].transfer(bob.address, one, RawBytes::default());
        let begin = Instant::now();
        let outcome = sandbox.call(alice, call);
        let elapsed = begin.elapsed();
        outcome.ok();
        elapsed
    });
    vec![increment, transfer]
}

fn counter(sandbox: &mut Sandbox, code: &Code, owner: Account) -> CounterClient {
    CounterClient::at(sandbox.deploy(code, CounterClient::new(owner.address)).ok())
}

fn time(call: &'static str, calls: usize, mut run: impl FnMut(usize) -> Duration) -> CallTime {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..calls + calls.div_ceil(10) {
        for (index, times) in times.iter_mut().enumerate() {
            let elapsed = run(index);
            // The first tenth warms up.
            if round >= calls.div_ceil(10) {
                times.push(elapsed.as_secs_f64() * 1e6);
            }
        }
    }
    let [wasm_us, native_us] = times.map(median);
    CallTime {
        call,
        wasm_us,
        native_us,
        ratio: wasm_us / native_us,
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The middle one; the upper of two. 0 of none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_found() {
        assert_eq!(median(vec![9.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 3.0]), 4.0);
        assert_eq!(median(Vec::new()), 0.0);
    }
}
