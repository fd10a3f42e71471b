//! The receiver's hook: who is credited tokens accepts them or refuses by failing (FRC-0046).

use filigree_sdk::dispatch::encode;
use filigree_sdk::prelude::*;
use filigree_sdk::receiver::{FRC46_TOKEN, Received, TokensReceived};

/// Calls the hook of an actor that was credited tokens; gives what it returned. Its failure becomes this actor's, without its data.
pub(crate) fn call(ctx: &mut Context, to: Address, tokens: &TokensReceived) -> Result<RawBytes> {
    let received = Received {
        kind: FRC46_TOKEN,
        payload: RawBytes::serialize(tokens)?,
    };
    let hook: Call<()> = Call::new(to, method_number!("Receive"), encode(&received)?);
    let returned = ctx.send_raw(&hook).map_err(|error| Error {
        data: None,
        ..Error::from(error)
    })?;
    Ok(returned.map_or_else(RawBytes::default, |block| RawBytes::new(block.data)))
}

/// The end of a transaction before a hook. A call that may change nothing ends otherwise here than in other methods: where release 18
/// cannot store the state, it loses the hook it has prepared, and takes that for a bug of its own.
pub(crate) fn check_may_follow(ctx: &Context) -> Result<()> {
    ensure!(
        !ctx.is_read_only(),
        assertion_failed,
        "the receiver of tokens cannot be told in a read-only call"
    );
    Ok(())
}
