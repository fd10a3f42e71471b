//! What is wrong with a miner's state: all of it is read, and what is noted twice is compared. For nodes, tools and tests; the actor does not
//! run it.
//!
//! In reading order: this file (the miner, its money, its sectors), `deadline` (deadlines), `partition` (partitions and what ends when).

mod deadline;
mod partition;

use std::collections::BTreeMap;

use filigree_builtin::{Broken, Invariants, Policy};
use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;
use fvm_shared::sector::SectorNumber;

use crate::block;
use crate::power::PowerPair;
use crate::sectors::Sectors;
use crate::state::Miner;
use crate::types::{MinerInfo, SectorOnChainInfo};

/// All sectors that are proven.
type AllSectors = BTreeMap<SectorNumber, SectorOnChainInfo>;

/// What all deadlines come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Totals {
    /// Every sector in a partition.
    sectors: BitField,
    /// Power that counts.
    active_power: PowerPair,
    /// Pledge of sectors that are live, or terminated early and not paid for, attoFIL.
    pledge: TokenAmount,
    /// Deadlines with sectors that were terminated early and are not paid for.
    early_terminations: BitField,
}

/// What is checked against.
struct Checker<'a, S> {
    policy: &'a Policy,
    store: S,
    miner: &'a Miner,
    info: MinerInfo,
    sectors: AllSectors,
    invariants: Invariants,
}

impl Miner {
    /// What is wrong with the state, given the actor's balance.
    pub fn check_invariants<S: Blocks + Copy>(
        &self,
        policy: &Policy,
        store: S,
        balance: &TokenAmount,
    ) -> Vec<Broken> {
        let mut invariants = Invariants::default();
        let read = self.get_info(store).and_then(|info| {
            let mut sectors = AllSectors::new();
            Sectors::load(store, &self.sectors)?.for_each(|sector| {
                sectors.insert(sector.sector_number, sector);
                Ok(())
            })?;
            Ok((info, sectors))
        });
        let (info, sectors) = match read {
            Ok(read) => read,
            Err(error) => {
                invariants.require(false, "miner/readable", || error.to_string());
                return invariants.into_broken();
            }
        };
        let mut checker = Checker {
            policy,
            store,
            miner: self,
            info,
            sectors,
            invariants,
        };
        let read = checker.check_all(balance);
        checker.note(read);
        checker.invariants.into_broken()
    }

    /// Active power of a miner, as the power actor should have it.
    pub fn active_power<S: Blocks + Copy>(&self, store: S) -> Result<PowerPair> {
        let mut power = PowerPair::zero();
        self.load_deadlines(store)?.for_each(store, |_, deadline| {
            deadline.partitions_amt(store)?.for_each(|_, partition| {
                power += partition.active_power();
                Ok(())
            })
        })?;
        Ok(power)
    }
}

