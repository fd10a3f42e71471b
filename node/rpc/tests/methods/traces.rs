//! Traces are as long as the node allows, and no longer.

use filigree_rpc::ClientError;
use filigree_rpc::json::call::ComputeStateOutput;
use filigree_rpc::method::state::call::{StateCall, StateCompute, StateReplay};
use fvm_shared::address::Address;

use super::{RECEIVER, failed, head, message, node, send};
use crate::common::world::mine;

#[test]
fn traces_have_one_bound_for_a_message_and_for_a_tipset() {
    let node = node();
    let client = node.client();
    let states = &node.services.states;
    let sent = send(&client, 2);
    let tipset = mine(&node.services);
    let replay = states.replay(&tipset, true).unwrap();
    let bytes = replay.steps.iter().map(|step| step.applied.trace_bytes);
    let (longest, all) = (bytes.clone().max().unwrap(), bytes.sum::<usize>());
    assert!(0 < longest && longest < all);

    let compute = || -> Result<ComputeStateOutput, ClientError> {
        client.call(StateCompute {
            epoch: 1,
            messages: None,
            tipset: tipset.key().clone(),
        })
    };
    let replay = || {
        client.call(StateReplay {
            tipset: tipset.key().clone(),
            message: sent.cid(),
        })
    };
    let call = || {
        client.call(StateCall {
            message: message(Address::new_id(RECEIVER), 1),
            tipset: head(),
        })
    };
    let is_too_long = |error: ClientError| failed(error).1.contains("rpc.trace_mib");
    states.limit_traces(all);
    assert_eq!(compute().unwrap().trace.len(), 3);
    states.limit_traces(all - 1);
    assert!(is_too_long(compute().unwrap_err()));
    // Each of them fits.
    states.limit_traces(longest);
    assert!(is_too_long(compute().unwrap_err()));
    assert!(replay().is_ok());
    assert!(call().is_ok());
    states.limit_traces(100);
    assert!(is_too_long(replay().unwrap_err()));
    assert!(is_too_long(call().unwrap_err()));
    // What records nothing is not bounded by it.
    assert!(states.replay(&tipset, false).is_ok());
}
