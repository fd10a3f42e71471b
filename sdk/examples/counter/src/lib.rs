//! A counter: the smallest actor with an owner, state, an event and an error.

use filigree_sdk::prelude::*;

/// Counts for its owner; everyone may look.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Who may count.
    pub owner: ActorID,
    /// How far it has counted.
    pub value: u64,
}

#[actor]
impl Counter {
    /// A counter at zero.
    #[constructor]
    pub fn new(ctx: &Context, owner: Address) -> Result<Self> {
        Ok(Self {
            owner: ctx.resolve_required(&owner)?,
            value: 0,
        })
    }

    /// Adds to the value and returns it.
    #[method]
    pub fn increment(&mut self, ctx: &Context, by: u64) -> Result<u64> {
        ensure!(
            ctx.caller() == self.owner,
            forbidden,
            "only the owner may count"
        );
        let sum = self.value.checked_add(by);
        self.value = sum.ok_or_else(|| Error::illegal_argument("the counter would overflow"))?;
        ctx.emit(&Event::of("incremented")?.value("by", &by)?)?;
        Ok(self.value)
    }

    /// The value.
    #[view]
    pub fn value(&self) -> u64 {
        self.value
    }

    /// Becomes another version, where the network lets actors. Does not return if that succeeds: the new code ends the call.
    #[method]
    pub fn change_code(ctx: &mut Context, code: Cid, params: RawBytes) -> Result<()> {
        let owner = ctx.load::<Counter>()?.owner;
        ensure!(
            ctx.caller() == owner,
            forbidden,
            "only the owner may change the code"
        );
        Err(ctx.upgrade(&code, params.into()).into())
    }
}
