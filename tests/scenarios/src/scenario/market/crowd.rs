//! Many deals of many parties, in order and in none.

use filigree_actor_market::deal::{ClientDealProposal, DealId};
use filigree_builtin::calls::market::{OnMinerSectorsTerminateParams, SectorDeals};
use filigree_builtin::calls::miner::{PieceChange, SectorChanges, SectorContentChangedParams};
use filigree_sandbox::Account;
use filigree_sdk::prelude::*;
use fvm_shared::piece::PaddedPieceSize;

use super::OK;
use crate::deals::{
    AHEAD, DURATION, activate, add_balance, balance_of, customer, market, proposal, publish,
    sector_deals, signed, storer,
};
use crate::dice::Dice;
use crate::onboard::{DAY, Provider, fil, piece_cid, set};
use crate::scenario::Scenario;
use crate::stage::Stage;
use crate::verified::{MIB, client as verified_client};

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "market/hundreds-of-deals",
        run: hundreds_of_deals,
    },
    Scenario {
        name: "market/deals-in-no-order",
        run: deals_in_no_order,
    },
    Scenario {
        name: "market/deals-in-no-order-either",
        run: deals_in_no_order_either,
    },
];

fn hundreds_of_deals(stage: &mut Stage) {
    let clients = [0; 3].map(|_| customer(stage, 1_000));
    let provider = storer(stage);
    add_balance(stage, provider.owner, provider.client.address, 1_000);
    let mut ids = Vec::new();
    for batch in 0..5 {
        let deals = (0..60).map(|number| {
            let by = clients[number as usize % 3];
            signed(proposal(stage, by, &provider, batch * 60 + number), by)
        });
        let deals = deals.collect();
        ids.extend(publish(stage, &provider, deals).ok().ids);
    }
    assert_eq!(ids.len(), 300);
    // Two thirds begin, ten in a sector.
    let sectors = (ids[..200].chunks(10).zip(1..))
        .map(|(deals, number)| sector_deals(stage, &provider, number * 7, deals));
    let sectors = sectors.collect();
    let done = activate(stage, &provider, sectors).ok();
    assert!(done.activation_results.all_ok());
    let settle = |stage: &mut Stage, deals: &[DealId]| {
        let call = market().settle_deal_payments(set(deals.iter().copied()));
        stage.call(clients[0], call).ok()
    };
    let start = stage.epoch() + AHEAD;
    stage.sandbox().set_epoch(start + 10 * DAY);
    let done = settle(stage, &ids);
    assert_eq!(done.results.success_count, 200);
    assert!(balance_of(stage, provider.id).locked == fil(400));
    let ended = market().on_miner_sectors_terminate(OnMinerSectorsTerminateParams {
        epoch: stage.epoch(),
        sectors: set((1..100).filter(|number| number % 2 == 0)),
    });
    stage.implicit(provider.id, ended).ok();
    let done = settle(stage, &ids[..200]);
    assert_eq!(done.results.success_count, 130);
    stage.check_invariants();
    stage.sandbox().set_epoch(start + DURATION);
    let done = settle(stage, &ids[..200]);
    assert_eq!(
        done.results
            .codes()
            .iter()
            .filter(|code| **code == OK)
            .count(),
        130
    );
    assert!(balance_of(stage, provider.id).locked.is_zero());
    stage.check_invariants();
}

fn deals_in_no_order(stage: &mut Stage) {
    play(stage, 1);
}

fn deals_in_no_order_either(stage: &mut Stage) {
    play(stage, 2);
}

/// Who plays, and what there is to play with.
struct Game {
    dice: Dice,
    clients: [Account; 3],
    providers: [Provider; 2],
    /// Deals with the miner that has them, and the number of their piece.
    deals: Vec<(DealId, usize, u64)>,
    /// The number of the next proposal.
    next: u64,
}

/// Size of verified pieces.
const SIZE: PaddedPieceSize = PaddedPieceSize(MIB);

fn play(stage: &mut Stage, seed: u64) {
    let verified = verified_client(stage, 40 * MIB);
    add_balance(stage, verified, verified, 40);
    let mut game = Game {
        dice: Dice::new(seed),
        clients: [verified, customer(stage, 40), customer(stage, 5)],
        providers: [storer(stage), storer(stage)],
        deals: Vec::new(),
        next: 0,
    };
    for turn in 1..=150 {
        match game.dice.below(12) {
            0..3 => game.publish(stage),
            3..5 => game.activate(stage),
            5 => game.change_content(stage),
            6..8 => game.settle(stage),
            8 => game.terminate(stage),
            9 => game.move_money(stage),
            _ => {
                let epochs = 1 + game.dice.below(3_000) as ChainEpoch;
                stage.leap(stage.epoch() + epochs);
            }
        }
        if turn % 25 == 0 {
            stage.check_invariants();
        }
    }
    // Until all is over, and longer.
    for _ in 0..6 {
        let to = stage.epoch() + 100 * DAY;
        stage.sandbox().set_epoch(to);
        game.settle(stage);
        game.terminate(stage);
    }
    stage.check_invariants();
}

