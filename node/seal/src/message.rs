//! Messages of the pipeline: sent once, and what became of them.

use std::time::{Duration, Instant};

use cid::Cid;
use filigree_blocks::SignedMessage;
use filigree_node_state::View;
use filigree_send::{Sender, Spec};
use fvm_ipld_encoding::RawBytes;
use fvm_shared::MethodNum;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use fvm_shared::message::Message;
use serde::Serialize;

use crate::error::SealError;
use crate::shared::Shared;

/// Methods of the miner actor.
pub(crate) const SUBMIT_WINDOWED_POST: MethodNum = 5;
pub(crate) const DECLARE_FAULTS: MethodNum = 10;
pub(crate) const DECLARE_FAULTS_RECOVERED: MethodNum = 11;
pub(crate) const PRE_COMMIT_SECTOR_BATCH_2: MethodNum = 28;
pub(crate) const PROVE_COMMIT_SECTORS_3: MethodNum = 34;

/// Within which time the pool has followed the head.
const POOL_FOLLOWS: Duration = Duration::from_secs(2);

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It waits in the pool.
    Waiting,
    /// It is on chain.
    Mined {
        /// In the tipset at this epoch.
        height: ChainEpoch,
        /// How it ended.
        exit_code: ExitCode,
    },
    /// It is neither; for a moment that is so of any message, while the head changes.
    Nowhere,
}

/// A message to the miner, from its worker.
pub(crate) struct Call<'a, P> {
    pub method: MethodNum,
    pub params: &'a P,
    /// attoFIL.
    pub value: TokenAmount,
    /// Most that its gas may cost, attoFIL.
    pub max_fee: TokenAmount,
}

impl Shared {
    /// Sends a message; `note` gets its CID before anybody else.
    pub fn send<P: Serialize>(
        &self,
        view: &View,
        call: Call<'_, P>,
        note: impl FnOnce(Cid) -> Result<(), SealError>,
    ) -> Result<Cid, SealError> {
        let info = view.miner(&self.address())?.info()?;
        let message = Message {
            version: 0,
            from: info.worker,
            to: self.address(),
            sequence: 0,
            value: call.value,
            method_num: call.method,
            params: RawBytes::serialize(call.params)?,
            gas_limit: 0,
            gas_fee_cap: TokenAmount::default(),
            gas_premium: TokenAmount::default(),
        };
        self.await_pool();
        let parts = &self.parts;
        let sender = Sender {
            chain: &parts.chain,
            states: &parts.states,
            pool: &parts.pool,
        };
        let spec = Spec::up_to(call.max_fee);
        let mut noted = Ok(());
        let note = |signed: &SignedMessage| {
            noted = note(signed.cid());
            match &noted {
                Ok(()) => Ok(()),
                Err(error) => Err(anyhow::anyhow!("{error}")),
            }
        };
        let sent = sender.send_noting(&parts.wallet, &parts.sending, message, &spec, note);
        // That it was not noted says more than that it was not sent.
        noted?;
        Ok(sent?.cid())
    }

    /// Waits a moment for the pool, which follows the head: while it still has messages of the head, ours would be tried after
    /// them a second time.
    fn await_pool(&self) {
        let start = Instant::now();
        while self.parts.pool.base().epoch != self.head().height()
            && start.elapsed() < POOL_FOLLOWS
            && !self.is_stopped()
        {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What became of a message, or of one that replaced it.
    pub fn fate(&self, cid: &Cid) -> Result<Fate, SealError> {
        let mut cid = *cid;
        loop {
            let fate = self.fate_of(&cid)?;
            // In this order: it is noted what replaces a message before that is out of the pool.
            match self.records.replacement(&cid)? {
                Some(new) if fate == Fate::Nowhere => cid = new,
                _ => return Ok(fate),
            }
        }
    }

    fn fate_of(&self, cid: &Cid) -> Result<Fate, SealError> {
        // In this order: one that leaves the pool for the chain is in the index before it is out of the pool.
        if self.parts.pool.get(cid).is_some() {
            return Ok(Fate::Waiting);
        }
        let Some(place) = self
            .parts
            .chain
            .index()
            .find_message(cid)
            .map_err(SealError::Store)?
        else {
            return Ok(Fate::Nowhere);
        };
        let tipset = self.parts.chain.tipset(&place.tipset)?;
        let receipts = self.parts.states.receipts(&tipset)?;
        let receipt = receipts.get(place.index as usize);
        Ok(match receipt {
            Some(receipt) => Fate::Mined {
                height: place.height,
                exit_code: receipt.exit_code,
            },
            // The tipset has left the chain between the two looks.
            None => Fate::Nowhere,
        })
    }
}
