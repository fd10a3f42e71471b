//! Pieces, pre-commit, updates and unsealing.

use std::fs;
use std::path::PathBuf;

use filecoin_proofs_api::{RegisteredAggregationProof, RegisteredSealProof};
use filigree_proofs_prove::aggregate::Proved;
use filigree_proofs_prove::files::remove;
use filigree_proofs_prove::layout::Place;
use filigree_proofs_prove::pieces::{Piece, PieceFile};
use filigree_proofs_prove::pre_commit::Sealed;
use filigree_proofs_prove::unseal::Range;
use filigree_proofs_prove::{Control, Outcome, ProveError, Sector, Step, Task};

use crate::support::*;

fn write(farm: &Farm, sector: Sector, files: &[PieceFile]) -> Vec<Piece> {
    let task = Task::Pieces {
        root: farm.root(),
        sector,
        files: files.to_vec(),
    };
    match farm.run(&task).unwrap() {
        Outcome::Pieces(pieces) => pieces,
        other => panic!("{other:?}"),
    }
}

fn seal(farm: &Farm, sector: Sector) -> Sealed {
    let root = farm.root();
    match farm.run(&Task::PreCommit2 { root, sector }).unwrap() {
        Outcome::Sealed(sealed) => sealed,
        other => panic!("{other:?}"),
    }
}

fn range(start_bytes: u64, len_bytes: u64) -> Range {
    Range {
        start_bytes,
        len_bytes,
    }
}

#[test]
fn data_comes_out_of_a_sealed_sector_as_it_went_in() {
    let farm = Farm::new();
    let (small, small_data) = farm.piece("small", 256);
    let (large, large_data) = farm.piece("large", 1024);
    let pieces = write(&farm, sector(7), &[small, large]);
    let starts: Vec<(u64, u64, bool)> = pieces
        .iter()
        .map(|piece| (piece.start_bytes, piece.size_bytes, piece.filler))
        .collect();
    let expected = [
        (0, 256, false),
        (256, 256, true),
        (512, 512, true),
        (1024, 1024, false),
    ];
    assert_eq!(starts, expected);

    let sealed = seal(&farm, sector(7));
    assert_ne!(sealed.comm_d, sealed.comm_r);
    assert_eq!(farm.unseal(sector(7), range(0, 254)), small_data);
    assert_eq!(farm.unseal(sector(7), range(1016, 1016)), large_data);
    assert_eq!(
        farm.unseal(sector(7), range(1016 + 300, 5)),
        large_data[300..305]
    );
    assert_eq!(farm.unseal(sector(7), range(254, 762)), vec![0; 762]);
}

