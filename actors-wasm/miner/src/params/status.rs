//! Where a sector is, and how it does.

use filigree_sdk::prelude::*;
use fvm_shared::sector::SectorNumber;

/// In place of a deadline or partition: the sector is in none.
pub const NOWHERE: i64 = -1;

/// How a sector does.
#[tuple]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum SectorStatusCode {
    /// It was terminated, or never committed.
    Dead = 0,
    /// It is neither terminated nor faulty.
    Active = 1,
    /// It is faulty.
    Faulty = 2,
}

/// Where a sector is.
#[tuple]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectorLocation {
    /// The deadline, or [`NOWHERE`].
    pub deadline: i64,
    /// The partition of the deadline, or [`NOWHERE`].
    pub partition: i64,
}

/// Parameters of CheckSectorProven.
#[tuple]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckSectorProvenParams {
    /// The sector.
    pub sector_number: SectorNumber,
}

/// Parameters of GenerateSectorLocation.
#[tuple]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenerateSectorLocationParams {
    /// The sector.
    pub sector_number: SectorNumber,
}

/// What GenerateSectorLocation returns.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GenerateSectorLocationReturn {
    /// How it does.
    pub status: SectorStatusCode,
    /// Where it is: a [`SectorLocation`], encoded.
    pub aux_data: Bytes,
}

/// Parameters of ValidateSectorStatus.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidateSectorStatusParams {
    /// The sector.
    pub sector_number: SectorNumber,
    /// How it should do.
    pub status: SectorStatusCode,
    /// Where it is, as GenerateSectorLocation told.
    pub aux_data: Bytes,
}
