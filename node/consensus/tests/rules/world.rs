//! A block on a development network that is good, and everything needed to judge it.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use filigree_blocks::{
    BeaconEntry, BlockHeader, ElectionProof, FullBlock, SignatureType, SignedMessage, Ticket,
    Tipset, TipsetKey, cid_of,
};
use filigree_consensus::beacon::{LocalBeacon, rounds_of_block};
use filigree_consensus::config::Devnet;
use filigree_consensus::eligibility::{Current, Standing};
use filigree_consensus::messages::root;
use filigree_consensus::validate::latest_beacon;
use filigree_consensus::{
    Author, ChainConfig, CheckError, Facts, Sender, SenderKind, Senders, check_block, election,
    ticket, winning_post,
};
use filigree_keys::{Key, KeyType, aggregate, vrf};
use fvm_ipld_encoding::RawBytes;
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::bigint::BigInt;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;
use fvm_shared::sector::{PoStProof, RegisteredPoStProof};
use fvm_shared::version::NetworkVersion;

/// Epoch of the parents. The block is two later: there is a null round between them.
pub const PARENTS_EPOCH: i64 = 1000;
/// `InvokeContract` of Ethereum accounts.
pub const INVOKE_CONTRACT: u64 = 3_844_450_837;

/// The block, and what it is judged by.
pub struct World {
    pub config: ChainConfig,
    pub parents: Tipset,
    pub block: FullBlock,
    pub author: Author,
    pub facts: Facts,
    pub state: State,
    pub now: u64,
    /// What whoever verifies proofs of spacetime says.
    pub post_holds: bool,
    pub beacon: LocalBeacon,
    pub worker: Key,
    pub bls: Key,
    pub secp: Key,
    pub eth: Key,
}

/// Senders by their addresses.
#[derive(Default)]
pub struct State {
    pub senders: BTreeMap<Address, Sender>,
    pub known_good: Vec<SignedMessage>,
    pub damaged: bool,
}

impl Senders for State {
    fn sender(&self, address: &Address) -> Result<Option<Sender>> {
        if self.damaged {
            bail!("the disk is gone");
        }
        Ok(self.senders.get(address).cloned())
    }

    fn is_known_good(&self, signed: &SignedMessage) -> bool {
        self.known_good.contains(signed)
    }
}

pub fn atto(atto: i64) -> TokenAmount {
    TokenAmount::from_atto(atto)
}

pub fn message(from: &Key, sequence: u64) -> Message {
    Message {
        version: 0,
        from: *from.address(),
        to: Address::new_id(99),
        sequence,
        value: atto(1),
        method_num: 0,
        params: RawBytes::default(),
        gas_limit: 2_000_000,
        gas_fee_cap: atto(1_000),
        gas_premium: atto(10),
    }
}

fn key(key_type: KeyType, secret: u8) -> Key {
    Key::from_secret(key_type, &[secret; 32]).unwrap()
}

impl World {
    pub fn new() -> Self {
        let beacon = LocalBeacon::from_seed(&[9; 32]);
        let config = ChainConfig::devnet(Devnet {
            name: "local".to_owned(),
            genesis_timestamp_seconds: 1_700_000_000,
            block_delay_seconds: 4,
            version: NetworkVersion::V28,
            beacon_key: beacon.public(),
        });
        let miner = Address::new_id(1000);
        let previous_beacon = beacon.entry(1001);
        let parents = parents(&config);
        let worker = key(KeyType::Bls, 1);
        let height = PARENTS_EPOCH + 2;
        let header = BlockHeader {
            miner,
            ticket: None,
            election_proof: None,
            beacon_entries: entries(&config, &beacon, height),
            winning_post: vec![PoStProof {
                post_proof: RegisteredPoStProof::StackedDRGWinning2KiBV1,
                proof_bytes: vec![7; 192],
            }],
            parents: parents.key().clone(),
            parent_weight: BigInt::from(123_456),
            height,
            parent_state: cid_of(b"state"),
            parent_receipts: cid_of(b"receipts"),
            messages: cid_of(b"none yet"),
            bls_aggregate: None,
            timestamp_seconds: config.timestamp_of(height).unwrap(),
            signature: None,
            fork_signal: 0,
            parent_base_fee: atto(100),
        };
        let author = Author {
            previous_beacon,
            worker: Some(*worker.address()),
            power: BigInt::from(1 << 20),
            total_power: BigInt::from(1 << 20),
        };
        let facts = Facts {
            parent_state: header.parent_state,
            parent_receipts: header.parent_receipts,
            parent_weight: header.parent_weight.clone(),
            base_fee: header.parent_base_fee.clone(),
            standing: Standing {
                earlier_raw_power: BigInt::from(1 << 20),
                earlier_miners_above_minimum: 1,
                now: Some(Current {
                    quality_power: BigInt::from(1 << 20),
                    fee_debt: atto(0),
                    excluded_until: -1,
                }),
            },
        };
        let mut world = Self {
            now: header.timestamp_seconds,
            config,
            parents,
            block: FullBlock {
                header,
                bls: vec![],
                signed: vec![],
            },
            author,
            facts,
            state: State::default(),
            post_holds: true,
            beacon,
            worker,
            bls: key(KeyType::Bls, 2),
            secp: key(KeyType::Secp256k1, 3),
            eth: key(KeyType::Delegated, 4),
        };
        world.fill();
        world.draw();
        world.seal();
        world
    }

