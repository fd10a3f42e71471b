//! `network`: the epoch, its tipset, the fees, and the supply.

use cid::Cid;
use fvm_shared::error::ErrorNumber::IllegalArgument;
use fvm_shared::sys;
use fvm_shared::sys::out::network::NetworkContext;

use super::Context;
use crate::stop::{Classify, Outcome, errno};

/// Epoch, time, base fee, chain id and network version.
pub(super) fn context(context: &mut Context<'_>) -> Outcome<NetworkContext> {
    let stack = &mut context.frame.stack;
    stack.pay(|p| p.on_network_context())?;
    let now = &stack.core.context;
    Ok(NetworkContext {
        epoch: now.epoch,
        timestamp: now.timestamp,
        base_fee: (&now.base_fee).try_into().or_fatal("base fee")?,
        chain_id: now.network.chain_id,
        network_version: now.network.version,
    })
}

/// CID of the tipset at a past epoch.
pub(super) fn tipset_cid(
    context: &mut Context<'_>,
    epoch: i64,
    buf: u32,
    len: u32,
) -> Outcome<u32> {
    context.memory.check(buf, len)?;
    let cid = past_tipset(context, epoch)?;
    context.memory.write_cid(&cid, buf, len)
}

fn past_tipset(context: &mut Context<'_>, epoch: i64) -> Outcome<Cid> {
    let stack = &mut context.frame.stack;
    if epoch < 0 {
        return Err(errno(IllegalArgument, "the epoch is negative"));
    }
    let lookback = stack.core.context.epoch.saturating_sub(epoch);
    if lookback <= 0 {
        return Err(errno(
            IllegalArgument,
            format_args!("epoch {epoch} is not in the past"),
        ));
    }
    if let Some(limit) = stack.core.rules.tipset_lookback_epochs
        && lookback >= limit
    {
        return Err(errno(
            IllegalArgument,
            format_args!("epoch {epoch} is {lookback} epochs back, the limit is {limit}"),
        ));
    }
    stack.pay(|p| p.on_tipset_cid(lookback))?;
    stack
        .core
        .chain
        .tipset_cid(epoch)
        .or_fatal("looking up a tipset")
}

/// Circulating supply at this epoch.
pub(super) fn total_fil_circ_supply(context: &mut Context<'_>) -> Outcome<sys::TokenAmount> {
    context
        .frame
        .stack
        .core
        .chain
        .circulating_supply()
        .try_into()
        .or_fatal("circulating supply")
}
