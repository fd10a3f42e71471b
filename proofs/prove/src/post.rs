//! Proofs of spacetime: that sectors are stored still.
//!
//! A window proof is about all sectors of a deadline's partitions; those that cannot be read are skipped, and the miner
//! declares them faulty. Which nodes of a sector are challenged depends on how many sectors come before it, so that
//! after one is skipped the others are asked anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use filecoin_hashers::{Domain, HashFunction, Hasher};
use filecoin_proofs::constants::DefaultTreeHasher;
use filecoin_proofs_api::post::{
    generate_fallback_sector_challenges, generate_single_vanilla_proof,
    generate_single_window_post_with_vanilla, generate_winning_post,
    generate_winning_post_sector_challenge, get_num_partition_for_fallback_post,
    merge_window_post_partition_proofs,
};
use filecoin_proofs_api::{PrivateReplicaInfo, RegisteredPoStProof, SectorId as LibSectorId};
use fvm_shared::ActorID;
use fvm_shared::sector::SectorNumber;
use serde::{Deserialize, Serialize};

use crate::error::InStep;
use crate::layout::Place;
use crate::sector::prover;
use crate::{Commitment, Control, Layout, ProveError, Result, SectorId, Step, params};

/// Bytes of a root of a tree.
const ROOT_BYTES: usize = 32;

/// A sector to prove, and where its replica is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Its number.
    pub number: SectorNumber,
    /// Commitment to its replica.
    pub comm_r: Commitment,
    /// The replica.
    pub replica: PathBuf,
    /// Its trees.
    pub cache: PathBuf,
}

impl Stored {
    /// A sealed sector in its place.
    pub fn sealed(layout: &Layout, sector: SectorId, comm_r: Commitment) -> Self {
        Self {
            number: sector.number,
            comm_r,
            replica: layout.whole(Place::Sealed, sector),
            cache: layout.whole(Place::Cache, sector),
        }
    }

    /// An updated sector in its place.
    pub fn updated(layout: &Layout, sector: SectorId, comm_r: Commitment) -> Self {
        Self {
            number: sector.number,
            comm_r,
            replica: layout.whole(Place::Update, sector),
            cache: layout.whole(Place::UpdateCache, sector),
        }
    }

    /// Whether CommR is that of the roots beside the trees: the library holds every opening against its root, but the
    /// roots against nothing.
    pub fn is_committed_to(&self) -> bool {
        type Root = <DefaultTreeHasher as Hasher>::Domain;
        let Ok(roots) = fs::read(self.cache.join("p_aux")) else {
            return false;
        };
        // The root over the columns of labels, then that over the replica.
        let Some((columns, replica)) = roots.split_at_checked(ROOT_BYTES) else {
            return false;
        };
        match (Root::try_from_bytes(columns), Root::try_from_bytes(replica)) {
            (Ok(columns), Ok(replica)) => {
                let comm_r = <DefaultTreeHasher as Hasher>::Function::hash2(&columns, &replica);
                comm_r.into_bytes() == self.comm_r
            }
            _ => false,
        }
    }

    fn info(&self, kind: RegisteredPoStProof) -> PrivateReplicaInfo {
        PrivateReplicaInfo::new(kind, self.comm_r, self.cache.clone(), self.replica.clone())
    }
}

/// A window proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowProof {
    /// Of all sectors but the skipped.
    pub proof: Vec<u8>,
    /// Sectors that could not be opened, in order.
    pub skipped: Vec<SectorNumber>,
}

/// Proves that `sectors` of `miner` are stored; those that cannot be opened are skipped.
///
/// # Errors
/// None of the sectors can be opened, or the parameters are missing.
pub fn window(
    kind: RegisteredPoStProof,
    randomness: [u8; 32],
    miner: ActorID,
    sectors: &[Stored],
    control: &Control,
) -> Result<WindowProof> {
    params::require(Step::WindowPost, kind.cache_params_path())?;
    control.step(Step::WindowPost, || {
        let window = Window {
            kind,
            randomness: in_field(randomness),
            miner,
            sectors: sectors
                .iter()
                .map(|stored| (stored.number, stored))
                .collect(),
        };
        window.prove(control)
    })
}

struct Window<'a> {
    kind: RegisteredPoStProof,
    randomness: [u8; 32],
    miner: ActorID,
    sectors: BTreeMap<SectorNumber, &'a Stored>,
}

