//! The verifying keys of 2 KiB sectors of the development set, as `proofs/fixtures` has them.

use std::path::Path;
use std::sync::Arc;

use filigree_proofs_params::{Proof, Role, SectorSize, Selection, Set};
use filigree_proofs_verify::{Keys, Limits, ProofVerifier};

/// The files that verify proofs of 2 KiB sectors.
pub fn selection() -> Selection {
    Selection::of(Set::Development, Role::Verify).with_sector_size(SectorSize::_2KiB)
}

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
    let mut files = selection().files();
    files.retain(|file| !left_out.contains(&file.proof));
    let keys = match Keys::load(&folder, &files).complete() {
        Ok(keys) => keys,
        Err(faults) => panic!("{faults:?}"),
    };
    let verifier = ProofVerifier::new(keys, Limits::default());
    Arc::new(verifier.expect("a pool of threads"))
}