impl<S: Blocks + Copy> Checker<'_, S> {
    fn require(&mut self, holds: bool, name: &'static str, found: impl FnOnce() -> String) {
        self.invariants.require(holds, name, found);
    }

    fn check_all(&mut self, balance: &TokenAmount) -> Result<()> {
        self.check_info()?;
        self.check_precommits()?;
        self.check_sectors()?;
        self.check_deadlines()?;
        self.check_money(balance)
    }

    /// Notes what cannot be read.
    fn note(&mut self, read: Result<()>) {
        if let Err(error) = read {
            self.require(false, "miner/readable", || error.to_string());
        }
    }

    fn check_info(&mut self) -> Result<()> {
        let info = self.info.clone();
        let mut addresses = vec![info.owner, info.worker, info.beneficiary];
        addresses.extend(&info.control_addresses);
        addresses.extend(info.pending_worker_key.map(|change| change.new_worker));
        addresses.extend(info.pending_owner_address);
        addresses.extend(
            info.pending_beneficiary_term
                .map(|term| term.new_beneficiary),
        );
        for address in addresses {
            self.require(address.id().is_ok(), "miner/address-is-id", || {
                address.to_string()
            });
        }
        let proof = info.window_post_proof_type;
        self.require(
            proof.sector_size() == Ok(info.sector_size),
            "miner/sector-size",
            || format!("{} bytes, proof type {proof:?}", info.sector_size as u64),
        );
        let size = info.window_post_partition_sectors;
        self.require(
            proof.window_post_partition_sectors() == Ok(size),
            "miner/partition-size",
            || format!("{size} sectors, proof type {proof:?}"),
        );
        Ok(())
    }

    fn check_precommits(&mut self) -> Result<()> {
        let allocated: BitField = block::load(self.store, &self.miner.allocated_sectors)?;
        let mut to_clean_up = BitField::new();
        let quant = self.miner.quant_spec_every_deadline(self.policy);
        let queue = self
            .miner
            .pre_committed_sectors_cleanup
            .open_in(self.store)?;
        let mut epochs = Vec::new();
        queue.for_each(|key, numbers| {
            epochs.push(key as ChainEpoch);
            to_clean_up |= &numbers;
            Ok(())
        })?;
        for epoch in epochs {
            self.require(
                quant.quantize_up(epoch) == epoch,
                "miner/clean-up-epoch",
                || format!("{epoch} begins no deadline"),
            );
        }
        let mut deposits = TokenAmount::default();
        let mut announced = Vec::new();
        let map = self.miner.pre_committed_sectors.open_in(self.store)?;
        map.for_each(|number, precommit| {
            deposits += precommit.pre_commit_deposit;
            announced.push((number, precommit.info.sector_number));
            Ok(())
        })?;
        for (key, number) in announced {
            self.require(key == number, "miner/precommit-number", || {
                format!("sector {number} stands under {key}")
            });
            self.require(
                allocated.get(number),
                "miner/precommit-is-allocated",
                || format!("sector {number}"),
            );
            self.require(
                to_clean_up.get(number),
                "miner/precommit-is-cleaned-up",
                || format!("sector {number}"),
            );
            let is_proven = self.sectors.contains_key(&number);
            self.require(!is_proven, "miner/precommit-is-not-proven", || {
                format!("sector {number}")
            });
        }
        let noted = &self.miner.pre_commit_deposits;
        self.invariants
            .require(*noted == deposits, "miner/deposits", || {
                format!("{noted}, those of all announced sectors are {deposits}")
            });
        Ok(())
    }

    fn check_sectors(&mut self) -> Result<()> {
        let allocated: BitField = block::load(self.store, &self.miner.allocated_sectors)?;
        for (number, sector) in &self.sectors {
            let found = || format!("sector {number}");
            let invariants = &mut self.invariants;
            invariants.require(allocated.get(*number), "miner/sector-is-allocated", found);
            invariants.require(
                *number == sector.sector_number,
                "miner/sector-number",
                found,
            );
            invariants.require(
                sector.activation <= sector.power_base_epoch
                    && sector.power_base_epoch < sector.expiration,
                "miner/sector-epochs",
                found,
            );
            invariants.require(
                !sector.initial_pledge.is_negative() && !sector.daily_fee.is_negative(),
                "miner/sector-money",
                found,
            );
        }
        Ok(())
    }

    fn check_deadlines(&mut self) -> Result<()> {
        let (policy, miner, store) = (self.policy, self.miner, self.store);
        let current = miner.current_deadline;
        self.require(
            current < policy.wpost_period_deadlines,
            "miner/current-deadline",
            || current.to_string(),
        );
        let mut totals = Totals::default();
        let deadlines = miner.load_deadlines(store)?;
        self.require(
            deadlines.due.len() as u64 == policy.wpost_period_deadlines,
            "miner/deadlines",
            || deadlines.due.len().to_string(),
        );
        deadlines.for_each(store, |index, deadline| {
            let read = self.check_deadline(index, &deadline, &mut totals);
            self.note(read);
            Ok(())
        })?;
        let proven: Vec<SectorNumber> = self.sectors.keys().copied().collect();
        for number in proven {
            self.require(
                totals.sectors.get(number),
                "miner/sector-has-a-partition",
                || format!("sector {number}"),
            );
        }
        let noted = &miner.early_terminations;
        self.require(
            *noted == totals.early_terminations,
            "miner/early-terminations",
            || {
                let found = &totals.early_terminations;
                format!("{:?}, should be {:?}", numbers(noted), numbers(found))
            },
        );
        let noted = &miner.initial_pledge;
        self.require(*noted == totals.pledge, "miner/pledge", || {
            format!("{noted}, that of all sectors is {}", totals.pledge)
        });
        Ok(())
    }

    fn check_money(&mut self, balance: &TokenAmount) -> Result<()> {
        let miner = self.miner;
        let checked = miner.check_balance_invariants(balance);
        self.require(checked.is_ok(), "miner/balance", || {
            checked.map_or_else(|error| error.to_string(), |()| String::new())
        });
        let funds = miner.vesting_funds.load(self.store)?;
        let mut sum = TokenAmount::default();
        let mut last = ChainEpoch::MIN;
        for fund in funds {
            self.require(
                fund.epoch > last && !fund.amount.is_negative(),
                "miner/vesting-table",
                || format!("{} at {} after {last}", fund.amount, fund.epoch),
            );
            last = fund.epoch;
            sum += fund.amount;
        }
        self.require(miner.locked_funds == sum, "miner/locked-funds", || {
            format!("{}, the table has {sum}", miner.locked_funds)
        });
        let is_active = miner.deadline_cron_active;
        // The deposit of a new miner is locked before there is anything to do.
        let needs_cron = !miner.pre_commit_deposits.is_zero() || !miner.initial_pledge.is_zero();
        self.require(is_active || !needs_cron, "miner/cron-is-active", || {
            "there are deposits or pledges, and cron does not run".to_owned()
        });
        Ok(())
    }
}

fn numbers(set: &BitField) -> Vec<u64> {
    set.iter().collect()
}
