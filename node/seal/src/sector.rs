//! A sector's record: all that must be found again after a restart.

use std::time::{SystemTime, UNIX_EPOCH};

use cid::Cid;
use filigree_proofs_prove::{Commitment, Sector as Replica, SectorId};
use fvm_shared::ActorID;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::sector::{RegisteredSealProof, SectorNumber};
use serde::{Deserialize, Serialize};

use crate::error::SealError;
use crate::state::State;

/// Entries of the log that are kept.
const LOG_ENTRIES: usize = 40;
/// Seconds until the first further try.
const FIRST_PAUSE_SECONDS: u64 = 2;
/// Most seconds between two tries.
const LONGEST_PAUSE_SECONDS: u64 = 600;

/// A sector on its way, or proven.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sector {
    /// Its number.
    pub number: SectorNumber,
    /// How it is sealed.
    pub seal_proof: RegisteredSealProof,
    /// What is to be done with it.
    pub state: State,
    /// Goes up with each change, so that a long computation's result is not written over something newer.
    pub changes: u64,
    /// What it is sealed from.
    pub ticket: Option<Randomness>,
    /// What it is sealed to.
    pub sealed: Option<Sealed>,
    /// The message that announces it.
    pub pre_commit: Option<Cid>,
    /// What it is challenged with.
    pub seed: Option<Randomness>,
    /// The proof of replication.
    pub proof: Option<Vec<u8>>,
    /// The message that proves it.
    pub commit: Option<Cid>,
    /// Why it does not go on.
    pub trouble: Option<Trouble>,
    /// What happened, the latest last.
    pub log: Vec<Entry>,
}

/// Randomness of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Randomness {
    /// Of which epoch.
    pub epoch: ChainEpoch,
    /// The drawn bytes.
    pub value: [u8; 32],
}

/// Commitments of a sealed sector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// To the replica.
    pub comm_r: Commitment,
    /// To the data.
    pub comm_d: Commitment,
}

/// What keeps a sector from going on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// In words.
    pub reason: String,
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried again, seconds since 1970.
    pub retry_at_seconds: u64,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When, seconds since 1970.
    pub at_seconds: u64,
    /// At which head.
    pub epoch: ChainEpoch,
    /// What.
    pub text: String,
}

impl Sector {
    /// A sector that is to be sealed.
    pub fn new(number: SectorNumber, seal_proof: RegisteredSealProof) -> Self {
        Self {
            number,
            seal_proof,
            state: State::GetTicket,
            changes: 0,
            ticket: None,
            sealed: None,
            pre_commit: None,
            seed: None,
            proof: None,
            commit: None,
            trouble: None,
            log: Vec::new(),
        }
    }

    /// As the prover has it.
    ///
    /// # Errors
    /// If it has no ticket yet, or its type is unknown.
    pub fn replica(&self, miner: ActorID) -> Result<Replica, SealError> {
        let ticket = self.ticket.ok_or_else(|| self.lacks("ticket"))?;
        let kind = filigree_proofs_verify::kinds::seal(self.seal_proof);
        Ok(Replica {
            proof: kind.map_err(|e| SealError::Prover(e.to_string()))?,
            id: SectorId {
                miner,
                number: self.number,
            },
            ticket: ticket.value,
        })
    }

    /// Commitments, once it is sealed.
    ///
    /// # Errors
    /// If it is not.
    pub fn sealed(&self) -> Result<Sealed, SealError> {
        self.sealed.ok_or_else(|| self.lacks("commitments"))
    }

    /// The CID of its replica's commitment, once it is sealed.
    ///
    /// # Errors
    /// If it is not.
    pub fn sealed_cid(&self) -> Result<Cid, SealError> {
        self.sealed()?.sealed_cid()
    }

    pub(crate) fn lacks(&self, what: &str) -> SealError {
        let (number, state) = (self.number, self.state.name());
        SealError::Prover(format!(
            "sector {number} is in state {state} without {what}"
        ))
    }

