//! The methods, one file for each or for a small family. Each reads: check the parameters, change the state in one transaction, send.
//!
//! In reading order: `construct`; who acts for the miner (`worker`, `owner`, `beneficiary`, `contact`); money (`funds`); sectors come
//! (`pre_commit`, `prove_commit`, `prove_commit_ni`, `preseal`, and what they share: `seal`, `data`, `activate`, `pledge_inputs`), change
//! (`replica_update`, `extend`), are proven (`post`, `dispute`, `faults`), end (`terminate`, `compact`); what others make happen (`cron`,
//! `consensus_fault`); `look` and `status` answer questions; `effects` are what is sent to the actors of the network.

pub(crate) mod activate;
pub(crate) mod beneficiary;
pub(crate) mod compact;
pub(crate) mod consensus_fault;
pub(crate) mod construct;
pub(crate) mod contact;
pub(crate) mod cron;
pub(crate) mod data;
pub(crate) mod dispute;
pub(crate) mod effects;
pub(crate) mod extend;
pub(crate) mod faults;
pub(crate) mod funds;
pub(crate) mod look;
pub(crate) mod owner;
pub(crate) mod pledge_inputs;
pub(crate) mod post;
pub(crate) mod pre_commit;
pub(crate) mod preseal;
pub(crate) mod prove_commit;
pub(crate) mod prove_commit_ni;
pub(crate) mod replica_update;
pub(crate) mod seal;
pub(crate) mod status;
pub(crate) mod terminate;
pub(crate) mod worker;

use filigree_sdk::prelude::*;
use fvm_shared::sector::SectorNumber;

use crate::types::MinerInfo;

/// Fails unless the owner, the worker or a control address calls.
pub(crate) fn require_controlling(ctx: &Context, info: &MinerInfo) -> Result<()> {
    let caller = Address::new_id(ctx.caller());
    ensure!(
        is_controlling(info, &caller),
        forbidden,
        "f0{} does not control the miner",
        ctx.caller()
    );
    Ok(())
}

/// Adds a sector to a set. The greatest of all numbers fits in no set; there has never been another exit code for it.
pub(crate) fn add_to_set(set: &mut BitField, sector: SectorNumber) -> Result<()> {
    set.try_set(sector)
        .map_err(|_| Error::assertion_failed("a sector number that fits in no set"))
}

/// Whether an address, an id, is the owner's, the worker's or a control address.
pub(crate) fn is_controlling(info: &MinerInfo, address: &Address) -> bool {
    info.control_addresses.contains(address) || [info.worker, info.owner].contains(address)
}

/// Fails unless this address, an id, calls.
pub(crate) fn require_caller(ctx: &Context, address: &Address) -> Result<()> {
    ensure!(
        *address == Address::new_id(ctx.caller()),
        forbidden,
        "f0{} may not do this",
        ctx.caller()
    );
    Ok(())
}

/// The error with the exit code for a state that is wrong, which callers of some methods get whatever the reason.
pub(crate) fn illegal_state(error: Error) -> Error {
    with_code(error, ExitCode::USR_ILLEGAL_STATE)
}

/// The error with the exit code for parameters that make no sense.
pub(crate) fn illegal_argument(error: Error) -> Error {
    with_code(error, ExitCode::USR_ILLEGAL_ARGUMENT)
}

fn with_code(error: Error, code: ExitCode) -> Error {
    Error::new(code, error.message)
}
