//! Snapshots of others that are taken in, and files that are refused.

use std::ops::ControlFlow;

use cid::Cid;
use filigree_blocks::Tipset;
use filigree_car::{CarError, CarReader, CarWriter};
use filigree_store::check::check;
use filigree_store::snapshot::{Format, ImportProgress, import};
use filigree_store::{Db, Depth, Extent, ImportError, StoreError, links};
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::to_vec;
use multihash_codetable::{Code, MultihashDigest};

use crate::chain::{cid, extend, store, without};
use crate::snapshot::{FINALITY, TEN, heights, is_whole, read, write};

/// A file as Lotus and Forest write it by default: no receipts, no events.
fn as_lotus_writes(file: &[u8], tipsets: &[Tipset]) -> Vec<u8> {
    let receipts: Vec<Cid> = tipsets.iter().map(Tipset::parent_receipts).collect();
    let mut events = Vec::new();
    let read = CarReader::new(file).unwrap().map(Result::unwrap);
    let blocks: Vec<_> = read.collect();
    for block in blocks.iter().filter(|b| receipts.contains(&b.cid)) {
        links(&block.cid, &block.data, &mut events).unwrap();
    }
    assert!(!events.is_empty());
    let head = tipsets.last().unwrap().key();
    let mut car = CarWriter::new(Vec::new(), head.cids()).unwrap();
    for block in blocks {
        if !receipts.contains(&block.cid) && !events.contains(&block.cid) {
            car.write(&block.cid, &block.data).unwrap();
        }
    }
    car.finish().unwrap()
}

/// Snapshots of Lotus and Forest have no receipts. All the rest is looked at all the same.
#[test]
fn what_is_missing_in_a_chain_without_receipts_is_noticed() {
    let (_dir, db) = store();
    let tipsets = extend(&db, None, 60, 0);
    for extent in [Extent::FULL, TEN] {
        let file = as_lotus_writes(&write(&db, extent, Format::Car), &tipsets);
        let (other_dir, other) = store();
        let imported = read(&other, &file).unwrap();
        let floor = (extent == TEN).then_some(50);
        assert_eq!((imported.floor, other.floor().unwrap()), (floor, floor));
        let head = tipsets.last().unwrap();
        assert!(!other.blocks().has(&head.parent_receipts()).unwrap());
        let run = |db: &Db| {
            check(db, None, Extent::FULL, &[], &mut |_| {
                ControlFlow::Continue(())
            })
            .unwrap()
        };
        let whole = run(&other);
        assert!(whole.is_good(), "{whole:?}");
        // Written once more it is the same file, from which another node can begin.
        assert_eq!(write(&other, extent, Format::Car), file);
        let at = |height| tipsets.iter().find(|t| t.height() == height).unwrap();
        let gone = [at(53).parent_state(), at(57).first().messages];
        let other = without(&other_dir, other, &gone);
        let report = run(&other);
        assert_eq!(report.missing_count, 2, "{report:?}");
        for cid in gone {
            assert!(report.missing.iter().any(|missing| missing.cid == cid));
        }
    }
}

#[test]
fn a_snapshot_without_the_states_of_a_finality_is_refused() {
    let (_dir, db) = store();
    extend(&db, None, 60, 0);
    for (state, messages, missing) in [(9, 9, 51), (9, 10, 51), (10, 9, 51), (10, 10, 0)] {
        let extent = Extent {
            state: Depth::Recent(state),
            messages: Depth::Recent(messages),
        };
        let (_other_dir, other) = store();
        match read(&other, &write(&db, extent, Format::Car)) {
            Ok(_) => assert_eq!(missing, 0),
            Err(error) => {
                let is_of_states = matches!(
                    error,
                    ImportError::States { head: 60, floor, needed: 51 } if floor == missing
                );
                assert!(is_of_states, "{error}");
                let text = error.to_string();
                assert!(text.contains("epochs 51 to 60"), "{text}");
                assert_eq!(other.index().head().unwrap(), None);
            }
        }
    }
    // Of a chain shorter than a finality all is needed.
    let (_dir, db) = store();
    extend(&db, None, 8, 0);
    let five = Extent {
        state: Depth::Recent(5),
        messages: Depth::Recent(5),
    };
    let (_other_dir, other) = store();
    let error = read(&other, &write(&db, five, Format::Car)).unwrap_err();
    assert!(
        matches!(error, ImportError::States { needed: 1, .. }),
        "{error}"
    );
}

