//! Money in circulation, as actors are told of it: what has vested of what the network began with, what was mined and what
//! the reserve has paid out, less what is burnt and what miners have pledged (Lotus, `chain/stmgr/supply.go`).
//!
//! Not here: the epochs before network version 18, which had other tables and counted other things; the host runs none of
//! them.

mod exact;
mod tables;

use filigree_builtin::ids as singleton;
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::version::NetworkVersion;

use crate::error::Error;
use crate::fields::Field;
use crate::view::View;

pub use exact::exact;

/// The reserve's id.
const RESERVE: ActorID = 90;

/// Places of what is read of states of any version.
const POWER_PLEDGE: usize = 4;
const REWARD_MINTED: usize = 8;
const MARKET_LOCKED: [usize; 3] = [8, 9, 10];

/// How much of what a network began with circulates when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supply {
    /// What is freed over time.
    pub vesting: Vec<Vesting>,
    /// What the reserve began with, attoFIL.
    pub reserved: TokenAmount,
    /// The same, as it is counted since network version 25 (FIP-0100).
    pub reserved_since_v25: TokenAmount,
}

/// An amount that is freed in equal parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vesting {
    /// All of it, attoFIL.
    pub amount: TokenAmount,
    /// When it begins to be freed.
    pub start: ChainEpoch,
    /// How many epochs that takes.
    pub duration: ChainEpoch,
}

/// What makes up the supply, attoFIL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circulation {
    /// Freed of what the network began with.
    pub vested: TokenAmount,
    /// Minted for blocks.
    pub mined: TokenAmount,
    /// Burnt.
    pub burnt: TokenAmount,
    /// Pledged by miners; before version 23 also locked at the market.
    pub locked: TokenAmount,
    /// Paid out by the reserve.
    pub reserve_disbursed: TokenAmount,
    /// What circulates; not less than nothing.
    pub circulating: TokenAmount,
}

impl Vesting {
    /// What of it is free at an epoch. Each epoch frees the same whole number of attoFIL; what is left over is
    /// free from the start (specs-actors issue 1131: chains have it so).
    fn vested(&self, epoch: ChainEpoch) -> TokenAmount {
        let elapsed = epoch.saturating_sub(self.start);
        if elapsed >= self.duration {
            return self.amount.clone();
        }
        if elapsed < 0 {
            return TokenAmount::default();
        }
        let part = self.amount.div_floor(self.duration);
        &self.amount - part * (self.duration - elapsed)
    }
}

impl Supply {
    /// That of a network by its first state: all that neither the reserve nor the reward actor has is free from the beginning.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn of_genesis(genesis: &View) -> Result<Self, Error> {
        let mut total = TokenAmount::default();
        genesis.for_each(|_, actor| total += &actor.balance)?;
        let reserved = balance(genesis, RESERVE)?;
        // A state that another network left has some of its rewards in circulation already: they count as mined.
        let mined = amount::<REWARD_MINTED>(genesis, singleton::REWARD)?;
        let free = total - &reserved - balance(genesis, singleton::REWARD)? - mined;
        Ok(Self {
            vesting: vec![Vesting {
                amount: free,
                start: 0,
                duration: 0,
            }],
            reserved_since_v25: reserved.clone(),
            reserved,
        })
    }

    /// What circulates in a state, as messages at `epoch` are told.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn at(
        &self,
        state: &View,
        epoch: ChainEpoch,
        version: NetworkVersion,
    ) -> Result<Circulation, Error> {
        let vested: TokenAmount = self.vesting.iter().map(|part| part.vested(epoch)).sum();
        let reserved = match version >= NetworkVersion::V25 {
            true => &self.reserved_since_v25,
            false => &self.reserved,
        };
        // Negative, if someone sends money to the reserve.
        let reserve_disbursed = reserved - balance(state, RESERVE)?;
        let mined = amount::<REWARD_MINTED>(state, singleton::REWARD)?;
        let burnt = balance(state, singleton::BURNT_FUNDS)?;
        let mut locked = amount::<POWER_PLEDGE>(state, singleton::POWER)?;
        if version < NetworkVersion::V23 {
            locked += amount::<{ MARKET_LOCKED[0] }>(state, singleton::MARKET)?;
            locked += amount::<{ MARKET_LOCKED[1] }>(state, singleton::MARKET)?;
            locked += amount::<{ MARKET_LOCKED[2] }>(state, singleton::MARKET)?;
        }
        let circulating = &vested + &mined + &reserve_disbursed - &burnt - &locked;
        Ok(Circulation {
            vested,
            mined,
            burnt,
            locked,
            reserve_disbursed,
            circulating: circulating.max(TokenAmount::default()),
        })
    }
}

fn balance(state: &View, id: ActorID) -> Result<TokenAmount, Error> {
    Ok(state.require(&Address::new_id(id))?.balance)
}

/// An amount in the state of an actor that exists once.
fn amount<const PLACE: usize>(state: &View, id: ActorID) -> Result<TokenAmount, Error> {
    let field: Field<TokenAmount, PLACE> = state.singleton("the circulating supply", id)?;
    Ok(field.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vested(amount: i64, start: ChainEpoch, duration: ChainEpoch, epoch: ChainEpoch) -> String {
        let vesting = Vesting {
            amount: TokenAmount::from_atto(amount),
            start,
            duration,
        };
        vesting.vested(epoch).atto().to_string()
    }

    #[test]
    fn an_amount_is_freed_in_equal_parts_with_the_rest_at_the_start() {
        // 104 over three epochs: 34 in each, and 2 at once.
        for (epoch, expected) in [
            (9, "0"),
            (10, "2"),
            (11, "36"),
            (12, "70"),
            (13, "104"),
            (99, "104"),
        ] {
            assert_eq!(vested(104, 10, 3, epoch), expected, "{epoch}");
        }
        assert_eq!(vested(7, 0, 0, 0), "7");
    }
}
