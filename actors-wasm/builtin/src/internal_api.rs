//! Who may call methods by small numbers. Numbers below 2^24 are the API that built-in actors have among themselves; other actors, Ethereum
//! contracts too, have the methods numbered by name (FIP-0050, FRC-0042).

use filigree_sdk::prelude::*;

use crate::code::Type;
use crate::ids;

/// The lowest number that a name can have (FRC-0042).
pub const FIRST_EXPORTED_METHOD: MethodNum = 1 << 24;

/// Whether a method is open to actors of every kind.
pub const fn is_exported(method: MethodNum) -> bool {
    method >= FIRST_EXPORTED_METHOD
}

/// Fails unless the caller may use the method called. For `#[actor(before = …)]`.
pub fn check(ctx: &Context) -> Result<()> {
    let (caller, method) = (ctx.caller(), ctx.method());
    if is_exported(method) || ids::is_singleton(caller) {
        return Ok(());
    }
    let is_builtin = !matches!(Type::of_actor(ctx, caller)?, None | Some(Type::Evm));
    ensure!(
        is_builtin,
        forbidden,
        "method {method} is for built-in actors, f0{caller} is none"
    );
    Ok(())
}

/// Fails unless an actor of one of these types called.
pub fn require_type(ctx: &Context, allowed: &[Type]) -> Result<()> {
    let caller = ctx.caller();
    let is_allowed = Type::of_actor(ctx, caller)?.is_some_and(|ty| allowed.contains(&ty));
    ensure!(
        is_allowed,
        forbidden,
        "f0{caller} is not of a type that may call method {}",
        ctx.method()
    );
    Ok(())
}

/// What accounts do with methods they do not have: those numbered by name succeed and do nothing, so that a call to an account does not
/// fail (FIP-0055; FIP-0062 for wallets).
pub fn accept_exported(method: MethodNum) -> Result<Option<IpldBlock>> {
    ensure!(
        is_exported(method),
        unhandled,
        "there is no method {method}"
    );
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_accept_methods_numbered_by_name() {
        assert_eq!(accept_exported(FIRST_EXPORTED_METHOD), Ok(None));
        assert_eq!(accept_exported(u64::MAX), Ok(None));
        for internal in [2, 3, FIRST_EXPORTED_METHOD - 1] {
            assert_eq!(
                accept_exported(internal).unwrap_err().code,
                ExitCode::USR_UNHANDLED_MESSAGE
            );
        }
    }
}
