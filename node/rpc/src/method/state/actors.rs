//! Any actor: its head, its state, its addresses, its parameters by its schema.

use std::collections::BTreeMap;

use cid::Cid;
use filigree_blocks::TipsetKey;
use filigree_node_state::view::View;
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::state::ActorState;
use serde_json::Value;

use crate::error::{Reply, RpcError};
use crate::json::Bytes;
use crate::json::builtin::{params_from_lotus, params_to_lotus, to_lotus};
use crate::json::call::ActorStateView;
use crate::methods;
use crate::schemas::method;
use crate::services::Services;

methods! { Filecoin:
    /// An actor: its code, the root of its state, its number and its balance.
    [read] StateGetActor(actor: Address, tipset: TipsetKey) -> ActorState = get_actor;

    /// An actor's state, decoded by the schema that its Wasm brings; null if it brings none. That of a built-in actor has Lotus' shape.
    [read] StateReadState(actor: Address, tipset: TipsetKey) -> ActorStateView = read_state;

    /// The id address of an actor.
    [read] StateLookupID(actor: Address, tipset: TipsetKey) -> Address = lookup_id;

    /// The address of the key that signs for an account.
    [read] StateAccountKey(account: Address, tipset: TipsetKey) -> Address = account_key;

    /// An address of an actor that stays its own if the chain is reorganised. It reads all addresses there are.
    [read] StateLookupRobustAddress(actor: Address, tipset: TipsetKey) -> Address = robust_address;

    /// The id addresses of all actors.
    [read] StateListActors(tipset: TipsetKey) -> Vec<Address> = list_actors;

    /// The actors that differ between two states, as they are in the second.
    [read] StateChangedActors(
        /// Root of the first state.
        old: Cid,
        /// Root of the second state.
        new: Cid,
    ) -> BTreeMap<String, ActorState> = changed_actors;

    /// Parameters as JSON, by the schema that the receiver's Wasm brings; those of a built-in actor in Lotus' shape.
    [read] StateDecodeParams(receiver: Address, method_number: u64, params: Bytes, tipset: TipsetKey) -> Value = decode_params;

    /// Parameters as bytes, of JSON, by the schema that the code brings; those of a built-in actor in either shape.
    [read] StateEncodeParams(code: Cid, method_number: u64, params: Value) -> Bytes = encode_params;
}

fn get_actor(services: &Services, actor: Address, tipset: TipsetKey) -> Reply<ActorState> {
    let (_, view) = services.view(&tipset)?;
    view.actor(&actor)?.ok_or_else(RpcError::actor_not_found)
}

fn read_state(services: &Services, actor: Address, tipset: TipsetKey) -> Reply<ActorStateView> {
    let (_, view) = services.view(&tipset)?;
    let actor = view.actor(&actor)?.ok_or_else(RpcError::actor_not_found)?;
    let schema = services.schemas.get(services.states.store(), &actor.code)?;
    let state = match schema {
        Some(schema) => {
            let block = view.block("an actor's state", &actor.state)?;
            let state = schema.decode_state(&block)?.unwrap_or(Value::Null);
            match &schema.state {
                Some(ty) if is_builtin(&view, &actor.code)? => to_lotus(ty, state),
                _ => state,
            }
        }
        None => Value::Null,
    };
    Ok(ActorStateView {
        balance: actor.balance,
        code: actor.code,
        state,
    })
}

/// Whether code is that of an actor of the network, which Lotus knows.
pub(super) fn is_builtin(view: &View, code: &Cid) -> Reply<bool> {
    Ok(view.code_name(code)?.is_some())
}

/// The id of an actor that is there.
pub(super) fn require_id(view: &View, address: &Address) -> Reply<ActorID> {
    let id = view.id(address)?.ok_or_else(RpcError::actor_not_found)?;
    Ok(id)
}

fn lookup_id(services: &Services, actor: Address, tipset: TipsetKey) -> Reply<Address> {
    let (_, view) = services.view(&tipset)?;
    require_id(&view, &actor).map(Address::new_id)
}

fn account_key(services: &Services, account: Address, tipset: TipsetKey) -> Reply<Address> {
    let (_, view) = services.view(&tipset)?;
    let none = || {
        RpcError::general(format!(
            "no key signs for {account}: it is no account, or not there"
        ))
    };
    view.key_address(&account)?.ok_or_else(none)
}

fn robust_address(services: &Services, actor: Address, tipset: TipsetKey) -> Reply<Address> {
    let (_, view) = services.view(&tipset)?;
    let id = require_id(&view, &actor)?;
    let none = || RpcError::general(format!("{actor} has no address but its id"));
    view.robust_address(id)?.ok_or_else(none)
}

fn list_actors(services: &Services, tipset: TipsetKey) -> Reply<Vec<Address>> {
    let (_, view) = services.view(&tipset)?;
    let mut ids = Vec::new();
    view.for_each(|id, _| ids.push(id))?;
    ids.sort_unstable();
    Ok(ids.into_iter().map(Address::new_id).collect())
}

fn changed_actors(services: &Services, old: Cid, new: Cid) -> Reply<BTreeMap<String, ActorState>> {
    let (old, new) = (services.states.view(&old)?, services.states.view(&new)?);
    let mut before = BTreeMap::new();
    old.for_each(|id, actor| _ = before.insert(id, actor.clone()))?;
    let mut changed = BTreeMap::new();
    new.for_each(|id, actor| {
        if before.get(&id) != Some(actor) {
            changed.insert(Address::new_id(id).to_string(), actor.clone());
        }
    })?;
    Ok(changed)
}

fn decode_params(
    services: &Services,
    receiver: Address,
    method_number: u64,
    params: Bytes,
    tipset: TipsetKey,
) -> Reply<Value> {
    let (_, view) = services.view(&tipset)?;
    let actor = view
        .actor(&receiver)?
        .ok_or_else(RpcError::actor_not_found)?;
    let schema = services.schemas.get(services.states.store(), &actor.code)?;
    let method = method(schema.as_ref(), &receiver, method_number)?;
    let params = (!params.0.is_empty()).then_some(params.0.as_slice());
    let decoded = method.decode_params(params)?;
    Ok(match is_builtin(&view, &actor.code)? {
        true => params_to_lotus(method, decoded),
        false => decoded,
    })
}

fn encode_params(
    services: &Services,
    code: Cid,
    method_number: u64,
    params: Value,
) -> Reply<Bytes> {
    let schema = services.schemas.get(services.states.store(), &code)?;
    let method = method(schema.as_ref(), &code, method_number)?;
    let view = services.states.view_before(&services.chain.head())?;
    let params = match is_builtin(&view, &code)? {
        true => {
            let params = params_from_lotus(method, params);
            params.map_err(|e| RpcError::params(e.at("params").to_string()))?
        }
        false => params,
    };
    Ok(Bytes(method.encode_params(&params)?.unwrap_or_default()))
}
