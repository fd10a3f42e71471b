//! Which keys a network has: those that every one has, then those that its template names.

use filigree_builtin::ids;
use fvm_shared::ActorID;
use fvm_shared::address::Address;

use super::{DevnetTemplate, KeyKind, Owner};

/// The account that has the money and owns the miners. Its key is the wallet's default.
pub const TREASURY: &str = "default";
/// The key that the network's beacon is made of. Who has it knows all randomness to come.
pub const BEACON: &str = "beacon";
/// An account of a BLS key.
pub(super) const BLS: &str = "bls";
/// An account of Ethereum's kind.
pub(super) const DELEGATED: &str = "delegated";
/// Makes verifiers.
pub(super) const REGISTRY: &str = "registry";
/// Has what nobody else has.
pub(super) const RESERVE: &str = "reserve";

/// Of every network, in the order in which they are made: the first is the wallet's default.
const USUAL: [(&str, KeyKind); 6] = [
    (TREASURY, KeyKind::Secp256k1),
    (BEACON, KeyKind::Bls),
    (BLS, KeyKind::Bls),
    (DELEGATED, KeyKind::Delegated),
    (REGISTRY, KeyKind::Secp256k1),
    (RESERVE, KeyKind::Secp256k1),
];

/// A key to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name in the keystore.
    pub name: String,
    /// What kind of key.
    pub kind: KeyKind,
}

/// The name of a miner's own worker.
pub fn worker_name(miner: ActorID) -> String {
    format!("worker-f0{miner}")
}

/// Whether a name is of a key that networks have anyway.
pub(super) fn is_usual(name: &str) -> bool {
    USUAL.iter().any(|(usual, _)| *usual == name) || name.starts_with("worker-f0")
}

impl DevnetTemplate {
    /// The keys to make for a network whose first miner has this id, in their order.
    pub fn keys(&self, first_miner: ActorID) -> Vec<Key> {
        let usual = USUAL.iter().map(|(name, kind)| Key {
            name: (*name).to_owned(),
            kind: *kind,
        });
        let workers = (first_miner..).zip(&self.miners);
        let workers = workers.filter_map(|(id, miner)| match miner.worker {
            Some(_) => None,
            None => Some(Key {
                name: worker_name(id),
                kind: KeyKind::Bls,
            }),
        });
        let named = self
            .accounts
            .iter()
            .filter_map(|account| match &account.owner {
                Owner::Key { name, kind } => Some(Key {
                    name: name.clone(),
                    kind: *kind,
                }),
                Owner::Address(_) => None,
            });
        usual.chain(workers).chain(named).collect()
    }
}

impl Key {
    /// Its name with an address in place of its own, before it is made.
    pub(super) fn stand_in(&self) -> (String, Address) {
        let mut hash = blake2b_simd::Params::new();
        let mut bytes = |length: usize| hash.hash_length(length).hash(self.name.as_bytes());
        let address = match self.kind {
            KeyKind::Secp256k1 => {
                let mut public = [4; 65];
                public[1..].copy_from_slice(bytes(64).as_bytes());
                Address::new_secp256k1(&public)
            }
            KeyKind::Bls => Address::new_bls(bytes(48).as_bytes()),
            KeyKind::Delegated => Address::new_delegated(ids::EAM, bytes(20).as_bytes()),
        };
        (self.name.clone(), address.expect("it has its length"))
    }
}
