//! Parameters and returns that are arrays of their own (FRC-0046).

use filigree_sdk::prelude::*;

/// Parameters of RevokeAllowance.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokeAllowanceParams {
    /// Who may spend no more.
    pub operator: Address,
}

/// Parameters of Burn.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BurnParams {
    /// How many.
    pub amount: TokenAmount,
}

/// What Burn returns.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BurnReturn {
    /// What the owner has left.
    pub balance: TokenAmount,
}

/// What BurnFrom returns.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BurnFromReturn {
    /// What the owner has left.
    pub balance: TokenAmount,
    /// What the operator may still spend.
    pub allowance: TokenAmount,
}

/// What Transfer returns: balances as they are after the receiver's hook.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferReturn {
    /// The sender's balance.
    pub from_balance: TokenAmount,
    /// The receiver's balance.
    pub to_balance: TokenAmount,
    /// What the receiver's hook returned.
    pub recipient_data: RawBytes,
}

/// What TransferFrom returns: balances as they are after the receiver's hook.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferFromReturn {
    /// The owner's balance.
    pub from_balance: TokenAmount,
    /// The receiver's balance.
    pub to_balance: TokenAmount,
    /// What the operator may still spend.
    pub allowance: TokenAmount,
    /// What the receiver's hook returned.
    pub recipient_data: RawBytes,
}

/// What Mint returns.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MintReturn {
    /// The receiver's balance.
    pub balance: TokenAmount,
    /// How many tokens there are.
    pub supply: TokenAmount,
    /// What the receiver's hook returned.
    pub recipient_data: RawBytes,
}
