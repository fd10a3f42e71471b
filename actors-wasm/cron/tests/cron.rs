//! Cron on a chain: at the end of each epoch it calls what is listed, in order, whether or not one fails.

use filigree_actor_cron::{Cron, CronClient};
use filigree_sandbox::Sandbox;
use filigree_sdk::prelude::*;

const CRON: Address = Address::new_id(3);

/// Counts cron's calls.
#[tuple]
#[derive(Debug, PartialEq)]
struct Ticker {
    ticks: u64,
    last_epoch: ChainEpoch,
}

#[actor]
impl Ticker {
    #[constructor]
    pub fn new() -> Self {
        Self {
            ticks: 0,
            last_epoch: 0,
        }
    }

    #[method]
    pub fn tick(&mut self, ctx: &Context) -> Result<()> {
        ctx.require_caller(&[3])?;
        self.ticks += 1;
        self.last_epoch = ctx.epoch()?;
        Ok(())
    }

    #[method]
    pub fn fail(&mut self) -> Result<()> {
        self.ticks = 1_000;
        Err(Error::illegal_state("always"))
    }
}

#[test]
fn entries_are_called_each_epoch_in_order_whether_or_not_one_fails() {
    let mut sandbox = Sandbox::builder().core().build();
    let code = sandbox.install_native::<Ticker>();
    let [first, bad, last] = [(); 3].map(|()| {
        let at = sandbox.deploy(&code, TickerClient::new()).ok();
        TickerClient::at(at)
    });
    sandbox.schedule_cron(first.address, first.tick().method);
    sandbox.schedule_cron(bad.address, bad.fail().method);
    sandbox.schedule_cron(last.address, last.tick().method);
    let state = sandbox.state::<Cron>(CRON);
    assert_eq!((state.entries.len(), state.check_invariants()), (3, vec![]));

    let epoch = sandbox.epoch();
    sandbox.advance(3);
    let ticked = Ticker {
        ticks: 3,
        last_epoch: epoch + 2,
    };
    assert_eq!(sandbox.state::<Ticker>(first.address), ticked);
    assert_eq!(sandbox.state::<Ticker>(last.address), ticked);
    assert_eq!(sandbox.state::<Ticker>(bad.address).ticks, 0);

    let tick = sandbox.implicit(0, CronClient::at(CRON).epoch_tick());
    let called: Vec<(Option<u64>, ExitCode)> = tick
        .trace()
        .root
        .unwrap()
        .calls
        .iter()
        .map(|call| (call.id, call.code))
        .collect();
    let ids = [first, bad, last].map(|ticker| Some(sandbox.id(ticker.address)));
    let codes = [ExitCode::OK, ExitCode::USR_ILLEGAL_STATE, ExitCode::OK];
    assert_eq!(called, ids.into_iter().zip(codes).collect::<Vec<_>>());
    // Cron itself changes nothing.
    assert_eq!(sandbox.state::<Cron>(CRON), state);
}

#[test]
fn only_the_system_ticks() {
    let mut sandbox = Sandbox::new();
    let alice = sandbox.account(TokenAmount::from_whole(10));
    let cron = CronClient::at(CRON);
    sandbox
        .call(alice, cron.epoch_tick())
        .expect_exit(ExitCode::USR_FORBIDDEN, "may not call");
    sandbox.implicit(0, cron.epoch_tick()).ok();
    let again = Call::<()>::new(CRON, 1, CronClient::construct(Default::default()).params);
    sandbox
        .implicit(0, again)
        .expect_exit(ExitCode::USR_ILLEGAL_STATE, "has a state already");
}
