//! Actors that a send brings into being: accounts for key addresses, placeholders for f410f addresses (FIP-0048).

use filigree_state::SYSTEM_ACTOR_ID;
use fvm_ipld_encoding::CBOR;
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ErrorNumber;
use fvm_shared::state::ActorState;
use num_traits::Zero;

use crate::blocks::Block;
use crate::call::{Call, Entrypoint};
use crate::stack::Stack;
use crate::stop::{Classify, Outcome, errno};

impl Stack {
    /// An account for a key address, constructed by the system actor.
    pub fn create_account(&mut self, address: &Address) -> Outcome<ActorID> {
        if address.is_bls_zero_address() {
            return Err(errno(
                ErrorNumber::IllegalArgument,
                "the all-zero BLS key cannot have an account",
            ));
        }
        let code = *self.core.manifest.account_code();
        let id = self.register(address, ActorState::new_empty(code, None))?;
        let params = fvm_ipld_encoding::to_vec(address).or_errno(ErrorNumber::IllegalArgument)?;
        self.call_resolved(
            id,
            Call {
                from: SYSTEM_ACTOR_ID,
                to: Address::new_id(id),
                entrypoint: Entrypoint::ImplicitConstructor,
                params: Some(Block::leaf(CBOR, params)),
                value: TokenAmount::zero(),
                read_only: false,
            },
        )?;
        Ok(id)
    }

    /// A placeholder that keeps an f410f address until code is deployed there.
    pub fn create_placeholder(&mut self, address: &Address) -> Outcome<ActorID> {
        let code = *self.core.manifest.placeholder_code();
        self.register(address, ActorState::new_empty(code, Some(*address)))
    }

    fn register(&mut self, address: &Address, state: ActorState) -> Outcome<ActorID> {
        self.pay(|p| p.on_create_actor(true))?;
        let id = self
            .core
            .journal
            .tree
            .register_new_address(address)
            .or_fatal("assigning an id to an address")?;
        self.core.journal.mark_resolved(address);
        self.set_actor(id, state)?;
        Ok(id)
    }
}
