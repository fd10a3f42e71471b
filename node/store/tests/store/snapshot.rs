//! Snapshots out of one store and into another.

use std::fs;
use std::io::{self, Read, Write};
use std::ops::ControlFlow;

use cid::Cid;
use filigree_blocks::{Tipset, TipsetKey};
use filigree_car::{CarReader, CarWriter};
use filigree_store::check::check;
use filigree_store::snapshot::{
    ExportProgress, Format, ImportProgress, Imported, export, export_file, import, import_file,
};
use filigree_store::{Db, Depth, Durability, Extent, ImportError, StoreError, load_car, save_car};
use fvm_ipld_blockstore::Blockstore;
use proptest::prelude::*;

use crate::chain::{all_blocks, cid, extend, put, store, without};

pub const TEN: Extent = Extent {
    state: Depth::Recent(10),
    messages: Depth::Recent(10),
};

/// The finality of this network, epochs.
pub const FINALITY: i64 = 10;

pub fn write(db: &Db, extent: Extent, format: Format) -> Vec<u8> {
    let mut out = Vec::new();
    export(db, None, extent, &mut out, format, &mut |_| {
        ControlFlow::Continue(())
    })
    .unwrap();
    out
}

pub fn read(db: &Db, bytes: &[u8]) -> Result<Imported, ImportError> {
    import(db, bytes, FINALITY, &mut |_| ControlFlow::Continue(()))
}

#[track_caller]
pub fn is_whole(db: &Db, extent: Extent) -> bool {
    check(db, None, extent, &[], &mut |_| ControlFlow::Continue(()))
        .unwrap()
        .is_good()
}

pub fn heights(db: &Db) -> Vec<filigree_store::Head> {
    db.index()
        .tipsets(0..=i64::MAX)
        .map(Result::unwrap)
        .collect()
}

#[test]
fn a_chain_moves_from_one_store_to_another() {
    let (dir, db) = store();
    let tipsets = extend(&db, None, 60, 0);
    for format in [Format::Car, Format::CarZst] {
        let file = write(&db, Extent::FULL, format);
        let (_other_dir, other) = store();
        let imported = read(&other, &file).unwrap();
        assert_eq!(imported.head.key, *tipsets.last().unwrap().key());
        assert_eq!(imported.genesis, *tipsets[0].key());
        assert_eq!(imported.tipsets, tipsets.len() as u64);
        assert_eq!(imported.loaded.file_bytes, file.len() as u64);
        assert_eq!(other.index().head().unwrap(), db.index().head().unwrap());
        assert_eq!(heights(&other), heights(&db));
        assert!(is_whole(&other, Extent::FULL));
        // And back out, byte for byte.
        assert_eq!(write(&other, Extent::FULL, format), file);
    }
    let small = write(&db, Extent::FULL, Format::CarZst).len();
    assert!(small < write(&db, Extent::FULL, Format::Car).len() / 2);
    // All blocks of this store are of the chain, but the code.
    let (_db, all) = all_blocks(&dir, db);
    assert!(all.len() > 500);
}

#[test]
fn a_light_snapshot_has_all_headers_and_what_is_recent() {
    let (_dir, db) = store();
    let tipsets = extend(&db, None, 60, 0);
    let file = write(&db, TEN, Format::Car);
    assert!(file.len() < write(&db, Extent::FULL, Format::Car).len() / 3 * 2);
    let (_other_dir, other) = store();
    assert_eq!(read(&other, &file).unwrap().tipsets, tipsets.len() as u64);
    assert!(is_whole(&other, TEN));
    // What the file was not to have is no damage.
    assert!(is_whole(&other, Extent::FULL));
    let head = other.index().head().unwrap().unwrap();
    assert_eq!(other.floor().unwrap(), Some(head.height - 10));
    let has = |cid: &Cid| other.blocks().has(cid).unwrap();
    for tipset in &tipsets {
        let is_recent = tipset.height() > 50;
        assert!(has(&tipset.blocks()[0].cid()));
        assert_eq!(
            has(&tipset.parent_state()),
            is_recent || tipset.height() == 0
        );
        assert_eq!(has(&tipset.parent_receipts()), is_recent);
        assert_eq!(has(&tipset.first().messages), is_recent);
    }
}

