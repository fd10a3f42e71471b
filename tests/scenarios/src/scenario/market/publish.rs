//! Publishing deals: good ones, and bad ones among them.

use filigree_actor_market::deal::DealProposal;
use filigree_actor_market::{Label, PublishStorageDealsParams};
use filigree_actor_multisig::{ConstructorParams, MultisigClient};
use filigree_sandbox::Account;
use filigree_sdk::prelude::*;
use fvm_shared::crypto::signature::Signature;
use fvm_shared::piece::PaddedPieceSize;

use super::{FORBIDDEN, ILLEGAL};
use crate::deals::{
    add_balance, balance_of, customer, market, market_state, proposal, publish, published, signed,
    storer,
};
use crate::exec::create;
use crate::malformed::refuse_malformed;
use crate::onboard::{DAY, Provider, fil, sealed_cid};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "market/deals-published",
        run: deals_published,
    },
    Scenario {
        name: "market/bad-deals-among-good-ones",
        run: bad_deals_among_good_ones,
    },
    Scenario {
        name: "market/deals-not-signed",
        run: deals_not_signed,
    },
    Scenario {
        name: "market/deals-without-money",
        run: deals_without_money,
    },
    Scenario {
        name: "market/deals-published-twice",
        run: deals_published_twice,
    },
    Scenario {
        name: "market/deals-of-wallets",
        run: deals_of_wallets,
    },
    Scenario {
        name: "market/publishing-that-is-refused",
        run: publishing_that_is_refused,
    },
];

pub(super) fn places(valid: &BitField) -> Vec<u64> {
    valid.iter().collect()
}

fn deals_published(stage: &mut Stage) {
    let (alice, bob) = (customer(stage, 10), customer(stage, 10));
    let provider = storer(stage);
    let deals = (0..4).map(|number| {
        let by = [alice, bob][number as usize % 2];
        signed(proposal(stage, by, &provider, number), by)
    });
    let deals = deals.collect();
    let done = publish(stage, &provider, deals).ok();
    assert_eq!(done.ids, [0, 1, 2, 3]);
    assert_eq!(places(&done.valid_deals), [0, 1, 2, 3]);
    // Price of 576,000 epochs and the collateral.
    let each = fil(1) + TokenAmount::from_nano(100) * 576_000;
    assert_eq!(balance_of(stage, alice.id).locked, each * 2);
    assert_eq!(balance_of(stage, provider.id).locked, fil(8));
    // Addresses as ids, labels as bytes, a price and collaterals of nothing.
    let mut by_id = proposal(stage, alice, &provider, 9);
    by_id.client = Address::new_id(alice.id);
    by_id.provider = Address::new_id(provider.id);
    by_id.label = Label::Bytes(vec![0xff; 256]);
    by_id.storage_price_per_epoch = fil(0);
    by_id.client_collateral = fil(0);
    let done = publish(stage, &provider, vec![signed(by_id, alice)]).ok();
    assert_eq!(done.ids, [4]);
    // The owner and control addresses may publish too.
    let call =
        |deal| market().publish_storage_deals(PublishStorageDealsParams { deals: vec![deal] });
    let deal = signed(proposal(stage, bob, &provider, 10), bob);
    stage.call(provider.owner, call(deal)).ok();
    stage.check_invariants();
}

