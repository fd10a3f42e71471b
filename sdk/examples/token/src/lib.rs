//! A fungible token (FRC-0046): who has how many, who may spend for whom, and a hook by which receivers accept or refuse.
//!
//! Methods are called by their names' numbers (FRC-0042); parameters and returns are encoded as by the library `frc46_token` and the
//! datacap actor: one more field than in the standard's text, `recipient_data`, says what the receiver's hook returned.
//!
//! A method that credits tokens reads: resolve addresses → change the ledger in a transaction → call the receiver's hook → tell the
//! balances. If the hook fails the method fails with it, so nothing has happened. The rules are in `ledger`.

mod actors;
mod ledger;
mod types;

pub use ledger::{Allowances, Broken, Ledger};
pub use types::{
    BurnFromReturn, BurnParams, BurnReturn, MintReturn, RevokeAllowanceParams, TransferFromReturn,
    TransferReturn,
};

use actors::{Arrival, notify, resolve_or_create};
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;

/// A token.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its name.
    pub name: String,
    /// Its ticker symbol.
    pub symbol: String,
    /// Who may mint.
    pub minter: ActorID,
    /// Who has what.
    pub ledger: Ledger,
}

/// What can be asked.
#[actor]
impl Token {
    /// A token that nobody has. `granularity` is the smallest amount; 18 decimals are implied, so 10^18 makes it indivisible.
    #[constructor]
    pub fn new(
        ctx: &Context,
        name: String,
        symbol: String,
        granularity: u64,
        minter: Address,
    ) -> Result<Self> {
        ensure!(
            !name.is_empty() && !symbol.is_empty(),
            illegal_argument,
            "a token has a name and a symbol"
        );
        ensure!(
            granularity > 0,
            illegal_argument,
            "the granularity is at least 1"
        );
        Ok(Self {
            name,
            symbol,
            minter: ctx.resolve_required(&minter)?,
            ledger: Ledger::new(ActorStore, granularity)?,
        })
    }

    /// The name.
    #[view]
    pub fn name(&self) -> String {
        self.name.clone()
    }

    /// The ticker symbol.
    #[view]
    pub fn symbol(&self) -> String {
        self.symbol.clone()
    }

    /// The smallest amount: all others are multiples of it.
    #[view]
    pub fn granularity(&self) -> u64 {
        self.ledger.granularity
    }

    /// How many tokens there are.
    #[view]
    pub fn total_supply(&self) -> TokenAmount {
        self.ledger.supply.clone()
    }

    /// How many tokens an address has.
    #[view]
    pub fn balance(&self, ctx: &Context, owner: Address) -> Result<TokenAmount> {
        match ctx.resolve(&owner)? {
            Some(owner) => self.ledger.balance(ActorStore, owner),
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
            (Some(owner), Some(operator)) => self.ledger.allowance(ActorStore, owner, operator),
            _ => Ok(TokenAmount::default()),
        }
    }

    /// Moves the caller's tokens.
    #[method]
    pub fn transfer(
        ctx: &mut Context,
        to: Address,
        amount: TokenAmount,
        operator_data: RawBytes,
    ) -> Result<TransferReturn> {
        let (from, to) = (ctx.caller(), resolve_or_create(ctx, &to)?);
        ctx.transaction(|token: &mut Token, _| {
            token.ledger.transfer(ActorStore, from, to, &amount)
        })?;
        let arrival = Arrival {
            from,
            to,
            amount,
            operator_data,
        };
        let recipient_data = notify(ctx, arrival)?;
        let ledger = ctx.load::<Token>()?.ledger;
        let [from_balance, to_balance] = ledger.balances(ActorStore, [from, to])?;
        Ok(TransferReturn {
            from_balance,
            to_balance,
            recipient_data,
        })
    }

