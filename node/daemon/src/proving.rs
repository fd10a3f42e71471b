//! Who makes proofs: worker processes of this very program, within what the machine has.

use std::thread::available_parallelism;

use anyhow::{Context as _, Result};
use filigree_proofs_params::{DEVNET_CHAIN_ID, Set, directory};
use filigree_proofs_prove::{Pool as ProvingPool, PoolLimits as ProvingLimits, Workers};
use filigree_seal::{Parameters, Prover};

use crate::config::Config;
use crate::home::Home;
use crate::proofs::Mode;

/// Hidden verb of the program under which it is a worker that makes proofs.
pub const WORKER_VERB: &str = "prove-worker";

/// Who makes the proofs of a network of one's own.
pub fn prover(config: &Config, home: &Home, mode: Mode) -> Result<Prover> {
    if mode == Mode::Mock {
        return Ok(Prover::mock());
    }
    let given = &config.proofs.parameters;
    let given = (!given.as_os_str().is_empty()).then_some(given.as_path());
    let parameters = directory(Set::Development, given)?;
    let parents = match config.proofs.parents.as_os_str().is_empty() {
        true => parameters.join("parents"),
        false => config.proofs.parents.clone(),
    };
    let workers = Workers {
        program: std::env::current_exe().context("this program's own file is not known")?,
        arguments: vec![WORKER_VERB.to_owned()],
        parameters: parameters.clone(),
        parents,
        folder: home.path().to_owned(),
    };
    let limits = proving_limits(config);
    let pool = ProvingPool::for_network(DEVNET_CHAIN_ID, Set::Development, workers, limits)?;
    Ok(Prover::real(pool, Parameters::development(parameters)))
}

fn proving_limits(config: &Config) -> ProvingLimits {
    let cores = available_parallelism().map_or(2, usize::from);
    let threads = match config.proofs.threads {
        // Two at least: one is kept for proofs of spacetime, which have a deadline.
        0 => cores.saturating_sub(1).max(2),
        set => set,
    };
    let memory_bytes = match config.proofs.memory_mib {
        0 => free_memory_bytes().unwrap_or(4 << 30) / 4 * 3,
        set => set << 20,
    };
    ProvingLimits {
        threads,
        memory_bytes,
    }
}

fn free_memory_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}
