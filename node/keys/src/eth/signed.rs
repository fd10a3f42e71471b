//! Signed transactions: as Ethereum's wallets send them, and as messages carry their signatures.

use filigree_blocks::{Signature, SignatureType, SignedMessage};
use filigree_signature::recover_secp256k1;
use fvm_shared::address::Address;

use super::address::EthAddress;
use super::rlp::{Item, RlpError};
use super::transaction::{EIP_1559, Form, Transaction, TransactionError};
use crate::hash::keccak_256;

/// First byte of a message's signature when the transaction is a Homestead one.
const HOMESTEAD: u8 = 1;
/// First byte of a message's signature when the transaction is an EIP-155 one.
const EIP_155: u8 = 2;

/// A transaction and its signature. Whose it is only recovery says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedTransaction {
    /// What is signed.
    pub transaction: Transaction,
    /// Which of the keys that give r and s: 0 or 1, to which Homestead adds 27, and EIP-155 35 and twice the chain id.
    pub v: u128,
    /// r, big-endian.
    pub r: [u8; 32],
    /// s, big-endian.
    pub s: [u8; 32],
}

impl SignedTransaction {
    /// The transaction of the bytes that Ethereum's wallets send (`eth_sendRawTransaction`), for the network's chain.
    ///
    /// # Errors
    /// When they are none, or for another chain.
    pub fn from_rlp(bytes: &[u8], chain_id: u64) -> Result<Self, TransactionError> {
        match bytes.split_first() {
            Some((&EIP_1559, list)) => Self::read_eip_1559(list, chain_id),
            Some((0xc0.., _)) => Self::read_legacy(bytes, chain_id),
            _ => Err(TransactionError::Unsupported),
        }
    }

    fn read_eip_1559(list: &[u8], expected: u64) -> Result<Self, TransactionError> {
        let items = fields::<12>(list)?;
        let (first, last) = items.split_first_chunk::<9>().expect("12 fields");
        let transaction = Transaction::read_eip_1559(first)?;
        let found = transaction.form.chain_id();
        if found != expected {
            return Err(TransactionError::ChainId { found, expected });
        }
        let signed = Self::with_signature(transaction, last)?;
        if signed.v > 1 {
            return Err(TransactionError::V { chain_id: expected });
        }
        Ok(signed)
    }

    fn read_legacy(list: &[u8], chain_id: u64) -> Result<Self, TransactionError> {
        let items = fields::<9>(list)?;
        let (first, last) = items.split_first_chunk::<6>().expect("9 fields");
        let form = match v_of(&last[0])? {
            27 | 28 => Form::Homestead,
            v if eip_155_parity(v, chain_id).is_some() => Form::Eip155 { chain_id },
            _ => return Err(TransactionError::V { chain_id }),
        };
        Self::with_signature(Transaction::read_legacy(first, form)?, last)
    }

