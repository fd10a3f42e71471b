//! The methods of Lotus' miner, for the first miner of this process: what its tools call. Of several miners in one process
//! the namespace `Filigree` has the same with the miner named.

use std::sync::Arc;

use fvm_shared::ActorID;
use fvm_shared::address::Address;

use super::filigree::{find, in_background, told};
use crate::error::{Reply, RpcError};
use crate::json::filigree::{SectorName, SectorStatus};
use crate::methods;
use crate::services::Services;

methods! { Filecoin:
    /// The address of the first miner here.
    [read] ActorAddress() -> Address = address;

    /// The size of a miner's sectors, bytes.
    [read] ActorSectorSize(miner: Address) -> u64 = sector_size;

    /// Begins a sector of committed capacity, of the first miner here.
    [write wait] PledgeSector() -> SectorName = pledge;

    /// The numbers of the sectors that the first miner here works on.
    [read] SectorsList() -> Vec<u64> = list;

    /// How one of them is.
    [read] SectorsStatus(
        number: u64,
        /// Taken for Lotus' sake: what is on chain, `StateSectorGetInfo` tells.
        show_on_chain: bool,
    ) -> SectorStatus = status;

    /// Forgets one of them that is not on chain, and deletes its files.
    [admin] SectorRemove(number: u64) -> () = remove;
}

fn first(services: &Services) -> Reply<ActorID> {
    let first = services.operator.miners().first().copied();
    first.ok_or_else(|| RpcError::general("there is no miner in this process"))
}

fn address(services: &Services) -> Reply<Address> {
    Ok(Address::new_id(first(services)?))
}

fn sector_size(services: &Services, miner: Address) -> Reply<u64> {
    let view = services.states.view_before(&services.chain.head())?;
    Ok(view.miner(&miner)?.info()?.sector_size as u64)
}

async fn pledge(services: Arc<Services>) -> Reply<SectorName> {
    let miner = first(&services)?;
    let number = in_background(services, move |operator| operator.pledge(miner)).await?;
    Ok(SectorName { miner, number })
}

fn list(services: &Services) -> Reply<Vec<u64>> {
    let sectors = services.operator.sectors(first(services)?).map_err(told)?;
    Ok(sectors.iter().map(|sector| sector.number).collect())
}

fn status(services: &Services, number: u64, _show_on_chain: bool) -> Reply<SectorStatus> {
    find(
        services.operator.sectors(first(services)?).map_err(told)?,
        number,
    )
}

fn remove(services: &Services, number: u64) -> Reply<()> {
    let miner = first(services)?;
    services.operator.remove(miner, number).map_err(told)
}
