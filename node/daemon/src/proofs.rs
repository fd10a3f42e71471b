//! How a network judges proofs. What is not real is for networks of one's own, which types see to: a judge of the network's
//! proofs has no mode, and a mode that is not real needs a development network.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use cid::Cid;
use filigree_consensus::ChainConfig;
use filigree_proofs_mock::MockVerifier;
use filigree_proofs_params::{Role, SectorSize, Selection, Set};
use filigree_proofs_verify::{Limits, ProofVerifier};
use filigree_vm::{Network, Verdict, Verifier, VerifyError};
use fvm_shared::piece::PieceInfo;
use fvm_shared::sector::{
    AggregateSealVerifyProofAndInfos, RegisteredSealProof, ReplicaUpdateInfo, SealVerifyInfo,
    WindowPoStVerifyInfo, WinningPoStVerifyInfo,
};
use fvm_shared::version::NetworkVersion;
use serde::{Deserialize, Serialize};

use crate::home::write_private;
use crate::options;

/// How proofs are made and judged on a network of one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// All real but the winning proofs of blocks.
    Dev,
    /// All real.
    Real,
    /// None real.
    Mock,
}

impl Mode {
    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Real => "real",
            Self::Mock => "mock",
        }
    }

    /// What is not real, a line for each.
    pub fn mock_parts(self) -> &'static [&'static str] {
        match self {
            Self::Dev => &["winning proofs of blocks (WinningPoSt)"],
            Self::Real => &[],
            Self::Mock => &[
                "winning proofs of blocks (WinningPoSt)",
                "proofs of replication (PoRep) and the sectors themselves",
                "window proofs (WindowPoSt)",
            ],
        }
    }
}

impl From<options::Proofs> for Mode {
    fn from(typed: options::Proofs) -> Self {
        match typed {
            options::Proofs::Dev => Self::Dev,
            options::Proofs::Real => Self::Real,
            options::Proofs::Mock => Self::Mock,
        }
    }
}

/// Judges the proofs of a network: of actors for the host, of blocks for consensus. Clones share it.
#[derive(Clone)]
pub struct Judge(Arc<Judges>);

enum Judges {
    Real(ProofVerifier),
    Dev {
        proofs: ProofVerifier,
        winning: MockVerifier,
    },
    Mock(MockVerifier),
}

impl Judge {
    /// That of a network of one's own; verifying keys for development are kept in `keys`.
    ///
    /// # Errors
    /// When it is no development network, or the keys cannot be written or are damaged.
    pub fn of_devnet(config: &ChainConfig, mode: Mode, keys: &Path) -> Result<Self> {
        let network = network(config);
        let mock = MockVerifier::for_network(&network)?;
        let judges = match mode {
            Mode::Mock => Judges::Mock(mock),
            Mode::Dev => Judges::Dev {
                proofs: development(&network, keys)?,
                winning: mock,
            },
            Mode::Real => Judges::Real(development(&network, keys)?),
        };
        Ok(Self(Arc::new(judges)))
    }

    /// That of the public networks, with the keys of the ceremony in `folder`.
    ///
    /// # Errors
    /// What is missing, with the command that brings it.
    pub fn of_public_network(config: &ChainConfig, folder: &Path) -> Result<Self> {
        let network = network(config);
        let keys = Selection::of(Set::Production, Role::Verify);
        let verifier = ProofVerifier::for_network(&network, &keys, folder, Limits::default())?;
        Ok(Self(Arc::new(Judges::Real(verifier))))
    }

    /// Judges the winning proof of a block.
    pub fn winning_post(&self, info: &WinningPoStVerifyInfo) -> Verdict {
        match &*self.0 {
            Judges::Real(proofs) => proofs.winning_post(info),
            Judges::Dev { winning, .. } => winning.winning_post(info),
            Judges::Mock(mock) => mock.winning_post(info),
        }
    }

    fn of_actors(&self) -> &dyn Verifier {
        match &*self.0 {
            Judges::Real(proofs) | Judges::Dev { proofs, .. } => proofs,
            Judges::Mock(mock) => mock,
        }
    }
}

impl Verifier for Judge {
    fn unsealed_sector_cid(
        &self,
        proof: RegisteredSealProof,
        pieces: &[PieceInfo],
    ) -> Result<Cid, VerifyError> {
        self.of_actors().unsealed_sector_cid(proof, pieces)
    }

    fn window_post(&self, info: &WindowPoStVerifyInfo) -> Verdict {
        self.of_actors().window_post(info)
    }

