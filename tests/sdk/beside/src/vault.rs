//! A receiver of tokens with a hook: it refuses what is too much, and sends on what it is told to.

use filigree_sdk::prelude::*;
use filigree_sdk::receiver::{Received, TokensReceived};

use example_token::TokenClient;

/// Takes tokens and remembers what came last.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vault {
    /// The token it takes.
    pub token: ActorID,
    /// The most it takes at once.
    pub limit: TokenAmount,
    /// What came last.
    pub last: Option<TokensReceived>,
}

#[actor]
impl Vault {
    /// For one token, up to a limit at once.
    #[constructor]
    pub fn new(ctx: &Context, token: Address, limit: TokenAmount) -> Result<Self> {
        Ok(Self {
            token: ctx.resolve_required(&token)?,
            limit,
            last: None,
        })
    }

    /// Takes what is no more than the limit.
    #[receive]
    pub fn receive(&mut self, ctx: &Context, received: Received) -> Result<()> {
        ctx.require_caller(&[self.token])?;
        let tokens = received.tokens()?;
        ensure!(tokens.amount <= self.limit, illegal_state, "too much");
        self.last = Some(tokens);
        Ok(())
    }

    /// Asks the token for an allowance, without permission to change anything.
    #[method]
    pub fn allow_without_permission(ctx: &mut Context, amount: TokenAmount) -> Result<()> {
        let here = Address::new_id(ctx.receiver());
        let token = TokenClient::at(Address::new_id(ctx.load::<Vault>()?.token));
        let call = token.increase_allowance(here, amount).read_only();
        ctx.send(call).map(drop)
    }

    /// Sends tokens on.
    #[method]
    pub fn send(ctx: &mut Context, to: Address, amount: TokenAmount) -> Result<TokenAmount> {
        let token = TokenClient::at(Address::new_id(ctx.load::<Vault>()?.token));
        let moved = ctx.send(token.transfer(to, amount, RawBytes::default()))?;
        Ok(moved.from_balance)
    }
}
