//! Bytes laid out in the driver's scratch memory, for syscalls to take: addresses, CIDs, signatures, encoded proofs.
//!
//! The map: addresses from 0x100, CIDs from 0x800, blobs from 0x1000, results at [`OUT`], output buffers at [`BUF`].

use cid::Cid;
use cid::multihash::Multihash;
use fvm_ipld_encoding::{DAG_CBOR, IPLD_RAW, to_vec};
use fvm_shared::address::Address;
use fvm_shared::commcid::{data_commitment_v1_to_cid, replica_commitment_v1_to_cid};
use fvm_shared::piece::{PaddedPieceSize, PieceInfo};
use fvm_shared::randomness::Randomness;
use fvm_shared::sector::{
    AggregateSealVerifyInfo, AggregateSealVerifyProofAndInfos, PoStProof, RegisteredAggregateProof,
    RegisteredPoStProof, RegisteredSealProof, RegisteredUpdateProof, ReplicaUpdateInfo,
    SealVerifyInfo, SectorID, SectorInfo, WindowPoStVerifyInfo,
};
use multihash_codetable::{Code, MultihashDigest};

use crate::program::Program;
use crate::setup::{Genesis, missing_cid};
use crate::world;

/// Where results of syscalls go (up to 88 bytes).
pub const OUT: u32 = 0x3000;
/// A buffer of 0x800 bytes for syscalls that fill one.
pub const BUF: u32 = 0x3100;

