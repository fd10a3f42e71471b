//! Money in and out. Everyone has one balance here; that of a miner belongs to its owner.

use filigree_builtin::Type;
use filigree_builtin::calls::miner;
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;

use crate::state::Market;
use crate::state::open::{OpenMarket, transaction};

/// What GetBalance returns.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetBalanceReturn {
    /// What the actor has here, attoFIL.
    pub balance: TokenAmount,
    /// How much of it is locked, attoFIL.
    pub locked: TokenAmount,
}

/// Who has a balance and who may take it.
struct Holder {
    id: ActorID,
    /// Who gets what is taken.
    recipient: Address,
    /// Another address that may have it sent there.
    worker: Option<Address>,
}

impl Holder {
    fn of(ctx: &mut Context, address: &Address) -> Result<Self> {
        let id = ctx.resolve(address)?;
        let id = id.ok_or_else(|| Error::illegal_argument("no actor has the address"))?;
        let code = ctx.code_of(id)?;
        let code = code.ok_or_else(|| Error::illegal_argument(format!("there is no f0{id}")))?;
        if Type::of(ctx, &code)? != Some(Type::Miner) {
            return Ok(Self {
                id,
                recipient: Address::new_id(id),
                worker: None,
            });
        }
        let addresses = ctx.send(miner::control_addresses(Address::new_id(id)))?;
        Ok(Self {
            id,
            recipient: addresses.owner,
            worker: Some(addresses.worker),
        })
    }

    fn may_be_used_by(&self, caller: ActorID) -> bool {
        let caller = Address::new_id(caller);
        caller == self.recipient || Some(caller) == self.worker
    }
}

/// Adds what came with the call to a balance.
pub(crate) fn add(ctx: &mut Context, holder: &Address) -> Result<()> {
    let value = ctx.value_received();
    ensure!(
        value.is_positive(),
        illegal_argument,
        "nothing came along to be added"
    );
    let holder = Holder::of(ctx, holder)?;
    transaction(ctx, |market, _| market.escrow()?.add(holder.id, &value))
}

/// Sends as much of a balance as is not locked, up to `wanted`; gives how much that was.
pub(crate) fn withdraw(
    ctx: &mut Context,
    holder: &Address,
    wanted: &TokenAmount,
) -> Result<TokenAmount> {
    ensure!(
        !wanted.is_negative(),
        illegal_argument,
        "a negative amount cannot be withdrawn"
    );
    let holder = Holder::of(ctx, holder)?;
    ensure!(
        holder.may_be_used_by(ctx.caller()),
        forbidden,
        "f0{} may not withdraw what f0{} has",
        ctx.caller(),
        holder.id
    );
    let amount = transaction(ctx, |market, _| market.withdraw(holder.id, wanted))?;
    ctx.transfer(&holder.recipient, &amount)?;
    Ok(amount)
}

/// What an actor has.
pub(crate) fn get(market: &Market, ctx: &Context, account: &Address) -> Result<GetBalanceReturn> {
    let id = ctx.resolve(account)?;
    let id = id.ok_or_else(|| Error::illegal_argument("no actor has the address"))?;
    let mut market = OpenMarket::of(market.clone(), ActorStore);
    Ok(GetBalanceReturn {
        balance: market.escrow()?.get(id)?,
        locked: market.locked()?.get(id)?,
    })
}
