//! A message from wish to receipt, and what is refused on the way.

use filigree_rpc::json::call::MessageMatch;
use filigree_rpc::json::chain::MaybeAddress;
use filigree_rpc::json::mempool::MessageSendSpec;
use filigree_rpc::method::chain::{
    ChainGetBlockMessages, ChainGetMessage, ChainGetMessagesInTipset, ChainGetParentMessages,
    ChainGetParentReceipts,
};
use filigree_rpc::method::gas::{GasEstimateGasLimit, GasEstimateMessageGas};
use filigree_rpc::method::mpool::{MpoolGetNonce, MpoolPending, MpoolPush, MpoolPushMessage};
use filigree_rpc::method::state::call::{StateCall, StateCompute, StateReplay};
use filigree_rpc::method::state::search::{StateListMessages, StateSearchMsg, StateWaitMsg};
use filigree_rpc::method::wallet::{WalletBalance, WalletSetDefault, WalletSignMessage};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use fvm_shared::message::Message;
use std::thread;
use std::time::Duration;

use super::{RECEIVER, failed, fil, head, message, node, send};
use crate::common::world::{MINER, mine, owner};

#[test]
fn a_message_goes_from_a_wish_to_a_receipt() {
    let node = node();
    let client = node.client();
    client
        .call(WalletSetDefault {
            address: *owner().address(),
        })
        .unwrap();
    let first = send(&client, 3);
    let second = send(&client, 4);
    assert_eq!((first.message.sequence, second.message.sequence), (0, 1));
    assert!(first.message.gas_limit > 0 && first.message.gas_fee_cap.is_positive());
    let sender = *owner().address();
    assert_eq!(client.call(MpoolGetNonce { sender }).unwrap(), 2);
    assert_eq!(
        client.call(MpoolPending { tipset: head() }).unwrap().0,
        [first.clone(), second.clone()]
    );

    let search = |cid| StateSearchMsg {
        from: head(),
        message: cid,
        limit: -1,
        allow_replaced: true,
    };
    assert_eq!(client.call(search(first.cid())).unwrap(), None);
    let included = mine(&node.services);
    // It is on chain, and no block says yet what came of it.
    assert_eq!(client.call(search(first.cid())).unwrap(), None);
    let executed = mine(&node.services);
    let found = client.call(search(second.cid())).unwrap().unwrap();
    assert_eq!(found.message, second.cid());
    assert_eq!(found.receipt.exit_code, ExitCode::OK);
    assert_eq!((found.tipset, found.height), (executed.key().clone(), 2));
    assert!(found.receipt.gas_used <= second.message.gas_limit);

    let block = executed.blocks()[0].cid();
    let messages = client.call(ChainGetParentMessages { block }).unwrap().0;
    let cids: Vec<_> = messages.iter().map(|message| message.cid).collect();
    assert_eq!(cids, [first.cid(), second.cid()]);
    let receipts = client.call(ChainGetParentReceipts { block }).unwrap().0;
    assert_eq!(receipts[1], found.receipt);
    let in_tipset = ChainGetMessagesInTipset {
        tipset: included.key().clone(),
    };
    assert_eq!(client.call(in_tipset).unwrap().0, messages);
    let of_block = client
        .call(ChainGetBlockMessages {
            block: included.blocks()[0].cid(),
        })
        .unwrap();
    assert_eq!(
        (of_block.signed, of_block.cids),
        (vec![first.clone(), second.clone()], cids)
    );
    assert_eq!(
        client
            .call(ChainGetMessage {
                message: first.cid()
            })
            .unwrap(),
        first.message
    );

    let replayed = client
        .call(StateReplay {
            tipset: head(),
            message: first.cid(),
        })
        .unwrap();
    assert_eq!(
        (replayed.cid, &replayed.receipt),
        (first.cid(), &receipts[0])
    );
    assert_eq!(replayed.trace.message.value, fil(3));
    assert!(!replayed.trace.gas_charges.is_empty());
    let cost = &replayed.gas_cost;
    let sum = &cost.base_fee_burn + &cost.over_estimation_burn + &cost.miner_tip;
    assert_eq!(cost.total_cost, sum);

    let listed = StateListMessages {
        matching: MessageMatch {
            to: MaybeAddress(None),
            from: MaybeAddress(Some(sender)),
        },
        tipset: head(),
        to_epoch: 0,
    };
    assert_eq!(client.call(listed).unwrap().0, [second.cid(), first.cid()]);
}

#[test]
fn who_waits_is_told_when_a_message_is_executed() {
    let node = node();
    let client = node.client();
    let cid = send(&client, 1).cid();
    let waiting = {
        let client = node.client();
        thread::spawn(move || {
            client.call(StateWaitMsg {
                message: cid,
                confidence: 1,
                limit: -1,
                allow_replaced: true,
            })
        })
    };
    for _ in 0..2 {
        thread::sleep(Duration::from_millis(100));
        mine(&node.services);
    }
    thread::sleep(Duration::from_millis(300));
    assert!(!waiting.is_finished(), "the head is not one epoch above");
    mine(&node.services);
    let found = waiting.join().unwrap().unwrap();
    assert_eq!((found.message, found.height), (cid, 2));
    let unknown = filigree_blocks::cid_of(b"unknown");
    let error = client.call(StateWaitMsg {
        message: unknown,
        confidence: 0,
        limit: -1,
        allow_replaced: true,
    });
    assert_eq!(failed(error.unwrap_err()).0, 1);
}

