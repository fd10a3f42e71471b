//! `self`: the state root, balance and end of the calling actor.

use cid::Cid;
use filigree_state::BURNT_FUNDS_ACTOR_ID;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ErrorNumber::{Forbidden, IllegalOperation, NotFound, ReadOnly};
use fvm_shared::state::ActorState;
use fvm_shared::sys;

use super::{Context, actor};
use crate::frame::Frame;
use crate::stop::{Classify, Outcome, errno};

/// CID of the actor's state.
pub(super) fn root(context: &mut Context<'_>, buf: u32, len: u32) -> Outcome<u32> {
    context.memory.check(buf, len)?;
    let frame = &mut *context.frame;
    if frame.stack.core.rules.charges_root_access {
        frame.stack.pay(|p| p.on_get_root())?;
    }
    let root = this(frame)?.state;
    frame.blocks.mark_reachable(root);
    context.memory.write_cid(&root, buf, len)
}

/// Replaces the actor's state.
pub(super) fn set_root(context: &mut Context<'_>, cid: u32) -> Outcome<()> {
    let root: Cid = context.memory.cid(cid)?;
    let frame = &mut *context.frame;
    writable(frame, "change state")?;
    let rules = frame.stack.core.rules;
    if rules.charges_root_access {
        frame.stack.pay(|p| p.on_set_root())?;
    }
    if rules.tracks_reachability && !frame.blocks.is_reachable(&root) {
        return Err(errno(
            NotFound,
            format_args!("this actor cannot reach the new root {root}"),
        ));
    }
    let mut state = this(frame)?;
    state.state = root;
    frame.stack.set_actor(frame.receiver, state)
}

/// The actor's balance; zero once it is deleted.
pub(super) fn current_balance(context: &mut Context<'_>) -> Outcome<sys::TokenAmount> {
    balance(context.frame)?.try_into().or_fatal("own balance")
}

/// Deletes the actor (nv21 on). Unspent funds are burnt, or stop it if they may not be.
pub(super) fn self_destruct(context: &mut Context<'_>, burn_unspent: u32) -> Outcome<()> {
    destruct(context, |frame, funds| {
        if burn_unspent == 0 {
            return Err(errno(IllegalOperation, "the actor still has funds"));
        }
        frame
            .stack
            .transfer(frame.receiver, BURNT_FUNDS_ACTOR_ID, funds)
            // All failures, running out of gas among them: so the reference has it, so it is consensus.
            .or_fatal("burning funds")
    })
}

/// Deletes the actor (up to nv20). Unspent funds go to a beneficiary, which must exist and be another actor.
pub(super) fn self_destruct_to(
    context: &mut Context<'_>,
    beneficiary: u32,
    len: u32,
) -> Outcome<()> {
    let beneficiary = context.memory.address(beneficiary, len)?;
    destruct(context, |frame, funds| {
        let heir = actor::resolve(frame, &beneficiary)?;
        if heir == frame.receiver {
            return Err(errno(Forbidden, "an actor cannot be its own beneficiary"));
        }
        frame.stack.transfer(frame.receiver, heir, funds)
    })
}

fn destruct(
    context: &mut Context<'_>,
    give_away: impl FnOnce(&mut Frame, &TokenAmount) -> Outcome<()>,
) -> Outcome<()> {
    let frame = &mut *context.frame;
    writable(frame, "self-destruct")?;
    frame.stack.pay(|p| p.on_delete_actor())?;
    let funds = balance(frame)?;
    if !funds.is_zero() {
        give_away(frame, &funds)?;
    }
    frame.stack.delete_actor(frame.receiver)
}

fn balance(frame: &mut Frame) -> Outcome<TokenAmount> {
    frame.stack.pay(|p| p.on_self_balance())?;
    Ok(frame
        .stack
        .actor(frame.receiver)?
        .map(|state| state.balance)
        .unwrap_or_default())
}

/// The calling actor, unless it deleted itself.
pub(super) fn this(frame: &mut Frame) -> Outcome<ActorState> {
    frame
        .stack
        .actor(frame.receiver)?
        .ok_or_else(|| errno(IllegalOperation, "the actor is deleted"))
}

/// Refuses a change in a read-only call.
pub(super) fn writable(frame: &Frame, what: &str) -> Outcome<()> {
    if frame.read_only {
        return Err(errno(
            ReadOnly,
            format_args!("a read-only call cannot {what}"),
        ));
    }
    Ok(())
}
