//! Files that are damaged, exchanged, missing, or open to others.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use filigree_wallet::{KeyFile, KeyType, Password, Wallet, WalletError};
use fvm_shared::address::Address;

use crate::support::{COST, Home, key, password};

/// A keystore with a key, and the key's file.
fn with_key() -> (Home, Address, PathBuf) {
    let home = Home::new();
    let wallet = home.create();
    let address = wallet.import(key(KeyType::Secp256k1, 1)).unwrap();
    wallet.set_name("alice", &address).unwrap();
    let path = key_path(&home, &address);
    assert!(path.exists());
    (home, address, path)
}

fn key_path(home: &Home, address: &Address) -> PathBuf {
    home.keystore()
        .join(format!("f{}.key", &address.to_string()[1..]))
}

fn edit(path: &Path, change: impl FnOnce(String) -> String) {
    let text = fs::read_to_string(path).unwrap();
    let changed = change(text.clone());
    assert_ne!(changed, text);
    fs::write(path, changed).unwrap();
}

/// Another hex digit at the start of a field of hex.
fn other_digit(text: &str, field: &str) -> String {
    let at = text.find(&format!("\"{field}\": \"")).unwrap() + field.len() + 5;
    let digit = if &text[at..=at] == "0" { "1" } else { "0" };
    format!("{}{digit}{}", &text[..at], &text[at + 1..])
}

#[test]
fn every_changed_bit_of_a_key_file_is_damage_not_a_wrong_password() {
    for field in ["salt", "nonce", "sealed", "checksum"] {
        let (home, address, path) = with_key();
        edit(&path, |text| other_digit(&text, field));
        let wallet = home.open();
        let refused = wallet.key(&address).unwrap_err();
        let expected = match field {
            // As if another keystore had sealed it.
            "salt" => matches!(refused, WalletError::Foreign { .. }),
            _ => matches!(refused, WalletError::Damaged { .. }),
        };
        assert!(expected, "{field}: {refused}");
        let alone = KeyFile::read(&path).unwrap().open(&password()).unwrap_err();
        assert!(
            matches!(alone, WalletError::Damaged { .. }),
            "{field}: {alone}"
        );
        assert!(alone.to_string().contains("backup"), "{alone}");
    }
}

#[test]
fn a_file_that_is_no_key_file_is_named_when_the_wallet_opens() {
    let changes: [fn(String) -> String; 7] = [
        |_| String::new(),
        |text| text[..text.len() / 2].to_owned(),
        |text| text.replace("filigree-key", "something"),
        |text| text.replace("\"memory_kib\"", "\"memory\""),
        |text| text.replace("secp256k1", "bls"),
        |text| text.replace("\"f1", "\"f2"),
        |_| "\u{0}".repeat(2 << 20),
    ];
    for change in changes {
        let (home, _, path) = with_key();
        edit(&path, change);
        let refused = Wallet::open(&home.keystore()).err().unwrap();
        assert!(
            matches!(&refused, WalletError::Damaged { path: p, .. } if *p == path),
            "{refused}"
        );
    }
    let (home, _, path) = with_key();
    edit(&path, |text| {
        text.replacen("\"version\": 1", "\"version\": 2", 1)
    });
    let refused = Wallet::open(&home.keystore()).err().unwrap();
    assert!(
        matches!(refused, WalletError::Version { version: 2, .. }),
        "{refused}"
    );
}

#[test]
fn a_damaged_header_is_not_a_wrong_password() {
    for field in ["salt", "nonce", "sealed", "checksum"] {
        let (home, _, path) = with_key();
        let header = home.keystore().join("keystore.json");
        edit(&header, |text| other_digit(&text, field));
        let refused = Wallet::open(&home.keystore()).err().unwrap();
        assert!(
            matches!(refused, WalletError::Damaged { .. }),
            "{field}: {refused}"
        );
        // The key opens all the same.
        let key = KeyFile::read(&path).unwrap().open(&password()).unwrap();
        assert_eq!(*key.secret(), [1; 32]);
        let wrong = Password::new("another").unwrap();
        let refused = KeyFile::read(&path).unwrap().open(&wrong).unwrap_err();
        assert!(
            matches!(refused, WalletError::WrongPassword { .. }),
            "{refused}"
        );
    }
}

#[test]
fn a_cost_that_would_exhaust_the_machine_is_damage() {
    for (from, to) in [
        ("\"memory_kib\": 8", "\"memory_kib\": 4000000000"),
        ("\"passes\": 1", "\"passes\": 4000000000"),
        ("\"lanes\": 1", "\"lanes\": 1000"),
        ("\"memory_kib\": 8", "\"memory_kib\": 0"),
    ] {
        let (_home, _, path) = with_key();
        edit(&path, |text| text.replace(from, to));
        let refused = KeyFile::read(&path).unwrap().open(&password()).unwrap_err();
        assert!(matches!(refused, WalletError::Damaged { .. }), "{refused}");
    }
}

