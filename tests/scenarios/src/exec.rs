//! Actors created by the init actor, as users create them: wallets of several signers and payment channels.

use cid::Cid;
use filigree_builtin::calls::init::{ExecParams, ExecReturn, exec};
use filigree_sandbox::{Outcome, Who};
use filigree_sdk::call::Construction;
use filigree_sdk::prelude::*;
use fvm_ipld_blockstore::Blockstore as _;

use crate::stage::Stage;

/// The code of a built-in actor on a stage, by its name in the manifest.
pub fn code_named(stage: &Stage, name: &str) -> Cid {
    let (manifest,): (Cid,) = stage.state(0u64);
    let block = stage.store().get(&manifest).expect("the store can be read");
    let block = block.expect("the system actor's list is in the store");
    let listed: Vec<(String, Cid)> =
        fvm_ipld_encoding::from_slice(&block).expect("a list of names and codes");
    let found = listed.into_iter().find(|(listed, _)| listed == name);
    found.unwrap_or_else(|| panic!("there is no actor {name}")).1
}

/// Has the init actor create an actor, with `value` from the creator.
pub fn create(
    stage: &mut Stage,
    creator: impl Who,
    name: &str,
    construction: Construction,
    value: TokenAmount,
) -> Outcome<ExecReturn> {
    let params = ExecParams {
        code_cid: code_named(stage, name),
        constructor_params: construction
            .params
            .map_or_else(RawBytes::default, |params| RawBytes::new(params.data)),
    };
    let call = exec(&params).expect("the parameters encode");
    stage.call(creator, call.value(value))
}
