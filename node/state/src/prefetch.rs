//! Reading ahead: while messages run one after the other, other threads look up whom they are from and to, so that what is on
//! disk is in the store's cache when it is their turn. Whatever goes wrong here goes wrong again where it matters.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use cid::Cid;
use filigree_blocks::ChainMessage;
use fvm_shared::address::Address;

use crate::error::Error;
use crate::history::BlockMessages;
use crate::store::Store;
use crate::view::View;

/// Fewer messages than this are not worth the threads.
const MIN_MESSAGES: usize = 64;

/// Most threads.
const MAX_THREADS: usize = 4;

/// Does `work` while the actors of the messages are read ahead.
pub(crate) fn ahead<R>(
    store: &Store,
    root: &Cid,
    messages: &[BlockMessages],
    work: impl FnOnce() -> R,
) -> R {
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = (cores - 1).min(MAX_THREADS);
    let count: usize = messages.iter().map(|messages| messages.len()).sum();
    if threads == 0 || count < MIN_MESSAGES {
        return work();
    }
    // Gathered by the first thread that is there: the messages need not wait for it.
    let gathered = OnceLock::new();
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        for first in 0..threads {
            let (gathered, is_done) = (&gathered, &is_done);
            // In turns, so that all of them are about as far as the messages.
            let touch = move || {
                let addresses: &Vec<Address> = gathered.get_or_init(|| addresses(messages));
                touch(
                    store,
                    root,
                    addresses.iter().skip(first).step_by(threads),
                    is_done,
                )
            };
            // Those that the system does not give are done without.
            let _ = thread::Builder::new().spawn_scoped(scope, touch);
        }
        let result = work();
        is_done.store(true, Ordering::Relaxed);
        result
    })
}

/// Whom messages are from and to, each once, in the order in which they run.
fn addresses(messages: &[BlockMessages]) -> Vec<Address> {
    let mut seen = HashSet::new();
    let messages = messages.iter().flat_map(|messages| messages.iter());
    let both = messages
        .map(ChainMessage::message)
        .flat_map(|message| [message.from, message.to]);
    both.filter(|address| seen.insert(*address)).collect()
}

fn touch<'a>(
    store: &Store,
    root: &Cid,
    addresses: impl Iterator<Item = &'a Address>,
    is_done: &AtomicBool,
) {
    let Ok(view) = View::open(store, root) else {
        return;
    };
    for address in addresses {
        if is_done.load(Ordering::Relaxed) {
            return;
        }
        let read = || -> Result<(), Error> {
            if let Some(actor) = view.actor(address)? {
                view.block("an actor's state", &actor.state)?;
            }
            Ok(())
        };
        if let Err(e) = read() {
            tracing::debug!(%address, error = %e, "reading ahead");
        }
    }
}