#[test]
fn messages_that_cannot_be_sent_are_refused_with_the_reason() {
    let node = node();
    let client = node.client();
    let push = |message: Message| {
        failed(
            client
                .call(MpoolPushMessage {
                    message,
                    spec: None,
                })
                .unwrap_err(),
        )
    };
    let to = Address::new_id(RECEIVER);
    let rich = push(message(to, 100_000_000));
    assert!(
        rich.1.contains("not enough funds") || rich.1.contains("execution failed"),
        "{rich:?}"
    );
    let numbered = Message {
        sequence: 5,
        ..message(to, 1)
    };
    assert!(push(numbered).1.contains("Nonce must be 0"));
    let stranger = Message {
        from: Address::new_id(RECEIVER + 5000),
        ..message(to, 1)
    };
    assert!(push(stranger).1.contains("no key signs"));
    let nobody = Message {
        from: Address::new_secp256k1(&[9; 65]).unwrap(),
        ..message(to, 1)
    };
    assert!(push(nobody).1.contains("the wallet has no key"));
    let failing = Message {
        method_num: 99,
        ..message(Address::new_id(MINER), 0)
    };
    let (code, text) = push(failing);
    assert_eq!(code, 3, "{text}");
    let signed = client
        .call(WalletSignMessage {
            address: *owner().address(),
            message: message(to, 1),
        })
        .unwrap();
    let (code, _) = failed(client.call(MpoolPush { message: signed }).unwrap_err());
    assert_eq!(code, 1, "without gas");
}

#[test]
fn a_message_sent_twice_under_one_name_is_sent_once() {
    let node = node();
    let client = node.client();
    let spec = |uuid: &str| {
        Some(MessageSendSpec {
            max_fee: TokenAmount::default(),
            uuid: uuid.to_owned(),
            maximize_fee_cap: false,
        })
    };
    let push = |uuid| {
        let message = message(Address::new_id(RECEIVER), 1);
        client
            .call(MpoolPushMessage {
                message,
                spec: spec(uuid),
            })
            .unwrap()
    };
    let name = "6b1f9c7e-0c2b-4f8f-9d5a-0a6c7c1f0b11";
    let first = push(name);
    assert_eq!(push(name), first);
    assert_ne!(push("6b1f9c7e-0c2b-4f8f-9d5a-0a6c7c1f0b12"), first);
    let unnamed = "00000000-0000-0000-0000-000000000000";
    assert_ne!(push(unnamed), push(unnamed));
}

#[test]
fn gas_is_estimated_by_trying() {
    let node = node();
    let client = node.client();
    let message = message(Address::new_id(RECEIVER), 1);
    let used = client
        .call(GasEstimateGasLimit {
            message: message.clone(),
            tipset: head(),
        })
        .unwrap();
    let filled = GasEstimateMessageGas {
        message: message.clone(),
        spec: None,
        tipset: head(),
    };
    let filled = client.call(filled).unwrap();
    assert_eq!(filled.gas_limit, used + used / 4);
    assert!(filled.gas_fee_cap >= filled.gas_premium);
    let called = client
        .call(StateCall {
            message,
            tipset: head(),
        })
        .unwrap();
    assert_eq!(called.receipt.exit_code, ExitCode::OK);
    assert_eq!(called.trace.message.value, fil(1));
    // Nothing of it is kept.
    let balance = client
        .call(WalletBalance {
            address: Address::new_id(RECEIVER),
        })
        .unwrap();
    assert_eq!(balance, fil(5_000));
}

#[test]
fn a_tipset_is_computed_again_with_messages_on_top() {
    let node = node();
    let client = node.client();
    send(&client, 2);
    let tipset = mine(&node.services);
    let key = || tipset.key().clone();
    let same = client
        .call(StateCompute {
            epoch: 1,
            messages: None,
            tipset: key(),
        })
        .unwrap();
    assert_eq!(same.root, mine(&node.services).parent_state());
    // The message, the reward, cron.
    assert_eq!(same.trace.len(), 3);
    let filled = GasEstimateMessageGas {
        message: message(Address::new_id(RECEIVER), 1),
        spec: None,
        tipset: head(),
    };
    let more = Message {
        sequence: 1,
        ..client.call(filled).unwrap()
    };
    let with_more = StateCompute {
        epoch: 1,
        messages: Some(vec![more]),
        tipset: key(),
    };
    let with_more = client.call(with_more).unwrap();
    assert_eq!(with_more.trace.len(), 4);
    assert_ne!(with_more.root, same.root);
    assert!(
        client
            .call(StateCompute {
                epoch: 0,
                messages: None,
                tipset: key()
            })
            .is_err()
    );
}
