//! Rules that a network may choose, because no actor has them compiled in: those of its nodes. What is left out is as on every
//! development network (`ChainConfig::devnet` of the crate `filigree-consensus`).

use filigree_builtin::policy::{CHAIN_FINALITY, DEVNET};
use fvm_shared::clock::ChainEpoch;
use serde::{Deserialize, Serialize};

use crate::error::TemplateError;

/// With so many miners that have the least power, those with less make no blocks.
const MINERS_FOR_MINIMUM: usize = 4;
/// Most blocks of an epoch: beyond, the formula of the draws is not exact.
const MAX_BLOCKS: u64 = 5;
/// Fewest epochs after which a chain is final. With one, no block could ever give way to another; with a few, nodes that were parted for
/// some epochs would never agree again.
const LEAST_FINALITY: u64 = 10;
/// Longest message: the host takes no longer blocks.
const MAX_MESSAGE_BYTES: u64 = 1 << 20;
/// Most seconds that blocks are waited for, and that clocks may differ.
const MAX_SECONDS: u64 = 60;

/// See the head of the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// How many blocks an epoch has on average.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocks_per_epoch: Option<u64>,
    /// Epochs after which a chain is final.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finality_epochs: Option<ChainEpoch>,
    /// How many epochs before a block the state is of in which its miner's power counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub power_lookback_epochs: Option<ChainEpoch>,
    /// How many epochs before a block the randomness of its ticket is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket_lookback_epochs: Option<ChainEpoch>,
    /// Raw power from which on a miner may make blocks, once four miners have what the actors call enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_miner_power_bytes: Option<u64>,
    /// Most bytes of a message with its signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_message_bytes: Option<u64>,
    /// How long after the start of an epoch its blocks are waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub propagation_delay_seconds: Option<u64>,
    /// How far ahead of the clock a block's time may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_drift_seconds: Option<u64>,
}

impl Policy {
    /// Whether nothing was chosen.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn check(&self) -> Result<(), TemplateError> {
        let epochs =
            |epochs: Option<ChainEpoch>| epochs.map(|epochs| u64::try_from(epochs).unwrap_or(0));
        // The actors look back so far, and so far nodes keep what they need for it.
        let finality = CHAIN_FINALITY.unsigned_abs();
        let bounds = [
            ("blocks_per_epoch", self.blocks_per_epoch, 1, MAX_BLOCKS),
            (
                "finality_epochs",
                epochs(self.finality_epochs),
                LEAST_FINALITY,
                finality,
            ),
            (
                "power_lookback_epochs",
                epochs(self.power_lookback_epochs),
                1,
                finality,
            ),
            (
                "ticket_lookback_epochs",
                epochs(self.ticket_lookback_epochs),
                1,
                finality,
            ),
            (
                "max_message_bytes",
                self.max_message_bytes,
                1_024,
                MAX_MESSAGE_BYTES,
            ),
            (
                "propagation_delay_seconds",
                self.propagation_delay_seconds,
                1,
                MAX_SECONDS,
            ),
            (
                "clock_drift_seconds",
                self.clock_drift_seconds,
                0,
                MAX_SECONDS,
            ),
        ];
        for (key, value, least, most) in bounds {
            if value.is_some_and(|value| !(least..=most).contains(&value)) {
                return Err(TemplateError::Contradiction(format!(
                    "policy.{key} can be {least} to {most}"
                )));
            }
        }
        Ok(())
    }

    /// That somebody may make blocks, when the strongest of so many miners has this power.
    pub(super) fn check_power(&self, miners: usize, most: u64) -> Result<(), TemplateError> {
        let least = self.min_miner_power_bytes.unwrap_or(0);
        // Fewer than that, and any power is enough.
        let counts = miners >= MINERS_FOR_MINIMUM
            && i128::from(most) >= i128::from(DEVNET.minimum_consensus_power);
        match counts && most < least {
            true => Err(TemplateError::Contradiction(format!(
                "policy.min_miner_power_bytes {least}: no miner has so much, the strongest begins with {most}; nobody could make a block"
            ))),
            false => Ok(()),
        }
    }
}
