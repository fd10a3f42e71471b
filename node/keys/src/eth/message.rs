//! Transactions as messages, and messages as transactions.

use fvm_ipld_encoding::strict_bytes::ByteBuf;
use fvm_ipld_encoding::{RawBytes, from_slice, to_vec};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;
use fvm_shared::{METHOD_CONSTRUCTOR, MethodNum};

use super::address::{EAM_ID, EthAddress};
use super::transaction::{Form, Transaction, TransactionError};

/// `InvokeContract` of contracts, accounts and placeholders (FRC-0042).
pub const INVOKE_CONTRACT: MethodNum = 3_844_450_837;
/// `CreateExternal` of the address manager.
pub const CREATE_EXTERNAL: MethodNum = METHOD_CONSTRUCTOR + 3;

impl Transaction {
    /// The transaction that says what a message says. With forms that have one gas price it is the message's fee cap, and a
    /// message with another premium does not come back.
    ///
    /// # Errors
    /// When no transaction says it.
    pub fn from_message(message: &Message, form: Form) -> Result<Self, TransactionError> {
        if EthAddress::from_filecoin(&message.from).is_none() {
            return Err(TransactionError::Sender);
        }
        if message.version != 0 {
            return Err(TransactionError::Version(message.version));
        }
        let amounts = [&message.value, &message.gas_fee_cap, &message.gas_premium];
        if amounts.into_iter().any(TokenAmount::is_negative) {
            return Err(TransactionError::Negative);
        }
        let premium = match form {
            Form::Eip1559 { .. } => &message.gas_premium,
            Form::Eip155 { .. } | Form::Homestead => &message.gas_fee_cap,
        };
        Ok(Self {
            form,
            nonce: message.sequence,
            to: receiver(message)?,
            value: message.value.clone(),
            input: input(&message.params)?,
            gas_limit: message.gas_limit,
            gas_fee_cap: message.gas_fee_cap.clone(),
            gas_premium: premium.clone(),
        })
    }

    /// The message that says the same, from `from`.
    pub fn to_message(&self, from: Address) -> Message {
        let (to, method_num) = match self.to {
            Some(to) => (to.to_filecoin(), INVOKE_CONTRACT),
            None => (Address::new_id(EAM_ID), CREATE_EXTERNAL),
        };
        let params = match &self.input[..] {
            [] => RawBytes::default(),
            input => {
                let bytes = ByteBuf(input.to_vec());
                RawBytes::new(to_vec(&bytes).expect("bytes always encode"))
            }
        };
        Message {
            version: 0,
            from,
            to,
            sequence: self.nonce,
            value: self.value.clone(),
            method_num,
            params,
            gas_limit: self.gas_limit,
            gas_fee_cap: self.gas_fee_cap.clone(),
            gas_premium: self.gas_premium.clone(),
        }
    }
}

fn receiver(message: &Message) -> Result<Option<EthAddress>, TransactionError> {
    let method = message.method_num;
    if message.to == Address::new_id(EAM_ID) {
        return match method {
            CREATE_EXTERNAL => Ok(None),
            _ => Err(TransactionError::Method(method)),
        };
    }
    if method != INVOKE_CONTRACT {
        return Err(TransactionError::Method(method));
    }
    EthAddress::from_filecoin(&message.to)
        .map(Some)
        .ok_or(TransactionError::Receiver)
}

fn input(params: &RawBytes) -> Result<Vec<u8>, TransactionError> {
    if params.is_empty() {
        return Ok(Vec::new());
    }
    match from_slice::<ByteBuf>(params) {
        Ok(ByteBuf(input)) if !input.is_empty() => Ok(input),
        _ => Err(TransactionError::Parameters),
    }
}
