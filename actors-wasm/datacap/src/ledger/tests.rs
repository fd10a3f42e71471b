//! The token's rules, in a store in memory.

use fvm_ipld_blockstore::MemoryBlockstore;

use super::*;

const ALICE: ActorID = 1_000;
const BOB: ActorID = 1_001;
const CAROL: ActorID = 1_002;

fn tokens(whole: i64) -> TokenAmount {
    TokenAmount::from_whole(whole)
}

fn code<T>(result: Result<T>) -> ExitCode {
    result.err().expect("it fails").code
}

/// A store and a ledger in it, where Alice has ten tokens.
fn ten_of_alice() -> (MemoryBlockstore, Ledger) {
    let store = MemoryBlockstore::new();
    let mut ledger = Ledger::empty(&store).unwrap();
    assert_eq!(ledger.mint(&store, ALICE, &tokens(10)), Ok(tokens(10)));
    (store, ledger)
}

#[test]
fn amounts_are_whole_and_not_negative() {
    for good in [tokens(0), tokens(1), tokens(1 << 50)] {
        assert_eq!(check_amount(&good), Ok(()));
    }
    for bad in [
        -tokens(1),
        TokenAmount::from_atto(1),
        tokens(1) - TokenAmount::from_atto(1),
    ] {
        assert_eq!(code(check_amount(&bad)), ExitCode::USR_ILLEGAL_ARGUMENT);
    }
}

#[test]
fn the_supply_is_what_was_made_and_not_destroyed() {
    let (store, mut ledger) = ten_of_alice();
    assert_eq!(ledger.mint(&store, BOB, &tokens(5)), Ok(tokens(5)));
    assert_eq!(ledger.supply, tokens(15));
    assert_eq!(ledger.burn(&store, ALICE, &tokens(4)), Ok(tokens(6)));
    assert_eq!(ledger.supply, tokens(11));
    assert_eq!(ledger.balance(&store, ALICE), Ok(tokens(6)));
    assert_eq!(
        code(ledger.clone().burn(&store, ALICE, &tokens(7))),
        ExitCode::USR_INSUFFICIENT_FUNDS
    );
}

#[test]
fn who_has_nothing_is_not_in_the_map() {
    let (store, mut ledger) = ten_of_alice();
    let empty = Ledger::empty(&store).unwrap();
    assert_eq!(ledger.burn(&store, ALICE, &tokens(10)), Ok(tokens(0)));
    assert_eq!(ledger, empty);
    assert_eq!(ledger.mint(&store, BOB, &tokens(0)), Ok(tokens(0)));
    assert_eq!(ledger, empty);
    assert_eq!(ledger.balance(&store, BOB), Ok(tokens(0)));
}

#[test]
fn transfers_move_what_there_is() {
    let (store, mut ledger) = ten_of_alice();
    assert_eq!(
        ledger.transfer(&store, ALICE, BOB, &tokens(3)),
        Ok([tokens(7), tokens(3)])
    );
    assert_eq!(
        code(ledger.clone().transfer(&store, ALICE, BOB, &tokens(8))),
        ExitCode::USR_INSUFFICIENT_FUNDS
    );
    assert_eq!(ledger.supply, tokens(10));
}

#[test]
fn a_transfer_to_oneself_changes_nothing_but_needs_the_tokens() {
    let (store, mut ledger) = ten_of_alice();
    let before = ledger.clone();
    let all = tokens(10);
    assert_eq!(
        ledger.transfer(&store, ALICE, ALICE, &all),
        Ok([all.clone(), all])
    );
    assert_eq!(ledger, before);
    assert_eq!(
        code(ledger.transfer(&store, ALICE, ALICE, &tokens(11))),
        ExitCode::USR_INSUFFICIENT_FUNDS
    );
}

