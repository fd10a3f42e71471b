//! Creating an actor: who may create what, and the steps from an address to a constructed actor.

use filigree_builtin::calls::init::ExecReturn;
use filigree_builtin::{POLICY, Type};
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;
use fvm_shared::METHOD_CONSTRUCTOR;

use crate::state::{Assigned, Init};

/// Whether the caller may create an actor with this code: multisigs and payment channels are free, miners are for the power actor.
pub(crate) fn is_allowed(ctx: &Context, code: &Cid) -> Result<bool> {
    Ok(match Type::of(ctx, code)? {
        Some(Type::Multisig | Type::PaymentChannel) => true,
        Some(Type::Miner) => Type::of_actor(ctx, ctx.caller())? == Some(Type::Power),
        Some(_) => false,
        None => is_installed(ctx, code)?,
    })
}

/// Whether users installed this code. Where they cannot, the state is not read.
fn is_installed(ctx: &Context, code: &Cid) -> Result<bool> {
    Ok(POLICY.user_code && ctx.load::<Init>()?.is_installed(ActorStore, code)?)
}

/// Creates the actor and runs its constructor.
pub(crate) fn create(
    ctx: &mut Context,
    code: Cid,
    delegated: Option<Address>,
    constructor_params: RawBytes,
) -> Result<ExecReturn> {
    let robust_address = ctx.next_actor_address()?;
    let assigned = ctx.transaction(|state: &mut Init, _| {
        state.assign_id(ActorStore, &robust_address, delegated.as_ref())
    })?;
    if let Assigned::Before(id) = assigned {
        check_placeholder(ctx, id)?;
    }
    let id = assigned.id();
    ctx.create_actor(id, &code, delegated.as_ref())?;
    let id_address = Address::new_id(id);
    let constructor: Call<()> =
        Call::new(id_address, METHOD_CONSTRUCTOR, constructor_params.into());
    // Whatever a constructor returns is dropped.
    ctx.send_raw(&constructor.value(ctx.value_received()))?;
    Ok(ExecReturn {
        id_address,
        robust_address,
    })
}

/// Only a placeholder makes room; a deleted actor's address is used up.
fn check_placeholder(ctx: &Context, id: ActorID) -> Result<()> {
    let code = ctx.code_of(id)?;
    let code =
        code.ok_or_else(|| Error::forbidden(format!("f0{id} was deleted, which is for ever")))?;
    let is_placeholder = code == Type::Placeholder.code(ctx)?;
    ensure!(
        is_placeholder,
        forbidden,
        "f0{id} exists and is no placeholder"
    );
    Ok(())
}
