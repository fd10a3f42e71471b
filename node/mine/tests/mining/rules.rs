//! Rules that change while a block is on its way.

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
    let (go_on, goes_on) = channel();
    let goes_on = Mutex::new(goes_on);
    let time = block.header.timestamp_seconds;
    let intake = Intake::new(Parts {
        db: other.db.clone(),
        chain: Arc::clone(&other.chain),
        states: other.states.clone(),
        pool: Arc::clone(&other.pool),
        // The last that is judged of a block.
        verify_winning: Box::new(move |_| {
            begin.send(()).unwrap();
            goes_on.lock().unwrap().recv().unwrap();
            Ok(true)
        }),
        now: Box::new(move || time),
    });
    let (chain, states) = (Arc::clone(&other.chain), other.states.clone());
    let changing = thread::spawn(move || {
        begun.recv().unwrap();
        go_on.send(()).unwrap();
        let _held = states.hold();
        chain.head()
    });
    assert_eq!(intake.unwrap().submit(&block).unwrap(), Taken::Head);
    assert_eq!(changing.join().unwrap(), other.chain.head());
    assert_eq!(other.chain.head().first().cid(), block.header.cid());
}