fn bad_deals_among_good_ones(stage: &mut Stage) {
    let alice = customer(stage, 1_000);
    let provider = storer(stage);
    let now = stage.epoch();
    let cases: [&dyn Fn(&mut DealProposal); 28] = [
        &|bad| bad.label = Label::Bytes(vec![0; 257]),
        &|bad| bad.label = Label::Text("é".repeat(129)),
        &|bad| bad.piece_size = PaddedPieceSize(0),
        &|bad| bad.piece_size = PaddedPieceSize(127),
        &|bad| bad.piece_size = PaddedPieceSize(3 << 20),
        &|bad| bad.piece_size = PaddedPieceSize(u64::MAX),
        &|bad| bad.piece_size = PaddedPieceSize(1 << 63),
        &|bad| bad.piece_cid = sealed_cid(1),
        &|bad| bad.end_epoch = bad.start_epoch,
        &|bad| bad.end_epoch = bad.start_epoch - 1,
        &|bad| bad.end_epoch = i64::MIN,
        &|bad| bad.start_epoch = now - 1,
        &|bad| bad.start_epoch = i64::MIN,
        &|bad| bad.start_epoch = i64::MAX,
        &|bad| bad.end_epoch = i64::MAX,
        &|bad| bad.end_epoch = bad.start_epoch + 180 * DAY - 1,
        &|bad| bad.end_epoch = bad.start_epoch + 1_278 * DAY + 1,
        &|bad| bad.storage_price_per_epoch = TokenAmount::from_atto(-1),
        &|bad| bad.storage_price_per_epoch = fil(2_000_000_000) + TokenAmount::from_atto(1),
        &|bad| bad.storage_price_per_epoch = fil(2_000_000_000),
        &|bad| bad.provider_collateral = fil(0),
        &|bad| bad.provider_collateral = TokenAmount::from_atto(-1),
        &|bad| bad.provider_collateral = fil(2_000_000_001),
        &|bad| bad.client_collateral = TokenAmount::from_atto(-1),
        &|bad| bad.client_collateral = fil(2_000_000_001),
        &|bad| bad.client_collateral = fil(2_000_000_000),
        // Not this miner's.
        &|bad| bad.provider = Address::new_id(alice.id),
        &|bad| bad.provider = Address::new_actor(b"nobody"),
    ];
    // Among good ones, in batches, and each alone.
    let mut all = Vec::new();
    for (number, spoil) in (0..).zip(cases) {
        let good = proposal(stage, alice, &provider, number);
        let mut bad = good.clone();
        spoil(&mut bad);
        all.push(signed(bad, alice));
        if number % 3 == 0 {
            all.push(signed(good, alice));
        }
    }
    for batch in all.chunks(8) {
        let done = publish(stage, &provider, batch.to_vec());
        // Bad first: whose the batch is, the first deal tells.
        if batch[0].proposal.provider == provider.client.address {
            let done = done.ok();
            assert_eq!(done.ids.len(), places(&done.valid_deals).len());
        }
    }
    assert_eq!(market_state(stage).next_id, 10);
    for bad in all
        .into_iter()
        .filter(|deal| deal.proposal.label == Label::Bytes(vec![0; 257]))
    {
        publish(stage, &provider, vec![bad]).expect_exit(ILLEGAL, "");
    }
    // At the bounds all is well.
    let good = |number| proposal(stage, alice, &provider, number);
    let edge: [DealProposal; 4] = [
        DealProposal {
            end_epoch: good(50).start_epoch + 180 * DAY,
            ..good(50)
        },
        DealProposal {
            end_epoch: good(51).start_epoch + 1_278 * DAY,
            ..good(51)
        },
        DealProposal {
            start_epoch: now,
            ..good(52)
        },
        DealProposal {
            piece_size: PaddedPieceSize(128),
            provider_collateral: fil(0),
            label: Label::Text(String::new()),
            ..good(53)
        },
    ];
    let edge = edge.map(|deal| signed(deal, alice)).to_vec();
    let done = publish(stage, &provider, edge).ok();
    assert_eq!(places(&done.valid_deals).len(), done.ids.len());
    stage.check_invariants();
}

fn deals_not_signed(stage: &mut Stage) {
    let (alice, mallory) = (customer(stage, 10), customer(stage, 10));
    let provider = storer(stage);
    let deal = |number| proposal(stage, alice, &provider, number);
    let good = signed(deal(1), alice);
    let mut cut = signed(deal(2), alice);
    cut.client_signature.bytes.pop();
    let mut empty = signed(deal(3), alice);
    empty.client_signature.bytes.clear();
    let mut changed = signed(deal(4), alice);
    changed.proposal.storage_price_per_epoch = fil(0);
    let mut unknown = deal(5);
    unknown.client = Address::new_id(999_999);
    let mut keyless = deal(6);
    keyless.client = Address::new_bls(&[5; 48]).expect("a key of 48 bytes");
    let mut miner = deal(7);
    miner.client = provider.client.address;
    let mut other_type = signed(deal(8), alice);
    other_type.client_signature = Signature::new_bls(other_type.client_signature.bytes.clone());
    let deals = vec![
        signed(deal(0), mallory),
        good,
        cut,
        empty,
        changed,
        signed(unknown, alice),
        signed(keyless, alice),
        signed(miner, alice),
        other_type,
    ];
    let done = publish(stage, &provider, deals).ok();
    assert_eq!(places(&done.valid_deals), [1, 8]);
    stage.check_invariants();
}

