//! Deterministic, metered WebAssembly: validate, instrument, compile, cache, pool.
//!
//! This crate knows wasmtime and nothing of Filecoin. A caller gives rules ([`EngineConfig`]), host
//! functions, and modules by key; it gets instances that charge gas exactly and stop at exact limits.
//!
//! In reading order:
//! - `config`: the rules, and the wasmtime settings that follow;
//! - [`instrument`]: which modules load, how they are metered and limited, and wrapped for profiles;
//! - `module`: a linked module, a running instance, its gas counter;
//! - `limits`: the memory account of a call stack;
//! - `pool`: sessions and the supply of instances;
//! - `cache`: compiled modules on disk;
//! - `engine`: the engine that puts these together.
//!
//! An instance belongs to one store and one call. The order a caller keeps: [`Engine::session`],
//! [`Engine::load`], [`Engine::instantiate`], [`Running::set_gas`], [`Running::start`], [`Running::call`],
//! and [`Running::gas`] before anything else is concluded: a negative counter means out of gas.

mod cache;
mod config;
mod engine;
pub mod instrument;
mod limits;
mod module;
mod pool;

pub use config::{EngineConfig, MAX_NATIVE_STACK_BYTES, MAX_TABLE_ELEMENTS, PAGE_BYTES, WasmCosts};
pub use engine::{Engine, EngineError, LoadError};
pub use instrument::profile::PROFILE_MODULE;
pub use limits::MemoryLimits;
pub use module::{CallError, GasCell, InstantiateError, Module, Running};
pub use pool::Session;

/// What the data of an instance's store must offer.
pub trait HostState {
    /// The memory account of the call stack the instance belongs to.
    fn limits(&mut self) -> &mut MemoryLimits;
}
