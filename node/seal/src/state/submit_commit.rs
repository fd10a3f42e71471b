//! Sends the proof of a sector, with what its pledge lacks (ProveCommitSectors3; FIP-0076).

use filigree_actor_miner::params::{ProveCommitSectors3Params, SectorActivationManifest};
use fvm_ipld_encoding::RawBytes;

use super::{Next, State, Step, Work};
use crate::error::SealError;
use crate::message::{Call, PROVE_COMMIT_SECTORS_3};
use crate::sector::Sector;

pub(super) fn step(work: &Work<'_>, sector: &mut Sector) -> Step {
    let shared = work.shared;
    let head = shared.head();
    let view = shared.now(&head)?;
    let miner = view.miner(&shared.address())?;
    let sealed_cid = sector.sealed_cid()?;
    if miner.sector(sector.number)?.is_some() {
        return Ok(Next::Go(State::CommitWait));
    }
    let announced = miner.precommit(sector.number)?;
    let Some(announced) = announced.filter(|found| found.info.sealed_cid == sealed_cid) else {
        return Ok(Next::Go(State::PreCommitWait));
    };
    // Of another chain than the proof, if that has reorganised.
    let epoch = announced.pre_commit_epoch + shared.policy().pre_commit_challenge_delay;
    let challenge = sector.seed.map(|seed| seed.epoch);
    if challenge != Some(epoch) || sector.seed != Some(shared.seed(&head, epoch)?) {
        sector.proof = None;
        return Ok(Next::Go(State::WaitSeed));
    }
    let Some(proof) = sector.proof.clone() else {
        return Ok(Next::Go(State::Committing));
    };
    let deposit = &announced.pre_commit_deposit;
    let size = miner.info()?.sector_size;
    let call = Call {
        method: PROVE_COMMIT_SECTORS_3,
        params: &ProveCommitSectors3Params {
            sector_activations: vec![SectorActivationManifest {
                sector_number: sector.number,
                pieces: Vec::new(),
            }],
            sector_proofs: vec![RawBytes::new(proof)],
            aggregate_proof: RawBytes::default(),
            aggregate_proof_type: None,
            // What fails, fails the message: one sees it when it is tried.
            require_activation_success: true,
            require_notification_success: true,
        },
        value: shared.lacks_for_pledge(&view, &head, size, deposit)?,
        max_fee: shared.parts.settings.max_seal_fee.clone(),
    };
    shared.send(&view, call, |cid| {
        sector.commit = Some(cid);
        sector.state = State::CommitWait;
        sector.trouble = None;
        sector.note(head.height(), format!("proved by message {cid}"));
        match shared.records.save(sector)? {
            true => Ok(()),
            false => Err(SealError::Stopped),
        }
    })?;
    Ok(Next::Go(State::CommitWait))
}
