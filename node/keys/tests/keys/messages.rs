//! Messages: signed by each type of key, and each way in which a signature is not the sender's.

use filigree_blocks::{Signature, SignatureType, SignedMessage};
use filigree_keys::eth::message::{CREATE_EXTERNAL, INVOKE_CONTRACT};
use filigree_keys::eth::{EthAddress, Form};
use filigree_keys::{
    Key, KeyType, SignatureError, SignedTransaction, Transaction, TransactionError, verify_message,
};
use fvm_ipld_encoding::RawBytes;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;
use proptest::prelude::*;

const CHAIN_ID: u64 = 31_415_926;

type Change = fn(&mut Message);

fn key(key_type: KeyType) -> Key {
    Key::from_secret(key_type, &[7; 32]).unwrap()
}

fn message(from: Address) -> Message {
    Message {
        version: 0,
        from,
        to: EthAddress([5; 20]).to_filecoin(),
        sequence: 3,
        value: TokenAmount::from_atto(10),
        method_num: INVOKE_CONTRACT,
        params: RawBytes::new(vec![0x42, 1, 2]),
        gas_limit: 1_000_000,
        gas_fee_cap: TokenAmount::from_atto(200),
        gas_premium: TokenAmount::from_atto(100),
    }
}

fn signed(key_type: KeyType) -> SignedMessage {
    let key = key(key_type);
    key.sign_message(message(*key.address()), CHAIN_ID).unwrap()
}

#[test]
fn every_type_of_key_signs_messages_and_every_change_shows() {
    let changes: [Change; 8] = [
        |m| m.to = EthAddress([6; 20]).to_filecoin(),
        |m| m.sequence += 1,
        |m| m.value += TokenAmount::from_atto(1),
        |m| m.params = RawBytes::new(vec![0x41, 1]),
        |m| m.gas_limit += 1,
        |m| m.gas_fee_cap += TokenAmount::from_atto(1),
        |m| m.gas_premium += TokenAmount::from_atto(1),
        |m| m.params = RawBytes::default(),
    ];
    for key_type in KeyType::ALL {
        let signer = *key(key_type).address();
        verify_message(&signed(key_type), &signer, CHAIN_ID).unwrap();
        for (number, change) in changes.into_iter().enumerate() {
            let mut changed = signed(key_type);
            change(&mut changed.message);
            let refused = verify_message(&changed, &signer, CHAIN_ID);
            assert_eq!(
                refused,
                Err(SignatureError::Invalid { signer }),
                "{key_type} {number}"
            );
        }
        let other = Address::new_id(7);
        let refused = verify_message(&signed(key_type), &other, CHAIN_ID);
        assert_eq!(refused, Err(SignatureError::Invalid { signer: other }));
        let mut changed = signed(key_type);
        changed.signature.bytes[5] ^= 1;
        let refused = verify_message(&changed, &signer, CHAIN_ID);
        assert_eq!(refused, Err(SignatureError::Invalid { signer }));
    }
}

/// The address a sender is known by need not be the key's: f0 is resolved by whoever checks.
#[test]
fn a_sender_may_be_named_by_its_id() {
    for key_type in KeyType::ALL {
        let key = key(key_type);
        let signed = key.sign_message(message(Address::new_id(1001)), CHAIN_ID);
        verify_message(&signed.unwrap(), key.address(), CHAIN_ID).unwrap();
    }
}

#[test]
fn an_ethereum_signature_is_for_one_chain() {
    let signer = *key(KeyType::Delegated).address();
    let refused = verify_message(&signed(KeyType::Delegated), &signer, 314);
    assert_eq!(refused, Err(SignatureError::Invalid { signer }));
}

