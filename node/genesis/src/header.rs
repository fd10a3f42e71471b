//! The first block. It has no parents but one that every Filecoin network begins with: a text of 2017, hashed by SHA-256.

use cid::Cid;
use filigree_blocks::{
    BeaconEntry, BlockHeader, ElectionProof, MessageCids, MessageRoots, Ticket, TipsetKey,
};
use fvm_ipld_amt::Amtv0;
use fvm_ipld_blockstore::Blockstore;
use fvm_shared::address::Address;
use fvm_shared::receipt::Receipt;

use crate::error::GenesisError;
use crate::template::Template;

/// CID of the block before the first.
pub const FILECOIN_GENESIS: &str = "bafyreiaqpwbbyjo4a42saasj36kkrpv4tsherf2e7bvezkert2a7dhonoi";

const FILECOIN_GENESIS_HEX: &str = "a5684461746574696d6573323031372d30352d30352030313a32373a3531674e6574\
    776f726b6846696c65636f696e65546f6b656e6846696c65636f696e6c546f6b656e416d6f756e7473a36b546f74616c53757070\
    6c796d322c3030302c3030302c303030664d696e6572736d312c3430302c3030302c3030306c50726f746f636f6c4c616273a36b\
    446576656c6f706d656e746b3330302c3030302c3030306b46756e6472616973696e676b3230302c3030302c3030306a466f756e\
    646174696f6e6b3130302c3030302c303030674d657373616765784854686973206973207468652047656e6573697320426c6f63\
    6b206f66207468652046696c65636f696e20446563656e7472616c697a65642053746f72616765204e6574776f726b2e";

/// The block before the first: its CID and its bytes.
pub fn filecoin_genesis_block() -> (Cid, Vec<u8>) {
    let cid = FILECOIN_GENESIS.parse().expect("it is a CID");
    let block = hex::decode(FILECOIN_GENESIS_HEX).expect("it is hexadecimal");
    (cid, block)
}

/// Makes the first block of a state, and writes it.
pub(crate) fn make(
    store: &impl Blockstore,
    template: &Template,
    state: Cid,
) -> Result<BlockHeader, GenesisError> {
    let failed = |e: String| GenesisError::Store(anyhow::anyhow!(e));
    let (before, block) = filecoin_genesis_block();
    store
        .put_keyed(&before, &block)
        .map_err(GenesisError::Store)?;
    let messages = MessageRoots::write(store, &MessageCids::default());
    let receipts = Amtv0::<Receipt, _>::new(store).flush();
    let header = BlockHeader {
        miner: Address::new_id(0),
        ticket: Some(Ticket {
            vrf_proof: ticket(template),
        }),
        election_proof: Some(ElectionProof {
            win_count: 0,
            vrf_proof: Vec::new(),
        }),
        beacon_entries: vec![match &template.beacon {
            Some(beacon) => BeaconEntry {
                round: beacon.round,
                signature: beacon.signature.clone(),
            },
            None => BeaconEntry {
                round: 0,
                signature: vec![0; 32],
            },
        }],
        winning_post: Vec::new(),
        parents: TipsetKey::new([before]),
        parent_weight: 0.into(),
        height: 0,
        parent_state: state,
        parent_receipts: receipts.map_err(|e| failed(e.to_string()))?,
        messages: messages.map_err(|e| failed(e.to_string()))?,
        bls_aggregate: None,
        timestamp_seconds: template.genesis_time,
        signature: None,
        fork_signal: 0,
        parent_base_fee: template.base_fee.clone(),
    };
    store
        .put_keyed(&header.cid(), &header.to_bytes())
        .map_err(GenesisError::Store)?;
    Ok(header)
}

/// Nobody drew it: the template names it, or it follows from what makes the network another than others.
fn ticket(template: &Template) -> Vec<u8> {
    if let Some(ticket) = &template.ticket {
        return ticket.clone();
    }
    let (name, time) = (&template.network_name, template.genesis_time);
    let seed = format!("filigree genesis {name} {time}");
    let mut params = blake2b_simd::Params::new();
    params
        .hash_length(32)
        .hash(seed.as_bytes())
        .as_bytes()
        .to_vec()
}

#[cfg(test)]
mod tests {
    use fvm_ipld_encoding::DAG_CBOR;
    use multihash_codetable::{Code, MultihashDigest};

    use super::*;

    #[test]
    fn the_block_before_the_first_has_its_cid() {
        let (cid, block) = filecoin_genesis_block();
        assert_eq!(cid, Cid::new_v1(DAG_CBOR, Code::Sha2_256.digest(&block)));
    }
}
