//! Methods on a market in memory: hand-made cases, and any sequence of methods (`sequences`).

mod sequences;

use std::rc::Rc;

use filigree_builtin::calls::market::{BatchActivateDealsParams, SectorDeals};
use filigree_builtin::calls::miner::{PieceChange, SectorChanges, SectorContentChangedParams};
use filigree_builtin::calls::verifreg::NO_ALLOCATION;
use filigree_builtin::{BatchReturn, POLICY};
use filigree_sdk::cbor;
use filigree_sdk::prelude::*;
use fvm_shared::piece::PaddedPieceSize;
use fvm_shared::sector::{RegisteredSealProof, SectorNumber};

use super::activate::Beginning;
use super::{cron, settle, terminate};
use crate::DEAL_EXPIRED;
use crate::deal::{DealId, DealProposal};
use crate::event::Happened;
use crate::testing::{CLIENT, FEE, Fixture, PROVIDER, atto, deal, in_atto};

const START: ChainEpoch = 1_000;
const END: ChainEpoch = START + FEE / 10;
const SEAL: RegisteredSealProof = RegisteredSealProof::StackedDRG2KiBV1P1;

fn bits(numbers: &[u64]) -> BitField {
    BitField::try_from_bits(numbers.iter().copied()).unwrap()
}

/// A market with deals that differ by start only, for which client and provider have enough.
fn published(count: i64) -> Fixture {
    let mut fixture = Fixture::new(count * (FEE + 500), count * 2_000);
    for n in 0..count {
        fixture.publish(&nth(n));
    }
    fixture
}

fn nth(n: i64) -> DealProposal {
    DealProposal {
        start_epoch: START + n,
        end_epoch: END + n,
        ..deal()
    }
}

fn sector(sector_number: SectorNumber, sector_expiry: ChainEpoch, deals: &[DealId]) -> SectorDeals {
    SectorDeals {
        sector_number,
        sector_type: SEAL,
        sector_expiry,
        deal_ids: deals.to_vec(),
    }
}

/// How many deals began in a sector, and its commitment.
type Activated = (usize, Option<Cid>);

fn batch(
    fixture: &mut Fixture,
    now: ChainEpoch,
    compute_cid: bool,
    sectors: Vec<SectorDeals>,
) -> Result<(BatchReturn, Vec<Activated>)> {
    let params = BatchActivateDealsParams {
        sectors,
        compute_cid,
    };
    // In place of the host's commitment: one that tells the first deal's start.
    let commitment = |_, deals: &[DealProposal]| {
        let start = deals[0].start_epoch.to_be_bytes();
        let hash = cid::multihash::Multihash::wrap(0, &start).unwrap();
        Ok(Cid::new_v1(0x55, hash))
    };
    let result = fixture
        .change(|market| Beginning::of(market, PROVIDER, now).batch(&params, &commitment))?;
    let of = |activation: filigree_builtin::calls::market::SectorDealActivation| {
        (activation.activated.len(), activation.unsealed_cid)
    };
    let activations = result.activations.into_iter().map(of).collect();
    Ok((result.activation_results, activations))
}

fn piece(deal: &DealProposal, payload: &impl serde::Serialize) -> PieceChange {
    PieceChange {
        data: deal.piece_cid,
        size: deal.piece_size,
        payload: RawBytes::new(cbor::encode(payload).unwrap()),
    }
}

fn content_changed(
    fixture: &mut Fixture,
    now: ChainEpoch,
    sectors: Vec<(SectorNumber, ChainEpoch, Vec<PieceChange>)>,
) -> Result<Vec<Vec<bool>>> {
    let changes = |(sector, minimum_commitment_epoch, added)| SectorChanges {
        sector,
        minimum_commitment_epoch,
        added,
    };
    let params = SectorContentChangedParams {
        sectors: sectors.into_iter().map(changes).collect(),
    };
    let result =
        fixture.change(|market| Beginning::of(market, PROVIDER, now).content_changed(&params))?;
    let accepted = |sector: &filigree_builtin::calls::miner::SectorReturn| {
        sector.added.iter().map(|piece| piece.accepted).collect()
    };
    Ok(result.sectors.iter().map(accepted).collect())
}

