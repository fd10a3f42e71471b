//! Makes `proofs/fixtures` again: the verifying keys of 2 KiB sectors, and real proofs with what they are about.
//!
//! ```sh
//! cargo run -p filigree --release -- params generate --sector-size 2KiB --dir DIR
//! cargo run -p filigree-proofs-prove --example record-fixtures -- DIR proofs/fixtures [GROUP...]
//! ```
//!
//! Groups are `interactive`, `synthetic` and `non-interactive`; without any, all are recorded, and what is not recorded
//! anew stays as it is. Proofs are random, so that each recording has other bytes; keys are the same on every machine.
//! Without interaction a seal takes thirteen times as long. What is broken (`broken.json`) is derived again from all that
//! is recorded, each time; the group `broken` records nothing else.
//!
//! With the argument `worker` alone it is a worker process of the pipeline.

mod broken;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use filecoin_proofs_api::{RegisteredAggregationProof, RegisteredPoStProof, RegisteredSealProof};
use filigree_proofs_params::{Role, SectorSize, Selection, Set};
use filigree_proofs_prove::aggregate::Proved;
use filigree_proofs_prove::pieces::PieceFile;
use filigree_proofs_prove::post::Stored;
use filigree_proofs_prove::pre_commit::Sealed;
use filigree_proofs_prove::{Control, Layout, Outcome, Sector, SectorId, Task, Workers};
use filigree_proofs_verify::{Keys, Limits, ProofVerifier};
use fvm_ipld_encoding::to_vec;
use fvm_shared::commcid::{data_commitment_v1_to_cid, replica_commitment_v1_to_cid};
use fvm_shared::randomness::Randomness;
use fvm_shared::sector as chain;
use serde::{Deserialize, Serialize};

const MINER: u64 = 1_000;
const TICKET: [u8; 32] = [3; 32];
const SEED: [u8; 32] = [4; 32];
const POST_RANDOMNESS: [u8; 32] = [5; 32];

/// What is recorded together.
const GROUPS: [&str; 3] = ["interactive", "synthetic", "non-interactive"];

/// What records nothing, but derives what is broken.
const BROKEN: &str = "broken";

/// A recorded question: its kind, and the CBOR that an actor would give, in hexadecimal digits.
#[derive(Serialize, Deserialize)]
struct Question {
    asks: String,
    cbor: String,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments == ["worker"] {
        return filigree_proofs_prove::worker::serve();
    }
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let [parameters, output, groups @ ..] = arguments else {
        bail!("usage: record-fixtures PARAMETERS OUTPUT [GROUP...]");
    };
    let groups = match groups {
        [] => GROUPS.map(str::to_owned).to_vec(),
        some => some.to_vec(),
    };
    let (parameters, output) = (fs::canonicalize(parameters)?, PathBuf::from(output));
    fs::create_dir_all(&output)?;
    copy_keys(&parameters, &output)?;
    let recorder = Recorder::new(&parameters)?;
    let mut made = Vec::new();
    for group in groups.iter().filter(|group| *group != BROKEN) {
        made.extend(recorder.record(group)?);
    }
    let questions = replaced(&output.join("proofs.json"), made)?;
    write(&output.join("proofs.json"), &questions)?;
    let keys = Keys::load(&output, &keys().files()).complete();
    let keys = keys.map_err(|faults| anyhow::anyhow!("{faults:?}"))?;
    let verifier = ProofVerifier::new(keys, Limits::default())?;
    write(
        &output.join("broken.json"),
        &broken::all(&questions, &verifier)?,
    )
}

/// What was recorded before, with what was made in the place of what asks the same.
fn replaced(path: &Path, made: Vec<Question>) -> Result<Vec<Question>> {
    let mut questions: Vec<Question> = match path.exists() {
        true => serde_json::from_slice(&fs::read(path)?)?,
        false => Vec::new(),
    };
    let anew: BTreeSet<&str> = made.iter().map(|question| question.asks.as_str()).collect();
    questions.retain(|question| !anew.contains(question.asks.as_str()));
    questions.extend(made);
    Ok(questions)
}

fn write(path: &Path, lines: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(lines)?;
    fs::write(path, text + "\n").with_context(|| path.display().to_string())
}

/// Those of 2 KiB sectors, and the reference string.
fn keys() -> Selection {
    Selection::of(Set::Development, Role::Verify).with_sector_size(SectorSize::_2KiB)
}