    fn seal(&self, info: &SealVerifyInfo) -> Verdict {
        self.of_actors().seal(info)
    }

    fn seals(&self, infos: &[SealVerifyInfo]) -> Vec<Verdict> {
        self.of_actors().seals(infos)
    }

    fn aggregate_seals(&self, info: &AggregateSealVerifyProofAndInfos) -> Verdict {
        self.of_actors().aggregate_seals(info)
    }

    fn replica_update(&self, info: &ReplicaUpdateInfo) -> Verdict {
        self.of_actors().replica_update(info)
    }
}

/// The keys that verify proofs of 2 KiB sectors for development, and the SRS: so small that the program has them in it.
/// Whether they are the right ones is seen when they are read.
const DEVELOPMENT_KEYS: &[&[u8]] = &[
    include_bytes!(
        "../../../proofs/fixtures/v28-empty-sector-update-merkletree-poseidon_hasher-8-0-0-fb9e095bebdd77511c0269b967b4d87ba8b8a525edaa0e165de23ba454510194.vk"
    ),
    include_bytes!("../../../proofs/fixtures/v28-fil-inner-product-v1.srs"),
    include_bytes!(
        "../../../proofs/fixtures/v28-proof-of-spacetime-fallback-merkletree-poseidon_hasher-8-0-0-0170db1f394b35d995252228ee359194b13199d259380541dc529fb0099096b0.vk"
    ),
    include_bytes!(
        "../../../proofs/fixtures/v28-proof-of-spacetime-fallback-merkletree-poseidon_hasher-8-0-0-3ea05428c9d11689f23529cde32fd30aabd50f7d2c93657c1d3650bca3e8ea9e.vk"
    ),
    include_bytes!(
        "../../../proofs/fixtures/v28-stacked-proof-of-replication-merkletree-poseidon_hasher-8-0-0-sha256_hasher-032d3138d22506ec0082ed72b2dcba18df18477904e35bafee82b3793b06832f.vk"
    ),
];

/// Who a verifier is for: it looks at the chain id alone.
fn network(config: &ChainConfig) -> Network {
    let mut network = Network::new(NetworkVersion::V28);
    network.chain_id = config.eth_chain_id;
    network
}

fn development(network: &Network, folder: &Path) -> Result<ProofVerifier> {
    let keys = Selection::of(Set::Development, Role::Verify).with_sector_size(SectorSize::_2KiB);
    let files = keys.files();
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    for file in &files {
        let path = folder.join(file.name());
        let is_there = filigree_proofs_params::check(file, folder, &mut |_| ())
            .status
            .is_good();
        if is_there {
            continue;
        }
        let mut kept = DEVELOPMENT_KEYS.iter();
        let bytes = kept.find(|bytes| filigree_proofs_params::Digest::of(bytes) == file.digest);
        let bytes = bytes.with_context(|| format!("this program lacks {}", file.name()))?;
        write_private(&path, bytes)?;
    }
    Ok(ProofVerifier::for_network(
        network,
        &keys,
        folder,
        Limits::default(),
    )?)
}

#[cfg(test)]
mod tests {
    use filigree_consensus::config::Devnet;

    use super::*;

    fn devnet() -> ChainConfig {
        ChainConfig::devnet(Devnet {
            name: "local".to_owned(),
            genesis_timestamp_seconds: 1_700_000_000,
            block_delay_seconds: 4,
            version: NetworkVersion::V28,
            beacon_key: [7; 96],
        })
    }

    #[test]
    fn the_program_brings_the_keys_for_development() {
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("keys-dev");
        assert!(Judge::of_devnet(&devnet(), Mode::Real, &keys).is_ok());
        assert_eq!(fs::read_dir(&keys).unwrap().count(), DEVELOPMENT_KEYS.len());
        let one = fs::read_dir(&keys).unwrap().next().unwrap().unwrap().path();
        fs::write(&one, "damaged").unwrap();
        assert!(
            Judge::of_devnet(&devnet(), Mode::Dev, &keys).is_ok(),
            "it is made again"
        );
    }

    #[test]
    fn a_public_network_takes_no_mock() {
        let folder = tempfile::tempdir().unwrap();
        let error = Judge::of_devnet(&ChainConfig::mainnet(), Mode::Mock, folder.path());
        assert!(
            error
                .err()
                .unwrap()
                .to_string()
                .contains("development networks")
        );
        let error = Judge::of_public_network(&ChainConfig::mainnet(), folder.path())
            .err()
            .unwrap();
        assert!(error.to_string().contains("filigree params"), "{error}");
    }
}
