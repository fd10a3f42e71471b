//! How a block lists its messages: two arrays of CIDs, those of BLS senders and all others (Lotus calls it `MsgMeta`).
//!
//! The arrays are AMTs of the first version, with eight children to a node, as are the receipts of a tipset.

use cid::Cid;
use fvm_ipld_amt::Amtv0;
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::CborStore;
use multihash_codetable::Code;
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

/// Most messages of a block (Lotus, `BlockMessageLimit`).
pub const MAX_BLOCK_MESSAGES: usize = 10_000;

/// The two arrays of a block's messages. Its CID stands in the header.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct MessageRoots {
    /// Array of the CIDs of messages without signatures of their own.
    pub bls: Cid,
    /// Array of the CIDs of signed messages.
    pub signed: Cid,
}

/// A block's messages by their CIDs, in their order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MessageCids {
    /// Messages without signatures of their own.
    pub bls: Vec<Cid>,
    /// Signed messages.
    pub signed: Vec<Cid>,
}

/// Why a block's messages are not known.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// The list itself is not there.
    #[error("the list of messages {0} is not in the store")]
    Missing(Cid),
    /// There are more than a block may have.
    #[error("{0} messages in a block, which has at most {MAX_BLOCK_MESSAGES}")]
    TooMany(u64),
    /// An array has a hole where a message should be.
    #[error("the list of messages {0} has a hole")]
    Hole(Cid),
    /// The store fails, or what is in it is no list.
    #[error("the list of messages {0}: {1}")]
    Unreadable(Cid, String),
}

impl MessageRoots {
    /// Writes the lists, and gives the CID for the header.
    ///
    /// # Errors
    /// When the store fails or there are too many.
    pub fn write(store: &impl Blockstore, messages: &MessageCids) -> Result<Cid, RootsError> {
        let count = messages.bls.len() + messages.signed.len();
        if count > MAX_BLOCK_MESSAGES {
            return Err(RootsError::TooMany(count as u64));
        }
        let array = |cids: &[Cid]| {
            Amtv0::new_from_iter(store, cids.iter().copied())
                .map_err(|e| RootsError::Unreadable(Cid::default(), e.to_string()))
        };
        let roots = Self {
            bls: array(&messages.bls)?,
            signed: array(&messages.signed)?,
        };
        store
            .put_cbor(&roots, Code::Blake2b256)
            .map_err(|e| RootsError::Unreadable(Cid::default(), e.to_string()))
    }

    /// Reads the lists of a block whose header says `messages`.
    ///
    /// # Errors
    /// When something is missing, damaged, or more than a block may have.
    pub fn read(store: &impl Blockstore, messages: &Cid) -> Result<MessageCids, RootsError> {
        let roots: Self = store
            .get_cbor(messages)
            .map_err(|e| RootsError::Unreadable(*messages, e.to_string()))?
            .ok_or(RootsError::Missing(*messages))?;
        let bls = read_array(store, &roots.bls, MAX_BLOCK_MESSAGES)?;
        let signed = read_array(store, &roots.signed, MAX_BLOCK_MESSAGES - bls.len())?;
        Ok(MessageCids { bls, signed })
    }
}

fn read_array(store: &impl Blockstore, root: &Cid, most: usize) -> Result<Vec<Cid>, RootsError> {
    let unreadable = |why: String| RootsError::Unreadable(*root, why);
    let array = Amtv0::<Cid, _>::load(root, store).map_err(|e| unreadable(e.to_string()))?;
    // The count is what the array says of itself: it bounds the walk, and is held against it.
    if array.count() > most as u64 {
        return Err(RootsError::TooMany(array.count()));
    }
    let mut cids = Vec::with_capacity(array.count() as usize);
    let mut whole = true;
    array
        .for_each_while(|index, cid| {
            whole = index == cids.len() as u64 && cids.len() < most;
            cids.push(*cid);
            Ok(whole)
        })
        .map_err(|e| unreadable(e.to_string()))?;
    if !whole || cids.len() as u64 != array.count() {
        return Err(RootsError::Hole(*root));
    }
    Ok(cids)
}

#[cfg(test)]
mod tests {
    use fvm_ipld_blockstore::MemoryBlockstore;

    use super::*;
    use crate::canonical::cid_of;

    fn cids(count: u32) -> Vec<Cid> {
        (0..count).map(|i| cid_of(&i.to_be_bytes())).collect()
    }

    #[test]
    fn lists_are_read_as_they_were_written() {
        for (bls, signed) in [(0, 0), (1, 0), (0, 9), (70, 513)] {
            let store = MemoryBlockstore::new();
            let messages = MessageCids {
                bls: cids(bls),
                signed: cids(signed),
            };
            let root = MessageRoots::write(&store, &messages).unwrap();
            assert_eq!(MessageRoots::read(&store, &root).unwrap(), messages);
        }
    }

    /// The list of a block without messages, which every explorer of mainnet shows.
    #[test]
    fn an_empty_list_has_the_cid_of_the_network() {
        let store = MemoryBlockstore::new();
        let root = MessageRoots::write(&store, &MessageCids::default()).unwrap();
        let expected = "bafy2bzacecmda75ovposbdateg7eyhwij65zklgyijgcjwynlklmqazpwlhba";
        assert_eq!(root.to_string(), expected);
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let store = MemoryBlockstore::new();
        let missing = cid_of(b"missing");
        assert!(matches!(
            MessageRoots::read(&store, &missing),
            Err(RootsError::Missing(_))
        ));
        let empty = Amtv0::new_from_iter(&store, Vec::<Cid>::new()).unwrap();
        let put = |bls, signed| {
            let roots = MessageRoots { bls, signed };
            store.put_cbor(&roots, Code::Blake2b256).unwrap()
        };
        let unknown = put(missing, empty);
        assert!(matches!(
            MessageRoots::read(&store, &unknown),
            Err(RootsError::Unreadable(..))
        ));
        let mut holed = Amtv0::new(&store);
        holed.set(3, missing).unwrap();
        let holed = put(holed.flush().unwrap(), empty);
        assert!(matches!(
            MessageRoots::read(&store, &holed),
            Err(RootsError::Hole(_))
        ));
        let most = Amtv0::new_from_iter(&store, cids(MAX_BLOCK_MESSAGES as u32)).unwrap();
        let one = Amtv0::new_from_iter(&store, cids(1)).unwrap();
        assert!(MessageRoots::read(&store, &put(most, empty)).is_ok());
        assert!(matches!(
            MessageRoots::read(&store, &put(most, one)),
            Err(RootsError::TooMany(_))
        ));
    }
}
