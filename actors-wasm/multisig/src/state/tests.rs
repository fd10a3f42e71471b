//! Approvals, signers and locked funds, in a store in memory.

use fvm_ipld_blockstore::MemoryBlockstore;

use super::*;

/// A wallet of f0100, f0101 and so on.
fn wallet(store: &MemoryBlockstore, signers: u64, threshold: u64) -> Multisig {
    Multisig {
        signers: (100..100 + signers).map(Address::new_id).collect(),
        num_approvals_threshold: threshold,
        next_tx_id: 0,
        initial_balance: TokenAmount::default(),
        start_epoch: 0,
        unlock_duration: 0,
        pending_txs: OpenMap::empty(store).close().unwrap(),
    }
}

fn transaction(proposer: ActorID) -> Transaction {
    Transaction {
        to: Address::new_id(1_000),
        value: TokenAmount::from_atto(5),
        method: 0,
        params: RawBytes::default(),
        approved: vec![Address::new_id(proposer)],
    }
}

/// A signer approves a pending transaction; gives whether it is to be sent.
fn approve(
    wallet: &mut Multisig,
    store: &MemoryBlockstore,
    id: TxnId,
    signer: ActorID,
) -> Result<bool> {
    let mut pending = wallet.pending_txs.open_in(store)?;
    let mut txn = pending.get(&id)?.expect("it waits");
    let is_approved = wallet.count_approval(&mut pending, id, &mut txn, signer)?;
    wallet.pending_txs = pending.close()?;
    Ok(is_approved)
}

/// Who approved a pending transaction; `None` if there is none with this id.
fn approvers(wallet: &Multisig, store: &MemoryBlockstore, id: TxnId) -> Option<Vec<ActorID>> {
    let txn = wallet.pending_txs.open_in(store).unwrap().get(&id).unwrap();
    txn.map(|txn| txn.approved.iter().map(|a| a.id().unwrap()).collect())
}

fn code<T>(result: Result<T>) -> ExitCode {
    result.err().expect("it fails").code
}

#[test]
fn a_transaction_waits_for_enough_approvals() {
    let store = MemoryBlockstore::new();
    let mut wallet = wallet(&store, 3, 3);
    let empty = wallet.pending_txs;
    assert_eq!(wallet.enter(&store, &transaction(101)), Ok(0));
    assert_eq!(wallet.enter(&store, &transaction(100)), Ok(1));
    assert_eq!(approve(&mut wallet, &store, 0, 100), Ok(false));
    assert_eq!(approvers(&wallet, &store, 0), Some(vec![101, 100]));
    for again in [100, 101] {
        let twice = approve(&mut wallet, &store, 0, again);
        assert_eq!(code(twice), ExitCode::USR_FORBIDDEN);
    }
    assert_eq!(approve(&mut wallet, &store, 0, 102), Ok(true));
    assert_eq!(approvers(&wallet, &store, 0), None);
    assert_eq!(approvers(&wallet, &store, 1), Some(vec![100]));
    approve(&mut wallet, &store, 1, 101).unwrap();
    assert_eq!(approve(&mut wallet, &store, 1, 102), Ok(true));
    assert_eq!(wallet.pending_txs, empty);
    assert_eq!(wallet.next_tx_id, 2);
}

#[test]
fn one_approval_is_enough_where_one_is_needed() {
    let store = MemoryBlockstore::new();
    let mut wallet = wallet(&store, 2, 1);
    let before = wallet.clone();
    assert_eq!(wallet.enter(&store, &transaction(100)), Ok(0));
    let expected = Multisig {
        next_tx_id: 1,
        ..before
    };
    assert_eq!(wallet, expected);
}

#[test]
fn after_the_threshold_is_lowered_who_approved_can_send() {
    let store = MemoryBlockstore::new();
    let mut wallet = wallet(&store, 3, 3);
    wallet.enter(&store, &transaction(100)).unwrap();
    approve(&mut wallet, &store, 0, 101).unwrap();
    wallet.set_threshold(2).unwrap();
    let before = wallet.clone();
    for signer in [100, 101, 102] {
        assert_eq!(approve(&mut before.clone(), &store, 0, signer), Ok(true));
    }
}

#[test]
fn only_signers_have_a_say() {
    let wallet = wallet(&MemoryBlockstore::new(), 2, 1);
    assert_eq!(wallet.require_signer(101), Ok(()));
    assert_eq!(code(wallet.require_signer(102)), ExitCode::USR_FORBIDDEN);
}

#[test]
fn signers_are_added_up_to_a_limit() {
    let store = MemoryBlockstore::new();
    let mut small = wallet(&store, 2, 2);
    assert_eq!(code(small.admit(101, true)), ExitCode::USR_FORBIDDEN);
    small.admit(7, false).unwrap();
    assert_eq!(small.num_approvals_threshold, 2);
    small.admit(8, true).unwrap();
    assert_eq!(small.num_approvals_threshold, 3);
    assert_eq!(small.signers, [100, 101, 7, 8].map(Address::new_id));

    let mut large = wallet(&store, 255, 1);
    large.admit(7, false).unwrap();
    assert_eq!(code(large.admit(8, false)), ExitCode::USR_FORBIDDEN);
}

