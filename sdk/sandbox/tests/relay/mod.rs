//! An actor that calls others.
#![allow(missing_docs, reason = "a fixture")]

use filigree_sdk::prelude::*;

#[tuple]
pub struct Relay {
    pub calls: u64,
    pub last_epoch: ChainEpoch,
}

#[actor]
impl Relay {
    #[constructor]
    pub fn new() -> Self {
        Self {
            calls: 0,
            last_epoch: 0,
        }
    }

    /// Counts at each counter in turn, whether or not it succeeds. Gives the sum of what succeeded.
    #[method]
    pub fn relay(ctx: &mut Context, counters: Vec<Address>, by: u64) -> Result<u64> {
        let mut sum = 0;
        for counter in counters {
            sum += ctx
                .try_send(example_counter::CounterClient::at(counter).increment(by))
                .unwrap_or(0);
        }
        Ok(sum)
    }

    /// For cron.
    #[method]
    pub fn tick(&mut self, ctx: &Context) -> Result<()> {
        ctx.require_caller(&[3])?;
        self.calls += 1;
        self.last_epoch = ctx.epoch()?;
        Ok(())
    }

    #[method]
    pub fn log(ctx: &Context) -> Result<()> {
        ctx.log(|| "was here".to_owned())
    }

    #[method]
    pub fn epoch(ctx: &Context) -> Result<ChainEpoch> {
        ctx.epoch()
    }

    #[method]
    pub fn network_version(ctx: &Context) -> Result<u32> {
        Ok(ctx.network_version()?.into())
    }

    #[method]
    pub fn draw(ctx: &Context, epoch: ChainEpoch) -> Result<Bytes> {
        Ok(Bytes(ctx.chain_randomness(1, epoch, b"test")?.to_vec()))
    }

    #[method]
    pub fn panic(ctx: &Context) -> Result<()> {
        panic!("f0{} panics on purpose", ctx.receiver())
    }

    #[method]
    pub fn upgrade(ctx: &mut Context, code: Cid) -> Result<()> {
        let error = ctx.upgrade(&code, None);
        Err(Error::illegal_state(format!("the upgrade failed: {error}")))
    }
}

/// What it is upgraded to.
pub mod v2 {
    use super::*;

    #[tuple]
    pub struct Relay {
        pub calls: u64,
        pub version: u64,
    }

    #[actor]
    impl Relay {
        #[constructor]
        pub fn new() -> Self {
            Self {
                calls: 0,
                version: 2,
            }
        }

        #[upgrade]
        pub fn take_over(ctx: &mut Context, _info: UpgradeInfo) -> Result<Self> {
            let old: super::Relay = ctx.load()?;
            Ok(Self {
                calls: old.calls,
                version: 2,
            })
        }
    }
}
