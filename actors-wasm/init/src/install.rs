//! Installing Wasm (the feature `user-code`). Parameters and returns are those of the experiments of FIP-0030's second milestone.

use filigree_sdk::prelude::*;
use filigree_sdk::store::{self, ActorStore};

use crate::state::Init;

/// Codec of Wasm: raw bytes.
const RAW: u64 = 0x55;

/// Parameters of InstallCode.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstallCodeParams {
    /// The Wasm.
    pub code: RawBytes,
}

/// What InstallCode did.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The code's CID.
    pub code_cid: Cid,
    /// Whether it is new here.
    pub installed: bool,
}

/// Stores the code and has the host check it, unless that was done before.
pub(crate) fn install(ctx: &mut Context, code: &[u8]) -> Result<Installed> {
    let code_cid = store::put(RAW, code)?;
    let installed = ctx.transaction(|state: &mut Init, _| state.install(ActorStore, code_cid))?;
    if installed {
        // If the host refuses it, all this is taken back.
        ctx.install(&code_cid)?;
    }
    Ok(Installed {
        code_cid,
        installed,
    })
}