#[test]
fn messages_that_are_no_transactions_are_neither_signed_nor_verified() {
    let key = key(KeyType::Delegated);
    let signer = *key.address();
    let cases: [(Change, TransactionError); 12] = [
        (|m| m.method_num = 0, TransactionError::Method(0)),
        (
            |m| m.method_num = CREATE_EXTERNAL,
            TransactionError::Method(CREATE_EXTERNAL),
        ),
        (
            |m| m.to = Address::new_id(10),
            TransactionError::Method(INVOKE_CONTRACT),
        ),
        (
            |m| m.to = Address::new_actor(b"x"),
            TransactionError::Receiver,
        ),
        (
            |m| m.to = Address::new_secp256k1(&[4; 65]).unwrap(),
            TransactionError::Receiver,
        ),
        (
            |m| m.from = Address::new_secp256k1(&[4; 65]).unwrap(),
            TransactionError::Sender,
        ),
        (|m| m.version = 1, TransactionError::Version(1)),
        (
            |m| m.value = TokenAmount::from_atto(-1),
            TransactionError::Negative,
        ),
        (
            |m| m.gas_premium = TokenAmount::from_atto(-1),
            TransactionError::Negative,
        ),
        (
            |m| m.params = RawBytes::new(vec![0x40]),
            TransactionError::Parameters,
        ),
        (
            |m| m.params = RawBytes::new(vec![0x81, 1]),
            TransactionError::Parameters,
        ),
        (
            |m| m.params = RawBytes::new(vec![0x41, 1, 0]),
            TransactionError::Parameters,
        ),
    ];
    for (change, error) in cases {
        let mut changed = signed(KeyType::Delegated);
        change(&mut changed.message);
        let refused = verify_message(&changed, &signer, CHAIN_ID).unwrap_err();
        let refused_to_sign = key.sign_message(changed.message, CHAIN_ID).unwrap_err();
        assert_eq!(refused_to_sign, error);
        assert_eq!(refused, SignatureError::NoTransaction(error));
    }
}

#[test]
fn what_a_transaction_cannot_say_is_refused() {
    let signer = *key(KeyType::Delegated).address();
    // Parameters that are not encoded canonically mean the same transaction.
    let mut wide = signed(KeyType::Delegated);
    wide.message.params = RawBytes::new(vec![0x58, 2, 1, 2]);
    let refused = verify_message(&wide, &signer, CHAIN_ID);
    assert_eq!(refused, Err(SignatureError::NotTheSame));
    // A gas price is fee cap and premium in one.
    for form in [Form::Homestead, Form::Eip155 { chain_id: CHAIN_ID }] {
        let mut priced = of_form(&message(signer), form);
        verify_message(&priced, &signer, CHAIN_ID).unwrap();
        priced.message.gas_premium = TokenAmount::from_atto(1);
        let refused = verify_message(&priced, &signer, CHAIN_ID);
        assert_eq!(refused, Err(SignatureError::NotTheSame));
    }
}

/// The message signed in one of the forms; its premium becomes what the form can say.
fn of_form(message: &Message, form: Form) -> SignedMessage {
    let transaction = Transaction::from_message(message, form).unwrap();
    let signature = key(KeyType::Delegated).sign(&transaction.signing_bytes());
    let parity = u128::from(signature.bytes[64]);
    let signed = SignedTransaction {
        v: match form {
            Form::Eip1559 { .. } => parity,
            Form::Homestead => 27 + parity,
            Form::Eip155 { chain_id } => 35 + 2 * u128::from(chain_id) + parity,
        },
        r: signature.bytes[..32].try_into().unwrap(),
        s: signature.bytes[32..64].try_into().unwrap(),
        transaction,
    };
    SignedMessage {
        message: signed.transaction.to_message(message.from),
        signature: signed.signature(),
    }
}

