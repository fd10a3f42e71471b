//! Verdicts a second, of recorded proofs.
//!
//! The verifier remembers nothing, so that the same proof can be asked about again: what a verdict takes does not depend
//! on which valid proof it is about. Threads alone would not bound it, since the library starts some of its own beside the
//! verifier's; so the process is bound to as many processors.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use filigree_proofs_prove::aggregate::Proved;
use filigree_proofs_prove::{Sector, SectorId};
use filigree_proofs_verify::ProofVerifier;
use filigree_vm::Verifier;
use fvm_shared::commcid::cid_to_replica_commitment_v1;
use fvm_shared::sector::{AggregateSealVerifyProofAndInfos, SealVerifyInfo};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::resource::{UsageWho, getrusage};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::direct::{Answer, Call};
use crate::judge::{aggregate, ensure_valid, verifier};
use crate::meter::{self, Place, median};
use crate::options::Role;
use crate::recorded::Recorded;

/// Seals in a batch.
const BATCH: usize = 64;
/// Sectors of the aggregates: few, some, and as many as one message may prove.
pub const AGGREGATES: [usize; 3] = [4, 64, 819];
/// How long each question is asked in a round.
const LONG: Duration = Duration::from_secs(1);

/// What verdicts of one kind take.
#[derive(Debug, Serialize, Deserialize)]
pub struct Rate {
    /// What is asked about.
    pub of: String,
    /// Processors, and threads of the verifier.
    pub threads: usize,
    /// Proofs, or sectors of an aggregate, that one question is about.
    pub about: usize,
    /// Wall milliseconds until the answer.
    pub answer_ms: f64,
    /// CPU milliseconds until the answer, of all threads.
    pub cpu_ms: f64,
    /// Proofs or sectors a second.
    pub per_s: f64,
}

/// What a verifying process is given.
#[derive(Serialize, Deserialize)]
struct Order {
    fixtures: PathBuf,
    threads: usize,
    rounds: usize,
    /// How long each question is asked in a round.
    long: Duration,
    /// Aggregates, by number of sectors.
    aggregates: BTreeMap<usize, Vec<u8>>,
}

/// Measures on one processor, and on two if there are as many.
pub fn measure(fixtures: &Path, rounds: usize, brief: bool) -> Result<Vec<Rate>> {
    let recorded = Recorded::read(fixtures)?;
    let processors = processors()?.len();
    let folder = tempfile::tempdir()?;
    let mut place = Place {
        parameters: std::fs::canonicalize(fixtures)?,
        folder: folder.path().to_owned(),
        threads: processors,
    };
    let mut aggregates = BTreeMap::new();
    for count in AGGREGATES {
        eprintln!("an aggregate of {count}");
        aggregates.insert(count, make_aggregate(&place, &recorded.seals, count)?);
    }
    let mut rates = Vec::new();
    for threads in 1..=processors.min(2) {
        eprintln!("verdicts on {threads} of {processors} processors");
        place.threads = threads;
        let order = Order {
            fixtures: place.parameters.clone(),
            threads,
            rounds,
            long: if brief { Duration::ZERO } else { LONG },
            aggregates: aggregates.clone(),
        };
        let (_, measured) = meter::role::<Vec<Rate>>(&place, Role::Verifier, &order)?;
        rates.extend(measured);
    }
    Ok(rates)
}

/// An aggregate of `count` proofs: those of `seals`, over and over.
fn make_aggregate(place: &Place, seals: &[SealVerifyInfo], count: usize) -> Result<Vec<u8>> {
    let sector = Sector {
        proof: filecoin_proofs_api::RegisteredSealProof::StackedDrg2KiBV1_1,
        id: SectorId {
            miner: 0,
            number: 0,
        },
        ticket: [0; 32],
    };
    let proved = seals.iter().cycle().take(count).map(|seal| {
        let comm_r = cid_to_replica_commitment_v1(&seal.sealed_cid);
        Ok(Proved {
            comm_r: comm_r.map_err(anyhow::Error::msg)?,
            seed: seal.interactive_randomness.0.as_slice().try_into()?,
            proof: seal.proof.clone(),
        })
    });
    let call = Call::Aggregate(sector, proved.collect::<Result<_>>()?);
    match meter::role(place, Role::Direct, &call)? {
        (_, Answer::Proof(proof)) => Ok(proof),
        (_, other) => bail!("no aggregate: {other:?}"),
    }
}

