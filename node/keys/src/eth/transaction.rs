//! An Ethereum transaction, as far as Filecoin can say it.

use fvm_shared::bigint::Sign;
use fvm_shared::econ::TokenAmount;

use super::address::EthAddress;
use super::rlp::{Item, ListWriter, RlpError};

/// Why something is no Ethereum transaction of this network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransactionError {
    /// The message has a signature of another type.
    #[error("the signature is not delegated")]
    NotDelegated,
    /// The sender has no name in Ethereum.
    #[error("the sender is no Ethereum account (f410) and no actor by its id")]
    Sender,
    /// The receiver has no name in Ethereum.
    #[error("the receiver is no Ethereum address (f410) and no actor by its id")]
    Receiver,
    /// Transactions call `InvokeContract` or the address manager's `CreateExternal`.
    #[error(
        "a transaction calls InvokeContract (3844450837), or CreateExternal (4) of f010, not method {0}"
    )]
    Method(u64),
    /// A transaction's input is one CBOR byte string, and not there if it is empty.
    #[error("the parameters are not one byte string with something in it")]
    Parameters,
    /// Messages have version 0.
    #[error("messages have version 0, this has {0}")]
    Version(u64),
    /// Ethereum knows no negative amounts.
    #[error("an amount is negative")]
    Negative,
    /// A signature of no form of transaction.
    #[error("no form of transaction has a signature of {length} bytes that begins with {first:?}")]
    SignatureForm {
        /// How many bytes the signature has.
        length: usize,
        /// Its first byte.
        first: Option<u8>,
    },
    /// v of a signature says which key and, in EIP-155, which chain.
    #[error("the v of the signature is not that of its form, or of another chain than {chain_id}")]
    V {
        /// The chain it should be of; 0 if the form names none.
        chain_id: u64,
    },
    /// The transaction is for another chain.
    #[error("the transaction is for the chain {found}, this is chain {expected}")]
    ChainId {
        /// The chain id in it.
        found: u64,
        /// The network's.
        expected: u64,
    },
    /// First byte, or number of fields, of no form that is supported.
    #[error("it is no EIP-1559, EIP-155 or Homestead transaction")]
    Unsupported,
    /// Filecoin has no access lists.
    #[error("its access list is not empty")]
    AccessList,
    /// Its encoding is wrong.
    #[error("its encoding is wrong: {0}")]
    Rlp(#[from] RlpError),
    /// The signature gives no key.
    #[error("its signature is of no key")]
    NoSigner,
}

/// What is signed, and how.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Form {
    /// A fee cap and a premium, like Filecoin's own messages.
    Eip1559 {
        /// The chain it is for.
        chain_id: u64,
    },
    /// One gas price; the chain is in the signature.
    Eip155 {
        /// The chain it is for.
        chain_id: u64,
    },
    /// One gas price, any chain.
    Homestead,
}

/// First byte of an EIP-1559 transaction.
pub(super) const EIP_1559: u8 = 2;

impl Form {
    /// The chain that v names, 0 if none.
    pub(super) fn chain_id(self) -> u64 {
        match self {
            Self::Eip1559 { chain_id } | Self::Eip155 { chain_id } => chain_id,
            Self::Homestead => 0,
        }
    }
}

/// A transaction without its signature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transaction {
    /// What is signed.
    pub form: Form,
    /// The sender's sequence number.
    pub nonce: u64,
    /// The receiver; none creates a contract.
    pub to: Option<EthAddress>,
    /// What is sent. Not negative.
    pub value: TokenAmount,
    /// Input of the call.
    pub input: Vec<u8>,
    /// Most gas it may use.
    pub gas_limit: u64,
    /// Most attoFIL per gas; the gas price in forms that have one. Not negative.
    pub gas_fee_cap: TokenAmount,
    /// Most attoFIL per gas for the miner; the gas price in forms that have one. Not negative.
    pub gas_premium: TokenAmount,
}

impl Transaction {
    /// What is hashed (keccak-256) and signed.
    pub fn signing_bytes(&self) -> Vec<u8> {
        match self.form {
            Form::Eip1559 { .. } | Form::Homestead => self.write(|_| {}),
            Form::Eip155 { chain_id } => self.write(|fields| {
                fields.number(&chain_id.to_be_bytes());
                fields.number(&[]);
                fields.number(&[]);
            }),
        }
    }

    /// The transaction with `last` fields.
    pub(super) fn write(&self, last: impl FnOnce(&mut ListWriter)) -> Vec<u8> {
        let mut fields = ListWriter::default();
        let mut out = Vec::new();
        if let Form::Eip1559 { chain_id } = self.form {
            out.push(EIP_1559);
            fields.number(&chain_id.to_be_bytes());
        }
        fields.number(&self.nonce.to_be_bytes());
        if let Form::Eip1559 { .. } = self.form {
            fields.number(&digits(&self.gas_premium));
        }
        fields.number(&digits(&self.gas_fee_cap));
        fields.number(&self.gas_limit.to_be_bytes());
        fields.bytes(self.to.as_ref().map_or(&[], |to| &to.0));
        fields.number(&digits(&self.value));
        fields.bytes(&self.input);
        if let Form::Eip1559 { .. } = self.form {
            fields.empty_list();
        }
        last(&mut fields);
        fields.finish(out)
    }

    /// The transaction of an EIP-1559 one's first nine fields.
    pub(super) fn read_eip_1559(fields: &[Item<'_>; 9]) -> Result<Self, TransactionError> {
        let [
            chain_id,
            nonce,
            premium,
            cap,
            limit,
            to,
            value,
            input,
            accesses,
        ] = fields;
        if !accesses.clone().list()?.is_empty() {
            return Err(TransactionError::AccessList);
        }
        Ok(Self {
            form: Form::Eip1559 {
                chain_id: chain_id.number()?,
            },
            nonce: nonce.number()?,
            to: receiver(to)?,
            value: TokenAmount::from_atto(value.big_number()?),
            input: input.bytes()?.to_vec(),
            gas_limit: limit.number()?,
            gas_fee_cap: TokenAmount::from_atto(cap.big_number()?),
            gas_premium: TokenAmount::from_atto(premium.big_number()?),
        })
    }

    /// The transaction of an older one's first six fields; its form is in its signature.
    pub(super) fn read_legacy(
        fields: &[Item<'_>; 6],
        form: Form,
    ) -> Result<Self, TransactionError> {
        let [nonce, price, limit, to, value, input] = fields;
        let price = TokenAmount::from_atto(price.big_number()?);
        Ok(Self {
            form,
            nonce: nonce.number()?,
            to: receiver(to)?,
            value: TokenAmount::from_atto(value.big_number()?),
            input: input.bytes()?.to_vec(),
            gas_limit: limit.number()?,
            gas_fee_cap: price.clone(),
            gas_premium: price,
        })
    }
}

fn receiver(item: &Item<'_>) -> Result<Option<EthAddress>, TransactionError> {
    match item.bytes()? {
        [] => Ok(None),
        bytes => {
            let bytes = bytes.try_into().map_err(|_| TransactionError::Receiver)?;
            Ok(Some(EthAddress(bytes)))
        }
    }
}

fn digits(amount: &TokenAmount) -> Vec<u8> {
    let (sign, digits) = amount.atto().to_bytes_be();
    assert_ne!(
        sign,
        Sign::Minus,
        "amounts of transactions are not negative"
    );
    digits
}
