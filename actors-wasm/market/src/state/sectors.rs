//! Which deals a sector has, by provider and sector, so that they can be ended with it (FIP-0076).

use filigree_sdk::collections::{Blocks, OpenMap};
use filigree_sdk::prelude::*;
use fvm_shared::sector::SectorNumber;

use super::ProviderSectors;
use crate::deal::DealId;

/// A deal in a sector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Placed {
    /// The miner.
    pub provider: ActorID,
    /// Its sector.
    pub sector: SectorNumber,
    /// The deal.
    pub deal: DealId,
}

/// The sectors of a provider while they are used.
struct OpenSectors<S> {
    all: OpenMap<S, ActorID, super::SectorDealIds>,
    provider: ActorID,
    sectors: OpenMap<S, SectorNumber, Vec<DealId>>,
}

impl<S: Blocks + Clone> OpenSectors<S> {
    fn open(
        all: OpenMap<S, ActorID, super::SectorDealIds>,
        provider: ActorID,
        store: &S,
    ) -> Result<Self> {
        let sectors = match all.get(&provider)? {
            Some(sectors) => sectors.open_in(store.clone())?,
            None => OpenMap::empty(store.clone()),
        };
        Ok(Self {
            all,
            provider,
            sectors,
        })
    }

    /// Puts the provider's sectors back. A provider without sectors is removed.
    fn close(mut self) -> Result<OpenMap<S, ActorID, super::SectorDealIds>> {
        if self.sectors.is_empty() {
            self.all.remove(&self.provider)?;
        } else {
            self.all.set(&self.provider, &self.sectors.close()?)?;
        }
        Ok(self.all)
    }
}

/// Adds deals to sectors of a provider. A sector is noted even if it has none.
pub fn add<S: Blocks + Clone>(
    index: &ProviderSectors,
    store: S,
    provider: ActorID,
    added: Vec<(SectorNumber, Vec<DealId>)>,
) -> Result<ProviderSectors> {
    let mut open = OpenSectors::open(index.open_in(store.clone())?, provider, &store)?;
    for (sector, mut deals) in added {
        deals.extend(open.sectors.get(&sector)?.unwrap_or_default());
        deals.sort_unstable();
        deals.dedup();
        open.sectors.set(&sector, &deals)?;
    }
    open.close()?.close()
}

/// Takes sectors of a provider out; gives their deals.
pub fn take<S: Blocks + Clone>(
    index: &ProviderSectors,
    store: S,
    provider: ActorID,
    taken: &BitField,
) -> Result<(ProviderSectors, Vec<DealId>)> {
    let mut open = OpenSectors::open(index.open_in(store.clone())?, provider, &store)?;
    let (mut deals, mut found) = (Vec::new(), false);
    for sector in taken.iter() {
        if let Some(of_sector) = open.sectors.remove(&sector)? {
            deals.extend(of_sector);
            found = true;
        }
    }
    let index = match found {
        true => open.close()?.close()?,
        false => *index,
    };
    Ok((index, deals))
}

