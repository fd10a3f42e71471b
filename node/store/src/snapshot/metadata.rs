//! The first block of a snapshot of version 2 (FRC-0108).

use cid::Cid;
use serde::{Deserialize, Serialize};

/// The version of the layout that has such a block.
pub(super) const VERSION: u64 = 2;

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Metadata {
    pub version: u64,
    pub head_tipset_key: Vec<Cid>,
    /// A raw block that follows: certificates of fast finality.
    #[serde(rename = "F3Data")]
    pub f3_data: Option<Cid>,
}
