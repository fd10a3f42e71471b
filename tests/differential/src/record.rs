//! Vectors of our own: small actors, executed by the reference host, written down as conformance vectors.
//!
//! They exist so that the runner, and every host that runs them, can be tested without anyone else's actors. Each holds
//! the state it starts from; the actors are in the bundles beside them, one for each version of the ABI.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use cid::Cid;
use filigree_conformance::run::length_on_chain;
use filigree_conformance::vector::{
    ApplyMessage, ExpectedReceipt, Generation, MESSAGE_CLASS, Meta, Postconditions, Preconditions,
    StateTreeRoot, Variant, VectorFile,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use fvm_ipld_car::{Block, CarHeader, CarWriter};
use fvm_shared::econ::TokenAmount;
use fvm_shared::version::NetworkVersion;

use crate::fixtures::{BUF, OUT};
use crate::oracle::{self, Step};
use crate::program::{Arg, Program};
use crate::stage::Stage;
use crate::world::{self, DRIVER, OTHER, Sender, eth, key};
use filigree_conformance::store::Blocks;

/// Seconds of an epoch, by which the runner of vectors tells the time.
const EPOCH_SECONDS: u64 = 30;

/// Network versions recorded: both ABIs and all price lists.
const VERSIONS: [NetworkVersion; 4] = [
    NetworkVersion::V18,
    NetworkVersion::V21,
    NetworkVersion::V25,
    NetworkVersion::V28,
];

/// What a vector recorded here says of where it comes from.
const SOURCE: &str = "filigree: cargo xtask vectors refresh";

/// How the name of a bundle recorded here starts; a network version follows.
const BUNDLE_START: &str = "bundle-from-nv";

type Scenario = (&'static str, &'static str, fn(&Stage) -> Vec<Step>);

const SCENARIOS: [Scenario; 6] = [
    (
        "transfers",
        "value to an actor, to a new account and to a new placeholder",
        transfers,
    ),
    (
        "calls",
        "an actor writes its state and calls another with value",
        calls,
    ),
    (
        "failures",
        "a trap, an exit, too little gas, a wrong sequence number",
        failures,
    ),
    (
        "events",
        "events, some of them undone by the trap of a call",
        events,
    ),
    (
        "limits",
        "calls that are read-only, run out of the gas they are given, or trap two levels down",
        limits,
    ),
    (
        "delegated",
        "a delegated address looked up, called, and created by calls",
        delegated,
    ),
];

fn transfers(_: &Stage) -> Vec<Step> {
    let mut sender = Sender::alice();
    vec![
        sender.transfer(fvm_shared::address::Address::new_id(OTHER), 5),
        sender.transfer(key(50), 7),
        sender.transfer(eth(50), 11),
    ]
}

fn calls(stage: &Stage) -> Vec<Step> {
    let mut sender = Sender::alice();
    vec![
        sender.call(DRIVER, write_state(stage.program())),
        sender.call(DRIVER, call_other(stage, write_state(stage.program()))),
    ]
}

/// Makes `[1, 2]` the actor's state.
fn write_state(mut program: Program) -> Vec<u8> {
    const SLOT: u32 = 0x60;
    program.block(0x71, &[0x82, 1, 2], 0x20000, SLOT);
    let cid: Arg = BUF.into();
    let link = [
        OUT.into(),
        Arg::Word(SLOT),
        Arg::Imm(0xb220),
        Arg::Imm(32),
        cid,
        Arg::Imm(64),
    ];
    program.call("ipld", "block_link", &link);
    program.call("self", "set_root", &[cid]);
    program.log(BUF, 38);
    program.finish()
}

fn call_other(stage: &Stage, child: Vec<u8>) -> Vec<u8> {
    const SLOT: u32 = 0x60;
    let mut program = stage.loaded();
    program.block(0x55, &child, 0x20000, SLOT);
    program.send(OUT, stage.fixtures.get("other"), 2, Arg::Word(SLOT), 3);
    program.log(OUT, 20);
    program.finish()
}

fn failures(stage: &Stage) -> Vec<Step> {
    let mut sender = Sender::alice();
    let mut trap = stage.program();
    trap.trap(0);
    let mut exit = stage.program();
    exit.call(
        "vm",
        "exit",
        &[Arg::Imm(33), Arg::Imm(0), Arg::Imm(0), Arg::Imm(0)],
    );
    let mut steps = vec![
        sender.call(DRIVER, trap.finish()),
        sender.call(DRIVER, exit.finish()),
    ];
    sender.gas = 1_500_000;
    steps.push(sender.call(DRIVER, write_state(stage.program())));
    sender.nonce += 1;
    steps.push(sender.transfer(key(50), 1));
    steps
}

fn events(stage: &Stage) -> Vec<Step> {
    let mut undone = stage.program();
    undone.event(1, 4, 4).trap(0);
    let mut kept = stage.program();
    kept.event(2, 1, 30);
    let mut parent = stage.loaded();
    parent.event(1, 3, 0);
    for child in [undone.finish(), kept.finish()] {
        send(&mut parent, stage, "other", &child, [0, u64::MAX, 0]);
    }
    let mut many = stage.program();
    for _ in 0..40 {
        many.event(1, 2, 3);
    }
    let mut sender = Sender::alice();
    vec![
        sender.call(DRIVER, parent.finish()),
        sender.call(DRIVER, many.finish()),
    ]
}

fn limits(stage: &Stage) -> Vec<Step> {
    let write = write_state(stage.program());
    let mut trap = stage.program();
    trap.trap(0);
    let mut middle = stage.loaded();
    send(&mut middle, stage, "self", &trap.finish(), [1, u64::MAX, 0]);
    middle.trap(3);
    let middle = middle.finish();
    let mut program = stage.loaded();
    for [gas, flags] in [[u64::MAX, 1], [1_000, 0], [800_000, 0], [u64::MAX, 0]] {
        send(&mut program, stage, "other", &write, [0, gas, flags]);
    }
    send(&mut program, stage, "other", &middle, [3, u64::MAX, 0]);
    vec![Sender::alice().call(DRIVER, program.finish())]
}

fn delegated(stage: &Stage) -> Vec<Step> {
    let mut program = stage.loaded();
    let write = write_state(stage.program());
    send(&mut program, stage, "other f4", &write, [2, u64::MAX, 0]);
    for id in [OTHER, world::PLACEHOLDER, DRIVER] {
        let into = [OUT.into(), Arg::Imm(id), BUF.into(), Arg::Imm(100)];
        program.call("actor", "lookup_delegated_address", &into);
        program.log(BUF, 30);
    }
    for to in ["new eth", "foreign f4"] {
        let address = stage.fixtures.get(to);
        program.send(OUT, address, 0, Arg::Imm(0), 5);
        let found = [OUT.into(), address.0.into(), address.1.into()];
        program.call("actor", "resolve_address", &found);
        program.log(OUT, 8);
    }
    let mut sender = Sender::alice();
    vec![
        sender.call(DRIVER, program.finish()),
        sender.transfer(eth(3), 7),
    ]
}

/// Sends `child` with value, gas limit and flags, and logs what came of it.
fn send(program: &mut Program, stage: &Stage, to: &str, child: &[u8], rest: [u64; 3]) {
    const SLOT: u32 = 0x60;
    program.block(0x55, child, 0x20000, SLOT);
    let to = stage.fixtures.get(to);
    program.send_with(OUT, to, 2, Arg::Word(SLOT), rest);
    program.log(OUT, 20);
}

/// Records everything into `folder`; gives the names of the files. What was recorded there before is removed first.
pub fn record(folder: &Path) -> Result<Vec<String>> {
    std::fs::create_dir_all(folder)?;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if is_recorded(&path) {
            std::fs::remove_file(path)?;
        }
    }
    let mut written = Vec::new();
    let mut write = |name: String, bytes: &[u8]| -> Result<()> {
        std::fs::write(folder.join(&name), bytes).with_context(|| format!("writing {name}"))?;
        written.push(name);
        Ok(())
    };
    let mut bundles = Vec::new();
    for version in VERSIONS {
        let stage = stage(version)?;
        let (bundle, state) = split(&stage)?;
        if !bundles.contains(&stage.genesis.manifest) {
            bundles.push(stage.genesis.manifest);
            let name = format!("{BUNDLE_START}{}.car", u32::from(version));
            write(name, &car(stage.genesis.manifest, &bundle)?)?;
        }
        for (name, description, steps) in SCENARIOS {
            let id = format!("nv{}-{name}", u32::from(version));
            let vector = vector(&id, description, &stage, &state, steps(&stage))?;
            let mut json = serde_json::to_vec_pretty(&vector)?;
            json.push(b'\n');
            write(format!("{id}.json"), &json)?;
        }
    }
    Ok(written)
}

