//! UpdateChannelState: a voucher is checked and redeemed.

use filigree_builtin::calls::account::authenticate_message;
use filigree_sdk::crypto;
use filigree_sdk::prelude::*;
use filigree_sdk::store::ActorStore;
use fvm_ipld_encoding::CBOR;

use crate::state::Paych;
use crate::voucher::{ModVerifyParams, SignedVoucher};

/// Exit code for a voucher that comes too late.
pub const ERR_CHANNEL_STATE_UPDATE_AFTER_SETTLED: ExitCode = ExitCode::new(32);

/// Longest secret, in bytes.
pub const MAX_SECRET_BYTES: usize = 256;

/// Either party gives the other's voucher. Which check comes first is part of the interface.
pub(crate) fn update(ctx: &mut Context, voucher: SignedVoucher, secret: &[u8]) -> Result<()> {
    let state: Paych = ctx.load()?;
    state.require_party(ctx)?;
    let signature = voucher
        .signature
        .as_ref()
        .ok_or_else(|| Error::illegal_argument("the voucher has no signature"))?;
    if state.is_settled(ctx.epoch()?) {
        return Err(Error::new(
            ERR_CHANNEL_STATE_UPDATE_AFTER_SETTLED,
            "the channel is settled",
        ));
    }
    ensure!(
        secret.len() <= MAX_SECRET_BYTES,
        illegal_argument,
        "a secret has {MAX_SECRET_BYTES} bytes at most"
    );

    let signer = match Address::new_id(ctx.caller()) == state.from {
        true => state.to,
        false => state.from,
    };
    let signed = voucher.signing_bytes()?;
    let call = authenticate_message(signer, signature.bytes.clone(), signed)?;
    ensure!(
        ctx.send(call)?,
        illegal_argument,
        "the signature is not the other party's"
    );
    check_terms(ctx, &voucher, secret)?;
    if let Some(extra) = &voucher.extra {
        verify(ctx, extra)?;
    }
    ctx.transaction(|state: &mut Paych, ctx| state.redeem(ActorStore, &voucher, &ctx.balance()?))
}

fn check_terms(ctx: &Context, voucher: &SignedVoucher, secret: &[u8]) -> Result<()> {
    ensure!(
        ctx.resolve(&voucher.channel_addr)? == Some(ctx.receiver()),
        illegal_argument,
        "the voucher is for another channel"
    );
    voucher.check_time(ctx.epoch()?)?;
    ensure!(
        !voucher.amount.is_negative(),
        illegal_argument,
        "a negative amount"
    );
    let expected = &voucher.secret_pre_image.0;
    ensure!(
        expected.is_empty() || crypto::blake2b(secret)? == expected[..],
        illegal_argument,
        "the secret is another"
    );
    Ok(())
}

/// Makes the call that a voucher demands. Its failure becomes this actor's.
fn verify(ctx: &mut Context, extra: &ModVerifyParams) -> Result<()> {
    let params = IpldBlock {
        codec: CBOR,
        data: extra.data.to_vec(),
    };
    let call: Call<()> = Call::new(extra.actor, extra.method, Some(params));
    ctx.send_raw(&call)?;
    Ok(())
}
