//! The datacap actor, f07: a fungible token (FRC-0046, FIP-0045) that stands for data a client may store as verified. A whole token is a byte.
//! The governor, the verified registry, makes tokens for clients and takes them back when they are used; nobody else can trade them.
//!
//! | number | method | caller |
//! |---|---|---|
//! | 1 | Constructor | f00, at genesis |
//! | FRC-42 | Mint, Destroy | the governor |
//! | FRC-42 | Name, Symbol, Granularity, TotalSupply, Balance, Allowance | anyone |
//! | FRC-42 | Transfer | anyone, to the governor; the governor, to anyone |
//! | FRC-42 | TransferFrom | anyone whom the owner lets, to the governor |
//! | FRC-42 | IncreaseAllowance, DecreaseAllowance, RevokeAllowance | anyone, for tokens of their own |
//! | FRC-42 | Burn, BurnFrom | the owner; anyone whom the owner lets |
//!
//! A method that credits tokens reads: change the ledger in a transaction → call the receiver's hook, which fails the method if it fails →
//! return balances as they were before the hook. Addresses of keys that have no account yet are unknown here, for an account is made by
//! sending, which no transaction does. The token's rules are in [`ledger`].

mod hook;
mod invariants;
pub mod ledger;
mod method;
mod state;

pub use filigree_builtin::calls::datacap::{
    BurnParams, BurnReturn, DestroyParams, MintParams, MintReturn, TransferFromParams,
    TransferFromReturn, TransferParams, TransferReturn,
};
pub use ledger::Ledger;
pub use method::{BurnFromReturn, RevokeAllowanceParams};
pub use state::Datacap;

use filigree_builtin::internal_api;
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;

#[actor(before = internal_api::check)]
impl Datacap {
    /// A token that nobody has.
    #[constructor(by = system)]
    pub fn construct(ctx: &Context, governor: Address) -> Result<Self> {
        ensure!(
            ctx.resolve(&governor)?.is_some(),
            illegal_argument,
            "no actor has the governor's address"
        );
        Self::governed_by(ActorStore, governor)
    }

    /// The token's name.
    #[view]
    pub fn name() -> String {
        "DataCap".to_owned()
    }

    /// Its ticker symbol.
    #[view]
    pub fn symbol() -> String {
        "DCAP".to_owned()
    }

    /// The smallest amount, a whole token: other amounts are multiples of it.
    #[view]
    pub fn granularity() -> u64 {
        ledger::GRANULARITY
    }

    /// How many tokens there are.
    #[view]
    pub fn total_supply(&self) -> TokenAmount {
        self.token.supply.clone()
    }

    /// How many tokens an address has.
    #[view]
    pub fn balance(&self, ctx: &Context, address: Address) -> Result<TokenAmount> {
        match ctx.resolve(&address)? {
            Some(owner) => self.token.balance(ActorStore, owner),
            None => Ok(TokenAmount::default()),
        }
    }

    /// How many of the owner's tokens the operator may spend.
    #[view]
    pub fn allowance(
        &self,
        ctx: &Context,
        owner: Address,
        operator: Address,
    ) -> Result<TokenAmount> {
        match (ctx.resolve(&owner)?, ctx.resolve(&operator)?) {
            (Some(owner), Some(operator)) => self.token.allowance(ActorStore, owner, operator),
            _ => Ok(TokenAmount::default()),
        }
    }

    /// Makes tokens, and lets operators spend any number of the receiver's.
    #[method]
    pub fn mint(ctx: &mut Context, params: MintParams) -> Result<MintReturn> {
        method::mint(ctx, params)
    }

    /// Destroys tokens of others.
    #[method]
    pub fn destroy(&mut self, ctx: &Context, params: DestroyParams) -> Result<BurnReturn> {
        method::destroy(self, ctx, &params)
    }

    /// Moves tokens of the caller.
    #[method]
    pub fn transfer(ctx: &mut Context, params: TransferParams) -> Result<TransferReturn> {
        method::transfer(ctx, params)
    }

    /// Moves an owner's tokens, of which the caller may spend as many.
    #[method]
    pub fn transfer_from(
        ctx: &mut Context,
        params: TransferFromParams,
    ) -> Result<TransferFromReturn> {
        method::transfer_from(ctx, params)
    }

    /// Lets an operator spend more of the caller's tokens; returns how many in all.
    #[method]
    pub fn increase_allowance(
        &mut self,
        ctx: &Context,
        operator: Address,
        increase: TokenAmount,
    ) -> Result<TokenAmount> {
        method::change_allowance(self, ctx, &operator, increase, method::Change::Increase)
    }

    /// Lets an operator spend less of the caller's tokens, none at the least; returns how many in all.
    #[method]
    pub fn decrease_allowance(
        &mut self,
        ctx: &Context,
        operator: Address,
        decrease: TokenAmount,
    ) -> Result<TokenAmount> {
        method::change_allowance(self, ctx, &operator, decrease, method::Change::Decrease)
    }

    /// Lets an operator spend none of the caller's tokens; returns how many it could.
    #[method]
    pub fn revoke_allowance(
        &mut self,
        ctx: &Context,
        params: RevokeAllowanceParams,
    ) -> Result<TokenAmount> {
        method::revoke_allowance(self, ctx, &params.operator)
    }

    /// Destroys tokens of the caller.
    #[method]
    pub fn burn(&mut self, ctx: &Context, params: BurnParams) -> Result<BurnReturn> {
        method::burn(self, ctx, &params)
    }

    /// Destroys an owner's tokens, of which the caller may spend as many.
    #[method]
    pub fn burn_from(
        &mut self,
        ctx: &Context,
        owner: Address,
        amount: TokenAmount,
    ) -> Result<BurnFromReturn> {
        method::burn_from(self, ctx, &owner, &amount)
    }
}

#[cfg(test)]
mod tests;
