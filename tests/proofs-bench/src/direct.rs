//! The steps as calls of `filecoin-proofs-api`, with as little around them as a program can do with that makes one call in
//! a process: files are where the library is told, what the next call needs is kept as JSON, and nothing is synced,
//! recorded or moved.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use filecoin_proofs_api::post::{generate_window_post, generate_winning_post};
use filecoin_proofs_api::seal::{
    SealCommitPhase2Output, SealPreCommitPhase2Output, add_piece, aggregate_seal_commit_proofs,
    get_unsealed_range, seal_commit_phase1, seal_commit_phase2, seal_pre_commit_phase1,
    seal_pre_commit_phase2,
};
use filecoin_proofs_api::update::{
    empty_sector_update_encode_into, generate_empty_sector_update_proof,
};
use filecoin_proofs_api::{
    PieceInfo, PrivateReplicaInfo, RegisteredAggregationProof, RegisteredPoStProof,
    RegisteredUpdateProof, SectorId, UnpaddedByteIndex, UnpaddedBytesAmount,
};
use filigree_proofs_prove::aggregate::Proved;
use filigree_proofs_prove::layout::Place;
use filigree_proofs_prove::post::Stored;
use filigree_proofs_prove::pre_commit::Sealed;
use filigree_proofs_prove::{Layout, Sector};
use serde::{Deserialize, Serialize};

use crate::meter;

/// The library's name for updates of 2 KiB sectors.
const UPDATE: RegisteredUpdateProof = RegisteredUpdateProof::StackedDrg2KiBV1;

/// A sector, and where its files are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Files {
    /// The directory.
    pub root: PathBuf,
    /// The sector.
    pub sector: Sector,
}

/// A step.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Call {
    /// Pads one piece, of a file and zeros behind it, or of zeros alone.
    Pieces(Files, Option<PathBuf>),
    /// Labels.
    PreCommit1(Files),
    /// Trees and replica.
    PreCommit2(Files),
    /// Opens challenged nodes and proves them, with this seed.
    Commit(Files, Sealed, [u8; 32]),
    /// Makes one proof of many of a sector type.
    Aggregate(Sector, Vec<Proved>),
    /// Proves that sectors of the first one's miner are stored.
    WindowPost(Files, RegisteredPoStProof, [u8; 32], Vec<Stored>),
    /// The same, to win a block.
    WinningPost(Files, RegisteredPoStProof, [u8; 32], Vec<Stored>),
    /// Reads all data back, into a file.
    Unseal(Files, Sealed, PathBuf),
    /// Encodes one piece into a sealed sector.
    UpdateEncode(Files, PathBuf),
    /// Proves that, from the old commitments and the new.
    UpdateProve(Files, Sealed, Sealed),
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// Files, or what the next call reads.
    Done,
    /// Commitments.
    Sealed(Sealed),
    /// A proof.
    Proof(Vec<u8>),
}

/// What a process does that makes a call.
pub fn serve() -> Result<()> {
    let call: Call = meter::read()?;
    meter::write(&call.make()?)
}

impl Call {
    fn make(self) -> Result<Answer> {
        match self {
            Self::Pieces(files, data) => {
                let piece = files.add_piece(Place::Unsealed, data.as_deref())?;
                files.keep("pieces", &[piece])?;
                Ok(Answer::Done)
            }
            Self::PreCommit1(files) => files.pre_commit_1(),
            Self::PreCommit2(files) => {
                let labels = files.kept("labels")?;
                let (cache, sealed) = (files.at(Place::Cache), files.at(Place::Sealed));
                let sealed = seal_pre_commit_phase2(labels, cache, sealed)?;
                Ok(Answer::Sealed(Sealed {
                    comm_r: sealed.comm_r,
                    comm_d: sealed.comm_d,
                }))
            }
            Self::Commit(files, sealed, seed) => files.commit(sealed, seed),
            Self::Aggregate(sector, sectors) => aggregate(&sector, &sectors),
            Self::WindowPost(files, kind, randomness, sectors) => {
                let replicas = replicas(kind, &sectors);
                let prover = files.sector.id.prover();
                proof(generate_window_post(&randomness, &replicas, prover)?)
            }
            Self::WinningPost(files, kind, randomness, sectors) => {
                let replicas = replicas(kind, &sectors);
                let prover = files.sector.id.prover();
                proof(generate_winning_post(&randomness, &replicas, prover)?)
            }
            Self::Unseal(files, sealed, output) => files.unseal(sealed, &output),
            Self::UpdateEncode(files, data) => files.encode(&data),
            Self::UpdateProve(files, old, new) => {
                let proof = generate_empty_sector_update_proof(
                    UPDATE,
                    old.comm_r,
                    new.comm_r,
                    new.comm_d,
                    files.at(Place::Sealed),
                    files.at(Place::Cache),
                    files.at(Place::Update),
                    files.at(Place::UpdateCache),
                )?;
                Ok(Answer::Proof(proof.0))
            }
        }
    }
}

impl Files {
    /// Makes the directories that the library does not make.
    pub fn prepare(&self) -> Result<()> {
        for folder in ["unsealed", "sealed", "update", "kept", "labels"] {
            fs::create_dir_all(self.root.join(folder))?;
        }
        for place in [Place::Cache, Place::UpdateCache] {
            fs::create_dir_all(self.at(place))?;
        }
        Ok(())
    }

    fn at(&self, place: Place) -> PathBuf {
        Layout::new(&self.root).whole(place, self.sector.id)
    }

