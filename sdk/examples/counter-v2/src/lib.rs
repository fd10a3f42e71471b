//! The counter's second version: it limits steps and counts them. Counters that run the first version can become this one.
//!
//! An upgrade goes like this: the old code calls `Context::upgrade` with the CID of the new code; the host runs the new code's
//! `#[upgrade]`, here [`Counter::take_over`], which reads the old state and returns the new. If it fails, everything stays as it was.

use example_counter as v1;
use filigree_sdk::prelude::*;

/// Counts for its owner, in limited steps; everyone may look.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Who may count.
    pub owner: ActorID,
    /// How far it has counted.
    pub value: u64,
    /// How many steps that took since this version.
    pub steps: u64,
    /// The longest step.
    pub step_limit: u64,
}

#[actor]
impl Counter {
    /// A counter at zero.
    #[constructor]
    pub fn new(ctx: &Context, owner: Address, step_limit: u64) -> Result<Self> {
        Ok(Self {
            owner: ctx.resolve_required(&owner)?,
            value: 0,
            steps: 0,
            step_limit,
        })
    }

    /// Takes over from the first version.
    #[upgrade]
    pub fn take_over(ctx: &mut Context, _from: UpgradeInfo, step_limit: u64) -> Result<Self> {
        // Anything but the first version's state does not decode, and then the upgrade fails.
        let before: v1::Counter = ctx.load()?;
        Ok(Self::migrate(before, step_limit))
    }

    /// Adds to the value and returns it.
    #[method]
    pub fn increment(&mut self, ctx: &Context, by: u64) -> Result<u64> {
        self.check_owner(ctx)?;
        self.step(by)?;
        ctx.emit(&Event::of("incremented")?.value("by", &by)?)?;
        Ok(self.value)
    }

    /// The value.
    #[view]
    pub fn value(&self) -> u64 {
        self.value
    }

    /// How many steps there were.
    #[view]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Becomes the next version. Does not return if that succeeds: the new code ends the call.
    #[method]
    pub fn change_code(ctx: &mut Context, code: Cid, params: RawBytes) -> Result<()> {
        ctx.load::<Counter>()?.check_owner(ctx)?;
        Err(ctx.upgrade(&code, params.into()).into())
    }
}

impl Counter {
    /// The state of the first version as this version's.
    pub fn migrate(before: v1::Counter, step_limit: u64) -> Self {
        Self {
            owner: before.owner,
            value: before.value,
            steps: 0,
            step_limit,
        }
    }

    fn check_owner(&self, ctx: &Context) -> Result<()> {
        ensure!(
            ctx.caller() == self.owner,
            forbidden,
            "only the owner may do this"
        );
        Ok(())
    }

    fn step(&mut self, by: u64) -> Result<()> {
        ensure!(
            by <= self.step_limit,
            illegal_argument,
            "{by} is more than {} at once",
            self.step_limit
        );
        let sum = self.value.checked_add(by);
        self.value = sum.ok_or_else(|| Error::illegal_argument("the counter would overflow"))?;
        self.steps += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_survives_the_upgrade() {
        let before = v1::Counter {
            owner: 100,
            value: 7,
        };
        let mut counter = Counter::migrate(before, 5);
        counter.step(5).unwrap();
        assert_eq!((counter.owner, counter.value, counter.steps), (100, 12, 1));
        assert_eq!(
            counter.step(6).unwrap_err().code,
            ExitCode::USR_ILLEGAL_ARGUMENT
        );
        counter.value = u64::MAX;
        assert_eq!(
            counter.step(1).unwrap_err().code,
            ExitCode::USR_ILLEGAL_ARGUMENT
        );
    }
}