/// Forest's files have an index between and behind their frames, which is of no use to a reader of the whole.
#[test]
fn what_zstandard_has_readers_skip_is_skipped() {
    let (_dir, db) = store();
    let tipsets = extend(&db, None, 30, 0);
    let file = write(&db, Extent::FULL, Format::Car);
    let index = [
        &0x184d_2a5e_u32.to_le_bytes()[..],
        &8_u32.to_le_bytes(),
        b"an index",
    ]
    .concat();
    let mut packed = Vec::new();
    for frame in file.chunks(file.len() / 5) {
        packed.extend(zstd::encode_all(frame, 1).unwrap());
        packed.extend(&index);
    }
    packed.extend(&index);
    let (_other_dir, other) = store();
    let imported = read(&other, &packed).unwrap();
    assert_eq!(imported.head.key, *tipsets.last().unwrap().key());
    assert!(is_whole(&other, Extent::FULL));
}

/// FRC-0108, version 2: the root names the head, and data of fast finality follows, longer here than any block may be.
#[test]
fn a_snapshot_of_version_2_is_read() {
    #[derive(serde::Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Metadata {
        version: u64,
        head_tipset_key: Vec<Cid>,
        #[serde(rename = "F3Data")]
        f3_data: Option<Cid>,
    }
    let (_dir, db) = store();
    let tipsets = extend(&db, None, 10, 0);
    let first = write(&db, Extent::FULL, Format::Car);
    let data = vec![9; 65 << 20];
    let data_cid = Cid::new_v1(0x55, Code::Blake2b256.digest(&data));
    let check = |version, f3_data: Option<Cid>| {
        let metadata = to_vec(&Metadata {
            version,
            head_tipset_key: tipsets.last().unwrap().key().cids().to_vec(),
            f3_data,
        })
        .unwrap();
        let mut car = CarWriter::new(Vec::new(), &[cid(&metadata)]).unwrap();
        car.write(&cid(&metadata), &metadata).unwrap();
        if f3_data == Some(data_cid) {
            car.write(&data_cid, &data).unwrap();
        }
        for block in CarReader::new(&first[..]).unwrap() {
            let block = block.unwrap();
            car.write(&block.cid, &block.data).unwrap();
        }
        let (_other_dir, other) = store();
        let imported = read(&other, &car.finish().unwrap());
        imported.map(|imported| {
            assert!(is_whole(&other, Extent::FULL));
            imported.head.key
        })
    };
    for f3_data in [None, Some(data_cid)] {
        assert_eq!(check(2, f3_data).unwrap(), *tipsets.last().unwrap().key());
    }
    let text = check(3, None).unwrap_err().to_string();
    assert!(text.contains("has version 3"), "{text}");
    let text = check(2, Some(cid(b"other"))).unwrap_err().to_string();
    assert!(text.contains("does not follow"), "{text}");
}

#[test]
fn a_store_with_a_chain_takes_no_other() {
    let (_dir, db) = store();
    extend(&db, None, 10, 0);
    let file = write(&db, Extent::FULL, Format::Car);
    let error = read(&db, &file).unwrap_err();
    assert!(
        matches!(error, ImportError::NotEmpty { height: 10, .. }),
        "{error}"
    );
}

#[test]
fn what_is_no_snapshot_of_a_chain_is_named() {
    let (dir, db) = store();
    let tipsets = extend(&db, None, 30, 0);
    let file = write(&db, Extent::FULL, Format::Car);
    let blocks: Vec<_> = CarReader::new(&file[..])
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let roots = tipsets.last().unwrap().key().cids();
    let check = |roots: &[Cid], without: Option<Cid>, part: &str| {
        let mut car = CarWriter::new(Vec::new(), roots).unwrap();
        for block in blocks.iter().filter(|block| Some(block.cid) != without) {
            car.write(&block.cid, &block.data).unwrap();
        }
        let (_other_dir, other) = store();
        let text = read(&other, &car.finish().unwrap())
            .unwrap_err()
            .to_string();
        assert!(text.contains(part), "{text}");
        assert_eq!(other.index().head().unwrap(), None);
    };
    check(&[cid(b"other")], None, "is not in the file");
    check(roots, Some(roots[1]), "is not in the file");
    check(&[tipsets[3].parent_state()], None, "is not a block header");
    check(
        &[roots[0], tipsets[3].key().cids()[0]],
        None,
        "not at the height of the others",
    );
    let header = tipsets[5].key().cids()[0];
    check(
        roots,
        Some(header),
        &format!("block {header}, a parent of the one at height"),
    );
    drop(dir);
}

