//! AddSigner, RemoveSigner, SwapSigner.

use filigree_builtin::resolve::{resolve_existing, resolve_or_create};
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;

use crate::state::Multisig;

/// Parameters of AddSigner.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddSignerParams {
    /// Whom.
    pub signer: Address,
    /// Whether one more approval is needed then.
    pub increase: bool,
}

/// Parameters of RemoveSigner.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoveSignerParams {
    /// Whom.
    pub signer: Address,
    /// Whether one approval less is needed then.
    pub decrease: bool,
}

/// Parameters of SwapSigner.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwapSignerParams {
    /// Who is a signer no more.
    pub from: Address,
    /// Who is one instead.
    pub to: Address,
}

/// Parameters of ChangeNumApprovalsThreshold.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeNumApprovalsThresholdParams {
    /// How many approvals a transaction needs.
    pub new_threshold: u64,
}

pub(crate) fn add_signer(ctx: &mut Context, params: &AddSignerParams) -> Result<()> {
    ctx.require_caller(&[ctx.receiver()])?;
    let signer = resolve_existing(ctx, &params.signer)?;
    ctx.transaction(|state: &mut Multisig, _| state.admit(signer, params.increase))
}

pub(crate) fn remove_signer(ctx: &mut Context, params: &RemoveSignerParams) -> Result<()> {
    ctx.require_caller(&[ctx.receiver()])?;
    let signer = resolve_or_create(ctx, &params.signer)?;
    ctx.transaction(|state: &mut Multisig, _| state.dismiss(ActorStore, signer, params.decrease))
}

pub(crate) fn swap_signer(ctx: &mut Context, params: &SwapSignerParams) -> Result<()> {
    ctx.require_caller(&[ctx.receiver()])?;
    let from = resolve_or_create(ctx, &params.from)?;
    let to = resolve_existing(ctx, &params.to)?;
    ctx.transaction(|state: &mut Multisig, _| state.replace(ActorStore, from, to))
}
