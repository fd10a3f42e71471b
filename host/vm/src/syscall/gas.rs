//! `gas`: charging by the actor itself, and what is left.

use filigree_gas::{Gas, GasCharge};
use fvm_shared::error::ErrorNumber::IllegalArgument;

use super::Context;
use crate::stop::{Classify, Outcome};

/// Charges `gas` units under a name of the actor's choice.
pub(super) fn charge(context: &mut Context<'_>, name: u32, name_len: u32, gas: u64) -> Outcome<()> {
    let name =
        std::str::from_utf8(context.memory.slice(name, name_len)?).or_errno(IllegalArgument)?;
    let stack = &mut context.frame.stack;
    let charge = if stack.core.context.tracing {
        GasCharge::new(name.to_owned(), Gas::new(gas), Gas::ZERO)
    } else {
        GasCharge::new("actor", Gas::new(gas), Gas::ZERO)
    };
    stack.charge(charge)
}

/// Gas left, in whole units, rounded down.
pub(super) fn available(context: &mut Context<'_>) -> Outcome<u64> {
    Ok(context.frame.stack.gas.available().round_down())
}