impl Window<'_> {
    fn prove(&self, control: &Control) -> Result<WindowProof> {
        let mut skipped = BTreeSet::new();
        let openings = loop {
            // At least one more is skipped each time.
            let before = skipped.len();
            let openings = self.open(&mut skipped, control)?;
            if skipped.len() == before {
                break openings;
            }
        };
        let partitions = get_num_partition_for_fallback_post(self.kind, openings.len())
            .in_step(Step::WindowPost)?
            .max(1);
        let of_one = self.kind.sector_count();
        let mut proofs = Vec::with_capacity(partitions);
        // One after the other: the largest needs more than 100 GiB.
        for (index, openings) in openings.chunks(of_one).enumerate() {
            control.check()?;
            let proof = generate_single_window_post_with_vanilla(
                self.kind,
                &self.randomness,
                prover(self.miner),
                openings,
                index,
            );
            proofs.push(proof.in_step(Step::WindowPost)?);
        }
        let proof =
            merge_window_post_partition_proofs(self.kind, proofs).in_step(Step::WindowPost)?;
        Ok(WindowProof {
            proof,
            skipped: skipped.into_iter().collect(),
        })
    }

    /// Opens the challenged nodes of all sectors but the skipped, and skips those that do not open.
    fn open(
        &self,
        skipped: &mut BTreeSet<SectorNumber>,
        control: &Control,
    ) -> Result<Vec<Vec<u8>>> {
        let asked: Vec<LibSectorId> = self
            .sectors
            .keys()
            .filter(|number| !skipped.contains(number))
            .map(|number| LibSectorId::from(*number))
            .collect();
        if asked.is_empty() {
            let what = format!("none of {} sectors can be opened", self.sectors.len());
            return Err(ProveError::Input(what));
        }
        let challenges = generate_fallback_sector_challenges(
            self.kind,
            &self.randomness,
            &asked,
            prover(self.miner),
        )
        .in_step(Step::WindowPost)?;
        let mut openings = Vec::with_capacity(asked.len());
        for (id, challenges) in challenges {
            control.check()?;
            let Some(stored) = self.sectors.get(&u64::from(id)) else {
                continue;
            };
            if !stored.is_committed_to() {
                skipped.insert(stored.number);
                continue;
            }
            let info = stored.info(self.kind);
            match generate_single_vanilla_proof(self.kind, id, &info, &challenges) {
                Ok(opening) => openings.push(opening),
                Err(_) => {
                    skipped.insert(stored.number);
                }
            }
        }
        Ok(openings)
    }
}

/// Which of `sectors` sectors, in order of their numbers, must be proved to win a block: their indices.
pub fn winning_challenge(
    kind: RegisteredPoStProof,
    randomness: [u8; 32],
    miner: ActorID,
    sectors: u64,
) -> Result<Vec<u64>> {
    let randomness = in_field(randomness);
    generate_winning_post_sector_challenge(kind, &randomness, sectors, prover(miner))
        .in_step(Step::WinningPost)
}

/// Proves the challenged sectors of a block.
pub fn winning(
    kind: RegisteredPoStProof,
    randomness: [u8; 32],
    miner: ActorID,
    challenged: &[Stored],
    control: &Control,
) -> Result<Vec<u8>> {
    params::require(Step::WinningPost, kind.cache_params_path())?;
    control.step(Step::WinningPost, || {
        let replicas: BTreeMap<LibSectorId, PrivateReplicaInfo> = challenged
            .iter()
            .map(|stored| (LibSectorId::from(stored.number), stored.info(kind)))
            .collect();
        let made = generate_winning_post(&in_field(randomness), &replicas, prover(miner));
        let proofs = made.in_step(Step::WinningPost)?;
        match <[_; 1]>::try_from(proofs) {
            Ok([(_, proof)]) => Ok(proof),
            Err(proofs) => Err(ProveError::Library {
                step: Step::WinningPost,
                reason: format!("{} proofs came out, not one", proofs.len()),
            }),
        }
    })
}

/// Randomness as an element of the field, as verifiers take it.
fn in_field(mut randomness: [u8; 32]) -> [u8; 32] {
    randomness[31] &= 0x3f;
    randomness
}
