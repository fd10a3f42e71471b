//! What is done with keys.

use filigree_keys::{verify, verify_message};
use filigree_wallet::{KeyFile, KeyType, Password, Wallet, WalletError};
use fvm_ipld_encoding::RawBytes;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;

use crate::support::{COST, Home, key, password};

#[test]
fn keys_sign_and_are_there_after_a_restart() {
    let home = Home::new();
    let wallet = home.create();
    let addresses = KeyType::ALL.map(|key_type| wallet.generate(key_type).unwrap());
    drop(wallet);
    let wallet = home.open();
    let mut listed: Vec<_> = wallet.list().unwrap();
    listed.sort_by_key(|entry| entry.key_type);
    for ((entry, address), key_type) in listed.iter().zip(addresses).zip(KeyType::ALL) {
        assert_eq!((entry.address, entry.key_type), (address, key_type));
        assert_eq!(entry.is_default, address == addresses[0]);
        assert!(wallet.has(&address));
        let signature = wallet.sign(&address, b"text").unwrap();
        assert!(verify(&signature, &address, b"text"));
        let signed = wallet
            .sign_message(&address, message(address), 314)
            .unwrap();
        verify_message(&signed, &address, 314).unwrap();
    }
    let absent = *key(KeyType::Bls, 1).address();
    assert!(!wallet.has(&absent));
    assert!(matches!(wallet.sign(&absent, b""), Err(WalletError::NoKey(a)) if a == absent));
}

/// One that is an Ethereum transaction too.
fn message(from: Address) -> Message {
    Message {
        version: 0,
        from,
        to: Address::new_id(1001),
        sequence: 0,
        value: TokenAmount::from_whole(1),
        method_num: filigree_keys::eth::message::INVOKE_CONTRACT,
        params: RawBytes::default(),
        gas_limit: 1_000_000,
        gas_fee_cap: TokenAmount::from_atto(100),
        gas_premium: TokenAmount::from_atto(1),
    }
}

#[test]
fn an_ethereum_key_signs_no_other_messages() {
    let home = Home::new();
    let wallet = home.create();
    let address = wallet.generate(KeyType::Delegated).unwrap();
    let mut other = message(address);
    other.method_num = 0;
    let refused = wallet.sign_message(&address, other, 314);
    assert!(matches!(refused, Err(WalletError::Transaction(_))));
}

#[test]
fn a_locked_wallet_lists_but_neither_signs_nor_takes_keys() {
    let home = Home::new();
    let wallet = home.create();
    let address = wallet.generate(KeyType::Secp256k1).unwrap();
    wallet.sign(&address, b"text").unwrap();
    wallet.lock();
    assert!(!wallet.is_unlocked());
    assert!(matches!(
        wallet.sign(&address, b"text"),
        Err(WalletError::Locked)
    ));
    assert!(matches!(
        wallet.generate(KeyType::Bls),
        Err(WalletError::Locked)
    ));
    assert!(matches!(wallet.key(&address), Err(WalletError::Locked)));
    assert_eq!(wallet.list().unwrap().len(), 1);
    assert_eq!(wallet.default_address(), Some(address));
    wallet.unlock(&password()).unwrap();
    wallet.sign(&address, b"text").unwrap();
}

#[test]
fn a_wrong_password_opens_nothing_and_locks_nothing() {
    let home = Home::new();
    let wallet = home.create();
    let address = wallet.generate(KeyType::Secp256k1).unwrap();
    let wrong = Password::new("another").unwrap();
    let refused = wallet.unlock(&wrong).unwrap_err();
    assert!(
        matches!(refused, WalletError::WrongPassword { .. }),
        "{refused}"
    );
    wallet.sign(&address, b"text").unwrap();
    drop(wallet);
    let wallet = Wallet::open(&home.keystore()).unwrap();
    assert!(wallet.unlock(&wrong).is_err());
    assert!(!wallet.is_unlocked());
    assert!(matches!(Password::new(""), Err(WalletError::EmptyPassword)));
}

#[test]
fn a_key_is_taken_once() {
    let home = Home::new();
    let wallet = home.create();
    let address = wallet.import(key(KeyType::Bls, 1)).unwrap();
    let refused = wallet.import(key(KeyType::Bls, 1));
    assert!(matches!(refused, Err(WalletError::KeyExists(a)) if a == address));
    assert_eq!(*wallet.key(&address).unwrap().secret(), [1; 32]);
}

