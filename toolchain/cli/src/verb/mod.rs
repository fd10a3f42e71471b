//! The verbs: options, help with examples, and `run`, which returns the exit code.

pub mod build;
pub mod bundle;
pub mod call;
pub mod cargo_test;
pub mod check;
pub mod gas;
pub mod inspect;
pub mod new;
pub mod profile;
pub mod project;
pub mod schema;
pub mod trace;
pub mod upgrade;
pub mod verify;