#[test]
fn files_are_where_the_tools_of_the_network_look() {
    let farm = Farm::new();
    write(&farm, sector(7), &[]);
    seal(&farm, sector(7));
    let layout = farm.layout();
    let replica = layout.whole(Place::Sealed, sector(7).id);
    assert_eq!(replica, farm.root().join("sealed/s-t01000-7"));
    assert_eq!(fs::metadata(replica).unwrap().len(), 2048);
    let cache = files(&farm.root().join("cache/s-t01000-7"));
    let names: Vec<&str> = cache
        .iter()
        .map(|(name, _)| name.to_str().unwrap())
        .collect();
    for name in [
        "p_aux",
        "t_aux",
        "sc-02-data-layer-1.dat",
        "sc-02-data-tree-r-last.dat",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
    let partials = layout.partials(Step::PreCommit2, sector(7).id);
    assert!(!partials.exists());
}

#[test]
fn a_replica_depends_on_its_sector_its_ticket_and_its_data() {
    let farm = Farm::new();
    let (piece, _) = farm.piece("a", 2048);
    let mut seen = Vec::new();
    let mut other_ticket = sector(2);
    other_ticket.ticket[0] ^= 1;
    let mut other_miner = sector(1);
    other_miner.id.miner += 1;
    let mut other_ticket_of_1 = other_ticket;
    other_ticket_of_1.id.number = 3;
    for (sector, files) in [
        (sector(1), vec![]),
        (other_miner, vec![]),
        (other_ticket, vec![]),
        (other_ticket_of_1, vec![]),
        (sector(4), vec![piece]),
    ] {
        write(&farm, sector, &files);
        let sealed = seal(&farm, sector);
        assert!(!seen.contains(&sealed.comm_r));
        seen.push(sealed.comm_r);
    }
}

#[test]
fn short_data_is_followed_by_zeros_and_long_data_is_refused() {
    let farm = Farm::new();
    let file = |name, len: usize| PieceFile {
        path: farm.data(name, &vec![7; len]),
        size_bytes: 128,
    };
    let short = write(&farm, sector(1), &[file("short", 100)]);
    let mut padded = vec![7; 100];
    padded.resize(127, 0);
    let padded = PieceFile {
        path: farm.data("padded", &padded),
        size_bytes: 128,
    };
    assert_eq!(short, write(&farm, sector(2), &[padded]));
    let task = Task::Pieces {
        root: farm.root(),
        sector: sector(3),
        files: vec![file("long", 128)],
    };
    let error = farm.run(&task).unwrap_err();
    assert!(
        matches!(&error, ProveError::Input(what) if what.contains("128 bytes")),
        "{error}"
    );
    assert!(!farm.layout().whole(Place::Unsealed, sector(3).id).exists());
}

#[test]
fn a_step_is_not_done_before_the_one_it_builds_on() {
    let farm = Farm::new();
    let (root, sector) = (farm.root(), sector(1));
    let tasks = [
        (
            Task::PreCommit1 {
                root: root.clone(),
                sector,
            },
            "pieces",
        ),
        (
            Task::PreCommit2 {
                root: root.clone(),
                sector,
            },
            "pieces",
        ),
        (
            Task::Commit {
                root: root.clone(),
                sector,
                seed: [1; 32],
            },
            "pre-commit-2",
        ),
        (
            Task::UpdateEncode {
                root: root.clone(),
                sector,
                files: vec![],
            },
            "pre-commit-2",
        ),
        (Task::UpdateProve { root, sector }, "update-encode"),
    ];
    for (task, step) in tasks {
        let error = farm.run(&task).unwrap_err();
        let ProveError::NotReady { step: first, what } = &error else {
            panic!("{task:?}: {error}")
        };
        assert_eq!(first.name(), step);
        assert!(what.ends_with(format!("{step}.json")), "{error}");
    }
}

#[test]
fn a_step_is_not_done_again_and_not_with_another_input() {
    let farm = Farm::new();
    let layout = farm.layout();
    let control = Control::default();
    use filigree_proofs_prove::pieces;
    let (file, _) = farm.piece("a", 512);
    let first = pieces::write(&layout, &sector(1), std::slice::from_ref(&file), &control).unwrap();
    // The data may be gone by then.
    fs::remove_file(&file.path).unwrap();
    let again = pieces::write(&layout, &sector(1), &[file], &control).unwrap();
    assert_eq!(first, again);
    let error = pieces::write(&layout, &sector(1), &[], &control).unwrap_err();
    let ProveError::OtherInput { step, record } = &error else {
        panic!("{error}")
    };
    assert_eq!(*step, Step::Pieces);
    assert!(record.ends_with("steps/s-t01000-1/pieces.json"));
}

#[test]
fn an_update_puts_data_into_an_empty_sector() {
    let farm = Farm::new();
    write(&farm, sector(1), &[]);
    let empty = seal(&farm, sector(1));
    let (file, data) = farm.piece("data", 1024);
    let encode = Task::UpdateEncode {
        root: farm.root(),
        sector: sector(1),
        files: vec![file],
    };
    let Outcome::Updated(updated) = farm.run(&encode).unwrap() else {
        panic!("no update")
    };
    assert_ne!(updated.sealed.comm_r, empty.comm_r);
    assert_ne!(updated.sealed.comm_d, empty.comm_d);
    assert_eq!(farm.unseal(sector(1), range(0, 1016)), data);
    assert_eq!(farm.unseal(sector(1), range(1016, 1016)), vec![0; 1016]);
    assert_eq!(farm.unseal(sector(1), range(301, 77)), data[301..378]);
    // Done once.
    assert_eq!(farm.run(&encode).unwrap(), Outcome::Updated(updated));
    let root = farm.root();
    for name in ["update", "update-cache", "sealed", "cache", "unsealed"] {
        assert!(root.join(name).join("s-t01000-1").exists(), "{name}");
    }
}

#[test]
fn a_range_outside_the_data_is_refused() {
    let farm = Farm::new();
    write(&farm, sector(1), &[]);
    seal(&farm, sector(1));
    let output = farm.path().join("out");
    for (start, len) in [(0, 2033), (2032, 1), (u64::MAX, 2), (5, 0)] {
        let task = Task::Unseal {
            root: farm.root(),
            sector: sector(1),
            range: range(start, len),
            output: output.clone(),
        };
        let error = farm.run(&task).unwrap_err();
        assert!(matches!(error, ProveError::Input(_)), "{error}");
        assert!(!output.exists());
    }
}

#[test]
fn what_proving_needs_is_not_removed_before_the_proof() {
    let farm = Farm::new();
    write(&farm, sector(1), &[]);
    seal(&farm, sector(1));
    let before = farm.wholes();
    let (root, sector) = (farm.root(), sector(1));
    let error = farm.run(&Task::Clear { root, sector }).unwrap_err();
    assert!(
        error.to_string().contains("commit-2 has not been done"),
        "{error}"
    );
    assert!(farm.wholes() == before);
}

#[test]
fn what_is_unsealed_replaces_no_directory() {
    let farm = Farm::new();
    write(&farm, sector(1), &[]);
    seal(&farm, sector(1));
    let output = farm.path().join("data");
    let kept = farm.data("kept", b"kept");
    let task = Task::Unseal {
        root: farm.root(),
        sector: sector(1),
        range: range(0, 100),
        output: output.clone(),
    };
    let error = farm.run(&task).unwrap_err();
    let ProveError::Io { path, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(*path, output);
    assert_eq!(fs::read(kept).unwrap(), b"kept");
}

#[test]
fn without_parameters_the_missing_file_is_named_before_any_work() {
    let farm = Farm::new();
    write(&farm, sector(1), &[]);
    seal(&farm, sector(1));
    let task = Task::Commit {
        root: farm.root(),
        sector: sector(1),
        seed: [1; 32],
    };
    let error = farm.run(&task).unwrap_err();
    let ProveError::Parameters(path) = &error else {
        panic!("{error}")
    };
    assert!(path.starts_with(farm.path().join("parameters")), "{error}");
    assert!(error.to_string().contains("filigree params"), "{error}");
    assert!(
        !farm
            .layout()
            .records(sector(1).id)
            .join("commit-1.json")
            .exists()
    );
}

/// The file of parameters that a task misses.
#[track_caller]
fn missing(farm: &Farm, task: &Task) -> PathBuf {
    match farm.run(task).unwrap_err() {
        ProveError::Parameters(path) => path,
        other => panic!("{other}"),
    }
}

#[test]
fn without_the_srs_no_aggregate_is_begun() {
    let farm = Farm::new();
    let srs = farm.path().join("parameters/v28-fil-inner-product-v1.srs");
    let aggregate = Task::Aggregate {
        proof: KIND,
        version: RegisteredAggregationProof::SnarkPackV2,
        sectors: vec![Proved {
            comm_r: [1; 32],
            seed: [1; 32],
            proof: vec![0; 192],
        }],
    };
    assert_eq!(missing(&farm, &aggregate), srs);
    // What proves a sector without interaction is an aggregate.
    let mut alone = sector(1);
    alone.proof = RegisteredSealProof::StackedDrg2KiBV1_2_Feat_NonInteractivePoRep;
    write(&farm, alone, &[]);
    seal(&farm, alone);
    let commit = Task::Commit {
        root: farm.root(),
        sector: alone,
        seed: [1; 32],
    };
    let parameters = missing(&farm, &commit);
    assert_eq!(parameters.extension().unwrap(), "params");
    fs::write(parameters, "").unwrap();
    assert_eq!(missing(&farm, &commit), srs);
}

#[test]
fn what_was_removed_is_named_with_the_record_of_its_step() {
    let farm = Farm::new();
    let layout = farm.layout();
    let (root, sector) = (farm.root(), sector(1));
    write(&farm, sector, &[]);
    let sealed = seal(&farm, sector);
    let pieces = Task::Pieces {
        root: root.clone(),
        sector,
        files: vec![],
    };
    let pre_commit = Task::PreCommit2 { root, sector };
    for (task, place, expected) in [
        (&pieces, Place::Unsealed, Step::Pieces),
        (&pre_commit, Place::Cache, Step::PreCommit2),
        (&pre_commit, Place::Sealed, Step::PreCommit2),
    ] {
        let path = layout.whole(place, sector.id);
        remove(&path).unwrap();
        let error = farm.run(task).unwrap_err();
        let ProveError::Lost { step, what, record } = &error else {
            panic!("{error}")
        };
        assert_eq!((*step, what), (expected, &path));
        let text = error.to_string();
        let advice = format!("remove {} to do it again", record.display());
        assert!(text.contains(&advice), "{text}");
        remove(record).unwrap();
        farm.run(task).unwrap();
        assert!(path.exists());
    }
    assert_eq!(farm.run(&pre_commit).unwrap(), Outcome::Sealed(sealed));
}