    /// Senders and their messages: two of a BLS key (the second by its id), two of a secp256k1 key, one of Ethereum.
    fn fill(&mut self) {
        self.add_sender(100, SenderKind::Account, 5, *self.bls.address());
        self.add_sender(101, SenderKind::Account, 0, *self.secp.address());
        self.add_sender(102, SenderKind::Placeholder, 0, *self.eth.address());
        let by_id = Message {
            from: Address::new_id(100),
            ..message(&self.bls, 6)
        };
        self.block.bls = vec![message(&self.bls, 5), by_id];
        let to_eth = Message {
            to: *self.eth.address(),
            method_num: INVOKE_CONTRACT,
            ..message(&self.eth, 0)
        };
        self.block.signed = vec![
            self.sign_message(&self.secp, message(&self.secp, 0)),
            self.sign_message(&self.eth, to_eth),
            self.sign_message(&self.secp, message(&self.secp, 1)),
        ];
    }

    pub fn add_sender(&mut self, id: ActorID, kind: SenderKind, sequence: u64, address: Address) {
        let delegated = kind != SenderKind::Account;
        let sender = Sender {
            id,
            kind,
            sequence,
            delegated_address: delegated.then_some(address),
            key_address: (!delegated).then_some(address),
        };
        self.state.senders.insert(address, sender.clone());
        self.state.senders.insert(Address::new_id(id), sender);
    }

    pub fn sign_message(&self, key: &Key, message: Message) -> SignedMessage {
        key.sign_message(message, self.config.eth_chain_id).unwrap()
    }

    /// Draws ticket and election proof anew, and counts the wins.
    pub fn draw(&mut self) {
        let header = &self.block.header;
        let latest = latest_beacon(header, &self.author.previous_beacon);
        let ticket = ticket::input(
            &self.config,
            &header.miner,
            header.height,
            latest,
            &self.parents,
        );
        let election = election::input(&header.miner, header.height, latest);
        let prove = |input| vrf::prove(&self.worker, &input).unwrap();
        let vrf_proof = prove(election);
        let win_count = filigree_consensus::sortition::win_count(
            &vrf_proof,
            &self.author.power,
            &self.author.total_power,
            self.config.blocks_per_epoch,
        );
        let ticket = prove(ticket);
        let header = &mut self.block.header;
        header.ticket = Some(Ticket { vrf_proof: ticket });
        header.election_proof = Some(ElectionProof {
            win_count,
            vrf_proof,
        });
    }

    /// Lists the messages, aggregates, and signs the header.
    pub fn seal(&mut self) {
        let signatures: Vec<_> = self
            .block
            .bls
            .iter()
            .map(|message| {
                let cid = filigree_blocks::message_cid(message);
                self.bls.sign(&cid.to_bytes())
            })
            .collect();
        self.block.header.bls_aggregate = aggregate(&signatures);
        self.block.header.messages = root::of(&self.block).unwrap();
        self.sign();
    }

    /// Signs the header as it is.
    pub fn sign(&mut self) {
        let bytes = self.block.header.signing_bytes();
        self.block.header.signature = Some(self.worker.sign(&bytes));
    }

    /// Changes the header and signs it.
    pub fn header(&mut self, change: impl FnOnce(&mut BlockHeader)) {
        change(&mut self.block.header);
        self.sign();
    }

    /// Changes the first signed message, signs it with its sender's key, and seals the block.
    pub fn first_signed(&mut self, change: impl FnOnce(&mut Message)) {
        let mut message = self.block.signed[0].message.clone();
        change(&mut message);
        self.block.signed[0] = self.sign_message(&self.secp, message);
        self.seal();
    }

    /// Moves the block and what is derived from its epoch.
    pub fn move_to(&mut self, height: i64) {
        let header = &mut self.block.header;
        header.height = height;
        header.timestamp_seconds = self.config.timestamp_of(height).unwrap();
        header.beacon_entries = entries(&self.config, &self.beacon, height);
        self.now = header.timestamp_seconds;
        self.draw();
        self.sign();
    }

    pub fn judge(&self) -> Result<(), CheckError> {
        let verify_post = |claim: &winning_post::Claim| {
            assert_eq!(claim.prover, 1000);
            assert_eq!(claim.proofs, &self.block.header.winning_post[..]);
            Ok(self.post_holds)
        };
        check_block(
            &self.config,
            &self.block,
            &self.parents,
            &self.author,
            &self.facts,
            &self.state,
            verify_post,
            self.now,
        )
    }
}

fn entries(config: &ChainConfig, beacon: &LocalBeacon, height: i64) -> Vec<BeaconEntry> {
    let rounds = rounds_of_block(config, height, PARENTS_EPOCH, 1001).unwrap();
    rounds
        .into_iter()
        .map(|round| beacon.entry(round))
        .collect()
}

fn parents(config: &ChainConfig) -> Tipset {
    let cid = cid_of(b"earlier");
    let headers = [1001, 1002].map(|miner| BlockHeader {
        miner: Address::new_id(miner),
        ticket: Some(Ticket {
            vrf_proof: miner.to_be_bytes().to_vec(),
        }),
        election_proof: Some(ElectionProof {
            win_count: 1,
            vrf_proof: vec![],
        }),
        beacon_entries: vec![],
        winning_post: vec![],
        parents: TipsetKey::new([cid]),
        parent_weight: BigInt::from(1),
        height: PARENTS_EPOCH,
        parent_state: cid,
        parent_receipts: cid,
        messages: cid,
        bls_aggregate: None,
        timestamp_seconds: config.timestamp_of(PARENTS_EPOCH).unwrap(),
        signature: Some(filigree_blocks::Signature::new(SignatureType::Bls, [])),
        fork_signal: 0,
        parent_base_fee: atto(100),
    });
    Tipset::new(headers).unwrap()
}
