//! Propose, Approve, Cancel: a transaction from its proposal to the message that is sent.

use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;

use crate::proposal::is_hash_of;
use crate::state::{Multisig, Transaction, TxnId};

/// Parameters of Propose.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposeParams {
    /// To whom the transaction goes.
    pub to: Address,
    /// What goes with it, attoFIL.
    pub value: TokenAmount,
    /// Which method it calls.
    pub method: MethodNum,
    /// The method's parameters, CBOR; none if empty.
    pub params: RawBytes,
}

/// What Propose returns.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposeReturn {
    /// The transaction's number.
    pub txn_id: TxnId,
    /// Whether it was sent.
    pub applied: bool,
    /// The exit code it ended with, if it was sent.
    pub code: ExitCode,
    /// What it returned, if it was sent.
    pub ret: RawBytes,
}

/// Parameters of Approve and Cancel.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxnIdParams {
    /// The transaction's number.
    pub id: TxnId,
    /// The hash it must have ([`proposal_bytes`](crate::proposal_bytes)); empty for any.
    pub proposal_hash: Bytes,
}

/// What Approve returns.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApproveReturn {
    /// Whether the transaction was sent.
    pub applied: bool,
    /// The exit code it ended with, if it was sent.
    pub code: ExitCode,
    /// What it returned, if it was sent.
    pub ret: RawBytes,
}

pub(crate) fn propose(ctx: &mut Context, params: ProposeParams) -> Result<ProposeReturn> {
    ensure!(
        !params.value.is_negative(),
        illegal_argument,
        "a negative value"
    );
    let proposer = ctx.caller();
    let txn = Transaction {
        to: params.to,
        value: params.value,
        method: params.method,
        params: params.params,
        approved: vec![Address::new_id(proposer)],
    };
    let (txn_id, is_approved) = ctx.transaction(|state: &mut Multisig, ctx| {
        state.require_signer(proposer)?;
        let id = state.enter(ActorStore, &txn)?;
        let is_approved = state.is_approved(&txn);
        if is_approved {
            state.check_available(&ctx.balance()?, &txn.value, ctx.epoch()?)?;
        }
        Ok((id, is_approved))
    })?;
    let ApproveReturn { applied, code, ret } = match is_approved {
        true => send(ctx, txn),
        false => pending(),
    };
    Ok(ProposeReturn {
        txn_id,
        applied,
        code,
        ret,
    })
}

pub(crate) fn approve(ctx: &mut Context, params: &TxnIdParams) -> Result<ApproveReturn> {
    let (id, approver) = (params.id, ctx.caller());
    let approved = ctx.transaction(|state: &mut Multisig, ctx| {
        state.require_signer(approver)?;
        let mut waiting = state.pending_txs.open()?;
        let mut txn = waiting.get(&id)?.ok_or_else(|| unknown(id))?;
        ensure!(
            is_hash_of(&params.proposal_hash.0, &txn)?,
            illegal_argument,
            "transaction {id} has another hash"
        );
        let is_approved = state.count_approval(&mut waiting, id, &mut txn, approver)?;
        if is_approved {
            state.check_available(&ctx.balance()?, &txn.value, ctx.epoch()?)?;
        }
        state.pending_txs = waiting.close()?;
        Ok(is_approved.then_some(txn))
    })?;
    Ok(match approved {
        Some(txn) => send(ctx, txn),
        None => pending(),
    })
}

pub(crate) fn cancel(state: &mut Multisig, ctx: &Context, params: &TxnIdParams) -> Result<()> {
    let (id, caller) = (params.id, ctx.caller());
    state.require_signer(caller)?;
    let mut waiting = state.pending_txs.open()?;
    let txn = waiting.remove(&id)?.ok_or_else(|| unknown(id))?;
    ensure!(
        txn.approved.first() == Some(&Address::new_id(caller)),
        forbidden,
        "transaction {id} is another signer's"
    );
    ensure!(
        is_hash_of(&params.proposal_hash.0, &txn)?,
        illegal_state,
        "transaction {id} has another hash"
    );
    state.pending_txs = waiting.close()?;
    Ok(())
}

/// Sends a transaction. If it fails, that is what the method returns; it does not fail itself.
fn send(ctx: &mut Context, txn: Transaction) -> ApproveReturn {
    let call: Call<()> = Call::new(txn.to, txn.method, txn.params.into()).value(txn.value);
    let (code, returned) = match ctx.send_raw(&call) {
        Ok(returned) => (ExitCode::OK, returned),
        Err(error) => {
            let error = Error::from(error);
            (error.code, error.data)
        }
    };
    ApproveReturn {
        applied: true,
        code,
        ret: returned.map_or_else(RawBytes::default, |block| RawBytes::new(block.data)),
    }
}

/// What is returned of a transaction that is not sent yet.
fn pending() -> ApproveReturn {
    ApproveReturn {
        applied: false,
        code: ExitCode::OK,
        ret: RawBytes::default(),
    }
}

fn unknown(id: TxnId) -> Error {
    Error::not_found(format!("there is no transaction {id}"))
}
