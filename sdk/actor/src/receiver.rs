//! Tokens that come in: the universal receiver hook (FRC-0046, FRC-0053). An actor that takes tokens has a method
//! marked `#[receive]`; it gets [`Received`] and refuses by failing.

use fvm_ipld_encoding::RawBytes;
use fvm_shared::ActorID;
use fvm_shared::econ::TokenAmount;

use crate::error::{Error, Result};
use crate::{method_number, tuple};

/// Type of a fungible token's payload (FRC-0046).
pub const FRC46_TOKEN: u32 = method_number!("FRC46") as u32;

/// Type of a non-fungible token's payload (FRC-0053).
pub const FRC53_TOKEN: u32 = method_number!("FRC53") as u32;

/// What arrived.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// What kind of thing: [`FRC46_TOKEN`], [`FRC53_TOKEN`] or another.
    pub kind: u32,
    /// Its description, in the encoding of its kind.
    pub payload: RawBytes,
}

/// Fungible tokens that arrived.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokensReceived {
    /// Who sent them; the token actor itself's id if they were minted.
    pub from: ActorID,
    /// Who has them now.
    pub to: ActorID,
    /// Who made the transfer.
    pub operator: ActorID,
    /// How many.
    pub amount: TokenAmount,
    /// What the operator said.
    pub operator_data: RawBytes,
    /// What the token actor said.
    pub token_data: RawBytes,
}

/// Non-fungible tokens that arrived.
#[tuple]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NftsReceived {
    /// Who has them now.
    pub to: ActorID,
    /// Who made the transfer.
    pub operator: ActorID,
    /// Which.
    pub token_ids: Vec<u64>,
    /// What the operator said.
    pub operator_data: RawBytes,
    /// What the token actor said.
    pub token_data: RawBytes,
}

impl Received {
    /// The fungible tokens, if that is what arrived. Anything else is refused.
    pub fn tokens(&self) -> Result<TokensReceived> {
        self.of(FRC46_TOKEN)
    }

    /// The non-fungible tokens, if that is what arrived. Anything else is refused.
    pub fn nfts(&self) -> Result<NftsReceived> {
        self.of(FRC53_TOKEN)
    }

    fn of<T: serde::de::DeserializeOwned>(&self, kind: u32) -> Result<T> {
        if self.kind != kind {
            return Err(Error::illegal_argument(format!(
                "type {} is not accepted, only {kind}",
                self.kind
            )));
        }
        crate::cbor::decode(self.payload.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_those_of_the_standards() {
        assert_eq!(FRC46_TOKEN, 2_233_613_279);
        assert_eq!(FRC53_TOKEN, 4_186_685_305);
    }
}
