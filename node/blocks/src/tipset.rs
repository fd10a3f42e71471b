//! Tipsets: the blocks of one epoch on the same parents, in the order of their tickets (Filecoin spec, "Tipset").

use std::sync::Arc;

use cid::Cid;
use fvm_shared::bigint::BigInt;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;

use crate::header::BlockHeader;
use crate::key::TipsetKey;
use crate::ticket::Ticket;

/// A header and its CID, computed once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    cid: Cid,
    header: BlockHeader,
}

impl Block {
    /// A block of this header.
    pub fn new(header: BlockHeader) -> Self {
        Self {
            cid: header.cid(),
            header,
        }
    }

    /// The block's CID.
    pub fn cid(&self) -> Cid {
        self.cid
    }

    /// What it says.
    pub fn header(&self) -> &BlockHeader {
        &self.header
    }
}

/// Why blocks are no tipset.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TipsetError {
    /// There is none.
    #[error("a tipset has at least one block")]
    Empty,
    /// A block cannot be put in order.
    #[error("block {0} has no ticket")]
    NoTicket(Cid),
    /// A block is there twice.
    #[error("block {0} is there twice")]
    Twice(Cid),
    /// Blocks of one tipset agree on where they stand.
    #[error("blocks {first} and {second} differ in their {what}")]
    Differ {
        /// The first block.
        first: Box<Cid>,
        /// One that is not like it.
        second: Box<Cid>,
        /// In what: "height", "parents", …
        what: &'static str,
    },
}

/// The blocks of one epoch on the same parents. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tipset {
    key: TipsetKey,
    blocks: Arc<[Block]>,
}

impl Tipset {
    /// The tipset of these blocks, which may come in any order.
    ///
    /// # Errors
    /// When there are none, one is there twice, or they do not stand at one height on the same parents.
    pub fn new(headers: impl IntoIterator<Item = BlockHeader>) -> Result<Self, TipsetError> {
        Self::of_blocks(headers.into_iter().map(Block::new).collect())
    }

    /// As [`new`](Self::new), of blocks whose CIDs are known.
    pub fn of_blocks(blocks: Vec<Block>) -> Result<Self, TipsetError> {
        let mut ordered = Vec::with_capacity(blocks.len());
        for block in blocks {
            match &block.header.ticket {
                Some(ticket) => ordered.push((ticket.digest(), block)),
                None => return Err(TipsetError::NoTicket(block.cid)),
            }
        }
        ordered.sort_by(|(a, one), (b, other)| {
            a.cmp(b)
                .then_with(|| one.cid.to_bytes().cmp(&other.cid.to_bytes()))
        });
        let blocks: Arc<[Block]> = ordered.into_iter().map(|(_, block)| block).collect();
        let (first, rest) = blocks.split_first().ok_or(TipsetError::Empty)?;
        let mut before = first;
        for block in rest {
            if block.cid == before.cid {
                return Err(TipsetError::Twice(block.cid));
            }
            if let Some(what) = difference(&first.header, &block.header) {
                return Err(TipsetError::Differ {
                    first: Box::new(first.cid),
                    second: Box::new(block.cid),
                    what,
                });
            }
            before = block;
        }
        let key = TipsetKey::new(blocks.iter().map(Block::cid));
        Ok(Self { key, blocks })
    }

    /// Its name.
    pub fn key(&self) -> &TipsetKey {
        &self.key
    }

    /// The blocks, the one with the smallest ticket first.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The headers, in the same order.
    pub fn headers(&self) -> impl ExactSizeIterator<Item = &BlockHeader> {
        self.blocks.iter().map(Block::header)
    }

    /// The header of the block with the smallest ticket, which speaks for the tipset where all blocks agree.
    pub fn first(&self) -> &BlockHeader {
        &self.blocks[0].header
    }

    /// The smallest ticket.
    pub fn min_ticket(&self) -> &Ticket {
        let ticket = self.first().ticket.as_ref();
        ticket.expect("blocks of a tipset have tickets")
    }