#[test]
fn keys_cannot_be_exchanged_with_each_other() {
    let home = Home::new();
    let wallet = home.create();
    let one = wallet.import(key(KeyType::Secp256k1, 1)).unwrap();
    let two = wallet.import(key(KeyType::Secp256k1, 2)).unwrap();
    drop(wallet);
    let [one_path, two_path] = [one, two].map(|address| key_path(&home, &address));
    // The file of one under the name of two.
    let of_two = fs::read_to_string(&two_path).unwrap();
    fs::copy(&one_path, &two_path).unwrap();
    let wallet = home.open();
    let refused = wallet.key(&two).unwrap_err();
    assert!(matches!(refused, WalletError::Damaged { .. }), "{refused}");
    drop(wallet);
    // The secret of one with the address of two.
    let text = |address: &Address| format!("f{}", &address.to_string()[1..]);
    edit(&two_path, |content| {
        content.replace(&text(&one), &text(&two))
    });
    let wallet = home.open();
    let refused = wallet.key(&two).unwrap_err();
    assert!(matches!(refused, WalletError::Damaged { .. }), "{refused}");
    fs::write(&two_path, of_two).unwrap();
    assert_eq!(*wallet.key(&two).unwrap().secret(), [2; 32]);
}

#[test]
fn a_key_of_another_keystore_is_foreign_and_can_be_imported() {
    let (home, _, _) = with_key();
    let other = Home::new();
    let wallet = other.create();
    let address = wallet.import(key(KeyType::Bls, 9)).unwrap();
    let from = key_path(&other, &address);
    let to = key_path(&home, &address);
    fs::copy(&from, &to).unwrap();
    let wallet = home.open();
    let refused = wallet.key(&address).unwrap_err();
    assert!(matches!(refused, WalletError::Foreign { .. }), "{refused}");
    fs::remove_file(&to).unwrap();
    wallet
        .import(KeyFile::read(&from).unwrap().open(&password()).unwrap())
        .unwrap();
    assert_eq!(*wallet.key(&address).unwrap().secret(), [9; 32]);
}

#[test]
fn keys_without_a_header_are_not_given_a_new_one() {
    let (home, _, path) = with_key();
    fs::remove_file(home.keystore().join("keystore.json")).unwrap();
    for refused in [
        Wallet::open(&home.keystore()).err(),
        Wallet::create_with(&home.keystore(), &password(), COST).err(),
    ] {
        assert!(matches!(refused, Some(WalletError::Headless { .. })));
    }
    KeyFile::read(&path).unwrap().open(&password()).unwrap();
}

#[test]
fn damaged_names_cost_no_keys() {
    let (home, address, _) = with_key();
    let names = home.keystore().join("names.json");
    let good = fs::read_to_string(&names).unwrap();
    for bad in [
        "{".to_owned(),
        good.replace("alice", "al ice"),
        good.replace("\"f1", "\"x1"),
        good.replace("filigree-names", "names"),
    ] {
        fs::write(&names, bad).unwrap();
        let refused = Wallet::open(&home.keystore()).err().unwrap();
        assert!(
            matches!(&refused, WalletError::Damaged { path, .. } if *path == names),
            "{refused}"
        );
        assert!(refused.to_string().contains("delete it"), "{refused}");
    }
    fs::remove_file(&names).unwrap();
    let wallet = home.open();
    assert_eq!(wallet.default_address(), None);
    wallet.sign(&address, b"text").unwrap();
}

#[test]
fn files_that_others_may_read_are_not_used() {
    let (home, _, path) = with_key();
    let keystore = home.keystore();
    for (path, mode) in [
        (path.clone(), 0o640),
        (path, 0o604),
        (keystore.join("keystore.json"), 0o644),
        (keystore.join("names.json"), 0o666),
        (keystore.clone(), 0o770),
        (keystore.clone(), 0o702),
    ] {
        let right = fs::metadata(&path).unwrap().permissions();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let refused = Wallet::open(&keystore).err().unwrap();
        let expected = WalletError::Permissions {
            path: path.clone(),
            mode,
            right: right.mode() & 0o777,
        };
        assert_eq!(refused.to_string(), expected.to_string());
        fs::set_permissions(&path, right).unwrap();
    }
    home.open();
    let password = home.path().join("password");
    Password::beside(&password).unwrap();
    fs::set_permissions(&password, Permissions::from_mode(0o644)).unwrap();
    for refused in [
        Password::beside(&password),
        Password::from_file(&password).map(Option::unwrap),
    ] {
        assert!(matches!(
            refused,
            Err(WalletError::Permissions { mode: 0o644, .. })
        ));
    }
}

#[test]
fn all_that_is_written_is_the_owners_alone() {
    let (home, address, _) = with_key();
    home.open().delete(&address).unwrap();
    let mut folders = vec![home.keystore()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        assert_eq!(
            fs::metadata(&folder).unwrap().permissions().mode() & 0o777,
            0o700
        );
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", path.display());
            files += 1;
        }
    }
    // Header, names, lock, the deleted key.
    assert_eq!(files, 4);
}

#[test]
fn no_file_holds_a_secret_in_the_open() {
    let (home, address, path) = with_key();
    let _ = address;
    let text = fs::read_to_string(path).unwrap();
    assert!(!text.contains(&"01".repeat(16)));
    assert!(!text.contains("AQEBAQEB"));
    drop(home);
}

#[test]
fn a_key_file_with_a_strange_name_is_pointed_out() {
    let (home, _, path) = with_key();
    for name in ["copy.key", "f01.key", "T1.key"] {
        let strange = home.keystore().join(name);
        fs::copy(&path, &strange).unwrap();
        let refused = Wallet::open(&home.keystore()).err().unwrap();
        assert!(
            matches!(&refused, WalletError::Damaged { path, .. } if *path == strange),
            "{refused}"
        );
        fs::remove_file(strange).unwrap();
    }
}
