//! Who signs messages: as many with BLS keys as with secp256k1 ones, in turns.

use anyhow::Result;
use filigree_blocks::SignedMessage;
use filigree_keys::{Key, KeyType};
use fvm_ipld_encoding::RawBytes;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;

use crate::world::CHAIN_ID;

/// attoFIL per gas that everybody would pay at most. No base fee of these chains comes near it.
const FEE_CAP: u64 = 1_000_000;
/// attoFIL per gas for the miner.
const PREMIUM: u64 = 1_000;

/// What a message is to do.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Whom it is to.
    pub to: Address,
    /// What it brings along.
    pub value: TokenAmount,
    /// Number of the method; 0 sends.
    pub method: u64,
    /// Its parameters.
    pub params: RawBytes,
    /// Most gas.
    pub gas: u64,
}

impl Wish {
    /// A payment.
    pub fn pay(to: Address) -> Self {
        Self {
            to,
            value: TokenAmount::from_nano(1),
            method: 0,
            params: RawBytes::default(),
            gas: SEND_GAS,
        }
    }
}

/// Gas limit of payments: more than they use, and 5,000 of them fit into a block.
const SEND_GAS: u64 = 1_900_000;

/// People with keys, and how many messages each has sent.
pub struct People {
    keys: Vec<Key>,
    nonces: Vec<u64>,
}

impl People {
    /// So many.
    ///
    /// # Errors
    /// Never, unless a curve has other secret keys than it had.
    pub fn new(count: usize) -> Result<Self> {
        let keys = (0..count).map(|at| Ok(Key::from_secret(kind(at), &secret(at))?));
        Ok(Self {
            keys: keys.collect::<Result<_>>()?,
            nonces: vec![0; count],
        })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.keys.len()
    }

    /// Address of one; they stand in a circle.
    pub fn address(&self, at: usize) -> Address {
        *self.key(at).address()
    }

    /// Key of one.
    pub fn key(&self, at: usize) -> &Key {
        &self.keys[at % self.keys.len()]
    }

    /// All addresses.
    pub fn addresses(&self) -> impl Iterator<Item = Address> {
        self.keys.iter().map(|key| *key.address())
    }

    /// The next message of one of them.
    ///
    /// # Errors
    /// If the wallet's rules do not let it be signed.
    pub fn sign(&mut self, at: usize, wish: Wish) -> Result<SignedMessage> {
        let at = at % self.keys.len();
        let message = Message {
            version: 0,
            from: *self.keys[at].address(),
            to: wish.to,
            sequence: self.nonces[at],
            value: wish.value,
            method_num: wish.method,
            params: wish.params,
            gas_limit: wish.gas,
            gas_fee_cap: TokenAmount::from_atto(FEE_CAP),
            gas_premium: TokenAmount::from_atto(PREMIUM),
        };
        self.nonces[at] += 1;
        Ok(self.keys[at].sign_message(message, CHAIN_ID)?)
    }

    /// Payments from each to the one after the next, round by round, until there are so many.
    ///
    /// # Errors
    /// As [`sign`](Self::sign).
    pub fn payments(&mut self, count: usize) -> Result<Vec<SignedMessage>> {
        let pay = |at| {
            let to = self.address(at + 2);
            self.sign(at, Wish::pay(to))
        };
        (0..count).map(pay).collect()
    }
}

fn kind(at: usize) -> KeyType {
    match at % 2 {
        0 => KeyType::Secp256k1,
        _ => KeyType::Bls,
    }
}

/// A secret below the order of either curve, whichever end comes first.
fn secret(at: usize) -> [u8; 32] {
    let mut secret = [3; 32];
    secret[12..20].copy_from_slice(&(at as u64 + 1).to_be_bytes());
    secret
}
