//! Other actors: their ids, and the hook by which a receiver accepts tokens.

use filigree_sdk::dispatch::encode;
use filigree_sdk::prelude::*;
use filigree_sdk::receiver::{FRC46_TOKEN, Received, TokensReceived};

/// The id of an address. A key that has no account yet gets one: the network makes it when something is sent there, be it nothing.
pub(crate) fn resolve_or_create(ctx: &mut Context, address: &Address) -> Result<ActorID> {
    if let Some(id) = ctx.resolve(address)? {
        return Ok(id);
    }
    ctx.transfer(address, &TokenAmount::default())?;
    ctx.resolve_required(address)
}

/// Tokens that were credited.
pub(crate) struct Arrival {
    pub from: ActorID,
    pub to: ActorID,
    pub amount: TokenAmount,
    pub operator_data: RawBytes,
}

/// Tells the receiver, whose failure becomes this actor's; gives what its hook returned.
pub(crate) fn notify(ctx: &mut Context, arrival: Arrival) -> Result<RawBytes> {
    let Arrival {
        from,
        to,
        amount,
        operator_data,
    } = arrival;
    let tokens = TokensReceived {
        from,
        to,
        operator: ctx.caller(),
        amount,
        operator_data,
        token_data: RawBytes::default(),
    };
    let received = Received {
        kind: FRC46_TOKEN,
        payload: RawBytes::serialize(&tokens)?,
    };
    let hook: Call<()> = Call::new(
        Address::new_id(to),
        method_number!("Receive"),
        encode(&received)?,
    );
    let returned = ctx.send_raw(&hook)?;
    Ok(returned
        .map(|block| RawBytes::new(block.data))
        .unwrap_or_default())
}