/// What a verifying process does.
pub fn serve() -> Result<()> {
    let order: Order = meter::read()?;
    bind_to(order.threads)?;
    let measuring = Measuring {
        verifier: verifier(&order.fixtures, order.threads)?,
        order: &order,
    };
    meter::write(&measuring.all(&Recorded::read(&order.fixtures)?)?)
}

/// Processors that this process may run on.
fn processors() -> Result<Vec<usize>> {
    let allowed = sched_getaffinity(Pid::from_raw(0))?;
    let processors = 0..CpuSet::count();
    Ok(processors
        .filter(|processor| allowed.is_set(*processor).unwrap_or(false))
        .collect())
}

/// Lets this process, and the threads that it starts from now on, run on so many processors alone.
fn bind_to(count: usize) -> Result<()> {
    let mut allowed = CpuSet::new();
    for processor in processors()?.into_iter().take(count) {
        allowed.set(processor)?;
    }
    Ok(sched_setaffinity(Pid::from_raw(0), &allowed)?)
}

struct Measuring<'a> {
    verifier: ProofVerifier,
    order: &'a Order,
}

impl Measuring<'_> {
    fn all(&self, recorded: &Recorded) -> Result<Vec<Rate>> {
        let verifier = &self.verifier;
        let mut seals = recorded.seals.iter().cycle();
        let batch: Vec<SealVerifyInfo> = seals.clone().take(BATCH).cloned().collect();
        let mut rates = vec![
            self.rate("seal", 1, || match seals.next() {
                Some(seal) => ensure_valid("seal", verifier.seal(seal)),
                None => bail!("no seals"),
            })?,
            self.rate("batch of seals", BATCH, || {
                let verdicts = verifier.seals(&batch);
                ensure!(verdicts.len() == BATCH, "{} verdicts", verdicts.len());
                let mut verdicts = verdicts.into_iter();
                verdicts.try_for_each(|verdict| ensure_valid("batch", verdict))
            })?,
        ];
        for (count, proof) in &self.order.aggregates {
            let asked: AggregateSealVerifyProofAndInfos =
                aggregate(&recorded.seals, *count, proof.clone());
            rates.push(self.rate("aggregate", *count, || {
                ensure_valid("aggregate", verifier.aggregate_seals(&asked))
            })?);
        }
        rates.push(self.rate("window PoSt", 1, || {
            ensure_valid("window", verifier.window_post(&recorded.window))
        })?);
        rates.push(self.rate("winning PoSt", 1, || {
            ensure_valid("winning", verifier.winning_post(&recorded.winning))
        })?);
        rates.push(self.rate("replica update", 1, || {
            ensure_valid("update", verifier.replica_update(&recorded.update))
        })?);
        Ok(rates)
    }

    fn rate(&self, of: &str, about: usize, mut ask: impl FnMut() -> Result<()>) -> Result<Rate> {
        // Tables of the key, and the reference string of that many proofs, are made once.
        ask()?;
        let mut rounds = Vec::new();
        for _ in 0..self.order.rounds {
            let cpu = cpu_ms()?;
            let start = Instant::now();
            let mut asked = 0_u32;
            while asked == 0 || start.elapsed() < self.order.long {
                ask()?;
                asked += 1;
            }
            let wall = start.elapsed().as_secs_f64() * 1e3;
            let asked = f64::from(asked);
            rounds.push((wall / asked, (cpu_ms()? - cpu) / asked));
        }
        let answer_ms = median(rounds.iter().map(|(wall, _)| *wall));
        Ok(Rate {
            of: of.to_owned(),
            threads: self.order.threads,
            about,
            answer_ms,
            cpu_ms: median(rounds.iter().map(|(_, cpu)| *cpu)),
            per_s: about as f64 * 1e3 / answer_ms,
        })
    }
}

fn cpu_ms() -> Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let times = [usage.user_time(), usage.system_time()];
    let ms =
        |time: &nix::sys::time::TimeVal| time.tv_sec() as f64 * 1e3 + time.tv_usec() as f64 / 1e3;
    Ok(times.iter().map(ms).sum())
}
