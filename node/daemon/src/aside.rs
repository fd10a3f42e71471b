//! A network that makes room for a new one in its directory (`--reset`): its files are moved aside, deleted when the new one is there,
//! and put back if it does not come to be. A process may be killed at any moment of this, and the next one must know whose
//! the files are that it finds:
//!
//! | there is | then | the next start |
//! |---|---|---|
//! | either of these, empty | nothing is aside | deletes the folder |
//! | `.old.moving/` | files are on their way out or back; those beside it are of the same network | moves all of them back |
//! | `.old/` and no `network.toml` | the new network is not there yet | deletes what there is of it, moves the old one back |
//! | `.old/` and `network.toml` | the new network is there | deletes the old one |
//!
//! A folder of one of these names is ours if the mark is in it that moving files aside begins with, and nothing that a node does not
//! make: for what somebody put there by hand nothing is deleted. Files are renamed within the directory, which takes no room on the
//! disk.

use std::fs;
use std::io;
use std::path::Path;

use crate::home::{HomeError, entries, io_error, is_ours, is_taken_away};

/// Where a network is that made room.
pub(crate) const OLD: &str = ".old";
/// The same, as long as not all of it is there.
pub(crate) const MOVING: &str = ".old.moving";
/// In either of them: that it is this program that moved something aside.
const MARK: &str = "moved-aside";
/// What makes a directory a network.
const NETWORK: &str = "network.toml";

/// What was done with a network that had been moved aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// There was none.
    Nothing,
    /// It was put back: there is no new one.
    PutBack,
    /// It was deleted: there is a new one.
    Deleted,
}

/// Moves the network of a directory aside.
///
/// # Errors
/// When something cannot be moved; [`settle`] puts back what was.
pub(crate) fn move_out(home: &Path) -> Result<(), HomeError> {
    let moving = home.join(MOVING);
    change(&moving, "make", || fs::create_dir(&moving))?;
    let mark = moving.join(MARK);
    change(&mark, "write", || fs::File::create(&mark)?.sync_all())?;
    sync(&moving)?;
    let mut names = entries(home)?;
    names.retain(|name| is_taken_away(name));
    move_all(home, &moving, in_order(names))?;
    rename(&moving, &home.join(OLD))?;
    sync(home)
}

/// Finishes what was begun with a network that was moved aside, as the head of the file says.
///
/// # Errors
/// When something cannot be moved or deleted.
pub(crate) fn settle(home: &Path) -> Result<Settled, HomeError> {
    let [old, moving] = [OLD, MOVING].map(|name| home.join(name));
    for folder in [&old, &moving] {
        if is_folder(folder) && entries(folder)?.is_empty() {
            change(folder, "delete", || fs::remove_dir(folder))?;
        }
    }
    let has = |name| is_aside(home, name);
    if has(MOVING) {
        move_back(home, &moving)?;
        return Ok(Settled::PutBack);
    }
    if !has(OLD) {
        return Ok(Settled::Nothing);
    }
    // Of an old network that is gone there is nothing to put back, and no room is made for it.
    if home.join(NETWORK).exists() || !old.join(NETWORK).exists() {
        delete_all(&old, |_| true)?;
        change(&old, "delete", || fs::remove_dir(&old))?;
        return Ok(Settled::Deleted);
    }
    delete_all(home, is_taken_away)?;
    rename(&old, &moving)?;
    move_back(home, &moving)?;
    Ok(Settled::PutBack)
}

/// Whether a directory has a network aside under this name, or the mark that is left of one, and not something of somebody else's.
pub(crate) fn is_aside(home: &Path, name: &str) -> bool {
    let path = home.join(name);
    let is_network = |names: Vec<String>| {
        let has = |wanted: &str| names.iter().any(|name| name == wanted);
        let is_known = |name: &String| name == MARK || is_ours(name);
        has(MARK) && names.iter().all(is_known) && (has(NETWORK) || names.len() == 1)
    };
    is_folder(&path) && entries(&path).is_ok_and(is_network)
}

fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_dir())
}

fn move_back(home: &Path, moving: &Path) -> Result<(), HomeError> {
    let mut names = in_order(entries(moving)?);
    names.retain(|name| name != MARK);
    names.reverse();
    move_all(moving, home, names)?;
    delete_all(moving, |name| name == MARK)?;
    change(moving, "delete", || fs::remove_dir(moving))
}

