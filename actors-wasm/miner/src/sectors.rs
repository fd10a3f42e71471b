//! The sectors of a miner that are proven, by number (Filecoin spec, "Sector Lifecycle"; FIP-0076, "SectorOnChainInfo", for the data in them).

use std::cell::OnceCell;

use filigree_builtin::policy::MAX_SECTOR_NUMBER;
use filigree_sdk::collections::{Blocks, OpenArray};
use filigree_sdk::prelude::*;
use fvm_shared::sector::SectorNumber;

use crate::types::SectorOnChainInfo;

/// The sectors as they stand in state.
pub type SectorsArray = Array<SectorOnChainInfo, 5>;

/// The sectors, to look at some or change some. They are opened when the first is asked for: most proofs ask for none.
pub struct Sectors<S> {
    store: S,
    root: SectorsArray,
    amt: OnceCell<OpenSectors<S>>,
}

type OpenSectors<S> = OpenArray<S, SectorOnChainInfo, 5>;

impl<S: Blocks + Copy> Sectors<S> {
    /// The sectors with this root.
    pub fn load(store: S, sectors: &SectorsArray) -> Result<Self> {
        Ok(Self {
            store,
            root: *sectors,
            amt: OnceCell::new(),
        })
    }

    fn amt(&self) -> Result<&OpenSectors<S>> {
        match self.amt.get() {
            Some(amt) => Ok(amt),
            None => {
                let amt = self.root.open_in(self.store)?;
                Ok(self.amt.get_or_init(|| amt))
            }
        }
    }

    fn amt_mut(&mut self) -> Result<&mut OpenSectors<S>> {
        self.amt()?;
        let amt = self.amt.get_mut();
        amt.ok_or_else(|| Error::assertion_failed("sectors that were opened are closed"))
    }

    /// Writes what changed.
    pub fn flush(self) -> Result<SectorsArray> {
        match self.amt.into_inner() {
            Some(amt) => amt.close(),
            None => Ok(self.root),
        }
    }

    /// A sector.
    pub fn get(&self, number: SectorNumber) -> Result<Option<SectorOnChainInfo>> {
        self.amt()?.get(number)
    }

    /// A sector that must be there; fails with `USR_NOT_FOUND`.
    pub fn must_get(&self, number: SectorNumber) -> Result<SectorOnChainInfo> {
        let sector = self.get(number)?;
        sector.ok_or_else(|| Error::not_found(format!("there is no sector {number}")))
    }

    /// Sectors that must be there, in order; fails with `USR_NOT_FOUND`.
    pub fn load_sectors(&self, numbers: &BitField) -> Result<Vec<SectorOnChainInfo>> {
        numbers.iter().map(|number| self.must_get(number)).collect()
    }

    /// Adds or replaces sectors.
    pub fn store<'a>(
        &mut self,
        sectors: impl IntoIterator<Item = &'a SectorOnChainInfo>,
    ) -> Result<()> {
        for sector in sectors {
            let number = sector.sector_number;
            ensure!(
                number <= MAX_SECTOR_NUMBER,
                illegal_state,
                "sector number {number} is too large"
            );
            self.amt_mut()?.set(number, sector)?;
        }
        Ok(())
    }

    /// Removes sectors that must be there; fails with `USR_NOT_FOUND`.
    pub fn delete_sectors(&mut self, numbers: &BitField) -> Result<()> {
        for number in numbers.iter() {
            let removed = self.amt_mut()?.remove(number)?;
            ensure!(removed.is_some(), not_found, "there is no sector {number}");
        }
        Ok(())
    }

    /// The sectors to verify a proof against: in place of each that is faulty, the first that is not. None, if all are.
    pub fn load_for_proof(
        &self,
        proven: &BitField,
        faults: &BitField,
    ) -> Result<Vec<SectorOnChainInfo>> {
        match (proven - faults).first() {
            Some(stand_in) => self.load_with_fault_max(proven, faults, stand_in),
            None => Ok(Vec::new()),
        }
    }

    /// Sectors, with another one in place of each that is faulty.
    pub fn load_with_fault_max(
        &self,
        numbers: &BitField,
        faults: &BitField,
        stand_in: SectorNumber,
    ) -> Result<Vec<SectorOnChainInfo>> {
        let stand_in = self.must_get(stand_in)?;
        let load = |number| match faults.get(number) {
            true => Ok(stand_in.clone()),
            false => self.must_get(number),
        };
        numbers.iter().map(load).collect()
    }

    /// Visits all sectors, in order.
    pub fn for_each(&self, mut visit: impl FnMut(SectorOnChainInfo) -> Result<()>) -> Result<()> {
        self.amt()?.for_each(|_, sector| visit(sector))
    }
}

/// Those of some sectors that are in a set, all of which must be among them.
pub fn select_sectors<'a>(
    sectors: &'a [SectorOnChainInfo],
    numbers: &BitField,
) -> Result<Vec<&'a SectorOnChainInfo>> {
    let is_in = |sector: &&SectorOnChainInfo| numbers.get(sector.sector_number);
    let selected: Vec<_> = sectors.iter().filter(is_in).collect();
    ensure!(
        selected.len() as u64 == numbers.len(),
        illegal_state,
        "sectors are missing"
    );
    Ok(selected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitfield_queue::bits;
    use fvm_ipld_blockstore::MemoryBlockstore;

    fn sector(sector_number: SectorNumber) -> SectorOnChainInfo {
        SectorOnChainInfo {
            sector_number,
            ..Default::default()
        }
    }

    #[test]
    fn faulty_sectors_are_stood_in_for() {
        let store = MemoryBlockstore::new();
        let empty = OpenArray::empty(&store).close().unwrap();
        let mut sectors = Sectors::load(&store, &empty).unwrap();
        sectors.store(&[1, 2, 3, 9].map(sector)).unwrap();
        let closed = sectors.flush().unwrap();
        let mut sectors = Sectors::load(&store, &closed).unwrap();

        let numbers = |loaded: Vec<SectorOnChainInfo>| -> Vec<u64> {
            loaded.iter().map(|sector| sector.sector_number).collect()
        };
        let load = |proven: &[u64], faults: &[u64]| {
            let set = |numbers: &[u64]| bits(numbers.iter().copied()).unwrap();
            sectors.load_for_proof(&set(proven), &set(faults))
        };
        assert_eq!(numbers(load(&[1, 2, 3, 9], &[1, 3]).unwrap()), [2, 2, 2, 9]);
        assert_eq!(numbers(load(&[1, 2], &[1, 2]).unwrap()), [0; 0]);
        assert_eq!(
            load(&[1, 4], &[]).unwrap_err().code,
            ExitCode::USR_NOT_FOUND
        );
        // Faulty sectors need not be there.
        assert_eq!(numbers(load(&[1, 4], &[4]).unwrap()), [1, 1]);

        sectors.delete_sectors(&bits([2, 9]).unwrap()).unwrap();
        assert_eq!(sectors.get(9), Ok(None));
        let error = sectors.delete_sectors(&bits([9]).unwrap()).unwrap_err();
        assert_eq!(error.code, ExitCode::USR_NOT_FOUND);
        assert!(sectors.store(&[sector(MAX_SECTOR_NUMBER + 1)]).is_err());
    }

    #[test]
    fn selected_sectors_must_be_there() {
        let sectors = [1, 2, 3].map(sector);
        let select =
            |numbers: &[u64]| select_sectors(&sectors, &bits(numbers.iter().copied()).unwrap());
        assert_eq!(select(&[1, 3]).unwrap(), [&sectors[0], &sectors[2]]);
        assert!(select(&[1, 4]).is_err());
    }
}