/// Takes single deals out of sectors. A sector without deals is removed; those that are not there do not matter.
pub fn remove<S: Blocks + Clone>(
    index: &ProviderSectors,
    store: S,
    mut removed: Vec<Placed>,
) -> Result<ProviderSectors> {
    if removed.is_empty() {
        return Ok(*index);
    }
    removed.sort_unstable();
    let mut all = index.open_in(store.clone())?;
    for of_provider in removed.chunk_by(|one, other| one.provider == other.provider) {
        let provider = of_provider[0].provider;
        let (mut open, mut found) = (OpenSectors::open(all, provider, &store)?, false);
        for of_sector in of_provider.chunk_by(|one, other| one.sector == other.sector) {
            let sector = of_sector[0].sector;
            let Some(mut deals) = open.sectors.get(&sector)? else {
                continue;
            };
            found = true;
            deals.retain(|deal| !of_sector.iter().any(|placed| placed.deal == *deal));
            match deals.is_empty() {
                true => open.sectors.remove(&sector).map(drop)?,
                false => open.sectors.set(&sector, &deals)?,
            }
        }
        all = match found {
            true => open.close()?,
            false => open.all,
        };
    }
    all.close()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fvm_ipld_blockstore::MemoryBlockstore;

    /// All deals, as `(provider, sector, deals)`, in order.
    fn contents(
        index: &ProviderSectors,
        store: &MemoryBlockstore,
    ) -> Vec<(ActorID, SectorNumber, Vec<DealId>)> {
        let mut all = Vec::new();
        let map = index.open_in(store).unwrap();
        let visit = |provider, sectors: super::super::SectorDealIds| {
            let sectors = sectors.open_in(store)?;
            sectors.for_each(|sector, deals| {
                all.push((provider, sector, deals));
                Ok(())
            })
        };
        map.for_each(visit).unwrap();
        all.sort_unstable();
        all
    }

    fn placed(provider: ActorID, sector: SectorNumber, deal: DealId) -> Placed {
        Placed {
            provider,
            sector,
            deal,
        }
    }

    #[test]
    fn sectors_keep_their_deals_in_order() {
        let store = MemoryBlockstore::new();
        let empty = OpenMap::empty(&store).close().unwrap();
        let added = vec![(5, vec![9, 3]), (6, vec![]), (5, vec![4, 3])];
        let index = add(&empty, &store, 1_000, added).unwrap();
        let index = add(&index, &store, 1_001, vec![(5, vec![7])]).unwrap();
        let expected = [
            (1_000, 5, vec![3, 4, 9]),
            (1_000, 6, vec![]),
            (1_001, 5, vec![7]),
        ];
        assert_eq!(contents(&index, &store), expected);
        // Nothing added by someone without sectors is nothing.
        assert_eq!(add(&index, &store, 1_002, vec![]).unwrap(), index);
    }

    #[test]
    fn whole_sectors_are_taken() {
        let store = MemoryBlockstore::new();
        let empty = OpenMap::empty(&store).close().unwrap();
        let added = vec![(5, vec![3]), (6, vec![]), (70, vec![1, 2])];
        let index = add(&empty, &store, 1_000, added).unwrap();
        let sectors = |numbers: &[u64]| BitField::try_from_bits(numbers.iter().copied()).unwrap();
        let (same, deals) = take(&index, &store, 1_000, &sectors(&[4, 7])).unwrap();
        assert_eq!((same, deals), (index, vec![]));
        let (same, deals) = take(&index, &store, 1_001, &sectors(&[5])).unwrap();
        assert_eq!((same, deals), (index, vec![]));
        let (less, deals) = take(&index, &store, 1_000, &sectors(&[4, 5, 70])).unwrap();
        assert_eq!(deals, [3, 1, 2]);
        assert_eq!(contents(&less, &store), [(1_000, 6, vec![])]);
        let (none, deals) = take(&less, &store, 1_000, &sectors(&[6])).unwrap();
        assert_eq!((none, deals), (empty, vec![]));
    }

    #[test]
    fn single_deals_are_removed() {
        let store = MemoryBlockstore::new();
        let empty = OpenMap::empty(&store).close().unwrap();
        let index = add(
            &empty,
            &store,
            1_000,
            vec![(5, vec![1, 2, 3]), (6, vec![4])],
        )
        .unwrap();
        let index = add(&index, &store, 1_001, vec![(5, vec![7])]).unwrap();
        let removed = vec![
            placed(1_001, 5, 7),
            placed(1_000, 5, 3),
            placed(1_002, 5, 3),
            placed(1_000, 6, 4),
            placed(1_000, 5, 1),
            placed(1_000, 9, 1),
        ];
        let less = remove(&index, &store, removed).unwrap();
        assert_eq!(contents(&less, &store), [(1_000, 5, vec![2])]);
        let same = remove(&less, &store, vec![placed(1_000, 5, 99), placed(5, 5, 5)]);
        assert_eq!(same.unwrap(), less);
        let none = remove(&less, &store, vec![placed(1_000, 5, 2)]).unwrap();
        assert_eq!(none, empty);
    }
}
