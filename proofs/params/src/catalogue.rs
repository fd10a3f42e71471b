//! All files of both sets, by selection.

use crate::file::{File, Kind, Proof, Role, SectorSize, Set};
use crate::{development, published};

/// Which files are meant.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Whose setup.
    pub set: Set,
    /// For which role.
    pub role: Role,
    /// For sectors of these sizes; all if empty.
    pub sector_sizes: Vec<SectorSize>,
    /// For these proofs; if empty, for all that a registered proof type uses.
    pub proofs: Vec<Proof>,
}

impl Selection {
    /// Everything that a role needs, for all sector sizes.
    pub const fn of(set: Set, role: Role) -> Selection {
        Selection {
            set,
            role,
            sector_sizes: Vec::new(),
            proofs: Vec::new(),
        }
    }

    /// The same for sectors of one size.
    pub fn with_sector_size(mut self, size: SectorSize) -> Selection {
        self.sector_sizes.push(size);
        self
    }

    /// The same for one proof.
    pub fn with_proof(mut self, proof: Proof) -> Selection {
        self.proofs.push(proof);
        self
    }

    /// The selected files, by sector size and proof. The SRS, of all sizes, comes last.
    pub fn files(&self) -> Vec<File> {
        let files = all(self.set).into_iter();
        files.filter(|file| self.contains(file)).collect()
    }

    fn contains(&self, file: &File) -> bool {
        let size = file
            .sector_size
            .is_none_or(|size| self.sector_sizes.is_empty() || self.sector_sizes.contains(&size));
        let proof = if self.proofs.is_empty() {
            file.proof != Proof::ReplicaUpdatePoseidon
        } else {
            self.proofs.contains(&file.proof)
        };
        size && proof && self.role.needs(file.kind)
    }
}

/// Every file of a set.
pub fn all(set: Set) -> Vec<File> {
    match set {
        Set::Production => production(),
        Set::Development => made(),
    }
}

/// One circuit's file, if the set has it.
pub fn find(set: Set, proof: Proof, sector_size: Option<SectorSize>, kind: Kind) -> Option<File> {
    let files = all(set).into_iter();
    let mut found = files
        .filter(|f| f.proof == proof && f.kind == kind)
        .filter(|f| f.sector_size.is_none() || f.sector_size == sector_size);
    found.next()
}

fn production() -> Vec<File> {
    let mut files = Vec::new();
    for circuit in published::CIRCUITS {
        let twin = twin(circuit.proof, circuit.sector_size);
        for (kind, published, made) in [
            (
                Kind::Parameters,
                &circuit.parameters,
                twin.map(|t| &t.parameters),
            ),
            (Kind::Key, &circuit.key, twin.map(|t| &t.key)),
        ] {
            files.push(File {
                set: Set::Production,
                proof: circuit.proof,
                sector_size: Some(circuit.sector_size),
                kind,
                id: circuit.id,
                digest: published.digest,
                size_bytes: made.map(|made| made.size_bytes),
                cid: Some(published.cid),
            });
        }
    }
    files.push(File {
        set: Set::Production,
        proof: Proof::Aggregation,
        sector_size: None,
        kind: Kind::Srs,
        id: published::SRS_ID,
        digest: published::SRS.digest,
        size_bytes: None,
        cid: Some(published::SRS.cid),
    });
    files
}

fn made() -> Vec<File> {
    let mut files = Vec::new();
    for circuit in published::CIRCUITS {
        let Some(twin) = twin(circuit.proof, circuit.sector_size) else {
            continue;
        };
        for (kind, made) in [(Kind::Parameters, &twin.parameters), (Kind::Key, &twin.key)] {
            files.push(File {
                set: Set::Development,
                proof: circuit.proof,
                sector_size: Some(circuit.sector_size),
                kind,
                id: circuit.id,
                digest: made.digest,
                size_bytes: Some(made.size_bytes),
                cid: None,
            });
        }
    }
    files.push(File {
        set: Set::Development,
        proof: Proof::Aggregation,
        sector_size: None,
        kind: Kind::Srs,
        id: published::SRS_ID,
        digest: development::SRS.digest,
        size_bytes: Some(development::SRS.size_bytes),
        cid: None,
    });
    files
}

fn twin(proof: Proof, size: SectorSize) -> Option<&'static development::Circuit> {
    let mut twins = development::CIRCUITS.iter();
    twins.find(|twin| twin.proof == proof && twin.sector_size == size)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_network_publishes_22_circuits_and_one_srs() {
        let files = all(Set::Production);
        assert_eq!(files.len(), 2 * 22 + 1);
        let names: BTreeSet<String> = files.iter().map(File::name).collect();
        assert_eq!(names.len(), files.len());
        let digests: BTreeSet<_> = files.iter().map(|f| f.digest).collect();
        assert_eq!(digests.len(), files.len());
        assert!(names.contains("v28-fil-inner-product-v1.srs"));
    }

    #[test]
    fn who_verifies_needs_keys_and_srs() {
        let verify = Selection::of(Set::Production, Role::Verify);
        let files = verify.with_sector_size(SectorSize::_32GiB).files();
        let kinds: Vec<Kind> = files.iter().map(|f| f.kind).collect();
        assert_eq!(
            kinds,
            [Kind::Key, Kind::Key, Kind::Key, Kind::Key, Kind::Srs]
        );
        let prove = Selection::of(Set::Production, Role::Prove);
        assert_eq!(
            prove.with_sector_size(SectorSize::_32GiB).files().len(),
            4 * 2 + 1
        );
    }

    #[test]
    fn what_no_proof_type_uses_is_selected_by_name_alone() {
        let all = Selection::of(Set::Production, Role::Prove);
        assert!(
            !all.files()
                .iter()
                .any(|f| f.proof == Proof::ReplicaUpdatePoseidon)
        );
        let named = all.with_proof(Proof::ReplicaUpdatePoseidon).files();
        assert_eq!(named.len(), 4);
    }

    #[test]
    fn all_that_can_be_generated_is_recorded() {
        let files = all(Set::Development);
        assert_eq!(files.len(), 4 * 2 * development::SECTOR_SIZES.len() + 1);
        assert!(
            files
                .iter()
                .all(|f| f.size_bytes.is_some() && f.cid.is_none())
        );
        for size in development::SECTOR_SIZES {
            let prove = Selection::of(Set::Development, Role::Prove).with_sector_size(size);
            assert_eq!(prove.files().len(), 4 * 2 + 1);
        }
    }

    #[test]
    fn the_sets_share_names_but_no_digest() {
        let production = all(Set::Production);
        for file in all(Set::Development) {
            let other = find(Set::Production, file.proof, file.sector_size, file.kind).unwrap();
            assert_eq!(other.name(), file.name());
            assert!(production.iter().all(|p| p.digest != file.digest));
        }
    }
}