#[test]
fn allowances_stop_at_zero() {
    let (store, mut ledger) = ten_of_alice();
    let without = ledger.clone();
    let mut change = |whole: i64| ledger.change_allowance(&store, ALICE, BOB, &tokens(whole));
    assert_eq!(change(-1), Ok(tokens(0)));
    assert_eq!(change(0), Ok(tokens(0)));
    assert_eq!(change(5), Ok(tokens(5)));
    assert_eq!(change(-2), Ok(tokens(3)));
    assert_eq!(change(-4), Ok(tokens(0)));
    assert_eq!(ledger, without);
}

#[test]
fn allowances_need_not_be_whole() {
    let (store, mut ledger) = ten_of_alice();
    let one = TokenAmount::from_atto(1);
    assert_eq!(
        ledger.change_allowance(&store, ALICE, BOB, &one),
        Ok(one.clone())
    );
    assert_eq!(ledger.allowance(&store, ALICE, BOB), Ok(one));
    assert_eq!(ledger.allowance(&store, BOB, ALICE), Ok(tokens(0)));
}

#[test]
fn allowances_are_spent() {
    let (store, mut ledger) = ten_of_alice();
    let nothing = tokens(0);
    assert_eq!(
        code(ledger.clone().spend_allowance(&store, ALICE, BOB, &nothing)),
        ExitCode::USR_INSUFFICIENT_FUNDS
    );
    ledger
        .change_allowance(&store, ALICE, BOB, &tokens(5))
        .unwrap();
    let mut spend = |whole: i64| ledger.spend_allowance(&store, ALICE, BOB, &tokens(whole));
    assert_eq!(spend(0), Ok(tokens(5)));
    assert_eq!(spend(2), Ok(tokens(3)));
    assert_eq!(code(spend(4)), ExitCode::USR_INSUFFICIENT_FUNDS);
    assert_eq!(spend(3), Ok(tokens(0)));
    assert_eq!(code(spend(0)), ExitCode::USR_INSUFFICIENT_FUNDS);
}

#[test]
fn approved_operators_spend_any_number() {
    let (store, mut ledger) = ten_of_alice();
    let without = ledger.clone();
    ledger.approve(&store, ALICE, &[BOB, CAROL, BOB]).unwrap();
    let infinite = infinite_allowance();
    assert_eq!(
        infinite.atto().to_string(),
        format!("1{}", "0".repeat(39)),
        "10^21 tokens of 10^18"
    );
    for operator in [BOB, CAROL] {
        assert_eq!(
            ledger.allowance(&store, ALICE, operator),
            Ok(infinite.clone())
        );
    }
    assert_eq!(
        ledger.spend_allowance(&store, ALICE, BOB, &tokens(10)),
        Ok(&infinite - tokens(10))
    );
    assert_eq!(
        ledger.revoke_allowance(&store, ALICE, BOB),
        Ok(&infinite - tokens(10))
    );
    assert_eq!(
        ledger.revoke_allowance(&store, ALICE, BOB),
        Ok(tokens(0)),
        "there is none left"
    );
    assert_eq!(ledger.revoke_allowance(&store, ALICE, CAROL), Ok(infinite));
    assert_eq!(ledger, without);
}

#[test]
fn the_state_has_the_layout_of_release_18() {
    let (_, ledger) = ten_of_alice();
    let state = crate::Datacap {
        governor: Address::new_id(6),
        token: ledger,
    };
    let bytes = filigree_sdk::cbor::encode(&state).unwrap();
    // An array of the address f06 and an array of four, which begins with 10^19 and its sign.
    let supply = [
        &[0x49, 0][..],
        &10_000_000_000_000_000_000_u64.to_be_bytes(),
    ]
    .concat();
    let start = [&[0x82, 0x42, 0, 6, 0x84][..], &supply].concat();
    assert_eq!(bytes[..start.len()], start);
    // Two links, each a tag, the head of a byte string, a zero and a CID of 38 bytes; and the bit width.
    assert_eq!(bytes.len(), start.len() + 2 * (2 + 2 + 1 + 38) + 1);
    assert_eq!(bytes.last(), Some(&3));
}
