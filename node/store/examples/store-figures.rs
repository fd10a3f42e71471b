//! What the settings of the store rest on: each way of compressing blocks by size and speed, on the blocks of a CAR file.
//!
//! ```sh
//! cargo run --release -p filigree-store --example store-figures -- FILE.car
//! ```

use std::fs::File;
use std::io::BufReader;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use cid::Cid;
use filigree_car::CarReader;
use filigree_store::{Compression, Db, Durability, Options, load_car, save_car};

/// Blocks read one by one, at random.
const READS: usize = 100_000;

fn main() -> anyhow::Result<()> {
    let path: PathBuf = std::env::args_os()
        .nth(1)
        .context("give a CAR file")?
        .into();
    let mut car = CarReader::new(BufReader::new(File::open(&path)?))?;
    let (mut cids, mut bytes) = (Vec::new(), 0);
    while let Some(section) = car.next_section()? {
        cids.push(section.cid);
        bytes += section.data_bytes;
    }
    shuffle(&mut cids);
    println!("{} blocks, {} MB", cids.len(), bytes / 1_000_000);
    println!(
        "compression      disk MB   load MB/s   put µs/block   read µs/block   has-not µs   save MB/s"
    );
    for compression in [Compression::None, Compression::Lz4, Compression::Zstd] {
        let dir = tempfile::tempdir()?;
        // A cache of an eighth of the data: most reads unpack.
        let options = Options {
            cache_bytes: bytes as usize / 8,
            compression,
            ..Options::default()
        };
        let db = Db::open(dir.path().join("store"), &options)?;
        let rate = |since: Instant| bytes as f64 / 1e6 / since.elapsed().as_secs_f64();
        let start = Instant::now();
        load_car(&db, File::open(&path)?, &mut |_| ControlFlow::Continue(()))?;
        let load = rate(start);
        // Merged, as the files of a store are after a while.
        db.compact(&mut |_| ControlFlow::Continue(()))?;
        let disk = db.usage().blocks_bytes as f64 / 1e6;

        let blocks = db.blocks();
        let per_read = |start: Instant| start.elapsed().as_micros() as f64 / READS as f64;
        let start = Instant::now();
        for cid in cids.iter().cycle().take(READS) {
            blocks.read(cid)?.context("a block is missing")?;
        }
        let read = per_read(start);
        let absent: Vec<Cid> = (0..1_000)
            .map(|n| Cid::new_v1(n, *cids[0].hash()))
            .collect();
        let start = Instant::now();
        for cid in absent.iter().cycle().take(READS) {
            anyhow::ensure!(!blocks.contains(cid)?);
        }
        let absent = per_read(start);
        let start = Instant::now();
        save_car(&blocks, &cids[..1], cids.iter().copied(), std::io::sink())?;
        let save = rate(start);
        drop((blocks, db));

        let db = Db::open(dir.path().join("written"), &options)?;
        let all: Vec<(Cid, Vec<u8>)> = CarReader::new(BufReader::new(File::open(&path)?))?
            .map(|block| block.map(|block| (block.cid, block.data)))
            .collect::<Result<_, _>>()?;
        let start = Instant::now();
        for (cid, block) in &all {
            let mut batch = db.batch();
            batch.put_block(cid, block);
            batch.commit(Durability::Buffered)?;
        }
        let put = start.elapsed().as_micros() as f64 / all.len() as f64;
        println!(
            "{compression:<14?} {disk:>9.1} {load:>11.0} {put:>14.1} {read:>15.2} {absent:>12.2} {save:>11.0}"
        );
    }
    Ok(())
}

fn shuffle(cids: &mut [Cid]) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for i in (1..cids.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        cids.swap(i, (state % (i as u64 + 1)) as usize);
    }
}
