//! Replica updates ("snap deals", FIP-0019): data encoded into a sector that was sealed empty.

use filecoin_hashers::{Domain, Hasher};
use filecoin_proofs::constants::DefaultPieceDomain;
use filecoin_proofs::{PoRepConfig, SectorUpdateConfig, TreeRHasher};
use filecoin_proofs_api::{Commitment, MerkleTreeTrait};
use filigree_proofs_params::Proof;
use filigree_vm::Verdict;
use fvm_shared::sector::ReplicaUpdateInfo;
use storage_proofs_core::compound_proof::{CompoundProof, SetupParams};
use storage_proofs_core::multi_proof::MultiProof;
use storage_proofs_update::{EmptySectorUpdateCompound, PublicInputs};

use crate::claims::{self, OrMalformed};
use crate::tree::with_tree;
use crate::{Keys, kinds};

/// Judges a replica update.
pub fn verify(keys: &Keys, info: &ReplicaUpdateInfo) -> Verdict {
    let config = kinds::update(info.update_proof_type)?.as_v1_config();
    let sector = Sector {
        comm_r_old: claims::replica(&info.old_sealed_cid)?,
        comm_r_new: claims::replica(&info.new_sealed_cid)?,
        comm_d_new: claims::data(&info.new_unsealed_cid)?,
    };
    let size = u64::from(config.sector_size);
    with_tree!(size, verify_with(keys, &config, &sector, &info.proof))
}

struct Sector {
    comm_r_old: Commitment,
    comm_r_new: Commitment,
    comm_d_new: Commitment,
}

fn verify_with<Tree: 'static + MerkleTreeTrait<Hasher = TreeRHasher>>(
    keys: &Keys,
    config: &PoRepConfig,
    sector: &Sector,
    proof: &[u8],
) -> Verdict {
    type Replica = <TreeRHasher as Hasher>::Domain;
    let update = SectorUpdateConfig::from_porep_config(config);
    let partitions = usize::from(update.update_partitions);
    let inputs = PublicInputs {
        k: partitions,
        comm_r_old: Replica::try_from_bytes(&sector.comm_r_old).or_malformed()?,
        comm_d_new: DefaultPieceDomain::try_from_bytes(&sector.comm_d_new).or_malformed()?,
        comm_r_new: Replica::try_from_bytes(&sector.comm_r_new).or_malformed()?,
        h: update.h,
    };
    let setup = SetupParams {
        vanilla_params: storage_proofs_update::SetupParams {
            sector_bytes: config.sector_size.into(),
        },
        partitions: Some(partitions),
        priority: false,
    };
    let params = EmptySectorUpdateCompound::<Tree>::setup(&setup).or_malformed()?;
    let key = keys.of(Proof::ReplicaUpdate, config.sector_size.into())?;
    let proof = MultiProof::new_from_bytes(Some(partitions), proof, key).or_malformed()?;
    EmptySectorUpdateCompound::verify(&params, &inputs, &proof, &()).or_malformed()
}
