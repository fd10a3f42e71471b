//! The counter of `sdk/examples/counter`, written by hand against the crate `fvm_sdk`: same state, methods, event and exit codes. The
//! SDK is measured beside it.
#![allow(
    unexpected_cfgs,
    reason = "the entry point is compiled as with #[actor]"
)]

use cid::Cid;
use fvm_ipld_encoding::tuple::{Deserialize_tuple, Serialize_tuple};
use fvm_ipld_encoding::{CBOR, DAG_CBOR, RawBytes, from_slice, to_vec};
use fvm_sdk::NO_DATA_BLOCK_ID;
use fvm_shared::address::Address;
use fvm_shared::error::{ErrorNumber, ExitCode};
use fvm_shared::event::{ActorEvent, Entry, Flags};
use fvm_shared::{ActorID, EMPTY_ARR_CID, Response};

/// The state.
#[derive(Serialize_tuple, Deserialize_tuple)]
struct Counter {
    owner: ActorID,
    value: u64,
}

const INIT: ActorID = 1;
const CONSTRUCTOR: u64 = 1;
const INCREMENT: u64 = 2_922_929_132;
const VALUE: u64 = 2_328_238_765;
const CHANGE_CODE: u64 = 3_009_039_992;
const BLAKE2B_256: (u64, u32) = (0xb220, 32);

fn abort(code: ExitCode, message: &str) -> ! {
    fvm_sdk::vm::abort(code.value(), Some(message))
}

fn load() -> Counter {
    let root = fvm_sdk::sself::root().unwrap();
    from_slice(&fvm_sdk::ipld::get(&root).unwrap()).unwrap()
}

fn save(counter: &Counter) {
    let (code, len) = BLAKE2B_256;
    let cid: Cid = fvm_sdk::ipld::put(code, len, DAG_CBOR, &to_vec(counter).unwrap()).unwrap();
    if fvm_sdk::sself::set_root(&cid).is_err() {
        abort(ExitCode::USR_READ_ONLY, "the state cannot be changed");
    }
}

fn params<T: serde::de::DeserializeOwned>(id: u32) -> T {
    let Some(block) = fvm_sdk::message::params_raw(id).unwrap() else {
        abort(ExitCode::USR_ILLEGAL_ARGUMENT, "no parameters");
    };
    let decoded = block.deserialize().ok();
    decoded.unwrap_or_else(|| abort(ExitCode::USR_SERIALIZATION, "bad parameters"))
}

fn no_params(id: u32) {
    if id != NO_DATA_BLOCK_ID {
        abort(ExitCode::USR_ILLEGAL_ARGUMENT, "parameters");
    }
}

fn returned(value: u64) -> u32 {
    fvm_sdk::ipld::put_block(CBOR, &to_vec(&value).unwrap()).unwrap()
}

fn construct(owner: Address) {
    if fvm_sdk::message::caller() != INIT {
        abort(ExitCode::USR_FORBIDDEN, "f01 constructs");
    }
    let Some(owner) = fvm_sdk::actor::resolve_address(&owner) else {
        abort(ExitCode::USR_NOT_FOUND, "no such actor");
    };
    if fvm_sdk::sself::root().unwrap() != EMPTY_ARR_CID {
        abort(ExitCode::USR_ILLEGAL_STATE, "constructed already");
    }
    save(&Counter { owner, value: 0 });
}

fn increment(by: u64) -> u64 {
    let mut counter = load();
    if fvm_sdk::message::caller() != counter.owner {
        abort(ExitCode::USR_FORBIDDEN, "only the owner may count");
    }
    let sum = counter.value.checked_add(by);
    counter.value =
        sum.unwrap_or_else(|| abort(ExitCode::USR_ILLEGAL_ARGUMENT, "the counter would overflow"));
    let entry = |flags, key: &str, value| Entry {
        flags,
        key: key.to_owned(),
        codec: CBOR,
        value,
    };
    let event = ActorEvent::from(vec![
        entry(
            Flags::FLAG_INDEXED_ALL,
            "$type",
            to_vec("incremented").unwrap(),
        ),
        entry(Flags::empty(), "by", to_vec(&by).unwrap()),
    ]);
    if fvm_sdk::event::emit_event(&event).is_err() {
        abort(ExitCode::USR_READ_ONLY, "no event can be emitted");
    }
    save(&counter);
    counter.value
}

/// Returns only if the new code refused.
fn change_code(code: Cid, params: RawBytes) -> ! {
    if fvm_sdk::message::caller() != load().owner {
        abort(
            ExitCode::USR_FORBIDDEN,
            "only the owner may change the code",
        );
    }
    match fvm_sdk::actor::upgrade_actor(&code, params.into()) {
        Ok(Response {
            exit_code,
            return_data,
        }) if !exit_code.is_success() && !exit_code.is_system_error() => {
            fvm_sdk::vm::exit(exit_code.value(), return_data, Some("the new code refused"))
        }
        Ok(Response { exit_code, .. }) => match exit_code {
            ExitCode::SYS_MISSING_RETURN
            | ExitCode::SYS_ILLEGAL_INSTRUCTION
            | ExitCode::SYS_ILLEGAL_EXIT_CODE => {
                abort(ExitCode::USR_UNSPECIFIED, "the new code failed")
            }
            _ => abort(ExitCode::USR_ASSERTION_FAILED, "the new code failed"),
        },
        Err(ErrorNumber::NotFound) => abort(ExitCode::USR_UNSPECIFIED, "no such code"),
        Err(ErrorNumber::ReadOnly) => abort(ExitCode::USR_READ_ONLY, "the code cannot be changed"),
        Err(_) => abort(ExitCode::USR_ASSERTION_FAILED, "the code cannot be changed"),
    }
}

/// The Wasm export `invoke`.
#[allow(unsafe_code)]
#[cfg_attr(filigree_entry, unsafe(no_mangle))]
pub extern "C" fn invoke(params_id: u32) -> u32 {
    fvm_sdk::vm::set_panic_handler();
    match fvm_sdk::message::method_number() {
        CONSTRUCTOR => {
            construct(params(params_id));
            NO_DATA_BLOCK_ID
        }
        INCREMENT => returned(increment(params(params_id))),
        VALUE => {
            no_params(params_id);
            returned(load().value)
        }
        CHANGE_CODE => {
            let (code, with) = params(params_id);
            change_code(code, with)
        }
        _ => abort(ExitCode::USR_UNHANDLED_MESSAGE, "no such method"),
    }
}
