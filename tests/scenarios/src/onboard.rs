//! Storage miners on a stage: created, with sectors that are pre-committed, proven, and proven again every day. Their proofs are mock
//! proofs.
//!
//! Miners want cron at the end of each of their deadlines: let time pass with [`pass`], which stops wherever the power actor has
//! something to do, or with [`Provider::keep_proving`], which submits proofs too.

use filigree_actor_miner::deadline_info::{DeadlineInfo, new_deadline_info};
use filigree_actor_miner::params::{
    PieceActivationManifest, ProveCommitSectors3Params, SectorActivationManifest,
    SubmitWindowedPoStParams, WithdrawBalanceParams,
};
use filigree_actor_miner::types::{
    CompactCommD, MinerInfo, PoStPartition, SectorOnChainInfo, SectorPreCommitInfo,
};
use filigree_actor_miner::{Miner, MinerClient, deadline::Deadline, partition::Partition};
use filigree_actor_power::{CreateMinerParams, CronQueue, Power, PowerClient};
use filigree_actor_reward::{AwardBlockRewardParams, RewardClient};
use filigree_builtin::{BatchReturn, POLICY, ids};
use filigree_sandbox::{Account, MOCK_PROOF, MockChain, MockVerifier, Outcome, Who};
use filigree_sdk::collections::OpenMap;
use filigree_sdk::prelude::*;
use filigree_vm::{Chain as _, Verifier as _};
use fvm_shared::piece::PieceInfo;
use fvm_shared::randomness::Randomness;
use fvm_shared::sector::{PoStProof, RegisteredPoStProof, RegisteredSealProof};
use multihash_codetable::{Code, MultihashDigest};
use num_traits::ToPrimitive;

use crate::stage::Stage;

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

/// Purpose of the randomness that ties a proof to a chain (Filecoin spec, "Domain Separation Tags").
const TAG_POST_CHAIN_COMMIT: i64 = 9;

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

/// Goes on to an epoch: null rounds, save for those epochs at whose end the power actor has something to do.
pub fn pass(stage: &mut Stage, to: ChainEpoch) {
    while stage.epoch() < to {
        let now = stage.epoch();
        let due = first_event(stage).map_or(to, |event| event.saturating_add(1).clamp(now + 1, to));
        stage.leap(due);
    }
}

/// When the power actor has something to do next.
fn first_event(stage: &Stage) -> Option<ChainEpoch> {
    let power: Power = stage.state(ids::POWER);
    let mut first: Option<ChainEpoch> = None;
    let queue = power.cron_event_queue.open_in(stage.store());
    let visited = queue.and_then(|queue| {
        queue.for_each(|epoch, _| {
            first = Some(first.map_or(epoch, |first| first.min(epoch)));
            Ok(())
        })
    });
    visited.expect("the queue can be read");
    first
}

/// Skips days by hand, as if nothing had happened in them but that sectors had been proven: what the miners and the network are waiting
/// for comes as many days later. Deals are not looked at.
pub fn skip_days(stage: &mut Stage, miners: &[&Provider], days: ChainEpoch) {
    let epochs = days * DAY;
    let now = stage.epoch();
    let sandbox = stage.sandbox();
    for miner in miners {
        let mut state: Miner = sandbox.state(miner.id);
        state.proving_period_start += epochs;
        sandbox.set_state(miner.id, &state);
    }
    let mut power: Power = sandbox.state(ids::POWER);
    power.cron_event_queue = later(&sandbox.store(), power.cron_event_queue, epochs);
    power.first_cron_epoch += epochs;
    sandbox.set_state(ids::POWER, &power);
    let mut reward: filigree_actor_reward::Reward = sandbox.state(ids::REWARD);
    reward.epoch += epochs;
    sandbox.set_state(ids::REWARD, &reward);
    let mut market: filigree_actor_market::Market = sandbox.state(ids::MARKET);
    market.last_cron += epochs;
    sandbox.set_state(ids::MARKET, &market);
    sandbox.set_epoch(now + epochs);
}

fn later(
    store: &impl fvm_ipld_blockstore::Blockstore,
    queue: CronQueue,
    epochs: ChainEpoch,
) -> CronQueue {
    let moved = || -> Result<CronQueue> {
        let mut moved = OpenMap::empty(store);
        queue
            .open_in(store)?
            .for_each(|epoch, events| moved.set(&(epoch + epochs), &events))?;
        moved.close()
    };
    moved().expect("the queue can be moved")
}