/// The provider's sectors and their deals.
fn in_sectors(fixture: &Fixture) -> Vec<(SectorNumber, Vec<DealId>)> {
    let store = Rc::clone(&fixture.store);
    let providers = fixture.market.provider_sectors.open_in(&*store).unwrap();
    let mut all = Vec::new();
    if let Some(sectors) = providers.get(&PROVIDER).unwrap() {
        let visit = |sector, deals| {
            all.push((sector, deals));
            Ok(())
        };
        sectors.open_in(&*store).unwrap().for_each(visit).unwrap();
    }
    all.sort_unstable();
    all
}

#[test]
fn a_sector_succeeds_as_a_whole() {
    const OK: ExitCode = ExitCode::OK;
    const BAD: ExitCode = ExitCode::USR_ILLEGAL_ARGUMENT;
    let mut fixture = published(6);
    let late = END + 100;
    let sectors = vec![
        sector(1, late, &[0, 1]),
        sector(2, late, &[2, 9]),
        sector(3, late, &[3, 3]),
        sector(4, late, &[1, 2]),
        sector(5, END + 3, &[4]),
        sector(6, late, &[]),
        sector(7, late, &[5, 2]),
    ];
    let (results, activations) = batch(&mut fixture, 900, true, sectors).unwrap();
    let codes = [OK, ExitCode::USR_NOT_FOUND, BAD, BAD, BAD, OK, OK];
    assert_eq!(results.codes(), codes);
    let counts: Vec<usize> = activations.iter().map(|(count, _)| *count).collect();
    assert_eq!(counts, [2, 0, 2]);
    // No deals, no commitment.
    let computed: Vec<bool> = activations.iter().map(|(_, cid)| cid.is_some()).collect();
    assert_eq!(computed, [true, false, true]);
    let expected = [(1, vec![0, 1]), (6, vec![]), (7, vec![2, 5])];
    assert_eq!(in_sectors(&fixture), expected);
    assert_eq!(fixture.broken(900, 6 * (FEE + 2_500)), [""; 0]);

    // Nobody asked for commitments this time; two deals started before.
    let sectors = vec![
        sector(1, late, &[3]),
        sector(1, late, &[4]),
        sector(8, late, &[5]),
    ];
    let (results, activations) = batch(&mut fixture, START + 4, false, sectors).unwrap();
    assert_eq!(results.codes(), [DEAL_EXPIRED, OK, BAD]);
    assert_eq!(activations, [(1, None)]);
    assert_eq!(in_sectors(&fixture)[0], (1, vec![0, 1, 4]));
}

#[test]
fn deals_begin_with_their_datacap_and_are_told_in_order() {
    let mut fixture = published(1);
    let verified = DealProposal {
        verified_deal: true,
        storage_price_per_epoch: atto(0),
        client_collateral: atto(0),
        provider_collateral: atto(0),
        ..deal()
    };
    fixture.publish(&verified);
    let params = BatchActivateDealsParams {
        sectors: vec![sector(1, END, &[1, 0])],
        compute_cid: false,
    };
    let commitment = |_, _: &[DealProposal]| Err(Error::assertion_failed("nobody asked"));
    fixture.change(|market| {
        let result = Beginning::of(market, PROVIDER, 10).batch(&params, &commitment);
        let activated = result.unwrap().activations.remove(0).activated;
        assert_eq!(activated[0].allocation_id, 2);
        assert_eq!(activated[1].allocation_id, NO_ALLOCATION);
        assert_eq!(activated[1].client, CLIENT);
        let told: Vec<_> = market
            .happened
            .iter()
            .map(|(what, id, _)| (*what, *id))
            .collect();
        assert_eq!(told, [(Happened::Activated, 1), (Happened::Activated, 0)]);
        assert!(market.allocations().unwrap().is_empty());
    });
}

