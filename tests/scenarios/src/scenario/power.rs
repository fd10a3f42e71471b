//! The power actor: miners that are created, claims and their thresholds, and the queue of cron.

pub mod claim;
pub mod create;
pub mod hostile;

use filigree_actor_power::{Power, UpdateClaimedPowerParams};
use filigree_builtin::ids;
use fvm_shared::bigint::bigint_ser::BigIntDe;

use crate::stage::Stage;

fn state(stage: &Stage) -> Power {
    stage.state(ids::POWER)
}

fn claim(raw: i128, quality: i128) -> UpdateClaimedPowerParams {
    UpdateClaimedPowerParams {
        raw_byte_delta: BigIntDe(raw.into()),
        quality_adjusted_delta: BigIntDe(quality.into()),
    }
}