fn copy_keys(parameters: &Path, output: &Path) -> Result<()> {
    for file in keys().files() {
        let from = parameters.join(file.name());
        fs::copy(&from, output.join(file.name())).with_context(|| from.display().to_string())?;
    }
    Ok(())
}

struct Recorder {
    workers: Workers,
    folder: tempfile::TempDir,
}

/// A sealed and proved sector.
struct Made {
    sector: Sector,
    sealed: Sealed,
    proof: Vec<u8>,
}

impl Recorder {
    fn new(parameters: &Path) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let workers = Workers {
            program: std::env::current_exe()?,
            arguments: vec!["worker".to_owned()],
            parameters: parameters.to_owned(),
            parents: folder.path().to_owned(),
            folder: folder.path().to_owned(),
        };
        Ok(Self { workers, folder })
    }

    fn run(&self, task: &Task) -> Result<Outcome> {
        let control = Control::new(|event| eprintln!("{event:?}"));
        Ok(self.workers.run(task, 2, &control)?)
    }

    fn proof(&self, task: &Task) -> Result<Vec<u8>> {
        match self.run(task)? {
            Outcome::Proof(proof) => Ok(proof),
            other => bail!("no proof: {other:?}"),
        }
    }

    fn record(&self, group: &str) -> Result<Vec<Question>> {
        use RegisteredSealProof::*;
        match group {
            "interactive" => self.interactive(),
            "synthetic" => {
                let made = self.seal(StackedDrg2KiBV1_1_Feat_SyntheticPoRep, 3)?;
                Ok(vec![question("synthetic-seal", &seal_info(&made, 10)?)?])
            }
            "non-interactive" => {
                let made = self.seal(StackedDrg2KiBV1_2_Feat_NonInteractivePoRep, 4)?;
                let info = seal_info(&made, 15)?;
                Ok(vec![question("non-interactive-seal", &info)?])
            }
            other => bail!("there is no group {other}; there are {GROUPS:?} and {BROKEN:?}"),
        }
    }

    fn interactive(&self) -> Result<Vec<Question>> {
        let kind = RegisteredSealProof::StackedDrg2KiBV1_1;
        let made = [self.seal(kind, 1)?, self.seal(kind, 2)?];
        Ok(vec![
            question("seal", &seal_info(&made[0], 5)?)?,
            question("seal", &seal_info(&made[1], 5)?)?,
            question("aggregate", &self.aggregate(&made)?)?,
            question("window", &self.window(&made)?)?,
            question("winning", &self.winning(&made[0])?)?,
            question("update", &self.update(&made[1])?)?,
        ])
    }

    fn seal(&self, proof: RegisteredSealProof, number: u64) -> Result<Made> {
        let id = SectorId {
            miner: MINER,
            number,
        };
        let ticket = TICKET;
        let sector = Sector { proof, id, ticket };
        let root = self.root();
        let files = vec![];
        self.run(&Task::Pieces {
            root: root.clone(),
            sector,
            files,
        })?;
        let sealed = match self.run(&Task::PreCommit2 {
            root: root.clone(),
            sector,
        })? {
            Outcome::Sealed(sealed) => sealed,
            other => bail!("not sealed: {other:?}"),
        };
        let proof = self.proof(&Task::Commit {
            root,
            sector,
            seed: SEED,
        })?;
        Ok(Made {
            sector,
            sealed,
            proof,
        })
    }

    fn aggregate(&self, made: &[Made]) -> Result<chain::AggregateSealVerifyProofAndInfos> {
        let proved = made.iter().map(|made| Proved {
            comm_r: made.sealed.comm_r,
            seed: SEED,
            proof: made.proof.clone(),
        });
        let proof = self.proof(&Task::Aggregate {
            proof: made[0].sector.proof,
            version: RegisteredAggregationProof::SnarkPackV2,
            sectors: proved.collect(),
        })?;
        let infos = made.iter().map(|made| {
            Ok(chain::AggregateSealVerifyInfo {
                sector_number: made.sector.id.number,
                randomness: Randomness(TICKET.to_vec()),
                interactive_randomness: Randomness(SEED.to_vec()),
                sealed_cid: replica(&made.sealed)?,
                unsealed_cid: data(&made.sealed)?,
            })
        });
        Ok(chain::AggregateSealVerifyProofAndInfos {
            miner: MINER,
            seal_proof: chain::RegisteredSealProof::StackedDRG2KiBV1P1,
            aggregate_proof: chain::RegisteredAggregateProof::SnarkPackV2,
            proof,
            infos: infos.collect::<Result<_>>()?,
        })
    }

    fn window(&self, made: &[Made]) -> Result<chain::WindowPoStVerifyInfo> {
        let layout = Layout::new(self.root());
        let stored = made
            .iter()
            .map(|made| Stored::sealed(&layout, made.sector.id, made.sealed.comm_r));
        let task = Task::WindowPost {
            kind: RegisteredPoStProof::StackedDrgWindow2KiBV1_2,
            randomness: POST_RANDOMNESS,
            miner: MINER,
            sectors: stored.collect(),
        };
        let Outcome::Window(window) = self.run(&task)? else {
            bail!("no window proof")
        };
        ensure!(window.skipped.is_empty(), "skipped {:?}", window.skipped);
        let kind = chain::RegisteredPoStProof::StackedDRGWindow2KiBV1P1;
        Ok(chain::WindowPoStVerifyInfo {
            randomness: Randomness(POST_RANDOMNESS.to_vec()),
            proofs: post_proof(kind, window.proof),
            challenged_sectors: made.iter().map(sector_info).collect::<Result<_>>()?,
            prover: MINER,
        })
    }

    fn winning(&self, made: &Made) -> Result<chain::WinningPoStVerifyInfo> {
        let layout = Layout::new(self.root());
        let proof = self.proof(&Task::WinningPost {
            kind: RegisteredPoStProof::StackedDrgWinning2KiBV1,
            randomness: POST_RANDOMNESS,
            miner: MINER,
            challenged: vec![Stored::sealed(&layout, made.sector.id, made.sealed.comm_r)],
        })?;
        let kind = chain::RegisteredPoStProof::StackedDRGWinning2KiBV1;
        Ok(chain::WinningPoStVerifyInfo {
            randomness: Randomness(POST_RANDOMNESS.to_vec()),
            proofs: post_proof(kind, proof),
            challenge_sectors: vec![sector_info(made)?],
            prover: MINER,
        })
    }

    fn update(&self, made: &Made) -> Result<chain::ReplicaUpdateInfo> {
        let path = self.folder.path().join("update.data");
        fs::write(&path, [0x5a; 1016])?;
        let (root, sector) = (self.root(), made.sector);
        let encode = Task::UpdateEncode {
            root: root.clone(),
            sector,
            files: vec![PieceFile {
                path,
                size_bytes: 1024,
            }],
        };
        let Outcome::Updated(updated) = self.run(&encode)? else {
            bail!("no update")
        };
        Ok(chain::ReplicaUpdateInfo {
            update_proof_type: chain::RegisteredUpdateProof::StackedDRG2KiBV1,
            old_sealed_cid: replica(&made.sealed)?,
            new_sealed_cid: replica(&updated.sealed)?,
            new_unsealed_cid: data(&updated.sealed)?,
            proof: self.proof(&Task::UpdateProve { root, sector })?,
        })
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("sectors")
    }
}

