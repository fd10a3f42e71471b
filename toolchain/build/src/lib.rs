//! What is done to actor Wasm outside of the host: build, optimise, check, inspect, bundle, verify.
//!
//! A library, so that the command line (`toolchain/cli`), the sandbox and the project's own tasks do the same things
//! the same way. It reads files that others wrote; on any bytes it answers with a value or a typed error.
//!
//! In reading order:
//! - [`mod@code_cid`]: what a module is known by on the network;
//! - [`layout`]: a module taken apart: sections, functions, names;
//! - [`mod@build`]: from a Cargo project to the Wasm, the same bytes from any folder;
//! - [`mod@optimise`]: what is left out or made smaller afterwards;
//! - [`mod@check`]: whether the host of a network version loads and can call a module, and what to do if not;
//! - [`mod@inspect`]: what a module consists of, by section, crate and function;
//! - [`car`], [`bundle`]: several actors in one file, as networks are upgraded with; what differs between two;
//! - [`mod@verify`]: whether source and Wasm belong together, and if not, where they part.
//!
//! It leaves out running actors (`sdk/sandbox`) and what a schema means (`sdk/schema`).

pub mod build;
pub mod bundle;
pub mod car;
pub mod check;
pub mod code_cid;
mod file;
pub mod inspect;
pub mod layout;
pub mod names;
pub mod optimise;
pub mod verify;

pub use build::{Artefact, BuildError, BuildOptions, build};
pub use bundle::{Bundle, BundleError};
pub use check::{CheckError, Checker, Finding, Report, Rules, Severity, check, check_statically};
pub use code_cid::code_cid;
pub use file::replace_file;
pub use inspect::{Inspection, inspect};
pub use layout::{Layout, Malformed};
pub use optimise::optimise;
pub use verify::{Expected, Verdict, VerifyError, verify};
