//! The signature of a header, by the worker that its miner had a lookback ago.

use filigree_blocks::BlockHeader;
use filigree_keys::verify;
use fvm_shared::address::Address;

use crate::reason::{Field, Reason};

/// That the worker signed the header: all of it but the signature.
pub fn check(header: &BlockHeader, worker: &Address) -> Result<(), Reason> {
    let signature = header.signature.as_ref();
    let signature = signature.ok_or(Reason::Missing(Field::Signature))?;
    if !verify(signature, worker, &header.signing_bytes()) {
        return Err(Reason::BlockSignature { worker: *worker });
    }
    Ok(())
}