#[test]
fn pieces_are_accepted_one_by_one() {
    let mut fixture = published(4);
    let other_piece = DealProposal {
        piece_cid: Cid::default(),
        ..deal()
    };
    let other_size = DealProposal {
        piece_size: PaddedPieceSize(4_096),
        ..deal()
    };
    let deal = deal();
    let sectors = vec![
        (
            1,
            END + 100,
            vec![
                piece(&deal, &0u64),
                piece(&deal, &0u64),
                piece(&other_piece, &1u64),
                piece(&other_size, &1u64),
                piece(&deal, &"1"),
                piece(&deal, &9u64),
                piece(&deal, &1u64),
            ],
        ),
        (2, END + 1, vec![piece(&deal, &2u64)]),
        (3, END + 2, vec![piece(&deal, &1u64), piece(&deal, &2u64)]),
        (4, END + 100, vec![]),
    ];
    let accepted = content_changed(&mut fixture, 900, sectors).unwrap();
    let mut first = [false; 7];
    (first[0], first[6]) = (true, true);
    assert_eq!(accepted, [&first[..], &[false], &[false, true], &[]]);
    // Sectors without deals are noted too.
    let expected = [(1, vec![0, 1]), (2, vec![]), (3, vec![2]), (4, vec![])];
    assert_eq!(in_sectors(&fixture), expected);
    assert_eq!(fixture.broken(900, 4 * (FEE + 2_500)), [""; 0]);
}

#[test]
fn what_is_broken_is_no_matter_of_one_deal() {
    let mut fixture = published(1);
    let sectors = vec![sector(1, END, &[u64::MAX])];
    let error = batch(&mut fixture, 900, false, sectors).unwrap_err();
    assert_eq!(error.code, ExitCode::USR_ILLEGAL_STATE);
    let sectors = vec![(1, END, vec![piece(&deal(), &u64::MAX)])];
    let error = content_changed(&mut fixture, 900, sectors).unwrap_err();
    assert_eq!(error.code, ExitCode::USR_ILLEGAL_STATE);
}

#[test]
fn settling_tells_of_each_deal() {
    let mut fixture = published(5);
    for (deal, sector) in [(0, 7), (1, 7), (3, 8)] {
        fixture.activate(deal, sector, 900);
    }
    // 0 is over, 1 goes on, 2 was not activated in time, 3 starts now, 4 is yet to start; 9 never was.
    let now = START + 3;
    fixture.change(|market| {
        let mut deal = market.proposals().unwrap().get(0).unwrap().unwrap();
        let fee = deal.total_storage_fee();
        (deal.end_epoch, deal.storage_price_per_epoch) = (START + 1, fee);
        market.proposals().unwrap().set(0, &deal).unwrap();
    });
    let (burnt, returns) = fixture
        .change(|market| settle::settle_deals(market, &bits(&[0, 1, 2, 3, 4, 9]), now))
        .unwrap();
    assert_eq!(burnt, atto(2_000));
    let codes = [0, 0, 32, 0, 0, 32].map(ExitCode::new);
    assert_eq!(returns.results.codes(), codes);
    let settlements = returns.settlements.iter();
    let settlements: Vec<_> = settlements
        .map(|s| (in_atto(&s.payment), s.completed))
        .collect();
    assert_eq!(
        settlements,
        [(FEE, true), (20, false), (0, false), (0, false)]
    );
    assert_eq!(in_sectors(&fixture), [(7, vec![1]), (8, vec![3])]);
    // It is as if nobody had asked for the deal that is not activated.
    fixture.change(|market| {
        assert!(market.states().unwrap().get(4).unwrap().is_none());
        let state = market.states().unwrap().get(3).unwrap().unwrap();
        assert_eq!(state.last_updated_epoch, now);
    });
}

#[test]
fn a_deal_marked_to_end_stops_settling() {
    let mut fixture = published(1);
    let mut state = fixture.activate(0, 7, 900);
    state.slash_epoch = 950;
    fixture.change(|market| {
        market.states().unwrap().set(0, &state).unwrap();
        let error = settle::settle_deals(market, &bits(&[0]), START + 1).unwrap_err();
        assert_eq!(error.code, ExitCode::USR_ILLEGAL_ARGUMENT);
    });
}

