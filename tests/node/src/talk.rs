//! Messages to a node, and what comes of them.

use anyhow::{Context, Result, bail, ensure};
use filigree_blocks::{SignedMessage, Tipset, TipsetKey};
use filigree_rpc::json::call::MsgLookup;
use filigree_rpc::method::filigree::Advance;
use filigree_rpc::method::mpool::MpoolPushMessage;
use filigree_rpc::method::state::actors::StateGetActor;
use filigree_rpc::method::state::network::StateActorCodeCIDs;
use filigree_rpc::method::state::search::StateSearchMsg;
use filigree_rpc::method::wallet::WalletDefaultAddress;
use fvm_ipld_encoding::RawBytes;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;
use fvm_shared::version::NetworkVersion;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Node;

/// Epochs that a message may wait.
const PATIENCE_EPOCHS: u64 = 10;

/// A call of a method, with parameters.
///
/// # Errors
/// If they cannot be encoded.
pub fn call(
    from: Address,
    to: Address,
    method_num: u64,
    params: &impl Serialize,
) -> Result<Message> {
    Ok(Message {
        method_num,
        params: RawBytes::serialize(params)?,
        ..send(from, to, TokenAmount::default())
    })
}

/// A plain transfer.
pub fn send(from: Address, to: Address, value: TokenAmount) -> Message {
    Message {
        version: 0,
        from,
        to,
        sequence: 0,
        value,
        method_num: 0,
        params: RawBytes::default(),
        gas_limit: 0,
        gas_fee_cap: TokenAmount::default(),
        gas_premium: TokenAmount::default(),
    }
}

/// So many FIL.
pub fn fil(whole: u64) -> TokenAmount {
    TokenAmount::from_whole(whole)
}

/// The head, for methods that are asked about a tipset.
pub fn head() -> TipsetKey {
    TipsetKey::new([])
}

/// What a message returned.
///
/// # Errors
/// If it is something else.
pub fn returned<T: DeserializeOwned>(lookup: &MsgLookup) -> Result<T> {
    Ok(lookup.receipt.return_data.deserialize()?)
}

impl Node {
    /// Who has the money.
    ///
    /// # Errors
    /// Those of the node.
    pub fn rich(&self) -> Result<Address> {
        Ok(self.call(WalletDefaultAddress {})?)
    }

    /// Makes the blocks of so many epochs; the clock must be virtual.
    ///
    /// # Errors
    /// Those of the node.
    pub fn advance(&self, epochs: u64) -> Result<Tipset> {
        Ok(self.call(Advance { epochs })?)
    }

    /// Makes epochs until the head is at one or later: one epoch in a hundred and fifty has no block.
    ///
    /// # Errors
    /// Those of the node.
    pub fn reach(&self, epoch: ChainEpoch) -> Result<Tipset> {
        loop {
            let head = self.head()?;
            let left = epoch - head.height();
            if left <= 0 {
                return Ok(head);
            }
            self.advance(left.unsigned_abs())?;
        }
    }

    /// Gives a message to the node, which numbers and signs it.
    ///
    /// # Errors
    /// Those of the node.
    pub fn push(&self, message: Message) -> Result<SignedMessage> {
        Ok(self.call(MpoolPushMessage {
            message,
            spec: None,
        })?)
    }

    /// Sends a message and has it executed; it must succeed.
    ///
    /// # Errors
    /// If it fails, or is not executed.
    pub fn run(&self, message: Message) -> Result<MsgLookup> {
        let lookup = self.try_run(message)?;
        let code = lookup.receipt.exit_code;
        ensure!(code.is_success(), "the message ended with {code}");
        Ok(lookup)
    }

    /// Sends a message and has it executed, however it ends.
    ///
    /// # Errors
    /// If it is not executed.
    pub fn try_run(&self, message: Message) -> Result<MsgLookup> {
        let signed = self.push(message)?;
        for _ in 0..PATIENCE_EPOCHS {
            if let Some(lookup) = self.find(&signed)? {
                return Ok(lookup);
            }
            self.advance(1)?;
        }
        bail!("the message is not executed\n{}", self.log())
    }

    /// Where a message was executed, if it was.
    ///
    /// # Errors
    /// Those of the node.
    pub fn find(&self, signed: &SignedMessage) -> Result<Option<MsgLookup>> {
        let request = StateSearchMsg {
            from: head(),
            message: signed.cid(),
            limit: -1,
            allow_replaced: false,
        };
        Ok(self.call(request)?)
    }

    /// What an actor has, in the state that the last messages ran on; nothing, if it is not there.
    ///
    /// # Errors
    /// Those of the node.
    pub fn balance(&self, actor: Address) -> Result<TokenAmount> {
        Ok(self.call(filigree_rpc::method::wallet::WalletBalance { address: actor })?)
    }

    /// The code that an actor runs.
    ///
    /// # Errors
    /// If it is not there.
    pub fn code_of(&self, actor: Address) -> Result<String> {
        let tipset = head();
        Ok(self.call(StateGetActor { actor, tipset })?.code.to_string())
    }

    /// The code that a built-in actor has at first.
    ///
    /// # Errors
    /// If there is no such actor.
    pub fn code_named(&self, name: &str) -> Result<cid::Cid> {
        let version = NetworkVersion::V28;
        let codes = self.call(StateActorCodeCIDs { version })?;
        codes
            .get(name)
            .copied()
            .with_context(|| format!("no actor {name}"))
    }
}
