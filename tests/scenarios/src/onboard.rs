//! Storage miners on a stage: created, with sectors that are pre-committed, proven, and proven again every day. Their proofs are mock
//! proofs.
//!
//! Miners want cron at the end of each of their deadlines: let time pass with [`pass`], which stops wherever the power actor has
//! something to do, or with [`Provider::keep_proving`], which submits proofs too.
//!
//! In reading order: this file (miners and their sectors), `time`, `prove` (windowed proofs).

mod prove;
mod time;

use filigree_actor_miner::deadline::Deadline;
use filigree_actor_miner::deadline_info::{DeadlineInfo, new_deadline_info};
use filigree_actor_miner::params::{
    PieceActivationManifest, ProveCommitSectors3Params, SectorActivationManifest,
    SectorDeclaration, WithdrawBalanceParams,
};
use filigree_actor_miner::partition::Partition;
use filigree_actor_miner::types::{
    CompactCommD, MinerInfo, SectorOnChainInfo, SectorPreCommitInfo,
};
use filigree_actor_miner::{Miner, MinerClient};
use filigree_actor_power::{CreateMinerParams, Power, PowerClient};
use filigree_actor_reward::{AwardBlockRewardParams, RewardClient};
use filigree_builtin::{BatchReturn, POLICY, ids};
use filigree_sandbox::{Account, MOCK_PROOF, MockVerifier, Outcome, Who};
use filigree_sdk::prelude::*;
use filigree_vm::Verifier as _;
use fvm_shared::piece::PieceInfo;
use fvm_shared::sector::{RegisteredPoStProof, RegisteredSealProof};
use num_traits::ToPrimitive;

use crate::stage::Stage;
pub use prove::{keep_proving, whole};
pub use time::{pass, skip_days};

/// How sectors are sealed.
pub const SEAL: RegisteredSealProof = RegisteredSealProof::StackedDRG32GiBV1P1;
/// How they are proven later.
pub const POST: RegisteredPoStProof = RegisteredPoStProof::StackedDRGWindow32GiBV1P1;
/// Bytes of a sector.
pub const SECTOR_SIZE: u64 = 32 << 30;
/// Epochs in a day.
pub const DAY: ChainEpoch = filigree_builtin::network::EPOCHS_IN_DAY;
/// From a pre-commit to the expiration that it names here: the least is 210 days and a few epochs.
pub const LIFE: ChainEpoch = 240 * DAY;

/// A valid proof.
pub fn proof() -> RawBytes {
    RawBytes::new(MOCK_PROOF.to_vec())
}

/// FIL as attoFIL.
pub fn fil(fil: u64) -> TokenAmount {
    TokenAmount::from_whole(fil)
}

/// A commitment to a sealed sector: another for each seed.
pub fn sealed_cid(seed: u64) -> Cid {
    commitment(&[0x01, 0x82, 0xe2, 0x03, 0x81, 0xe8, 0x02, 0x20], seed)
}

/// A commitment to a piece of data: another for each seed.
pub fn piece_cid(seed: u64) -> Cid {
    commitment(&[0x01, 0x81, 0xe2, 0x03, 0x92, 0x20, 0x20], seed)
}

fn commitment(prefix: &[u8], seed: u64) -> Cid {
    let mut bytes = prefix.to_vec();
    bytes.extend([seed.to_be_bytes(); 4].concat());
    Cid::try_from(bytes).expect("a commitment")
}

/// The commitment to a sector's data, as the mock verifier makes it.
pub fn commd(seal: RegisteredSealProof, pieces: &[PieceActivationManifest]) -> CompactCommD {
    if pieces.is_empty() {
        return CompactCommD::empty();
    }
    let infos: Vec<_> = pieces
        .iter()
        .map(|piece| PieceInfo {
            cid: piece.cid,
            size: piece.size,
        })
        .collect();
    let cid = MockVerifier.unsealed_sector_cid(seal, &infos);
    CompactCommD::of(cid.expect("pieces have a commitment"))
}

/// A new account with a BLS key, as workers need it.
pub fn bls_account(stage: &mut Stage, payer: Account, number: u64, money: u64) -> Address {
    let key = [number.to_be_bytes(); 6].concat();
    let address = Address::new_bls(&key).expect("a key of 48 bytes");
    stage.sandbox().transfer(payer, address, fil(money)).ok();
    address
}

/// Has others pledge, by hand. The deposit of a new miner is no pledge, but is taken off the pledges of all miners as it vests: a miner
/// alone would lose its claim within days.
fn among_others(stage: &mut Stage) {
    stage.pledge_elsewhere(fil(100_000_000));
}

