//! The owner. Ownership passes in two steps: the owner names the next, who confirms.

use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;
use fvm_shared::address::Protocol;

use super::require_caller;
use crate::state::Miner;

impl Miner {
    /// Proposes an owner if the owner calls; the owner's own address takes a proposal back. Confirms if the proposed owner calls.
    pub(crate) fn change_owner(&mut self, ctx: &Context, new_owner: Address) -> Result<()> {
        ensure!(
            new_owner.protocol() == Protocol::ID,
            illegal_argument,
            "an owner is named by its id"
        );
        let mut info = self.get_info(ActorStore)?;
        match info.pending_owner_address {
            Some(pending) if Address::new_id(ctx.caller()) != info.owner => {
                require_caller(ctx, &pending)?;
                ensure!(
                    new_owner == pending,
                    illegal_argument,
                    "another owner was proposed"
                );
                if info.beneficiary == info.owner {
                    info.beneficiary = pending;
                }
                info.pending_beneficiary_term = None;
                info.owner = pending;
            }
            _ => {
                require_caller(ctx, &info.owner)?;
                info.pending_owner_address = Some(new_owner);
            }
        }
        if info.pending_owner_address == Some(info.owner) {
            info.pending_owner_address = None;
        }
        self.save_info(ActorStore, &info)
    }
}
