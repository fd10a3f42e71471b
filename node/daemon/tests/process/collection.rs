//! Garbage collected in a node: what its head leads to stays known, and figures say what was done.

use std::ops::ControlFlow;

use filigree_rpc::method::chain::ChainHead;
use filigree_rpc::method::filigree::{Advance, DbCheck, DbGc};

use super::node::Node;
use super::tests::home;

/// A figure of the page.
fn figure(page: &str, name: &str) -> f64 {
    let mut lines = page.lines();
    let found = lines.find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    found.unwrap_or_else(|| panic!("no {name} in {page}"))
}

pub fn what_the_head_leads_to_stays_known() {
    let (_folder, home) = home();
    let node = Node::start(&home, &["--proofs", "mock", "--instant"]);
    let client = node.client();
    client.call(Advance { epochs: 30 }).unwrap();
    let computed = || figure(&node.page("/metrics").1, "filigree_states_computed_total ");
    let collect = || {
        let check = || {
            let request = DbCheck {
                light: false,
                task: None,
            };
            assert!(client.call(request).unwrap().good);
        };
        let head = || client.call(ChainHead {}).unwrap();
        let began = head();
        // The head's state is known then.
        check();
        let before = (head(), computed());
        let request = DbGc {
            light: false,
            task: None,
        };
        let collected = client.call(request).unwrap();
        check();
        let after = (head(), computed());
        // A message of a miner's own may bring a block at any time.
        if began != before.0 || before.0 != after.0 {
            return ControlFlow::Continue(());
        }
        assert_eq!(before.1, after.1, "nothing is computed again");
        ControlFlow::Break(collected)
    };
    let collected = (0..20).find_map(|_| collect().break_value());
    let collected = collected.expect("an epoch in which no block comes");
    let page = node.page("/metrics").1;
    let kept = figure(&page, "filigree_gc_kept_blocks ");
    assert_eq!(kept, collected.kept_blocks as f64);
    assert!(figure(&page, "filigree_gc_kept_bytes ") > kept);
    let seconds = figure(&page, "filigree_gc_last_seconds ");
    assert_eq!(seconds, collected.millis as f64 / 1e3);
    let runs = |end: &str| figure(&page, &format!("filigree_gc_runs_total{{result={end:?}}} "));
    assert!(runs("completed") >= 1.0 && runs("failed") == 0.0);
    let deleted = figure(&page, "filigree_gc_deleted_blocks_total ");
    assert!(deleted >= collected.deleted_blocks as f64);
}
