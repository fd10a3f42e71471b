//! Sending while the state is in memory.
use filigree_sdk::prelude::*;
#[tuple]
pub struct Purse {
    owner: Address,
}

#[actor]
impl Purse {
    #[method]
    pub fn pay(&mut self, ctx: &mut Context, amount: TokenAmount) -> Result<()> {
        ctx.transfer(&self.owner, &amount)
    }
}

fn main() {}
