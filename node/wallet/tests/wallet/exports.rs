//! Keys as Lotus prints and reads them.

use filigree_keys::{KeyError, KeyType};
use filigree_wallet::lotus::{ImportError, read, to_ethereum, to_hex, to_json};
use fvm_shared::address::Network;
use proptest::prelude::*;

use crate::support::{Home, key};

/// Printed by `lotus wallet export`, and published: in tests of fc-retrieval, of Forest, and of go-owcdrivers.
const LOTUS: [(KeyType, &str, &str); 4] = [
    (
        KeyType::Secp256k1,
        "f1fib3pv7jua2ockdugtz7viz3cyy6lkhh7rfx3sa",
        "7b2254797065223a22736563703235366b31222c22507269766174654b6579223a226b35507976337148327349586343595a58594f577545\
         3149326e32554539436861556b6c4e36695a5763453d227d",
    ),
    (
        KeyType::Bls,
        "f3rpskqryflc2sqzzzu7j2q6fecrkdkv4p2avpf4kyk5u754he7g6cr2rbpmif7pam5oxbme2oyzot4ry3d74q",
        "7b2254797065223a22626c73222c22507269766174654b6579223a226862702f794666527439514c43716b6d566171415752436f5055\
         6777314b776971716e73684e49704e57513d227d",
    ),
    (
        KeyType::Bls,
        "f3sw466j35hqjbch5x7tcr7ona6idsgzypoturfci2ajqsfrrwhp7ty3ythtd7x646adaidnvxpdr5b2ftcciq",
        "7b2254797065223a22626c73222c22507269766174654b6579223a225a6c4c784f55666d666f44332b577a2f386175482f6b2f456f4b\
         674443365365584256563447714c4c6d6b3d227d",
    ),
    (
        KeyType::Secp256k1,
        "f1gsu7dkdufuygtbcclhmjcao7vg7cap46l6ij2ri",
        "7b2254797065223a22736563703235366b31222c22507269766174654b6579223a22674f447046677043326b424b5a565a4d70682b6d\
         4d6b36514a3473793732437a7041656452386a654f61633d227d",
    ),
];

#[test]
fn what_lotus_exported_is_imported_and_exported_again() {
    let home = Home::new();
    let wallet = home.create();
    for (key_type, address, text) in LOTUS {
        let address = Network::Mainnet.parse_address(address).unwrap();
        let key = read(&format!(" {text}\n"), None).unwrap();
        assert_eq!(key.key_type(), key_type);
        assert_eq!(wallet.import(key).unwrap(), address);
        let key = wallet.key(&address).unwrap();
        assert_eq!(*to_hex(&key), text);
        let json = to_json(&key);
        assert_eq!(*read(&json, Some(key_type)).unwrap().address(), address);
    }
}

#[test]
fn ethereum_wallets_have_the_bare_secret() {
    // The first account of Hardhat's and Anvil's development networks.
    let secret = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
    let key = read(secret, Some(KeyType::Delegated)).unwrap();
    assert_eq!(*to_ethereum(&key).unwrap(), secret);
    for text in [&secret[2..], &secret.to_uppercase()] {
        let same = read(text, Some(KeyType::Delegated)).unwrap();
        assert_eq!(same.address(), key.address());
        let other = read(text, Some(KeyType::Secp256k1)).unwrap();
        assert_ne!(other.address(), key.address());
    }
    assert!(matches!(read(secret, None), Err(ImportError::TypeNeeded)));
    let bls = crate::support::key(KeyType::Bls, 1);
    assert!(matches!(to_ethereum(&bls), Err(ImportError::NoEthereum)));
}

#[test]
fn types_may_be_numbers_and_fields_in_any_order() {
    let secret = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    for (number, key_type) in [
        (1, KeyType::Secp256k1),
        (2, KeyType::Bls),
        (3, KeyType::Delegated),
    ] {
        let text = format!(" {{ \"PrivateKey\": \"{secret}\", \"Type\": {number} }} ");
        let found = read(&text, None).unwrap();
        assert_eq!(found.address(), key(key_type, 1).address());
    }
}

#[test]
fn what_is_no_key_is_refused_without_repeating_it() {
    let good = to_json(&key(KeyType::Bls, 1)).to_string();
    let cases = [
        "",
        "nonsense",
        "0x",
        "7b7d",
        "{}",
        &good[..good.len() - 1],
        &good.replace("bls", "secp256k1-ledger"),
        &good.replace("\"bls\"", "4"),
        &good.replace("AQEB", "AQ=B"),
        &good.replace("AQEB", ""),
        &good.replace("\"AQ", "[\"AQ").replace("E=\"", "E=\"]"),
        &"ab".repeat(31),
        &"00".repeat(32),
        &"a".repeat(5000),
    ];
    for text in cases {
        let refused = read(text, Some(KeyType::Bls)).map(|_| ()).unwrap_err();
        assert!(!refused.to_string().contains("AQEB"), "{refused}");
    }
    assert!(matches!(
        read(&good, Some(KeyType::Secp256k1)),
        Err(ImportError::OtherType {
            found: KeyType::Bls,
            asked: KeyType::Secp256k1
        })
    ));
    let zero = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let refused = read(
        &format!("{{\"Type\":\"bls\",\"PrivateKey\":\"{zero}\"}}"),
        None,
    );
    assert!(matches!(
        refused,
        Err(ImportError::Key(KeyError::NoScalar(KeyType::Bls)))
    ));
}

proptest! {
    #[test]
    fn every_key_survives_every_format(secret: [u8; 32], which in 0..3usize) {
        let key_type = KeyType::ALL[which];
        let Ok(key) = filigree_keys::Key::from_secret(key_type, &secret) else {
            return Ok(());
        };
        let mut texts = vec![to_hex(&key), to_json(&key)];
        texts.extend(to_ethereum(&key));
        for text in texts {
            let again = read(&text, Some(key_type)).unwrap();
            prop_assert_eq!(again.address(), key.address());
            prop_assert_eq!(again.secret(), key.secret());
        }
    }

    #[test]
    fn any_text_is_a_key_or_refused(text in ".{0,200}") {
        let _ = read(&text, Some(KeyType::Bls));
    }
}
