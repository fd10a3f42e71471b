//! Who has how much here, and how much of it is locked: two tables of amounts by actor.
//!
//! A table keeps what it was asked for, so that an actor is looked up and written once, however many of its deals change. It keeps zeros too,
//! which are state: an amount that becomes zero is removed, but nothing added to nothing is stored as zero.

use filigree_sdk::collections::{Blocks, OpenMap};
use filigree_sdk::prelude::*;

use super::BalanceTable;

/// A table while it is used.
pub struct OpenTable<S> {
    map: OpenMap<S, Address, TokenAmount, 6>,
    /// Sorted by actor.
    known: Vec<(ActorID, Known)>,
}

/// What the table says of an actor.
struct Known {
    /// `None` if it says nothing.
    amount: Option<TokenAmount>,
    changed: bool,
}

impl<S: Blocks> OpenTable<S> {
    /// Opens a table.
    pub fn open(table: &BalanceTable, store: S) -> Result<Self> {
        Ok(Self {
            map: table.open_in(store)?,
            known: Vec::new(),
        })
    }

    fn known(&mut self, actor: ActorID) -> Result<&mut Known> {
        let at = match self.known.binary_search_by_key(&actor, |(id, _)| *id) {
            Ok(at) => at,
            Err(at) => {
                let known = Known {
                    amount: self.map.get(&Address::new_id(actor))?,
                    changed: false,
                };
                self.known.insert(at, (actor, known));
                at
            }
        };
        Ok(&mut self.known[at].1)
    }

    /// An actor's amount.
    pub fn get(&mut self, actor: ActorID) -> Result<TokenAmount> {
        Ok(self.known(actor)?.amount.clone().unwrap_or_default())
    }

    /// Adds to an actor's amount; `amount` is not negative.
    pub fn add(&mut self, actor: ActorID, amount: &TokenAmount) -> Result<()> {
        self.change(actor, |before| Ok(before + amount))
    }

    /// Takes from an actor's amount, which must be enough; `amount` is not negative.
    pub fn subtract(&mut self, actor: ActorID, amount: &TokenAmount) -> Result<()> {
        self.change(actor, |before| {
            ensure!(
                amount <= before,
                illegal_argument,
                "f0{actor} has {} attoFIL, less than {}",
                before.atto_text(),
                amount.atto_text()
            );
            Ok(before - amount)
        })
    }

    fn change(
        &mut self,
        actor: ActorID,
        change: impl FnOnce(&TokenAmount) -> Result<TokenAmount>,
    ) -> Result<()> {
        let (known, zero) = (self.known(actor)?, TokenAmount::default());
        let before = known.amount.as_ref().unwrap_or(&zero);
        let after = change(before)?;
        let is_gone = after.is_zero() && !before.is_zero();
        known.amount = (!is_gone).then_some(after);
        known.changed = true;
        Ok(())
    }

    /// Writes what changed.
    pub fn close(mut self) -> Result<BalanceTable> {
        for (actor, known) in &self.known {
            let address = Address::new_id(*actor);
            match &known.amount {
                _ if !known.changed => {}
                Some(amount) => self.map.set(&address, amount)?,
                None => self.map.remove(&address).map(drop)?,
            }
        }
        self.map.close()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fvm_ipld_blockstore::MemoryBlockstore;

    fn atto(amount: i64) -> TokenAmount {
        TokenAmount::from_atto(amount)
    }

    fn open(table: &BalanceTable, store: &MemoryBlockstore) -> Vec<(u64, i64)> {
        let mut entries = Vec::new();
        let map = table.open_in(store).unwrap();
        let visit = |address: Address, amount: TokenAmount| {
            let amount = amount.atto().try_into().unwrap();
            entries.push((address.id().unwrap(), amount));
            Ok(())
        };
        map.for_each(visit).unwrap();
        entries.sort_unstable();
        entries
    }

    #[test]
    fn what_becomes_zero_goes_and_nothing_plus_nothing_stays() {
        let store = MemoryBlockstore::new();
        let empty = OpenMap::empty(&store).close().unwrap();
        let mut table = OpenTable::open(&empty, &store).unwrap();
        table.add(1, &atto(5)).unwrap();
        table.add(2, &atto(7)).unwrap();
        table.add(3, &atto(0)).unwrap();
        table.subtract(4, &atto(0)).unwrap();
        table.subtract(1, &atto(5)).unwrap();
        table.subtract(2, &atto(3)).unwrap();
        let root = table.close().unwrap();
        assert_eq!(open(&root, &store), [(2, 4), (3, 0), (4, 0)]);

        let mut table = OpenTable::open(&root, &store).unwrap();
        // Gone, and back as zero.
        table.subtract(2, &atto(4)).unwrap();
        table.subtract(2, &atto(0)).unwrap();
        table.add(3, &atto(9)).unwrap();
        table.subtract(3, &atto(9)).unwrap();
        assert_eq!(table.get(4), Ok(atto(0)));
        assert_eq!(table.get(5), Ok(atto(0)));
        let root = table.close().unwrap();
        assert_eq!(open(&root, &store), [(2, 0), (4, 0)]);
    }

    #[test]
    fn nobody_has_less_than_nothing() {
        let store = MemoryBlockstore::new();
        let empty = OpenMap::empty(&store).close().unwrap();
        let mut table = OpenTable::open(&empty, &store).unwrap();
        table.add(1, &atto(5)).unwrap();
        for (actor, amount) in [(1, 6), (2, 1)] {
            let code = table.subtract(actor, &atto(amount)).unwrap_err().code;
            assert_eq!(code, ExitCode::USR_ILLEGAL_ARGUMENT);
        }
        assert_eq!(table.get(1), Ok(atto(5)));
        // What failed changed nothing.
        let root = table.close().unwrap();
        assert_eq!(open(&root, &store), [(1, 5)]);
    }

    #[test]
    fn a_table_that_was_only_looked_at_is_the_same() {
        let store = MemoryBlockstore::new();
        let mut map = OpenMap::<_, Address, TokenAmount, 6>::empty(&store);
        for actor in 0..100 {
            map.set(&Address::new_id(actor), &atto(3)).unwrap();
        }
        let root = map.close().unwrap();
        let mut table = OpenTable::open(&root, &store).unwrap();
        assert_eq!(table.get(70), Ok(atto(3)));
        assert_eq!(table.get(700), Ok(atto(0)));
        assert_eq!(table.close().unwrap(), root);
    }
}