/// Every cut of a file and every changed byte: an error that says where, or the chain as it was. Never a store with a head and without
/// its headers.
#[test]
fn damaged_files_leave_no_head() {
    let (_dir, db) = store();
    let tipsets = extend(&db, None, 8, 0);
    for format in [Format::Car, Format::CarZst] {
        let file = write(&db, Extent::FULL, format);
        for cut in (0..file.len()).step_by(file.len() / 40) {
            let (_other_dir, other) = store();
            let error = read(&other, &file[..cut]).unwrap_err();
            assert_eq!(other.index().head().unwrap(), None, "{error}");
        }
        for place in (0..file.len()).step_by(file.len() / 40) {
            let mut file = file.clone();
            file[place] ^= 0x10;
            let (_other_dir, other) = store();
            match read(&other, &file) {
                Err(_) => assert_eq!(other.index().head().unwrap(), None),
                // A bit of a CID's codec: the block has another name, and perhaps none of the headers' parents.
                Ok(imported) => assert_eq!(imported.genesis, *tipsets[0].key()),
            }
        }
    }
}

#[test]
fn damage_is_told_with_its_place() {
    let (_dir, db) = store();
    extend(&db, None, 30, 0);
    let file = write(&db, Extent::FULL, Format::Car);
    let sections = || {
        let mut car = CarReader::new(&file[..]).unwrap();
        std::iter::from_fn(move || car.next_section().unwrap())
    };
    let damaged: Vec<_> = sections().step_by(40).skip(1).collect();
    let mut bytes = file.clone();
    for section in &damaged {
        bytes[section.data_offset as usize] ^= 1;
    }
    let (_other_dir, other) = store();
    let error = read(&other, &bytes).unwrap_err();
    let ImportError::Car(CarError::Digest { offset, cid }) = &error else {
        panic!("{error}");
    };
    let found = damaged.iter().find(|section| section.offset == *offset);
    assert_eq!(found.map(|section| section.cid), Some(**cid));
    let (_other_dir, other) = store();
    let last = sections().last().unwrap();
    let cut = &file[..file.len() - 1];
    let error = read(&other, cut).unwrap_err();
    assert!(
        matches!(error, ImportError::Car(CarError::Truncated { offset, .. }) if offset == last.offset),
        "{error}"
    );
    let (_other_dir, other) = store();
    let packed = write(&db, Extent::FULL, Format::CarZst);
    let error = read(&other, &packed[..packed.len() / 2]).unwrap_err();
    assert!(
        matches!(&error, ImportError::Car(CarError::Io { .. })),
        "{error}"
    );
}

/// A failed import can be tried again in the same store.
#[test]
fn after_a_failure_the_same_store_takes_another_file() {
    let (_dir, db) = store();
    let tipsets = extend(&db, None, 30, 0);
    let file = write(&db, Extent::FULL, Format::Car);
    let (_other_dir, other) = store();
    read(&other, &file[..file.len() / 2]).unwrap_err();
    let stopped = import(&other, &file[..], FINALITY, &mut |_| ControlFlow::Break(()));
    assert!(matches!(
        stopped,
        Err(ImportError::Store(StoreError::Stopped))
    ));
    // Of another chain, of which a part was indexed.
    let (_third_dir, third) = store();
    let longer = extend(&third, None, 50, 3);
    let longer_file = write(&third, Extent::FULL, Format::Car);
    let stopped = import(
        &other,
        &longer_file[..],
        FINALITY,
        &mut |progress| match progress {
            ImportProgress::Indexing { .. } => ControlFlow::Break(()),
            ImportProgress::Loading(_) => ControlFlow::Continue(()),
        },
    );
    assert!(matches!(
        stopped,
        Err(ImportError::Store(StoreError::Stopped))
    ));
    assert_eq!(
        heights(&other).len(),
        longer.len(),
        "as a kill would leave it"
    );
    read(&other, &file).unwrap();
    assert_eq!(heights(&other).len(), tipsets.len());
    assert!(is_whole(&other, Extent::FULL));
}