#[test]
fn signers_are_removed_as_far_as_approvals_can_be_given() {
    let store = MemoryBlockstore::new();
    let remove = |signers, threshold, id, decrease| {
        let mut wallet = wallet(&store, signers, threshold);
        let removed = wallet.dismiss(&store, id, decrease);
        removed.map_err(|error| error.code)?;
        Ok((wallet.signers.len(), wallet.num_approvals_threshold))
    };
    assert_eq!(remove(3, 2, 100, false), Ok((2, 2)));
    assert_eq!(remove(3, 3, 101, true), Ok((2, 2)));
    assert_eq!(remove(3, 2, 102, true), Ok((2, 1)));
    assert_eq!(remove(3, 2, 99, true), Err(ExitCode::USR_FORBIDDEN));
    assert_eq!(remove(1, 1, 100, false), Err(ExitCode::USR_FORBIDDEN));
    let illegal = Err(ExitCode::USR_ILLEGAL_ARGUMENT);
    assert_eq!(remove(3, 3, 100, false), illegal);
    assert_eq!(remove(3, 1, 100, true), illegal);
}

#[test]
fn approvals_of_a_removed_signer_do_not_count() {
    let store = MemoryBlockstore::new();
    let mut before = wallet(&store, 4, 3);
    for proposer in [100, 101, 102] {
        before.enter(&store, &transaction(proposer)).unwrap();
    }
    approve(&mut before, &store, 0, 102).unwrap();
    approve(&mut before, &store, 1, 100).unwrap();

    let mut removed = before.clone();
    removed.dismiss(&store, 100, false).unwrap();
    let mut swapped = before;
    swapped.replace(&store, 100, 7).unwrap();
    assert_eq!(swapped.signers, [101, 102, 103, 7].map(Address::new_id));
    for after in [removed, swapped] {
        assert_eq!(approvers(&after, &store, 0), Some(vec![102]));
        assert_eq!(approvers(&after, &store, 1), Some(vec![101]));
        assert_eq!(approvers(&after, &store, 2), Some(vec![102]));
        let mut without = after.clone();
        without.dismiss(&store, 102, true).unwrap();
        assert_eq!(approvers(&without, &store, 0), None);
        assert_eq!(approvers(&without, &store, 2), None);
        assert_eq!(without.check_invariants(&store), []);
    }
}

#[test]
fn signers_are_swapped_for_others() {
    let store = MemoryBlockstore::new();
    let mut wallet = wallet(&store, 2, 1);
    let mut swap = |from, to| {
        let swapped = wallet.replace(&store, from, to);
        swapped.map_err(|error| error.code)
    };
    assert_eq!(swap(99, 7), Err(ExitCode::USR_FORBIDDEN));
    for signer in [100, 101] {
        assert_eq!(swap(100, signer), Err(ExitCode::USR_ILLEGAL_ARGUMENT));
    }
    assert_eq!(swap(100, 7), Ok(()));
}

#[test]
fn the_threshold_is_between_one_and_all() {
    let mut wallet = wallet(&MemoryBlockstore::new(), 3, 2);
    for bad in [0, 4, u64::MAX] {
        assert_eq!(
            code(wallet.set_threshold(bad)),
            ExitCode::USR_ILLEGAL_ARGUMENT
        );
    }
    for good in [1, 3] {
        assert_eq!(wallet.set_threshold(good), Ok(()));
        assert_eq!(wallet.num_approvals_threshold, good);
    }
}

#[test]
fn what_is_locked_cannot_be_spent() {
    let mut wallet = wallet(&MemoryBlockstore::new(), 1, 1);
    wallet.lock(50, 10, TokenAmount::from_atto(100));
    let check = |balance, amount, epoch| {
        let [balance, amount] = [balance, amount].map(TokenAmount::from_atto);
        let available = wallet.check_available(&balance, &amount, epoch);
        available.map_err(|error| error.code)
    };
    let insufficient = Err(ExitCode::USR_INSUFFICIENT_FUNDS);
    assert_eq!(check(100, 1, 40), insufficient);
    assert_eq!(check(101, 1, 40), Ok(()));
    assert_eq!(check(100, 1, 50), insufficient);
    assert_eq!(check(100, 10, 51), Ok(()));
    assert_eq!(check(100, 11, 51), insufficient);
    assert_eq!(check(100, 90, 59), Ok(()));
    assert_eq!(check(100, 91, 59), insufficient);
    assert_eq!(check(100, 100, 60), Ok(()));
    assert_eq!(check(100, 101, 60), insufficient);
    // Nothing can be spent even of less than is locked.
    assert_eq!(check(20, 0, 50), Ok(()));
    assert_eq!(check(20, -1, 60), Err(ExitCode::USR_ILLEGAL_ARGUMENT));
}

#[test]
fn locks_start_at_any_epoch_but_the_very_first() {
    let mut wallet = wallet(&MemoryBlockstore::new(), 1, 1);
    let [balance, one] = [1, 1].map(TokenAmount::from_atto);
    wallet.lock(ChainEpoch::MIN + 10, 5, TokenAmount::from_atto(1));
    assert_eq!(wallet.check_available(&balance, &one, 9), Ok(()));
    assert_eq!(
        code(wallet.check_available(&balance, &one, 10)),
        ExitCode::USR_ASSERTION_FAILED
    );
    assert_eq!(
        wallet.check_available(&balance, &TokenAmount::default(), 10),
        Ok(())
    );
}

#[test]
fn the_state_has_the_layout_of_release_18() {
    let store = MemoryBlockstore::new();
    let mut wallet = wallet(&store, 1, 1);
    wallet.lock(5, 7, TokenAmount::from_atto(9));
    wallet.next_tx_id = 3;
    let bytes = filigree_sdk::cbor::encode(&wallet).unwrap();
    // An array of seven: signers, threshold, next id, locked amount, start, duration, link.
    let start = [0x87, 0x81, 0x42, 0, 100, 1, 3, 0x42, 0, 9, 5, 7, 0xd8, 0x2a];
    assert_eq!(bytes[..start.len()], start);
}
