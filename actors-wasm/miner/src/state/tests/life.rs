//! A miner that lives through random operations.

use super::super::*;
use crate::bitfield_queue::bits;
use crate::deadline_info::deadline_available_for_compaction;
use crate::partition::Partition;
use crate::power::{PowerPair, power_for_sectors};
use crate::sector_map::PartitionSectorMap;
use crate::sectors::Sectors;
use crate::types::{PoStPartition, SectorOnChainInfo, Sizes};
use filigree_builtin::policy::MAINNET;
use fvm_ipld_blockstore::MemoryBlockstore;
use fvm_shared::sector::{RegisteredPoStProof, RegisteredSealProof, SectorSize};

/// Sectors that are faulty for three periods are terminated, so that it happens at all.
pub(super) const POLICY: Policy = Policy {
    fault_max_age: 3 * MAINNET.wpost_proving_period,
    ..MAINNET
};

const SIZE: SectorSize = SectorSize::_2KiB;
const SIZES: Sizes = Sizes {
    sector: SIZE,
    partition: 2,
};

/// An amount.
pub(super) fn atto(amount: u64) -> TokenAmount {
    TokenAmount::from_atto(amount)
}

/// A miner in its time.
pub(super) struct Life<'a> {
    store: &'a MemoryBlockstore,
    pub miner: Miner,
    pub now: ChainEpoch,
    next_sector: SectorNumber,
    /// All changes of active power together.
    pub power: PowerPair,
    choices: std::vec::IntoIter<u16>,
}

impl<'a> Life<'a> {
    /// A new miner. What comes is decided by the choices, one after the other; where there are none left, by the first of what there is to
    /// choose from.
    pub fn new(store: &'a MemoryBlockstore, choices: Vec<u16>) -> Self {
        let proof = RegisteredPoStProof::StackedDRGWindow2KiBV1P1;
        let info = MinerInfo::new(100, 101, vec![], Bytes::default(), vec![], proof).unwrap();
        let mut miner = Miner::new(&POLICY, store, &info, 60, 0).unwrap();
        miner.deadline_cron_active = true;
        Self {
            store,
            miner,
            now: 60,
            next_sector: 0,
            power: PowerPair::zero(),
            choices: choices.into_iter(),
        }
    }

    /// Whether there are choices left.
    pub fn goes_on(&self) -> bool {
        self.choices.len() > 0
    }

    /// A number below `limit`.
    pub fn pick(&mut self, limit: u64) -> u64 {
        self.choices.next().map_or(0, u64::from) % limit
    }

    #[track_caller]
    pub fn check(&self) {
        let least =
            &self.miner.pre_commit_deposits + &self.miner.locked_funds + &self.miner.initial_pledge;
        let broken = self.miner.check_invariants(&POLICY, self.store, &least);
        assert_eq!(broken, [], "epoch {}", self.now);
        assert_eq!(self.miner.active_power(self.store).unwrap(), self.power);
    }

    pub fn sector(&mut self) -> SectorOnChainInfo {
        let number = self.next_sector;
        self.next_sector += 1 + self.pick(2);
        let periods = 2 + self.pick(6) as i64;
        let expiration = self.now + periods * POLICY.wpost_proving_period + self.pick(99) as i64;
        SectorOnChainInfo {
            sector_number: number,
            seal_proof: RegisteredSealProof::StackedDRG2KiBV1P1,
            activation: self.now,
            power_base_epoch: self.now,
            expiration,
            verified_deal_weight: i128::from(self.pick(2_000)) * i128::from(expiration - self.now),
            initial_pledge: atto(1_000 + self.pick(1_000)),
            daily_fee: atto(10 + self.pick(10)),
            ..Default::default()
        }
    }

    pub fn add_sectors(&mut self) {
        let count = 1 + self.pick(9);
        let sectors: Vec<_> = (0..count).map(|_| self.sector()).collect();
        let numbers = bits(sectors.iter().map(|sector| sector.sector_number)).unwrap();
        let pledge: TokenAmount = sectors.iter().map(|sector| &sector.initial_pledge).sum();
        let (store, now) = (self.store, self.now);
        let policy = CollisionPolicy::DenyCollisions;
        let miner = &mut self.miner;
        miner
            .allocate_sector_numbers(store, &numbers, policy)
            .unwrap();
        miner.put_sectors(store, &sectors).unwrap();
        miner
            .assign_sectors_to_deadlines(&POLICY, store, now, sectors, SIZES)
            .unwrap();
        miner.add_initial_pledge(&pledge).unwrap();
    }