/// Whether a file is one that [`record`] wrote: a bundle of its name, or a vector that says so.
fn is_recorded(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.starts_with(BUNDLE_START) && name.ends_with(".car") {
        return true;
    }
    let json = name.ends_with(".json").then(|| std::fs::read(path).ok());
    let vector = json.flatten();
    let vector = vector.and_then(|json| serde_json::from_slice::<VectorFile>(&json).ok());
    let sources = vector.and_then(|v| v.meta).map(|meta| meta.generation);
    sources.is_some_and(|all| all.iter().any(|g| g.source == SOURCE))
}

/// The shared world, at the time the runner of vectors supposes.
fn stage(version: NetworkVersion) -> Result<Stage> {
    let mut setup = world::setup(version)?;
    setup.timestamp = u64::try_from(setup.epoch)? * EPOCH_SECONDS;
    Ok(Stage::of(setup))
}

/// The blocks of actors (manifest and code), and those of the state.
fn split(stage: &Stage) -> Result<(Blocks, Blocks)> {
    let genesis = &stage.genesis;
    let manifest = genesis
        .blocks
        .get(&genesis.manifest)
        .context("the manifest")?;
    let (_, list): (u32, Cid) = fvm_ipld_encoding::from_slice(manifest)?;
    let codes = genesis
        .builtins
        .iter()
        .map(|(_, code)| code)
        .chain(&genesis.codes);
    let actors: Vec<Cid> = codes.copied().chain([genesis.manifest, list]).collect();
    let all = genesis
        .blocks
        .iter()
        .map(|(cid, block)| (*cid, block.clone()));
    Ok(all.partition(|(cid, _)| actors.contains(cid)))
}

