//! Death while writing: whatever was reported done is there, and what is there is whole.

use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use filigree_wallet::{KeyType, Wallet};

use crate::support::{Home, password};

const FOLDER: &str = "FILIGREE_TEST_KEYSTORE";

/// What the other process runs: makes keys, names and deletes them, and says what is done, until it is killed.
#[test]
fn the_process_that_is_killed() {
    let Some(folder) = env::var_os(FOLDER) else {
        return;
    };
    let wallet = Wallet::open(Path::new(&folder)).unwrap();
    wallet.unlock(&password()).unwrap();
    let mut out = std::io::stdout();
    let mut say = |what: &str, subject: &str| {
        writeln!(out, "{what} {subject}").unwrap();
        out.flush().unwrap();
    };
    for number in 0u64.. {
        let key_type = KeyType::ALL[usize::try_from(number % 3).unwrap()];
        let address = wallet.generate(key_type).unwrap();
        say("made", &address.to_string());
        let name = format!("{address}-{number}").replace(':', "");
        let name = &name[name.len() - 10..];
        wallet.set_name(name, &address).unwrap();
        say("named", name);
        wallet.set_default(&address).unwrap();
        if number % 4 == 3 {
            say("deleting", &address.to_string());
            wallet.delete(&address).unwrap();
            say("deleted", &address.to_string());
        }
    }
}

#[test]
fn killed_at_any_moment_the_wallet_is_whole() {
    let home = Home::new();
    drop(home.create());
    let mut made = BTreeSet::new();
    let mut deleted = BTreeSet::new();
    let mut deleting = BTreeSet::new();
    for round in 0..25u64 {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["kill::the_process_that_is_killed", "--exact", "--nocapture"])
            .env(FOLDER, home.keystore())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (tell, told) = channel();
        let reader = thread::spawn(move || {
            lines
                .map_while(Result::ok)
                .for_each(|line| tell.send(line).unwrap());
        });
        // From before it has opened the wallet to well into its work, however slow the machine is.
        let waits_for = round.saturating_sub(9);
        let keys = |said: &[String]| said.iter().filter(|line| line.contains("made ")).count();
        let mut said = Vec::new();
        while (keys(&said) as u64) < waits_for {
            said.push(told.recv().unwrap());
        }
        thread::sleep(Duration::from_millis(10 + round * 7 % 60));
        child.kill().unwrap();
        child.wait().unwrap();
        reader.join().unwrap();
        said.extend(told);
        for line in said {
            match line.rsplit_once(' ') {
                Some((what, subject)) if what.ends_with("made") => made.insert(subject.to_owned()),
                Some((what, subject)) if what.ends_with("deleting") => {
                    deleting.insert(subject.to_owned())
                }
                Some((what, subject)) if what.ends_with("deleted") => {
                    deleted.insert(subject.to_owned())
                }
                _ => false,
            };
        }
        check(&home, &made, &deleting, &deleted);
    }
    assert!(made.len() > 20, "only {} keys were made", made.len());
    assert!(!deleted.is_empty());
}

fn check(
    home: &Home,
    made: &BTreeSet<String>,
    deleting: &BTreeSet<String>,
    deleted: &BTreeSet<String>,
) {
    let wallet = home.open();
    let listed: BTreeSet<String> = wallet
        .list()
        .unwrap()
        .iter()
        .map(|entry| {
            wallet.key(&entry.address).unwrap();
            entry.address.to_string()
        })
        .collect();
    for address in made {
        let thrown = format!("f{}.key", &address[1..]);
        let thrown = home.keystore().join("trash").join(thrown).exists();
        if deleted.contains(address) {
            assert!(thrown && !listed.contains(address), "{address}");
        } else if deleting.contains(address) {
            assert!(thrown || listed.contains(address), "{address}");
        } else {
            assert!(listed.contains(address), "{address}");
        }
    }
    if let Some(default) = wallet.default_address() {
        assert!(wallet.has(&default));
    }
    for entry in std::fs::read_dir(home.keystore()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.starts_with('.'), "{name} is left over");
    }
}
