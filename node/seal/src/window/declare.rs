//! Declaring sectors faulty whose files fail, and recovered those that are there again: some deadlines ahead, since both are taken only until
//! a while before the window opens (DeclareFaults, DeclareFaultsRecovered).

use filigree_actor_miner::deadline_info::DeadlineInfo;
use filigree_actor_miner::params::{
    DeclareFaultsParams, DeclareFaultsRecoveredParams, SectorDeclaration,
};
use filigree_blocks::Tipset;
use filigree_node_state::view::miner::MinerView;
use filigree_sdk::collections::BitField;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use serde::Serialize;

use super::{Window, due};
use crate::error::{Failure, SealError};
use crate::message::{Call, DECLARE_FAULTS, DECLARE_FAULTS_RECOVERED};
use crate::shared::Shared;

/// Epochs in which a declaration should be mined.
const SOON: ChainEpoch = 2;

/// Looks at the files of a deadline's sectors, and declares what has changed.
pub(super) fn declare(
    shared: &Shared,
    head: &Tipset,
    deadline: DeadlineInfo,
) -> Result<(), Failure> {
    if head.height() + SOON >= deadline.fault_cutoff {
        return Ok(());
    }
    let view = shared.now(head)?;
    let miner = view.miner(&shared.address())?;
    let window = shared.window(&deadline)?;
    let (mut faults, mut recoveries) = (Vec::new(), Vec::new());
    for (partition, index) in miner.partitions(deadline.index)?.into_iter().zip(0..) {
        let declaration = |sectors| SectorDeclaration {
            deadline: deadline.index,
            partition: index,
            sectors,
        };
        let live = partition.live_sectors();
        let missing = &(&live & &partition.faults) - &partition.recoveries;
        let back = kept(shared, &miner, &missing, true)?;
        if !back.is_empty() {
            recoveries.push(declaration(back));
        }
        let broken = kept(shared, &miner, &due::to_prove(&partition), false)?;
        if !broken.is_empty() {
            faults.push(declaration(broken));
        }
    }
    if !faults.is_empty() && !is_declared(shared, window.faults)? {
        let what = count(&faults);
        let params = DeclareFaultsParams { faults };
        let said = format!("{what} sectors declared faulty: their files are missing or wrong");
        send(shared, head, &deadline, DECLARE_FAULTS, &params, said)?;
    }
    if !recoveries.is_empty() && !is_declared(shared, window.recoveries)? {
        let what = count(&recoveries);
        let params = DeclareFaultsRecoveredParams { recoveries };
        let said = format!("{what} faulty sectors declared recovered");
        send(
            shared,
            head,
            &deadline,
            DECLARE_FAULTS_RECOVERED,
            &params,
            said,
        )?;
    }
    Ok(())
}

fn count(declarations: &[SectorDeclaration]) -> u64 {
    declarations.iter().map(|one| one.sectors.len()).sum()
}

/// Those of some sectors whose files are good, or those whose files are not.
fn kept(
    shared: &Shared,
    miner: &MinerView<'_>,
    numbers: &BitField,
    wanted: bool,
) -> Result<BitField, SealError> {
    if numbers.is_empty() {
        return Ok(BitField::new());
    }
    let parts = &shared.parts;
    let sectors = due::on_chain(miner, numbers)?;
    let is_wanted = |keeps: bool| keeps == wanted;
    let found = sectors
        .iter()
        .filter(|sector| is_wanted(parts.prover.keeps(&parts.directory, shared.miner, sector)));
    let found = BitField::try_from_bits(found.map(|sector| sector.number));
    found.map_err(|e| SealError::Prover(e.to_string()))
}

/// Whether a declaration waits to be mined. Once it is, the state says what it did, and something else may be to be declared.
fn is_declared(shared: &Shared, message: Option<cid::Cid>) -> Result<bool, SealError> {
    use crate::message::Fate;
    let fate = message.map(|message| shared.fate(&message)).transpose()?;
    Ok(fate == Some(Fate::Waiting))
}

fn send(
    shared: &Shared,
    head: &Tipset,
    deadline: &DeadlineInfo,
    method: u64,
    params: &impl Serialize,
    said: String,
) -> Result<(), Failure> {
    let view = shared.now(head)?;
    let call = Call {
        method,
        params,
        value: TokenAmount::default(),
        max_fee: shared.parts.settings.max_window_fee.clone(),
    };
    let result = said.clone();
    let message = shared.send(&view, call, |message| {
        let mut window: Window = shared.window(deadline)?;
        match method {
            DECLARE_FAULTS => window.faults = Some(message),
            _ => window.recoveries = Some(message),
        }
        window.result = format!("{result}, by message {message}");
        shared.records.save_window(deadline.index, &window)
    })?;
    tracing::info!(miner = shared.miner, deadline = deadline.index, %message, said, "declared");
    Ok(())
}
