//! What an actor may ask and do.
//!
//! A shared reference (`&Context`) looks and speaks: who called, when, randomness, events. A mutable one (`&mut Context`) acts:
//! it sends, opens transactions and creates. So a transaction, which lends the context shared, cannot call other actors while
//! the state it is changing is in memory: re-entrance is a compile error.

use cid::Cid;
use fvm_ipld_encoding::ipld_block::IpldBlock;
use fvm_ipld_encoding::{CBOR, DAG_CBOR};
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::{ErrorNumber, ExitCode};
use fvm_shared::sys::SendFlags;
use fvm_shared::sys::out::network::NetworkContext;
use fvm_shared::sys::out::send::Send;
use fvm_shared::sys::out::vm::{ContextFlags, MessageContext};
use fvm_shared::version::NetworkVersion;
use fvm_shared::{ActorID, EMPTY_ARR_CID, MAX_CID_LEN, METHOD_SEND, MethodNum};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::OnceCell;

use crate::call::{Call, CallError};
use crate::crypto;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::{cbor, store, sys};

/// Longest address in bytes: one byte for the protocol, ten for a namespace, 54 for a delegated part.
const MAX_ADDRESS_BYTES: usize = 65;

/// The call that runs.
pub struct Context {
    message: MessageContext,
    network: OnceCell<NetworkContext>,
}

/// The message and the network.
impl Context {
    /// The context of this invocation.
    pub(crate) fn current() -> Result<Self> {
        Ok(Self {
            message: sys::message_context()?,
            network: OnceCell::new(),
        })
    }

    /// The actor that called.
    pub fn caller(&self) -> ActorID {
        self.message.caller
    }

    /// The account whose message this is part of.
    pub fn origin(&self) -> ActorID {
        self.message.origin
    }

    /// This actor.
    pub fn receiver(&self) -> ActorID {
        self.message.receiver
    }

    /// The method called.
    pub fn method(&self) -> MethodNum {
        self.message.method_number
    }

    /// The sequence number of the message.
    pub fn nonce(&self) -> u64 {
        self.message.nonce
    }

    /// The value that came with the call; it is in the balance already.
    pub fn value_received(&self) -> TokenAmount {
        self.message.value_received.into()
    }

    /// Premium per unit of gas, attoFIL.
    pub fn gas_premium(&self) -> TokenAmount {
        self.message.gas_premium.into()
    }

    /// Whether nothing may be changed.
    pub fn is_read_only(&self) -> bool {
        let flags = self.message.flags;
        flags.contains(ContextFlags::READ_ONLY)
    }

    fn network(&self) -> Result<&NetworkContext> {
        if let Some(network) = self.network.get() {
            return Ok(network);
        }
        let network = sys::network_context()?;
        Ok(self.network.get_or_init(|| network))
    }

    /// The epoch.
    pub fn epoch(&self) -> Result<ChainEpoch> {
        Ok(self.network()?.epoch)
    }

    /// Unix time of the tipset, in seconds.
    pub fn timestamp(&self) -> Result<u64> {
        Ok(self.network()?.timestamp)
    }

    /// Base fee, attoFIL per gas.
    pub fn base_fee(&self) -> Result<TokenAmount> {
        Ok(self.network()?.base_fee.into())
    }

    /// EIP-155 chain id.
    pub fn chain_id(&self) -> Result<u64> {
        Ok(self.network()?.chain_id)
    }

    /// The network version.
    pub fn network_version(&self) -> Result<NetworkVersion> {
        Ok(self.network()?.network_version)
    }

    /// The circulating supply.
    pub fn circulating_supply(&self) -> Result<TokenAmount> {
        Ok(sys::circulating_supply()?.into())
    }

    /// The tipset at an epoch before this one.
    pub fn tipset_cid(&self, epoch: ChainEpoch) -> Result<Cid> {
        let mut cid = [0; MAX_CID_LEN];
        sys::tipset_cid(epoch, &mut cid)?;
        store::cid_of(&cid)
    }

    /// Randomness of the ticket chain for a purpose (`tag`, `entropy`), as it was at an epoch.
    pub fn chain_randomness(
        &self,
        tag: i64,
        epoch: ChainEpoch,
        entropy: &[u8],
    ) -> Result<[u8; 32]> {
        crypto::draw(&sys::chain_randomness(epoch)?, tag, epoch, entropy)
    }

    /// Randomness of the beacon for a purpose (`tag`, `entropy`), as it was at an epoch.
    pub fn beacon_randomness(
        &self,
        tag: i64,
        epoch: ChainEpoch,
        entropy: &[u8],
    ) -> Result<[u8; 32]> {
        crypto::draw(&sys::beacon_randomness(epoch)?, tag, epoch, entropy)
    }

    /// Gas left.
    pub fn gas_available(&self) -> Result<u64> {
        Ok(sys::gas_available()?)
    }

    /// Uses up gas.
    pub fn charge_gas(&self, name: &str, gas: u64) -> Result<()> {
        Ok(sys::charge_gas(name.as_bytes(), gas)?)
    }
}

