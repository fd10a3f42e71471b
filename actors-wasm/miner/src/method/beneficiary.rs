//! The beneficiary, who may withdraw what the miner earns up to a quota and until an epoch (FIP-0029). The owner proposes one; it takes
//! effect when the one before, if its term still runs, and the new one have approved.

use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;

use super::worker::resolve;
use crate::params::{ActiveBeneficiary, ChangeBeneficiaryParams, GetBeneficiaryReturn};
use crate::state::Miner;
use crate::types::{MinerInfo, PendingBeneficiaryChange};

impl Miner {
    /// Proposes a beneficiary if the owner calls, else approves the one proposed.
    pub(crate) fn propose_or_approve_beneficiary(
        &mut self,
        ctx: &Context,
        params: ChangeBeneficiaryParams,
    ) -> Result<()> {
        let caller = Address::new_id(ctx.caller());
        let nominee = Address::new_id(resolve(ctx, &params.new_beneficiary)?);
        let mut info = self.get_info(ActorStore)?;
        change(&mut info, caller, nominee, params, ctx.epoch()?)?;
        self.save_info(ActorStore, &info)
    }

    /// The beneficiary, and the one proposed.
    pub(crate) fn beneficiary(&self) -> Result<GetBeneficiaryReturn> {
        let info = self.get_info(ActorStore)?;
        Ok(GetBeneficiaryReturn {
            active: ActiveBeneficiary {
                beneficiary: info.beneficiary,
                term: info.beneficiary_term,
            },
            proposed: info.pending_beneficiary_term,
        })
    }
}

/// The rule itself: `caller`, `nominee` and the addresses in `info` are ids.
fn change(
    info: &mut MinerInfo,
    caller: Address,
    nominee: Address,
    params: ChangeBeneficiaryParams,
    epoch: ChainEpoch,
) -> Result<()> {
    let mut pending = match info.pending_beneficiary_term.take() {
        _ if caller == info.owner => proposal(info, nominee, params, epoch)?,
        None => return Err(Error::forbidden("no beneficiary is proposed")),
        Some(pending) => {
            check_approval(info, &pending, caller, nominee, &params)?;
            pending
        }
    };
    if caller == info.beneficiary {
        pending.approved_by_beneficiary = true;
    }
    if caller == nominee {
        pending.approved_by_nominee = true;
    }
    if !(pending.approved_by_beneficiary && pending.approved_by_nominee) {
        info.pending_beneficiary_term = Some(pending);
        return Ok(());
    }
    if nominee != info.beneficiary {
        info.beneficiary_term.used_quota = TokenAmount::default();
    }
    info.beneficiary = nominee;
    info.beneficiary_term.quota = pending.new_quota;
    info.beneficiary_term.expiration = pending.new_expiration;
    Ok(())
}

/// What the owner proposes. A beneficiary whose term is over need not approve.
fn proposal(
    info: &MinerInfo,
    nominee: Address,
    params: ChangeBeneficiaryParams,
    epoch: ChainEpoch,
) -> Result<PendingBeneficiaryChange> {
    if nominee == info.owner {
        ensure!(
            params.new_quota.is_zero() && params.new_expiration == 0,
            illegal_argument,
            "the owner as beneficiary has neither quota nor expiration: both must be 0"
        );
    } else {
        ensure!(
            params.new_quota.is_positive(),
            illegal_argument,
            "a beneficiary needs a quota above 0"
        );
    }
    Ok(PendingBeneficiaryChange {
        new_beneficiary: nominee,
        new_quota: params.new_quota,
        new_expiration: params.new_expiration,
        approved_by_beneficiary: info.beneficiary_term.available(epoch).is_zero(),
        approved_by_nominee: false,
    })
}

/// Fails unless the caller may approve, and approves what is proposed.
fn check_approval(
    info: &MinerInfo,
    pending: &PendingBeneficiaryChange,
    caller: Address,
    nominee: Address,
    params: &ChangeBeneficiaryParams,
) -> Result<()> {
    ensure!(
        caller == info.beneficiary || caller == pending.new_beneficiary,
        forbidden,
        "neither the beneficiary nor the one proposed"
    );
    ensure!(
        pending.new_beneficiary == nominee,
        illegal_argument,
        "another beneficiary is proposed"
    );
    ensure!(
        pending.new_quota == params.new_quota,
        illegal_argument,
        "a quota of {} attoFIL is proposed",
        pending.new_quota.atto_text()
    );
    ensure!(
        pending.new_expiration == params.new_expiration,
        illegal_argument,
        "expiration at epoch {} is proposed",
        pending.new_expiration
    );
    Ok(())
}

#[cfg(test)]
mod tests;
