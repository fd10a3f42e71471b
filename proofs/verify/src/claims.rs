//! What an actor claims, made into the library's types. Everything here refuses as the reference host does: with
//! "illegal argument".

use std::fmt::Display;

use cid::Cid;
use filecoin_proofs_api::{Commitment, ProverId};
use filigree_vm::VerifyError;
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::commcid::{cid_to_data_commitment_v1, cid_to_replica_commitment_v1};

/// Results whose errors mean that the input makes no sense.
pub trait OrMalformed<T> {
    /// Takes the error for the input's fault.
    fn or_malformed(self) -> Result<T, VerifyError>;
}

impl<T, E: Display> OrMalformed<T> for Result<T, E> {
    fn or_malformed(self) -> Result<T, VerifyError> {
        self.map_err(|e| VerifyError::Malformed(format!("{e:#}")))
    }
}

/// Refuses the input unless `holds`.
pub fn ensure(holds: bool, otherwise: &str) -> Result<(), VerifyError> {
    if holds {
        Ok(())
    } else {
        Err(VerifyError::Malformed(otherwise.to_owned()))
    }
}

/// Randomness, a ticket or a seed.
pub fn bytes_32(bytes: &[u8], what: &str) -> Result<[u8; 32], VerifyError> {
    bytes
        .try_into()
        .map_err(|_| VerifyError::Malformed(format!("{what} has {} bytes, not 32", bytes.len())))
}

/// CommR, from a sealed CID.
pub fn replica(cid: &Cid) -> Result<Commitment, VerifyError> {
    cid_to_replica_commitment_v1(cid).or_malformed()
}

/// CommD, from an unsealed CID.
pub fn data(cid: &Cid) -> Result<Commitment, VerifyError> {
    cid_to_data_commitment_v1(cid).or_malformed()
}

/// A miner's identity in proofs: the payload of its id address (LEB128), then zeros.
pub fn prover(miner: ActorID) -> ProverId {
    let payload = Address::new_id(miner).payload_bytes();
    let mut id = ProverId::default();
    id[..payload.len()].copy_from_slice(&payload);
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prover_is_its_id_in_leb128() {
        let check = |miner, expected: &[u8]| {
            let id = prover(miner);
            assert_eq!(id[..expected.len()], *expected);
            assert!(id[expected.len()..].iter().all(|byte| *byte == 0));
        };
        check(0, &[0]);
        check(1_000, &[0xe8, 0x07]);
        check(
            u64::MAX,
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        );
    }
}
