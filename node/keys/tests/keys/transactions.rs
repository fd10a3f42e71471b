//! Ethereum transactions that other implementations made, and what is none.

use filigree_keys::eth::{Form, RlpError};
use filigree_keys::{
    EthAddress, Key, KeyType, SignedTransaction, TransactionError, verify_message,
};
use fvm_shared::econ::TokenAmount;

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

/// A transaction of known origin.
struct Known {
    chain_id: u64,
    raw: &'static str,
    /// What is signed.
    signed: Option<&'static str>,
    sender: Option<&'static str>,
    hash: Option<&'static str>,
}

/// The example of EIP-155, which signs with the key 46…46, nonce 9, 20 gwei, 21000 gas, 1 ether to 35…35.
const EIP_155: Known = Known {
    chain_id: 1,
    raw: "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc2195\
          fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83",
    signed: Some(
        "ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080",
    ),
    sender: Some("0x9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f"),
    hash: Some("33469b22e9f636356c4160a87eb19df52b7412e8eac32a4a55ffe88ea8350788"),
};

/// From Lotus's tests (`chain/types/ethtypes`): its own networks', and the tests of Ethereum's clients.
const KNOWN: [Known; 6] = [
    EIP_155,
    Known {
        chain_id: 314,
        raw: "f86680843b9aca00835dc1ba94c2dca9a18d4a4057921d1bcb22da05e68e46b1d06480820297a0f91ee69c4603c4f21131467ee9e0\
              6ad4a96d0a29fa8064db61f3adaea0eb6e92a07181e306bb8f773d94cc3b75e9835de00c004e072e6630c0c46971d38706bb01",
        signed: None,
        sender: Some("0xa2bbb73ac59b256415e91a820b224dbaf2c268fa"),
        hash: None,
    },
    Known {
        chain_id: 314,
        raw: "02f86282013a8080808094ff000000000000000000000000000000000003ec8080c080a0f411a73e33523b40c1a916e79e67746bd0\
              1a4a4fb4ecfa87b441375a215ddfb4a0551692c1553574fab4c227ca70cb1c121dc3a2ef82179a9c984bd7acc0880a38",
        signed: Some("02df82013a8080808094ff000000000000000000000000000000000003ec8080c0"),
        sender: None,
        hash: None,
    },
    Known {
        chain_id: 31_415_926,
        raw: "02f8598401df5e76028301d69083086a5e835532dd808080c080a0457e33227ac7ceee2ef121755e26b872b6fb04221993f9939349\
              bb7b0a3e1595a02d8ef379e1d2a9e30fa61c92623cc9ed72d80cf6a48cfea341cb916bcc0a81bc",
        signed: None,
        sender: None,
        hash: None,
    },
    Known {
        chain_id: 314,
        raw: "f882800182540894095e7baea6a6c7c4c2dfeb977efac326af552d8780a3deadbeef0000000101010010101010101010101010101\
              aaabbbbbbcccccccddddddddd1ba048b55bfa915ac795c431978d8a6a992b628d557da5ff759b307d495a36649353a01fffd310ac\
              743f371de3b9f7f9cb56c0b28ad43601b4ab949f53faa07bd2c804",
        signed: None,
        sender: None,
        hash: None,
    },
    Known {
        chain_id: 314,
        raw: "f85f030182520794b94f5374fce5edbc8e2a8697c15331677e6ebf0b0a801ba098ff921201554726367d2be8c804a7ff89ccf285eb\
              c57dff8ae4c44b9c19ac4aa07778cde41a8a37f6a087622b38bc201bd3e7df06dce067569d4def1b53dba98c",
        signed: None,
        sender: None,
        hash: None,
    },
];

