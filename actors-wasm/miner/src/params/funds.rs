//! Money.

use filigree_sdk::prelude::*;
use fvm_shared::bigint::bigint_ser::BigIntDe;

/// Parameters of WithdrawBalance.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithdrawBalanceParams {
    /// How much, attoFIL; less if there is less.
    pub amount_requested: TokenAmount,
}

/// What GetVestingFunds returns.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetVestingFundsReturn {
    /// Epochs and the amounts, in attoFIL, that will be free then.
    pub vesting_funds: Vec<(ChainEpoch, TokenAmount)>,
}

/// Parameters of MaxTerminationFee.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaxTerminationFeeParams {
    /// Quality-adjusted power, bytes.
    pub power: BigIntDe,
    /// What is pledged for it, attoFIL.
    pub initial_pledge: TokenAmount,
}

/// Parameters of ReportConsensusFault: headers of blocks, encoded.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportConsensusFaultParams {
    /// One.
    pub header1: Bytes,
    /// Another.
    pub header2: Bytes,
    /// A third, which the second should have had among its parents.
    pub header_extra: Bytes,
}
