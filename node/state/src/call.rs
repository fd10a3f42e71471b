//! What a message would do: on the state of a tipset, after other messages, on blocks that are thrown away (Lotus,
//! `chain/stmgr/call.go`).
//!
//! A message is tried where messages of the tipset ran: on the state they began with, after those of its own sender, or after
//! all of them, but before cron. So it sees what it would have seen as the last of them.

use cid::Cid;
use filigree_blocks::{ChainMessage, Signature, SignatureType, SignedMessage, Tipset};
use filigree_consensus::limits::BLOCK_GAS;
use filigree_state::SYSTEM_ACTOR_ID;
use filigree_vm::{Applied, Kind};
use fvm_shared::address::{Address, Protocol};
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;

use crate::error::Error;
use crate::room::{Moment, Room, Running, TraceRoom};
use crate::states::States;
use crate::upgrade;

/// Bytes of a signature over secp256k1, and of a delegated one.
const SIGNATURE_BYTES: usize = 65;

/// Which messages of the tipset run before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prior {
    /// None.
    None,
    /// Those of the same sender.
    OfSender,
    /// All.
    All,
}

/// A message to be tried.
#[derive(Clone, Debug)]
pub struct Trial<'a> {
    /// The message. Its sequence number is set to the sender's next; with a gas limit of 0 it gets that of a block; with a fee
    /// cap of 0 it pays nothing.
    pub message: Message,
    /// Which messages of the tipset run before it.
    pub prior: Prior,
    /// Messages that run after those: what waits in the pool.
    pub pending: &'a [ChainMessage],
    /// Whether it runs as on chain: from an account, paying for its gas. Else it is free, and anybody may send it.
    pub pays: bool,
    /// Whether to record what happens.
    pub tracing: bool,
}

impl Trial<'_> {
    /// A free message after those of its sender, with a trace.
    pub fn free(message: Message) -> Self {
        Self {
            message,
            prior: Prior::OfSender,
            pending: &[],
            pays: false,
            tracing: true,
        }
    }
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The message as it ran.
    pub message: Message,
    /// What it did.
    pub applied: Applied,
}

impl States {
    /// Tries a message among those of a tipset.
    ///
    /// # Errors
    /// If the sender is not there, the network is upgraded just there, or this node cannot tell.
    pub fn try_message(&self, tipset: &Tipset, trial: Trial<'_>) -> Result<Tried, Error> {
        self.room()
            .overlay()
            .try_on(tipset, tipset.parent_state(), trial)
    }

    /// Tries a message on a state, at the epoch and time of a tipset; none of the tipset's messages run before it.
    ///
    /// # Errors
    /// As [`try_message`](Self::try_message).
    pub fn try_on_state(
        &self,
        tipset: &Tipset,
        root: &Cid,
        trial: Trial<'_>,
    ) -> Result<Tried, Error> {
        let trial = Trial {
            prior: Prior::None,
            ..trial
        };
        self.room().overlay().try_on(tipset, *root, trial)
    }

    /// Asks an actor something on the state a tipset leads to: a call that may change nothing, free, in the system's name
    /// unless `from` says otherwise.
    ///
    /// # Errors
    /// If this node cannot tell. A call that fails is no error: its exit code says so.
    pub fn ask(
        &self,
        tipset: &Tipset,
        from: Option<Address>,
        message: Message,
    ) -> Result<Applied, Error> {
        let state = self.tipset_state(tipset)?.state;
        let room = self.room().overlay();
        let mut running = room.machine(&Moment::of(tipset, state, false))?;
        let message = Message {
            from: from.unwrap_or(Address::new_id(SYSTEM_ACTOR_ID)),
            gas_limit: match message.gas_limit {
                0 => BLOCK_GAS,
                limit => limit,
            },
            ..message
        };
        running.execute(|| "the question".to_owned(), &message, Kind::View, 0)
    }

    /// Runs messages on the state a tipset leads to, at a later epoch, as if nothing happened in between; without cron.
    /// Gives the root of a state whose blocks are thrown away, and what each message did (Lotus, `StateCompute`).
    ///
    /// # Errors
    /// If this node cannot tell.
    pub fn compute(
        &self,
        tipset: &Tipset,
        epoch: ChainEpoch,
        messages: &[Message],
    ) -> Result<(Cid, Vec<Tried>), Error> {
        let room = self.room().overlay();
        let mut root = self.tipset_state(tipset)?.state;
        for passed in tipset.height()..epoch {
            root = upgrade::at_epoch(&room, tipset, root, passed)?;
        }
        let moment = Moment {
            epoch: epoch.max(tipset.height()),
            ..Moment::of(tipset, root, true)
        };
        let mut running = room.machine(&moment)?;
        let mut tried = Vec::with_capacity(messages.len());
        let mut left = TraceRoom::new(room.trace_limit_bytes);
        for message in messages {
            let bytes = ChainMessage::Unsigned(message.clone()).chain_length_bytes();
            let what = || "a message".to_owned();
            let applied = running.execute(what, message, Kind::Explicit, bytes)?;
            left.take(&applied)?;
            tried.push(Tried {
                message: message.clone(),
                applied,
            });
        }
        Ok((running.flush()?, tried))
    }
}