/// What makes it a network comes first. So it is the first that goes aside, and, in the other order, the last that comes back or
/// is deleted: as long as there is anything aside, that is. Only the mark outlasts it.
fn in_order(mut names: Vec<String>) -> Vec<String> {
    names.sort_by_key(|name| (name != MARK, name != NETWORK, !name.starts_with("network.")));
    names
}

fn move_all(from: &Path, to: &Path, names: Vec<String>) -> Result<(), HomeError> {
    for name in names {
        rename(&from.join(&name), &to.join(&name))?;
    }
    sync(to)?;
    sync(from)
}

fn rename(from: &Path, to: &Path) -> Result<(), HomeError> {
    change(from, "move", || fs::rename(from, to))
}

/// Deletes what a folder has of these names; what makes it a network, or says that one is being made, goes last.
pub(crate) fn delete_all(folder: &Path, which: impl Fn(&str) -> bool) -> Result<(), HomeError> {
    let mut names = entries(folder)?;
    names.retain(|name| which(name));
    for name in in_order(names).iter().rev() {
        let path = folder.join(name);
        change(&path, "delete", || {
            match path.is_dir() && !path.is_symlink() {
                true => fs::remove_dir_all(&path),
                false => fs::remove_file(&path),
            }
        })?;
    }
    sync(folder)
}

/// Names are lost with the power unless their folder is written.
fn sync(folder: &Path) -> Result<(), HomeError> {
    change(folder, "write", || fs::File::open(folder)?.sync_all())
}

