//! A call of which nothing is known to be right: for tools that take it from a person, on a file that may be damaged.
//!
//! What `Sandbox::call` takes for a mistake of the test, and panics on, is an error here.

use anyhow::{Context as _, ensure};
use filigree_schema::Schema;
use filigree_sdk::call::Call;
use filigree_state::{ActorState, StateTree};
use fvm_ipld_blockstore::Blockstore;
use fvm_shared::ActorID;
use fvm_shared::address::Address;

use crate::outcome::Outcome;
use crate::sandbox::{GIVE_BUNDLE, Sandbox, load_tree, message};

impl Sandbox {
    /// The id and state of the actor behind an address.
    pub fn find_actor(&self, address: &Address) -> anyhow::Result<(ActorID, ActorState)> {
        let tree = self.tree()?;
        let id = tree.lookup_id(address)?;
        let actor = id.map(|id| tree.get_actor(id)).transpose()?.flatten();
        id.zip(actor)
            .with_context(|| format!("no actor has the address {address}"))
    }

    /// The schema of an actor's code; none if its Wasm has none.
    pub fn schema_of(&self, actor: &ActorState) -> anyhow::Result<Option<Schema>> {
        let code = actor.code;
        let wasm = self.store.get(&code)?;
        let wasm = wasm.with_context(|| format!("the code {code} is not there: {GIVE_BUNDLE}"))?;
        Ok(Schema::from_wasm(&wasm)?)
    }

    /// An account that can send: of the first made in this sandbox, the first that is there.
    pub fn first_account(&self) -> anyhow::Result<Option<Address>> {
        let tree = self.tree()?;
        for number in 0..self.point.accounts {
            let address = crate::account::Account::address_of(number);
            if tree.lookup_id(&address)?.is_some() {
                return Ok(Some(address));
            }
        }
        Ok(None)
    }

    /// Sends a call in a message of an account, which pays for it.
    ///
    /// # Errors
    /// If the sender is not there, the value is negative, or the host cannot run the message: part of the state is
    /// missing or damaged. The sandbox must not be used any more then.
    pub fn try_call(&mut self, from: &Address, call: Call<()>) -> anyhow::Result<Outcome<()>> {
        ensure!(
            !call.value.is_negative(),
            "the value {} is negative",
            call.value
        );
        let (_, sender) = self.find_actor(from).context("the sender")?;
        let gas_limit = call.gas_limit;
        let message = message(*from, &call, sender.sequence);
        let (message, applied) = self.try_explicit(message, gas_limit, None);
        Ok(self.outcome(&message, applied?))
    }

    fn tree(&self) -> anyhow::Result<StateTree> {
        load_tree(&self.store, &self.point.root).context("the state cannot be read")
    }
}
