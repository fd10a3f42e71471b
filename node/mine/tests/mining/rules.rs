//! Rules that change while a block is on its way.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;

use filigree_chain::Taken;
use filigree_sync::{Intake, Parts};

use crate::world::{MINERS, Node, folder};

#[test]
fn whoever_changes_the_rules_waits_for_the_block_that_is_on_its_way() {
    let folders = [folder(), folder()];
    let one = Node::start(&folders[0], &MINERS);
    one.advance(8);
    let first = one.tipsets()[0].clone();
    let block = one.chain.full_block(first.first()).unwrap();

    let other = Node::start(&folders[1], &[]);
    let (begin, begun) = channel();
    let (ask, asks) = channel::<PathBuf>();
    let asks = Mutex::new(asks);
    let has_got_through = Arc::new(AtomicBool::new(false));
    let gets_through = Arc::clone(&has_got_through);
    let time = block.header.timestamp_seconds;
    let intake = Intake::new(Parts {
        db: other.db.clone(),
        chain: Arc::clone(&other.chain),
        states: other.states.clone(),
        pool: Arc::clone(&other.pool),
        // The last that is judged of a block. It goes on when the other thread waits, or does not wait at all.
        verify_winning: Box::new(move |_| {
            begin.send(()).unwrap();
            let thread = asks.lock().unwrap().recv().unwrap();
            while !has_got_through.load(Ordering::Acquire) && !is_asleep(&thread) {
                thread::yield_now();
            }
            assert!(!has_got_through.load(Ordering::Acquire), "nothing held it");
            Ok(true)
        }),
        now: Box::new(move || time),
    });
    let (chain, states) = (Arc::clone(&other.chain), other.states.clone());
    let changing = thread::spawn(move || {
        let thread = Path::new("/proc").join(fs::read_link("/proc/thread-self").unwrap());
        begun.recv().unwrap();
        ask.send(thread).unwrap();
        let _held = states.hold();
        gets_through.store(true, Ordering::Release);
        chain.head()
    });
    assert_eq!(intake.unwrap().submit(&block).unwrap(), Taken::Head);
    assert_eq!(changing.join().unwrap(), other.chain.head());
    assert_eq!(other.chain.head().first().cid(), block.header.cid());
}

/// Whether a thread of this process waits for something, as Linux has it: after its name, which is in brackets.
fn is_asleep(thread: &Path) -> bool {
    let stat = fs::read_to_string(thread.join("stat")).unwrap_or_default();
    let state = stat.rsplit(')').next().unwrap_or_default();
    state.trim_start().starts_with('S')
}
