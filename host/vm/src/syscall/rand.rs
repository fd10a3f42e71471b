//! `rand`: randomness of the chain and of the beacon.
//!
//! Up to nv20 the host draws: blake2b-256 over tag, digest, epoch and entropy. From nv21 on it gives the digest and
//! the actor draws (FIP-0055); the price then grows with the look-back.

use fvm_shared::clock::ChainEpoch;
use fvm_shared::error::ErrorNumber::IllegalArgument;
use fvm_shared::randomness::RANDOMNESS_LENGTH;
use multihash_codetable::{Code, MultihashDigest};

use super::Context;
use crate::Chain;
use crate::stop::{Classify, Outcome, errno};

type Randomness = [u8; RANDOMNESS_LENGTH];

#[derive(Clone, Copy)]
enum Source {
    Chain,
    Beacon,
}

impl Source {
    fn digest(self, chain: &dyn Chain, epoch: ChainEpoch) -> Outcome<Randomness> {
        match self {
            Self::Chain => chain.chain_randomness(epoch),
            Self::Beacon => chain.beacon_randomness(epoch),
        }
        .or_errno(IllegalArgument)
    }
}

/// Ticket randomness, drawn by the host.
pub(super) fn draw_chain(
    context: &mut Context<'_>,
    tag: i64,
    epoch: i64,
    entropy: u32,
    len: u32,
) -> Outcome<Randomness> {
    draw(context, Source::Chain, tag, epoch, entropy, len)
}

/// Beacon randomness, drawn by the host.
pub(super) fn draw_beacon(
    context: &mut Context<'_>,
    tag: i64,
    epoch: i64,
    entropy: u32,
    len: u32,
) -> Outcome<Randomness> {
    draw(context, Source::Beacon, tag, epoch, entropy, len)
}

/// Ticket randomness.
pub(super) fn chain(context: &mut Context<'_>, epoch: i64) -> Outcome<Randomness> {
    digest(context, Source::Chain, epoch, 0)
}

/// Beacon randomness.
pub(super) fn beacon(context: &mut Context<'_>, epoch: i64) -> Outcome<Randomness> {
    digest(context, Source::Beacon, epoch, 0)
}

fn draw(
    context: &mut Context<'_>,
    source: Source,
    tag: i64,
    epoch: i64,
    entropy: u32,
    len: u32,
) -> Outcome<Randomness> {
    let entropy = context.memory.slice(entropy, len)?.to_vec();
    let digest = digest(context, source, epoch, entropy.len())?;
    let mut input = Vec::with_capacity(48 + entropy.len());
    input.extend_from_slice(&tag.to_be_bytes());
    input.extend_from_slice(&digest);
    input.extend_from_slice(&epoch.to_be_bytes());
    input.extend_from_slice(&entropy);
    Code::Blake2b256
        .digest(&input)
        .digest()
        .try_into()
        .or_fatal("a blake2b-256 digest is 32 bytes")
}

fn digest(
    context: &mut Context<'_>,
    source: Source,
    epoch: i64,
    entropy_len: usize,
) -> Outcome<Randomness> {
    let stack = &mut context.frame.stack;
    let lookback = stack
        .core
        .context
        .epoch
        .checked_sub(epoch)
        .ok_or_else(|| errno(IllegalArgument, "the epoch is out of range"));
    let lookback = if stack.core.rules.early_abi {
        0
    } else {
        lookback?
    };
    stack.pay(|p| p.on_get_randomness(entropy_len, lookback))?;
    source.digest(&*stack.core.chain, epoch)
}
