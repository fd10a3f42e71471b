//! Runs a script on one actor, step by step, and keeps all that anyone could tell it by.

use anyhow::{Result, bail};
use cid::Cid;
use filigree_sandbox::{Event, Outcome};
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;

use crate::script::{Act, Scene, Step};

/// What a step came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Done {
    /// The step.
    pub label: &'static str,
    /// What everyone can see.
    pub seen: Seen,
    /// Gas of the call with all below it, without that of including the message.
    pub gas: u64,
}

/// What everyone can see of a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The exit code.
    pub exit_code: ExitCode,
    /// The bytes returned.
    pub returned: Vec<u8>,
    /// The events.
    pub events: Vec<Event>,
    /// State and balance of the actor and of those around it. An actor's code is its own affair.
    pub states: Vec<(Cid, TokenAmount)>,
}

/// Runs a script on Wasm.
pub fn play(wasm: &[u8], script: fn(&mut Scene) -> Vec<Step>) -> Vec<Done> {
    let mut scene = Scene::new(wasm);
    let steps = script(&mut scene);
    steps
        .into_iter()
        .map(|step| run(&mut scene, step))
        .collect()
}

fn run(scene: &mut Scene, step: Step) -> Done {
    let sandbox = &mut scene.sandbox;
    match step.act {
        Act::Call(call) => {
            let outcome = sandbox.call(step.from, call);
            let gas = outcome.trace().root.map_or(0, |root| root.gas);
            done(scene, step.label, &outcome, gas, &[])
        }
        Act::Deploy(construction) => {
            let outcome = sandbox.deploy_as(step.from, &scene.code, construction);
            // What deploys is not compared; the constructor is the last that it calls.
            let tree = outcome.trace();
            let gas = tree.root.and_then(|root| Some(root.calls.last()?.gas));
            let made: Vec<_> = match outcome.exit_code().is_success() {
                true => fvm_ipld_encoding::from_slice(&outcome.receipt().return_data)
                    .into_iter()
                    .collect(),
                false => Vec::new(),
            };
            done(scene, step.label, &outcome, gas.unwrap_or(0), &made)
        }
    }
}

fn done<R>(
    scene: &Scene,
    label: &'static str,
    outcome: &Outcome<R>,
    gas: u64,
    made: &[fvm_shared::address::Address],
) -> Done {
    let looked_at = [scene.actor];
    let looked_at = looked_at.iter().chain(&scene.others).chain(made);
    let states = looked_at.map(|address| {
        let actor = scene.sandbox.actor(address).expect("it was deployed");
        (actor.state, actor.balance)
    });
    Done {
        label,
        seen: Seen {
            exit_code: outcome.exit_code(),
            returned: outcome.receipt().return_data.to_vec(),
            events: outcome.events(),
            states: states.collect(),
        },
        gas,
    }
}

/// Fails with the first step that came to something else.
pub fn compare(ours: &[Done], theirs: &[Done]) -> Result<()> {
    for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        if (ours.label, &ours.seen) != (theirs.label, &theirs.seen) {
            bail!(
                "step {}, {}: with the SDK it comes to\n  {:?}\nand with fvm_sdk to\n  {:?}",
                index + 1,
                ours.label,
                ours.seen,
                theirs.seen
            );
        }
    }
    if ours.len() != theirs.len() {
        bail!(
            "{} steps with the SDK, {} with fvm_sdk",
            ours.len(),
            theirs.len()
        );
    }
    Ok(())
}
