//! A miner and the sectors that are sealed for it before the network begins.

use filigree_builtin::policy::DEVNET;
use fvm_shared::sector::{RegisteredSealProof, SectorSize};
use fvm_shared::version::NetworkVersion;
use serde::{Deserialize, Serialize};

use super::account::Party;
use super::keys::TREASURY;
use crate::error::TemplateError;
use crate::text;

/// Sectors of a miner that says nothing of them: as many as one window proof shows.
const SECTORS: u64 = 2;
/// Most sectors of a miner: each is sealed before the network begins.
const MAX_SECTORS: u64 = 1_000;

/// A miner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Miner {
    /// Who owns it and pays its pledges: an account.
    pub owner: Party,
    /// Whose key signs its blocks: an account of a BLS key that is made with the network. One of its own, if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker: Option<Party>,
    /// The size of its sectors.
    #[serde(with = "text::sector_size")]
    pub sector_size: SectorSize,
    /// How many sectors it begins with.
    pub sectors: u64,
    /// How they are sealed.
    pub seal_type: SealType,
}

/// How sectors are sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SealType {
    /// Interactive proofs of replication, version 1.1.
    #[default]
    Interactive,
    /// Synthetic ones (FIP-0059).
    Synthetic,
}

impl Default for Miner {
    fn default() -> Self {
        Self {
            owner: Party::Name(TREASURY.to_owned()),
            worker: None,
            sector_size: SectorSize::_2KiB,
            sectors: SECTORS,
            seal_type: SealType::default(),
        }
    }
}

impl Miner {
    /// How its sectors are sealed, as actors say it.
    pub fn seal_proof(&self) -> RegisteredSealProof {
        let interactive =
            RegisteredSealProof::from_sector_size(self.sector_size, NetworkVersion::V28);
        match self.seal_type {
            SealType::Interactive => interactive,
            // Five sizes on.
            SealType::Synthetic => RegisteredSealProof::from(i64::from(interactive) + 5),
        }
    }

    /// Raw power of its sectors.
    pub(super) fn power_bytes(&self) -> u64 {
        self.sectors.saturating_mul(self.sector_size as u64)
    }

    pub(super) fn check(&self, index: usize) -> Result<(), TemplateError> {
        let wrong = |why: String| {
            Err(TemplateError::Contradiction(format!(
                "miner {index}: {why}"
            )))
        };
        if !DEVNET
            .valid_pre_commit_proof_type
            .contains(self.seal_proof())
        {
            return wrong(
                "the actors of development networks take sectors of 2KiB and 8MiB; others are compiled out: see \
                 valid_pre_commit_proof_type in actors-wasm/builtin/src/policy.rs, and build another bundle with `cargo xtask \
                 bundle --network devnet --out FILE.car`"
                    .to_owned(),
            );
        }
        if self.sectors > MAX_SECTORS {
            let count = self.sectors;
            return wrong(format!(
                "{count} sectors to seal before the network begins; {MAX_SECTORS} are the most"
            ));
        }
        Ok(())
    }
}
