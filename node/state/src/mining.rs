//! What a miner needs to know to make a block, and whether it may; and which sectors it must show.

use std::ops::RangeInclusive;

use filigree_blocks::{BeaconEntry, Tipset};
use filigree_consensus::eligibility::{self, Current, Standing};
use filigree_consensus::winning_post::challenge;
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::bigint::BigInt;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::sector::{RegisteredPoStProof, SectorInfo, SectorSize};
use multihash_codetable::{Code, MultihashDigest};

use crate::error::Error;
use crate::lookback::{Lookback, lookback};
use crate::states::States;
use crate::view::View;
use crate::view::miner::MinerView;

/// Sectors that a block shows (rust-fil-proofs, `WINNING_POST_SECTOR_COUNT`).
const WINNING_SECTORS: u64 = 1;

/// What a miner needs to know to make a block.
#[derive(Debug)]
pub struct MiningBase {
    /// Its quality-adjusted power that counts, bytes.
    pub power: BigInt,
    /// The network's, bytes.
    pub total_power: BigInt,
    /// The sectors it has to show, with the challenge they follow from.
    pub sectors: Vec<SectorInfo>,
    /// The challenge.
    pub challenge: [u8; 32],
    /// The type of proof it has to show them with.
    pub proof: RegisteredPoStProof,
    /// The address of the key that signs its blocks.
    pub worker: Address,
    /// The size of its sectors.
    pub sector_size: SectorSize,
    /// Why it may not make a block, if it may not.
    pub ineligible: Option<filigree_consensus::Reason>,
}

impl States {
    /// What a miner needs for a block at `epoch` on `parents`. `beacon` is the latest entry, of the block itself if it will
    /// have one. `None`, if it had no sectors or no power to show a lookback ago.
    ///
    /// # Errors
    /// If there is no such miner, or this node cannot tell.
    pub fn mining_base(
        &self,
        miner: ActorID,
        epoch: ChainEpoch,
        parents: &Tipset,
        beacon: &BeaconEntry,
    ) -> Result<Option<MiningBase>, Error> {
        let rules = self.rules();
        let address = Address::new_id(miner);
        let back = lookback(&**self.history(), &rules.config, parents, epoch)?;
        let then = self.view(&back.state)?;
        let Some(of_then) = miner_if_any(&then, &address)? else {
            // It is too new, or none.
            self.view_before(parents)?.miner(&address)?;
            return Ok(None);
        };
        let challenge = challenge(&address, epoch, beacon);
        let sectors = winning_sectors(&of_then, miner, &challenge)?;
        let power = then.power()?;
        let (Some(claim), false) = (power.claim(miner)?, sectors.is_empty()) else {
            return Ok(None);
        };
        let info = of_then.info()?;
        let Some(worker) = self.view_before(parents)?.key_address(&info.worker)? else {
            return Ok(None);
        };
        let standing = self.standing(&address, parents, &back)?;
        let eligible = eligibility::check(&rules.config, &address, parents.height(), &standing);
        Ok(Some(MiningBase {
            power: claim.quality_adj_power.0,
            total_power: power.total_quality().clone(),
            sectors,
            challenge,
            proof: winning_proof(info.window_post_proof_type),
            worker,
            sector_size: info.sector_size,
            ineligible: eligible.err(),
        }))
    }

    /// What state says of a miner who makes a block on `parents`.
    pub(crate) fn standing(
        &self,
        miner: &Address,
        parents: &Tipset,
        back: &Lookback,
    ) -> Result<Standing, Error> {
        let earlier = self.view_before(&back.tipset)?;
        let earlier_power = earlier.power()?;
        let id = self.view_before(parents)?.id(miner)?;
        let id = id.ok_or(Error::NoActor(*miner))?;
        let earlier_claim = earlier_power.claim(id)?;
        let now = self.view_before(parents)?;
        let current = match now.power()?.claim(id)? {
            None => None,
            Some(claim) => {
                let miner = now.miner(miner)?;
                Some(Current {
                    quality_power: claim.quality_adj_power.0,
                    fee_debt: miner.state.fee_debt.clone(),
                    excluded_until: miner.info()?.consensus_fault_elapsed,
                })
            }
        };
        Ok(Standing {
            earlier_raw_power: earlier_claim.map_or_else(BigInt::default, |c| c.raw_byte_power.0),
            earlier_miners_above_minimum: earlier_power.miners_above_minimum(),
            now: current,
        })
    }
}