/// A run of bytes in memory.
#[derive(Clone, Debug)]
pub struct Blob {
    /// What it is.
    pub name: &'static str,
    /// Where it lies.
    pub at: u32,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Blob {
    /// Its length.
    pub fn len(&self) -> u32 {
        self.bytes.len() as u32
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// Everything laid out.
#[derive(Clone, Debug, Default)]
pub struct Fixtures {
    /// Addresses, good and bad.
    pub addresses: Vec<Blob>,
    /// CIDs, good and bad.
    pub cids: Vec<Blob>,
    /// The rest.
    pub blobs: Vec<Blob>,
}

/// A BLS public key, the signature of [`MESSAGE`] by it, a second key, and the aggregate with its signature of
/// [`SECOND_MESSAGE`]; then a secp256k1 key and signature of the Blake2b-256 hash of [`MESSAGE`]. Made once with
/// `bls-signatures` and `k256` from fixed private keys.
pub const BLS_KEY: &str = "a30ee085475ad13636e0f622fb8b72affe94b54ac9f13c5a7d7dec847f36bf031ce124e3745e3877433b6d4b71803caf";
/// See [`BLS_KEY`].
pub const BLS_KEY_2: &str = "8e29980abd3899d9aa5a86609f11cf95907de4463bb0e22fbe4e3bbf7af466e1f8c21fcd9198c464eb7e944a2fba75d6";
/// See [`BLS_KEY`].
pub const BLS_SIGNATURE: &str = "b8b5cd71e5aaa5773af44628780cec86bb3825b752951966aa08fb6d5696782900a353b40fba91a82dbcb4c934c426fc048dcdc1b0abdaff5a66c83492d0a72039e2670a81c3891a726cc721f836983c7caf8a127dd1270dfa5b51bd978529fc";
/// See [`BLS_KEY`].
pub const BLS_AGGREGATE: &str = "a9cbb51e2b762168586e2be031432aa6a4040415b6a3fea964d632da98d9f465c15df2f6242568208e98006122a50c2d0d8a782b6990417e8167e1f28a9dbf01207e23a16516df0cbee88ba531aac6d22b173f580cd1c279109a303ade8b6a5b";
/// See [`BLS_KEY`].
pub const SECP_KEY: &str = "0456b328b30c8bf5839e24058747879408bdb36241dc9c2e7c619faa12b2920967ab7cd9ff8ea7fd4f421b1e19f52e955d497a2c83285a6a8ff72c577d6c2fd490";
/// See [`BLS_KEY`].
pub const SECP_SIGNATURE: &str = "8e651fb36459e5f7713462ee5fc3cc98b5f58530cb0ed3bc7aad6367cb68577742ec477fefde6ad3ed9419ad7ea3c51c42be65e11e3304e056535aacef75e5f501";
/// What is signed.
pub const MESSAGE: &[u8] = b"first message";
/// What the second key signs.
pub const SECOND_MESSAGE: &[u8] = b"the second";

/// Bytes from hexadecimal; digits that are none count as zero.
pub fn unhex(text: &str) -> Vec<u8> {
    let digit = |b: &u8| char::from(*b).to_digit(16).unwrap_or(0) as u8;
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| digit(&pair[0]) << 4 | digit(&pair[1]))
        .collect()
}

fn cid_of(codec: u64, hash: u64, digest: &[u8]) -> Cid {
    Multihash::wrap(hash, digest).map_or_else(|_| missing_cid(), |mh| Cid::new_v1(codec, mh))
}

impl Fixtures {
    /// The fixtures of the shared world with this genesis.
    pub fn new(genesis: &Genesis) -> Self {
        let mut out = Self::default();
        out.add_addresses();
        out.add_cids(genesis);
        out.add_blobs();
        out.add_proofs();
        out
    }

    /// Where and how long the blob `name` is. Panics if there is none: tests only.
    pub fn get(&self, name: &str) -> (u32, u32) {
        let all = self.addresses.iter().chain(&self.cids).chain(&self.blobs);
        match all.into_iter().find(|b| b.name == name) {
            Some(blob) => (blob.at, blob.len()),
            None => panic!("no fixture named {name}"),
        }
    }

    /// Puts all of it into memory.
    pub fn load(&self, program: &mut Program) {
        for blob in self.addresses.iter().chain(&self.cids).chain(&self.blobs) {
            program.data(blob.at, &blob.bytes);
        }
    }

    fn add_addresses(&mut self) {
        let mut add = |name, bytes: Vec<u8>| {
            let at = 0x100 + 0x40 * self.addresses.len() as u32;
            assert!(at < 0x800, "too many addresses");
            self.addresses.push(Blob { name, at, bytes });
        };
        let id = |id| Address::new_id(id).to_bytes();
        add("self", id(world::DRIVER));
        add("other", id(world::OTHER));
        add("alice", id(world::ALICE));
        add("alice key", world::alice_key().to_bytes());
        add("bob key", world::bls_key(1).to_bytes());
        add("new f1", world::key(77).to_bytes());
        add("new f3", world::bls_key(77).to_bytes());
        add("zero f3", world::bls_zero().to_bytes());
        add("new eth", world::eth(77).to_bytes());
        add("other f4", world::f4(10, b"the other one").to_bytes());
        add("foreign f4", world::f4(77, b"nobody").to_bytes());
        add("f2", Address::new_actor(b"nobody").to_bytes());
        add("no actor", id(999_999));
        add("max id", id(i64::MAX as u64));
        add("codeless", id(world::CODELESS));
        add("placeholder", id(world::PLACEHOLDER));
        add("init", id(1));
        add("poor", id(world::POOR));
        // Malformed: protocol 5, over-long varint, f1 too short, f4 with a 55-byte subaddress, nothing after the protocol.
        add("protocol 5", vec![5, 1]);
        add("long varint", vec![0, 0x80, 0x80, 0x00]);
        add("short f1", vec![1; 12]);
        let mut long = vec![4, 10];
        long.extend([7; 55]);
        add("long f4", long);
        add("bare", vec![0]);
        add(
            "max u64 id",
            vec![0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
        );
        add("eth account", id(world::ETH_ACCOUNT));
        add("empty f4", vec![4, 10]);
    }

    fn add_cids(&mut self, genesis: &Genesis) {
        let mut add = |name, bytes: Vec<u8>| {
            let at = 0x800 + 0x80 * self.cids.len() as u32;
            assert!(at < 0x1000, "too many CIDs");
            self.cids.push(Blob { name, at, bytes });
        };
        let blake = |data: &[u8]| Code::Blake2b256.digest(data).digest().to_vec();
        add(
            "empty array",
            cid_of(DAG_CBOR, 0xb220, &blake(&[0x80])).to_bytes(),
        );
        add("driver code", genesis.codes[0].to_bytes());
        add("other code", genesis.codes[1].to_bytes());
        add(
            "placeholder code",
            genesis.builtin("placeholder").to_bytes(),
        );
        add("account code", genesis.builtin("account").to_bytes());
        add("missing", missing_cid().to_bytes());
        add("sha256", cid_of(DAG_CBOR, 0x12, &[9; 32]).to_bytes());
        add("identity", cid_of(DAG_CBOR, 0, &[0x81, 0x01]).to_bytes());
        add("identity link", {
            let inner = cid_of(IPLD_RAW, 0xb220, &blake(b"x")).to_bytes();
            let mut block = vec![0xd8, 0x2a, 0x58, inner.len() as u8 + 1, 0];
            block.extend(inner);
            cid_of(DAG_CBOR, 0, &block).to_bytes()
        });
        add(
            "commitment",
            data_commitment_v1_to_cid(&[3; 32])
                .unwrap_or_default()
                .to_bytes(),
        );
        add(
            "64-byte digest",
            cid_of(IPLD_RAW, 0xb240, &[5; 64]).to_bytes(),
        );
        // Malformed: a digest of 65 bytes, version 2, truncated varints, a v0 CID.
        add(
            "oversized",
            [&[1, 0x55, 0xa0, 0xe4, 2, 65][..], &[6; 65]].concat(),
        );
        add(
            "version 2",
            [&[2, 0x55, 0xa0, 0xe4, 2, 32][..], &[6; 32]].concat(),
        );
        add("endless varint", vec![0xff; 40]);
        add("version 0", [&[0x12, 0x20][..], &[8; 32]].concat());
        add("odd codec", cid_of(0x70, 0xb220, &[4; 32]).to_bytes());
    }

    fn blob(&mut self, name: &'static str, bytes: Vec<u8>) {
        let at = self
            .blobs
            .last()
            .map_or(0x1000, |b| (b.at + b.len() + 15) & !15);
        assert!(at + (bytes.len() as u32) < OUT, "too many blobs");
        self.blobs.push(Blob { name, at, bytes });
    }

    fn add_blobs(&mut self) {
        let secp = unhex(SECP_KEY);
        let secp_address = Address::new_secp256k1(&secp).map(|a| a.to_bytes());
        let bls_address = Address::new_bls(&unhex(BLS_KEY)).map(|a| a.to_bytes());
        self.blob("message", MESSAGE.to_vec());
        self.blob("bls key", unhex(BLS_KEY));
        self.blob("bls keys", [unhex(BLS_KEY), unhex(BLS_KEY_2)].concat());
        self.blob("bls address", bls_address.unwrap_or_default());
        self.blob("bls signature", unhex(BLS_SIGNATURE));
        self.blob("bls aggregate", unhex(BLS_AGGREGATE));
        self.blob("messages", [MESSAGE, SECOND_MESSAGE].concat());
        let lengths = [MESSAGE.len() as u32, SECOND_MESSAGE.len() as u32];
        self.blob(
            "lengths",
            lengths.iter().flat_map(|n| n.to_le_bytes()).collect(),
        );
        self.blob("secp address", secp_address.unwrap_or_default());
        self.blob("secp signature", unhex(SECP_SIGNATURE));
        self.blob("hash", Code::Blake2b256.digest(MESSAGE).digest().to_vec());
        self.blob("cbor", vec![0x83, 1, 0x61, b'a', 0xa1, 0x61, b'k', 0xf6]);
        let link = Code::Blake2b256.digest(&[0x80]);
        let link = Cid::new_v1(DAG_CBOR, link).to_bytes();
        let mut linked = vec![0x81, 0xd8, 0x2a, 0x58, link.len() as u8 + 1, 0];
        linked.extend(link);
        self.blob("cbor link", linked);
        self.blob("bad cbor", vec![0x9f, 0xff, 0xff]);
        self.blob("open cbor", vec![0x85, 1, 2]);
        self.blob("name", b"a-name".to_vec());
        self.blob("slash name", b"a/name".to_vec());
        self.blob("dot name", b".name".to_vec());
        self.blob("not utf8", vec![0xff, 0xfe, 0x80]);
        self.blob("fault", vec![1, 2, 3]);
        self.blob("fault 2", vec![2]);
        self.blob("no fault", vec![0, 9]);
        self.blob("bad fault", vec![9]);
        self.blob("fatal fault", vec![4]);
        // Events, early: [[flags, key, codec, value]]; late: packed headers, keys, values.
        let bytes = |value: &[u8]| fvm_ipld_encoding::RawBytes::new(value.to_vec());
        let early = vec![
            (3u64, "key", 0x55u64, bytes(&[1, 2])),
            (0, "k2", 0x55, bytes(&[])),
        ];
        self.blob("early event", to_vec(&early).unwrap_or_default());
        let header = |flags: u64, codec: u64, key: u32, value: u32| {
            let mut out = flags.to_le_bytes().to_vec();
            out.extend(codec.to_le_bytes());
            out.extend(key.to_le_bytes());
            out.extend(value.to_le_bytes());
            out
        };
        let headers = [header(3, 0x55, 3, 2), header(0, 0x51, 2, 0)].concat();
        self.blob("headers", headers);
        self.blob("bad flags", header(7, 0x55, 3, 2));
        self.blob("bad codec", header(1, 0x71, 3, 2));
        self.blob("keys", b"keyk2".to_vec());
        self.blob("values", vec![1, 2]);
    }

    fn add_proofs(&mut self) {
        let sealed = replica_commitment_v1_to_cid(&[1; 32]).unwrap_or_default();
        let unsealed = data_commitment_v1_to_cid(&[2; 32]).unwrap_or_default();
        let pieces = |count: u64| -> Vec<PieceInfo> {
            (0..count)
                .map(|n| PieceInfo {
                    size: PaddedPieceSize(128 << n),
                    cid: unsealed,
                })
                .collect()
        };
        self.blob("pieces", to_vec(&pieces(2)).unwrap_or_default());
        self.blob("bad pieces", to_vec(&pieces(3)).unwrap_or_default());
        let post = |proofs: usize, bytes: usize, kind| WindowPoStVerifyInfo {
            randomness: Randomness(vec![5; 32]),
            proofs: vec![
                PoStProof {
                    post_proof: kind,
                    proof_bytes: vec![6; bytes],
                };
                proofs
            ],
            challenged_sectors: vec![
                SectorInfo {
                    proof: RegisteredSealProof::StackedDRG32GiBV1P1,
                    sector_number: 8,
                    sealed_cid: sealed,
                };
                2
            ],
            prover: 1_000,
        };
        let kind = RegisteredPoStProof::StackedDRGWindow32GiBV1P1;
        self.blob("post", to_vec(&post(1, 4, kind)).unwrap_or_default());
        self.blob("bad post", to_vec(&post(1, 5, kind)).unwrap_or_default());
        self.blob("no post", to_vec(&post(0, 5, kind)).unwrap_or_default());
        let odd = RegisteredPoStProof::Invalid(99);
        self.blob("odd post", to_vec(&post(1, 4, odd)).unwrap_or_default());
        let seal = |number| SealVerifyInfo {
            registered_proof: RegisteredSealProof::StackedDRG32GiBV1P1,
            sector_id: SectorID {
                miner: 1_000,
                number,
            },
            deal_ids: vec![1, 2],
            randomness: Randomness(vec![1; 32]),
            interactive_randomness: Randomness(vec![2; 32]),
            proof: vec![3; 7],
            sealed_cid: sealed,
            unsealed_cid: unsealed,
        };
        let seals: Vec<_> = [0, 1, 2].map(seal).to_vec();
        self.blob("seals", to_vec(&seals).unwrap_or_default());
        self.blob("no seals", vec![0x80]);
        let aggregate = |count: usize, bytes, kind, aggregation| AggregateSealVerifyProofAndInfos {
            miner: 1_000,
            seal_proof: kind,
            aggregate_proof: aggregation,
            proof: vec![4; bytes],
            infos: vec![
                AggregateSealVerifyInfo {
                    sector_number: 3,
                    randomness: Randomness(vec![1; 32]),
                    interactive_randomness: Randomness(vec![2; 32]),
                    sealed_cid: sealed,
                    unsealed_cid: unsealed,
                };
                count
            ],
        };
        let kind = RegisteredSealProof::StackedDRG64GiBV1P1;
        let pack = RegisteredAggregateProof::SnarkPackV2;
        self.blob(
            "aggregate",
            to_vec(&aggregate(2, 4, kind, pack)).unwrap_or_default(),
        );
        let other = RegisteredSealProof::Invalid(55);
        let bad = aggregate(1, 5, other, RegisteredAggregateProof::Invalid(9));
        self.blob("odd aggregate", to_vec(&bad).unwrap_or_default());
        let update = |kind, bytes| ReplicaUpdateInfo {
            update_proof_type: kind,
            old_sealed_cid: sealed,
            new_sealed_cid: sealed,
            new_unsealed_cid: unsealed,
            proof: vec![9; bytes],
        };
        let good = update(RegisteredUpdateProof::StackedDRG32GiBV1, 4);
        self.blob("update", to_vec(&good).unwrap_or_default());
        let odd = update(RegisteredUpdateProof::Invalid(7), 6);
        self.blob("odd update", to_vec(&odd).unwrap_or_default());
    }
}
