//! Putting an actor on chain, from any code.
//!
//! On a network the init actor does it, for the few codes it knows. For the one message that deploys, native code
//! stands in for it, which takes every code and does the rest alike, by the same syscalls: it registers the actor's
//! robust address in its own state, makes the actor under the next id and calls the constructor. So the constructor
//! sees f01 as its caller, and its true gas.

use std::rc::Rc;

use cid::Cid;
use filigree_schema::Schema;
use filigree_sdk::actor;
use filigree_sdk::call::{Call, Construction};
use filigree_sdk::collections::Map;
use filigree_sdk::context::Context;
use filigree_sdk::dispatch::{Actor as _, encode};
use filigree_sdk::error::{Error, Result};
use filigree_state::{INIT_ACTOR_ID, InitState, SYSTEM_ACTOR_ID};
use filigree_vm::{Applied, CallTrace, Kind};
use fvm_ipld_encoding::ipld_block::IpldBlock;
use fvm_ipld_encoding::{CBOR, RawBytes};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use fvm_shared::{ActorID, METHOD_CONSTRUCTOR};

use crate::account::Who;
use crate::code::Code;
use crate::native::Native;
use crate::outcome::Outcome;
use crate::sandbox::{Instead, Sandbox, message};

/// What stands in for the init actor. Its state is the one that is there.
struct Deployer;

#[actor(stateless)]
impl Deployer {
    #[constructor]
    pub fn refuse() -> Result<()> {
        Err(Error::forbidden("the network has an init actor"))
    }

    /// Makes an actor. Gives its robust address.
    #[method]
    pub fn deploy(ctx: &mut Context, code: Cid, params: Option<RawBytes>) -> Result<Address> {
        let address = ctx.next_actor_address()?;
        let id = ctx.transaction(|state: &mut InitState, _| {
            let id = state.next_id;
            state.next_id += 1;
            let mut addresses = Map::<Address, ActorID>::from_root(state.address_map);
            addresses.edit(|addresses| addresses.set(&address, &id))?;
            state.address_map = *addresses.root();
            Ok(id)
        })?;
        ctx.create_actor(id, &code, None)?;
        let params = params.map(|params| IpldBlock {
            codec: CBOR,
            data: params.to_vec(),
        });
        let construct: Call<()> = Call::new(Address::new_id(id), METHOD_CONSTRUCTOR, params);
        ctx.send_raw(&construct.value(ctx.value_received()))?;
        Ok(address)
    }
}

impl Sandbox {
    /// Puts an actor on chain, in the name of the system. Gives its robust (f2) address.
    #[track_caller]
    pub fn deploy(&mut self, code: &Code, construction: Construction) -> Outcome<Address> {
        self.create(
            SYSTEM_ACTOR_ID,
            code,
            construction,
            TokenAmount::default(),
            Kind::Implicit,
        )
    }

    /// Puts an actor on chain in a message of an account, which is the origin and pays.
    #[track_caller]
    pub fn deploy_as(
        &mut self,
        from: impl Who,
        code: &Code,
        construction: Construction,
    ) -> Outcome<Address> {
        self.deploy_paid(from, code, construction, TokenAmount::default())
    }

    /// As [`deploy_as`](Self::deploy_as), with money for the new actor, which comes with the constructor's call.
    #[track_caller]
    pub fn deploy_paid(
        &mut self,
        from: impl Who,
        code: &Code,
        construction: Construction,
        value: TokenAmount,
    ) -> Outcome<Address> {
        self.create(from, code, construction, value, Kind::Explicit)
    }

    #[track_caller]
    fn create(
        &mut self,
        from: impl Who,
        code: &Code,
        construction: Construction,
        value: TokenAmount,
        kind: Kind,
    ) -> Outcome<Address> {
        let params = construction.params.map(|block| RawBytes::new(block.data));
        let params = encode(&(code.cid, params)).expect("a CID and bytes encode");
        let call: Call<Address> =
            Call::new(Address::new_id(INIT_ACTOR_ID), deploy_method(), params).value(value);
        let init = self
            .actor(INIT_ACTOR_ID)
            .expect("a network has an init actor")
            .code;
        let deployer: Instead = (init, Rc::new(Native::<Deployer>::new()));
        let (message, mut applied) = if kind == Kind::Explicit {
            self.explicit(from, &call, Some(&deployer))
        } else {
            // The next id, so that each new actor has another address.
            let sequence = self.state::<InitState>(INIT_ACTOR_ID).next_id;
            let message = message(from, &call, sequence);
            let applied = self.execute(&message, kind, Some(&deployer));
            (message, applied)
        };
        if let Some(code) = constructor_failure(&applied) {
            applied.receipt.exit_code = code;
        }
        self.outcome(&message, applied)
    }
}

/// What the constructor failed with; an actor cannot pass on the system's exit codes, so the deployer's own would be
/// another.
fn constructor_failure(applied: &Applied) -> Option<ExitCode> {
    let (_, deploy) = CallTrace::from_events(&applied.trace);
    let code = deploy?.calls.last()?.code;
    (!code.is_success()).then_some(code)
}

fn deploy_method() -> u64 {
    DeployerClient::at(Address::new_id(INIT_ACTOR_ID))
        .deploy(Cid::default(), None)
        .method
}

/// The schema of what stands in for the init actor.
pub(crate) fn deployer_schema() -> Schema {
    Schema::from_json(Deployer::SCHEMA_JSON.as_bytes())
        .expect("the macro writes schemas that are read")
}