fn vector(
    id: &str,
    description: &str,
    stage: &Stage,
    state: &Blocks,
    mut steps: Vec<Step>,
) -> Result<VectorFile> {
    for step in &mut steps {
        step.length = length_on_chain(&step.message, step.length);
    }
    let run = oracle::run(&stage.setup, &stage.genesis, &steps)?;
    ensure!(
        run.outcomes.len() == steps.len(),
        "{id}: the reference stopped early"
    );
    let mut receipts = Vec::new();
    for outcome in &run.outcomes {
        let applied = outcome
            .applied
            .as_ref()
            .map_err(|e| anyhow::anyhow!("{id}: {}", e.text))?;
        receipts.push(ExpectedReceipt {
            exit_code: applied.exit_code,
            return_data: applied.return_data.clone(),
            gas_used: applied.gas_used,
            events_root: Some(applied.events_root),
        });
    }
    let last = run.outcomes.last().context("a vector without messages")?;
    let after = last
        .root
        .clone()
        .map_err(|e| anyhow::anyhow!("{id}: {e}"))?;
    let messages = steps.iter().map(|step| {
        Ok(ApplyMessage {
            bytes: fvm_ipld_encoding::to_vec(&step.message)?,
            epoch_offset: None,
        })
    });
    let version = u32::from(stage.version());
    Ok(VectorFile {
        class: MESSAGE_CLASS.to_owned(),
        selector: None,
        meta: Some(Meta {
            id: id.to_owned(),
            description: description.to_owned(),
            generation: vec![Generation {
                source: SOURCE.to_owned(),
                version: if version < 21 { "fvm 3.14" } else { "fvm 4.8" }.to_owned(),
            }],
        }),
        car: gzip(&car(stage.genesis.root, state)?)?,
        preconditions: Preconditions {
            variants: vec![Variant {
                id: format!("nv{version}"),
                epoch: stage.setup.epoch,
                nv: version,
            }],
            state_tree: StateTreeRoot {
                root_cid: stage.genesis.root,
            },
            basefee: Some(atto(&stage.setup.base_fee)?),
            circ_supply: Some(atto(&stage.setup.circulating_supply)?),
        },
        apply_messages: messages.collect::<Result<_>>()?,
        postconditions: Postconditions {
            state_tree: StateTreeRoot { root_cid: after },
            receipts,
        },
        randomness: Vec::new(),
    })
}

