//! What gas a message uses, and what it should offer for it.

use filigree_blocks::{ChainMessage, Tipset};
use filigree_consensus::limits::BLOCK_GAS;
use filigree_node_state::Error as StateError;
use filigree_node_state::call::{Prior, Trial};
use fvm_shared::bigint::BigInt;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use fvm_shared::message::Message;

use crate::error::SendError;
use crate::sender::Sender;
use crate::spec::{Spec, cap_fees};

/// Least premium that is offered, attoFIL per gas.
const MIN_PREMIUM: u64 = 100_000;
/// Most epochs whose premiums are looked at.
const MAX_HISTORY: u64 = 128;
/// Epochs for which a fee cap covers the base fee's rise.
pub(crate) const FEE_CAP_EPOCHS: i64 = 20;

impl Sender<'_> {
    /// Gas that a message uses, after all messages of a tipset and those of its sender that wait.
    ///
    /// # Errors
    /// When it fails, or this node cannot tell.
    pub fn gas_used(&self, message: &Message, tipset: &Tipset) -> Result<u64, SendError> {
        let message = Message {
            gas_limit: BLOCK_GAS,
            gas_fee_cap: TokenAmount::default(),
            gas_premium: TokenAmount::default(),
            ..message.clone()
        };
        let key = self
            .states
            .view_before(tipset)?
            .key_address(&message.from)?;
        let waiting = self.pool.pending_of(&key.unwrap_or(message.from));
        let before = waiting
            .iter()
            .take_while(|pending| message.sequence == 0 || pending.nonce() != message.sequence);
        let pending: Vec<ChainMessage> = before
            .map(|pending| pending.signed.clone().into_chain_message())
            .collect();
        let mut tipset = tipset.clone();
        let tried = loop {
            let trial = Trial {
                message: message.clone(),
                prior: Prior::All,
                pending: &pending,
                pays: true,
                tracing: false,
            };
            match self.states.try_message(&tipset, trial) {
                // Just there the network is upgraded: before that it is as good.
                Err(StateError::AtUpgrade(_)) if tipset.height() > 0 => {
                    tipset = self.chain.parents(&tipset)?
                }
                tried => break tried?,
            }
        };
        let receipt = &tried.applied.receipt;
        match receipt.exit_code {
            ExitCode::OK => Ok(receipt.gas_used),
            ExitCode::SYS_OUT_OF_GAS => Err(SendError::OutOfGas),
            exit_code => Err(SendError::Fails {
                exit_code,
                why: tried
                    .applied
                    .failure
                    .map_or_else(String::new, |failure| failure.to_string()),
                return_data: receipt.return_data.to_vec(),
            }),
        }
    }

    /// A premium with which a message should be in a block within so many epochs: what messages of twice as many epochs offer
    /// for the gas at which blocks are half full, or little, if they are not.
    ///
    /// # Errors
    /// When blocks or messages are missing.
    pub fn premium(&self, epochs: u64, tipset: &Tipset) -> Result<TokenAmount, SendError> {
        let epochs = epochs.clamp(1, MAX_HISTORY);
        let mut offers: Vec<(TokenAmount, u64)> = Vec::new();
        let mut blocks = 0;
        let mut tipset = tipset.clone();
        for _ in 0..2 * epochs {
            if tipset.height() == 0 {
                break;
            }
            tipset = self.chain.parents(&tipset)?;
            blocks += tipset.blocks().len() as u64;
            for message in self.states.messages(&tipset)? {
                let message = message.message();
                offers.push((message.gas_premium.clone(), message.gas_limit));
            }
        }
        let least = match epochs {
            1 => 2 * MIN_PREMIUM,
            2 => MIN_PREMIUM + MIN_PREMIUM / 2,
            _ => MIN_PREMIUM,
        };
        Ok(median(offers, blocks).max(TokenAmount::from_atto(least)))
    }

    /// A fee cap that covers the base fee of a tipset and its rise in so many epochs, an eighth each, and the premium.
    pub fn fee_cap(premium: &TokenAmount, epochs: i64, tipset: &Tipset) -> TokenAmount {
        // In 256ths, as Lotus counts: 1.125 to the power of the epochs.
        let epochs = i32::try_from(epochs.clamp(0, 100)).unwrap_or(0);
        let rise = (1.125_f64.powi(epochs) * 256.0) as u64;
        (tipset.parent_base_fee() * rise).div_floor(256) + premium
    }

    /// Sets what of a message's gas is not set yet.
    ///
    /// # Errors
    /// When the message fails, or this node cannot tell.
    pub fn estimate(
        &self,
        mut message: Message,
        spec: &Spec,
        tipset: &Tipset,
    ) -> Result<Message, SendError> {
        if message.gas_limit == 0 {
            let used = self.gas_used(&message, tipset)?;
            // What it uses changes with the state.
            message.gas_limit = (used + used / 4).min(BLOCK_GAS);
        }
        if !message.gas_premium.is_positive() {
            message.gas_premium = self.premium(10, tipset)?;
        }
        if !message.gas_fee_cap.is_positive() {
            message.gas_fee_cap = Self::fee_cap(&message.gas_premium, FEE_CAP_EPOCHS, tipset);
        }
        cap_fees(&mut message, spec);
        Ok(message)
    }
}

/// The premium at which the better half, and a little more, of the gas that so many blocks aim at is used up.
fn median(mut offers: Vec<(TokenAmount, u64)>, blocks: u64) -> TokenAmount {
    offers.sort_by(|(a, _), (b, _)| b.cmp(a));
    let target = BLOCK_GAS / 2 * blocks;
    let mut left = i128::from(target / 2 + target / 40);
    let (mut last, mut before) = (TokenAmount::default(), TokenAmount::default());
    for (premium, gas_limit) in offers {
        before = std::mem::replace(&mut last, premium);
        left -= i128::from(gas_limit);
        if left < 0 {
            break;
        }
    }
    if before.is_zero() {
        return last;
    }
    TokenAmount::from_atto((last.atto() + before.atto()) / BigInt::from(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atto(amount: u64) -> TokenAmount {
        TokenAmount::from_atto(amount)
    }

    #[test]
    fn the_premium_is_that_of_the_gas_at_half_of_what_blocks_aim_at() {
        let half = BLOCK_GAS / 4;
        for (offers, blocks, expected) in [
            (vec![], 0, 0),
            (vec![(7, half)], 1, 7),
            // The first is not enough to fill it, the second is.
            (vec![(5, half), (7, half)], 1, 6),
            (vec![(1, BLOCK_GAS), (9, BLOCK_GAS), (3, 1)], 1, 9),
            // Never filled: the mean of the last two.
            (vec![(4, 1), (2, 1), (10, 1)], 5, 3),
        ] {
            let offers = offers
                .into_iter()
                .map(|(premium, gas)| (atto(premium), gas))
                .collect();
            assert_eq!(median(offers, blocks), atto(expected));
        }
    }
}
