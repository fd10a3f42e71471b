//! The verifier that takes mock proofs.

use cid::Cid;
use filigree_proofs_params::DEVNET_CHAIN_ID;
use filigree_vm::{Network, Verdict, Verifier, VerifyError};
use fvm_shared::commcid::data_commitment_v1_to_cid;
use fvm_shared::piece::PieceInfo;
use fvm_shared::sector::{
    AggregateSealVerifyProofAndInfos, RegisteredSealProof, ReplicaUpdateInfo, SealVerifyInfo,
    WindowPoStVerifyInfo, WinningPoStVerifyInfo,
};

use crate::commitment::data_commitment;
use crate::proof::MockProver;

/// A network that is no development network was to believe mock proofs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "mock proofs are for development networks (chain id {DEVNET_CHAIN_ID}), and this one has chain id {chain_id}; \
     verify with the network's keys"
)]
pub struct NotADevnet {
    /// Its chain id.
    pub chain_id: u64,
}

/// Accepts the mock proof of what it is asked, and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct MockVerifier {
    // So that it is made by `for_network` alone.
    _devnet: (),
}

impl MockVerifier {
    /// A mock verifier, if `network` is a development network.
    pub fn for_network(network: &Network) -> Result<Self, NotADevnet> {
        match network.chain_id {
            DEVNET_CHAIN_ID => Ok(Self { _devnet: () }),
            chain_id => Err(NotADevnet { chain_id }),
        }
    }

    /// Judges the winning proof of a block header.
    pub fn winning_post(&self, info: &WinningPoStVerifyInfo) -> Verdict {
        let [proof] = info.proofs.as_slice() else {
            return Err(VerifyError::Malformed("there must be one proof".to_owned()));
        };
        Ok(proof.proof_bytes == MockProver.winning_post(info))
    }
}

impl Verifier for MockVerifier {
    /// The true commitment: actors compare it with what clients computed.
    fn unsealed_sector_cid(
        &self,
        proof: RegisteredSealProof,
        pieces: &[PieceInfo],
    ) -> Result<Cid, VerifyError> {
        let size = proof.sector_size().map_err(VerifyError::Malformed)?;
        let commitment = data_commitment(size as u64, pieces)?;
        data_commitment_v1_to_cid(&commitment).map_err(|e| VerifyError::Malformed(e.to_owned()))
    }

    fn window_post(&self, info: &WindowPoStVerifyInfo) -> Verdict {
        let [proof] = info.proofs.as_slice() else {
            return Err(VerifyError::Malformed("there must be one proof".to_owned()));
        };
        Ok(proof.proof_bytes == MockProver.window_post(info))
    }

    fn seal(&self, info: &SealVerifyInfo) -> Verdict {
        Ok(info.proof == MockProver.seal(info))
    }

    fn aggregate_seals(&self, info: &AggregateSealVerifyProofAndInfos) -> Verdict {
        Ok(info.proof == MockProver.aggregate_seals(info))
    }

    fn replica_update(&self, info: &ReplicaUpdateInfo) -> Verdict {
        Ok(info.proof == MockProver.replica_update(info))
    }
}
