//! Who this node is among nodes: a key of its own, and the id that peers know it by.
//!
//! The key is Ed25519, as nodes of the network have it. A peer id is made of the public key (libp2p, specification `peer-ids`): the
//! key as a message of Protocol Buffers, and that as an identity multihash, for it is short.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use cid::Cid;
use cid::multihash::Multihash;
use multibase::Base;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use crate::secret::{self, SecretError};

/// Code of the identity multihash: the digest is the data.
const IDENTITY: u64 = 0;
/// Code of SHA-256, the multihash of ids whose keys are long.
const SHA_256: u64 = 0x12;
/// Codec of CIDs that are peer ids.
const LIBP2P_KEY: u64 = 0x72;
/// Before the 32 bytes of an Ed25519 key in its message: field 1, type 1; field 2, 32 bytes.
const ED25519: [u8; 4] = [0x08, 0x01, 0x12, 0x20];
/// Longest text of a peer id that is looked at.
const MAX_TEXT: usize = 128;

/// The id of a peer: a multihash of its public key. As text it is in base 58.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PeerId(Vec<u8>);

/// The text is no peer id.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "it is no peer id: those are in base 58 and begin with 12D3KooW or Qm, or are CIDs of the codec libp2p-key"
)]
pub struct NoPeerId;

impl PeerId {
    /// The id of the node whose secret is in a file, which is made (mode 0600) if it is not there.
    ///
    /// # Errors
    /// When it cannot be read or made, or holds something else.
    pub fn open(path: &Path) -> Result<Self, SecretError> {
        let secret = secret::open(path)?;
        Ok(Self::of_secret(&secret))
    }

    /// The id of the node with this secret (RFC 8032, section 5.1.5).
    pub fn of_secret(secret: &[u8; 32]) -> Self {
        let key = Ed25519KeyPair::from_seed_unchecked(secret).expect("any 32 bytes are a secret");
        let message = [&ED25519, key.public_key().as_ref()].concat();
        let hash = Multihash::<64>::wrap(IDENTITY, &message).expect("it has 36 bytes");
        Self(hash.to_bytes())
    }

    fn of_multihash(hash: &Multihash<64>) -> Result<Self, NoPeerId> {
        let length = hash.digest().len();
        let is_good = match hash.code() {
            IDENTITY => (1..=42).contains(&length),
            SHA_256 => length == 32,
            _ => false,
        };
        is_good.then(|| Self(hash.to_bytes())).ok_or(NoPeerId)
    }
}

impl FromStr for PeerId {
    type Err = NoPeerId;

    fn from_str(text: &str) -> Result<Self, NoPeerId> {
        if text.len() > MAX_TEXT {
            return Err(NoPeerId);
        }
        if text.starts_with("Qm") || text.starts_with('1') {
            let bytes = Base::Base58Btc.decode(text).map_err(|_| NoPeerId)?;
            let hash = Multihash::from_bytes(&bytes).map_err(|_| NoPeerId)?;
            return Self::of_multihash(&hash);
        }
        let cid: Cid = text.parse().map_err(|_| NoPeerId)?;
        match cid.codec() {
            LIBP2P_KEY => Self::of_multihash(cid.hash()),
            _ => Err(NoPeerId),
        }
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Base::Base58Btc.encode(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key is of RFC 8032, section 7.1, test 1.
    #[test]
    fn an_id_is_made_of_the_public_key() {
        let secret: [u8; 32] =
            hex::decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
                .unwrap()
                .try_into()
                .unwrap();
        let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        let id = PeerId::of_secret(&secret);
        assert_eq!(hex::encode(&id.0), format!("002408011220{public}"));
        assert!(id.to_string().starts_with("12D3KooW"), "{id}");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    /// Ids of the specification and of Lotus' documents.
    #[test]
    fn ids_are_read_in_all_their_forms() {
        let ed25519 = "12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf";
        let id: PeerId = ed25519.parse().unwrap();
        assert_eq!(id.to_string(), ed25519);
        let rsa = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N";
        let id: PeerId = rsa.parse().unwrap();
        assert_eq!(id.to_string(), rsa);
        let as_cid = Cid::new_v1(LIBP2P_KEY, Multihash::from_bytes(&id.0).unwrap());
        assert_eq!(as_cid.to_string().parse(), Ok(id));
        for text in [
            "",
            "1",
            "Qm",
            "bafy",
            "12D3KooW",
            "f01000",
            &"1".repeat(4000),
        ] {
            assert_eq!(text.parse::<PeerId>(), Err(NoPeerId), "{text}");
        }
    }

    #[test]
    fn a_node_stays_the_same_over_restarts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("peer.secret");
        let id = PeerId::open(&path).unwrap();
        assert_eq!(PeerId::open(&path).unwrap(), id);
        assert_ne!(PeerId::open(&folder.path().join("other")).unwrap(), id);
    }
}
