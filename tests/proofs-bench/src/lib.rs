//! What proofs cost, on one machine in one run: `cargo xtask bench proofs`.
//!
//! Whatever is measured runs in a process of its own, which a second one starts and measures ([`meter`]): memory and CPU
//! time are those of that work, and nothing is warm but the files. All of them are this very program, in one role or
//! another, so that ours and the library start alike.
//!
//! In reading order: [`meter`]; [`steps`] of sealing and proving, each as a task of ours and as calls of the library
//! ([`side`], [`direct`]), with what they gave judged ([`judge`]); [`rates`] of verification, of [`recorded`] proofs;
//! [`generators`] of parameters; [`parameters`], where those are that proving needs; [`figures`], what is printed;
//! [`options`].

pub mod direct;
pub mod figures;
pub mod generators;
pub mod judge;
pub mod meter;
pub mod options;
pub mod parameters;
pub mod rates;
pub mod recorded;
pub mod side;
pub mod steps;