/// A miner, if there is one at an address.
pub(crate) fn miner_if_any<'a>(
    view: &'a View,
    address: &Address,
) -> Result<Option<MinerView<'a>>, Error> {
    match view.miner(address) {
        Ok(miner) => Ok(Some(miner)),
        Err(Error::NoActor(_) | Error::OtherActor { .. }) => Ok(None),
        Err(e) => Err(e),
    }
}

/// The sectors that a challenge chooses among those that give a miner power; none, if there are none.
///
/// # Errors
/// If the state cannot be read.
pub fn winning_sectors(
    miner: &MinerView<'_>,
    id: ActorID,
    challenge: &[u8; 32],
) -> Result<Vec<SectorInfo>, Error> {
    let active = miner.active_sectors()?;
    let count = active.len();
    let mut sectors = Vec::new();
    for round in 0..WINNING_SECTORS {
        let Some(at) = chosen(id, challenge, round, count) else {
            break;
        };
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let Some(number) = active.iter().nth(at) else {
            break;
        };
        let sector = miner.sector(number)?.ok_or(Error::Malformed {
            what: "a miner's state",
            why: format!("sector {number} gives power and is not there"),
        })?;
        sectors.push(SectorInfo {
            proof: sector.seal_proof,
            sector_number: number,
            sealed_cid: sector.sealed_cid,
        });
    }
    Ok(sectors)
}

/// Which of `count` sectors a challenge chooses: SHA-256 of the prover, the challenge and the round, its first eight bytes as
/// a number, lowest first, modulo the count (rust-fil-proofs, `generate_sector_challenge`). `None` of none.
fn chosen(prover: ActorID, challenge: &[u8; 32], round: u64, count: u64) -> Option<u64> {
    let mut input = [0; 72];
    // Its id in LEB128: at most ten bytes.
    let id = Address::new_id(prover).payload_bytes();
    input[..id.len()].copy_from_slice(&id);
    input[32..64].copy_from_slice(challenge);
    // As an element of the field that proofs compute in.
    input[63] &= 0x3f;
    input[64..].copy_from_slice(&round.to_le_bytes());
    let hash = Code::Sha2_256.digest(&input);
    let first: [u8; 8] = hash.digest().first_chunk().copied().unwrap_or_default();
    u64::from_le_bytes(first).checked_rem(count)
}

/// The numbers of window proofs: those before version 1.1, and those since.
const WINDOW: [RangeInclusive<i64>; 2] = [5..=9, 10..=14];

/// The winning proof for sectors of the same size as a window proof's.
pub fn winning_proof(window: RegisteredPoStProof) -> RegisteredPoStProof {
    let number = i64::from(window);
    let place = WINDOW
        .iter()
        .find(|numbers| numbers.contains(&number))
        .map_or(number, |numbers| number - numbers.start());
    place.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_chooses_by_hash() {
        // Computed by another program.
        let challenge: [u8; 32] = std::array::from_fn(|i| 255 - i as u8);
        assert_eq!(chosen(1_000, &challenge, 0, 10), Some(2));
        assert_eq!(chosen(1_000, &challenge, 0, 1_000_003), Some(925_777));
        assert_eq!(chosen(2_049_999, &challenge, 0, 1_000_003), Some(262_183));
        assert_eq!(chosen(1_000, &challenge, 0, 1), Some(0));
        assert_eq!(chosen(1_000, &challenge, 0, 0), None);
    }

    #[test]
    fn winning_proofs_are_of_the_same_size() {
        use RegisteredPoStProof::*;
        for (window, winning) in [
            (StackedDRGWindow2KiBV1P1, StackedDRGWinning2KiBV1),
            (StackedDRGWindow32GiBV1P1, StackedDRGWinning32GiBV1),
            (StackedDRGWindow64GiBV1P1, StackedDRGWinning64GiBV1),
            (Invalid(7), StackedDRGWinning512MiBV1),
        ] {
            assert_eq!(winning_proof(window), winning);
        }
    }
}
