//! A world with a head, senders that have keys, and a pool.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use anyhow::{Result, bail};
use filigree_blocks::{ChainMessage, SignedMessage};
use filigree_consensus::config::ChainConfig;
use filigree_consensus::config::{Devnet, MESSAGE_BYTES};
use filigree_consensus::{Sender, SenderKind};
use filigree_keys::eth::message::INVOKE_CONTRACT;
use filigree_keys::{Key, KeyType};
use filigree_mempool::{Account, Accounts, Base, Limits, Pool, Pushed, Refusal, Source};
use filigree_store::{Db, Options, Table, TableDef};
use fvm_ipld_encoding::RawBytes;
use fvm_shared::address::{Address, Protocol};
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;
use fvm_shared::version::NetworkVersion;
use tempfile::TempDir;

/// Gas of messages here: enough for being on chain.
pub const GAS: u64 = 2_000_000;
/// Their fee cap per gas.
pub const CAP: u64 = 1_000;
/// Their premium per gas.
pub const PREMIUM: u64 = 100;

/// State in memory.
#[derive(Clone, Default)]
pub struct MockAccounts {
    accounts: BTreeMap<Address, Account>,
    broken: bool,
}

impl Accounts for MockAccounts {
    fn account(&self, address: &Address) -> Result<Option<Account>> {
        if self.broken {
            bail!("a block of state is missing");
        }
        let by_id = |account: &&Account| *address == Address::new_id(account.sender.id);
        let account = match address.protocol() {
            Protocol::ID => self.accounts.values().find(by_id),
            _ => self.accounts.get(address),
        };
        Ok(account.cloned())
    }
}

pub struct World {
    pub pool: Pool,
    pub config: Arc<ChainConfig>,
    db: Db,
    _folder: TempDir,
    state: RwLock<MockAccounts>,
    pub epoch: RwLock<i64>,
    base_fee: RwLock<TokenAmount>,
}

pub fn atto(amount: u64) -> TokenAmount {
    TokenAmount::from_atto(amount)
}

/// The key of a number.
pub fn key(key_type: KeyType, number: u8) -> Key {
    Key::from_secret(key_type, &[number; 32]).unwrap()
}

impl World {
    pub fn new() -> Self {
        Self::with(Limits::default(), NetworkVersion::V25)
    }

