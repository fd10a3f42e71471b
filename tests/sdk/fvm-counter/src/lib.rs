//! The counter of `sdk/examples/counter`, written against the crate `fvm_sdk`: same state, methods, event and exit codes. The
//! SDK is measured beside it.
#![allow(
    unexpected_cfgs,
    reason = "the entry point is compiled as with #[actor]"
)]

use cid::Cid;
use fvm_ipld_encoding::tuple::{Deserialize_tuple, Serialize_tuple};
use fvm_ipld_encoding::{CBOR, DAG_CBOR, from_slice, to_vec};
use fvm_sdk::NO_DATA_BLOCK_ID;
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::error::ExitCode;
use fvm_shared::event::{ActorEvent, Entry, Flags};

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
    fvm_sdk::sself::set_root(&cid).unwrap();
}

fn params<T: serde::de::DeserializeOwned>(id: u32) -> T {
    let block = fvm_sdk::message::params_raw(id).unwrap();
    let decoded = block.and_then(|block| block.deserialize().ok());
    decoded.unwrap_or_else(|| abort(ExitCode::USR_SERIALIZATION, "bad parameters"))
}

fn returned(value: u64) -> u32 {
    fvm_sdk::ipld::put_block(CBOR, &to_vec(&value).unwrap()).unwrap()
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
    fvm_sdk::event::emit_event(&event).unwrap();
    save(&counter);
    counter.value
}

fn construct(owner: Address) {
    if fvm_sdk::message::caller() != INIT {
        abort(ExitCode::USR_FORBIDDEN, "f01 constructs");
    }
    let Some(owner) = fvm_sdk::actor::resolve_address(&owner) else {
        abort(ExitCode::USR_NOT_FOUND, "no such actor");
    };
    save(&Counter { owner, value: 0 });
}

/// The Wasm export `invoke`.
#[allow(unsafe_code)]
#[cfg_attr(filigree_entry, unsafe(no_mangle))]
pub extern "C" fn invoke(params_id: u32) -> u32 {
    std::panic::set_hook(Box::new(|panic| {
        abort(ExitCode::USR_ASSERTION_FAILED, &panic.to_string())
    }));
    match fvm_sdk::message::method_number() {
        CONSTRUCTOR => {
            construct(params(params_id));
            NO_DATA_BLOCK_ID
        }
        INCREMENT => returned(increment(params(params_id))),
        VALUE => returned(load().value),
        _ => abort(ExitCode::USR_UNHANDLED_MESSAGE, "no such method"),
    }
}