/// Other actors, seen from outside.
impl Context {
    /// The id behind an address, if there is one.
    pub fn resolve(&self, address: &Address) -> Result<Option<ActorID>> {
        if let Ok(id) = address.id() {
            return Ok(Some(id));
        }
        match sys::resolve_address(&address.to_bytes()) {
            Ok(id) => Ok(Some(id)),
            Err(ErrorNumber::NotFound) => Ok(None),
            Err(number) => Err(number.into()),
        }
    }

    /// The id behind an address, which must have one.
    pub fn resolve_required(&self, address: &Address) -> Result<ActorID> {
        self.resolve(address)?
            .ok_or_else(|| Error::not_found("no actor has the address"))
    }

    /// The delegated (f4) address of an actor.
    pub fn delegated_address(&self, id: ActorID) -> Result<Option<Address>> {
        let mut address = [0; MAX_ADDRESS_BYTES];
        let len = match sys::lookup_delegated_address(id, &mut address) {
            Ok(0) | Err(ErrorNumber::NotFound) => return Ok(None),
            len => len?,
        };
        Address::from_bytes(&address[..len as usize])
            .map(Some)
            .map_err(|_| Error::assertion_failed("the host gave no address"))
    }

    /// The code of an actor.
    pub fn code_of(&self, id: ActorID) -> Result<Option<Cid>> {
        let mut cid = [0; MAX_CID_LEN];
        match sys::get_actor_code_cid(id, &mut cid) {
            Ok(_) => store::cid_of(&cid).map(Some),
            Err(ErrorNumber::NotFound) => Ok(None),
            Err(number) => Err(number.into()),
        }
    }

    /// The number of a built-in actor's code in the network's manifest, from 1; `None` for any other code.
    pub fn builtin_type(&self, code: &Cid) -> Result<Option<i32>> {
        let number = sys::get_builtin_actor_type(&store::cid_bytes(code))?;
        Ok(Some(number).filter(|number| *number != 0))
    }

    /// The code behind a number of the network's manifest.
    pub fn builtin_code(&self, number: i32) -> Result<Cid> {
        let mut cid = [0; MAX_CID_LEN];
        sys::get_code_cid_for_type(number, &mut cid)?;
        store::cid_of(&cid)
    }

    /// The balance of an actor.
    pub fn balance_of(&self, id: ActorID) -> Result<TokenAmount> {
        Ok(sys::balance_of(id)?.into())
    }

    /// This actor's balance.
    pub fn balance(&self) -> Result<TokenAmount> {
        Ok(sys::self_balance()?.into())
    }

    /// Fails unless one of these actors called.
    pub fn require_caller(&self, allowed: &[ActorID]) -> Result<()> {
        let caller = self.caller();
        crate::ensure!(
            allowed.contains(&caller),
            forbidden,
            "f0{caller} may not call method {}",
            self.method()
        );
        Ok(())
    }
}

/// What an actor says.
impl Context {
    /// Emits an event.
    pub fn emit(&self, event: &Event) -> Result<()> {
        event.emit()
    }

    /// Logs a line, where the network lets actors log.
    pub fn log(&self, message: impl FnOnce() -> String) -> Result<()> {
        if sys::debug_enabled()? >= 0 {
            sys::debug_log(message().as_bytes())?;
        }
        Ok(())
    }
}

/// State.
impl Context {
    /// CID of the actor's state.
    pub fn root(&self) -> Result<Cid> {
        let mut cid = [0; MAX_CID_LEN];
        sys::self_root(&mut cid)?;
        store::cid_of(&cid)
    }

    /// The actor's state, to look at.
    pub fn load<S: DeserializeOwned>(&self) -> Result<S> {
        cbor::decode(&self.state_block()?)
    }

    /// Sets the first state of a new actor, once.
    pub fn create<S: Serialize>(&mut self, state: &S) -> Result<()> {
        let root = self.root()?;
        crate::ensure!(
            root == EMPTY_ARR_CID,
            illegal_state,
            "the actor has a state already"
        );
        self.save(state)
    }

    /// Replaces the actor's state.
    pub fn save<S: Serialize>(&mut self, state: &S) -> Result<()> {
        self.set_root(&store::save(state)?)
    }

    /// Sets the CID of the actor's state.
    pub fn set_root(&mut self, root: &Cid) -> Result<()> {
        Ok(sys::self_set_root(&store::cid_bytes(root))?)
    }

    /// Changes the actor's state: `change` gets it, and what is left of it is stored if it succeeds. Nothing can be sent meanwhile.
    pub fn transaction<S, R>(
        &mut self,
        change: impl FnOnce(&mut S, &Context) -> Result<R>,
    ) -> Result<R>
    where
        S: Serialize + DeserializeOwned,
    {
        let before = self.state_block()?;
        let mut state: S = cbor::decode(&before)?;
        let result = change(&mut state, self)?;
        self.replace_state_block(&before, &cbor::encode(&state)?)?;
        Ok(result)
    }

    // What all methods share, and the compiler would repeat in each.

    #[inline(never)]
    fn state_block(&self) -> Result<Vec<u8>> {
        Ok(store::open(&self.root()?)?)
    }

