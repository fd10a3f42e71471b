//! Accounts of keys: money to all kinds of addresses, and signatures that other actors ask an account about.

use bls_signatures::{PrivateKey, Serialize as _};
use filigree_builtin::calls::account::{
    AUTHENTICATE_MESSAGE, AuthenticateMessageParams, authenticate_message, pubkey_address,
};
use filigree_builtin::ids;
use filigree_sandbox::Who;
use filigree_sdk::prelude::*;
use fvm_shared::{METHOD_CONSTRUCTOR, METHOD_SEND};

use crate::malformed::refuse_malformed;
use crate::scenario::Scenario;
use crate::stage::Stage;
use crate::stranger::stranger;

/// All of this topic.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "account/transfers",
        run: transfers,
    },
    Scenario {
        name: "account/transfers-that-are-refused",
        run: refused,
    },
    Scenario {
        name: "account/signatures",
        run: signatures,
    },
    Scenario {
        name: "account/bls-signatures",
        run: bls,
    },
    Scenario {
        name: "account/methods",
        run: methods,
    },
];

pub(super) fn send(to: impl Who, fil: u64) -> Call<()> {
    Call::new(to.address(), METHOD_SEND, None).value(TokenAmount::from_whole(fil))
}

/// To a key, to an id, to new keys of either kind, to oneself.
fn transfers(stage: &mut Stage) {
    let alice = stage.account(100);
    let bob = stage.account(0);
    let secp = Address::new_secp256k1(&[7; 65]).expect("a public key");
    let bls = Address::new_bls(&[7; 48]).expect("a public key");
    stage.call(alice, send(bob, 1)).ok();
    stage.call(alice, send(bob.id, 2)).ok();
    stage.call(bob, send(bob, 3)).ok();
    for key in [secp, bls] {
        stage.call(alice, send(key, 0)).ok();
        stage.call(alice, send(key, 5)).ok();
        assert_eq!(stage.call(alice, pubkey_address(key)).ok(), key);
        let by_id = stage.id(key);
        assert_eq!(stage.call(key, pubkey_address(by_id.address())).ok(), key);
        stage.call(key, send(alice, 4)).ok();
        assert_eq!(stage.balance(key), TokenAmount::from_whole(1));
    }
    stage.call(alice, send(ids::BURNT_FUNDS, 1)).ok();
    stage.check_invariants();
}

/// More than there is, and to nobody.
fn refused(stage: &mut Stage) {
    let alice = stage.account(10);
    let bob = stage.account(0);
    let robust = Address::new_actor(b"nobody");
    let elsewhere = Address::new_delegated(32, b"nobody").expect("an address");
    stage
        .call(alice, send(bob, 11))
        .expect_exit(ExitCode::SYS_INSUFFICIENT_FUNDS, "");
    for nobody in [Address::new_id(123_456), robust, elsewhere] {
        stage
            .call(alice, send(nobody, 1))
            .expect_exit(ExitCode::SYS_INVALID_RECEIVER, "");
    }
    stage.call(alice, send(bob, 10)).ok();
    stage
        .call(alice, send(bob, 1))
        .expect_exit(ExitCode::SYS_INSUFFICIENT_FUNDS, "");
    stage.check_invariants();
}

fn ask(signer: impl Who, signature: &[u8], message: &[u8]) -> Call<bool> {
    let call = authenticate_message(signer.address(), signature.to_vec(), message.to_vec());
    let mut call = call.expect("the parameters encode");
    call.read_only = false;
    call
}

