//! A small vector and its bundle for the unit tests: one account sends value to another.
//!
//! Its receipt and state root come from our own host, which is enough to test the runner: that the host is right is what
//! recorded vectors are for.

use std::collections::BTreeMap;
use std::io::Write;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

use cid::Cid;
use filigree_vm::{Engines, Genesis, Kind, Machine, mock};
use flate2::Compression;
use flate2::write::GzEncoder;
use fvm_ipld_car::{Block, CarHeader, CarWriter};
use fvm_ipld_encoding::to_vec;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;

use crate::bundle::Bundle;
use crate::chain::ReplayChain;
use crate::run::{Runner, context, length_on_chain};
use crate::store::{Blocks, LayeredStore};
use crate::vector::{
    ApplyMessage, ExpectedReceipt, MESSAGE_CLASS, Meta, Postconditions, Preconditions,
    StateTreeRoot, Variant, Vector, VectorFile,
};
use crate::verifier::VectorVerifier;

/// Id of the account that pays.
pub const SENDER: u64 = 100;

static SAMPLE: LazyLock<(VectorFile, Bundle)> = LazyLock::new(make);

/// A vector that passes.
pub fn file() -> VectorFile {
    SAMPLE.0.clone()
}

/// The bundle it needs.
pub fn bundle() -> Bundle {
    SAMPLE.1.clone()
}

/// A runner that has the bundle.
pub fn runner() -> Runner {
    Runner::new(Engines::new(1, None), vec![bundle()])
}

/// A CAR of blocks, with one root.
pub fn car(root: Cid, blocks: &Blocks) -> Vec<u8> {
    let mut car = Vec::new();
    let mut writer = CarWriter::new(CarHeader::new(vec![root], 1), &mut car).unwrap();
    for (cid, data) in blocks.iter().collect::<BTreeMap<_, _>>() {
        let (cid, data) = (*cid, data.clone());
        writer.write(Block { cid, data }).unwrap();
    }
    car
}

/// Gzip of bytes.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn make() -> (VectorFile, Bundle) {
    let actors = LayeredStore::default();
    let bundle_root = mock::minimal_bundle(&actors).unwrap();
    let bundle = Bundle::new(&[bundle_root], actors.written()).unwrap();

    let store = Rc::new(LayeredStore::new(vec![Arc::clone(&bundle.blocks)]));
    let mut genesis = Genesis::new(Box::new(Rc::clone(&store)), &bundle_root).unwrap();
    let key = |byte| Address::new_secp256k1(&[byte; 65]).unwrap();
    let sender = genesis
        .account(key(1), TokenAmount::from_whole(10))
        .unwrap();
    assert_eq!(sender, SENDER);
    genesis.account(key(2), TokenAmount::from_whole(1)).unwrap();
    let root_cid = genesis.finish().unwrap();

    let message = to_vec(&Message {
        version: 0,
        from: key(1),
        to: key(2),
        sequence: 0,
        value: TokenAmount::from_whole(3),
        method_num: 0,
        params: Default::default(),
        gas_limit: 10_000_000,
        gas_fee_cap: TokenAmount::from_atto(200),
        gas_premium: TokenAmount::from_atto(1),
    });
    let mut blocks = store.written();
    blocks.retain(|cid, _| !bundle.blocks.contains_key(cid));
    let file = VectorFile {
        class: MESSAGE_CLASS.to_owned(),
        selector: None,
        meta: Some(Meta {
            id: "sample".to_owned(),
            ..Meta::default()
        }),
        car: gzip(&car(root_cid, &blocks)),
        preconditions: Preconditions {
            variants: vec![Variant {
                id: "watermelon".to_owned(),
                epoch: 5,
                nv: 21,
            }],
            state_tree: StateTreeRoot { root_cid },
            basefee: None,
            circ_supply: None,
        },
        apply_messages: vec![ApplyMessage {
            bytes: message.unwrap(),
            epoch_offset: None,
        }],
        postconditions: Postconditions {
            state_tree: StateTreeRoot { root_cid },
            receipts: vec![ExpectedReceipt {
                exit_code: 0,
                return_data: Vec::new(),
                gas_used: 0,
                events_root: Some(None),
            }],
        },
        randomness: Vec::new(),
    };
    (with_results(file, &store), bundle)
}

/// Fills in gas, state root and the blocks of the state after.
fn with_results(mut file: VectorFile, store: &Rc<LayeredStore>) -> VectorFile {
    let vector = Vector::new("sample", file.clone()).unwrap();
    let mut machine = Machine::new(
        &Engines::new(1, None),
        context(&vector, &file.preconditions.variants[0]),
        Box::new(Rc::clone(store)),
        Box::new(ReplayChain::new(&vector)),
        Box::new(VectorVerifier),
    )
    .unwrap();
    let message = &vector.messages[0];
    let length = length_on_chain(message, file.apply_messages[0].bytes.len());
    let applied = machine.execute(message, Kind::Explicit, length).unwrap();
    assert!(applied.receipt.exit_code.is_success());
    file.postconditions.receipts[0].gas_used = applied.receipt.gas_used;
    let root = machine.flush().unwrap();
    file.postconditions.state_tree.root_cid = root;
    file.car = gzip(&car(root, &store.written()));
    file
}
