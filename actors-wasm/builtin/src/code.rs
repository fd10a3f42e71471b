//! Which built-in actor a code CID is. The network's manifest lists the built-in actors in a fixed order; the host tells an actor's
//! place in it, from 1, so no code CID is written down anywhere.

use filigree_sdk::prelude::*;

/// A built-in actor, by its place in the manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Type {
    /// The system actor.
    System = 1,
    /// The init actor.
    Init = 2,
    /// The cron actor.
    Cron = 3,
    /// An account of a secp256k1 or BLS key.
    Account = 4,
    /// The storage power actor.
    Power = 5,
    /// A storage miner.
    Miner = 6,
    /// The storage market actor.
    Market = 7,
    /// A payment channel.
    PaymentChannel = 8,
    /// A multisig wallet.
    Multisig = 9,
    /// The reward actor.
    Reward = 10,
    /// The verified registry.
    VerifiedRegistry = 11,
    /// The datacap token.
    DataCap = 12,
    /// Keeps an f410f address until code is deployed there.
    Placeholder = 13,
    /// An Ethereum contract.
    Evm = 14,
    /// The Ethereum address manager.
    Eam = 15,
    /// An account of an Ethereum key.
    EthAccount = 16,
}

/// All of them, in the order of the manifest.
pub const TYPES: [Type; 16] = [
    Type::System,
    Type::Init,
    Type::Cron,
    Type::Account,
    Type::Power,
    Type::Miner,
    Type::Market,
    Type::PaymentChannel,
    Type::Multisig,
    Type::Reward,
    Type::VerifiedRegistry,
    Type::DataCap,
    Type::Placeholder,
    Type::Evm,
    Type::Eam,
    Type::EthAccount,
];

impl Type {
    /// The built-in actor that a code CID is, if it is one.
    pub fn of(ctx: &Context, code: &Cid) -> Result<Option<Self>> {
        Ok(ctx.builtin_type(code)?.and_then(Self::from_number))
    }

    /// The built-in actor an actor is. An actor that does not exist is none.
    pub fn of_actor(ctx: &Context, id: ActorID) -> Result<Option<Self>> {
        match ctx.code_of(id)? {
            Some(code) => Self::of(ctx, &code),
            None => Ok(None),
        }
    }

    /// The built-in actor at a place of the manifest, from 1.
    pub fn from_number(number: i32) -> Option<Self> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        TYPES.get(index).copied()
    }

    /// Its code CID on this network.
    pub fn code(self, ctx: &Context) -> Result<Cid> {
        ctx.builtin_code(self as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_places_in_the_list() {
        for (i, ty) in TYPES.into_iter().enumerate() {
            assert_eq!(ty as usize, i + 1);
            assert_eq!(Type::from_number(i as i32 + 1), Some(ty));
        }
        for unknown in [i32::MIN, -1, 0, 17, i32::MAX] {
            assert_eq!(Type::from_number(unknown), None);
        }
    }
}
