//! Who acts for the miner, and who earns.

use filigree_sdk::prelude::*;

use crate::types::{BeneficiaryTerm, PendingBeneficiaryChange};

/// Parameters of ChangeWorkerAddress.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeWorkerAddressParams {
    /// Whose key will sign: an account with a BLS key.
    pub new_worker: Address,
    /// Who else may act for the miner, at once and instead of those before.
    pub new_control_addresses: Vec<Address>,
}

/// Parameters of ChangePeerID.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangePeerIdParams {
    /// The libp2p peer id.
    pub new_id: Bytes,
}

/// Parameters of ChangeMultiaddrs.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeMultiaddrsParams {
    /// Where to reach the miner.
    pub new_multi_addrs: Vec<Bytes>,
}

/// What GetPeerID returns.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetPeerIdReturn {
    /// The libp2p peer id.
    pub peer_id: Bytes,
}

/// What GetMultiaddrs returns.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetMultiaddrsReturn {
    /// Where to reach the miner.
    pub multi_addrs: Vec<Bytes>,
}

/// What GetOwner returns.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetOwnerReturn {
    /// Who owns the miner.
    pub owner: Address,
    /// Who shall own it, and has not confirmed yet.
    pub proposed: Option<Address>,
}

/// Parameters of ChangeBeneficiary: a proposal, or the one that is confirmed.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeBeneficiaryParams {
    /// Who shall earn.
    pub new_beneficiary: Address,
    /// How much it may withdraw, attoFIL.
    pub new_quota: TokenAmount,
    /// Until when.
    pub new_expiration: ChainEpoch,
}

/// Who earns, and on what terms.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveBeneficiary {
    /// Who.
    pub beneficiary: Address,
    /// How much and until when.
    pub term: BeneficiaryTerm,
}

/// What GetBeneficiary returns.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetBeneficiaryReturn {
    /// Who earns.
    pub active: ActiveBeneficiary,
    /// Who shall, and has not been confirmed yet.
    pub proposed: Option<PendingBeneficiaryChange>,
}