fn deals_without_money(stage: &mut Stage) {
    let (rich, poor) = (customer(stage, 100), customer(stage, 2));
    let broke = stage.account(10);
    let provider = Provider::new(stage);
    let miner = provider.client.address;
    add_balance(stage, provider.owner, miner, 5);
    let deals = |stage: &Stage, of: &[Account], from: u64| -> Vec<_> {
        let numbered = of.iter().zip(from..);
        numbered
            .map(|(by, number)| signed(proposal(stage, *by, &provider, number), *by))
            .collect()
    };
    // The miner can afford two deals, the poor client one.
    let batch = deals(stage, &[broke, poor, poor, rich, rich], 0);
    let done = publish(stage, &provider, batch).ok();
    assert_eq!(places(&done.valid_deals), [1, 3]);
    let batch = deals(stage, &[rich], 10);
    publish(stage, &provider, batch).expect_exit(ILLEGAL, "");
    add_balance(stage, provider.owner, miner, 1);
    let batch = deals(stage, &[poor, rich, rich], 20);
    let done = publish(stage, &provider, batch).ok();
    assert_eq!(places(&done.valid_deals), [1]);
    assert_eq!(balance_of(stage, provider.id).locked, fil(6));
    stage.check_invariants();
}

fn deals_published_twice(stage: &mut Stage) {
    let alice = customer(stage, 100);
    let provider = storer(stage);
    let deal = |number| signed(proposal(stage, alice, &provider, number), alice);
    let mut by_id = deal(1).proposal;
    by_id.client = Address::new_id(alice.id);
    // In state addresses are ids: this is the same deal.
    let batch = vec![
        deal(1),
        deal(2),
        deal(1),
        signed(by_id, alice),
        deal(2),
        deal(3),
    ];
    let (first, again) = (batch.clone(), deal(4));
    let done = publish(stage, &provider, batch).ok();
    assert_eq!(places(&done.valid_deals), [0, 1, 5]);
    publish(stage, &provider, first.clone()).expect_exit(ILLEGAL, "");
    let done = publish(stage, &provider, [first, vec![again]].concat()).ok();
    assert_eq!(places(&done.valid_deals), [6]);
    stage.check_invariants();
}

fn deals_of_wallets(stage: &mut Stage) {
    let alice = customer(stage, 100);
    let provider = storer(stage);
    let wallet = MultisigClient::construct(ConstructorParams {
        signers: vec![alice.address],
        num_approvals_threshold: 1,
        unlock_duration: 0,
        start_epoch: 0,
    });
    let wallet = create(stage, alice, "multisig", wallet, fil(5)).ok();
    add_balance(stage, alice, wallet.id_address, 10);
    // It says neither yes nor no to a message: that is no yes.
    let deal = DealProposal {
        client: wallet.robust_address,
        ..proposal(stage, alice, &provider, 1)
    };
    let own = proposal(stage, alice, &provider, 2);
    let batch = vec![signed(deal, alice), signed(own, alice)];
    let done = publish(stage, &provider, batch).ok();
    assert_eq!(places(&done.valid_deals), [1]);
    stage.check_invariants();
}

fn publishing_that_is_refused(stage: &mut Stage) {
    let alice = customer(stage, 100);
    let (provider, other) = (storer(stage), storer(stage));
    let good = signed(proposal(stage, alice, &provider, 1), alice);
    let call = |deals| market().publish_storage_deals(PublishStorageDealsParams { deals });
    publish(stage, &provider, Vec::new()).expect_exit(ILLEGAL, "");
    // Not those who do not act for the miner.
    for who in [alice.address, other.worker, other.owner.address] {
        stage
            .call(who, call(vec![good.clone()]))
            .expect_exit(FORBIDDEN, "");
    }
    // No miner, nobody.
    for provider_address in [
        alice.address,
        Address::new_id(999_999),
        Address::new_id(5),
        Address::new_actor(b"nobody"),
    ] {
        let mut bad = good.proposal.clone();
        bad.provider = provider_address;
        let outcome = publish(stage, &provider, vec![signed(bad, alice), good.clone()]);
        assert!(!outcome.is_ok());
    }
    // Another miner's deals.
    publish(stage, &other, vec![good.clone()]).expect_exit(FORBIDDEN, "");
    let worker = provider.worker;
    refuse_malformed(stage, worker, &call(vec![good.clone()]));
    // Bytes that are others, here and there.
    let params = call(vec![good]).params.expect("it has parameters").data;
    for at in (0..params.len()).step_by(7) {
        let mut bad = params.clone();
        bad[at] ^= 0xe0;
        let bad = Some(RawBytes::new(bad));
        let outcome = stage.raw(worker, market().address, 4, fil(0), bad);
        let codes = [ILLEGAL, ExitCode::USR_SERIALIZATION];
        assert!(codes.contains(&outcome.exit_code()), "{at}: {outcome:?}");
    }
    let ids = published(stage, alice, &provider, [77]);
    assert_eq!(ids.len(), 1);
    stage.check_invariants();
}
