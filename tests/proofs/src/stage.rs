//! Where scenarios play: a devnet in a sandbox, whose host judges real proofs, and somebody who makes them.

use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::Arc;

use filigree_builtin::policy::{DEVNET, MAINNET, Policy};
use filigree_bundle::{Network, Recipe, kept};
use filigree_sandbox::{MockChain, Sandbox, Who};
use filigree_sdk::call::Call;
use filigree_sdk::prelude::*;
use filigree_vm::{Chain as _, Verifier};
use multihash_codetable::{Code, MultihashDigest};

use crate::prover::Prover;

/// The seed of the chain's randomness. Another gives other tickets, and so another recording.
const SEED: u64 = 0;

/// The actors of a devnet, the network whose sectors may have 2 KiB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actors {
    /// A CAR; ours, if there is none.
    bundle: Option<PathBuf>,
    policy: Policy,
}

impl Actors {
    /// Ours.
    pub fn ours() -> Self {
        Self {
            bundle: None,
            policy: DEVNET,
        }
    }

    /// The official ones, from a CAR of release 18 for devnets: sizes of sectors are ours, but its periods are mainnet's.
    pub fn official(bundle: PathBuf) -> Self {
        Self {
            bundle: Some(bundle),
            policy: Policy {
                pre_commit_challenge_delay: DEVNET.pre_commit_challenge_delay,
                ..MAINNET
            },
        }
    }
}

/// A devnet, and a prover.
pub struct Stage {
    sandbox: Sandbox,
    /// The limits that its actors were built with.
    pub policy: Policy,
    /// Who makes proofs.
    pub prover: Prover,
}

impl Deref for Stage {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.sandbox
    }
}

impl DerefMut for Stage {
    fn deref_mut(&mut self) -> &mut Sandbox {
        &mut self.sandbox
    }
}

impl Stage {
    /// With these actors, as Wasm.
    #[track_caller]
    pub fn new(actors: &Actors, verifier: Arc<dyn Verifier + Send + Sync>, prover: Prover) -> Self {
        let builder = Sandbox::builder().seed(SEED).verifier(verifier);
        let sandbox = match &actors.bundle {
            Some(bundle) => builder.bundle(bundle).build(),
            None => {
                let recipe = Recipe::of(Network::Devnet);
                let folder = tempfile::tempdir().expect("a directory for the bundle");
                let bundle = folder.path().join("devnet.car");
                let car = kept::car(&recipe).expect("the actors build");
                std::fs::write(&bundle, car).expect("the bundle can be written");
                let builder = builder.bundle(&bundle);
                builder.allow_install(recipe.user_code).build()
            }
        };
        Self {
            sandbox,
            policy: actors.policy,
            prover,
        }
    }

    /// Goes on to an epoch, with cron at the end of each before it.
    #[track_caller]
    pub fn go_to(&mut self, epoch: ChainEpoch) {
        let epochs = epoch - self.epoch();
        self.sandbox.advance(epochs);
    }

    /// Randomness of the ticket chain for a purpose, as actors draw it.
    pub fn ticket(&self, tag: i64, epoch: ChainEpoch, entropy: &[u8]) -> [u8; 32] {
        let digest = self.chain().chain_randomness(epoch);
        draw(&digest.expect("an epoch that was"), tag, epoch, entropy)
    }

    /// Randomness of the beacon for a purpose, as actors draw it.
    pub fn beacon(&self, tag: i64, epoch: ChainEpoch, entropy: &[u8]) -> [u8; 32] {
        let digest = self.chain().beacon_randomness(epoch);
        draw(&digest.expect("an epoch that was"), tag, epoch, entropy)
    }

    fn chain(&self) -> MockChain {
        MockChain {
            epoch: self.epoch(),
            seed: SEED,
            circulating_supply: TokenAmount::default(),
        }
    }

    /// Sends a call for which there may be no receipt: gives its exit code, or why the host cannot tell. After that the stage must not
    /// be used any more.
    pub fn try_call<R>(&mut self, from: impl Who, call: Call<R>) -> anyhow::Result<ExitCode> {
        let call = Call::<()>::new(call.to, call.method, call.params).value(call.value);
        let outcome = self.sandbox.try_call(&from.address(), call)?;
        Ok(outcome.exit_code())
    }
}

/// Draws randomness for a purpose (Filecoin spec, "Randomness").
fn draw(digest: &[u8; 32], tag: i64, epoch: ChainEpoch, entropy: &[u8]) -> [u8; 32] {
    let tag = tag.to_be_bytes();
    let drawn = [&tag[..], digest, &epoch.to_be_bytes(), entropy].concat();
    let mut drawn_digest = [0; 32];
    drawn_digest.copy_from_slice(Code::Blake2b256.digest(&drawn).digest());
    drawn_digest
}
