//! Storage miners: sectors from pre-commit to expiry, their faults, fees and terminations, and who acts for the miner.

pub mod batch;
pub mod beneficiary;
pub mod bitfield;
pub mod claimed;
pub mod compact;
pub mod crowd;
pub mod dispute;
pub mod economy;
pub mod extend;
pub mod fault;
pub mod funds;
pub mod getter;
pub mod hostile;
pub mod lifecycle;
pub mod ni;
pub mod people;
pub mod post;
pub mod protocol;
pub mod snap;
pub mod terminate;

use filigree_actor_miner::params::{PieceActivationManifest, SectorActivationManifest};
use fvm_shared::piece::PaddedPieceSize;

use crate::onboard::{declare, piece_cid};

/// Data that nobody verified and nobody is told of, bytes.
fn piece(seed: u64, size: u64) -> PieceActivationManifest {
    PieceActivationManifest {
        cid: piece_cid(seed),
        size: PaddedPieceSize(size),
        verified_allocation_key: None,
        notify: Vec::new(),
    }
}

/// A sector with a piece of a GiB.
fn with_piece(sector_number: u64) -> SectorActivationManifest {
    SectorActivationManifest {
        sector_number,
        pieces: vec![piece(sector_number, 1 << 30)],
    }
}