/// Signatures of a secp256k1 key: right, another's, of something else, damaged.
fn signatures(stage: &mut Stage) {
    let [alice, bob] = [stage.account(10), stage.account(10)];
    let signed = alice.sign(b"a deal").bytes;
    let stranger = stranger(stage);
    assert!(stage.call(bob, ask(alice, &signed, b"a deal")).ok());
    assert!(
        stage
            .call(bob, ask(alice.id, &signed, b"a deal").read_only())
            .ok()
    );
    assert!(
        stage
            .implicit(stranger, ask(alice, &signed, b"a deal"))
            .ok()
    );
    let mut flipped = signed.clone();
    flipped[10] ^= 1;
    let mut high = signed.clone();
    high[64] = 4;
    let longer = [&signed[..], &[0]].concat();
    let bobs = bob.sign(b"a deal").bytes;
    let bad = [&bobs, &flipped, &high, &longer];
    for signature in bad
        .map(|bytes| &bytes[..])
        .into_iter()
        .chain([&signed[..64], &[], &[0; 65]])
    {
        stage
            .call(bob, ask(alice, signature, b"a deal"))
            .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    }
    for message in [&b"another deal"[..], b""] {
        stage
            .call(bob, ask(alice, &signed, message))
            .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    }
    let nothing = alice.sign(b"").bytes;
    assert!(stage.call(bob, ask(alice, &nothing, b"")).ok());
    refuse_malformed(stage, bob, &ask(alice, &signed, b"a deal"));
}

/// The same of a BLS key.
fn bls(stage: &mut Stage) {
    let alice = stage.account(100);
    let [key, other] = [[1; 32], [2; 32]].map(PrivateKey::new);
    let address = Address::new_bls(&key.public_key().as_bytes()).expect("a public key");
    stage.call(alice, send(address, 1)).ok();
    let sign = |key: &PrivateKey, message: &[u8]| key.sign(message).as_bytes();
    let signed = sign(&key, b"a deal");
    assert!(stage.call(alice, ask(address, &signed, b"a deal")).ok());
    let mut flipped = signed.clone();
    flipped[95] ^= 1;
    for (signature, message) in [
        (signed.clone(), &b"another deal"[..]),
        (sign(&other, b"a deal"), b"a deal"),
        (flipped, b"a deal"),
        (signed[..95].to_vec(), b"a deal"),
        (vec![], b"a deal"),
        (alice.sign(b"a deal").bytes, b"a deal"),
        (vec![0; 96], b"a deal"),
    ] {
        stage
            .call(alice, ask(address, &signature, message))
            .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    }
    // The key of an account may be no point of the curve.
    let made_up = Address::new_bls(&[7; 48]).expect("48 bytes");
    stage.call(alice, send(made_up, 1)).ok();
    stage
        .call(alice, ask(made_up, &signed, b"a deal"))
        .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
}

/// What an account does not do is accepted where the number is a name's, and fails where it is the protocol's own.
fn methods(stage: &mut Stage) {
    let [alice, bob] = [stage.account(10), stage.account(10)];
    let bytes = |bytes: &[u8]| Some(RawBytes::new(bytes.to_vec()));
    let none = TokenAmount::default;
    for method in [3, 4, (1 << 24) - 1] {
        for params in [None, bytes(&[0x80]), bytes(&[0xff])] {
            stage
                .raw(alice, bob, method, none(), params)
                .expect_exit(ExitCode::USR_UNHANDLED_MESSAGE, "");
        }
    }
    for method in [1 << 24, AUTHENTICATE_MESSAGE + 1, u64::MAX] {
        for params in [None, bytes(&[0x80]), bytes(&[0xff])] {
            let value = TokenAmount::from_atto(7);
            stage.raw(alice, bob, method, value, params).ok();
        }
    }
    let key = RawBytes::serialize(alice.address).expect("an address encodes");
    stage
        .raw(alice, bob, METHOD_CONSTRUCTOR, none(), Some(key.clone()))
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    for params in [Some(key), bytes(&[0xff]), None] {
        let again = stage.raw_implicit(ids::SYSTEM, bob, METHOD_CONSTRUCTOR, none(), params);
        assert!(!again.is_ok());
    }
    stage
        .raw(alice, bob, 2, none(), bytes(&[0x80]))
        .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    // A key that pays while it is asked keeps what it was given only if it answers.
    let params = AuthenticateMessageParams {
        signature: Bytes(bob.sign(b"paid").bytes),
        message: Bytes(b"paid".to_vec()),
    };
    let params = RawBytes::serialize(params).expect("the parameters encode");
    stage
        .raw(
            alice,
            bob,
            AUTHENTICATE_MESSAGE,
            TokenAmount::from_whole(1),
            Some(params),
        )
        .ok();
    stage.check_invariants();
}
