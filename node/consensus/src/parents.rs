//! What a block says of its parents must be what everybody computes of them: state, receipts, weight, base fee.

use cid::Cid;
use filigree_blocks::BlockHeader;
use fvm_shared::bigint::BigInt;
use fvm_shared::econ::TokenAmount;

use crate::reason::Reason;

/// That the header names the state that the parents' messages lead to, and their receipts.
pub fn check_state(header: &BlockHeader, state: &Cid, receipts: &Cid) -> Result<(), Reason> {
    if header.parent_state != *state {
        return Err(Reason::ParentState {
            claimed: Box::new(header.parent_state),
            computed: Box::new(*state),
        });
    }
    if header.parent_receipts != *receipts {
        return Err(Reason::ParentReceipts {
            claimed: Box::new(header.parent_receipts),
            computed: Box::new(*receipts),
        });
    }
    Ok(())
}

/// That the header says what the chain up to the parents [weighs](crate::weight).
pub fn check_weight(header: &BlockHeader, weight: &BigInt) -> Result<(), Reason> {
    if header.parent_weight != *weight {
        return Err(Reason::ParentWeight {
            claimed: header.parent_weight.clone(),
            computed: weight.clone(),
        });
    }
    Ok(())
}

/// That the header has the [base fee](crate::base_fee) that follows from the parents.
pub fn check_base_fee(header: &BlockHeader, base_fee: &TokenAmount) -> Result<(), Reason> {
    if header.parent_base_fee != *base_fee {
        return Err(Reason::BaseFee {
            claimed: header.parent_base_fee.clone(),
            computed: base_fee.clone(),
        });
    }
    Ok(())
}
