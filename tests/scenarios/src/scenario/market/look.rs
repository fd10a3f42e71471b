//! What anyone may ask of deals.

use filigree_builtin::calls::market::OnMinerSectorsTerminateParams;
use filigree_sdk::prelude::*;

use super::{EXPIRED, LOST, NOT_ACTIVATED, OK};
use crate::deals::{DURATION, active, customer, market, proposal, published, storer};
use crate::malformed::refuse_malformed;
use crate::onboard::set;
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of this topic.
pub const ALL: &[Scenario] = &[Scenario {
    name: "market/what-is-known-of-deals",
    run: what_is_known_of_deals,
}];

fn what_is_known_of_deals(stage: &mut Stage) {
    let alice = customer(stage, 100);
    let provider = storer(stage);
    for unknown in [0, 5, u64::MAX - 1] {
        assert_eq!(asked(stage, unknown), [LOST; 3]);
    }
    assert_eq!(asked(stage, u64::MAX), [ExitCode::USR_ILLEGAL_STATE; 3]);
    let published_only = published(stage, alice, &provider, [1])[0];
    let running = active(stage, alice, &provider, 7, 2);
    assert_eq!(asked(stage, published_only), [OK, OK, NOT_ACTIVATED]);
    assert_eq!(asked(stage, running[0]), [OK; 3]);
    let deal = proposal(stage, alice, &provider, 1);
    let (market, anyone) = (market(), alice);
    let client = stage
        .call(anyone, market.get_deal_client(published_only))
        .ok();
    assert_eq!(client, alice.id);
    let term = stage
        .call(anyone, market.get_deal_term(published_only))
        .ok();
    assert_eq!((term.start, term.duration), (deal.start_epoch, DURATION));
    let price = stage
        .call(anyone, market.get_deal_total_price(published_only))
        .ok();
    assert_eq!(price, deal.total_storage_fee());
    let label = stage
        .call(anyone, market.get_deal_label(published_only))
        .ok();
    assert_eq!(label, deal.label);
    let activation = stage
        .call(anyone, market.get_deal_activation(running[0]))
        .ok();
    assert_eq!((activation.activated, activation.terminated), (1_000, -1));
    let activation = stage
        .call(anyone, market.get_deal_activation(published_only))
        .ok();
    assert_eq!(activation.activated, -1);
    assert_eq!(
        stage.call(anyone, market.get_deal_sector(running[1])).ok(),
        7
    );

    // Ended early, and not begun in time.
    let ended = OnMinerSectorsTerminateParams {
        epoch: stage.epoch(),
        sectors: set([7]),
    };
    stage
        .implicit(provider.id, market.on_miner_sectors_terminate(ended))
        .ok();
    assert_eq!(asked(stage, running[0]), [EXPIRED; 3]);
    stage.sandbox().set_epoch(deal.start_epoch + 1);
    assert_eq!(asked(stage, published_only), [OK, OK, NOT_ACTIVATED]);
    let settle = market.settle_deal_payments(set([published_only]));
    let settled = stage.call(anyone, settle).ok();
    assert_eq!(settled.results.codes(), [EXPIRED]);
    assert_eq!(asked(stage, published_only), [EXPIRED; 3]);
    assert_eq!(asked(stage, 3), [LOST; 3]);

    refuse_malformed(stage, anyone, &market.get_deal_client(1));
    refuse_malformed(stage, anyone, &market.get_deal_sector(1));
    refuse_malformed(stage, anyone, &market.get_deal_activation(1));
    refuse_malformed(stage, anyone, &market.get_deal_label(1));
}

/// Asks all that can be asked of a deal; gives the exit codes of asking for the proposal, the activation and the sector.
fn asked(stage: &mut Stage, id: u64) -> [ExitCode; 3] {
    let anyone = crate::verified::ROOT;
    let market = market();
    let code = stage.call(anyone, market.get_deal_client(id)).exit_code();
    let others = [
        stage.call(anyone, market.get_deal_provider(id)).exit_code(),
        stage.call(anyone, market.get_deal_label(id)).exit_code(),
        stage.call(anyone, market.get_deal_term(id)).exit_code(),
        stage
            .call(anyone, market.get_deal_total_price(id))
            .exit_code(),
        stage
            .call(anyone, market.get_deal_client_collateral(id))
            .exit_code(),
        stage
            .call(anyone, market.get_deal_provider_collateral(id))
            .exit_code(),
        stage
            .call(anyone, market.get_deal_data_commitment(id))
            .exit_code(),
        stage.call(anyone, market.get_deal_verified(id)).exit_code(),
    ];
    assert_eq!(others, [code; 8]);
    [
        code,
        stage
            .call(anyone, market.get_deal_activation(id))
            .exit_code(),
        stage.call(anyone, market.get_deal_sector(id)).exit_code(),
    ]
}
