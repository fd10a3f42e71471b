//! Execution traces as lines of text that both hosts can be brought to: calls, the actors they reach, how they end, block
//! operations and log lines where the reference records them, and the gas charged between two of these.
//!
//! Names of single charges are left out: where one host splits a charge that the other makes in one, both are right. So
//! is the last charge of a call that runs out of gas: how far a counter of Wasm gas goes below zero is up to the engine.

use cid::Cid;
use fvm_shared::address::Address;
use fvm_shared::error::ExitCode;
use multihash_codetable::{Code, MultihashDigest};

use crate::outcome::hex;

/// A trace being written down.
#[derive(Default)]
pub struct Lines {
    lines: Vec<String>,
    milligas: u64,
}

impl Lines {
    /// Gas was charged.
    pub fn gas(&mut self, milligas: u64) {
        self.milligas = self.milligas.saturating_add(milligas);
    }

    /// Something else happened.
    pub fn event(&mut self, line: String) {
        let gas = std::mem::take(&mut self.milligas);
        if gas > 0 {
            self.lines.push(format!("{gas} milligas"));
        }
        self.lines.push(line);
    }

    /// A call ended with an exit code and perhaps codec and bytes of a block.
    pub fn returned(&mut self, code: u32, value: Option<(u64, &[u8])>) {
        if code == ExitCode::SYS_OUT_OF_GAS.value() {
            self.milligas = 0;
        }
        self.event(format!("return {code}, value {}", block(value)));
    }

    /// The lines.
    pub fn finish(mut self) -> Vec<String> {
        if self.milligas > 0 {
            self.event("end".to_owned());
        }
        self.lines
    }
}

/// A call.
pub struct Called<'a> {
    /// The caller.
    pub from: u64,
    /// The callee as named, as bytes: the hosts may print addresses of their own network.
    pub to: Vec<u8>,
    /// The method.
    pub method: u64,
    /// Codec and bytes of the parameters.
    pub params: Option<(u64, &'a [u8])>,
    /// The value, attoFIL.
    pub value: String,
    /// The gas it may use.
    pub gas_limit: u64,
    /// Whether it may not change state.
    pub read_only: bool,
}

impl Called<'_> {
    /// Its line.
    pub fn line(&self) -> String {
        let to = Address::from_bytes(&self.to).map_or_else(|_| hex(&self.to), |a| a.to_string());
        format!(
            "call from {} to {to}, method {}, value {}, gas limit {}, read-only {}, params {}",
            self.from,
            self.method,
            self.value,
            self.gas_limit,
            self.read_only,
            block(self.params),
        )
    }
}

/// The line of an actor that a call reached, with its state before.
pub fn invoked(id: u64, code: &Cid, head: &Cid, nonce: u64, balance: String) -> String {
    format!("invoke {id}, code {code}, state {head}, nonce {nonce}, balance {balance}")
}

/// The line of a call that was refused.
pub fn refused(errno: u32) -> String {
    format!("refused {errno}")
}

/// The line of what an actor logged.
pub fn logged(text: &str) -> String {
    format!("log {text}")
}

/// The line of a block operation.
pub fn ipld(is_put: bool, cid: &Cid, size: usize) -> String {
    let op = if is_put { "put" } else { "get" };
    format!("{op} {cid}, {size} bytes")
}

fn block(block: Option<(u64, &[u8])>) -> String {
    let Some((codec, data)) = block else {
        return "none".to_owned();
    };
    let start = hex(&data[..data.len().min(24)]);
    let digest = hex(&Code::Blake2b256.digest(data).digest()[..8]);
    format!("{codec:#x} {start} ({} bytes, hash {digest})", data.len())
}