/// Has others pledge, by hand. The deposit of a new miner is no pledge, but is taken off the pledges of all miners as it vests: a miner alone
/// would lose its claim within days.
fn among_others(stage: &mut Stage) {
    let mut power: Power = stage.state(ids::POWER);
    let others = fil(100_000_000);
    if power.total_pledge_collateral < others {
        power.total_pledge_collateral += others;
        stage.sandbox().set_state(ids::POWER, &power);
    }
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

/// Proofs of every day.
impl Provider {
    /// Goes on to the next time that a deadline is open; stays, if it is open now.
    pub fn go_to_deadline(&self, stage: &mut Stage, index: u64) -> DeadlineInfo {
        let next = self.next_time(stage, index);
        pass(stage, next.open);
        self.now(stage)
    }

    /// Parameters that prove partitions of the deadline that is open.
    pub fn post(&self, stage: &Stage, partitions: Vec<PoStPartition>) -> SubmitWindowedPoStParams {
        let commit_epoch = stage.epoch() - 1;
        let post = self.seal.registered_window_post_proof();
        SubmitWindowedPoStParams {
            deadline: self.now(stage).index,
            partitions,
            proofs: vec![PoStProof {
                post_proof: post.expect("a seal proof has a windowed proof"),
                proof_bytes: MOCK_PROOF.to_vec(),
            }],
            chain_commit_epoch: commit_epoch,
            chain_commit_rand: self.chain_commit_rand(stage, commit_epoch),
        }
    }

    /// The randomness of the chain that a proof names, as the mock chain draws it.
    pub fn chain_commit_rand(&self, stage: &Stage, epoch: ChainEpoch) -> Randomness {
        let chain = MockChain {
            epoch: stage.epoch(),
            seed: 0,
            circulating_supply: TokenAmount::default(),
        };
        let digest = chain.chain_randomness(epoch).expect("an epoch that was");
        let tag = TAG_POST_CHAIN_COMMIT.to_be_bytes();
        let drawn = [&tag[..], &digest, &epoch.to_be_bytes()].concat();
        Randomness(Code::Blake2b256.digest(&drawn).digest().to_vec())
    }

    /// Submits a proof.
    pub fn submit(&self, stage: &mut Stage, params: SubmitWindowedPoStParams) -> Outcome<()> {
        stage.call(self.worker, self.client.submit_windowed_post(params))
    }

    /// Goes to the deadline of a sector and proves its partition, all of it.
    pub fn prove(&self, stage: &mut Stage, number: u64) {
        let (deadline, partition) = self.location(stage, number);
        self.go_to_deadline(stage, deadline);
        let post = self.post(stage, vec![whole(partition)]);
        self.submit(stage, post).ok();
    }

    /// Proves those partitions of some sectors that are not proven yet this day.
    pub fn prove_rest(&self, stage: &mut Stage, sectors: &[u64]) {
        for number in sectors {
            let (deadline, partition) = self.location(stage, *number);
            let posted = self.deadline(stage, deadline).partitions_posted;
            if !posted.get(partition) && self.partition(stage, *number).unproven.get(*number) {
                self.prove(stage, *number);
            }
        }
    }

    /// Lets time pass until an epoch, and proves all that can be proven in each deadline.
    pub fn keep_proving(&self, stage: &mut Stage, until: ChainEpoch) {
        keep_proving(stage, &[self], until);
    }

    /// Proves all that can be proven now.
    fn prove_due(&self, stage: &mut Stage) {
        let due = self.due(stage, self.now(stage).index);
        for partitions in due.chunks(POLICY.posted_partitions_max as usize) {
            let post = self.post(stage, partitions.iter().copied().map(whole).collect());
            self.submit(stage, post).ok();
        }
    }

    /// Partitions with something to prove that is not proven yet.
    fn due(&self, stage: &Stage, index: u64) -> Vec<u64> {
        let deadline = self.deadline(stage, index);
        let mut due = Vec::new();
        let store = &stage.store();
        let partitions = deadline.partitions_amt(store);
        let visited = partitions.and_then(|partitions| {
            partitions.for_each(|index, partition: Partition| {
                let lost = &partition.faults - &partition.recoveries;
                let good = &partition.live_sectors() - &lost;
                if !good.is_empty() && !deadline.partitions_posted.get(index) {
                    due.push(index);
                }
                Ok(())
            })
        });
        visited.expect("the partitions can be read");
        due
    }
}

/// Lets time pass until an epoch, while several miners prove all that they can.
pub fn keep_proving(stage: &mut Stage, miners: &[&Provider], until: ChainEpoch) {
    while stage.epoch() < until {
        let mut next = until;
        for miner in miners {
            miner.prove_due(stage);
            next = next.min(miner.now(stage).close);
        }
        pass(stage, next);
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

/// A partition of which nothing is skipped.
pub fn whole(index: u64) -> PoStPartition {
    PoStPartition {
        index,
        skipped: BitField::new(),
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