/// The power actor.
pub fn power() -> PowerClient {
    PowerClient::at(ids::address(ids::POWER))
}

/// A miner, and who acts for it.
#[derive(Clone, Copy, Debug)]
pub struct Provider {
    /// Who owns it.
    pub owner: Account,
    /// Its worker, with a BLS key.
    pub worker: Address,
    /// Its id.
    pub id: ActorID,
    /// What calls it.
    pub client: MinerClient,
    /// How its sectors are sealed.
    pub seal: RegisteredSealProof,
}

/// Making one, and what it is like.
impl Provider {
    /// With 32 GiB sectors and a million FIL, enough for some hundred sectors.
    pub fn new(stage: &mut Stage) -> Self {
        Self::create(stage, SEAL, 1_000_000)
    }

    /// With sectors of another size, and with other money, in FIL.
    pub fn create(stage: &mut Stage, seal: RegisteredSealProof, money: u64) -> Self {
        among_others(stage);
        let owner = stage.account(money + 10_000);
        let miners = stage.state::<Power>(ids::POWER).miner_count;
        let worker = bls_account(stage, owner, 1_000 + miners as u64, 1_000);
        let params = Self::params(owner, worker, seal);
        let call = power().create_miner(params).value(fil(money));
        let created = stage.call(owner, call).ok();
        let id = created.id_address.id().expect("an id");
        Self {
            owner,
            worker,
            id,
            client: MinerClient::at(created.id_address),
            seal,
        }
    }

    /// Parameters of its creation.
    pub fn params(owner: Account, worker: Address, seal: RegisteredSealProof) -> CreateMinerParams {
        let post = seal.registered_window_post_proof();
        CreateMinerParams {
            owner: owner.address,
            worker,
            window_post_proof_type: post.expect("a seal proof has a windowed proof"),
            peer: Bytes(b"peer".to_vec()),
            multiaddrs: vec![Bytes(b"address".to_vec())],
        }
    }

    /// Its state.
    pub fn state(&self, stage: &Stage) -> Miner {
        stage.state(self.id)
    }

    /// Who acts for it.
    pub fn info(&self, stage: &Stage) -> MinerInfo {
        let info = self.state(stage).get_info(&stage.store());
        info.expect("the miner's information can be read")
    }

    /// A sector, if it was proven and is in the state still.
    pub fn sector(&self, stage: &Stage, number: u64) -> Option<SectorOnChainInfo> {
        let sector = self.state(stage).get_sector(&stage.store(), number);
        sector.expect("the sectors can be read")
    }

    /// Deadline and partition of a sector.
    pub fn location(&self, stage: &Stage, number: u64) -> (u64, u64) {
        let found = self.state(stage).find_sector(&stage.store(), number);
        let found = found.expect("the deadlines can be read");
        found.unwrap_or_else(|| panic!("sector {number} is in no partition"))
    }

    /// A deadline.
    pub fn deadline(&self, stage: &Stage, index: u64) -> Deadline {
        let store = &stage.store();
        let deadlines = self.state(stage).load_deadlines(store);
        let deadline = deadlines.and_then(|deadlines| deadlines.load_deadline(store, index));
        deadline.expect("the deadline can be read")
    }

    /// The partition of a sector.
    pub fn partition(&self, stage: &Stage, number: u64) -> Partition {
        let (deadline, partition) = self.location(stage, number);
        let partition = self
            .deadline(stage, deadline)
            .load_partition(&stage.store(), partition);
        partition.expect("the partition can be read")
    }

    /// The deadline that is open.
    pub fn now(&self, stage: &Stage) -> DeadlineInfo {
        self.state(stage).deadline_info(&POLICY, stage.epoch())
    }

    /// The next time of a deadline that is not over.
    pub fn next_time(&self, stage: &Stage, index: u64) -> DeadlineInfo {
        let start = self.now(stage).period_start;
        new_deadline_info(&POLICY, start, index, stage.epoch()).next_not_elapsed()
    }

    /// Its raw and quality-adjusted power, bytes.
    pub fn power(&self, stage: &Stage) -> (u64, u64) {
        let claim = stage
            .state::<Power>(ids::POWER)
            .claimed_power(stage.store(), self.id);
        let claim = claim.expect("the miner has a claim");
        let (raw, quality) = (&claim.raw_byte_power.0, &claim.quality_adj_power.0);
        (
            raw.to_u64().expect("a power"),
            quality.to_u64().expect("a power"),
        )
    }
}