fn atto(amount: &TokenAmount) -> Result<u128> {
    u128::try_from(amount.atto().clone()).context("an amount beyond 128 bits")
}

/// A CAR with blocks in the order of their CIDs, so that recording twice gives the same bytes.
fn car(root: Cid, blocks: &Blocks) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut writer = CarWriter::new(CarHeader::new(vec![root], 1), &mut bytes)?;
    for (cid, data) in blocks.iter().collect::<BTreeMap<_, _>>() {
        writer.write(Block {
            cid: *cid,
            data: data.clone(),
        })?;
    }
    Ok(bytes)
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_recorded_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["mine.json", "mine.car", "notes.txt", "bundle-from-nv1.car"] {
            std::fs::write(folder.path().join(name), "{}").unwrap();
        }
        let names = crate::compare::on_large_stack(|| record(folder.path()).unwrap());
        let there = |name: &str| folder.path().join(name).exists();
        assert!(there("mine.json") && there("mine.car") && there("notes.txt"));
        assert!(!there("bundle-from-nv1.car"));
        assert!(
            names
                .iter()
                .all(|name| is_recorded(&folder.path().join(name)))
        );
    }

    #[test]
    fn scenarios_do_what_they_say() {
        let check = |name: &str, expected: &[u32]| {
            for version in VERSIONS {
                let path = format!(
                    "../conformance/vectors/nv{}-{name}.json",
                    u32::from(version)
                );
                let json = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
                let vector: VectorFile = serde_json::from_slice(&json).unwrap();
                let receipts = vector.postconditions.receipts.iter();
                let exits: Vec<u32> = receipts.map(|r| r.exit_code).collect();
                assert_eq!(exits, expected, "{name} at {version}");
            }
        };
        check("failures", &[4, 33, 7, 2]);
        for name in ["calls", "delegated", "events"] {
            check(name, &[0, 0]);
        }
        check("limits", &[0]);
        check("transfers", &[0, 0, 0]);
    }

    #[test]
    fn what_is_committed_is_what_the_reference_gives_today() {
        let fresh = tempfile::tempdir().unwrap();
        let names = crate::compare::on_large_stack(|| record(fresh.path()).unwrap());
        let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/vectors");
        assert_eq!(names.len(), VERSIONS.len() * SCENARIOS.len() + 2);
        for name in names {
            let old = std::fs::read(committed.join(&name)).unwrap_or_default();
            let new = std::fs::read(fresh.path().join(&name)).unwrap();
            assert!(
                old == new,
                "{name} is stale: run `cargo xtask vectors refresh`"
            );
        }
    }
}