fn change(
    path: &Path,
    action: &'static str,
    change: impl FnOnce() -> io::Result<()>,
) -> Result<(), HomeError> {
    #[cfg(test)]
    tests::live().map_err(|e| io_error(path, action, e))?;
    change().map_err(|e| io_error(path, action, e))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeMap;

    use super::*;

    thread_local! {
        /// Changes that are made before this process is as if it had been killed.
        static LIFE: Cell<usize> = const { Cell::new(usize::MAX) };
    }

    pub(super) fn live() -> io::Result<()> {
        let left = LIFE.get();
        LIFE.set(left.saturating_sub(1));
        match left {
            0 => Err(io::Error::other("killed")),
            _ => Ok(()),
        }
    }

    /// Does something that is killed before the change with this number; whether it came to its end.
    fn killed_at(changes: usize, work: impl FnOnce() -> Result<(), HomeError>) -> bool {
        LIFE.set(changes);
        let result = work();
        LIFE.set(usize::MAX);
        if let Err(error) = &result {
            assert!(error.to_string().contains("killed"), "{error}");
        }
        result.is_ok()
    }

    /// A network whose files say which it is.
    fn put_network(home: &Path, which: &str) {
        for folder in ["db", "keystore", "sectors/f01000"] {
            fs::create_dir_all(home.join(folder)).unwrap();
            fs::write(home.join(folder).join("file"), which).unwrap();
        }
        for file in ["genesis.car", "token", "token.new", "api", NETWORK] {
            fs::write(home.join(file), which).unwrap();
        }
    }

    /// All files below a folder, with what they say.
    fn files(folder: &Path) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for name in entries(folder).unwrap() {
            let path = folder.join(&name);
            if path.is_dir() {
                found.insert(name.clone(), "a folder".to_owned());
                let below = files(&path).into_iter();
                found.extend(below.map(|(file, text)| (format!("{name}/{file}"), text)));
            } else {
                found.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
        found
    }

    /// A directory with a network, and what it has in it.
    fn old_network() -> (tempfile::TempDir, BTreeMap<String, String>) {
        let folder = tempfile::tempdir().unwrap();
        put_network(folder.path(), "old");
        for kept in ["LOCK", "config.toml", "notes.txt"] {
            fs::write(folder.path().join(kept), "kept").unwrap();
        }
        let has = files(folder.path());
        (folder, has)
    }

    #[test]
    fn a_network_is_there_after_a_kill_at_any_moment_of_moving_it() {
        let mut is_done = false;
        for first in 0.. {
            if is_done {
                break;
            }
            // And the next start is killed as well, at any moment.
            for second in 0.. {
                let (folder, had) = old_network();
                let home = folder.path();
                is_done = killed_at(first, || move_out(home));
                let is_settled = killed_at(second, || settle(home).map(drop));
                settle(home).unwrap();
                assert_eq!(files(home), had, "killed at {first}, then at {second}");
                if is_settled {
                    break;
                }
            }
        }
    }

    #[test]
    fn a_network_is_there_after_a_kill_at_any_moment_of_making_the_new_one() {
        // As far as the new one may have come.
        let stages: [&[&str]; 4] = [
            &[],
            &["network.making"],
            &["network.making", "genesis.car", "keystore.password"],
            &["network.making", "network.toml.new"],
        ];
        for stage in stages {
            for killed in 0.. {
                let (folder, had) = old_network();
                let home = folder.path();
                move_out(home).unwrap();
                assert!(!home.join(NETWORK).exists() && !home.join("db").exists());
                for file in stage {
                    fs::write(home.join(file), "new").unwrap();
                    fs::create_dir_all(home.join("db/new")).unwrap();
                }
                let is_settled = killed_at(killed, || settle(home).map(drop));
                let settled = settle(home).unwrap();
                assert_eq!(files(home), had, "{stage:?}, killed at {killed}");
                if is_settled {
                    assert_eq!(settled, Settled::Nothing);
                    break;
                }
            }
        }
    }

    #[test]
    fn once_the_new_network_is_there_it_stays_and_the_old_one_goes() {
        for killed in 0.. {
            let (folder, _) = old_network();
            let home = folder.path();
            move_out(home).unwrap();
            put_network(home, "new");
            let has = {
                let mut has = files(home);
                has.retain(|name, _| !name.starts_with(OLD));
                has
            };
            assert_eq!(has["db/file"], "new");
            let is_settled = killed_at(killed, || settle(home).map(drop));
            settle(home).unwrap();
            assert_eq!(files(home), has, "killed at {killed}");
            if is_settled {
                break;
            }
        }
    }

    #[test]
    fn what_is_called_old_and_is_no_network_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path();
        for name in [OLD, MOVING] {
            fs::create_dir(home.join(name)).unwrap();
            fs::write(home.join(name).join("thesis.tex"), "").unwrap();
            fs::write(home.join(name).join(NETWORK), "").unwrap();
        }
        let had = files(home);
        assert_eq!(settle(home).unwrap(), Settled::Nothing);
        fs::write(home.join(NETWORK), "").unwrap();
        assert_eq!(settle(home).unwrap(), Settled::Nothing);
        fs::remove_file(home.join(NETWORK)).unwrap();
        assert_eq!(files(home), had);
    }

    /// The home of a node of a public network, which has no `network.toml`.
    fn public_home() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        put_network(folder.path(), "public");
        fs::remove_file(folder.path().join(NETWORK)).unwrap();
        folder
    }

    #[test]
    fn what_is_empty_is_removed_and_nothing_else() {
        for name in [OLD, MOVING] {
            let folder = public_home();
            let home = folder.path();
            let had = files(home);
            fs::create_dir(home.join(name)).unwrap();
            assert_eq!(settle(home).unwrap(), Settled::Nothing);
            assert_eq!(files(home), had, "{name}");
        }
    }

    #[test]
    fn for_files_that_somebody_put_aside_by_hand_nothing_is_deleted() {
        for name in [OLD, MOVING] {
            let folder = public_home();
            let home = folder.path();
            fs::create_dir(home.join(name)).unwrap();
            put_network(&home.join(name), "copied");
            let had = files(home);
            assert_eq!(settle(home).unwrap(), Settled::Nothing);
            assert_eq!(files(home), had, "{name}");
            // A copy in the home of a development network.
            fs::write(home.join(NETWORK), "").unwrap();
            let had = files(home);
            assert_eq!(settle(home).unwrap(), Settled::Nothing);
            assert_eq!(files(home), had, "{name}");
        }
    }

    #[test]
    fn a_mark_alone_deletes_nothing() {
        for name in [OLD, MOVING] {
            let folder = public_home();
            let home = folder.path();
            let had = files(home);
            fs::create_dir(home.join(name)).unwrap();
            fs::write(home.join(name).join(MARK), "").unwrap();
            settle(home).unwrap();
            assert_eq!(files(home), had, "{name}");
        }
    }
}
