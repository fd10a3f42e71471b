//! The supply counted actor by actor: what everyone could spend at an epoch. It reads all of the state; nothing on chain
//! depends on it (Lotus, `GetCirculatingSupply`).

use filigree_actor_miner::Miner;
use filigree_actor_multisig::Multisig;
use filigree_builtin::ids as singleton;
use filigree_state::ActorState;
use fvm_shared::ActorID;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;

use super::RESERVE;
use crate::error::Error;
use crate::view::View;
use crate::view::accounts::locked;

/// What circulates, attoFIL.
///
/// # Errors
/// If the state cannot be read, or an actor is of a kind that is not known.
pub fn exact(state: &View, epoch: ChainEpoch) -> Result<TokenAmount, Error> {
    let mut actors = Vec::new();
    state.for_each(|id, actor| {
        if actor.balance.is_positive() {
            actors.push((id, actor.clone()));
        }
    })?;
    let mut sum = TokenAmount::default();
    for (id, actor) in &actors {
        sum += of_actor(state, *id, actor, epoch)?;
    }
    Ok(sum)
}

fn of_actor(
    state: &View,
    id: ActorID,
    actor: &ActorState,
    epoch: ChainEpoch,
) -> Result<TokenAmount, Error> {
    let is_protocol = singleton::is_singleton(id) && id != singleton::MARKET;
    if is_protocol || matches!(id, RESERVE | singleton::BURNT_FUNDS) {
        return Ok(TokenAmount::default());
    }
    let nothing = TokenAmount::default();
    Ok(match state.code_name(&actor.code)? {
        Some("storageminer") => {
            let miner: Miner = state.state("a miner's state", actor)?;
            // One that has less than it has locked has nothing to spend.
            let available = miner.get_available_balance(&actor.balance);
            available.unwrap_or_default().max(nothing)
        }
        Some("multisig") => {
            let wallet: Multisig = state.state("a multisig's state", actor)?;
            (&actor.balance - locked(&wallet, epoch)).max(nothing)
        }
        // Accounts, channels, contracts, the market, and code of users.
        _ => actor.balance.clone(),
    })
}
