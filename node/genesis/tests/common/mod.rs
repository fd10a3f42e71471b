//! Two miners, some accounts, and a place to put them.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use cid::Cid;
use filigree_bundle::{Network, Recipe, kept};
use filigree_car::CarReader;
use filigree_genesis::Template;
use filigree_genesis::template::{
    Account, Client, Holder, Miner, Multisig, PolicyName, Sector, VerifiedRegistry, Verifier,
};
use filigree_vm::Engines;
use fvm_ipld_blockstore::{Blockstore, MemoryBlockstore};
use fvm_shared::address::Address;
use fvm_shared::commcid::{FIL_COMMITMENT_SEALED, POSEIDON_BLS12_381_A1_FC1};
use fvm_shared::econ::TokenAmount;
use fvm_shared::sector::SectorSize;
use multihash_codetable::Multihash;

/// Blocks in memory.
pub type Store = Arc<MemoryBlockstore>;

/// The engines of this process.
pub fn engines() -> &'static Engines {
    static ENGINES: OnceLock<Engines> = OnceLock::new();
    ENGINES.get_or_init(|| {
        let cache = filigree_build::build::default_cache_dir();
        let cache = cache.and_then(|dir| Some(dir.parent()?.join("modules")));
        Engines::new(2, cache)
    })
}

/// A store with the actors of a devnet, and the root of their bundle.
pub fn bundle() -> (Store, Cid) {
    static CAR: Mutex<Option<Vec<u8>>> = Mutex::new(None);
    let mut car = CAR.lock().unwrap_or_else(PoisonError::into_inner);
    let car = car.get_or_insert_with(|| kept::car(&Recipe::of(Network::Devnet)).unwrap());
    let mut reader = CarReader::new(&car[..]).unwrap();
    let root = reader.roots()[0];
    let store = Store::default();
    while let Some(block) = reader.next_block().unwrap() {
        store.put_keyed(&block.cid, &block.data).unwrap();
    }
    (store, root)
}

/// The address of a key over secp256k1.
pub fn key(number: u8) -> Address {
    Address::new_secp256k1(&[number; 65]).unwrap()
}

/// The address of a BLS key.
pub fn worker(number: u8) -> Address {
    Address::new_bls(&[number; 48]).unwrap()
}

fn sector(miner: u8, number: u64) -> Sector {
    let digest = [miner + 1, number as u8]
        .into_iter()
        .chain([0; 30])
        .collect::<Vec<_>>();
    let hash = Multihash::wrap(POSEIDON_BLS12_381_A1_FC1, &digest).unwrap();
    Sector {
        number,
        comm_r: Cid::new_v1(FIL_COMMITMENT_SEALED, hash),
        comm_d: None,
        seal_proof: None,
    }
}

/// The beginning of a network.
pub fn template() -> Template {
    let account = |address, fil| Account {
        address,
        balance: TokenAmount::from_whole(fil),
    };
    let miner = |number: u8, owner, worker, sectors: u64| Miner {
        owner,
        worker,
        sector_size: SectorSize::_2KiB,
        peer_id: vec![number; 38],
        committed_capacity: None,
        sectors: (0..sectors).map(|at| sector(number, at)).collect(),
    };
    let wallet = |signers, threshold| Multisig {
        signers,
        threshold,
        balance: TokenAmount::from_whole(77),
        vesting_start: 5,
        vesting_duration: 100,
    };
    let root = Multisig {
        balance: TokenAmount::default(),
        vesting_duration: 0,
        vesting_start: 0,
        ..wallet(vec![key(0), key(4)], 2)
    };
    let ethereum = Address::new_delegated(10, &[7; 20]).unwrap();
    Template {
        network_name: "testnet of two".to_owned(),
        chain_id: 31_415_926,
        network_version: 28,
        genesis_time: 1_760_000_000,
        base_fee: TokenAmount::from_atto(100),
        policy: PolicyName::Devnet,
        bundle: None,
        ticket: None,
        beacon: None,
        verified_registry: VerifiedRegistry {
            root: Holder::Multisig(root),
            verifiers: vec![Verifier {
                address: key(2),
                allowance: 1 << 40,
                clients: vec![Client {
                    address: key(0),
                    datacap: 1 << 20,
                }],
            }],
        },
        reserve: Holder::Account(key(20)),
        accounts: vec![
            account(key(0), 1_000_000),
            account(worker(1), 50),
            account(key(2), 100_000),
            account(worker(3), 0),
            account(ethereum, 5),
        ],
        multisigs: vec![wallet(vec![key(5), key(0)], 1)],
        miners: vec![
            miner(0, key(0), worker(1), 2),
            miner(1, key(2), worker(3), 1),
        ],
    }
}
