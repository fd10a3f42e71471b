//! Whether a block is good: what the rules of consensus need to know of chain and state is gathered, and they judge.

use filigree_blocks::{BlockHeader, FullBlock, Tipset};
use filigree_consensus::reason::{CheckError, Reason};
use filigree_consensus::winning_post::Claim;
use filigree_consensus::{Author, Facts, messages, timestamp, validate};
use filigree_vm::Verdict;
use fvm_shared::address::Address;
use fvm_shared::bigint::BigInt;
use fvm_shared::randomness::Randomness;
use fvm_shared::sector::WinningPoStVerifyInfo;

use crate::error::Error;
use crate::lookback::{Lookback, lookback};
use crate::mining::{miner_if_any, winning_sectors};
use crate::senders::KnownGood;
use crate::states::States;

/// Judges the winning proof of a block: `proofs/verify`, or a mock.
pub type VerifyWinning<'a> = dyn Fn(&WinningPoStVerifyInfo) -> Verdict + 'a;

impl States {
    /// What must be known of the miner of a block on `parents`; `back` is what the block looks back to.
    fn author(
        &self,
        header: &BlockHeader,
        parents: &Tipset,
        back: &Lookback,
    ) -> Result<Author, Error> {
        let then = self.view(&back.state)?;
        let worker = match miner_if_any(&then, &header.miner)? {
            Some(miner) => miner.worker_key()?,
            None => None,
        };
        let power = then.power()?;
        let claim = match then.id(&header.miner)? {
            Some(id) => power.claim(id)?,
            None => None,
        };
        let latest = self.history().latest_beacon(parents);
        Ok(Author {
            previous_beacon: latest.map_err(Error::History)?,
            worker,
            power: claim.map_or_else(BigInt::default, |claim| claim.quality_adj_power.0),
            total_power: power.total_quality().clone(),
        })
    }

    /// What else must be known to judge it. Applies the parents' messages.
    fn facts(
        &self,
        header: &BlockHeader,
        parents: &Tipset,
        back: &Lookback,
    ) -> Result<Facts, Error> {
        let result = self.tipset_state(parents)?;
        Ok(Facts {
            parent_state: result.state,
            parent_receipts: result.receipts,
            parent_weight: self.weight(parents)?,
            base_fee: self.base_fee(parents)?,
            standing: self.standing(&header.miner, parents, back)?,
        })
    }

    /// Judges a block on `parents`. `now` is our time, seconds since 1970. Signatures that are `known_good` are not checked
    /// again.
    ///
    /// # Errors
    /// The rule that the block breaks, or why this node cannot tell.
    pub fn check_block(
        &self,
        block: &FullBlock,
        parents: &Tipset,
        now: u64,
        verify_winning: &VerifyWinning<'_>,
        known_good: &KnownGood<'_>,
    ) -> Result<(), CheckError> {
        let config = &self.rules().config;
        let header = &block.header;
        // What can be told of the header alone comes first; then whether a winner signed it, so that nobody else has anything computed
        // here; then all the rest.
        validate::check_alone(config, header, now)?;
        timestamp::check_height(header, parents)?;
        let back = self.lookback(header, parents).map_err(told)?;
        let author = self.author(header, parents, &back).map_err(told)?;
        validate::check_author(config, header, parents, &author)?;
        let facts = self.facts(header, parents, &back).map_err(told)?;
        validate::check_facts(config, header, parents, &facts)?;
        let addresses = block.bls.iter().map(|message| &message.from);
        let addresses = addresses.chain(block.signed.iter().map(|signed| &signed.message.from));
        let senders = self.senders(parents, addresses).map_err(told)?;
        messages::check(config, block, &senders.trusting(known_good))?;
        validate::check_post(header, &author.previous_beacon, |claim| {
            self.verify_post(&back, claim, verify_winning)
        })
    }

    fn lookback(&self, header: &BlockHeader, parents: &Tipset) -> Result<Lookback, Error> {
        let config = &self.rules().config;
        lookback(&**self.history(), config, parents, header.height)
    }

    /// Whether a block shows the sectors it was asked for.
    fn verify_post(
        &self,
        back: &Lookback,
        claim: &Claim<'_>,
        verify_winning: &VerifyWinning<'_>,
    ) -> anyhow::Result<bool> {
        let then = self.view(&back.state)?;
        let Some(miner) = miner_if_any(&then, &Address::new_id(claim.prover))? else {
            return Ok(false);
        };
        let sectors = winning_sectors(&miner, claim.prover, &claim.challenge)?;
        if sectors.is_empty() {
            return Ok(false);
        }
        let info = WinningPoStVerifyInfo {
            randomness: Randomness(claim.challenge.to_vec()),
            proofs: claim.proofs.to_vec(),
            challenge_sectors: sectors,
            prover: claim.prover,
        };
        match verify_winning(&info) {
            Ok(holds) => Ok(holds),
            // Bytes that are no proof at all.
            Err(filigree_vm::VerifyError::Malformed(_)) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }
}

/// What an error says of the block: most are this node's troubles, and some are the same on every node.
fn told(error: Error) -> CheckError {
    match error {
        Error::TwoBlocks(miner) => Reason::ParentsTwoOfAMiner(miner).into(),
        Error::Lookback {
            round,
            lookback,
            base,
        } => Reason::StoodStill {
            epoch: round,
            lookback,
            parents: base,
        }
        .into(),
        error => CheckError::Unknown(error.into()),
    }
}
