//! The header of a block: who made it, by what right, on what, and what came of its parents.

use cid::Cid;
use fvm_ipld_encoding::strict_bytes;
use fvm_shared::address::Address;
use fvm_shared::bigint::{BigInt, bigint_ser};
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::sector::PoStProof;
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::canonical::{DecodeError, cid_of, decode, encode};
use crate::key::TipsetKey;
use crate::signature::Signature;
use crate::ticket::Ticket;

/// A proof of having won the right to make blocks in an epoch (Filecoin spec, "Secret Leader Election").
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct ElectionProof {
    /// How often the miner won; a block counts, and is rewarded, as often.
    pub win_count: i64,
    /// The VRF's output, a BLS signature, that was drawn.
    #[serde(with = "strict_bytes")]
    pub vrf_proof: Vec<u8>,
}

/// What the beacon (drand) said in a round.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct BeaconEntry {
    /// The beacon's round.
    pub round: u64,
    /// The round's signature, which is its randomness.
    #[serde(with = "strict_bytes")]
    pub signature: Vec<u8>,
}

/// A block header, in the order of its encoding. What its fields must be is said by `consensus`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct BlockHeader {
    /// The miner's id address.
    pub miner: Address,
    /// The miner's ticket. All blocks of a tipset have one.
    pub ticket: Option<Ticket>,
    /// Why the miner may make this block. None won in a genesis block.
    pub election_proof: Option<ElectionProof>,
    /// Rounds of the beacon since the parents.
    pub beacon_entries: Vec<BeaconEntry>,
    /// Proofs that the miner has the sectors he was elected for.
    pub winning_post: Vec<PoStProof>,
    /// The blocks of the tipset this is built on, in that tipset's order.
    pub parents: TipsetKey,
    /// Weight of the chain up to the parents.
    #[serde(with = "bigint_ser")]
    pub parent_weight: BigInt,
    /// The epoch.
    pub height: ChainEpoch,
    /// State after the messages of the parents.
    pub parent_state: Cid,
    /// Receipts of the messages of the parents.
    pub parent_receipts: Cid,
    /// The messages of this block ([`MessageRoots`](crate::MessageRoots)).
    pub messages: Cid,
    /// One signature for all messages of BLS senders.
    pub bls_aggregate: Option<Signature>,
    /// Seconds since 1970. The epoch determines it.
    pub timestamp_seconds: u64,
    /// The signature of the miner's worker over all but this field.
    pub signature: Option<Signature>,
    /// Signals an opinion on a fork; no rule reads it.
    pub fork_signal: u64,
    /// Base fee for the messages of this block, attoFIL per gas.
    pub parent_base_fee: TokenAmount,
}

impl BlockHeader {
    /// The header of these bytes.
    ///
    /// # Errors
    /// When they are not the canonical encoding of a header.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode("a block header", bytes)
    }

    /// DAG-CBOR.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// CID of the block.
    pub fn cid(&self) -> Cid {
        cid_of(&self.to_bytes())
    }

    /// What the miner's worker signs: the header without a signature.
    pub fn signing_bytes(&self) -> Vec<u8> {
        let unsigned = Self {
            signature: None,
            ..self.clone()
        };
        unsigned.to_bytes()
    }
}

#[cfg(test)]
mod tests {
    use fvm_shared::sector::RegisteredPoStProof;

    use super::*;
    use crate::signature::SignatureType;

    /// The header whose signing bytes Lotus holds in a test of its own (`chain/types/blockheader_test.go`), but with an
    /// aggregate of type 2: type 0 is refused.
    fn header() -> BlockHeader {
        let cid = "bafy2bzaceaxyj7xq27gc2747adjcirpxx52tt7owqx6z6kckun7tqivvoym4y";
        let cid: Cid = cid.parse().unwrap();
        let miner = hex::decode("01d04cb15021bf6bd003073d79e2238d4e61f1ad22").unwrap();
        BlockHeader {
            miner: Address::from_bytes(&miner).unwrap(),
            ticket: Some(Ticket {
                vrf_proof: vec![1, 2, 3],
            }),
            election_proof: Some(ElectionProof {
                win_count: 0,
                vrf_proof: vec![10, 11],
            }),
            beacon_entries: vec![BeaconEntry {
                round: 5,
                signature: vec![12],
            }],
            winning_post: vec![PoStProof {
                post_proof: RegisteredPoStProof::StackedDRGWinning2KiBV1,
                proof_bytes: vec![7],
            }],
            parents: TipsetKey::new([cid]),
            parent_weight: 1000.into(),
            height: 2,
            parent_state: cid,
            parent_receipts: cid,
            messages: cid,
            bls_aggregate: Some(Signature::new(SignatureType::Bls, [])),
            timestamp_seconds: 1,
            signature: Some(Signature::new(SignatureType::Bls, [3])),
            fork_signal: 3,
            parent_base_fee: TokenAmount::from_atto(1_000_000_000),
        }
    }