    fn with_signature(
        transaction: Transaction,
        last: &[Item<'_>],
    ) -> Result<Self, TransactionError> {
        let [v, r, s] = last else {
            return Err(TransactionError::Unsupported);
        };
        Ok(Self {
            transaction,
            v: v_of(v)?,
            r: r.digits()?,
            s: s.digits()?,
        })
    }

    /// The bytes that Ethereum's wallets send.
    pub fn to_rlp(&self) -> Vec<u8> {
        self.transaction.write(|fields| {
            fields.number(&self.v.to_be_bytes());
            fields.number(&self.r);
            fields.number(&self.s);
        })
    }

    /// The hash by which Ethereum knows the transaction.
    pub fn hash(&self) -> [u8; 32] {
        keccak_256(&self.to_rlp())
    }

    /// The transaction that a message is signed as. Not yet that the signature holds, nor that the transaction says all that the
    /// message says: [`verify_message`](crate::verify_message) does all of it.
    ///
    /// # Errors
    /// When there is none.
    pub fn from_message(signed: &SignedMessage, chain_id: u64) -> Result<Self, TransactionError> {
        if signed.signature.sig_type != SignatureType::Delegated {
            return Err(TransactionError::NotDelegated);
        }
        let (form, r_s_v) = form_of(&signed.signature.bytes, chain_id)?;
        let transaction = Transaction::from_message(&signed.message, form)?;
        let (r, s_v) = r_s_v.split_first_chunk().expect("at least 65 bytes");
        let (s, v) = s_v.split_first_chunk().expect("at least 65 bytes");
        let signed = Self {
            transaction,
            v: v.iter().fold(0, |v, byte| v << 8 | u128::from(*byte)),
            r: *r,
            s: *s,
        };
        match signed.parity() {
            Some(_) => Ok(signed),
            None => Err(TransactionError::V {
                chain_id: form.chain_id(),
            }),
        }
    }

    /// The signature as the message of this transaction carries it.
    pub fn signature(&self) -> Signature {
        let mut bytes = match self.transaction.form {
            Form::Eip1559 { .. } => vec![],
            Form::Homestead => vec![HOMESTEAD],
            Form::Eip155 { .. } => vec![EIP_155],
        };
        bytes.extend_from_slice(&self.r);
        bytes.extend_from_slice(&self.s);
        let v = self.v.to_be_bytes();
        // At least one byte, also for 0.
        let zeros = v.iter().take(15).take_while(|byte| **byte == 0).count();
        bytes.extend_from_slice(&v[zeros..]);
        Signature::new(SignatureType::Delegated, bytes)
    }

    /// r, s and the recovery id: what secp256k1 signed.
    pub fn recoverable(&self) -> [u8; 65] {
        let mut bytes = [0; 65];
        bytes[..32].copy_from_slice(&self.r);
        bytes[32..64].copy_from_slice(&self.s);
        // 0xff is no recovery id, so a v that is none recovers nothing.
        bytes[64] = self.parity().unwrap_or(0xff);
        bytes
    }

    /// The account that signed.
    ///
    /// # Errors
    /// When the signature gives no key.
    pub fn sender(&self) -> Result<Address, TransactionError> {
        let hash = keccak_256(&self.transaction.signing_bytes());
        let key = recover_secp256k1(&hash, &self.recoverable());
        let key = key.ok_or(TransactionError::NoSigner)?;
        Ok(EthAddress::of_public_key(&key).to_filecoin())
    }

    /// The message it is, from the account that signed it.
    ///
    /// # Errors
    /// When the signature gives no key.
    pub fn to_message(&self) -> Result<SignedMessage, TransactionError> {
        Ok(SignedMessage {
            message: self.transaction.to_message(self.sender()?),
            signature: self.signature(),
        })
    }

    fn parity(&self) -> Option<u8> {
        match self.transaction.form {
            // As the network takes it: recovery checks the rest.
            Form::Eip1559 { .. } => u8::try_from(self.v).ok(),
            Form::Homestead => u8::try_from(self.v.checked_sub(27)?)
                .ok()
                .filter(|v| *v < 2),
            Form::Eip155 { chain_id } => eip_155_parity(self.v, chain_id),
        }
    }
}

fn fields<const N: usize>(list: &[u8]) -> Result<[Item<'_>; N], TransactionError> {
    let items = Item::decode(list)?.list()?;
    items.try_into().map_err(|_| TransactionError::Unsupported)
}

fn v_of(item: &Item<'_>) -> Result<u128, RlpError> {
    item.digits().map(u128::from_be_bytes)
}

/// v is 35 + twice the chain id, or one more.
fn eip_155_parity(v: u128, chain_id: u64) -> Option<u8> {
    let parity = v.checked_sub(2 * u128::from(chain_id) + 35)?;
    u8::try_from(parity).ok().filter(|parity| *parity < 2)
}

/// The form that a message's signature is of, and its r, s and v.
fn form_of(signature: &[u8], chain_id: u64) -> Result<(Form, &[u8]), TransactionError> {
    let v_bytes = |v: u128| {
        v.to_be_bytes()
            .iter()
            .skip_while(|byte| **byte == 0)
            .count()
    };
    let even = 2 * u128::from(chain_id) + 35;
    let eip_155_lengths = [even, even + 1].map(|v| 65 + v_bytes(v));
    match signature {
        r_s_v if r_s_v.len() == 65 => Ok((Form::Eip1559 { chain_id }, r_s_v)),
        [HOMESTEAD, r_s_v @ ..] if r_s_v.len() == 65 => Ok((Form::Homestead, r_s_v)),
        [EIP_155, r_s_v @ ..] if eip_155_lengths.contains(&signature.len()) => {
            Ok((Form::Eip155 { chain_id }, r_s_v))
        }
        other => Err(TransactionError::SignatureForm {
            length: other.len(),
            first: other.first().copied(),
        }),
    }
}