    fn number(&self) -> SectorId {
        SectorId::from(self.sector.id.number)
    }

    /// Bytes of data in the sector.
    fn data_bytes(&self) -> UnpaddedBytesAmount {
        self.sector.proof.sector_size().into()
    }

    fn keep(&self, what: &str, value: &(impl Serialize + ?Sized)) -> Result<()> {
        fs::write(self.kept_at(what), serde_json::to_vec(value)?)?;
        Ok(())
    }

    fn kept<T: serde::de::DeserializeOwned>(&self, what: &str) -> Result<T> {
        Ok(serde_json::from_slice(&fs::read(self.kept_at(what))?)?)
    }

    fn kept_at(&self, what: &str) -> PathBuf {
        let name = format!("{}-{what}.json", self.sector.id);
        self.root.join("kept").join(name)
    }

    /// Writes a piece as large as the sector.
    fn add_piece(&self, place: Place, data: Option<&Path>) -> Result<PieceInfo> {
        let size = self.data_bytes();
        let data: Box<dyn Read> = match data {
            Some(path) => Box::new(File::open(path)?),
            None => Box::new(io::empty()),
        };
        let source = data.chain(io::repeat(0)).take(size.0);
        let target = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(self.at(place))?;
        let (piece, _) = add_piece(self.sector.proof, source, target, size, &[])?;
        Ok(piece)
    }

    fn pre_commit_1(&self) -> Result<Answer> {
        let pieces: Vec<PieceInfo> = self.kept("pieces")?;
        File::create(self.at(Place::Sealed))?;
        let labels = seal_pre_commit_phase1(
            self.sector.proof,
            self.at(Place::Cache),
            self.at(Place::Unsealed),
            self.at(Place::Sealed),
            self.sector.id.prover(),
            self.number(),
            self.sector.ticket,
            &pieces,
        )?;
        self.keep("labels", &labels)?;
        Ok(Answer::Done)
    }

    fn commit(&self, sealed: Sealed, seed: [u8; 32]) -> Result<Answer> {
        let pieces: Vec<PieceInfo> = self.kept("pieces")?;
        let pre_commit = SealPreCommitPhase2Output {
            registered_proof: self.sector.proof,
            comm_r: sealed.comm_r,
            comm_d: sealed.comm_d,
        };
        let openings = seal_commit_phase1(
            self.at(Place::Cache),
            self.at(Place::Sealed),
            self.sector.id.prover(),
            self.number(),
            self.sector.ticket,
            seed,
            pre_commit,
            &pieces,
        )?;
        let made = seal_commit_phase2(openings, self.sector.id.prover(), self.number())?;
        Ok(Answer::Proof(made.proof))
    }

    fn unseal(&self, sealed: Sealed, output: &Path) -> Result<Answer> {
        let size = self.data_bytes();
        let written = get_unsealed_range(
            self.sector.proof,
            self.root.join("labels").as_path(),
            &self.at(Place::Sealed),
            output,
            self.sector.id.prover(),
            self.number(),
            sealed.comm_d,
            self.sector.ticket,
            UnpaddedByteIndex(0),
            size,
        )?;
        ensure!(written == size, "{written:?} came out, not {size:?}");
        Ok(Answer::Done)
    }

    fn encode(&self, data: &Path) -> Result<Answer> {
        let piece = self.add_piece(Place::Unsealed, Some(data))?;
        let replica = File::create(self.at(Place::Update))?;
        replica.set_len(self.sector.size_bytes())?;
        let encoded = empty_sector_update_encode_into(
            UPDATE,
            self.at(Place::Update),
            self.at(Place::UpdateCache),
            self.at(Place::Sealed),
            self.at(Place::Cache),
            self.at(Place::Unsealed),
            &[piece],
        )?;
        Ok(Answer::Sealed(Sealed {
            comm_r: encoded.comm_r_new,
            comm_d: encoded.comm_d_new,
        }))
    }
}

fn aggregate(sector: &Sector, sectors: &[Proved]) -> Result<Answer> {
    let comm_rs: Vec<_> = sectors.iter().map(|sector| sector.comm_r).collect();
    let seeds: Vec<_> = sectors.iter().map(|sector| sector.seed).collect();
    let proofs = sectors.iter().map(|sector| SealCommitPhase2Output {
        proof: sector.proof.clone(),
    });
    let proofs: Vec<_> = proofs.collect();
    let version = RegisteredAggregationProof::SnarkPackV2;
    let proof = aggregate_seal_commit_proofs(sector.proof, version, &comm_rs, &seeds, &proofs)?;
    Ok(Answer::Proof(proof))
}

fn replicas(
    kind: RegisteredPoStProof,
    sectors: &[Stored],
) -> BTreeMap<SectorId, PrivateReplicaInfo> {
    let info = |stored: &Stored| {
        let (cache, replica) = (stored.cache.clone(), stored.replica.clone());
        PrivateReplicaInfo::new(kind, stored.comm_r, cache, replica)
    };
    let replicas = sectors.iter().map(|s| (SectorId::from(s.number), info(s)));
    replicas.collect()
}

fn proof(proofs: Vec<(RegisteredPoStProof, Vec<u8>)>) -> Result<Answer> {
    match <[_; 1]>::try_from(proofs) {
        Ok([(_, proof)]) => Ok(Answer::Proof(proof)),
        Err(proofs) => bail!("{} proofs came out, not one", proofs.len()),
    }
}