/// From announced to proven.
impl Provider {
    /// What is said of an empty sector when it is pre-committed now.
    pub fn announcement(&self, stage: &Stage, sector_number: u64) -> SectorPreCommitInfo {
        SectorPreCommitInfo {
            seal_proof: self.seal,
            sector_number,
            sealed_cid: sealed_cid(sector_number),
            seal_rand_epoch: stage.epoch() - 1,
            deal_ids: Vec::new(),
            expiration: stage.epoch() + LIFE,
            unsealed_cid: CompactCommD::empty(),
        }
    }

    /// Pre-commits sectors.
    pub fn pre_commit(&self, stage: &mut Stage, sectors: Vec<SectorPreCommitInfo>) -> Outcome<()> {
        let params = filigree_actor_miner::params::PreCommitSectorBatchParams2 { sectors };
        stage.call(self.worker, self.client.pre_commit_sector_batch2(params))
    }

    /// Pre-commits sectors that will have these pieces.
    pub fn announce(&self, stage: &mut Stage, sectors: &[SectorActivationManifest]) {
        let announced = sectors.iter().map(|sector| SectorPreCommitInfo {
            unsealed_cid: commd(self.seal, &sector.pieces),
            ..self.announcement(stage, sector.sector_number)
        });
        let announced = announced.collect();
        self.pre_commit(stage, announced).ok();
    }

    /// Waits until sectors that are pre-committed now can be proven.
    pub fn await_challenge(&self, stage: &mut Stage) {
        let to = stage.epoch() + POLICY.pre_commit_challenge_delay + 1;
        pass(stage, to);
    }

    /// Parameters that prove pre-committed sectors, each by its own proof; all must be right.
    pub fn commitment(&self, sectors: Vec<SectorActivationManifest>) -> ProveCommitSectors3Params {
        ProveCommitSectors3Params {
            sector_proofs: vec![proof(); sectors.len()],
            sector_activations: sectors,
            aggregate_proof: RawBytes::default(),
            aggregate_proof_type: None,
            require_activation_success: true,
            require_notification_success: true,
        }
    }

    /// Proves pre-committed sectors.
    pub fn prove_commit(
        &self,
        stage: &mut Stage,
        params: ProveCommitSectors3Params,
    ) -> Outcome<BatchReturn> {
        stage.call(self.worker, self.client.prove_commit_sectors3(params))
    }

    /// Pre-commits sectors with these pieces, waits, and proves them.
    pub fn commit(&self, stage: &mut Stage, sectors: Vec<SectorActivationManifest>) {
        self.announce(stage, &sectors);
        self.await_challenge(stage);
        let count = sectors.len() as u32;
        let proven = self.prove_commit(stage, self.commitment(sectors)).ok();
        assert_eq!(proven, BatchReturn::ok(count));
    }

    /// The same with empty sectors.
    pub fn commit_empty(&self, stage: &mut Stage, numbers: impl IntoIterator<Item = u64>) {
        self.commit(stage, numbers.into_iter().map(empty).collect());
    }
}

/// A sector without data.
pub fn empty(sector_number: u64) -> SectorActivationManifest {
    SectorActivationManifest {
        sector_number,
        pieces: Vec::new(),
    }
}

/// Money.
impl Provider {
    /// The reward for a block, `wins` times that of a single win, with a penalty for bad messages (which is taken threefold).
    pub fn award(&self, stage: &mut Stage, wins: i64, penalty: TokenAmount) {
        let params = AwardBlockRewardParams {
            miner: self.client.address,
            penalty,
            gas_reward: TokenAmount::default(),
            win_count: wins,
        };
        let reward = RewardClient::at(ids::address(ids::REWARD));
        let call = reward.award_block_reward(params);
        stage.implicit(ids::SYSTEM, call).ok();
    }

    /// Sends all that is available to the owner; gives how much that was.
    pub fn withdraw_all(&self, stage: &mut Stage) -> TokenAmount {
        let params = WithdrawBalanceParams {
            amount_requested: fil(1_000_000_000),
        };
        let call = self.client.withdraw_balance(params);
        stage.call(self.owner, call).ok()
    }
}

/// A set of sectors.
pub fn set(sectors: impl IntoIterator<Item = u64>) -> BitField {
    BitField::try_from_bits(sectors).expect("numbers that fit in a set")
}

/// Whether an address is another's.
pub fn id_of(stage: &Stage, who: impl Who) -> Address {
    Address::new_id(stage.id(who))
}

/// Names sectors, which are in the same partition.
pub fn declare(
    stage: &Stage,
    miner: &Provider,
    sectors: impl IntoIterator<Item = u64>,
) -> SectorDeclaration {
    let sectors: Vec<u64> = sectors.into_iter().collect();
    let (deadline, partition) = miner.location(stage, sectors[0]);
    SectorDeclaration {
        deadline,
        partition,
        sectors: set(sectors),
    }
}