#[test]
fn cron_removes_what_is_late_and_forgets_what_has_begun() {
    let mut fixture = published(3);
    fixture.activate(1, 7, 900);
    let tick = |fixture: &mut Fixture, now| {
        let burnt = fixture
            .change(|market| cron::look_at_due(market, now))
            .unwrap();
        in_atto(&burnt)
    };
    assert_eq!(tick(&mut fixture, START - 1), 0);
    assert_eq!(tick(&mut fixture, START), 2_000);
    // A jump over null rounds.
    assert_eq!(tick(&mut fixture, START + 2), 2_000);
    assert_eq!(fixture.market.last_cron, START + 2);
    assert_eq!(fixture.broken(START + 2, 3 * (FEE + 500) + 2_000), [""; 0]);
    fixture.change(|market| {
        assert_eq!(market.proposals().unwrap().count(), 1);
        assert!(market.pending().unwrap().is_empty());
    });
    let empty = Fixture::new(0, 0).market;
    assert_eq!(fixture.market.deal_ops_by_epoch, empty.deal_ops_by_epoch);
}

#[test]
fn cron_goes_on_with_deals_that_were_settled_before_it_looked() {
    let mut fixture = published(1);
    fixture.activate(0, 7, 900);
    fixture
        .change(|market| settle::settle_deals(market, &bits(&[0]), 950))
        .unwrap();
    let interval = POLICY.deal_updates_interval;
    let mut due = START;
    while due < END {
        fixture
            .change(|market| cron::look_at_due(market, due))
            .unwrap();
        let paid = 10 * (due - START);
        assert_eq!(fixture.balances()[1], (2_000 + paid, 2_000), "{due}");
        // Deal 0 has the first place of each interval.
        due = (due / interval + 1) * interval;
    }
    fixture.change(|market| cron::look_at_due(market, due).unwrap());
    assert_eq!(fixture.balances(), [(500, 0), (FEE + 2_000, 0)]);
    assert_eq!(in_sectors(&fixture), []);
}

#[test]
fn cron_ends_deals_that_were_marked() {
    let mut fixture = published(1);
    let mut state = fixture.activate(0, 7, 900);
    (state.last_updated_epoch, state.slash_epoch) = (950, 960);
    fixture.change(|market| {
        market.states().unwrap().set(0, &state).unwrap();
        market.remove_pending(&nth(0)).unwrap();
        assert_eq!(cron::look_at_due(market, START), Ok(atto(2_000)));
        let told: Vec<_> = market
            .happened
            .iter()
            .map(|(what, id, _)| (*what, *id))
            .collect();
        assert_eq!(told, [(Happened::Terminated, 0)]);
    });
    assert_eq!(fixture.balances(), [(FEE + 500, 0), (0, 0)]);
}

#[test]
fn sectors_end_with_their_deals() {
    let mut fixture = published(4);
    for (deal, sector) in [(0, 7), (1, 7), (2, 8), (3, 9)] {
        fixture.activate(deal, sector, 900);
    }
    let end = |fixture: &mut Fixture, sectors: &[u64], epoch| {
        fixture.change(|market| {
            terminate::end_sectors(market, PROVIDER, &bits(sectors), epoch)
                .map(|burnt| in_atto(&burnt))
        })
    };
    assert_eq!(end(&mut fixture, &[6, 7], 950), Ok(4_000));
    assert_eq!(in_sectors(&fixture), [(8, vec![2]), (9, vec![3])]);
    assert_eq!(fixture.broken(950, 4 * (FEE + 2_500)), [""; 0]);
    // The deal of sector 8 is over, that of 9 is not: the sector is forgotten, the deal is left to be settled.
    assert_eq!(end(&mut fixture, &[8, 9], END + 2), Ok(2_000));
    fixture.change(|market| {
        assert!(market.states().unwrap().get(2).unwrap().is_some());
        assert!(market.states().unwrap().get(3).unwrap().is_none());
    });
    // Whoever else has the sector number has no deals there.
    let mut fixture = published(1);
    fixture.activate(0, 7, 900);
    fixture.change(|market| {
        let burnt = terminate::end_sectors(market, PROVIDER + 1, &bits(&[7]), 950);
        assert_eq!(burnt, Ok(atto(0)));
    });
}
