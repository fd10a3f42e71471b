//! The blocks an actor holds open, by handle, and the CIDs it may reach (FIP-0066). One registry per invocation.

use std::collections::HashSet;
use std::rc::Rc;

use cid::Cid;
use fvm_shared::error::ErrorNumber;

use crate::stop::{Outcome, errno};

const FIRST_ID: u32 = 1;
const MAX_BLOCKS: usize = i32::MAX as usize;

/// An immutable block with its links (empty where the network version does not track them).
#[derive(Clone, Debug)]
pub struct Block {
    /// IPLD codec.
    pub codec: u64,
    /// The bytes.
    pub data: Rc<[u8]>,
    /// The links of the bytes that reachability counts.
    pub links: Rc<[Cid]>,
}

impl Block {
    /// A block without links.
    pub fn leaf(codec: u64, data: impl Into<Rc<[u8]>>) -> Self {
        Self {
            codec,
            data: data.into(),
            links: Rc::default(),
        }
    }

    /// Length in bytes. Blocks are bounded far below 4 GiB.
    pub fn size_bytes(&self) -> u32 {
        self.data.len() as u32
    }
}

/// Open blocks of one invocation.
#[derive(Debug, Default)]
pub(crate) struct BlockRegistry {
    blocks: Vec<Block>,
    reachable: HashSet<Cid>,
}

impl BlockRegistry {
    /// Adds a block whose links become reachable: one read from state, or received.
    pub fn put_reachable(&mut self, block: Block) -> Outcome<u32> {
        self.check_space()?;
        self.reachable.extend(block.links.iter().copied());
        Ok(self.push(block))
    }

    /// Adds a block made by the actor: it may link only to what the actor reaches.
    pub fn put_checked(&mut self, block: Block) -> Outcome<u32> {
        self.check_space()?;
        if let Some(cid) = block.links.iter().find(|k| !self.is_reachable(k)) {
            return Err(errno(
                ErrorNumber::NotFound,
                format_args!("the block links to {cid}, which this actor cannot reach"),
            ));
        }
        Ok(self.push(block))
    }

    /// Makes `cid` reachable.
    pub fn mark_reachable(&mut self, cid: Cid) {
        self.reachable.insert(cid);
    }

    /// Whether the actor may open or link `cid`. Inline (identity) CIDs are never implied.
    pub fn is_reachable(&self, cid: &Cid) -> bool {
        self.reachable.contains(cid)
    }

    /// The block behind a handle.
    pub fn get(&self, id: u32) -> Outcome<&Block> {
        id.checked_sub(FIRST_ID)
            .and_then(|index| self.blocks.get(index as usize))
            .ok_or_else(|| {
                errno(
                    ErrorNumber::InvalidHandle,
                    format_args!("no block has handle {id}"),
                )
            })
    }

    /// Whether no further handle can be given out.
    pub fn is_full(&self) -> bool {
        self.blocks.len() >= MAX_BLOCKS
    }

    fn check_space(&self) -> Outcome<()> {
        if self.is_full() {
            return Err(errno(ErrorNumber::LimitExceeded, "too many open blocks"));
        }
        Ok(())
    }

    fn push(&mut self, block: Block) -> u32 {
        let id = FIRST_ID + self.blocks.len() as u32;
        self.blocks.push(block);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_start_at_one_and_hostile_handles_are_refused() {
        let mut blocks = BlockRegistry::default();
        assert_eq!(blocks.put_checked(Block::leaf(0x55, *b"a")).unwrap(), 1);
        assert_eq!(&*blocks.get(1).unwrap().data, b"a");
        for id in [0, 2, u32::MAX] {
            assert!(blocks.get(id).is_err(), "handle {id}");
        }
    }

    #[test]
    fn a_new_block_may_link_only_to_what_is_reachable() {
        let link = Cid::default();
        let block = || Block {
            codec: 0x71,
            data: Rc::from([0u8]),
            links: Rc::from([link]),
        };
        let mut blocks = BlockRegistry::default();
        assert!(blocks.put_checked(block()).is_err());
        blocks.put_reachable(block()).unwrap();
        assert!(blocks.put_checked(block()).is_ok());
    }
}
