//! What the pool would say to messages; what is put down as security; blocks put together.

use filigree_blocks::{ElectionProof, Ticket, Tipset};
use filigree_rpc::json::mempool::{MessageCheckStatus, MessagePrototype};
use filigree_rpc::json::miner::{BlockTemplate, SectorPreCommitInfo};
use filigree_rpc::method::miner::MinerCreateBlock;
use filigree_rpc::method::mpool::MpoolSelect;
use filigree_rpc::method::mpool_check::{
    MpoolCheckMessages, MpoolCheckPendingMessages, MpoolCheckReplaceMessages,
};
use filigree_rpc::method::state::network::{StateActorCodeCIDs, StateActorManifestCID};
use filigree_rpc::method::state::pending::{
    StateGetAllAllocations, StateGetAllClaims, StateGetAllocationForPendingDeal,
    StateMarketProposalPending,
};
use filigree_rpc::method::state::pledge::{
    StateDealProviderCollateralBounds, StateMinerCreationDeposit, StateMinerInitialPledgeCollateral,
};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;
use fvm_shared::sector::RegisteredSealProof;
use fvm_shared::version::NetworkVersion;

use super::{RECEIVER, failed, fil, head, message, node, send};
use crate::common::world::{self, MINER, mine, owner, worker};

fn ready(sequence: u64) -> Message {
    Message {
        sequence,
        gas_limit: 10_000_000,
        gas_fee_cap: TokenAmount::from_nano(1),
        gas_premium: TokenAmount::from_atto(100),
        ..message(Address::new_id(RECEIVER), 1)
    }
}

/// The rules that a message breaks.
fn broken(found: &[MessageCheckStatus]) -> Vec<i64> {
    let broken = found.iter().filter(|status| !status.ok);
    broken.map(|status| status.code).collect()
}

#[test]
fn messages_are_checked_rule_by_rule() {
    let node = node();
    let client = node.client();
    let check = |message: Message| {
        let messages = vec![MessagePrototype {
            message,
            valid_nonce: true,
        }];
        client
            .call(MpoolCheckMessages { messages })
            .unwrap()
            .remove(0)
    };
    let good = check(ready(0));
    assert_eq!(broken(&good), [0; 0]);
    let codes: Vec<i64> = good.iter().map(|status| status.code).collect();
    assert_eq!(codes, [9, 11, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12]);
    assert_eq!(good[0].hint["nonce"], 0);
    let change = |change: fn(&mut Message)| {
        let mut message = ready(0);
        change(&mut message);
        broken(&check(message))
    };
    assert_eq!(change(|m| m.sequence = 1), [10]);
    assert_eq!(change(|m| m.from = Address::new_id(9_999)), [9]);
    assert_eq!(change(|m| m.gas_limit = 0), [3]);
    assert_eq!(change(|m| m.gas_limit = 1), [4]);
    assert_eq!(change(|m| m.value = fil(2_000_000)), [12]);
    let cheap = |m: &mut Message| {
        m.gas_fee_cap = TokenAmount::from_atto(1);
        m.gas_premium = TokenAmount::from_atto(1);
    };
    assert_eq!(change(cheap), [5]);

    assert_eq!(
        client
            .call(MpoolCheckPendingMessages {
                sender: *owner().address()
            })
            .unwrap()
            .0,
        Vec::<Vec<_>>::new()
    );
    let sent = send(&client, 1);
    assert_eq!(broken(&check(ready(0))), [10], "the number is taken");
    assert_eq!(broken(&check(ready(1))), [0; 0]);
    let sender = *owner().address();
    let waiting = client.call(MpoolCheckPendingMessages { sender }).unwrap().0;
    assert_eq!((waiting.len(), broken(&waiting[0])), (1, vec![]));
    assert_eq!(sent.message.sequence, 0);
    let messages = vec![ready(0), ready(1)];
    let replaced = client.call(MpoolCheckReplaceMessages { messages }).unwrap();
    let found: Vec<Vec<i64>> = replaced.iter().map(|found| broken(found)).collect();
    assert_eq!(found, vec![Vec::<i64>::new(); 2]);
}

