//! The worker, whose key signs blocks and messages, and the control addresses, which may send messages too. A new worker takes over only
//! after a delay, in which the chain becomes final: blocks signed by the old key stay valid.

use filigree_builtin::calls::account;
use filigree_builtin::{POLICY, Type};
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;
use fvm_shared::address::Protocol;

use super::require_caller;
use crate::params::ChangeWorkerAddressParams;
use crate::state::Miner;
use crate::types::{MinerInfo, WorkerKeyChange};

/// Sets the control addresses, and proposes a worker unless one is proposed already.
pub(crate) fn change(ctx: &mut Context, params: ChangeWorkerAddressParams) -> Result<()> {
    check_control_addresses(&params.new_control_addresses)?;
    let new_worker = Address::new_id(resolve_worker(ctx, &params.new_worker)?);
    let control_addresses = resolve_all(ctx, &params.new_control_addresses)?;

    ctx.transaction(|state: &mut Miner, ctx| {
        let mut info = state.get_info(ActorStore)?;
        require_caller(ctx, &info.owner)?;
        info.control_addresses = control_addresses.into_iter().map(Address::new_id).collect();
        if new_worker != info.worker && info.pending_worker_key.is_none() {
            info.pending_worker_key = Some(WorkerKeyChange {
                new_worker,
                effective_at: ctx.epoch()? + POLICY.worker_key_change_delay,
            });
        }
        state.save_info(ActorStore, &info)
    })
}

impl Miner {
    /// Puts the proposed worker in its place, if it is time.
    pub(crate) fn confirm_worker(&mut self, ctx: &Context) -> Result<()> {
        let mut info = self.get_info(ActorStore)?;
        require_caller(ctx, &info.owner)?;
        self.process_pending_worker(&mut info, ctx.epoch()?)
    }

    /// Puts the proposed worker in its place, if it is time.
    pub(crate) fn process_pending_worker(
        &mut self,
        info: &mut MinerInfo,
        epoch: ChainEpoch,
    ) -> Result<()> {
        let due = info
            .pending_worker_key
            .as_ref()
            .filter(|change| epoch >= change.effective_at);
        let Some(change) = due else {
            return Ok(());
        };
        info.worker = change.new_worker;
        info.pending_worker_key = None;
        self.save_info(ActorStore, info)
    }
}

/// Fails if there are too many control addresses.
pub(crate) fn check_control_addresses(addresses: &[Address]) -> Result<()> {
    ensure!(
        addresses.len() <= POLICY.max_control_addresses,
        illegal_argument,
        "{} control addresses, at most {} are allowed",
        addresses.len(),
        POLICY.max_control_addresses
    );
    Ok(())
}

/// The id behind an address.
pub(crate) fn resolve(ctx: &Context, address: &Address) -> Result<ActorID> {
    ctx.resolve(address)?
        .ok_or_else(|| Error::illegal_argument("no actor has the address"))
}

/// The ids behind addresses.
pub(crate) fn resolve_all(ctx: &Context, addresses: &[Address]) -> Result<Vec<ActorID>> {
    addresses
        .iter()
        .map(|address| resolve(ctx, address))
        .collect()
}

/// The id behind the address of a worker: an account with a BLS key, which block producers need to prove that they won.
pub(crate) fn resolve_worker(ctx: &mut Context, address: &Address) -> Result<ActorID> {
    let id = resolve(ctx, address)?;
    ensure!(
        Type::of_actor(ctx, id)? == Some(Type::Account),
        illegal_argument,
        "f0{id} cannot be the worker: it is no account"
    );
    if address.protocol() != Protocol::BLS {
        let key = ctx.send(account::pubkey_address(Address::new_id(id)))?;
        ensure!(
            key.protocol() == Protocol::BLS,
            illegal_argument,
            "f0{id} cannot be the worker: its key is no BLS key"
        );
    }
    Ok(id)
}
