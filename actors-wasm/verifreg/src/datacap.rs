//! Datacap as bytes and as tokens: a byte is a whole token, which is 10^18 of its smallest parts. Calls to the datacap actor.

use filigree_builtin::calls::datacap::{
    self, BurnParams, DestroyParams, MintParams, TransferParams,
};
use filigree_builtin::ids;
use filigree_sdk::prelude::*;
use fvm_shared::bigint::{BigInt, Sign};

/// Smallest parts of a token.
const PRECISION: u64 = TokenAmount::PRECISION;

/// The tokens of so many bytes.
pub(crate) fn tokens(bytes: &BigInt) -> TokenAmount {
    TokenAmount::from_atto(bytes * PRECISION)
}

/// The bytes of so many tokens, without the fraction.
fn bytes(tokens: &TokenAmount) -> BigInt {
    // Twice by a divisor of 32 bits, which is less code than once by a long one.
    const HALF: u32 = 1_000_000_000;
    tokens.atto() / HALF / HALF
}

/// Whether tokens are exactly so many bytes, apart from a fraction.
pub(crate) fn is_worth(tokens_received: &TokenAmount, bytes: u128) -> bool {
    let fraction = tokens_received - tokens(&bytes.into());
    !fraction.is_negative() && fraction < TokenAmount::from_atto(PRECISION)
}

/// The tokens that an actor has.
fn balance(ctx: &mut Context, owner: ActorID) -> Result<TokenAmount> {
    ctx.send(datacap::balance(&Address::new_id(owner))?.read_only())
}

/// Whether an actor has datacap.
pub(crate) fn has_any(ctx: &mut Context, owner: ActorID) -> Result<bool> {
    Ok(balance(ctx, owner)? >= TokenAmount::from_atto(PRECISION))
}

/// How many bytes of datacap an actor has.
pub(crate) fn of(ctx: &mut Context, owner: ActorID) -> Result<BigInt> {
    Ok(bytes(&balance(ctx, owner)?))
}

/// Gives a client new datacap. The market may spend it, for those who publish deals.
pub(crate) fn mint(ctx: &mut Context, client: ActorID, bytes: &BigInt) -> Result<()> {
    let mint = datacap::mint(&MintParams {
        to: Address::new_id(client),
        amount: tokens(bytes),
        operators: vec![ids::address(ids::MARKET)],
    })?;
    ctx.send_raw(&mint)?;
    Ok(())
}

/// Destroys datacap that the registry has, unless it is nothing.
pub(crate) fn burn(ctx: &mut Context, bytes: u128) -> Result<()> {
    if bytes > 0 {
        let amount = tokens(&bytes.into());
        ctx.send_raw(&datacap::burn(&BurnParams { amount })?)?;
    }
    Ok(())
}

/// Destroys datacap of an owner, unless it is nothing.
pub(crate) fn destroy(ctx: &mut Context, owner: ActorID, bytes: &BigInt) -> Result<()> {
    if bytes.sign() != Sign::NoSign {
        let destroy = datacap::destroy(&DestroyParams {
            owner: Address::new_id(owner),
            amount: tokens(bytes),
        })?;
        ctx.send_raw(&destroy)?;
    }
    Ok(())
}

/// Gives datacap of the registry to an actor, be it nothing.
pub(crate) fn transfer(ctx: &mut Context, to: ActorID, bytes: u128) -> Result<()> {
    let transfer = datacap::transfer(&TransferParams {
        to: Address::new_id(to),
        amount: tokens(&bytes.into()),
        operator_data: RawBytes::default(),
    })?;
    ctx.send_raw(&transfer)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_a_whole_token() {
        let kib = BigInt::from(1_024);
        assert_eq!(tokens(&kib), TokenAmount::from_whole(1_024));
        assert_eq!(bytes(&tokens(&kib)), kib);
        let atto = TokenAmount::from_atto;
        assert_eq!(bytes(&(tokens(&kib) - atto(1))), BigInt::from(1_023));
        assert_eq!(bytes(&atto(999_999_999_999_999_999u64)), BigInt::from(0));
        // 2^100 · 10^18 + 10^18 - 1
        let large = BigInt::from(1u128 << 100);
        assert_eq!(bytes(&(tokens(&large) + atto(PRECISION - 1))), large);
    }

    #[test]
    fn fractions_are_worth_nothing() {
        let two = TokenAmount::from_whole(2);
        let atto = TokenAmount::from_atto(1);
        for (tokens, bytes, expected) in [
            (two.clone(), 2, true),
            (&two + &atto, 2, true),
            (&two - &atto, 2, false),
            (&two - &atto, 1, true),
            (two, 3, false),
            (TokenAmount::default(), 0, true),
            (TokenAmount::from_whole(1), 0, false),
        ] {
            assert_eq!(is_worth(&tokens, bytes), expected, "{tokens} {bytes}");
        }
    }
}
