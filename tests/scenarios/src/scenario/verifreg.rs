//! The verified registry: from the root to verifiers, clients, allocations and claims, and back.

pub mod allocation;
pub mod claim;
pub mod crowd;
pub mod grant;
pub mod removal;
pub mod term;

use filigree_actor_verifreg::{
    AllocationClaim, AllocationId, AllocationRequest, ClaimAllocationsParams,
    SectorAllocationClaims,
};
use filigree_builtin::BatchReturn;
use filigree_sandbox::Account;
use filigree_sdk::prelude::*;

const OK: ExitCode = ExitCode::OK;
const ILLEGAL: ExitCode = ExitCode::USR_ILLEGAL_ARGUMENT;
const FORBIDDEN: ExitCode = ExitCode::USR_FORBIDDEN;
const LOST: ExitCode = ExitCode::USR_NOT_FOUND;

/// What a miner claims: just what a client asked for.
fn claim(client: Account, id: AllocationId, request: &AllocationRequest) -> AllocationClaim {
    AllocationClaim {
        client: client.id,
        allocation_id: id,
        data: request.data,
        size: request.size,
    }
}

fn sector(sector: u64, expiry: ChainEpoch, claims: Vec<AllocationClaim>) -> SectorAllocationClaims {
    SectorAllocationClaims {
        sector,
        expiry,
        claims,
    }
}

fn claims(sectors: Vec<SectorAllocationClaims>, all_or_nothing: bool) -> ClaimAllocationsParams {
    ClaimAllocationsParams {
        sectors,
        all_or_nothing,
    }
}

/// What became of a batch.
#[track_caller]
fn expect(batch: &BatchReturn, codes: &[ExitCode]) {
    assert_eq!(batch.codes(), codes);
}
