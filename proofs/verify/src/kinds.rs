//! The registered proofs of the chain, as the library names them. Both number them alike, and those numbers are
//! consensus.

use filecoin_proofs_api::{
    RegisteredAggregationProof as Aggregate, RegisteredPoStProof as PoSt,
    RegisteredSealProof as Seal, RegisteredUpdateProof as Update,
};
use filigree_vm::VerifyError;
use fvm_shared::sector::{
    RegisteredAggregateProof, RegisteredPoStProof, RegisteredSealProof, RegisteredUpdateProof,
};

/// Seal proofs by number: of each version, 2 KiB, 8 MiB, 512 MiB, 32 GiB and 64 GiB.
const SEALS: [Seal; 20] = [
    Seal::StackedDrg2KiBV1,
    Seal::StackedDrg8MiBV1,
    Seal::StackedDrg512MiBV1,
    Seal::StackedDrg32GiBV1,
    Seal::StackedDrg64GiBV1,
    Seal::StackedDrg2KiBV1_1,
    Seal::StackedDrg8MiBV1_1,
    Seal::StackedDrg512MiBV1_1,
    Seal::StackedDrg32GiBV1_1,
    Seal::StackedDrg64GiBV1_1,
    Seal::StackedDrg2KiBV1_1_Feat_SyntheticPoRep,
    Seal::StackedDrg8MiBV1_1_Feat_SyntheticPoRep,
    Seal::StackedDrg512MiBV1_1_Feat_SyntheticPoRep,
    Seal::StackedDrg32GiBV1_1_Feat_SyntheticPoRep,
    Seal::StackedDrg64GiBV1_1_Feat_SyntheticPoRep,
    Seal::StackedDrg2KiBV1_2_Feat_NonInteractivePoRep,
    Seal::StackedDrg8MiBV1_2_Feat_NonInteractivePoRep,
    Seal::StackedDrg512MiBV1_2_Feat_NonInteractivePoRep,
    Seal::StackedDrg32GiBV1_2_Feat_NonInteractivePoRep,
    Seal::StackedDrg64GiBV1_2_Feat_NonInteractivePoRep,
];

/// Proofs of spacetime by number. Those from 5 to 9 are of the type before the challenges were changed; the chain takes
/// them up to nv20.
const POSTS: [PoSt; 15] = [
    PoSt::StackedDrgWinning2KiBV1,
    PoSt::StackedDrgWinning8MiBV1,
    PoSt::StackedDrgWinning512MiBV1,
    PoSt::StackedDrgWinning32GiBV1,
    PoSt::StackedDrgWinning64GiBV1,
    PoSt::StackedDrgWindow2KiBV1,
    PoSt::StackedDrgWindow8MiBV1,
    PoSt::StackedDrgWindow512MiBV1,
    PoSt::StackedDrgWindow32GiBV1,
    PoSt::StackedDrgWindow64GiBV1,
    PoSt::StackedDrgWindow2KiBV1_2,
    PoSt::StackedDrgWindow8MiBV1_2,
    PoSt::StackedDrgWindow512MiBV1_2,
    PoSt::StackedDrgWindow32GiBV1_2,
    PoSt::StackedDrgWindow64GiBV1_2,
];

const UPDATES: [Update; 5] = [
    Update::StackedDrg2KiBV1,
    Update::StackedDrg8MiBV1,
    Update::StackedDrg512MiBV1,
    Update::StackedDrg32GiBV1,
    Update::StackedDrg64GiBV1,
];

const AGGREGATES: [Aggregate; 2] = [Aggregate::SnarkPackV1, Aggregate::SnarkPackV2];

/// The library's name of a seal proof.
pub fn seal(proof: RegisteredSealProof) -> Result<Seal, VerifyError> {
    by_number(&SEALS, proof.into(), "seal")
}

/// The library's name of a proof of spacetime.
pub fn post(proof: RegisteredPoStProof) -> Result<PoSt, VerifyError> {
    by_number(&POSTS, proof.into(), "proof of spacetime")
}

/// The library's name of a replica update.
pub fn update(proof: RegisteredUpdateProof) -> Result<Update, VerifyError> {
    by_number(&UPDATES, proof.into(), "replica update")
}

/// The library's name of a way to aggregate.
pub fn aggregate(proof: RegisteredAggregateProof) -> Result<Aggregate, VerifyError> {
    by_number(&AGGREGATES, proof.into(), "aggregate")
}

fn by_number<T: Copy>(kinds: &[T], number: i64, what: &str) -> Result<T, VerifyError> {
    let kind = usize::try_from(number).ok().and_then(|n| kinds.get(n));
    kind.copied()
        .ok_or_else(|| VerifyError::Malformed(format!("{number} is no type of {what}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_chain_are_those_of_the_library() {
        for number in 0..20 {
            let proof = RegisteredSealProof::from(number);
            let kind = seal(proof).unwrap();
            let size = proof.sector_size().unwrap() as u64;
            assert_eq!(u64::from(kind.sector_size()), size, "{kind:?}");
            // The type's number stands in the identity of the replica.
            let id = kind.as_v1_config().porep_id;
            assert_eq!(id[..8], (number as u64).to_le_bytes(), "{kind:?}");
        }
        for number in (0..5).chain(10..15) {
            let proof = RegisteredPoStProof::from(number);
            let kind = post(proof).unwrap();
            let size = proof.sector_size().unwrap() as u64;
            assert_eq!(u64::from(kind.sector_size()), size, "{kind:?}");
        }
        for number in 5..10 {
            let old = post(RegisteredPoStProof::from(number)).unwrap();
            let new = post(RegisteredPoStProof::from(number + 5)).unwrap();
            assert_eq!(old.sector_size(), new.sector_size());
            assert_eq!(old.typ(), new.typ());
            assert_ne!(old.version(), new.version());
        }
        for number in 0..5 {
            let kind = update(RegisteredUpdateProof::from(number)).unwrap();
            let seal = seal(RegisteredSealProof::from(number)).unwrap();
            assert_eq!(kind.sector_size(), seal.sector_size());
        }
        for number in 0..2 {
            aggregate(RegisteredAggregateProof::from(number)).unwrap();
        }
    }

    #[test]
    fn unknown_numbers_are_malformed() {
        let refused = |result: Result<(), VerifyError>, number: i64| {
            let Err(VerifyError::Malformed(text)) = result else {
                panic!("{result:?}")
            };
            assert!(text.contains(&number.to_string()), "{text}");
        };
        for number in [-1, i64::MIN, 20, i64::MAX] {
            refused(seal(number.into()).map(|_| ()), number);
            refused(post(number.into()).map(|_| ()), number);
            refused(update(number.into()).map(|_| ()), number);
            refused(aggregate(number.into()).map(|_| ()), number);
        }
    }
}
