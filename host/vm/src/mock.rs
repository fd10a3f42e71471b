//! Stand-ins for tests (feature `mock`). Nothing that ships enables this feature.

use cid::Cid;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::commcid::data_commitment_v1_to_cid;
use fvm_shared::consensus::ConsensusFault;
use fvm_shared::econ::TokenAmount;
use fvm_shared::piece::PieceInfo;
use fvm_shared::sector::{
    AggregateSealVerifyProofAndInfos, RegisteredSealProof, ReplicaUpdateInfo, SealVerifyInfo,
    WindowPoStVerifyInfo,
};

use crate::{Chain, Verdict, Verifier, VerifyError};

/// A verifier that takes every proof for valid and gives every sector the all-zero data commitment.
#[derive(Clone, Copy, Debug, Default)]
pub struct AcceptAllVerifier;

impl Verifier for AcceptAllVerifier {
    fn unsealed_sector_cid(
        &self,
        _: RegisteredSealProof,
        _: &[PieceInfo],
    ) -> Result<Cid, VerifyError> {
        data_commitment_v1_to_cid(&[0; 32]).map_err(|e| VerifyError::Malformed(e.to_owned()))
    }

    fn window_post(&self, _: &WindowPoStVerifyInfo) -> Verdict {
        Ok(true)
    }

    fn seal(&self, _: &SealVerifyInfo) -> Verdict {
        Ok(true)
    }

    fn aggregate_seals(&self, _: &AggregateSealVerifyProofAndInfos) -> Verdict {
        Ok(true)
    }

    fn replica_update(&self, _: &ReplicaUpdateInfo) -> Verdict {
        Ok(true)
    }
}

/// A chain without history: constant randomness, one tipset, no faults.
#[derive(Clone, Debug, Default)]
pub struct FixedChain {
    /// The randomness of every epoch.
    pub randomness: [u8; 32],
    /// The tipset of every epoch.
    pub tipset: Cid,
    /// The circulating supply.
    pub circulating_supply: TokenAmount,
}

impl Chain for FixedChain {
    fn chain_randomness(&self, _: ChainEpoch) -> anyhow::Result<[u8; 32]> {
        Ok(self.randomness)
    }

    fn beacon_randomness(&self, _: ChainEpoch) -> anyhow::Result<[u8; 32]> {
        Ok(self.randomness)
    }

    fn tipset_cid(&self, _: ChainEpoch) -> anyhow::Result<Cid> {
        Ok(self.tipset)
    }

    fn circulating_supply(&self) -> TokenAmount {
        self.circulating_supply.clone()
    }

    fn consensus_fault(&self, _: &[u8], _: &[u8], _: &[u8]) -> anyhow::Result<Option<ConsensusFault>> {
        Ok(None)
    }
}
