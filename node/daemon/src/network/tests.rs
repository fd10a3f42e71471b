//! The definition of a network of its own: written and read, and what may follow what.

use super::*;

fn network() -> Network {
    Network {
        format: FORMAT,
        name: "mynet".to_owned(),
        genesis: filigree_blocks::cid_of(b"genesis").to_string(),
        genesis_time: 1_700_000_000,
        block_time: 4,
        version: 28,
        beacon: "07".repeat(96),
        proofs: Mode::Dev,
        virtual_clock: false,
        treasury: Address::new_id(100).to_string(),
        miners: vec![Miner {
            id: 1000,
            worker: Address::new_id(101).to_string(),
            sectors: vec![PreSealed {
                number: 0,
                comm_r: filigree_blocks::cid_of(b"replica").to_string(),
            }],
        }],
        fork: None,
        policy: Policy::default(),
        upgrades: vec![
            Scheduled {
                epoch: 10,
                version: 28,
                bundle: Some(filigree_blocks::cid_of(b"bundle").to_string()),
            },
            Scheduled {
                epoch: 20,
                version: 28,
                bundle: None,
            },
        ],
    }
}

#[test]
fn it_is_read_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.toml");
    assert_eq!(Network::read(&path).unwrap(), None);
    network().write(&path).unwrap();
    assert_eq!(Network::read(&path).unwrap(), Some(network()));
    let config = network().config().unwrap();
    assert_eq!(config.versions.upgrades.len(), 2);
    assert_eq!(config.genesis, Some(network().genesis().unwrap()));
    let migrations = network().migrations().unwrap();
    assert!(migrations[0].1.bundle.is_some() && migrations[1].1.bundle.is_none());
}

#[test]
fn damage_and_newer_files_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.toml");
    network().write(&path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let error = |text: &str| {
        fs::write(&path, text).unwrap();
        format!("{:#}", Network::read(&path).unwrap_err())
    };
    for format in [0, 3] {
        let other = text.replace("format = 1", &format!("format = {format}"));
        assert!(error(&other).contains("a newer one"));
    }
    assert!(error(&text[..text.len() / 2]).contains("damaged"));
    assert!(error(&text.replace("epoch = 20", "epoch = 5")).contains("in order"));
    assert!(error("").contains("damaged"));
    let unknown = error(&text.replacen("version = 28", "version = 29", 1));
    assert!(unknown.contains("version 29 is not possible"), "{unknown}");
}

#[test]
fn a_fork_is_of_a_format_of_its_own_and_one_of_the_older_format_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.toml");
    let format = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        let line = text.lines().find(|line| line.starts_with("format = "));
        line.unwrap().to_owned()
    };
    network().write(&path).unwrap();
    assert_eq!(format(&path), "format = 1");
    let fork = Network {
        fork: Some(Fork {
            network: "calibrationnet".to_owned(),
            epoch: 4_000_000,
            head: filigree_blocks::cid_of(b"head").to_string(),
        }),
        ..network()
    };
    fork.write(&path).unwrap();
    assert_eq!(format(&path), "format = 2");
    let text = fs::read_to_string(&path).unwrap();
    // As it was written before.
    fs::write(&path, text.replace("format = 2", "format = 1")).unwrap();
    let read = Network::read(&path).unwrap().unwrap();
    assert_eq!((read.format, &read.fork), (2, &fork.fork));
    assert_eq!(format(&path), "format = 1");
    read.write(&path).unwrap();
    assert_eq!(format(&path), "format = 2");
    assert_eq!(Network::read(&path).unwrap(), Some(read));
}

#[test]
fn versions_are_those_that_are_possible_by_then() {
    let mut network = network();
    network.version = 26;
    network.upgrades[0].version = 27;
    let next = |epoch, version| network.next_version(epoch, version).map(u32::from);
    for (epoch, version, expected) in [
        (5, None, 26),
        (15, None, 27),
        (30, None, 28),
        (15, Some(28), 28),
    ] {
        assert_eq!(next(epoch, version).unwrap(), expected);
    }
    for (epoch, version, possible) in [
        (15, 26, "27, 28"),
        (30, 29, "are: 28"),
        (5, 29, "26, 27, 28"),
        (30, 27, "are: 28"),
    ] {
        let error = next(epoch, Some(version)).unwrap_err().to_string();
        let named = format!("version {version} is not possible");
        assert!(
            error.contains(&named) && error.contains(possible),
            "{error}"
        );
    }
    // What an older program took is read, so that it can be taken back.
    network.upgrades[1].version = 29;
    assert!(network.config().is_ok() && network.upgrades[1].check().is_err());
}

/// A file may be renamed, and its folder not be written.
#[test]
fn a_change_that_could_not_be_written_for_good_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network.toml");
    let before = network();
    before.write(&path).unwrap();
    let mut changed = before.clone();
    changed.upgrades.pop();
    let fails_times = |times: usize| {
        let mut written = 0;
        let path = path.clone();
        move |network: &Network| {
            network.write(&path)?;
            written += 1;
            anyhow::ensure!(written > times, "the folder cannot be written");
            Ok(())
        }
    };
    let is_there = |network: &Network| Network::read(&path).unwrap().as_ref() == Some(network);
    let error = changed.replace_by(&before, fails_times(1)).unwrap_err();
    assert_eq!(format!("{error:#}"), "the folder cannot be written");
    assert!(is_there(&before));
    let error = changed.replace_by(&before, fails_times(2)).unwrap_err();
    assert!(error.to_string().contains("next start"), "{error:#}");
    changed.replace(&before, &path).unwrap();
    assert!(is_there(&changed));
}
