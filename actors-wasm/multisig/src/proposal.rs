//! What the hash in Approve and Cancel is of. Ids of transactions may change when the chain is reorganised; who names the hash too
//! approves this very transaction, or none.

use filigree_sdk::prelude::*;
use filigree_sdk::{cbor, crypto};

use crate::state::Transaction;

/// The bytes whose BLAKE2b-256 is a transaction's hash: DAG-CBOR of who approved first, receiver, value, method and parameters.
pub fn proposal_bytes(txn: &Transaction) -> Result<Vec<u8>> {
    let requester = txn.approved.first();
    cbor::encode(&(requester, &txn.to, &txn.value, txn.method, &txn.params))
}

/// Whether a hash is the transaction's. None was given if it is empty.
pub(crate) fn is_hash_of(hash: &[u8], txn: &Transaction) -> Result<bool> {
    Ok(hash.is_empty() || crypto::blake2b(&proposal_bytes(txn)?)? == hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_of_an_array_of_five() {
        let mut txn = Transaction {
            to: Address::new_id(100),
            value: TokenAmount::from_atto(7),
            method: 2,
            params: RawBytes::new(vec![0x81, 0x01]),
            approved: vec![Address::new_id(101), Address::new_id(102)],
        };
        let [to, value] = [&[0x42, 0, 100][..], &[0x42, 0, 7]];
        let rest = [to, value, &[0x02], &[0x42, 0x81, 0x01]].concat();
        assert_eq!(
            proposal_bytes(&txn),
            Ok([&[0x85, 0x42, 0, 101], &rest[..]].concat())
        );
        txn.approved.clear();
        assert_eq!(
            proposal_bytes(&txn),
            Ok([&[0x85, 0xf6], &rest[..]].concat())
        );
    }
}
