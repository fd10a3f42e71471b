//! The methods, and their parameters and returns.

mod construct;
mod lock;
mod signers;
mod transaction;

pub use construct::ConstructorParams;
pub(crate) use construct::construct;
pub use lock::LockBalanceParams;
pub(crate) use lock::lock_balance;
pub use signers::{
    AddSignerParams, ChangeNumApprovalsThresholdParams, RemoveSignerParams, SwapSignerParams,
};
pub(crate) use signers::{add_signer, remove_signer, swap_signer};
pub use transaction::{ApproveReturn, ProposeParams, ProposeReturn, TxnIdParams};
pub(crate) use transaction::{approve, cancel, propose};
