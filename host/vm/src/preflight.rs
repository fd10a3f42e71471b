//! Whether a message may run, and what it costs to have included it. A refused message changes nothing; whoever put it
//! into a block pays.

use filigree_gas::{Gas, GasCharge};
use filigree_state::EAM_ACTOR_ID;
use fvm_ipld_encoding::RawBytes;
use fvm_shared::ActorID;
use fvm_shared::address::Payload;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use fvm_shared::message::Message;
use fvm_shared::receipt::Receipt;
use fvm_shared::state::ActorState;
use num_traits::Zero;

use crate::executor::{Applied, ExecuteError, Failure, Kind};
use crate::stack::Core;

/// A message that may run.
pub(crate) struct Cleared {
    /// The sender.
    pub sender: ActorID,
    /// What was taken from the sender: fee cap × gas limit.
    pub gas_cost: TokenAmount,
    /// The price of inclusion.
    pub inclusion: GasCharge,
}

/// The outcome of preflight.
pub(crate) enum Preflight {
    Cleared(Cleared),
    Refused(Box<Applied>),
}

impl Core {
    /// Checks the sender, sequence number and funds; takes the gas cost from the sender.
    pub fn preflight(
        &mut self,
        message: &Message,
        kind: Kind,
        chain_length_bytes: usize,
    ) -> Result<Preflight, ExecuteError> {
        if kind != Kind::Explicit {
            return Ok(match self.sender_of(message)? {
                Some(sender) => Preflight::Cleared(Cleared {
                    sender,
                    gas_cost: TokenAmount::zero(),
                    inclusion: GasCharge::new("none", Gas::ZERO, Gas::ZERO),
                }),
                None => refused(
                    ExitCode::SYS_SENDER_INVALID,
                    TokenAmount::zero(),
                    unknown(message),
                ),
            });
        }

        let base_fee = self.context.base_fee.clone();
        let inclusion = self.rules.prices.on_chain_message(chain_length_bytes);
        let inclusion_gas = inclusion.total().round_up();
        if inclusion_gas > message.gas_limit {
            return Ok(refused(
                ExitCode::SYS_OUT_OF_GAS,
                base_fee * inclusion_gas,
                format!(
                    "inclusion costs {inclusion_gas} gas, the limit is {}",
                    message.gas_limit
                ),
            ));
        }
        let penalty = base_fee * message.gas_limit;
        let refuse = |code, why| Ok(refused(code, penalty, why));

        let Some(sender) = self.sender_of(message)? else {
            return refuse(ExitCode::SYS_SENDER_INVALID, unknown(message));
        };
        let actor = self
            .journal
            .tree
            .get_actor(sender)
            .map_err(|e| ExecuteError::State(e.into()))?;
        let Some(mut actor) = actor else {
            return refuse(ExitCode::SYS_SENDER_INVALID, unknown(message));
        };
        if !self.admit_sender(&mut actor) {
            return refuse(
                ExitCode::SYS_SENDER_INVALID,
                format!("{} is not an account", message.from),
            );
        }
        if message.sequence != actor.sequence {
            return refuse(
                ExitCode::SYS_SENDER_STATE_INVALID,
                format!(
                    "the sequence number is {}, the sender's is {}",
                    message.sequence, actor.sequence
                ),
            );
        }
        actor.sequence += 1;
        let gas_cost = message.gas_fee_cap.clone() * message.gas_limit;
        if actor.balance < gas_cost {
            return refuse(
                ExitCode::SYS_SENDER_STATE_INVALID,
                format!(
                    "the gas may cost {gas_cost} FIL, the sender has {} FIL",
                    actor.balance
                ),
            );
        }
        if self.rules.settles_negative_fees {
            actor.balance -= &gas_cost;
        } else {
            actor
                .deduct_funds(&gas_cost)
                .map_err(|e| ExecuteError::InvalidMessage(e.into()))?;
        }
        self.journal.tree.set_actor(sender, actor);
        Ok(Preflight::Cleared(Cleared {
            sender,
            gas_cost,
            inclusion,
        }))
    }

    /// Accounts may send; so may Ethereum accounts, and a placeholder's first message makes it one (FIP-0055).
    fn admit_sender(&self, actor: &mut ActorState) -> bool {
        let is_fresh_placeholder = self.manifest.is_placeholder(&actor.code)
            && actor.sequence == 0
            && actor.delegated_address.as_ref().is_some_and(|address| {
                matches!(address.payload(), Payload::Delegated(d) if d.namespace() == EAM_ACTOR_ID)
            });
        if is_fresh_placeholder {
            actor.code = *self.manifest.ethaccount_code();
        }
        self.manifest.is_account(&actor.code) || self.manifest.is_ethaccount(&actor.code)
    }
}

fn unknown(message: &Message) -> String {
    format!("the sender {} does not exist", message.from)
}

fn refused(code: ExitCode, penalty: TokenAmount, why: String) -> Preflight {
    let receipt = Receipt {
        exit_code: code,
        return_data: RawBytes::default(),
        gas_used: 0,
        events_root: None,
    };
    Preflight::Refused(Box::new(Applied::without_effect(
        receipt,
        penalty,
        Some(Failure::Preflight(why)),
    )))
}