impl Room {
    fn try_on(&self, tipset: &Tipset, root: Cid, trial: Trial<'_>) -> Result<Tried, Error> {
        let epoch = tipset.height();
        let migration = self.rules.migrations.get(&epoch);
        if migration.is_some_and(|migration| migration.bundle.is_some()) {
            return Err(Error::AtUpgrade(epoch));
        }
        let mut message = trial.message;
        if message.gas_limit == 0 {
            message.gas_limit = BLOCK_GAS;
        }
        let moment = Moment::of(tipset, root, trial.tracing);
        let mut running = self.machine(&moment)?;
        self.run_prior(&mut running, tipset, trial.prior, &message.from)?;
        for pending in trial.pending {
            run(&mut running, pending)?;
        }
        let sender = running.machine().state();
        let sender = match sender.lookup_id(&message.from)? {
            Some(id) => sender.get_actor(id)?,
            None => None,
        };
        let sender = sender.ok_or(Error::NoActor(message.from))?;
        message.sequence = sender.sequence;
        if message.gas_fee_cap.is_zero() && !moment.base_fee.is_zero() {
            // Gas is free.
            let root = running.flush()?;
            running = self.machine(&Moment {
                root,
                base_fee: TokenAmount::default(),
                ..moment
            })?;
        }
        let (kind, bytes) = match trial.pays {
            true => (Kind::Explicit, self.signed_length(&running, &message)?),
            false => (Kind::Implicit, 0),
        };
        let what = || "the message".to_owned();
        let applied = running.execute(what, &message, kind, bytes)?;
        TraceRoom::new(self.trace_limit_bytes).take(&applied)?;
        Ok(Tried { message, applied })
    }

    /// Runs messages of the tipset.
    fn run_prior(
        &self,
        running: &mut Running,
        tipset: &Tipset,
        prior: Prior,
        sender: &Address,
    ) -> Result<(), Error> {
        if prior == Prior::None || tipset.height() == 0 {
            return Ok(());
        }
        let lists = self.messages(tipset)?;
        for message in lists.iter().flat_map(|messages| messages.iter()) {
            if prior == Prior::All || message.sender() == sender {
                run(running, message)?;
            }
        }
        Ok(())
    }

    /// How long a message would be on chain, with a signature of its sender's kind.
    fn signed_length(&self, running: &Running, message: &Message) -> Result<usize, Error> {
        let sig_type = match message.from.protocol() {
            Protocol::BLS => SignatureType::Bls,
            Protocol::Secp256k1 => SignatureType::Secp256k1,
            Protocol::Delegated => SignatureType::Delegated,
            Protocol::ID | Protocol::Actor => match key_of(running, &message.from)? {
                Some(key) if key.protocol() == Protocol::BLS => SignatureType::Bls,
                _ => SignatureType::Secp256k1,
            },
        };
        let signed = SignedMessage {
            message: message.clone(),
            signature: Signature::new(sig_type, vec![0; SIGNATURE_BYTES]),
        };
        Ok(signed.into_chain_message().chain_length_bytes())
    }
}

/// The key of an account, in the state of a running machine.
fn key_of(running: &Running, address: &Address) -> Result<Option<Address>, Error> {
    let tree = running.machine().state();
    let Some(id) = tree.lookup_id(address)? else {
        return Ok(None);
    };
    let Some(actor) = tree.get_actor(id)? else {
        return Ok(None);
    };
    if actor.delegated_address.is_some() {
        return Ok(actor.delegated_address);
    }
    let block = tree.store().read(&actor.state).map_err(Error::Store)?;
    let account = block.and_then(|block| fvm_ipld_encoding::from_slice::<(Address,)>(&block).ok());
    Ok(account.map(|(key,)| key))
}

fn run(running: &mut Running, message: &ChainMessage) -> Result<(), Error> {
    let what = || format!("the message {}", message.cid());
    let bytes = message.chain_length_bytes();
    running.execute(what, message.message(), Kind::Explicit, bytes)?;
    Ok(())
}
