//! Addresses and ids, in a store in memory.

use filigree_sdk::collections::OpenMap;
use fvm_ipld_blockstore::MemoryBlockstore;

use super::*;

fn empty(store: &MemoryBlockstore) -> Init {
    Init {
        address_map: OpenMap::empty(store).close().unwrap(),
        next_id: 100,
        network_name: "test".to_owned(),
        installed: None,
    }
}

fn robust(n: u8) -> Address {
    Address::new_actor(&[n])
}

fn delegated(n: u8) -> Address {
    Address::new_delegated(ids::EAM, &[n; 20]).unwrap()
}

#[test]
fn ids_are_given_in_order_and_once() {
    let store = MemoryBlockstore::new();
    let mut state = empty(&store);
    assert_eq!(
        state.assign_id(&store, &robust(1), None),
        Ok(Assigned::Now(100))
    );
    assert_eq!(
        state.assign_id(&store, &robust(2), Some(&delegated(1))),
        Ok(Assigned::Now(101))
    );
    assert_eq!(
        state.assign_id(&store, &robust(3), Some(&delegated(1))),
        Ok(Assigned::Before(101))
    );
    assert_eq!(state.next_id, 102);
    for (address, id) in [
        (robust(1), Some(100)),
        (robust(2), Some(101)),
        (robust(3), Some(101)),
        (delegated(1), Some(101)),
        (delegated(2), None),
        (Address::new_id(7), Some(7)),
    ] {
        assert_eq!(state.resolve(&store, &address), Ok(id), "{address}");
    }
}

#[test]
fn a_robust_address_is_taken_once() {
    let store = MemoryBlockstore::new();
    let mut state = empty(&store);
    state.assign_id(&store, &robust(1), None).unwrap();
    for delegated in [None, Some(&delegated(1))] {
        let error = state
            .clone()
            .assign_id(&store, &robust(1), delegated)
            .unwrap_err();
        assert_eq!(error.code, ExitCode::USR_FORBIDDEN);
    }
}

#[test]
fn code_is_installed_once() {
    let store = MemoryBlockstore::new();
    let mut state = empty(&store);
    let code = Cid::default();
    assert_eq!(state.is_installed(&store, &code), Ok(false));
    assert_eq!(state.install(&store, code), Ok(true));
    assert_eq!(state.install(&store, code), Ok(false));
    assert_eq!(state.is_installed(&store, &code), Ok(true));
}

#[test]
fn invariants_are_told_by_name() {
    let store = MemoryBlockstore::new();
    let mut state = empty(&store);
    state
        .assign_id(&store, &robust(1), Some(&delegated(1)))
        .unwrap();
    assert_eq!(state.check_invariants(&store), []);

    let mut map = state.address_map.open_in(&store).unwrap();
    map.set(&Address::new_id(3), &5).unwrap();
    map.set(&robust(2), &100).unwrap();
    map.set(&robust(3), &7_000).unwrap();
    let broken = Init {
        address_map: map.close().unwrap(),
        next_id: 50,
        network_name: String::new(),
        installed: None,
    };
    let broken = broken.check_invariants(&store);
    for name in [
        "init/network-name",
        "init/next-id",
        "init/key-is-no-id",
        "init/id-was-given",
        "init/one-address",
    ] {
        assert!(
            broken.iter().any(|broken| broken.name == name),
            "{name}: {broken:?}"
        );
    }
    let lost = state.check_invariants(MemoryBlockstore::new());
    assert_eq!(lost[0].name, "init/address-map");
}
