//! The rules that a message keeps by itself, and those that its sender's state decides.

use filigree_blocks::{SignatureType, SignedMessage};
use filigree_consensus::messages::{signatures, syntax};
use filigree_consensus::reason::MessageFault;
use filigree_consensus::{ChainConfig, base_fee};
use filigree_keys::verify_message;
use fvm_shared::address::Protocol;
use fvm_shared::econ::TokenAmount;

use crate::base::{Account, Base, Rules};
use crate::limits::BASE_FEE_FALL;
use crate::pending::{Pending, Source};
use crate::refusal::Refusal;

/// All but the signature of a message alone.
pub fn check_alone(
    config: &ChainConfig,
    rules: Rules,
    signed: SignedMessage,
) -> Result<Pending, Refusal> {
    let bytes = signed.to_bytes().len();
    let most = usize::try_from(config.max_message_bytes).unwrap_or(usize::MAX);
    if bytes > most {
        return Err(Refusal::TooLarge { bytes, most });
    }
    let pending = Pending::new(signed);
    let message = &pending.signed.message;
    syntax::check(
        message,
        rules.inclusion_cost(pending.chain_length_bytes),
        rules.version,
    )?;
    if message.value >= TokenAmount::from_whole(syntax::TOTAL_FIL) {
        return Err(Refusal::Value(message.value.clone()));
    }
    let least = TokenAmount::from_atto(base_fee::MINIMUM);
    if message.gas_fee_cap < least {
        let cap = message.gas_fee_cap.clone();
        return Err(Refusal::FeeCapTooLow { cap, least });
    }
    if !is_key(message.from.protocol()) {
        return Err(Refusal::SenderNotAKey(message.from));
    }
    if pending.signed.signature.sig_type != SignatureType::Bls {
        signatures::check_type(config, rules.version, &pending.signed)?;
    }
    Ok(pending)
}

/// Whether the sender signed.
pub fn check_signature(config: &ChainConfig, signed: &SignedMessage) -> Result<(), Refusal> {
    Ok(verify_message(
        signed,
        &signed.message.from,
        config.eth_chain_id,
    )?)
}

fn is_key(protocol: Protocol) -> bool {
    match protocol {
        Protocol::Secp256k1 | Protocol::BLS | Protocol::Delegated => true,
        Protocol::ID | Protocol::Actor => false,
    }
}

/// What the sender's state says to a message; `pending_fees` are those of its other messages in the pool.
pub fn check_sender(
    message: &Pending,
    account: Option<&Account>,
    pending_fees: &TokenAmount,
) -> Result<(), Refusal> {
    let from = message.signed.message.from;
    let account = account.ok_or(MessageFault::NoSender(from))?;
    let found = message.nonce();
    let expected = account.sender.sequence;
    if found < expected {
        return Err(Refusal::NonceTooLow { expected, found });
    }
    if !account.sender.may_send() {
        return Err(MessageFault::NotAnAccount(from).into());
    }
    let balance = account.balance.clone();
    let needed = message.fees.clone();
    if balance < needed {
        return Err(Refusal::Funds { needed, balance });
    }
    let needed = needed + pending_fees;
    if balance < needed {
        return Err(Refusal::FundsForAll { needed, balance });
    }
    Ok(())
}

/// Whether a message should be passed on now. One from here that pays too little waits for the base fee to fall; from elsewhere
/// it is not taken.
pub fn check_base_fee(message: &Pending, base: &Base, source: Source) -> Result<bool, Refusal> {
    let cap = &message.signed.message.gas_fee_cap;
    let least = base_fee_after_fall(&base.base_fee, BASE_FEE_FALL);
    if *cap >= least {
        return Ok(source != Source::Network);
    }
    match source {
        Source::Here => Ok(false),
        Source::Untrusted | Source::Network => {
            let cap = cap.clone();
            Err(Refusal::FeeCapBelowBaseFee { cap, least })
        }
    }
}

/// What the base fee may fall to.
pub fn base_fee_after_fall(base_fee: &TokenAmount, factor: u64) -> TokenAmount {
    let least = TokenAmount::from_atto(base_fee::MINIMUM);
    base_fee.div_floor(factor).max(least)
}
