//! Actors created by the init actor, as users create them: wallets of several signers and payment channels.

use filigree_builtin::calls::init::{ExecParams, ExecReturn, exec};
use filigree_sandbox::{Outcome, Who};
use filigree_sdk::call::Construction;
use filigree_sdk::prelude::*;

use crate::stage::Stage;

/// Has the init actor create an actor of the bundle by its name, with `value` from the creator.
#[track_caller]
pub(crate) fn create(
    stage: &mut Stage,
    creator: impl Who,
    name: &str,
    construction: Construction,
    value: TokenAmount,
) -> Outcome<ExecReturn> {
    let params = construction.params.map(|params| RawBytes::new(params.data));
    let params = ExecParams {
        code_cid: stage.code(name),
        constructor_params: params.unwrap_or_default(),
    };
    let call = exec(&params).expect("the parameters encode");
    stage.call(creator, call.value(value))
}
