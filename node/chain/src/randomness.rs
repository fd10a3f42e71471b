//! Randomness of the chain: tickets and the beacon's entries, as actors and consensus draw from them (Lotus,
//! `chain/rand/rand.go`).
//!
//! What is asked for is always the past of a tipset: the one a message runs on, or the parents of a block.

use filigree_blocks::{BeaconEntry, Tipset};
use filigree_consensus::draw::{self, Purpose};
use filigree_consensus::lookback::{
    BeaconLookup, MAX_BEACON_SEARCH_TIPSETS, beacon_lookup, ticket_is_before,
};
use fvm_shared::clock::ChainEpoch;

use crate::chain::Chain;
use crate::error::ChainError;
use crate::lookup::NullRounds;

impl Chain {
    /// Digest of the smallest ticket at `epoch` on the chain of `from`; for negative epochs, that of the genesis.
    ///
    /// # Errors
    /// When the epoch is after `from`, a block is missing, or the store fails.
    pub fn ticket_randomness(
        &self,
        from: &Tipset,
        epoch: ChainEpoch,
    ) -> Result<[u8; 32], ChainError> {
        let null_rounds = if ticket_is_before(&self.config(), epoch) {
            NullRounds::Before
        } else {
            NullRounds::After
        };
        let tipset = self.tipset_at(from, epoch.max(0), null_rounds)?;
        Ok(tipset.min_ticket().digest())
    }

    /// What the beacon said at `epoch` on the chain of `from`.
    ///
    /// # Errors
    /// When the epoch is after `from`, no tipset has the entry, a block is missing, or the store fails.
    pub fn beacon_entry(
        &self,
        from: &Tipset,
        epoch: ChainEpoch,
    ) -> Result<BeaconEntry, ChainError> {
        let no_beacon = || ChainError::NoBeacon {
            epoch,
            key: from.key().clone(),
        };
        let lookup = beacon_lookup(&self.config(), epoch).ok_or_else(no_beacon)?;
        let null_rounds = match lookup {
            BeaconLookup::Before => NullRounds::Before,
            BeaconLookup::After | BeaconLookup::OfRound(_) => NullRounds::After,
        };
        let tipset = self.tipset_at(from, epoch.max(0), null_rounds)?;
        match lookup {
            BeaconLookup::Before | BeaconLookup::After => self.latest_beacon_entry(&tipset),
            BeaconLookup::OfRound(round) => {
                let found = self.search_beacon(&tipset, |entries| {
                    entries.iter().find(|entry| entry.round == round).cloned()
                })?;
                found.ok_or_else(no_beacon)
            }
        }
    }

    /// Digest of what the beacon said at `epoch` on the chain of `from`.
    ///
    /// # Errors
    /// As [`beacon_entry`](Self::beacon_entry).
    pub fn beacon_randomness(
        &self,
        from: &Tipset,
        epoch: ChainEpoch,
    ) -> Result<[u8; 32], ChainError> {
        Ok(draw::digest(&self.beacon_entry(from, epoch)?.signature))
    }

    /// Randomness of a ticket for one purpose.
    ///
    /// # Errors
    /// As [`ticket_randomness`](Self::ticket_randomness).
    pub fn draw_from_ticket(
        &self,
        from: &Tipset,
        purpose: Purpose,
        epoch: ChainEpoch,
        entropy: &[u8],
    ) -> Result<[u8; 32], ChainError> {
        let digest = self.ticket_randomness(from, epoch)?;
        Ok(draw::from_digest(&digest, purpose, epoch, entropy))
    }

    /// Randomness of the beacon for one purpose.
    ///
    /// # Errors
    /// As [`beacon_entry`](Self::beacon_entry).
    pub fn draw_from_beacon(
        &self,
        from: &Tipset,
        purpose: Purpose,
        epoch: ChainEpoch,
        entropy: &[u8],
    ) -> Result<[u8; 32], ChainError> {
        let digest = self.beacon_randomness(from, epoch)?;
        Ok(draw::from_digest(&digest, purpose, epoch, entropy))
    }

    /// The latest entry that a tipset or an ancestor has: what blocks on it go on from.
    ///
    /// # Errors
    /// When none of the last tipsets has one, a block is missing, or the store fails.
    pub fn latest_beacon_entry(&self, tipset: &Tipset) -> Result<BeaconEntry, ChainError> {
        let found = self.search_beacon(tipset, |entries| entries.last().cloned())?;
        found.ok_or_else(|| ChainError::NoBeacon {
            epoch: tipset.height(),
            key: tipset.key().clone(),
        })
    }

    /// Asks the entries of a tipset, which all its blocks have in common, and of its last ancestors.
    fn search_beacon(
        &self,
        tipset: &Tipset,
        find: impl Fn(&[BeaconEntry]) -> Option<BeaconEntry>,
    ) -> Result<Option<BeaconEntry>, ChainError> {
        let mut tipset = tipset.clone();
        for _ in 0..MAX_BEACON_SEARCH_TIPSETS {
            if let Some(found) = find(&tipset.first().beacon_entries) {
                return Ok(Some(found));
            }
            if tipset.height() == 0 {
                return Ok(None);
            }
            tipset = self.parents(&tipset)?;
        }
        Ok(None)
    }
}
