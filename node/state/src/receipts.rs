//! Receipts and events as the chain keeps them: the receipts of a tipset in an array of the first layout, of which blocks
//! name the root; the events of a message in an array of their own, of which its receipt names the root.

use cid::Cid;
use filigree_vm::Applied;
use fvm_ipld_amt::{Amt, Amtv0};
use fvm_shared::receipt::Receipt;

use crate::error::Error;
use crate::store::Store;

/// Bit width of the array of events (FIP-0049).
const EVENTS_BIT_WIDTH: u32 = 5;

/// Writes the receipts of a tipset, in the order of its messages.
pub(crate) fn write_receipts(store: &Store, receipts: &[Receipt]) -> Result<Cid, Error> {
    Amtv0::new_from_iter(store, receipts).map_err(|e| Error::Store(e.into()))
}

/// Writes the events of a message, if there are any.
pub(crate) fn write_events(store: &Store, applied: &Applied) -> Result<(), Error> {
    if applied.events.is_empty() {
        return Ok(());
    }
    let events = applied.events.iter();
    let root = Amt::new_from_iter_with_bit_width(store, EVENTS_BIT_WIDTH, events);
    let root = root.map_err(|e| Error::Store(e.into()))?;
    let expected = applied.receipt.events_root;
    if expected != Some(root) {
        return Err(Error::Events {
            expected: expected.map(Box::new),
            found: Box::new(root),
        });
    }
    Ok(())
}

/// Reads the receipts of a tipset.
pub(crate) fn read_receipts(store: &Store, root: &Cid) -> Result<Vec<Receipt>, Error> {
    let wrong = |why: String| Error::Malformed {
        what: "the receipts of a tipset",
        why,
    };
    let array = Amtv0::<Receipt, _>::load(root, store).map_err(|e| wrong(e.to_string()))?;
    let mut receipts = Vec::new();
    array
        .for_each(|_, receipt| {
            receipts.push(receipt.clone());
            Ok(())
        })
        .map_err(|e| wrong(e.to_string()))?;
    Ok(receipts)
}
