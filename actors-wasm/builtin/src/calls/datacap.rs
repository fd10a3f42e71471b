//! Calls to the datacap actor, f07, by the names of its methods (FRC-0042, FRC-0046). Amounts are tokens of 18 decimals: a byte of verified
//! data is a whole token.

use filigree_sdk::dispatch::encode;
use filigree_sdk::prelude::*;

use crate::ids;

/// Method Mint.
pub const MINT: MethodNum = method_number!("Mint");
/// Method Destroy.
pub const DESTROY: MethodNum = method_number!("Destroy");
/// Method Balance.
pub const BALANCE: MethodNum = method_number!("Balance");
/// Method Transfer.
pub const TRANSFER: MethodNum = method_number!("Transfer");
/// Method TransferFrom.
pub const TRANSFER_FROM: MethodNum = method_number!("TransferFrom");
/// Method Burn.
pub const BURN: MethodNum = method_number!("Burn");

/// Parameters of Mint.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MintParams {
    /// Who gets the tokens.
    pub to: Address,
    /// How many.
    pub amount: TokenAmount,
    /// Who may spend any number of the receiver's tokens from now on.
    pub operators: Vec<Address>,
}

/// What Mint returns: as it was before the receiver's hook.
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

/// Parameters of Destroy.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestroyParams {
    /// Whose tokens.
    pub owner: Address,
    /// How many.
    pub amount: TokenAmount,
}

/// Parameters of Burn.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BurnParams {
    /// How many of the caller's tokens.
    pub amount: TokenAmount,
}

/// What Burn and Destroy return.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BurnReturn {
    /// What the owner has left.
    pub balance: TokenAmount,
}

/// Parameters of Transfer.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferParams {
    /// Who gets the caller's tokens.
    pub to: Address,
    /// How many.
    pub amount: TokenAmount,
    /// What the receiver's hook is told.
    pub operator_data: RawBytes,
}

/// What Transfer returns: as it was before the receiver's hook.
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

/// Parameters of TransferFrom.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferFromParams {
    /// Whose tokens.
    pub from: Address,
    /// Who gets them.
    pub to: Address,
    /// How many.
    pub amount: TokenAmount,
    /// What the receiver's hook is told.
    pub operator_data: RawBytes,
}

/// What TransferFrom returns: as it was before the receiver's hook.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferFromReturn {
    /// The owner's balance.
    pub from_balance: TokenAmount,
    /// The receiver's balance.
    pub to_balance: TokenAmount,
    /// What the caller may still spend of the owner's tokens.
    pub allowance: TokenAmount,
    /// What the receiver's hook returned.
    pub recipient_data: RawBytes,
}

/// Makes tokens. For the governor, the verified registry.
pub fn mint(params: &MintParams) -> Result<Call<MintReturn>> {
    Ok(call(MINT, encode(params)?))
}

/// Destroys tokens of others. For the governor.
pub fn destroy(params: &DestroyParams) -> Result<Call<BurnReturn>> {
    Ok(call(DESTROY, encode(params)?))
}

/// Asks how many tokens an address has.
pub fn balance(of: &Address) -> Result<Call<TokenAmount>> {
    Ok(call(BALANCE, encode(of)?))
}

/// Moves tokens of the caller.
pub fn transfer(params: &TransferParams) -> Result<Call<TransferReturn>> {
    Ok(call(TRANSFER, encode(params)?))
}

/// Moves tokens of others.
pub fn transfer_from(params: &TransferFromParams) -> Result<Call<TransferFromReturn>> {
    Ok(call(TRANSFER_FROM, encode(params)?))
}

/// Destroys tokens of the caller.
pub fn burn(params: &BurnParams) -> Result<Call<BurnReturn>> {
    Ok(call(BURN, encode(params)?))
}

fn call<R>(method: MethodNum, params: Option<IpldBlock>) -> Call<R> {
    Call::new(ids::address(ids::DATACAP), method, params)
}