fn seal_info(made: &Made, kind: i64) -> Result<chain::SealVerifyInfo> {
    Ok(chain::SealVerifyInfo {
        registered_proof: chain::RegisteredSealProof::from(kind),
        sector_id: chain::SectorID {
            miner: MINER,
            number: made.sector.id.number,
        },
        deal_ids: Vec::new(),
        randomness: Randomness(TICKET.to_vec()),
        interactive_randomness: Randomness(SEED.to_vec()),
        proof: made.proof.clone(),
        sealed_cid: replica(&made.sealed)?,
        unsealed_cid: data(&made.sealed)?,
    })
}

fn sector_info(made: &Made) -> Result<chain::SectorInfo> {
    Ok(chain::SectorInfo {
        proof: chain::RegisteredSealProof::StackedDRG2KiBV1P1,
        sector_number: made.sector.id.number,
        sealed_cid: replica(&made.sealed)?,
    })
}

fn post_proof(
    post_proof: chain::RegisteredPoStProof,
    proof_bytes: Vec<u8>,
) -> Vec<chain::PoStProof> {
    vec![chain::PoStProof {
        post_proof,
        proof_bytes,
    }]
}

fn replica(sealed: &Sealed) -> Result<cid::Cid> {
    replica_commitment_v1_to_cid(&sealed.comm_r).map_err(anyhow::Error::msg)
}

fn data(sealed: &Sealed) -> Result<cid::Cid> {
    data_commitment_v1_to_cid(&sealed.comm_d).map_err(anyhow::Error::msg)
}

fn question(asks: &str, info: &impl Serialize) -> Result<Question> {
    Ok(Question {
        asks: asks.to_owned(),
        cbor: hex::encode(to_vec(info)?),
    })
}
