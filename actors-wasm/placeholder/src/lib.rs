//! The placeholder: keeps an f410f address, and the money sent there, until an Ethereum account or contract takes it over (FIP-0048).
//! It takes every call, whatever it says, and does nothing. It has no state.
//!
//! The entry point is written by hand: not even the message is looked at, so that a call costs as little as a call can.

#![allow(
    unexpected_cfgs,
    reason = "filigree_entry is set when the Wasm is built"
)]

use filigree_sdk::describe::{
    ActorSchema, MethodKind, MethodSchema, Type, schema_json, schema_len,
};
use filigree_sdk::prelude::*;

/// A placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placeholder;

impl Actor for Placeholder {
    const SCHEMA: ActorSchema = ActorSchema {
        name: "Placeholder",
        state: None,
        methods: &[MethodSchema {
            name: "Anything",
            number: 0,
            kind: MethodKind::Fallback,
            params: &[],
            returns: &Type::Simple("unit"),
        }],
    };

    const SCHEMA_JSON: &'static str = match std::str::from_utf8(&JSON) {
        Ok(json) => json,
        Err(_) => panic!("a schema is UTF-8"),
    };

    fn dispatch(_: &mut Context, _: MethodNum, _: Option<IpldBlock>) -> Result<Option<IpldBlock>> {
        Ok(None)
    }
}

const JSON: [u8; schema_len(&Placeholder::SCHEMA)] = schema_json(&Placeholder::SCHEMA);

#[cfg(all(target_arch = "wasm32", filigree_entry))]
mod entry {
    //! What the host calls.
    #![allow(unsafe_code, reason = "exports have fixed names")]

    #[unsafe(no_mangle)]
    extern "C" fn invoke(_: u32) -> u32 {
        0
    }

    #[used]
    #[unsafe(link_section = "filigree.schema")]
    static SCHEMA: [u8; super::JSON.len()] = super::JSON;
}
