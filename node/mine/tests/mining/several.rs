//! Several miners of one process.

use std::collections::BTreeSet;

use filigree_chain::{Event, Notice};
use fvm_shared::econ::TokenAmount;

use crate::world::{MINERS, Node, folder, nobody, rich, rich_bls};

#[test]
fn three_miners_give_tipsets_of_several_blocks_by_reorganisations() {
    let folder = folder();
    let mut node = Node::start(&folder, &MINERS);
    let (_, changes) = node.chain.subscribe(1_000);
    for _ in 0..15 {
        let (value, to) = (TokenAmount::from_whole(1), nobody(50));
        node.send(&rich(), to, value.clone());
        node.send(&rich_bls(), to, value);
        node.advance(1);
    }
    node.advance(3);
    let tipsets = node.tipsets();
    let several = tipsets.iter().filter(|tipset| tipset.blocks().len() > 1);
    assert!(several.count() > 5);
    let mut reverted = 0;
    while let Some(Notice::Change(events)) = changes.try_next() {
        let reverts = events
            .iter()
            .filter(|event| matches!(event, Event::Revert(_)));
        reverted += reverts.count();
    }
    assert!(reverted > 5, "{reverted}");
    for tipset in &tipsets {
        let miners: BTreeSet<_> = tipset.headers().map(|header| header.miner).collect();
        assert_eq!(miners.len(), tipset.blocks().len());
    }
    // However many blocks have a message, it is paid once.
    assert_eq!(node.balance(&nobody(50)), TokenAmount::from_whole(30));
    assert!(node.pool.is_empty());
    node.check_states();
}
