//! Keys and signatures that other implementations made.

use filigree_blocks::{Signature, SignatureType};
use filigree_keys::short::{self, ShortKey};
use filigree_keys::{Key, KeyType, verify};
use fvm_shared::address::Network;
use multihash_codetable::{Code, MultihashDigest};

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

fn key(key_type: KeyType, secret: &str) -> Key {
    Key::from_secret(key_type, &bytes(secret)).unwrap()
}

/// Exported by Lotus, and its signature of "DUKE", as published in tests of fc-retrieval. ECDSA is deterministic too (RFC 6979).
#[test]
fn lotus_has_the_same_addresses_and_signatures() {
    let cases = [
        (
            KeyType::Secp256k1,
            "9393f2bf7a87dac2177026195d8396b84d48da7d9413d0a169492537a89959c1",
            "f1fib3pv7jua2ockdugtz7viz3cyy6lkhh7rfx3sa",
            "03bff286f1371c1a4ce8e33c29d6a20eeb53f17970190d12c5a1c0fc4be9a56e766250d5a82dda2179fa90ae297696d1\
             dfaa9eea8f2f833da0cf87b927294eb700",
        ),
        (
            KeyType::Bls,
            "85ba7fc857d1b7d40b0aa92655aa805910a83d4830d4ac22aaa9ec84d2293564",
            "f3rpskqryflc2sqzzzu7j2q6fecrkdkv4p2avpf4kyk5u754he7g6cr2rbpmif7pam5oxbme2oyzot4ry3d74q",
            "80cef41af956cf6855725a5af0d8d956ea41f6da2688cc1f436a7ea5ebd15d96ba384746b819c0836c53a54d6d30b0a7\
             0b528204e9da92f833031e7a4776f57bad83e033ea0235bad0f8a5337a4eb66870fc0429175ed63f91203ec1b65c6e31",
        ),
    ];
    for (key_type, secret, address, signature) in cases {
        let key = key(key_type, secret);
        assert_eq!(
            *key.address(),
            Network::Mainnet.parse_address(address).unwrap()
        );
        let signature = Signature::new(key_type.signature_type(), bytes(signature));
        assert_eq!(key.sign(b"DUKE"), signature);
        assert!(verify(&signature, key.address(), b"DUKE"));
    }
}

/// Forest's test miner on calibnet, and a wallet of go-owcdrivers' tests.
#[test]
fn addresses_of_published_secrets_are_theirs() {
    let cases = [
        (
            KeyType::Bls,
            "6652f13947e67e80f7f96cfff1ab87fe4fc4a0a8030ba49e5c1555e06a8b2e69",
            "t3sw466j35hqjbch5x7tcr7ona6idsgzypoturfci2ajqsfrrwhp7ty3ythtd7x646adaidnvxpdr5b2ftcciq",
        ),
        (
            KeyType::Secp256k1,
            "80e0e9160a42da404a65564ca61fa6324e90278b32ef60b3a4079d47c8de39a7",
            "t1gsu7dkdufuygtbcclhmjcao7vg7cap46l6ij2ri",
        ),
    ];
    for (key_type, secret, address) in cases {
        let address = Network::Testnet.parse_address(address).unwrap();
        assert_eq!(*key(key_type, secret).address(), address);
    }
}

/// The first account of Hardhat's and Anvil's development networks.
#[test]
fn ethereum_has_the_same_addresses() {
    let secret = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
    let key = key(KeyType::Delegated, secret);
    let eth: filigree_keys::EthAddress = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
        .parse()
        .unwrap();
    assert_eq!(*key.address(), eth.to_filecoin());
}

#[test]
fn a_signature_is_of_one_key_one_text_and_one_type() {
    for key_type in KeyType::ALL {
        let [key, other] = [1, 2].map(|byte| Key::from_secret(key_type, &[byte; 32]).unwrap());
        let signature = key.sign(b"text");
        assert!(verify(&signature, key.address(), b"text"));
        assert!(!verify(&signature, key.address(), b"test"));
        assert!(!verify(&signature, other.address(), b"text"));
        for sig_type in [
            SignatureType::Secp256k1,
            SignatureType::Bls,
            SignatureType::Delegated,
        ] {
            let claimed = Signature::new(sig_type, &signature.bytes[..]);
            let holds = verify(&claimed, key.address(), b"text");
            assert_eq!(holds, sig_type == key_type.signature_type());
        }
        for at in 0..signature.bytes.len() {
            let mut changed = signature.clone();
            changed.bytes[at] ^= 1;
            assert!(!verify(&changed, key.address(), b"text"), "{key_type} {at}");
            changed.bytes.truncate(at);
            assert!(!verify(&changed, key.address(), b"text"), "{key_type} {at}");
        }
        let mut longer = signature.clone();
        longer.bytes.push(0);
        assert!(!verify(&longer, key.address(), b"text"));
    }
}

/// Round 1000 of drand's quicknet.
#[test]
fn the_beacon_of_today_is_checked() {
    let public = bytes(
        "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c\
         921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
    );
    let signature = bytes(
        "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39",
    );
    let round = Code::Sha2_256.digest(&1000u64.to_be_bytes());
    assert!(short::verify(&public, round.digest(), &signature));
    let next = Code::Sha2_256.digest(&1001u64.to_be_bytes());
    assert!(!short::verify(&public, next.digest(), &signature));
    assert!(!short::verify(&public[1..], round.digest(), &signature));
    assert!(!short::verify(&public, round.digest(), &signature[1..]));
    assert!(!short::verify(&[0xc0; 96], round.digest(), &signature));
}

#[test]
fn a_beacon_of_ones_own_signs_alike() {
    let key = ShortKey::from_seed(&[1; 32]);
    let signature = key.sign(b"round");
    assert!(short::verify(&key.public(), b"round", &signature));
    assert!(!short::verify(&key.public(), b"other", &signature));
    let other = ShortKey::generate().unwrap();
    assert!(!short::verify(&other.public(), b"round", &signature));
    assert_eq!(ShortKey::from_seed(&[1; 32]).public(), key.public());
    // The point at infinity signs nothing, and is no key.
    let infinity = |length: usize| [&[0xc0][..], &vec![0; length - 1]].concat();
    assert!(!short::verify(&key.public(), b"round", &infinity(48)));
    assert!(!short::verify(&infinity(96), b"round", &infinity(48)));
}
