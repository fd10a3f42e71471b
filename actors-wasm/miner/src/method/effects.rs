//! What is sent to the actors of the network, and the check after it.

use filigree_builtin::calls::power::{
    self, CurrentTotalPowerReturn, EnrollCronEventParams, UpdateClaimedPowerParams,
};
use filigree_builtin::calls::reward::{self, ThisEpochRewardReturn};
use filigree_builtin::ids;
use filigree_sdk::cbor;
use filigree_sdk::prelude::*;
use fvm_shared::bigint::bigint_ser::BigIntDe;

use crate::state::Miner;
use crate::types::PowerPair;

/// The funds locked are more than there are, or the state's amounts are negative.
pub const ERR_BALANCE_INVARIANTS_BROKEN: ExitCode = ExitCode::new(1000);

/// What a miner enrols with cron.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CronEvent {
    /// The end of a deadline.
    ProvingDeadline,
    /// Terminated sectors that are not paid for yet.
    ProcessEarlyTerminations,
}

/// An event as it is enrolled.
#[tuple]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct CronEventPayload {
    event_type: i64,
}

impl CronEvent {
    fn number(self) -> i64 {
        match self {
            Self::ProvingDeadline => 1,
            Self::ProcessEarlyTerminations => 2,
        }
    }

    /// The event back from its encoding; `None` if there is no such event.
    pub(crate) fn decode(payload: &[u8]) -> Result<Option<Self>> {
        let payload: CronEventPayload = cbor::decode(payload).map_err(super::illegal_state)?;
        Ok([Self::ProvingDeadline, Self::ProcessEarlyTerminations]
            .into_iter()
            .find(|event| event.number() == payload.event_type))
    }
}

/// This epoch's reward.
pub(crate) fn epoch_reward(ctx: &mut Context) -> Result<ThisEpochRewardReturn> {
    ctx.send(reward::this_epoch_reward())
}

/// The network's power.
pub(crate) fn total_power(ctx: &mut Context) -> Result<CurrentTotalPowerReturn> {
    ctx.send(power::current_total_power())
}

/// Tells the power actor what power the miner gains or loses.
pub(crate) fn update_power(ctx: &mut Context, delta: PowerPair) -> Result<()> {
    if delta.is_zero() {
        return Ok(());
    }
    ctx.send(power::update_claimed_power(&UpdateClaimedPowerParams {
        raw_byte_delta: BigIntDe(delta.raw.into()),
        quality_adjusted_delta: BigIntDe(delta.qa.into()),
    })?)
}

/// Tells the power actor what more or less is pledged and locked, attoFIL.
pub(crate) fn update_pledge(ctx: &mut Context, delta: &TokenAmount) -> Result<()> {
    if delta.is_zero() {
        return Ok(());
    }
    ctx.send(power::update_pledge_total(delta)?)
}

/// Burns an amount, attoFIL.
pub(crate) fn burn(ctx: &mut Context, amount: &TokenAmount) -> Result<()> {
    if amount.is_positive() {
        ctx.transfer(&ids::address(ids::BURNT_FUNDS), amount)?;
    }
    Ok(())
}

/// Has cron call at an epoch.
pub(crate) fn enroll_cron(
    ctx: &mut Context,
    event_epoch: ChainEpoch,
    event: CronEvent,
) -> Result<()> {
    let payload = CronEventPayload {
        event_type: event.number(),
    };
    ctx.send(power::enroll_cron_event(&EnrollCronEventParams {
        event_epoch,
        payload: RawBytes::new(cbor::encode(&payload)?),
    })?)
}

/// Fails if what the miner owes and keeps locked is more than it has, as the state now is.
pub(crate) fn check_balance(ctx: &Context) -> Result<()> {
    check_balance_of(ctx, &ctx.load()?)
}

/// The same, for a state.
pub(crate) fn check_balance_of(ctx: &Context, state: &Miner) -> Result<()> {
    state
        .check_balance_invariants(&ctx.balance()?)
        .map_err(|error| Error::new(ERR_BALANCE_INVARIANTS_BROKEN, error.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_back_from_cron() {
        for event in [
            CronEvent::ProvingDeadline,
            CronEvent::ProcessEarlyTerminations,
        ] {
            let payload = CronEventPayload {
                event_type: event.number(),
            };
            let payload = cbor::encode(&payload).unwrap();
            assert_eq!(payload, [0x81, event.number() as u8]);
            assert_eq!(CronEvent::decode(&payload), Ok(Some(event)));
        }
        for unknown in [0x00, 0x03, 0x20] {
            assert_eq!(CronEvent::decode(&[0x81, unknown]), Ok(None));
        }
        let error = CronEvent::decode(&[0x80]).unwrap_err();
        assert_eq!(error.code, ExitCode::USR_ILLEGAL_STATE);
    }
}
