//! Telling others that the data they care for is in a sector now (FIP-0076, "SectorContentChanged"; FIP-0109 for others than the market).
//! Everybody is called once, with all of its pieces of all sectors, after the state has changed.

use std::collections::BTreeMap;

use filigree_builtin::calls::miner::{
    PieceChange, SECTOR_CONTENT_CHANGED, SectorChanges, SectorContentChangedParams,
    SectorContentChangedReturn,
};
use filigree_sdk::call::CallError;
use filigree_sdk::dispatch::{decode, encode};
use filigree_sdk::prelude::*;
use fvm_shared::sector::SectorNumber;

use crate::params::PieceActivationManifest;

/// The call could not be made.
pub const ERR_NOTIFICATION_SEND_FAILED: ExitCode = ExitCode::new(1001);
/// Who was notified failed.
pub const ERR_NOTIFICATION_RECEIVER_ABORTED: ExitCode = ExitCode::new(1002);
/// Who was notified returned something else.
pub const ERR_NOTIFICATION_RESPONSE_INVALID: ExitCode = ExitCode::new(1003);
/// Who was notified does not accept a piece.
pub const ERR_NOTIFICATION_REJECTED: ExitCode = ExitCode::new(1004);

/// A sector whose data changed.
pub(crate) struct Activation<'a> {
    pub sector_number: SectorNumber,
    pub sector_expiration: ChainEpoch,
    pub pieces: &'a [PieceActivationManifest],
}

/// Notifies everybody who is named with a piece. If `required`, all have to accept.
pub(crate) fn notify_data_consumers(
    ctx: &mut Context,
    activations: &[Activation<'_>],
    required: bool,
) -> Result<()> {
    for (notifee, params) in group(activations) {
        let response = send(ctx, notifee, &params);
        if required {
            check_response(&params.sectors, &response?)?;
        }
    }
    Ok(())
}

/// What each is told, in the order of addresses; sectors in the order of their numbers, pieces in the order given.
fn group(activations: &[Activation<'_>]) -> Vec<(Address, SectorContentChangedParams)> {
    let mut by_notifee: BTreeMap<Address, BTreeMap<SectorNumber, SectorChanges>> = BTreeMap::new();
    for activation in activations {
        for piece in activation.pieces {
            for notifee in &piece.notify {
                let sectors = by_notifee.entry(notifee.address).or_default();
                let changes =
                    sectors
                        .entry(activation.sector_number)
                        .or_insert_with(|| SectorChanges {
                            sector: activation.sector_number,
                            minimum_commitment_epoch: activation.sector_expiration,
                            added: Vec::new(),
                        });
                changes.added.push(PieceChange {
                    data: piece.cid,
                    size: piece.size,
                    payload: notifee.payload.clone(),
                });
            }
        }
    }
    let told = |sectors: BTreeMap<_, _>| SectorContentChangedParams {
        sectors: sectors.into_values().collect(),
    };
    by_notifee
        .into_iter()
        .map(|(notifee, sectors)| (notifee, told(sectors)))
        .collect()
}

fn send(
    ctx: &mut Context,
    notifee: Address,
    params: &SectorContentChangedParams,
) -> Result<SectorContentChangedReturn> {
    let call: Call<SectorContentChangedReturn> =
        Call::new(notifee, SECTOR_CONTENT_CHANGED, encode(params)?);
    let invalid = |why| Error::new(ERR_NOTIFICATION_RESPONSE_INVALID, why);
    match ctx.send_raw(&call) {
        Ok(Some(block)) => {
            decode(Some(&block)).map_err(|_| invalid("a notification was answered wrongly"))
        }
        Ok(None) => Err(invalid("a notification was not answered")),
        Err(CallError::Exit { code, .. }) => Err(Error::new(
            ERR_NOTIFICATION_RECEIVER_ABORTED,
            format!("who was notified exited with code {}", code.value()),
        )),
        Err(_) => Err(Error::new(
            ERR_NOTIFICATION_SEND_FAILED,
            "a notification could not be sent",
        )),
    }
}

/// Whether the answer is about what was asked, and everything is accepted.
fn check_response(request: &[SectorChanges], response: &SectorContentChangedReturn) -> Result<()> {
    let invalid = || {
        Error::new(
            ERR_NOTIFICATION_RESPONSE_INVALID,
            "the answer to a notification is about something else",
        )
    };
    if response.sectors.len() != request.len() {
        return Err(invalid());
    }
    for (asked, answered) in request.iter().zip(&response.sectors) {
        if answered.added.len() != asked.added.len() {
            return Err(invalid());
        }
        if !answered.added.iter().all(|piece| piece.accepted) {
            return Err(Error::new(
                ERR_NOTIFICATION_REJECTED,
                format!("a piece of sector {} is not accepted", asked.sector),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