    /// Moves an owner's tokens, of which the caller may spend as many.
    #[method]
    pub fn transfer_from(
        ctx: &mut Context,
        from: Address,
        to: Address,
        amount: TokenAmount,
        operator_data: RawBytes,
    ) -> Result<TransferFromReturn> {
        let operator = ctx.caller();
        let (from, to) = (resolve_or_create(ctx, &from)?, resolve_or_create(ctx, &to)?);
        ctx.transaction(|token: &mut Token, _| {
            token
                .ledger
                .spend_allowance(ActorStore, from, operator, &amount)?;
            token.ledger.transfer(ActorStore, from, to, &amount)
        })?;
        let arrival = Arrival {
            from,
            to,
            amount,
            operator_data,
        };
        let recipient_data = notify(ctx, arrival)?;
        let ledger = ctx.load::<Token>()?.ledger;
        let [from_balance, to_balance] = ledger.balances(ActorStore, [from, to])?;
        Ok(TransferFromReturn {
            from_balance,
            to_balance,
            allowance: ledger.allowance(ActorStore, from, operator)?,
            recipient_data,
        })
    }

    /// Lets an operator spend more of the caller's tokens; returns how many in all.
    #[method]
    pub fn increase_allowance(
        ctx: &mut Context,
        operator: Address,
        increase: TokenAmount,
    ) -> Result<TokenAmount> {
        let (owner, operator) = (ctx.caller(), resolve_or_create(ctx, &operator)?);
        let increase = increase.not_negative()?;
        ctx.transaction(|token: &mut Token, _| {
            token
                .ledger
                .change_allowance(ActorStore, owner, operator, &increase)
        })
    }

    /// Lets an operator spend less of the caller's tokens, none at the least; returns how many in all.
    #[method]
    pub fn decrease_allowance(
        ctx: &mut Context,
        operator: Address,
        decrease: TokenAmount,
    ) -> Result<TokenAmount> {
        let (owner, operator) = (ctx.caller(), resolve_or_create(ctx, &operator)?);
        let change = -decrease.not_negative()?;
        ctx.transaction(|token: &mut Token, _| {
            token
                .ledger
                .change_allowance(ActorStore, owner, operator, &change)
        })
    }

    /// Lets an operator spend none of the caller's tokens.
    #[method]
    pub fn revoke_allowance(ctx: &mut Context, params: RevokeAllowanceParams) -> Result<()> {
        let (owner, operator) = (ctx.caller(), resolve_or_create(ctx, &params.operator)?);
        ctx.transaction(|token: &mut Token, _| {
            token.ledger.revoke_allowance(ActorStore, owner, operator)
        })
    }

    /// Destroys tokens of the caller.
    #[method]
    pub fn burn(&mut self, ctx: &Context, params: BurnParams) -> Result<BurnReturn> {
        let balance = self.ledger.burn(ActorStore, ctx.caller(), &params.amount)?;
        Ok(BurnReturn { balance })
    }

    /// Destroys an owner's tokens, of which the caller may spend as many.
    #[method]
    pub fn burn_from(
        ctx: &mut Context,
        owner: Address,
        amount: TokenAmount,
    ) -> Result<BurnFromReturn> {
        let (owner, operator) = (resolve_or_create(ctx, &owner)?, ctx.caller());
        ctx.transaction(|token: &mut Token, _| {
            let allowance = token
                .ledger
                .spend_allowance(ActorStore, owner, operator, &amount)?;
            let balance = token.ledger.burn(ActorStore, owner, &amount)?;
            Ok(BurnFromReturn { balance, allowance })
        })
    }

    /// Makes tokens, for the minter. The standard leaves this method open.
    #[method]
    pub fn mint(
        ctx: &mut Context,
        to: Address,
        amount: TokenAmount,
        operator_data: RawBytes,
    ) -> Result<MintReturn> {
        let to = resolve_or_create(ctx, &to)?;
        ctx.transaction(|token: &mut Token, ctx| {
            ctx.require_caller(&[token.minter])?;
            token.ledger.mint(ActorStore, to, &amount)
        })?;
        // Minted tokens come from the token actor itself.
        let from = ctx.receiver();
        let recipient_data = notify(
            ctx,
            Arrival {
                from,
                to,
                amount,
                operator_data,
            },
        )?;
        let ledger = ctx.load::<Token>()?.ledger;
        Ok(MintReturn {
            balance: ledger.balance(ActorStore, to)?,
            supply: ledger.supply,
            recipient_data,
        })
    }
}
