//! Makes `proofs/fixtures` again: the verifying keys of 2 KiB sectors, and real proofs with what they are about.
//!
//! ```sh
//! cargo run -p filigree --release -- params generate --sector-size 2KiB --dir DIR
//! cargo run -p filigree-proofs-prove --example record-fixtures -- DIR proofs/fixtures
//! ```
//!
//! Proofs are random, so that each recording has other bytes; keys are the same on every machine. Without interaction a
//! seal takes thirteen times as long; it is recorded if `--non-interactive` is given.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use filecoin_proofs_api::{RegisteredAggregationProof, RegisteredPoStProof, RegisteredSealProof};
use filigree_proofs_params::{Role, SectorSize, Selection, Set};
use filigree_proofs_prove::aggregate::Proved;
use filigree_proofs_prove::pieces::PieceFile;
use filigree_proofs_prove::post::Stored;
use filigree_proofs_prove::pre_commit::Sealed;
use filigree_proofs_prove::{Control, Layout, Outcome, Sector, SectorId, Task, Workers};
use fvm_ipld_encoding::to_vec;
use fvm_shared::commcid::{data_commitment_v1_to_cid, replica_commitment_v1_to_cid};
use fvm_shared::randomness::Randomness;
use fvm_shared::sector as chain;
use serde_json::json;

const MINER: u64 = 1_000;
const TICKET: [u8; 32] = [3; 32];
const SEED: [u8; 32] = [4; 32];
const POST_RANDOMNESS: [u8; 32] = [5; 32];

fn main() -> Result<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let non_interactive = arguments
        .iter()
        .any(|argument| argument == "--non-interactive");
    arguments.retain(|argument| argument != "--non-interactive");
    let [parameters, output] = arguments.as_slice() else {
        bail!("usage: record-fixtures PARAMETERS OUTPUT [--non-interactive]");
    };
    let (parameters, output) = (fs::canonicalize(parameters)?, PathBuf::from(output));
    fs::create_dir_all(&output)?;
    copy_keys(&parameters, &output)?;
    let recorder = Recorder::new(&parameters)?;
    let questions = recorder.record(non_interactive)?;
    let text = serde_json::to_string_pretty(&questions)?;
    fs::write(output.join("proofs.json"), text + "\n")?;
    Ok(())
}

fn copy_keys(parameters: &Path, output: &Path) -> Result<()> {
    let selection = Selection::of(Set::Development, Role::Verify);
    for file in selection.with_sector_size(SectorSize::_2KiB).files() {
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
        let program = std::env::current_exe()?
            .ancestors()
            .nth(2)
            .context("examples are beside programs")?
            .join("filigree-prove-worker");
        ensure!(program.is_file(), "build {} first", program.display());
        let workers = Workers {
            program,
            arguments: Vec::new(),
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

    fn record(&self, non_interactive: bool) -> Result<Vec<serde_json::Value>> {
        let kind = RegisteredSealProof::StackedDrg2KiBV1_1;
        let made = [self.seal(kind, 1)?, self.seal(kind, 2)?];
        let mut questions = Vec::new();
        for made in &made {
            questions.push(question("seal", &seal_info(made, 5)?)?);
        }
        questions.push(question("aggregate", &self.aggregate(&made)?)?);
        questions.push(question("window", &self.window(&made)?)?);
        questions.push(question("winning", &self.winning(&made[0])?)?);
        questions.push(question("update", &self.update(&made[1])?)?);
        if non_interactive {
            let kind = RegisteredSealProof::StackedDrg2KiBV1_2_Feat_NonInteractivePoRep;
            questions.push(question("seal", &seal_info(&self.seal(kind, 3)?, 15)?)?);
        }
        Ok(questions)
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

/// What a verifier is asked: its kind, and the CBOR that an actor would give.
fn question(kind: &str, info: &impl serde::Serialize) -> Result<serde_json::Value> {
    Ok(json!({ "asks": kind, "cbor": hex::encode(to_vec(info)?) }))
}
