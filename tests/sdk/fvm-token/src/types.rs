//! The state, parameters and returns: arrays in DAG-CBOR (FRC-0046).

use fvm_ipld_encoding::RawBytes;
use fvm_ipld_encoding::tuple::{Deserialize_tuple, Serialize_tuple};
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;

use crate::ledger::Ledger;

/// The state.
#[derive(Serialize_tuple, Deserialize_tuple)]
pub struct Token {
    pub name: String,
    pub symbol: String,
    pub minter: ActorID,
    pub ledger: Ledger,
}

#[derive(Serialize_tuple, Deserialize_tuple)]
pub struct ConstructorParams {
    pub name: String,
    pub symbol: String,
    pub granularity: u64,
    pub minter: Address,
}

#[derive(Serialize_tuple, Deserialize_tuple)]
pub struct RevokeAllowanceParams {
    pub operator: Address,
}

#[derive(Serialize_tuple, Deserialize_tuple)]
pub struct BurnParams {
    pub amount: TokenAmount,
}

#[derive(Serialize_tuple, Deserialize_tuple)]
pub struct BurnReturn {
    pub balance: TokenAmount,
}

#[derive(Serialize_tuple, Deserialize_tuple)]
pub struct BurnFromReturn {
    pub balance: TokenAmount,
    pub allowance: TokenAmount,
}

#[derive(Serialize_tuple, Deserialize_tuple)]
pub struct TransferReturn {
    pub from_balance: TokenAmount,
    pub to_balance: TokenAmount,
    pub recipient_data: RawBytes,
}

#[derive(Serialize_tuple, Deserialize_tuple)]
pub struct TransferFromReturn {
    pub from_balance: TokenAmount,
    pub to_balance: TokenAmount,
    pub allowance: TokenAmount,
    pub recipient_data: RawBytes,
}

#[derive(Serialize_tuple, Deserialize_tuple)]
pub struct MintReturn {
    pub balance: TokenAmount,
    pub supply: TokenAmount,
    pub recipient_data: RawBytes,
}

/// What a receiver's hook is told.
#[derive(Serialize_tuple, Deserialize_tuple)]
pub struct Arrival {
    pub from: ActorID,
    pub to: ActorID,
    pub operator: ActorID,
    pub amount: TokenAmount,
    pub operator_data: RawBytes,
    pub token_data: RawBytes,
}

/// The parameters of the universal receiver hook.
#[derive(Serialize_tuple, Deserialize_tuple)]
pub struct Received {
    pub kind: u32,
    pub payload: RawBytes,
}
