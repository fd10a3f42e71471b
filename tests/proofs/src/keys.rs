//! The verifying keys of 2 KiB sectors of the development set, as `proofs/fixtures` has them.

use std::path::Path;
use std::sync::Arc;

use filigree_proofs_params::{Proof, Role, SectorSize, Selection, Set};
use filigree_proofs_verify::{Keys, Limits, ProofVerifier};

/// A verifier with all keys.
///
/// # Panics
/// If one is missing or damaged.
pub fn verifier() -> Arc<ProofVerifier> {
    verifier_without(&[])
}

/// A verifier without the keys of some proofs.
///
/// # Panics
/// If another is missing or damaged.
pub fn verifier_without(left_out: &[Proof]) -> Arc<ProofVerifier> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proofs/fixtures");
    let selection = Selection::of(Set::Development, Role::Verify);
    let mut files = selection.with_sector_size(SectorSize::_2KiB).files();
    files.retain(|file| !left_out.contains(&file.proof));
    let keys = match Keys::load(&folder, &files).complete() {
        Ok(keys) => keys,
        Err(faults) => panic!("{faults:?}"),
    };
    let verifier = ProofVerifier::new(keys, Limits::default());
    Arc::new(verifier.expect("a pool of threads"))
}