    /// Changes a deadline that is not open.
    pub fn change(
        &mut self,
        index: u64,
        change: impl FnOnce(&mut Self, &mut Deadline, &Sectors<&'a MemoryBlockstore>, QuantSpec),
    ) {
        let store = self.store;
        let mut deadlines = self.miner.load_deadlines(store).unwrap();
        let mut deadline = deadlines.load_deadline(store, index).unwrap();
        let sectors = Sectors::load(store, &self.miner.sectors).unwrap();
        let quant = self.miner.quant_spec_for_deadline(&POLICY, index);
        change(self, &mut deadline, &sectors, quant);
        deadlines
            .update_deadline(&POLICY, store, index, &deadline)
            .unwrap();
        self.miner.save_deadlines(store, &deadlines).unwrap();
    }

    /// A deadline other than the open one.
    pub fn other_deadline(&mut self) -> u64 {
        let open = self.miner.deadline_info(&POLICY, self.now).index;
        let near = self.pick(6);
        (open + 1 + near) % POLICY.wpost_period_deadlines
    }

    /// About a third of the sectors that `choose` finds in each partition.
    pub fn some(
        &mut self,
        deadline: &Deadline,
        choose: fn(&Partition) -> BitField,
    ) -> PartitionSectorMap {
        let mut map = PartitionSectorMap::default();
        let store = self.store;
        for index in 0..deadline.partitions_amt(store).unwrap().count() {
            let partition = deadline.load_partition(store, index).unwrap();
            let chosen: Vec<u64> = choose(&partition)
                .iter()
                .filter(|_| self.pick(3) == 0)
                .collect();
            if !chosen.is_empty() {
                map.add(index, bits(chosen).unwrap());
            }
        }
        map
    }

    pub fn declare_faults(&mut self) {
        let index = self.other_deadline();
        self.change(index, |life, deadline, sectors, quant| {
            let faults = life.some(deadline, |partition| partition.sectors.clone());
            let expiration = life.now + POLICY.fault_max_age;
            life.power += deadline
                .record_faults(life.store, sectors, SIZE, quant, expiration, &faults)
                .unwrap();
        });
    }

    pub fn declare_recoveries(&mut self) {
        let index = self.other_deadline();
        self.change(index, |life, deadline, sectors, _| {
            let recovered = life.some(deadline, |partition| partition.sectors.clone());
            deadline
                .declare_faults_recovered(life.store, sectors, SIZE, &recovered)
                .unwrap();
        });
    }

    pub fn terminate(&mut self) {
        let index = self.other_deadline();
        self.change(index, |life, deadline, sectors, quant| {
            let gone = life.some(deadline, Partition::live_sectors);
            let lost = deadline
                .terminate_sectors(life.store, sectors, life.now, &gone, SIZE, quant)
                .unwrap();
            life.power -= lost;
            if !gone.is_empty() {
                life.miner.early_terminations.set(index);
            }
        });
    }

    pub fn pay_terminations(&mut self) {
        let (max_partitions, max_sectors) = (1 + self.pick(3), 1 + self.pick(4));
        let store = self.store;
        let (result, has_more) = self
            .miner
            .pop_early_terminations(&POLICY, store, max_partitions, max_sectors)
            .unwrap();
        assert!(result.sectors_processed <= max_sectors);
        assert_eq!(has_more, !self.miner.early_terminations.is_empty());
        let mut pledge = TokenAmount::default();
        for numbers in result.sectors.values() {
            for number in numbers.iter() {
                pledge += self
                    .miner
                    .get_sector(store, number)
                    .unwrap()
                    .unwrap()
                    .initial_pledge;
            }
        }
        self.miner.add_initial_pledge(&-pledge).unwrap();
    }

    pub fn compact(&mut self) {
        let index = self.pick(POLICY.wpost_period_deadlines);
        let start = self.miner.current_proving_period_start(&POLICY, self.now);
        if !deadline_available_for_compaction(&POLICY, start, index, self.now) {
            return;
        }
        let before = self.miner.clone();
        let (store, mut dead) = (self.store, Ok(BitField::new()));
        self.change(index, |life, deadline, sectors, quant| {
            let count = deadline.partitions_amt(store).unwrap().count();
            let remove = bits((0..count).filter(|_| life.pick(2) == 0)).unwrap();
            dead = deadline.compact_partitions(store, sectors, SIZES, &remove, quant);
        });
        match dead {
            Ok(dead) => {
                let mut sectors = Sectors::load(store, &self.miner.sectors).unwrap();
                sectors.delete_sectors(&dead).unwrap();
                self.miner.sectors = sectors.flush().unwrap();
            }
            Err(error) => {
                // Faults, unproven sectors or terminations that are not paid.
                assert_eq!(error.code, ExitCode::USR_ILLEGAL_ARGUMENT);
                self.miner = before;
            }
        }
    }

    /// Sectors get a later end, another pledge and another fee.
    pub fn extend(&mut self) {
        let index = self.other_deadline();
        let mut replaced = Vec::new();
        let mut pledge = TokenAmount::default();
        self.change(index, |life, deadline, sectors, quant| {
            let store = life.store;
            let chosen = life.some(deadline, Partition::active_sectors);
            let mut partitions = deadline.partitions_amt(store).unwrap();
            for (key, numbers) in chosen.iter() {
                let mut partition = partitions.get(key).unwrap().unwrap();
                let old = sectors.load_sectors(numbers).unwrap();
                let mut new = old.clone();
                for sector in &mut new {
                    sector.expiration += POLICY.wpost_proving_period * 2;
                    sector.power_base_epoch = life.now;
                    sector.initial_pledge += atto(50);
                    sector.daily_fee += atto(5);
                }
                let (power, more, fee) = partition
                    .replace_sectors(store, &old, &new, SIZE, quant)
                    .unwrap();
                let expected = power_for_sectors(SIZE, &new) - power_for_sectors(SIZE, &old);
                assert_eq!(power, expected);
                partitions.set(key, &partition).unwrap();
                life.power += power;
                deadline.live_power += power;
                deadline.daily_fee += fee;
                pledge += more;
                for sector in &new {
                    deadline
                        .add_expiration_partitions(store, sector.expiration, &[key], quant)
                        .unwrap();
                }
                replaced.extend(new);
            }
            deadline.partitions = partitions.close().unwrap();
        });
        self.miner.put_sectors(self.store, &replaced).unwrap();
        self.miner.add_initial_pledge(&pledge).unwrap();
    }

    /// Proves most partitions of the open deadline, some with sectors left out, then closes it.
    pub fn close_deadline(&mut self) {
        let info = self.miner.deadline_info(&POLICY, self.now);
        self.change(info.index, |life, deadline, sectors, quant| {
            let count = deadline.partitions_amt(life.store).unwrap().count();
            let mut posts = Vec::new();
            let skipped = life.some(deadline, |partition| partition.sectors.clone());
            for index in 0..count {
                let skips = life.pick(4) == 0;
                let found = skipped.iter().find(|(at, _)| *at == index && skips);
                if life.pick(8) > 0 {
                    posts.push(PoStPartition {
                        index,
                        skipped: found
                            .map(|(_, skipped)| skipped.clone())
                            .unwrap_or_default(),
                    });
                }
            }
            let expiration = info.last() + POLICY.fault_max_age;
            let proven = deadline
                .record_proven_sectors(life.store, sectors, SIZE, quant, expiration, &posts)
                .unwrap();
            deadline
                .record_post_proofs(life.store, &proven.partitions, &[])
                .unwrap();
            life.power += proven.power_delta;
        });
        let before = self.miner.initial_pledge.clone();
        let result = self
            .miner
            .advance_deadline(&POLICY, self.store, info.last())
            .unwrap();
        self.power += result.power_delta;
        assert_eq!(&self.miner.initial_pledge - before, result.pledge_delta);
        self.now = info.close;
        let next = self.miner.recorded_deadline_info(&POLICY, self.now);
        assert_eq!(next, self.miner.deadline_info(&POLICY, self.now));
    }
}