#[test]
fn signatures_of_no_form_are_refused() {
    let signer = *key(KeyType::Delegated).address();
    let homestead = of_form(&message(signer), Form::Homestead);
    let eip_155 = of_form(&message(signer), Form::Eip155 { chain_id: CHAIN_ID });
    assert_eq!(homestead.signature.bytes.len(), 66);
    assert_eq!(eip_155.signature.bytes.len(), 69);
    let check = |signed: &SignedMessage, change: &dyn Fn(&mut Vec<u8>)| {
        let mut changed = signed.clone();
        change(&mut changed.signature.bytes);
        verify_message(&changed, &signer, CHAIN_ID).unwrap_err()
    };
    let no_form = |length, first| {
        SignatureError::NoTransaction(TransactionError::SignatureForm { length, first })
    };
    let v = |chain_id| SignatureError::NoTransaction(TransactionError::V { chain_id });
    assert_eq!(check(&homestead, &|s| s.clear()), no_form(0, None));
    assert_eq!(check(&homestead, &|s| s[0] = 3), no_form(66, Some(3)));
    assert_eq!(check(&homestead, &|s| s[0] = 2), no_form(66, Some(2)));
    assert_eq!(check(&homestead, &|s| s.push(0)), no_form(67, Some(1)));
    assert_eq!(check(&homestead, &|s| s[65] = 29), v(0));
    assert_eq!(check(&homestead, &|s| s[65] = 0), v(0));
    assert_eq!(check(&eip_155, &|s| s[0] = 1), no_form(69, Some(1)));
    assert_eq!(check(&eip_155, &|s| s[68] ^= 4), v(CHAIN_ID));
    assert_eq!(check(&eip_155, &|s| s.truncate(68)), no_form(68, Some(2)));
    // The other parity is of another key.
    let invalid = SignatureError::Invalid { signer };
    assert_eq!(check(&homestead, &|s| s[65] = 27 + 28 - s[65]), invalid);
    for parity in [2, 3, 4, 255] {
        let eip_1559 = signed(KeyType::Delegated);
        assert_eq!(
            check(&eip_1559, &|s| s[64] = parity),
            SignatureError::Invalid { signer }
        );
    }
}

#[test]
fn another_type_of_signature_is_not_the_senders() {
    let signer = *key(KeyType::Secp256k1).address();
    let mut claimed = signed(KeyType::Secp256k1);
    claimed.signature = Signature::new(SignatureType::Bls, claimed.signature.bytes);
    let refused = verify_message(&claimed, &signer, CHAIN_ID);
    assert_eq!(refused, Err(SignatureError::Invalid { signer }));
}

prop_compose! {
    fn any_message()(
        to in prop_oneof![
            any::<[u8; 20]>().prop_map(|to| Some(EthAddress(to))),
            any::<u64>().prop_map(|id| Some(EthAddress::of_id(id))),
            Just(None),
        ],
        nonce: u64,
        value: u128,
        input in prop::collection::vec(any::<u8>(), 0..400),
        gas_limit: u64,
        fee_cap: u128,
        premium: u128,
    ) -> Message {
        let transaction = Transaction {
            form: Form::Homestead,
            nonce,
            to,
            value: TokenAmount::from_atto(value),
            input,
            gas_limit,
            gas_fee_cap: TokenAmount::from_atto(fee_cap),
            gas_premium: TokenAmount::from_atto(premium),
        };
        transaction.to_message(*key(KeyType::Delegated).address())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_transaction_survives_as_message_and_as_rlp(message in any_message(), chain_id in 0..u64::from(u32::MAX)) {
        // `InvokeContract` of the address manager is what no message may be.
        prop_assume!(message.to != Address::new_id(10) || message.method_num == CREATE_EXTERNAL);
        let signer = *key(KeyType::Delegated).address();
        for form in [Form::Eip1559 { chain_id }, Form::Eip155 { chain_id }, Form::Homestead] {
            let signed = of_form(&message, form);
            prop_assert_eq!(verify_message(&signed, &signer, chain_id), Ok(()));
            let transaction = SignedTransaction::from_message(&signed, chain_id).unwrap();
            prop_assert_eq!(transaction.transaction.form, form);
            prop_assert_eq!(transaction.to_message().unwrap(), signed.clone());
            let again = SignedTransaction::from_rlp(&transaction.to_rlp(), chain_id).unwrap();
            prop_assert_eq!(again, transaction);
        }
    }

    #[test]
    fn any_bytes_are_a_transaction_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = SignedTransaction::from_rlp(&bytes, CHAIN_ID);
        let mut claimed = signed(KeyType::Delegated);
        claimed.signature.bytes = bytes;
        prop_assert!(verify_message(&claimed, key(KeyType::Delegated).address(), CHAIN_ID).is_err());
    }
}
