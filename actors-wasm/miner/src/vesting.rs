//! Money that is freed over time: rewards, and the deposit of a new miner (FIP-0004, FIP-0077; FIP-0100, "Optimization of
//! VestingFunds", for the layout with a head of its own).
//!
//! An amount is free in the epoch after the one it stands under. What comes next stands in the miner's state, so that penalties can often be
//! taken from it without reading the rest.

use filigree_sdk::collections::Blocks;
use filigree_sdk::prelude::*;

use crate::block;
use crate::int::Int;
use crate::policy::VestSpec;
use crate::quantize::QuantSpec;

/// An amount that will be free.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VestingFund {
    /// The last epoch in which it is not.
    pub epoch: ChainEpoch,
    /// How much, attoFIL.
    pub amount: TokenAmount,
}

/// All amounts, by epoch; nothing, if there are none.
#[tuple(transparent)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VestingFunds(Option<Table>);

/// The first amount, and where the others are.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
struct Table {
    head: Entry,
    /// A list of [`Entry`]s.
    tail: Cid,
}

/// A [`VestingFund`] as it is counted: all that there ever will be is less than 2^91 attoFIL.
#[tuple]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    epoch: ChainEpoch,
    amount: Int,
}

impl VestingFunds {
    /// No amounts.
    pub fn new() -> Self {
        Self::default()
    }

    /// All amounts, in order. Penalties may have left nothing of the first; then it is not among them.
    pub fn load<S: Blocks + Copy>(&self, store: S) -> Result<Vec<VestingFund>> {
        let fund = |entry: Entry| VestingFund {
            epoch: entry.epoch,
            amount: TokenAmount::from_atto(entry.amount.0),
        };
        Ok(self.entries(store)?.into_iter().map(fund).collect())
    }

    fn entries<S: Blocks + Copy>(&self, store: S) -> Result<Vec<Entry>> {
        let Some(table) = &self.0 else {
            return Ok(Vec::new());
        };
        let mut entries: Vec<Entry> = block::load(store, &table.tail)?;
        if table.head.amount.0 > 0 {
            entries.insert(0, table.head);
        }
        Ok(entries)
    }

    fn save<S: Blocks + Copy>(&mut self, store: S, entries: &[Entry]) -> Result<()> {
        self.0 = match entries.split_first() {
            None => None,
            Some((head, tail)) => Some(Table {
                head: *head,
                tail: block::save(store, &tail)?,
            }),
        };
        Ok(())
    }

    /// Frees what is due before an epoch; gives how much, attoFIL.
    pub fn unlock_vested_funds<S: Blocks + Copy>(
        &mut self,
        store: S,
        now: ChainEpoch,
    ) -> Result<TokenAmount> {
        match &self.0 {
            Some(table) if table.head.epoch < now => {}
            _ => return Ok(TokenAmount::default()),
        }
        let entries = self.entries(store)?;
        self.save_after(store, &entries, now)
    }

    /// Keeps what is not due before an epoch; gives how much the rest is, attoFIL.
    fn save_after<S: Blocks + Copy>(
        &mut self,
        store: S,
        entries: &[Entry],
        now: ChainEpoch,
    ) -> Result<TokenAmount> {
        let (due, kept) = split(entries, now);
        self.save(store, kept)?;
        Ok(TokenAmount::from_atto(sum(due)))
    }

    /// Adds an amount that is freed as `spec` says, and frees what is due before this epoch; gives how much the latter is, attoFIL. Steps
    /// are counted from the beginning of the proving period.
    pub fn add_locked_funds<S: Blocks + Copy>(
        &mut self,
        store: S,
        now: ChainEpoch,
        amount: &TokenAmount,
        proving_period_start: ChainEpoch,
        spec: &VestSpec,
    ) -> Result<TokenAmount> {
        let quant = QuantSpec {
            unit: spec.quantization,
            offset: proving_period_start,
        };
        let old = self.entries(store)?;
        let both = merge(&old, &schedule(now, count(amount)?, quant, spec)?);
        self.save_after(store, &both, now)
    }