#[test]
fn names_stand_for_addresses() {
    let home = Home::new();
    let wallet = home.create();
    let own = wallet.generate(KeyType::Secp256k1).unwrap();
    let other = *key(KeyType::Bls, 1).address();
    wallet.set_name("alice", &own).unwrap();
    wallet.set_name("alice-2", &own).unwrap();
    wallet.set_name("bob", &other).unwrap();
    wallet.set_name("bob", &other).unwrap();
    let taken = wallet.set_name("bob", &own);
    assert!(matches!(taken, Err(WalletError::NameTaken(name, a)) if name == "bob" && a == other));
    drop(wallet);
    let wallet = Wallet::open(&home.keystore()).unwrap();
    assert_eq!(wallet.list().unwrap()[0].names, ["alice", "alice-2"]);
    assert_eq!(wallet.resolve("bob").unwrap(), other);
    assert_eq!(wallet.resolve(&other.to_string()).unwrap(), other);
    assert_eq!(wallet.resolve("t01001").unwrap(), Address::new_id(1001));
    assert_eq!(wallet.resolve("f01001").unwrap(), Address::new_id(1001));
    wallet.remove_name("bob").unwrap();
    for missing in [wallet.remove_name("bob"), wallet.resolve("bob").map(|_| ())] {
        assert!(matches!(missing, Err(WalletError::NoName(name)) if name == "bob"));
    }
    assert_eq!(wallet.names().len(), 2);
    let long = "n".repeat(65);
    for bad in [
        "",
        "two words",
        "f01001",
        &other.to_string(),
        "é",
        "a/b",
        &long,
    ] {
        let refused = wallet.set_name(bad, &own);
        assert!(matches!(refused, Err(WalletError::BadName(_))), "{bad}");
    }
}

#[test]
fn the_default_is_the_first_key_or_the_one_that_was_set() {
    let home = Home::new();
    let wallet = home.create();
    assert_eq!(wallet.default_address(), None);
    let first = wallet.generate(KeyType::Bls).unwrap();
    let second = wallet.generate(KeyType::Bls).unwrap();
    assert_eq!(wallet.default_address(), Some(first));
    wallet.set_default(&second).unwrap();
    drop(wallet);
    let wallet = home.open();
    assert_eq!(wallet.default_address(), Some(second));
    let absent = *key(KeyType::Bls, 1).address();
    assert!(matches!(
        wallet.set_default(&absent),
        Err(WalletError::NoKey(_))
    ));
    wallet.delete(&second).unwrap();
    assert_eq!(wallet.default_address(), None);
    let third = wallet.generate(KeyType::Bls).unwrap();
    assert_eq!(wallet.default_address(), Some(third));
}

#[test]
fn a_deleted_key_is_in_the_trash_and_comes_back_from_there() {
    let home = Home::new();
    let wallet = home.create();
    let address = wallet.import(key(KeyType::Secp256k1, 1)).unwrap();
    wallet.set_name("alice", &address).unwrap();
    for file in ["", "-2"] {
        wallet.delete(&address).unwrap();
        assert!(!wallet.has(&address));
        assert!(wallet.list().unwrap().is_empty());
        assert!(wallet.resolve("alice").is_err());
        assert!(matches!(
            wallet.sign(&address, b""),
            Err(WalletError::NoKey(_))
        ));
        assert!(matches!(
            wallet.delete(&address),
            Err(WalletError::NoKey(_))
        ));
        let name = format!("f{}{file}.key", &address.to_string()[1..]);
        let thrown = KeyFile::read(&home.keystore().join("trash").join(name)).unwrap();
        assert_eq!(*thrown.address(), address);
        wallet.import(thrown.open(&password()).unwrap()).unwrap();
        wallet.sign(&address, b"text").unwrap();
    }
}

#[test]
fn one_process_has_a_keystore_at_a_time() {
    let home = Home::new();
    let wallet = home.create();
    let second = Wallet::open(&home.keystore()).err();
    assert!(matches!(second, Some(WalletError::InUse { .. })));
    drop(wallet);
    home.open();
    let again = Wallet::create_with(&home.keystore(), &password(), COST).err();
    assert!(matches!(again, Some(WalletError::KeystoreExists { .. })));
    for missing in [home.path().join("nothing"), home.path().to_owned()] {
        let refused = Wallet::open(&missing).err();
        assert!(matches!(refused, Some(WalletError::NoKeystore { .. })));
    }
}

#[test]
fn many_threads_use_one_wallet() {
    let home = Home::new();
    let wallet = home.create();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let address = wallet.generate(KeyType::Secp256k1).unwrap();
                    wallet.sign(&address, b"text").unwrap();
                }
            });
        }
    });
    assert_eq!(wallet.list().unwrap().len(), 20);
}

#[test]
fn a_password_is_made_once_beside_a_keystore() {
    let home = Home::new();
    let path = home.path().join("sub/keystore.password");
    assert!(Password::from_file(&path).unwrap().is_none());
    let password = Password::beside(&path).unwrap();
    let wallet = Wallet::create_with(&home.keystore(), &password, COST).unwrap();
    drop(wallet);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.trim_end().len(), 32);
    let wallet = Wallet::open(&home.keystore()).unwrap();
    wallet.unlock(&Password::beside(&path).unwrap()).unwrap();
    wallet
        .unlock(&Password::from_file(&path).unwrap().unwrap())
        .unwrap();
    wallet
        .unlock(&Password::new(text.trim_end()).unwrap())
        .unwrap();
    assert!(!format!("{password:?}").contains(text.trim_end()));
}

/// The default is what RFC 9106 recommends; it is slow, so once.
#[test]
fn keystores_cost_what_the_rfc_recommends_unless_told_otherwise() {
    let home = Home::new();
    drop(Wallet::create(&home.keystore(), &password()).unwrap());
    let header = std::fs::read_to_string(home.keystore().join("keystore.json")).unwrap();
    for field in [
        "\"argon2id\"",
        "\"memory_kib\": 65536",
        "\"passes\": 3",
        "\"lanes\": 4",
    ] {
        assert!(header.contains(field), "{header}");
    }
    home.open();
}
