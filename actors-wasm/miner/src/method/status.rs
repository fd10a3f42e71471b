//! Where a sector is and how it does, for other actors (FIP-0112). To find a sector takes a search through all partitions, which somebody
//! does off chain; on chain it is then enough to look at one.

use filigree_builtin::policy::MAX_SECTOR_NUMBER;
use filigree_sdk::cbor;
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;
use fvm_shared::sector::SectorNumber;

use super::{illegal_argument, illegal_state};
use crate::params::{
    GenerateSectorLocationReturn, NOWHERE, SectorLocation, SectorStatusCode,
    ValidateSectorStatusParams,
};
use crate::partition::Partition;
use crate::state::Miner;
use crate::types::SectorOnChainInfo;

impl Miner {
    /// Fails unless a sector was proven and is in the state still.
    pub(crate) fn require_sector(&self, number: SectorNumber) -> Result<()> {
        ensure!(
            number <= MAX_SECTOR_NUMBER,
            illegal_argument,
            "there can be no sector {number}"
        );
        let sector = self.get_sector(ActorStore, number).map_err(illegal_state)?;
        ensure!(sector.is_some(), not_found, "there is no sector {number}");
        Ok(())
    }

    /// When a sector expires.
    pub(crate) fn expiration_of(&self, number: SectorNumber) -> Result<ChainEpoch> {
        let sector: Option<SectorOnChainInfo> = self.get_sector(ActorStore, number)?;
        match sector {
            Some(sector) => Ok(sector.expiration),
            None => Err(Error::not_found(format!("there is no sector {number}"))),
        }
    }

    /// Searches for a sector. One that is not in the state is dead, and nowhere.
    pub(crate) fn locate(&self, number: SectorNumber) -> Result<GenerateSectorLocationReturn> {
        if self.get_sector(ActorStore, number)?.is_none() {
            return told(SectorStatusCode::Dead, NOWHERE, NOWHERE);
        }
        let found = self
            .find_sector(ActorStore, number)
            .map_err(illegal_state)?;
        let (deadline, partition) =
            found.ok_or_else(|| Error::illegal_state("a sector that is in no partition"))?;
        let status = status_in(&self.partition_at(deadline, partition)?, number);
        told(status, deadline as i64, partition as i64)
    }

    /// Whether a sector does as expected, if it is where it is said to be.
    pub(crate) fn validate_status(&self, params: &ValidateSectorStatusParams) -> Result<bool> {
        let location: SectorLocation =
            cbor::decode(&params.aux_data.0).map_err(illegal_argument)?;
        let number = params.sector_number;
        ensure!(
            (location.deadline == NOWHERE) == (location.partition == NOWHERE),
            illegal_argument,
            "a deadline without a partition, or a partition without a deadline"
        );
        if location.deadline == NOWHERE {
            let sector = self.get_sector(ActorStore, number)?;
            ensure!(
                sector.is_none(),
                not_found,
                "sector {number} is not nowhere"
            );
            return Ok(params.status == SectorStatusCode::Dead);
        }
        let partition = self.partition_at(location.deadline as u64, location.partition as u64)?;
        ensure!(
            partition.sectors.get(number),
            not_found,
            "sector {number} is not in partition {} of deadline {}",
            location.partition,
            location.deadline
        );
        Ok(match params.status {
            SectorStatusCode::Faulty => partition.faults.get(number),
            status => status == status_in(&partition, number),
        })
    }

    fn partition_at(&self, deadline: u64, partition: u64) -> Result<Partition> {
        let deadlines = self.load_deadlines(ActorStore)?;
        let deadline = deadlines.load_deadline(ActorStore, deadline)?;
        deadline.load_partition(ActorStore, partition)
    }
}

fn told(
    status: SectorStatusCode,
    deadline: i64,
    partition: i64,
) -> Result<GenerateSectorLocationReturn> {
    let location = SectorLocation {
        deadline,
        partition,
    };
    Ok(GenerateSectorLocationReturn {
        status,
        aux_data: Bytes(cbor::encode(&location)?),
    })
}

fn status_in(partition: &Partition, number: SectorNumber) -> SectorStatusCode {
    if partition.terminated.get(number) {
        SectorStatusCode::Dead
    } else if partition.faults.get(number) {
        SectorStatusCode::Faulty
    } else {
        SectorStatusCode::Active
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_two_numbers() {
        let told = told(SectorStatusCode::Faulty, 300, 2).unwrap();
        assert_eq!(told.aux_data.0, [0x82, 0x19, 0x01, 0x2c, 0x02]);
        let nowhere = super::told(SectorStatusCode::Dead, NOWHERE, NOWHERE).unwrap();
        assert_eq!(nowhere.aux_data.0, [0x82, 0x20, 0x20]);
        assert_eq!(
            cbor::encode(&nowhere).unwrap(),
            [0x82, 0x00, 0x43, 0x82, 0x20, 0x20]
        );
    }
}
