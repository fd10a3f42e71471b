//! From an address in parameters to the id behind it.

use filigree_sdk::prelude::*;

/// The id behind an address. A key that has no account yet gets one: the network makes it when something is sent there, be it nothing.
pub fn resolve_or_create(ctx: &mut Context, address: &Address) -> Result<ActorID> {
    if let Some(id) = ctx.resolve(address)? {
        return Ok(id);
    }
    ctx.send_raw(&Call::<()>::new(*address, fvm_shared::METHOD_SEND, None))?;
    ctx.resolve(address)?
        .ok_or_else(|| Error::illegal_argument("an address that nothing can be sent to"))
}

/// The same, of an actor that exists: an id says nothing about that.
pub fn resolve_existing(ctx: &mut Context, address: &Address) -> Result<ActorID> {
    let id = resolve_or_create(ctx, address)?;
    let code = ctx.code_of(id)?;
    ensure!(code.is_some(), not_found, "there is no actor f0{id}");
    Ok(id)
}