#[test]
fn what_is_put_down_as_security_is_told() {
    let node = node();
    let client = node.client();
    mine(&node.services);
    let deposit = StateMinerCreationDeposit { tipset: head() };
    assert!(client.call(deposit).unwrap().is_positive());
    let sector = |expiration, deals| StateMinerInitialPledgeCollateral {
        miner: Address::new_id(MINER),
        sector: SectorPreCommitInfo {
            seal_proof: RegisteredSealProof::StackedDRG2KiBV1P1,
            number: 7,
            sealed: filigree_blocks::cid_of(b"sealed"),
            seal_randomness_epoch: 0,
            deals,
            expiration,
            unsealed: None,
        },
        tipset: head(),
    };
    assert!(client.call(sector(600_000, vec![])).unwrap().is_positive());
    let (_, expired) = failed(client.call(sector(1, vec![])).unwrap_err());
    assert!(expired.contains("expired"), "{expired}");
    let (_, missing) = failed(client.call(sector(600_000, vec![5])).unwrap_err());
    assert_eq!(missing, "there is no deal 5");
    let bounds = |size| StateDealProviderCollateralBounds {
        size,
        verified: false,
        tipset: head(),
    };
    let (small, big) = (
        client.call(bounds(2048)).unwrap(),
        client.call(bounds(1 << 30)).unwrap(),
    );
    assert!(
        small.min < big.min && big.min < big.max,
        "{small:?} {big:?}"
    );
    assert_eq!(big.max, fil(2_000_000_000));
}

#[test]
fn what_nobody_agreed_on_is_not_there() {
    let node = node();
    let client = node.client();
    let tipset = head;
    let all = StateGetAllAllocations { tipset: tipset() };
    assert!(client.call(all).unwrap().is_empty());
    let all = StateGetAllClaims { tipset: tipset() };
    assert!(client.call(all).unwrap().is_empty());
    let of_deal = StateGetAllocationForPendingDeal {
        deal: 3,
        tipset: tipset(),
    };
    assert_eq!(client.call(of_deal).unwrap(), None);
    let pending = StateMarketProposalPending {
        proposal: filigree_blocks::cid_of(b"proposal"),
        tipset: tipset(),
    };
    assert!(!client.call(pending).unwrap());
}

#[test]
fn the_bundle_of_the_actors_is_named() {
    let node = node();
    let client = node.client();
    let version = NetworkVersion::V28;
    let root = client.call(StateActorManifestCID { version }).unwrap();
    let manifest = node.call("Filecoin.ChainGetNode", &format!(r#"["{root}/1"]"#));
    let listed = manifest["result"]["Obj"].as_array().unwrap();
    let codes = client.call(StateActorCodeCIDs { version }).unwrap();
    assert_eq!(listed.len(), codes.len());
    let version = NetworkVersion::V21;
    assert!(client.call(StateActorManifestCID { version }).is_err());
}

/// What a miner wants on a tipset at epoch 1.
pub fn template(parents: &Tipset) -> BlockTemplate {
    BlockTemplate {
        miner: Address::new_id(MINER),
        parents: parents.key().clone(),
        ticket: Some(Ticket {
            vrf_proof: vec![1; 96],
        }),
        election_proof: Some(ElectionProof {
            win_count: 1,
            vrf_proof: vec![2; 96],
        }),
        beacon_entries: vec![world::beacon().entry(3)],
        messages: Vec::new(),
        epoch: 2,
        timestamp_seconds: 1_760_000_008,
        winning_post: vec![],
    }
}

#[test]
fn a_block_is_put_together_and_signed() {
    let node = node();
    let client = node.client();
    let tipset = mine(&node.services);
    let sent = send(&client, 1);
    let template = BlockTemplate {
        messages: vec![sent.clone()],
        ..template(&tipset)
    };
    let block = client
        .call(MinerCreateBlock {
            template: template.clone(),
        })
        .unwrap();
    assert_eq!((block.bls.len(), block.signed), (0, vec![sent.cid()]));
    let header = &block.header;
    assert_eq!((header.height, &header.parents), (2, tipset.key()));
    let expected = worker().sign(&header.signing_bytes());
    assert_eq!(header.signature, Some(expected));
    let next = mine(&node.services);
    assert_eq!(header.messages, next.first().messages);
    assert_eq!(header.parent_state, next.parent_state());
    let early = BlockTemplate {
        epoch: 1,
        ..template
    };
    let early = client.call(MinerCreateBlock { template: early });
    assert_eq!(failed(early.unwrap_err()).0, -32602);
}

#[test]
fn messages_are_selected_though_the_head_has_moved() {
    let node = node();
    let client = node.client();
    let first = mine(&node.services);
    mine(&node.services);
    let sent = send(&client, 1);
    let select = |tipset| MpoolSelect {
        tipset,
        ticket_quality: 0.5,
    };
    let below = client.call(select(first.key().clone())).unwrap();
    assert_eq!(below.0, [sent]);
    assert_eq!(client.call(select(head())).unwrap(), below);
}

#[test]
fn what_may_be_null_at_the_end_may_be_left_out() {
    let node = node();
    let whole = node.call("Filecoin.StateGetActor", r#"["f0100",null]"#);
    assert!(whole["result"].is_object(), "{whole}");
    let short = node.call("Filecoin.StateGetActor", r#"["f0100"]"#);
    assert_eq!(short, whole);
    let nothing = node.call("Filecoin.StateGetActor", "[]");
    assert_eq!(nothing["error"]["code"], -32602);
}
