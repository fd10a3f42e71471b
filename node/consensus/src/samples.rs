//! Headers, tipsets and messages for tests.

use filigree_blocks::{BlockHeader, ElectionProof, Ticket, Tipset, TipsetKey, cid_of};
use fvm_ipld_encoding::RawBytes;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;

/// A header that has everything and is good for nothing.
pub fn header(miner: u64) -> BlockHeader {
    let cid = cid_of(b"any");
    BlockHeader {
        miner: Address::new_id(miner),
        ticket: Some(Ticket {
            vrf_proof: miner.to_be_bytes().to_vec(),
        }),
        election_proof: Some(ElectionProof {
            win_count: 1,
            vrf_proof: vec![1],
        }),
        beacon_entries: vec![],
        winning_post: vec![],
        parents: TipsetKey::new([cid]),
        parent_weight: 0.into(),
        height: 100,
        parent_state: cid,
        parent_receipts: cid,
        messages: cid,
        bls_aggregate: None,
        timestamp_seconds: 0,
        signature: None,
        fork_signal: 0,
        parent_base_fee: TokenAmount::from_atto(100),
    }
}

/// A tipset of blocks that won so often, on parents of this weight.
pub fn tipset(wins: &[i64], parent_weight: u64) -> Tipset {
    let headers = (1000..).zip(wins).map(|(miner, wins)| {
        let mut header = header(miner);
        header.parent_weight = parent_weight.into();
        header.election_proof = Some(ElectionProof {
            win_count: *wins,
            vrf_proof: vec![],
        });
        header
    });
    Tipset::new(headers).expect("miners have tickets of their own")
}

/// The address of somebody who has a secp256k1 key.
pub fn sender(number: u8) -> Address {
    Address::new_secp256k1(&[number; 65]).expect("65 bytes are a key")
}

/// A message that may stand in a block.
pub fn message(from: Address, sequence: u64) -> Message {
    Message {
        version: 0,
        from,
        to: Address::new_id(99),
        sequence,
        value: TokenAmount::from_atto(1),
        method_num: 0,
        params: RawBytes::default(),
        gas_limit: 1_000_000,
        gas_fee_cap: TokenAmount::from_atto(1_000),
        gas_premium: TokenAmount::from_atto(10),
    }
}
