//! What gas a message needs, and what to offer for it.

use filigree_blocks::TipsetKey;
use filigree_send::{SendError, Sender, Spec};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;

use crate::error::{Reply, RpcError, code};
use crate::json::mempool::MessageSendSpec;
use crate::methods;
use crate::services::Services;

methods! { Filecoin:
    /// Gas that a message uses when it is tried after those that wait; an error if it fails.
    [read] GasEstimateGasLimit(message: Message, tipset: TipsetKey) -> u64 = gas_limit;

    /// A premium, attoFIL per gas, with which a message should be in a block soon.
    [read] GasEstimateGasPremium(
        /// Within how many epochs.
        epochs: u64,
        sender: Address,
        gas_limit: u64,
        tipset: TipsetKey,
    ) -> TokenAmount = premium;

    /// A fee cap, attoFIL per gas, that the base fee and the message's premium should not exceed.
    [read] GasEstimateFeeCap(
        message: Message,
        /// For how many epochs.
        epochs: i64,
        tipset: TipsetKey,
    ) -> TokenAmount = fee_cap;

    /// The message with what of its gas was not set.
    [read] GasEstimateMessageGas(
        message: Message,
        spec: Option<MessageSendSpec>,
        tipset: TipsetKey,
    ) -> Message = message_gas;
}

/// Estimates and sends with the node's parts.
pub(crate) fn sender(services: &Services) -> Sender<'_> {
    Sender {
        chain: &services.chain,
        states: &services.states,
        pool: &services.pool,
    }
}

/// How a caller wants a message sent.
pub(crate) fn spec_of(spec: Option<&MessageSendSpec>) -> Spec {
    spec.map_or_else(Spec::default, |spec| Spec {
        max_fee: spec.max_fee.clone(),
        name: spec.uuid.clone(),
        maximize_fee_cap: spec.maximize_fee_cap,
    })
}

/// With the codes by which programs tell what failed.
pub(crate) fn failed(error: SendError) -> RpcError {
    match error {
        SendError::OutOfGas => RpcError::new(code::OUT_OF_GAS, error.to_string()),
        SendError::Fails {
            ref return_data, ..
        } => RpcError {
            data: Some(format!("0x{}", hex::encode(return_data)).into()),
            ..RpcError::new(code::EXECUTION_REVERTED, error.to_string())
        },
        other => other.into(),
    }
}

fn gas_limit(services: &Services, message: Message, tipset: TipsetKey) -> Reply<u64> {
    let used = sender(services).gas_used(&message, &services.tipset(&tipset)?);
    used.map_err(failed)
}

fn premium(
    services: &Services,
    epochs: u64,
    _sender: Address,
    _gas_limit: u64,
    tipset: TipsetKey,
) -> Reply<TokenAmount> {
    let premium = sender(services).premium(epochs, &services.tipset(&tipset)?);
    premium.map_err(failed)
}

fn fee_cap(
    services: &Services,
    message: Message,
    epochs: i64,
    tipset: TipsetKey,
) -> Reply<TokenAmount> {
    let tipset = services.tipset(&tipset)?;
    Ok(Sender::fee_cap(&message.gas_premium, epochs, &tipset))
}

fn message_gas(
    services: &Services,
    message: Message,
    spec: Option<MessageSendSpec>,
    tipset: TipsetKey,
) -> Reply<Message> {
    let tipset = services.tipset(&tipset)?;
    let spec = spec_of(spec.as_ref());
    let estimated = sender(services).estimate(message, &spec, &tipset);
    estimated.map_err(failed)
}
