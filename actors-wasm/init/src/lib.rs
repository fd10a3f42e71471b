//! The init actor, f01: creates actors, gives them ids, and keeps which id is behind which address (Filecoin spec, "Init Actor").
//!
//! | number | method | caller |
//! |---|---|---|
//! | 1 | Constructor | f00, at genesis |
//! | 2 | Exec | any built-in actor; `exec` says what may be created by whom |
//! | 3 | Exec4 | f010, the Ethereum address manager (FIP-0048) |
//! | 4, FRC-42 | InstallCode | anyone, where the network's policy has `user_code` |
//!
//! With the feature `user-code`, which sets that policy and which no public network has, anyone may install Wasm and create actors of it.
//! It is a feature and not a flag in state because the host of other networks lacks the import it needs.

mod exec;
#[cfg(feature = "user-code")]
mod install;
mod layout;
mod state;

pub use filigree_builtin::calls::init::{ConstructorParams, ExecReturn};
#[cfg(feature = "user-code")]
pub use install::{InstallCodeParams, Installed};
pub use state::{Assigned, Init};

use filigree_builtin::{ids, internal_api};
use filigree_sdk::prelude::*;

#[actor(before = internal_api::check)]
impl Init {
    /// Without any addresses.
    #[constructor(by = system)]
    pub fn construct(params: ConstructorParams) -> Result<Self> {
        Self::empty(params.network_name)
    }

    /// Creates an actor, runs its constructor with the value that came along, and tells its addresses.
    #[method(2)]
    pub fn exec(
        ctx: &mut Context,
        code_cid: Cid,
        constructor_params: RawBytes,
    ) -> Result<ExecReturn> {
        let allowed = exec::is_allowed(ctx, &code_cid)?;
        ensure!(
            allowed,
            forbidden,
            "f0{} may not create an actor with this code",
            ctx.caller()
        );
        exec::create(ctx, code_cid, None, constructor_params)
    }

    /// Creates an actor, of any code, at the address `f4<caller>f<subaddress>`.
    #[method(3)]
    pub fn exec4(
        ctx: &mut Context,
        code_cid: Cid,
        constructor_params: RawBytes,
        subaddress: RawBytes,
    ) -> Result<ExecReturn> {
        ctx.require_caller(&[ids::EAM])?;
        let delegated = Address::new_delegated(ctx.caller(), &subaddress)
            .map_err(|_| Error::illegal_argument("a subaddress that is too long"))?;
        exec::create(ctx, code_cid, Some(delegated), constructor_params)
    }

    /// Puts Wasm on chain, checked and compiled, for all to create actors of.
    #[cfg(feature = "user-code")]
    #[method(4, "InstallCode")]
    pub fn install_code(ctx: &mut Context, params: InstallCodeParams) -> Result<Installed> {
        install::install(ctx, &params.code)
    }
}

#[cfg(test)]
mod tests;