    pub fn with(limits: Limits, version: NetworkVersion) -> Self {
        let mut config = ChainConfig::devnet(Devnet {
            name: "local".to_owned(),
            genesis_timestamp_seconds: 1_700_000_000,
            block_delay_seconds: 7,
            version,
            beacon_key: [0; 96],
        });
        // As where others listen.
        config.max_message_bytes = MESSAGE_BYTES;
        let config = Arc::new(config);
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path().join("db"), &Options::small()).unwrap();
        let base = Base {
            epoch: 1_000,
            base_fee: atto(100),
            accounts: Arc::new(MockAccounts::default()),
        };
        let pool = Pool::open(Arc::clone(&config), limits, &db, base).unwrap();
        Self {
            pool,
            config,
            db,
            _folder: folder,
            state: RwLock::default(),
            epoch: RwLock::new(1_000),
            base_fee: RwLock::new(atto(100)),
        }
    }

    /// As after a restart.
    /// Messages from here as they are on disk, with the epoch at which they were mined.
    pub fn kept(&self) -> Table<(Address, u64), (SignedMessage, Option<i64>)> {
        self.db.table(TableDef::new("mempool.local"))
    }

    pub fn restart(&mut self) {
        let limits = self.pool.limits();
        self.pool = Pool::open(Arc::clone(&self.config), limits, &self.db, self.base()).unwrap();
    }

    pub fn base(&self) -> Base {
        Base {
            epoch: *self.epoch.read().unwrap(),
            base_fee: self.base_fee.read().unwrap().clone(),
            accounts: Arc::new(self.state.read().unwrap().clone()),
        }
    }

    /// The pool learns what state is now.
    pub fn sync(&self) {
        self.pool.change_head(&[], &[], self.base());
    }

    /// A sender with a key and funds.
    pub fn sender(&self, key_type: KeyType, number: u8) -> Key {
        let key = key(key_type, number);
        self.fund(&key, TokenAmount::from_whole(1), 0);
        key
    }

    /// Gives a sender that balance and sequence number.
    pub fn fund(&self, key: &Key, balance: TokenAmount, sequence: u64) {
        let kind = match key.key_type() {
            KeyType::Delegated => SenderKind::EthAccount,
            KeyType::Secp256k1 | KeyType::Bls => SenderKind::Account,
        };
        self.set(key, balance, sequence, kind);
    }

    pub fn set(&self, key: &Key, balance: TokenAmount, sequence: u64, kind: SenderKind) {
        let address = *key.address();
        let delegated = key.key_type() == KeyType::Delegated;
        let sender = Sender {
            id: id_of(key),
            kind,
            sequence,
            delegated_address: delegated.then_some(address),
            key_address: (!delegated).then_some(address),
        };
        let account = Account { sender, balance };
        self.state
            .write()
            .unwrap()
            .accounts
            .insert(address, account);
        self.sync();
    }

    /// Gives a sender that sequence number in the state of the next head, of which the pool does not know yet.
    pub fn prepare(&self, key: &Key, sequence: u64) {
        let mut state = self.state.write().unwrap();
        let account = state.accounts.get_mut(key.address()).unwrap();
        account.sender.sequence = sequence;
    }

    pub fn break_state(&self, broken: bool) {
        self.state.write().unwrap().broken = broken;
        self.sync();
    }

    pub fn set_base_fee(&self, base_fee: u64) {
        *self.base_fee.write().unwrap() = atto(base_fee);
        self.sync();
    }

    pub fn message(&self, from: &Key, nonce: u64) -> Message {
        Message {
            version: 0,
            from: *from.address(),
            to: Address::new_id(1_001),
            sequence: nonce,
            value: TokenAmount::default(),
            method_num: INVOKE_CONTRACT,
            params: RawBytes::default(),
            gas_limit: GAS,
            gas_fee_cap: atto(CAP),
            gas_premium: atto(PREMIUM),
        }
    }

    pub fn sign(&self, key: &Key, message: Message) -> SignedMessage {
        key.sign_message(message, self.config.eth_chain_id).unwrap()
    }

    /// A plain message, signed.
    pub fn signed(&self, key: &Key, nonce: u64) -> SignedMessage {
        self.sign(key, self.message(key, nonce))
    }

    /// A message with that premium, and a cap that lets it be paid.
    pub fn paying(&self, key: &Key, nonce: u64, premium: u64) -> SignedMessage {
        let mut message = self.message(key, nonce);
        message.gas_fee_cap = atto(CAP + premium);
        message.gas_premium = atto(premium);
        self.sign(key, message)
    }

    pub fn push(&self, signed: &SignedMessage) -> Result<Pushed, Refusal> {
        self.pool.push(signed.clone(), Source::Network)
    }

    pub fn push_here(&self, signed: &SignedMessage) -> Result<Pushed, Refusal> {
        self.pool.push(signed.clone(), Source::Here)
    }

    /// Sequence numbers of a sender's messages in the pool.
    pub fn nonces(&self, key: &Key) -> Vec<u64> {
        let pending = self.pool.pending_of(key.address());
        pending.iter().map(|pending| pending.nonce()).collect()
    }

    pub fn next_nonce(&self, key: &Key) -> u64 {
        self.pool.next_nonce(key.address()).unwrap()
    }
}

pub fn id_of(key: &Key) -> u64 {
    let kind = match key.key_type() {
        KeyType::Secp256k1 => 10_000,
        KeyType::Bls => 20_000,
        KeyType::Delegated => 30_000,
    };
    kind + u64::from(key.secret()[0])
}

/// As it stands in a block.
pub fn on_chain(signed: &SignedMessage) -> ChainMessage {
    signed.clone().into_chain_message()
}
