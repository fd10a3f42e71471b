//! What names a tipset: the CIDs of its blocks, in its order.

use std::fmt;
use std::sync::Arc;

use cid::Cid;
use fvm_ipld_encoding::BytesSer;
use serde::{Deserialize, Serialize};

use crate::canonical::{DecodeError, cid_of, encode};

/// The CIDs of a tipset's blocks. Cheap to clone.
///
/// In a header it is an array of CIDs; a key by itself ([`to_bytes`](Self::to_bytes)) is their bytes one after the other.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<Cid>", into = "Vec<Cid>")]
pub struct TipsetKey(Arc<[Cid]>);

impl TipsetKey {
    /// The key of these blocks, in this order.
    pub fn new(cids: impl IntoIterator<Item = Cid>) -> Self {
        Self(cids.into_iter().collect())
    }

    /// The blocks' CIDs.
    pub fn cids(&self) -> &[Cid] {
        &self.0
    }

    /// How many blocks there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no blocks: in an interface that is "the head"; no tipset has this key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The CIDs' bytes, one after the other.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(Cid::to_bytes).collect()
    }

    /// The key of such bytes.
    ///
    /// # Errors
    /// When they are not CIDs one after the other.
    pub fn from_bytes(mut bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut cids = Vec::new();
        while !bytes.is_empty() {
            let cid = Cid::read_bytes(&mut bytes).map_err(|e| DecodeError::Malformed {
                what: "a tipset key",
                why: e.to_string(),
            })?;
            cids.push(cid);
        }
        Ok(Self::new(cids))
    }

    /// CID of the key, by which actors know a tipset (`network::tipset_cid`).
    pub fn cid(&self) -> Cid {
        cid_of(&self.block())
    }

    /// The block of [`cid`](Self::cid): the key's bytes as a CBOR byte string.
    pub fn block(&self) -> Vec<u8> {
        encode(&BytesSer(&self.to_bytes()))
    }
}

impl From<Vec<Cid>> for TipsetKey {
    fn from(cids: Vec<Cid>) -> Self {
        Self(cids.into())
    }
}

impl From<TipsetKey> for Vec<Cid> {
    fn from(key: TipsetKey) -> Self {
        key.0.to_vec()
    }
}

impl fmt::Display for TipsetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (i, cid) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma}{cid}")?;
        }
        f.write_str("}")
    }
}

impl fmt::Debug for TipsetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(count: u8) -> TipsetKey {
        TipsetKey::new((0..count).map(|i| cid_of(&[i])))
    }

    #[test]
    fn keys_survive_their_bytes() {
        for count in 0..4 {
            let key = key(count);
            assert_eq!(key.to_bytes().len(), 38 * usize::from(count));
            assert_eq!(TipsetKey::from_bytes(&key.to_bytes()).unwrap(), key);
        }
        let bytes = key(2).to_bytes();
        for length in (1..38).chain(39..76) {
            assert!(TipsetKey::from_bytes(&bytes[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn order_matters() {
        let key = key(2);
        let other = TipsetKey::new([key.cids()[1], key.cids()[0]]);
        assert_ne!(key, other);
        assert_ne!(key.cid(), other.cid());
    }
}