impl Game {
    fn deal(&mut self, stage: &Stage, provider: usize) -> ClientDealProposal {
        let by = self.dice.one_of(&self.clients);
        let number = self.next;
        self.next += 1;
        let mut deal = proposal(stage, by, &self.providers[provider], number);
        deal.piece_size = SIZE;
        deal.verified_deal = self.dice.once_in(2) && by == self.clients[0];
        deal.start_epoch = stage.epoch() + self.dice.below(6_000) as ChainEpoch;
        deal.end_epoch = deal.start_epoch + (180 + self.dice.below(300) as ChainEpoch) * DAY;
        deal.storage_price_per_epoch = TokenAmount::from_nano(self.dice.below(1_000));
        match self.dice.below(12) {
            0 => deal.end_epoch -= 150 * DAY,
            1 => deal.provider_collateral = fil(90),
            2 => deal.client_collateral = TokenAmount::default(),
            _ => {}
        }
        let signer = match self.dice.once_in(15) {
            true => self.clients[1],
            false => by,
        };
        signed(deal, signer)
    }

    fn publish(&mut self, stage: &mut Stage) {
        let provider = self.dice.below(2) as usize;
        let first = self.next;
        let count = 1 + self.dice.below(5);
        let deals = (0..count).map(|_| self.deal(stage, provider)).collect();
        if let Ok(done) = publish(stage, &self.providers[provider], deals).result() {
            let places = done.valid_deals.iter().zip(done.ids);
            let new = places.map(|(place, id)| (id, provider, first + place));
            self.deals.extend(new);
        }
    }

    /// Some of the last deals, most of them of one miner.
    fn some(&mut self, provider: usize) -> Vec<(DealId, usize, u64)> {
        let from = self.deals.len().saturating_sub(12);
        let mut some = self.dice.some_of(&self.deals[from..]);
        if !self.dice.once_in(10) {
            some.retain(|(_, of, _)| *of == provider);
        }
        some
    }

    fn activate(&mut self, stage: &mut Stage) {
        let provider = self.dice.below(2) as usize;
        let sectors = 1 + self.dice.below(3);
        let sectors = (0..sectors).map(|_| {
            let deals: Vec<DealId> = self.some(provider).iter().map(|deal| deal.0).collect();
            SectorDeals {
                sector_expiry: stage.epoch() + 500 * DAY,
                ..sector_deals(
                    stage,
                    &self.providers[provider],
                    self.dice.below(30),
                    &deals,
                )
            }
        });
        let sectors = sectors.collect();
        activate(stage, &self.providers[provider], sectors).ok();
    }

    fn change_content(&mut self, stage: &mut Stage) {
        let provider = self.dice.below(2) as usize;
        let added = self
            .some(provider)
            .into_iter()
            .map(|(id, _, number)| PieceChange {
                data: piece_cid(number),
                size: SIZE,
                payload: RawBytes::serialize(id).expect("a number encodes"),
            });
        let changed = SectorContentChangedParams {
            sectors: vec![SectorChanges {
                sector: self.dice.below(30),
                minimum_commitment_epoch: stage.epoch() + 500 * DAY,
                added: added.collect(),
            }],
        };
        let call = market().sector_content_changed(changed);
        stage.implicit(self.providers[provider].id, call).ok();
    }

    fn settle(&mut self, stage: &mut Stage) {
        let all: Vec<DealId> = self.deals.iter().map(|deal| deal.0).collect();
        let call = market().settle_deal_payments(set(self.dice.some_of(&all)));
        stage.call(self.clients[1], call).ok();
    }

    fn terminate(&mut self, stage: &mut Stage) {
        let provider = self.dice.one_of(&self.providers);
        let sectors = [self.dice.below(30), self.dice.below(30)];
        let ended = market().on_miner_sectors_terminate(OnMinerSectorsTerminateParams {
            epoch: stage.epoch(),
            sectors: set(sectors),
        });
        stage.implicit(provider.id, ended).ok();
    }

    fn move_money(&mut self, stage: &mut Stage) {
        let provider = self.dice.one_of(&self.providers);
        let client = self.dice.one_of(&self.clients);
        let amount = 1 + self.dice.below(20);
        add_balance(stage, client, client, amount);
        add_balance(stage, provider.owner, provider.client.address, amount);
        let much = self.dice.below(40);
        let call = market().withdraw_balance(provider.client.address, fil(much));
        stage.call(provider.owner, call).ok();
        let call = market().withdraw_balance(client.address, fil(much));
        stage.call(client, call).ok();
    }
}
