//! The world most tests share: two accounts, a few drivers, a placeholder; and messages to them.

use anyhow::Result;
use fvm_ipld_encoding::RawBytes;
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;
use fvm_shared::version::NetworkVersion;
use num_traits::Zero;

use crate::driver;
use crate::oracle::Step;
use crate::setup::{Account, CodeRef, Deployed, Setup};

/// An f1 account with plenty of funds.
pub const ALICE: ActorID = 100;
/// An f3 account with plenty of funds.
pub const BOB: ActorID = 101;
/// A driver.
pub const DRIVER: ActorID = 200;
/// A second driver, with another code and an f4 address.
pub const OTHER: ActorID = 201;
/// An actor whose code is stored nowhere.
pub const CODELESS: ActorID = 202;
/// A placeholder with an f4 address in the address manager's namespace.
pub const PLACEHOLDER: ActorID = 203;
/// A driver without funds.
pub const POOR: ActorID = 204;
/// An Ethereum account, which may send messages.
pub const ETH_ACCOUNT: ActorID = 205;
/// A placeholder whose address is in another namespace.
pub const FOREIGN_PLACEHOLDER: ActorID = 206;

/// Gas enough for anything here.
pub const PLENTY: u64 = 20_000_000_000;

/// Network versions the issue names.
pub const VERSIONS: [NetworkVersion; 5] = [
    NetworkVersion::V18,
    NetworkVersion::V21,
    NetworkVersion::V24,
    NetworkVersion::V25,
    NetworkVersion::V28,
];

/// Key address of [`ALICE`].
pub fn alice_key() -> Address {
    key(1)
}

/// A f1 address; each number another.
pub fn key(number: u8) -> Address {
    let mut bytes = [number; 65];
    bytes[0] = 4;
    Address::new_secp256k1(&bytes).unwrap_or_else(|_| Address::new_actor(&bytes))
}

/// A f3 address; each number another.
pub fn bls_key(number: u8) -> Address {
    let bytes = [number; 48];
    Address::new_bls(&bytes).unwrap_or_else(|_| Address::new_actor(&bytes))
}

/// The f3 address of 48 zero bytes, with the flag that makes it the point at infinity.
pub fn bls_zero() -> Address {
    let mut bytes = [0u8; 48];
    bytes[0] = 0xc0;
    Address::new_bls(&bytes).unwrap_or_else(|_| Address::new_actor(&bytes))
}

/// An f4 address.
pub fn f4(namespace: ActorID, sub: &[u8]) -> Address {
    Address::new_delegated(namespace, sub).unwrap_or_else(|_| Address::new_actor(sub))
}

/// An f4 address in the Ethereum address manager's namespace.
pub fn eth(number: u8) -> Address {
    f4(10, &[number; 20])
}

/// The shared world at `version`.
pub fn setup(version: NetworkVersion) -> Result<Setup> {
    let mut setup = Setup::new(version, driver::builtins(version)?);
    setup.codes = vec![
        driver::wasm(version, "driver")?,
        driver::wasm(version, "other")?,
    ];
    setup.accounts = vec![
        Account {
            id: ALICE,
            key: alice_key(),
            balance: TokenAmount::from_whole(1_000_000),
        },
        Account {
            id: BOB,
            key: bls_key(1),
            balance: TokenAmount::from_whole(1_000_000),
        },
    ];
    let actor = |id, code, whole, delegated| Deployed {
        id,
        code,
        state: vec![0x80],
        balance: TokenAmount::from_whole(whole),
        delegated,
    };
    setup.deployed = vec![
        actor(DRIVER, CodeRef::Custom(0), 1_000, None),
        actor(
            OTHER,
            CodeRef::Custom(1),
            500,
            Some(f4(10, b"the other one")),
        ),
        actor(CODELESS, CodeRef::Missing, 7, None),
        actor(
            PLACEHOLDER,
            CodeRef::Builtin("placeholder"),
            3,
            Some(eth(3)),
        ),
        actor(POOR, CodeRef::Custom(0), 0, None),
        actor(
            ETH_ACCOUNT,
            CodeRef::Builtin("ethaccount"),
            10_000,
            Some(eth(5)),
        ),
        actor(
            FOREIGN_PLACEHOLDER,
            CodeRef::Builtin("placeholder"),
            3,
            Some(f4(77, b"elsewhere")),
        ),
    ];
    Ok(setup)
}

/// Writes messages with rising nonces.
#[derive(Clone, Debug)]
pub struct Sender {
    /// Who sends.
    pub from: Address,
    /// Next nonce.
    pub nonce: u64,
    /// Gas limit.
    pub gas: u64,
}

impl Sender {
    /// Alice, from her key address, with plenty of gas.
    pub fn alice() -> Self {
        Self {
            from: alice_key(),
            nonce: 0,
            gas: PLENTY,
        }
    }

    /// A message with raw parameters.
    pub fn message(&mut self, to: Address, method: u64, params: Vec<u8>) -> Message {
        let sequence = self.nonce;
        self.nonce += 1;
        Message {
            version: 0,
            from: self.from,
            to,
            sequence,
            value: TokenAmount::zero(),
            method_num: method,
            params: RawBytes::new(params),
            gas_limit: self.gas,
            gas_fee_cap: TokenAmount::from_atto(200),
            gas_premium: TokenAmount::from_atto(30),
        }
    }

    /// An explicit message with a program to an actor.
    pub fn call(&mut self, to: ActorID, program: Vec<u8>) -> Step {
        Step::explicit(self.message(Address::new_id(to), 2, program))
    }

    /// An explicit transfer of attoFIL without a call.
    pub fn transfer(&mut self, to: Address, atto: u64) -> Step {
        let mut message = self.message(to, 0, Vec::new());
        message.value = TokenAmount::from_atto(atto);
        Step::explicit(message)
    }
}