    /// Notes what happened.
    pub(crate) fn note(&mut self, epoch: ChainEpoch, text: impl Into<String>) {
        if self.log.len() >= LOG_ENTRIES {
            self.log.remove(0);
        }
        self.log.push(Entry {
            at_seconds: now_seconds(),
            epoch,
            text: text.into(),
        });
    }

    /// Notes that a try failed: the next one comes after a pause twice as long.
    pub(crate) fn failed(&mut self, epoch: ChainEpoch, reason: String) {
        let tries = self.trouble.as_ref().map_or(0, |trouble| trouble.tries) + 1;
        let is_new = self.trouble.as_ref().is_none_or(|t| t.reason != reason);
        if is_new {
            self.note(epoch, format!("{}: {reason}", self.state.name()));
        }
        self.trouble = Some(Trouble {
            reason,
            tries,
            retry_at_seconds: now_seconds() + pause_seconds(tries),
        });
    }

    /// Whether it waits before it tries again.
    pub(crate) fn is_resting(&self) -> bool {
        let now = now_seconds();
        let trouble = self.trouble.as_ref();
        trouble.is_some_and(|trouble| trouble.retry_at_seconds > now)
    }
}

impl Sealed {
    /// The CID of the replica's commitment.
    ///
    /// # Errors
    /// If it is none.
    pub fn sealed_cid(&self) -> Result<Cid, SealError> {
        let cid = fvm_shared::commcid::replica_commitment_v1_to_cid(&self.comm_r);
        cid.map_err(|e| SealError::Prover(format!("CommR: {e}")))
    }

    /// The CID of the data's commitment.
    ///
    /// # Errors
    /// If it is none.
    pub fn unsealed_cid(&self) -> Result<Cid, SealError> {
        let cid = fvm_shared::commcid::data_commitment_v1_to_cid(&self.comm_d);
        cid.map_err(|e| SealError::Prover(format!("CommD: {e}")))
    }
}

fn pause_seconds(tries: u32) -> u64 {
    let doubled = FIRST_PAUSE_SECONDS.checked_shl(tries.saturating_sub(1));
    match tries {
        0..=16 => doubled.map_or(LONGEST_PAUSE_SECONDS, |pause| {
            pause.min(LONGEST_PAUSE_SECONDS)
        }),
        _ => LONGEST_PAUSE_SECONDS,
    }
}

pub(crate) fn now_seconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sector() -> Sector {
        Sector::new(7, RegisteredSealProof::StackedDRG2KiBV1P1)
    }

    #[test]
    fn pauses_double_up_to_ten_minutes() {
        let pauses: Vec<u64> = (1..=11).map(pause_seconds).collect();
        assert_eq!(pauses, [2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
        assert_eq!(pause_seconds(u32::MAX), 600);
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let mut sector = sector();
        sector.ticket = Some(Randomness {
            epoch: 3,
            value: [5; 32],
        });
        sector.sealed = Some(Sealed {
            comm_r: [1; 32],
            comm_d: [2; 32],
        });
        sector.pre_commit = Some(sector.sealed.unwrap().sealed_cid().unwrap());
        sector.failed(9, "no disk".to_owned());
        let bytes = fvm_ipld_encoding::to_vec(&sector).unwrap();
        let read: Sector = fvm_ipld_encoding::from_slice(&bytes).unwrap();
        assert_eq!(read, sector);
    }

    #[test]
    fn the_same_trouble_is_noted_once_and_rests() {
        let mut sector = sector();
        for _ in 0..3 {
            sector.failed(1, "no disk".to_owned());
        }
        assert_eq!(sector.log.len(), 1);
        assert_eq!(sector.trouble.as_ref().unwrap().tries, 3);
        assert!(sector.is_resting());
        for epoch in 0..100 {
            sector.note(epoch, "something");
        }
        assert_eq!(sector.log.len(), LOG_ENTRIES);
        assert_eq!(sector.log.last().unwrap().epoch, 99);
    }
}
