//! Multisig wallets.

use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;

use super::Bytes;
use crate::json_structs;

json_structs! {
    /// How a multisig's first balance is unlocked.
    struct MsigVesting {
        /// attoFIL.
        "InitialBalance" => initial_balance: TokenAmount,
        /// Since when.
        "StartEpoch" => start_epoch: ChainEpoch,
        /// Over how many epochs.
        "UnlockDuration" => unlock_duration: ChainEpoch,
    }

    /// A transaction that waits for signers.
    struct MsigTransaction {
        /// Its number.
        "ID" => id: i64,
        /// To whom.
        "To" => to: Address,
        /// attoFIL.
        "Value" => value: TokenAmount,
        /// The method.
        "Method" => method: u64,
        /// Its parameters.
        "Params" => params: Bytes,
        /// Who approved, the proposer first.
        "Approved" => approved: Vec<Address>,
    }
}