    /// Frees what is due before this epoch, and of the rest, what comes soonest first, as much as `target` if there is. Gives both, attoFIL.
    pub fn unlock_vested_and_unvested_funds<S: Blocks + Copy>(
        &mut self,
        store: S,
        now: ChainEpoch,
        target: &TokenAmount,
    ) -> Result<(TokenAmount, TokenAmount)> {
        // Penalties may be more than there is in all.
        let wanted = i128::try_from(target.atto()).unwrap_or(i128::MAX);
        let Some(table) = &mut self.0 else {
            return Ok(Default::default());
        };
        if table.head.epoch >= now && table.head.amount.0 >= wanted {
            table.head.amount.0 -= wanted;
            return Ok((TokenAmount::default(), target.clone()));
        }
        let entries = self.entries(store)?;
        let (due, kept) = split(&entries, now);
        let (mut missing, mut kept) = (wanted, kept.to_vec());
        let mut gone = 0;
        while let Some(entry) = kept.get_mut(gone) {
            if entry.amount.0 >= missing {
                entry.amount.0 -= missing;
                missing = 0;
                break;
            }
            missing -= entry.amount.0;
            gone += 1;
        }
        self.save(store, &kept[gone..])?;
        let [vested, unvested] = [sum(due), wanted - missing].map(TokenAmount::from_atto);
        Ok((vested, unvested))
    }
}

/// What is due before an epoch, and what is not.
fn split(entries: &[Entry], now: ChainEpoch) -> (&[Entry], &[Entry]) {
    entries.split_at(entries.partition_point(|entry| entry.epoch < now))
}

fn sum(entries: &[Entry]) -> i128 {
    entries.iter().map(|entry| entry.amount.0).sum()
}

/// An amount in attoFIL. Fails with `USR_ILLEGAL_STATE` if it is more than there can be.
fn count(amount: &TokenAmount) -> Result<i128> {
    i128::try_from(amount.atto()).map_err(|_| too_much())
}

fn too_much() -> Error {
    Error::illegal_state("more is to be locked than there can be")
}

/// When which part of an amount is freed: in steps, each as much as is due by then.
fn schedule(
    now: ChainEpoch,
    amount: i128,
    quant: QuantSpec,
    spec: &VestSpec,
) -> Result<Vec<Entry>> {
    let begin = now + spec.initial_delay;
    let period = i128::from(spec.vest_period);
    amount.checked_mul(period).ok_or_else(too_much)?;
    let (mut entries, mut freed) = (Vec::new(), 0);
    let mut step = begin;
    while freed < amount {
        step += spec.step_duration;
        let epoch = quant.quantize_up(step);
        let elapsed = i128::from(epoch - begin);
        let due = match elapsed < period {
            true => amount * elapsed / period,
            false => amount,
        };
        let amount = Int(due - freed);
        entries.push(Entry { epoch, amount });
        freed = due;
    }
    Ok(entries)
}

