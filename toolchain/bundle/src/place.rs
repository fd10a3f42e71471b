//! The places of a network's manifest. Hosts number actors by place, so their order is consensus.

/// A place and who stands there.
pub(crate) struct Place {
    /// The name in the manifest.
    pub name: &'static str,
    /// The folder of the actor below `actors-wasm`, where there is one.
    pub folder: Option<&'static str>,
    /// Whether the protocol runs without it, as long as nobody stores anything.
    pub is_for_storage: bool,
    /// Whether it is compiled for one network (`filigree_builtin::policy`).
    pub has_policy: bool,
}

const fn core(name: &'static str) -> Place {
    Place {
        name,
        folder: Some(name),
        is_for_storage: false,
        has_policy: false,
    }
}

const fn storage(name: &'static str, folder: &'static str, has_policy: bool) -> Place {
    Place {
        name,
        folder: Some(folder),
        is_for_storage: true,
        has_policy,
    }
}

const fn empty(name: &'static str) -> Place {
    Place {
        name,
        folder: None,
        is_for_storage: false,
        has_policy: false,
    }
}

/// The places at network version 28.
pub(crate) const PLACES: [Place; 16] = [
    core("system"),
    core("init"),
    core("cron"),
    core("account"),
    storage("storagepower", "power", true),
    storage("storageminer", "miner", true),
    storage("storagemarket", "market", true),
    storage("paymentchannel", "paych", false),
    storage("multisig", "multisig", false),
    core("reward"),
    storage("verifiedregistry", "verifreg", true),
    storage("datacap", "datacap", false),
    core("placeholder"),
    empty("evm"),
    empty("eam"),
    core("ethaccount"),
];

/// `(module (memory (export "memory") 1) (func (export "invoke") (param i32) (result i32) unreachable))`.
const TRAP_WASM: &[u8] = &[
    0, b'a', b's', b'm', 1, 0, 0, 0, // header
    1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f, // type 0: i32 -> i32
    3, 2, 1, 0, // one function of type 0
    5, 3, 1, 0, 1, // one memory of one page
    7, 19, 2, 6, b'm', b'e', b'm', b'o', b'r', b'y', 2, 0, // export the memory
    6, b'i', b'n', b'v', b'o', b'k', b'e', 0, 0, // and the function
    10, 5, 1, 3, 0, 0x00, 0x0b, // its body: unreachable
];

/// What stands for an actor that is not here: its name in a custom section makes its code CID its own.
pub(crate) fn absent(name: &str) -> Vec<u8> {
    let name_len = u8::try_from(name.len()).unwrap_or_default();
    let mut wasm = [TRAP_WASM, &[0, name_len + 1, name_len]].concat();
    wasm.extend_from_slice(name.as_bytes());
    wasm
}

/// Whether this Wasm stands where no actor is.
pub fn is_absent(wasm: &[u8]) -> bool {
    wasm.starts_with(TRAP_WASM)
}