    #[inline(never)]
    fn replace_state_block(&mut self, before: &[u8], after: &[u8]) -> Result<()> {
        if after != before {
            self.set_root(&store::put(DAG_CBOR, after)?)?;
        }
        Ok(())
    }
}

/// What an actor does to others.
impl Context {
    /// Sends a call and gives what it returns. A callee's failure becomes this actor's, unless it is handled
    /// ([`try_send`](Self::try_send)).
    pub fn send<R: DeserializeOwned>(&mut self, call: Call<R>) -> Result<R> {
        Ok(self.try_send(call)?)
    }

    /// Sends a call. A failing callee's changes are taken back; this actor goes on.
    pub fn try_send<R: DeserializeOwned>(
        &mut self,
        call: Call<R>,
    ) -> std::result::Result<R, CallError> {
        let data = self.send_raw(&call)?;
        crate::dispatch::decode(data.as_ref())
            .map_err(|e| CallError::Return(e.message.into_owned()))
    }

    /// Sends money without calling anything.
    pub fn transfer(&mut self, to: &Address, amount: &TokenAmount) -> Result<()> {
        self.send(Call::new(*to, METHOD_SEND, None).value(amount.clone()))
    }

    /// Sends a call and gives the block it returns.
    pub fn send_raw<R>(
        &mut self,
        call: &Call<R>,
    ) -> std::result::Result<Option<IpldBlock>, CallError> {
        let value: sys::Tokens = (&call.value)
            .try_into()
            .map_err(|_| CallError::Refused(ErrorNumber::InsufficientFunds))?;
        let params_id = put_params(call.params.as_ref()).map_err(CallError::Refused)?;
        let mut flags = SendFlags::empty();
        flags.set(SendFlags::READ_ONLY, call.read_only);
        let sent = sys::send(
            &call.to.to_bytes(),
            call.method,
            params_id,
            value.hi,
            value.lo,
            call.gas_limit.unwrap_or(u64::MAX),
            flags.bits(),
        )
        .map_err(CallError::Refused)?;
        returned(sent)
    }

    /// A new address that survives reorganisations, for an actor about to be created.
    pub fn next_actor_address(&mut self) -> Result<Address> {
        let mut address = [0; MAX_ADDRESS_BYTES];
        let len = sys::next_actor_address(&mut address)?;
        Address::from_bytes(&address[..len as usize])
            .map_err(|_| Error::assertion_failed("the host gave no address"))
    }

    /// Puts code under an id (the init actor alone may).
    pub fn create_actor(
        &mut self,
        id: ActorID,
        code: &Cid,
        delegated: Option<&Address>,
    ) -> Result<()> {
        let delegated = delegated
            .map(|address| address.to_bytes().to_vec())
            .unwrap_or_default();
        Ok(sys::create_actor(id, &store::cid_bytes(code), &delegated)?)
    }

    /// Checks and compiles Wasm that is in the store (the init actor, on networks that allow it).
    pub fn install(&mut self, code: &Cid) -> Result<()> {
        Ok(sys::install_actor(&store::cid_bytes(code))?)
    }

    /// Replaces this actor's code and runs the new code's `upgrade`. If that succeeds, this code never runs again: the call ends with what
    /// the new code returns. So what comes back is why it failed.
    pub fn upgrade(&mut self, code: &Cid, params: Option<IpldBlock>) -> CallError {
        let sent = put_params(params.as_ref())
            .and_then(|params_id| sys::upgrade_actor(&store::cid_bytes(code), params_id));
        match sent.map_err(CallError::Refused).and_then(returned) {
            Err(error) => error,
            Ok(_) => CallError::Return("an upgrade came back".to_owned()),
        }
    }

    /// Deletes this actor at the end of the call. Money left is burnt, if it may be; otherwise this fails.
    pub fn self_destruct(&mut self, burn_unspent: bool) -> Result<()> {
        Ok(sys::self_destruct(burn_unspent.into())?)
    }
}

fn put_params(params: Option<&IpldBlock>) -> sys::SysResult<u32> {
    params.map_or(Ok(0), |block| sys::block_create(block.codec, &block.data))
}

fn returned(sent: Send) -> std::result::Result<Option<IpldBlock>, CallError> {
    let data = match sent.return_id {
        0 => None,
        id => Some(IpldBlock {
            codec: sent.return_codec,
            data: store::read(id, sent.return_size).map_err(CallError::Refused)?,
        }),
    };
    match ExitCode::new(sent.exit_code) {
        ExitCode::OK => Ok(data),
        code => Err(CallError::Exit { code, data }),
    }
}

/// The parameters of this invocation.
pub(crate) fn block(id: u32) -> Result<Option<IpldBlock>> {
    if id == 0 {
        return Ok(None);
    }
    let stat = sys::block_stat(id)?;
    let codec = stat.codec;
    crate::ensure!(
        [CBOR, DAG_CBOR, fvm_ipld_encoding::IPLD_RAW].contains(&codec),
        serialization,
        "no parameters are encoded as {codec:#x}"
    );
    Ok(Some(IpldBlock {
        codec,
        data: store::read(id, stat.size)?,
    }))
}
