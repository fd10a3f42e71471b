//! The multisig actor: a wallet of several signers (Filecoin spec, "Multisig Actor"). A signer proposes a transaction; it is sent as soon as
//! enough signers have approved it, the proposer among them. Some of the funds may be locked for a time and unlock epoch by epoch.
//! The wallet changes itself (signers, threshold, lock) in the same way: by transactions to its own address.
//!
//! | number | method | caller |
//! |---|---|---|
//! | 1 | Constructor | f01 |
//! | 2 | Propose | a signer |
//! | 3 | Approve | a signer |
//! | 4 | Cancel | the signer who approved first |
//! | 5 | AddSigner | the wallet itself |
//! | 6 | RemoveSigner | the wallet itself |
//! | 7 | SwapSigner | the wallet itself |
//! | 8 | ChangeNumApprovalsThreshold | the wallet itself |
//! | 9 | LockBalance | the wallet itself, once |
//! | FRC-42 | Receive: all tokens are welcome (FRC-0046) | anyone |
//! | other FRC-42 | accepted, does nothing (FIP-0062) | anyone |
//!
//! What is locked stands in [`vesting`], how approvals add up in `state`, and how a transaction is sent in `method/transaction`.

mod invariants;
mod method;
mod proposal;
mod state;
pub mod vesting;

pub use method::{
    AddSignerParams, ApproveReturn, ChangeNumApprovalsThresholdParams, ConstructorParams,
    LockBalanceParams, ProposeParams, ProposeReturn, RemoveSignerParams, SwapSignerParams,
    TxnIdParams,
};
pub use proposal::proposal_bytes;
pub use state::{MAX_SIGNERS, Multisig, PendingTransactions, Transaction, TxnId};

use filigree_builtin::internal_api;
use filigree_sdk::prelude::*;
use filigree_sdk::receiver::Received;

#[actor(before = internal_api::check)]
impl Multisig {
    /// A wallet. What it is created with is locked, if a lock is asked for.
    #[constructor]
    pub fn construct(ctx: &mut Context, params: ConstructorParams) -> Result<Self> {
        method::construct(ctx, params)
    }

    /// Proposes a transaction, which its proposer thereby approves.
    #[method(2)]
    pub fn propose(ctx: &mut Context, params: ProposeParams) -> Result<ProposeReturn> {
        method::propose(ctx, params)
    }

    /// Approves a transaction.
    #[method(3)]
    pub fn approve(ctx: &mut Context, params: TxnIdParams) -> Result<ApproveReturn> {
        method::approve(ctx, &params)
    }

    /// Takes a proposal back.
    #[method(4)]
    pub fn cancel(&mut self, ctx: &Context, params: TxnIdParams) -> Result<()> {
        method::cancel(self, ctx, &params)
    }

    /// Adds a signer.
    #[method(5)]
    pub fn add_signer(ctx: &mut Context, params: AddSignerParams) -> Result<()> {
        method::add_signer(ctx, &params)
    }

    /// Removes a signer, and with it all approvals it gave.
    #[method(6)]
    pub fn remove_signer(ctx: &mut Context, params: RemoveSignerParams) -> Result<()> {
        method::remove_signer(ctx, &params)
    }

    /// Puts a new signer in the place of another, whose approvals do not pass on.
    #[method(7)]
    pub fn swap_signer(ctx: &mut Context, params: SwapSignerParams) -> Result<()> {
        method::swap_signer(ctx, &params)
    }

    /// Changes how many approvals a transaction needs. What is pending is not sent before it is approved once more.
    #[method(8)]
    pub fn change_num_approvals_threshold(
        &mut self,
        ctx: &Context,
        params: ChangeNumApprovalsThresholdParams,
    ) -> Result<()> {
        ctx.require_caller(&[ctx.receiver()])?;
        self.set_threshold(params.new_threshold)
    }

    /// Locks funds, if none ever were.
    #[method(9)]
    pub fn lock_balance(&mut self, ctx: &Context, params: LockBalanceParams) -> Result<()> {
        method::lock_balance(self, ctx, params)
    }

    /// Takes tokens.
    #[receive]
    pub fn receive(_received: Received) {}

    /// Every other method.
    #[fallback]
    pub fn other(
        _ctx: &mut Context,
        method: MethodNum,
        _params: Option<IpldBlock>,
    ) -> Result<Option<IpldBlock>> {
        internal_api::accept_exported(method)
    }
}

#[cfg(test)]
mod tests;