    /// The earliest of the blocks' times, seconds since 1970.
    pub fn min_timestamp_seconds(&self) -> u64 {
        let times = self.headers().map(|header| header.timestamp_seconds);
        times.min().expect("a tipset has at least one block")
    }

    /// The epoch.
    pub fn height(&self) -> ChainEpoch {
        self.first().height
    }

    /// The tipset it is built on.
    pub fn parents(&self) -> &TipsetKey {
        &self.first().parents
    }

    /// Weight of the chain up to the parents.
    pub fn parent_weight(&self) -> &BigInt {
        &self.first().parent_weight
    }

    /// State after the messages of the parents.
    pub fn parent_state(&self) -> Cid {
        self.first().parent_state
    }

    /// Receipts of the messages of the parents.
    pub fn parent_receipts(&self) -> Cid {
        self.first().parent_receipts
    }

    /// Base fee for the messages of this tipset, attoFIL per gas.
    pub fn parent_base_fee(&self) -> &TokenAmount {
        &self.first().parent_base_fee
    }
}

/// In what blocks differ that cannot be of one tipset.
fn difference(a: &BlockHeader, b: &BlockHeader) -> Option<&'static str> {
    if a.height != b.height {
        Some("height")
    } else if a.parents != b.parents {
        Some("parents")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use fvm_shared::address::Address;

    use super::*;
    use crate::canonical::cid_of;

    fn header(miner: u64) -> BlockHeader {
        let cid = cid_of(b"any");
        BlockHeader {
            miner: Address::new_id(miner),
            ticket: Some(Ticket {
                vrf_proof: vec![miner as u8],
            }),
            election_proof: None,
            beacon_entries: vec![],
            winning_post: vec![],
            parents: TipsetKey::new([cid]),
            parent_weight: 1.into(),
            height: 5,
            parent_state: cid,
            parent_receipts: cid,
            messages: cid,
            bls_aggregate: None,
            timestamp_seconds: 100 - miner,
            signature: None,
            fork_signal: 0,
            parent_base_fee: TokenAmount::from_atto(100),
        }
    }

    #[test]
    fn blocks_stand_in_the_order_of_their_tickets() {
        let headers: Vec<BlockHeader> = (1..6).map(header).collect();
        let tipset = Tipset::new(headers.clone()).unwrap();
        let backwards = Tipset::new(headers.into_iter().rev()).unwrap();
        assert_eq!(tipset, backwards);
        let digests: Vec<[u8; 32]> = tipset
            .headers()
            .map(|header| header.ticket.as_ref().unwrap().digest())
            .collect();
        assert!(digests.is_sorted());
        assert_eq!(tipset.min_ticket().digest(), digests[0]);
        assert_eq!(tipset.min_timestamp_seconds(), 95);
    }

    #[test]
    fn one_ticket_in_two_blocks_leaves_the_order_to_their_cids() {
        let twin = BlockHeader {
            timestamp_seconds: 7,
            ..header(1)
        };
        let tipset = Tipset::new([header(1), twin.clone()]).unwrap();
        assert_eq!(tipset, Tipset::new([twin, header(1)]).unwrap());
    }

    #[test]
    fn what_does_not_belong_together_is_no_tipset() {
        let check = |headers: &[BlockHeader], expected: &str| {
            let error = Tipset::new(headers.to_vec()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(&[], "at least one");
        check(&[header(1), header(1)], "twice");
        let bare = BlockHeader {
            ticket: None,
            ..header(2)
        };
        check(&[header(1), bare], "no ticket");
        let later = BlockHeader {
            height: 6,
            ..header(2)
        };
        check(&[header(1), later], "height");
        let elsewhere = BlockHeader {
            parents: TipsetKey::new([cid_of(b"other")]),
            ..header(2)
        };
        check(&[header(1), elsewhere], "parents");
    }
}
