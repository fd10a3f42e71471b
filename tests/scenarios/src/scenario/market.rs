//! The storage market: balances, and deals from their proposal to their end.

pub mod activate;
pub mod balance;
pub mod crowd;
pub mod end;
pub mod look;
pub mod onboarded;
pub mod publish;
pub mod snapped;
pub mod verified;

use filigree_sdk::prelude::*;

const OK: ExitCode = ExitCode::OK;
const ILLEGAL: ExitCode = ExitCode::USR_ILLEGAL_ARGUMENT;
const FORBIDDEN: ExitCode = ExitCode::USR_FORBIDDEN;
const LOST: ExitCode = ExitCode::USR_NOT_FOUND;
/// A deal that is over and cleaned up.
const EXPIRED: ExitCode = ExitCode::new(32);
/// A deal that has not begun yet.
const NOT_ACTIVATED: ExitCode = ExitCode::new(33);
