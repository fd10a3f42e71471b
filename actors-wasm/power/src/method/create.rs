//! A new miner.

use filigree_builtin::Type;
use filigree_builtin::calls::init::{self, ExecParams};
use filigree_builtin::calls::miner::MinerConstructorParams;
use filigree_builtin::calls::power::{CreateMinerParams, CreateMinerReturn};
use filigree_sdk::cbor;
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;

use crate::state::Power;

/// Has the init actor create the miner, and gives it a claim to nothing.
pub(crate) fn create_miner(
    ctx: &mut Context,
    params: CreateMinerParams,
) -> Result<CreateMinerReturn> {
    let proof = params.window_post_proof_type;
    let constructor_params = cbor::encode(&MinerConstructorParams {
        owner: params.owner,
        worker: params.worker,
        control_addresses: Vec::new(),
        window_post_proof_type: proof,
        peer_id: params.peer,
        multi_addresses: params.multiaddrs,
    })?;
    let exec = init::exec(&ExecParams {
        code_cid: Type::Miner.code(ctx)?,
        constructor_params: RawBytes::new(constructor_params),
    })?;
    let created = ctx.send(exec.value(ctx.value_received()))?;
    ctx.transaction(|state: &mut Power, _| {
        state.add_miner(ActorStore, &created.id_address, proof)
    })?;
    Ok(CreateMinerReturn {
        id_address: created.id_address,
        robust_address: created.robust_address,
    })
}
