//! Snapshots: the whole chain with its state into one file, and from there into an empty store.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};
use filigree_store::snapshot::{export_file, import_file};
use filigree_store::{Db, Extent, Options};
use serde::{Deserialize, Serialize};

use crate::figures::{Differ, millis};
use crate::world::{Miners, World};

/// How large all of it is.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Accounts.
    pub crowd: u64,
    /// Epochs of the chain.
    pub epochs: u64,
}

impl Sizes {
    /// As they are told.
    pub const FULL: Self = Self {
        crowd: 100_000,
        epochs: 100,
    };
    /// For a test.
    pub const QUICK: Self = Self {
        crowd: 500,
        epochs: 5,
    };
}

/// What snapshots took, in milliseconds, round by round.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SnapshotFigures {
    /// The file: `CAR`, or `CAR, zstd`.
    pub of: String,
    /// Accounts of the state.
    pub accounts: u64,
    /// Blocks (headers, messages, pieces of state).
    pub blocks: u64,
    /// Their bytes in the CAR file, before compression: that of which rates are.
    pub car_bytes: u64,
    /// The file's size.
    pub file_bytes: u64,
    /// Written and synced.
    pub export_ms: Vec<f64>,
    /// Read, verified, written, indexed, the head synced.
    pub import_ms: Vec<f64>,
}

/// Exports and imports both kinds of file, by turns.
///
/// # Errors
/// When what comes in is not what went out ([`Differ`]), or the disk fails.
pub fn measure(bundle: &Path, sizes: &Sizes, rounds: usize) -> Result<Vec<SnapshotFigures>> {
    eprintln!("snapshot: a network with {} accounts", sizes.crowd);
    let world = World::found(bundle, 2, sizes.crowd, Miners::OnDemand)?;
    for _ in 0..sizes.epochs {
        world.mine()?;
    }
    world.node.db.flush()?;
    let mut kinds = Vec::new();
    for (of, name) in [("CAR", "chain.car"), ("CAR, zstd", "chain.car.zst")] {
        let figures = SnapshotFigures {
            of: of.to_owned(),
            accounts: sizes.crowd,
            blocks: 0,
            car_bytes: 0,
            file_bytes: 0,
            export_ms: Vec::new(),
            import_ms: Vec::new(),
        };
        kinds.push((name, figures));
    }
    // The first round warms up.
    for round in 0..=rounds {
        eprintln!("snapshot: round {round} of {rounds}");
        for (name, figures) in &mut kinds {
            let times = one(&world, name, figures)?;
            if round > 0 {
                figures.export_ms.push(times.0);
                figures.import_ms.push(times.1);
            }
        }
    }
    Ok(kinds.into_iter().map(|(_, figures)| figures).collect())
}

/// Export and import, ms.
fn one(world: &World, name: &str, figures: &mut SnapshotFigures) -> Result<(f64, f64)> {
    let file = world.folder().join(name);
    let store = world.folder().join("imported");
    let head = world.node.chain.head();
    let start = Instant::now();
    let db = &world.node.db;
    let exported = export_file(db, Some(head.key()), Extent::FULL, &file, &mut |_| {
        ControlFlow::Continue(())
    })?;
    let export = start.elapsed();
    let start = Instant::now();
    let db = Db::open(&store, &Options::default())?;
    let imported = import_file(&db, &file, 900, &mut |_| ControlFlow::Continue(()))?;
    let import = start.elapsed();
    let same = imported.head.key == *head.key() && db.index().head()? == Some(imported.head);
    ensure!(same, Differ("the head of a snapshot".to_owned()));
    drop(db);
    figures.blocks = exported.blocks;
    figures.car_bytes = exported.bytes;
    figures.file_bytes = std::fs::metadata(&file)?.len();
    std::fs::remove_file(&file)?;
    std::fs::remove_dir_all(&store)?;
    Ok((millis(export), millis(import)))
}