#[test]
fn known_transactions_are_read_written_and_carried_in_messages() {
    for known in &KNOWN {
        let raw = bytes(known.raw);
        let transaction = SignedTransaction::from_rlp(&raw, known.chain_id).unwrap();
        assert_eq!(hex::encode(transaction.to_rlp()), known.raw);
        if let Some(signed) = known.signed {
            assert_eq!(hex::encode(transaction.transaction.signing_bytes()), signed);
        }
        let sender = transaction.sender().unwrap();
        if let Some(expected) = known.sender {
            assert_eq!(
                EthAddress::from_filecoin(&sender).unwrap().to_string(),
                expected
            );
        }
        if let Some(hash) = known.hash {
            assert_eq!(hex::encode(transaction.hash()), hash);
        }
        let message = transaction.to_message().unwrap();
        verify_message(&message, &sender, known.chain_id).unwrap();
        let again = SignedTransaction::from_message(&message, known.chain_id).unwrap();
        assert_eq!(again, transaction);
    }
}

/// Ethereum's library and ours choose the same nonce (RFC 6979), so the signature is the same too.
#[test]
fn the_example_of_eip_155_is_signed_alike() {
    let expected = SignedTransaction::from_rlp(&bytes(EIP_155.raw), 1).unwrap();
    let transaction = &expected.transaction;
    assert_eq!(transaction.form, Form::Eip155 { chain_id: 1 });
    assert_eq!(transaction.nonce, 9);
    assert_eq!(transaction.gas_limit, 21_000);
    assert_eq!(transaction.value, TokenAmount::from_whole(1));
    assert_eq!(
        transaction.gas_fee_cap,
        TokenAmount::from_atto(20_000_000_000u64)
    );
    assert_eq!(transaction.to, Some(EthAddress([0x35; 20])));
    let key = Key::from_secret(KeyType::Delegated, &[0x46; 32]).unwrap();
    let signature = key.sign(&transaction.signing_bytes());
    assert_eq!(signature.bytes, expected.recoverable());
    assert_eq!(expected.v, 37);
}

#[test]
fn transactions_of_other_chains_and_forms_are_refused() {
    for known in &KNOWN[..4] {
        let refused = SignedTransaction::from_rlp(&bytes(known.raw), 2);
        let refused = refused.unwrap_err();
        let right = matches!(
            refused,
            TransactionError::ChainId { expected: 2, .. } | TransactionError::V { chain_id: 2 }
        );
        assert!(right, "{refused}");
    }
    let list = bytes(KNOWN[2].raw)[1..].to_vec();
    let cases: [(Vec<u8>, TransactionError); 7] = [
        (vec![], TransactionError::Unsupported),
        // EIP-2930.
        ([&[1], &list[..]].concat(), TransactionError::Unsupported),
        ([&[3], &list[..]].concat(), TransactionError::Unsupported),
        // Twelve fields where nine belong, and none where twelve do.
        (list.clone(), TransactionError::Unsupported),
        (vec![2, 0xc0], TransactionError::Unsupported),
        (vec![2, 0x80], TransactionError::Rlp(RlpError::Kind)),
        (
            [&[2], &list[..], &[0]].concat(),
            TransactionError::Rlp(RlpError::Trailing),
        ),
    ];
    for (raw, error) in cases {
        assert_eq!(
            SignedTransaction::from_rlp(&raw, 314),
            Err(error),
            "{raw:x?}"
        );
    }
    // An access list with a list in it, v of 2, a receiver of 19 bytes.
    let raw = KNOWN[2].raw;
    let edits = [
        ("8080c080a0", "8080c1c080a0", TransactionError::AccessList),
        (
            "8080c080a0",
            "8080c002a0",
            TransactionError::V { chain_id: 314 },
        ),
        (
            "94ff00000000000000000000000000000000",
            "93ff000000000000000000000000000000",
            TransactionError::Receiver,
        ),
    ];
    for (from, to, error) in edits {
        let mut edited = bytes(&raw.replace(from, to));
        assert_ne!(edited, bytes(raw));
        let length = u8::try_from(edited.len() - 3).unwrap();
        edited[2] = length;
        assert_eq!(SignedTransaction::from_rlp(&edited, 314), Err(error));
    }
}
