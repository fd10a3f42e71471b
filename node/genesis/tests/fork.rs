//! Actors of a forked network that become others.

#[allow(dead_code, reason = "shared with other tests, which use more of it")]
mod common;

use cid::Cid;
use common::{Store, bundle, engines, template};
use filigree_genesis::{fork, make};
use filigree_state::Manifest;
use fvm_ipld_encoding::CborStore;
use multihash_codetable::Code;

/// A bundle with other names and codes.
fn with(store: &Store, bundle: &Cid, change: impl FnOnce(&mut Vec<(String, Cid)>)) -> Cid {
    let manifest = Manifest::load_bundle(store, bundle).unwrap();
    let mut entries = manifest.entries().to_vec();
    change(&mut entries);
    let data = store.put_cbor(&entries, Code::Blake2b256).unwrap();
    store.put_cbor(&(1u32, data), Code::Blake2b256).unwrap()
}

fn code_of<'a>(entries: &'a mut [(String, Cid)], name: &str) -> &'a mut Cid {
    let entry = entries.iter_mut().find(|(known, _)| known == name);
    &mut entry.unwrap().1
}

/// What is said when a network on one bundle is forked with the actors of another.
fn refused(store: &Store, old: &Cid, new: &Cid) -> String {
    let template = template();
    let genesis = make(store.clone(), engines(), old, &template).unwrap();
    let state = genesis.header.parent_state;
    let forked = fork(store.clone(), engines(), &state, Some(new), &template);
    forked.unwrap_err().to_string()
}

#[test]
fn actors_are_replaced_only_if_it_is_told_which_becomes_which() {
    let (store, plain) = bundle();
    // Two actors with one code: in the network, in the bundle, in both.
    let shared = with(&store, &plain, |entries| {
        let evm = *code_of(entries, "evm");
        *code_of(entries, "eam") = evm;
    });
    for (old, new, whose) in [
        (&shared, &plain, "the network"),
        (&plain, &shared, "the bundle"),
        (&shared, &shared, "the network"),
    ] {
        let error = refused(&store, old, new);
        assert!(error.starts_with(whose), "{error}");
        assert!(
            error.contains("one code for the actors evm and eam"),
            "{error}"
        );
    }
    // One actor with two codes.
    let twice = with(&store, &plain, |entries| {
        let code = *code_of(entries, "multisig");
        entries.push(("paymentchannel".to_owned(), code));
    });
    let error = refused(&store, &plain, &twice);
    assert!(
        error.contains("the bundle has the actor paymentchannel twice"),
        "{error}"
    );
    // What is plain goes on, up to accounts that are there already.
    let renewed = with(&store, &plain, |entries| {
        entries.push(("extra".to_owned(), code_of_nobody()));
    });
    let error = refused(&store, &plain, &renewed);
    assert!(error.contains("there already"), "{error}");
}

fn code_of_nobody() -> Cid {
    use multihash_codetable::MultihashDigest as _;
    Cid::new_v1(
        fvm_ipld_encoding::IPLD_RAW,
        Code::Blake2b256.digest(b"of nobody"),
    )
}