/// Both schedules in one; amounts of an epoch are added.
fn merge(mut one: &[Entry], mut other: &[Entry]) -> Vec<Entry> {
    let mut both: Vec<Entry> = Vec::with_capacity(one.len() + other.len());
    loop {
        let next = match (one.split_first(), other.split_first()) {
            (Some((a, rest)), b) if b.is_none_or(|(b, _)| a.epoch <= b.epoch) => {
                one = rest;
                *a
            }
            (_, Some((b, rest))) => {
                other = rest;
                *b
            }
            _ => return both,
        };
        match both.last_mut() {
            Some(last) if last.epoch == next.epoch => last.amount.0 += next.amount.0,
            _ => both.push(next),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::REWARD_VESTING_SPEC;
    use fvm_ipld_blockstore::MemoryBlockstore;

    /// A tenth each ten epochs, beginning at once.
    const SPEC: VestSpec = VestSpec {
        initial_delay: 0,
        vest_period: 100,
        step_duration: 10,
        quantization: 10,
    };

    fn atto(amount: u64) -> TokenAmount {
        TokenAmount::from_atto(amount)
    }

    #[track_caller]
    fn check(funds: &VestingFunds, store: &MemoryBlockstore, expected: &[(ChainEpoch, u64)]) {
        let expected = expected.iter().map(|(epoch, amount)| VestingFund {
            epoch: *epoch,
            amount: atto(*amount),
        });
        assert_eq!(funds.load(store).unwrap(), expected.collect::<Vec<_>>());
    }

    #[test]
    fn rewards_are_freed_over_180_days() {
        let quant = QuantSpec {
            unit: 1_440,
            offset: 59,
        };
        let amount = 1_000 * 10i128.pow(18);
        let entries = schedule(1_000, amount, quant, &REWARD_VESTING_SPEC).unwrap();
        // The first day ends at 3880, rounded up to 59 + 1440 · 3 = 4379; each step is a day later; 180 days end at 519 400.
        assert_eq!(entries.len(), 180);
        assert_eq!(entries[0].epoch, 4_379);
        assert_eq!(entries[0].amount.0, amount * 3_379 / 518_400);
        assert_eq!(entries[1].epoch, 7_259);
        assert_eq!(entries[179].epoch, 519_899);
        assert_eq!(sum(&entries), amount);
        // All FIL there will ever be can be counted, and no more than can be is.
        let all = 2_000_000_000 * 10i128.pow(18);
        assert_eq!(
            sum(&schedule(0, all, quant, &REWARD_VESTING_SPEC).unwrap()),
            all
        );
        assert!(schedule(0, i128::MAX, quant, &REWARD_VESTING_SPEC).is_err());
    }

    #[test]
    fn what_is_due_is_freed_in_the_next_epoch() {
        let store = MemoryBlockstore::new();
        let mut funds = VestingFunds::new();
        let freed = funds.add_locked_funds(&store, 5, &atto(105), 3, &SPEC);
        assert_eq!(freed.unwrap(), atto(0));
        // 15, rounded up to 23: 18 epochs, 105 · 18 / 100 = 18.9.
        let all = [18, 29, 39, 50, 60, 71, 81, 92, 102, 105];
        let epochs = (23..).step_by(10);
        let mut before = 0;
        let expected: Vec<_> = epochs
            .zip(all)
            .map(|(epoch, amount)| (epoch, amount - std::mem::replace(&mut before, amount)))
            .take_while(|(_, amount)| *amount > 0)
            .collect();
        check(&funds, &store, &expected[..]);
        assert_eq!(funds.unlock_vested_funds(&store, 23).unwrap(), atto(0));
        assert_eq!(funds.unlock_vested_funds(&store, 24).unwrap(), atto(18));
        assert_eq!(funds.unlock_vested_funds(&store, 44).unwrap(), atto(21));
        check(&funds, &store, &expected[3..]);
        assert_eq!(funds.unlock_vested_funds(&store, 1_000).unwrap(), atto(66));
        assert_eq!(funds, VestingFunds::new());
    }

    #[test]
    fn schedules_are_added() {
        let store = MemoryBlockstore::new();
        let mut funds = VestingFunds::new();
        let spec = VestSpec {
            vest_period: 30,
            ..SPEC
        };
        funds
            .add_locked_funds(&store, 0, &atto(30), 0, &spec)
            .unwrap();
        check(&funds, &store, &[(10, 10), (20, 10), (30, 10)]);
        // What is due by then is freed, the rest is put together.
        let freed = funds.add_locked_funds(&store, 20, &atto(3), 0, &spec);
        assert_eq!(freed.unwrap(), atto(10));
        check(&funds, &store, &[(20, 10), (30, 11), (40, 1), (50, 1)]);
        let freed = funds.add_locked_funds(&store, 31, &atto(0), 0, &spec);
        assert_eq!(freed.unwrap(), atto(21));
        check(&funds, &store, &[(40, 1), (50, 1)]);
    }

    #[test]
    fn penalties_take_what_comes_soonest() {
        let store = MemoryBlockstore::new();
        let mut funds = VestingFunds::new();
        let spec = VestSpec {
            vest_period: 30,
            ..SPEC
        };
        funds
            .add_locked_funds(&store, 0, &atto(30), 0, &spec)
            .unwrap();
        let mut take = |now, target| {
            let taken = funds.unlock_vested_and_unvested_funds(&store, now, &atto(target));
            let (vested, unvested) = taken.unwrap();
            (
                vested,
                unvested,
                funds.load(&store).unwrap().len(),
                funds.clone(),
            )
        };
        let tail = |funds: &VestingFunds| funds.0.as_ref().unwrap().tail;
        let (vested, unvested, count, first) = take(10, 4);
        assert_eq!((vested, unvested, count), (atto(0), atto(4), 3));
        // All of the head, which stays, empty, and the tail is untouched.
        let (vested, unvested, count, second) = take(10, 6);
        assert_eq!((vested, unvested, count), (atto(0), atto(6), 2));
        assert_eq!(tail(&first), tail(&second));
        // Beyond the head.
        let (vested, unvested, count, _) = take(10, 13);
        assert_eq!((vested, unvested, count), (atto(0), atto(13), 1));
        let (vested, unvested, count, last) = take(31, 100);
        assert_eq!((vested, unvested, count), (atto(7), atto(0), 0));
        assert_eq!(last, VestingFunds::new());
        assert_eq!(take(31, 100).0, atto(0));
    }

    #[test]
    fn vested_money_is_not_taken_for_penalties() {
        let store = MemoryBlockstore::new();
        let mut funds = VestingFunds::new();
        let spec = VestSpec {
            vest_period: 30,
            ..SPEC
        };
        funds
            .add_locked_funds(&store, 0, &atto(30), 0, &spec)
            .unwrap();
        let taken = funds.unlock_vested_and_unvested_funds(&store, 11, &atto(10));
        assert_eq!(taken.unwrap(), (atto(10), atto(10)));
        // An amount that is used up exactly stays as the head, empty.
        assert_eq!(funds.0.as_ref().unwrap().head.epoch, 20);
        check(&funds, &store, &[(30, 10)]);
    }
}