    #[test]
    fn signing_bytes_are_those_of_the_network() {
        let cid = "d82a5827000171a0e402202f84fef0d7cc2d7f9f00d22445f7bf7539fdd685fd9f284aa37f3822b57619cc";
        let expected = format!(
            "905501d04cb15021bf6bd003073d79e2238d4e61f1ad2281430102038200420a0b818205410c818200410781{cid}430003e802\
             {cid}{cid}{cid}410201f60345003b9aca00"
        );
        assert_eq!(hex::encode(header().signing_bytes()), expected);
    }

    /// The first block of mainnet.
    #[test]
    fn the_genesis_block_of_mainnet_is_read_whole() {
        let bytes = "904200008158205f8a03396b309a60fb7d3d33dd13483d05464bce5fd9d06171e7a8c280e242168200408182005820000000\
         00000000000000000000000000000000000000000000000000000000008081d82a58250001711220107d821c25dc07352002\
         49df94a8bebc9c8e489744f86a4ca8919e81f19dcd724000d82a5827000171a0e402208fbc07f7587e2efebab9ff1ab27c92\
         8881abf9d1b7e5ad5206781415615867aed82a5827000171a0e40220e5658b3d18cd06e1db9015b4b0ec55c123a24d5be1ea\
         24d83938c5b8397b4f2fd82a5827000171a0e4022098307faeabdd208c1321be4c1ec84fbb952cd8424c24db0d5a96c8032f\
         b2ce10f61a5f443860f600450005f5e100";
        let bytes = hex::decode(bytes).unwrap();
        let genesis = BlockHeader::from_bytes(&bytes).unwrap();
        assert_eq!(genesis.to_bytes(), bytes);
        let cid = "bafy2bzacecnamqgqmifpluoeldx7zzglxcljo6oja4vrmtj7432rphldpdmm2";
        assert_eq!(genesis.cid().to_string(), cid);
        assert_eq!(genesis.timestamp_seconds, 1_598_306_400);
        assert_eq!(genesis.parent_base_fee, TokenAmount::from_atto(100_000_000));
        assert_eq!(genesis.bls_aggregate, None);
    }

    #[test]
    fn a_header_survives_its_encoding() {
        let header = header();
        let bytes = header.to_bytes();
        assert_eq!(BlockHeader::from_bytes(&bytes).unwrap(), header);
        assert_eq!(header.cid(), cid_of(&bytes));
        let bare = BlockHeader {
            ticket: None,
            election_proof: None,
            bls_aggregate: None,
            signature: None,
            ..header
        };
        assert_eq!(BlockHeader::from_bytes(&bare.to_bytes()).unwrap(), bare);
    }

    #[test]
    fn bytes_that_are_cut_or_followed_by_others_or_not_canonical_are_refused() {
        let bytes = header().to_bytes();
        for length in 0..bytes.len() {
            assert!(BlockHeader::from_bytes(&bytes[..length]).is_err());
        }
        let longer = [&bytes[..], &[0]].concat();
        assert!(BlockHeader::from_bytes(&longer).is_err());
        // The height, 2, in two bytes: it stands before the CID of the parents' state.
        let at = bytes
            .windows(8)
            .position(|window| window == [0x43, 0, 3, 0xe8, 2, 0xd8, 0x2a, 0x58])
            .unwrap();
        let mut wide = bytes.clone();
        wide.splice(at + 4..at + 5, [0x18, 2]);
        assert!(BlockHeader::from_bytes(&wide).is_err());
    }
}