/// What the network's programs rely on: roots are the head's blocks in their order, and the first blocks are those.
#[test]
fn the_layout_is_that_of_the_network() {
    let (_dir, db) = store();
    let tipsets = extend(&db, None, 10, 0);
    let file = write(&db, Extent::FULL, Format::Car);
    let mut car = CarReader::new(&file[..]).unwrap();
    let head = tipsets.last().unwrap();
    assert_eq!(car.roots(), head.key().cids());
    let blocks: Vec<Cid> = car.by_ref().map(|block| block.unwrap().cid).collect();
    assert_eq!(blocks[0], head.key().cids()[0]);
    let mut once = blocks.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), blocks.len(), "each block is there once");
    let place = |tipset: &Tipset| blocks.iter().position(|cid| *cid == tipset.key().cids()[0]);
    let places: Vec<_> = tipsets.iter().rev().map(place).collect();
    assert!(places.is_sorted() && places[0] == Some(0), "{places:?}");
}

#[test]
fn an_export_of_an_incomplete_chain_fails_and_names_the_block() {
    let (dir, db) = store();
    let tipsets = extend(&db, None, 30, 0);
    let gone = tipsets[10].first().messages;
    let db = without(&dir, db, &[gone]);
    let path = dir.path().join("chain.car");
    let result = export_file(&db, None, Extent::FULL, &path, &mut |_| {
        ControlFlow::Continue(())
    });
    let error = result.unwrap_err();
    assert!(matches!(error, StoreError::Incomplete(_)), "{error}");
    assert!(error.to_string().contains(&gone.to_string()), "{error}");
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        1,
        "nothing is left beside the store"
    );
    write(&db, TEN, Format::Car);
}

