//! Any sequence of methods keeps the invariants, and money is neither made nor lost.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Op {
    /// A deal that starts and lasts so many epochs from now on, at a price, with collaterals.
    Publish(i64, i64, i64, i64, bool),
    /// Deals begin in a sector, by pieces or as a batch.
    Activate(Vec<u64>, u64, bool),
    Settle(Vec<u64>),
    Terminate(Vec<u64>),
    Withdraw(bool, i64),
    /// Cron runs after so many null rounds.
    Pass(i64),
}

fn op() -> impl Strategy<Value = Op> {
    let ids = || prop::collection::vec(0..12u64, 1..5);
    prop_oneof![
        4 => (0..20i64, 1..40i64, 0..5i64, 0..50i64, any::<bool>())
            .prop_map(|(start, len, price, collateral, verified)| {
                Op::Publish(start, len, price, collateral, verified)
            }),
        5 => (ids(), 0..4u64, any::<bool>()).prop_map(|(ids, sector, batch)| {
            Op::Activate(ids, sector, batch)
        }),
        3 => ids().prop_map(Op::Settle),
        1 => prop::collection::vec(0..4u64, 1..3).prop_map(Op::Terminate),
        1 => (any::<bool>(), 0..200i64).prop_map(|(client, wanted)| Op::Withdraw(client, wanted)),
        5 => (1..15i64).prop_map(Op::Pass),
        1 => Just(Op::Pass(POLICY.deal_updates_interval)),
    ]
}

/// A market, and what has left it.
struct World {
    fixture: Fixture,
    now: ChainEpoch,
    gone: i64,
}

impl World {
    fn run(&mut self, op: Op) -> Result<()> {
        let (fixture, now) = (&mut self.fixture, self.now);
        match op {
            Op::Publish(start, len, price, collateral, verified_deal) => {
                let deal = DealProposal {
                    start_epoch: now + start,
                    end_epoch: now + start + len,
                    storage_price_per_epoch: atto(price),
                    client_collateral: atto(collateral / 2),
                    provider_collateral: atto(collateral),
                    verified_deal,
                    ..deal()
                };
                let requirement = deal.client_requirement();
                let can_pay = fixture.change(|market| {
                    let cid = deal.cid(market.store())?;
                    Ok::<_, Error>(
                        !market.pending()?.contains(&cid)?
                            && market.covers(CLIENT, &requirement)?
                            && market.covers(PROVIDER, &deal.provider_collateral)?,
                    )
                })?;
                // Cron has looked at this epoch already.
                if can_pay && deal.start_epoch > fixture.market.last_cron {
                    fixture.publish(&deal);
                }
            }
            Op::Activate(ids, number, true) => {
                let sectors = vec![sector(number, now + 100, &ids)];
                batch(fixture, now, false, sectors)?;
            }
            Op::Activate(ids, number, false) => {
                let pieces = ids.iter().map(|id| piece(&deal(), id)).collect();
                content_changed(fixture, now, vec![(number, now + 100, pieces)])?;
            }
            Op::Settle(ids) => {
                let settled =
                    fixture.change(|market| settle::settle_deals(market, &bits(&ids), now));
                self.gone += in_atto(&settled?.0);
            }
            Op::Terminate(sectors) => {
                let burnt = fixture.change(|market| {
                    terminate::end_sectors(market, PROVIDER, &bits(&sectors), now)
                });
                self.gone += in_atto(&burnt?);
            }
            Op::Withdraw(client, wanted) => {
                let who = if client { CLIENT } else { PROVIDER };
                let taken = fixture.change(|market| market.withdraw(who, &atto(wanted)));
                self.gone += in_atto(&taken?);
            }
            Op::Pass(epochs) => {
                self.now += epochs;
                let (fixture, now) = (&mut self.fixture, self.now);
                let burnt = fixture.change(|market| cron::look_at_due(market, now));
                self.gone += in_atto(&burnt?);
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn invariants_hold_whatever_happens(ops in prop::collection::vec(op(), 1..60)) {
        const MONEY: i64 = 3_000;
        let mut world = World { fixture: Fixture::new(MONEY, MONEY), now: 0, gone: 0 };
        for op in ops {
            let text = format!("{op:?} at {}", world.now);
            prop_assert_eq!(world.run(op), Ok(()), "{}", text);
            // What is here is what came minus what left; escrow must be no more, and no less.
            let balance = 2 * MONEY - world.gone;
            prop_assert_eq!(world.fixture.broken(world.now, balance), [""; 0], "{}", text);
            let [client, provider] = world.fixture.balances();
            prop_assert_eq!(client.0 + provider.0, balance, "{}", text);
        }
    }
}
