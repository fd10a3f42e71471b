//! Announces a sector: a message with its commitment and a deposit (PreCommitSectorBatch2; FIP-0008, FIP-0041).

use filigree_actor_miner::params::PreCommitSectorBatchParams2;
use filigree_actor_miner::policy::{max_prove_commit_duration, seal_proof_sector_maximum_lifetime};
use filigree_actor_miner::types::{CompactCommD, SectorPreCommitInfo};
use fvm_shared::clock::ChainEpoch;

use super::get_ticket::is_too_old;
use super::{Next, State, Step, Work};
use crate::error::{Failure, SealError};
use crate::message::{Call, PRE_COMMIT_SECTOR_BATCH_2};
use crate::sector::Sector;
use crate::shared::Shared;

pub(super) fn step(work: &Work<'_>, sector: &mut Sector) -> Step {
    let shared = work.shared;
    let head = shared.head();
    let view = shared.now(&head)?;
    let miner = view.miner(&shared.address())?;
    let sealed_cid = sector.sealed_cid()?;
    if let Some(found) = miner.precommit(sector.number)? {
        return match found.info.sealed_cid == sealed_cid {
            true => Ok(Next::Go(State::PreCommitWait)),
            false => Err(Failure::Never(
                "another replica of this number is announced".to_owned(),
            )),
        };
    }
    if let Some(found) = miner.sector(sector.number)? {
        return match found.sealed_cid == sealed_cid {
            true => Ok(Next::Go(State::CommitWait)),
            false => Err(Failure::Never(
                "another replica of this number is proven".to_owned(),
            )),
        };
    }
    if miner.is_allocated(sector.number)? {
        let text = "it was announced and not proven in time; remove it and pledge another";
        return Err(Failure::Never(text.to_owned()));
    }
    let ticket = sector.ticket.ok_or_else(|| sector.lacks("ticket"))?;
    if is_too_old(shared, ticket.epoch, head.height()) {
        let replica = sector.replica(shared.miner)?;
        let prover = &shared.parts.prover;
        prover.forget(&shared.parts.directory, replica.id)?;
        (sector.ticket, sector.sealed) = (None, None);
        let text = "its ticket became too old before it was announced: it is sealed again";
        return Ok(Next::Back(State::GetTicket, text.to_owned()));
    }
    if head.height() <= ticket.epoch {
        return Ok(Next::Wait("a block after that of its ticket".to_owned()));
    }
    let info = SectorPreCommitInfo {
        seal_proof: sector.seal_proof,
        sector_number: sector.number,
        sealed_cid,
        seal_rand_epoch: ticket.epoch,
        deal_ids: Vec::new(),
        expiration: expiration(shared, sector, head.height())?,
        // Zeros.
        unsealed_cid: CompactCommD::empty(),
    };
    let call = Call {
        method: PRE_COMMIT_SECTOR_BATCH_2,
        params: &PreCommitSectorBatchParams2 {
            sectors: vec![info],
        },
        value: shared.lacks_for_deposit(&view, miner.info()?.sector_size)?,
        max_fee: shared.parts.settings.max_seal_fee.clone(),
    };
    shared.send(&view, call, |cid| {
        sector.pre_commit = Some(cid);
        sector.state = State::PreCommitWait;
        sector.trouble = None;
        sector.note(head.height(), format!("announced by message {cid}"));
        match shared.records.save(sector)? {
            true => Ok(()),
            false => Err(SealError::Stopped),
        }
    })?;
    // The state was written by the note; another change of it is none.
    Ok(Next::Go(State::PreCommitWait))
}

/// When a sector that is announced now ends: the lifetime that is set, from the last epoch in which it may be proven, within the
/// limits of the network.
fn expiration(shared: &Shared, sector: &Sector, head: ChainEpoch) -> Result<ChainEpoch, SealError> {
    /// Epochs in which the message should be mined: the limits hold for all of them.
    const SOON: ChainEpoch = 100;
    let policy = shared.policy();
    let unknown = || SealError::ProofType(sector.seal_proof.into());
    let duration = max_prove_commit_duration(&policy, sector.seal_proof).ok_or_else(unknown)?;
    let longest = seal_proof_sector_maximum_lifetime(sector.seal_proof).ok_or_else(unknown)?;
    let longest = longest.min(policy.max_sector_expiration_extension - duration);
    let shortest = policy.min_sector_expiration + SOON;
    let lifetime = shared.parts.settings.lifetime_epochs;
    Ok(head + duration + lifetime.min(longest).max(shortest))
}