#[test]
fn files_are_compressed_by_their_name_and_read_by_their_content() {
    let (dir, db) = store();
    extend(&db, None, 30, 0);
    let head = db.index().head().unwrap().unwrap().key;
    let mut sizes = Vec::new();
    for name in ["chain.car", "chain.car.zst"] {
        let path = dir.path().join(name);
        let mut last = ExportProgress::default();
        let done = export_file(&db, Some(&head), Extent::FULL, &path, &mut |progress| {
            last = *progress;
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(last, done);
        assert_eq!(
            (done.height, done.headers),
            (0, 2 * heights(&db).len() as u64 - 1)
        );
        sizes.push((fs::metadata(&path).unwrap().len(), done.bytes));
        let renamed = dir.path().join("download");
        fs::rename(&path, &renamed).unwrap();
        let (_other_dir, other) = store();
        let mut read_bytes = 0;
        import_file(&other, &renamed, FINALITY, &mut |progress| {
            if let ImportProgress::Loading(loaded) = progress {
                read_bytes = loaded.file_bytes;
            }
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(read_bytes, sizes.last().unwrap().0);
    }
    assert_eq!(sizes[0].0, sizes[0].1);
    assert_eq!(sizes[1].1, sizes[0].1);
    let (_other_dir, other) = store();
    let none = import_file(&other, &dir.path().join("none"), FINALITY, &mut |_| {
        ControlFlow::Continue(())
    });
    assert!(none.unwrap_err().to_string().contains("none"));
}

#[test]
fn an_output_that_fails_is_an_error() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, data: &[u8]) -> io::Result<usize> {
            self.0 = self
                .0
                .checked_sub(data.len())
                .ok_or(io::ErrorKind::StorageFull)?;
            Ok(data.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (_dir, db) = store();
    extend(&db, None, 30, 0);
    for format in [Format::Car, Format::CarZst] {
        let result = export(&db, None, Extent::FULL, Full(500), format, &mut |_| {
            ControlFlow::Continue(())
        });
        assert!(matches!(result, Err(StoreError::Output(_))));
    }
}

/// While a snapshot is written the chain goes on, and the snapshot is that of its head.
#[test]
fn a_chain_grows_beside_its_export() {
    let (_dir, db) = store();
    let tipsets = extend(&db, None, 300, 0);
    let mut out = Vec::new();
    let mut grown = false;
    export(&db, None, Extent::FULL, &mut out, Format::Car, &mut |_| {
        if !grown {
            extend(&db, tipsets.last(), 310, 0);
            grown = true;
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(grown);
    let (_other_dir, other) = store();
    let imported = read(&other, &out).unwrap();
    assert_eq!(imported.head.key, *tipsets.last().unwrap().key());
}

/// Any CAR file goes in and out, chain or not.
#[test]
fn other_car_files_are_loaded_and_saved() {
    let (_dir, db) = store();
    let cids: Vec<Cid> = (0..100_u64).map(|n| put(&db.blocks(), &n)).collect();
    let file = save_car(&db.blocks(), &cids[..1], cids.clone(), Vec::new()).unwrap();
    let (dir, other) = store();
    let (roots, done) = load_car(&other, &file[..], &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(roots, cids[..1]);
    assert_eq!((done.blocks, done.car_bytes), (100, file.len() as u64));
    let (other, all) = all_blocks(&dir, other);
    assert_eq!(all, cids.iter().copied().collect());
    assert_eq!(other.index().head().unwrap(), None);
    let error = save_car(&db.blocks(), &cids, [cid(b"none")], Vec::new()).unwrap_err();
    assert!(matches!(error, StoreError::Output(e) if e.kind() == io::ErrorKind::NotFound));
}

/// A file of 300 MB passes through a store; how much is waiting between reader and writers does not grow with it.
#[test]
fn a_reader_far_ahead_of_the_writers_waits() {
    /// Eight writers have at most one batch of 4 MB each in hand and two waiting, and the reader some: about a thousand blocks.
    const AHEAD: usize = 1_500;

    struct Generated {
        left: u32,
        buffer: io::Cursor<Vec<u8>>,
        made: Vec<Cid>,
        db: Db,
    }
    impl Read for Generated {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            if self.buffer.position() == self.buffer.get_ref().len() as u64 && self.left > 0 {
                self.left -= 1;
                let data: Vec<u8> = (0..100_000_u32)
                    .map(|i| (i.wrapping_mul(self.left) >> 9) as u8)
                    .collect();
                self.made.push(cid(&data));
                if let Some(before) = self.made.len().checked_sub(AHEAD) {
                    let is_there = self.db.blocks().has(&self.made[before]).unwrap();
                    assert!(
                        is_there,
                        "block {before} waits, {} are read",
                        self.made.len()
                    );
                }
                let mut car = CarWriter::new(Vec::new(), &[cid(b"")]).unwrap();
                let header = car.bytes() as usize;
                car.write(&cid(&data), &data).unwrap();
                self.buffer = io::Cursor::new(car.finish().unwrap().split_off(header));
            }
            self.buffer.read(out)
        }
    }
    let header = CarWriter::new(Vec::new(), &[cid(b"")])
        .unwrap()
        .finish()
        .unwrap();
    let (_dir, db) = store();
    let source = header.chain(Generated {
        left: 3_000,
        buffer: io::Cursor::default(),
        made: Vec::new(),
        db: db.clone(),
    });
    let (_, done) = load_car(&db, source, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(done.blocks, 3_000);
}

#[test]
fn the_head_named_is_the_one_written() {
    let (_dir, db) = store();
    let tipsets = extend(&db, None, 30, 0);
    let key: &TipsetKey = tipsets[10].key();
    let mut out = Vec::new();
    export(
        &db,
        Some(key),
        Extent::FULL,
        &mut out,
        Format::Car,
        &mut |_| ControlFlow::Continue(()),
    )
    .unwrap();
    let (_other_dir, other) = store();
    assert_eq!(read(&other, &out).unwrap().head.key, *key);
    let mut batch = other.batch();
    batch.put_block(&cid(b"x"), b"x");
    batch.commit(Durability::Synced).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever blocks there are, in one or many batches, compressed or not.
    #[test]
    fn any_blocks_go_in_and_out(sizes in proptest::collection::vec(0..30_000_usize, 1..60), zipped: bool) {
        let (_dir, db) = store();
        let blocks: Vec<Vec<u8>> = sizes.iter().enumerate().map(|(n, size)| vec![n as u8; *size]).collect();
        let mut car = CarWriter::new(Vec::new(), &[cid(b"root")]).unwrap();
        for block in &blocks {
            car.write(&cid(block), block).unwrap();
        }
        let mut file = car.finish().unwrap();
        if zipped {
            // In two frames, as files for random access have many.
            let half = file.len() / 2;
            let pack = |part: &[u8]| zstd::encode_all(part, 1).unwrap();
            file = [pack(&file[..half]), pack(&file[half..])].concat();
        }
        load_car(&db, &file[..], &mut |_| ControlFlow::Continue(())).unwrap();
        for block in &blocks {
            let found = db.blocks().get(&cid(block)).unwrap();
            prop_assert_eq!(found.as_ref(), Some(block));
        }
    }
}
