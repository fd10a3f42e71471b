//! A storage miner with sectors of 2 KiB: what its node does, from sealing to the proofs of every day.
//!
//! In reading order: this file (making one, looking), `onboard` (pre-commit, proof of replication), `post` (window proofs), `update`
//! (data for empty sectors).

mod onboard;
mod post;
mod update;

use filigree_actor_miner::deadline_info::{DeadlineInfo, new_deadline_info};
use filigree_actor_miner::types::SectorOnChainInfo;
use filigree_actor_miner::{Miner, MinerClient};
use filigree_actor_power::{CreateMinerParams, Power, PowerClient};
use filigree_builtin::ids;
use filigree_sandbox::Account;
use filigree_sdk::prelude::*;
use fvm_shared::sector::{RegisteredPoStProof, RegisteredSealProof, SectorNumber};
use num_traits::ToPrimitive;

use crate::stage::Stage;

pub use onboard::Announced;

/// How sectors are sealed.
const SEAL: RegisteredSealProof = RegisteredSealProof::StackedDRG2KiBV1P1;
/// How they are proven later.
const POST: RegisteredPoStProof = RegisteredPoStProof::StackedDRGWindow2KiBV1P1;
/// Bytes of a sector.
pub(crate) const SECTOR_BYTES: u64 = 2 << 10;

/// A miner, and who acts for it.
#[derive(Clone, Copy, Debug)]
pub struct Provider {
    /// Its worker, with a BLS key.
    pub worker: Address,
    /// Its id.
    pub id: ActorID,
    /// What calls it.
    pub client: MinerClient,
}

impl Provider {
    /// A miner with 2 KiB sectors and a hundred thousand FIL.
    #[track_caller]
    pub fn create(stage: &mut Stage) -> Self {
        let money = TokenAmount::from_whole(100_000);
        let owner = stage.account(TokenAmount::from_whole(200_000));
        let worker = bls_account(stage, owner);
        let params = CreateMinerParams {
            owner: owner.address,
            worker,
            window_post_proof_type: POST,
            peer: Bytes(b"peer".to_vec()),
            multiaddrs: Vec::new(),
        };
        let create = PowerClient::at(ids::address(ids::POWER)).create_miner(params);
        let created = stage.call(owner, create.value(money)).ok();
        Self {
            worker,
            id: created.id_address.id().expect("an id"),
            client: MinerClient::at(created.id_address),
        }
    }

    /// What ties randomness to this miner: its address, in CBOR.
    fn entropy(&self) -> Vec<u8> {
        filigree_sdk::cbor::encode(&Address::new_id(self.id)).expect("an address encodes")
    }

    /// Its state.
    pub fn state(&self, stage: &Stage) -> Miner {
        stage.state(self.id)
    }

    /// A proven sector.
    pub fn sector(&self, stage: &Stage, number: SectorNumber) -> SectorOnChainInfo {
        let sector = self.state(stage).get_sector(&stage.store(), number);
        let sector = sector.expect("the sectors can be read");
        sector.unwrap_or_else(|| panic!("there is no sector {number}"))
    }

    /// Its raw and quality-adjusted power, bytes.
    pub fn power(&self, stage: &Stage) -> (u64, u64) {
        let power: Power = stage.state(ids::POWER);
        let claim = power.claimed_power(stage.store(), self.id);
        let claim = claim.expect("the miner has a claim");
        let (raw, quality) = (&claim.raw_byte_power.0, &claim.quality_adj_power.0);
        (
            raw.to_u64().expect("a power"),
            quality.to_u64().expect("a power"),
        )
    }

    /// Deadline and partition of a sector.
    pub fn location(&self, stage: &Stage, number: SectorNumber) -> (u64, u64) {
        let found = self.state(stage).find_sector(&stage.store(), number);
        let found = found.expect("the deadlines can be read");
        found.unwrap_or_else(|| panic!("sector {number} is in no partition"))
    }

    /// Sectors of a partition, in order.
    pub fn members(&self, stage: &Stage, deadline: u64, partition: u64) -> Vec<SectorNumber> {
        let store = &stage.store();
        let deadlines = self.state(stage).load_deadlines(store);
        let deadline = deadlines.and_then(|deadlines| deadlines.load_deadline(store, deadline));
        let partition = deadline.and_then(|deadline| deadline.load_partition(store, partition));
        let partition = partition.expect("the partition can be read");
        partition.sectors.iter().collect()
    }

    /// The deadline that is open.
    pub fn now(&self, stage: &Stage) -> DeadlineInfo {
        self.state(stage)
            .deadline_info(&stage.policy, stage.epoch())
    }

    /// Goes on to the next time that a deadline opens; stays, if it is open now.
    #[track_caller]
    pub fn go_to_deadline(&self, stage: &mut Stage, index: u64) -> DeadlineInfo {
        let start = self.now(stage).period_start;
        let next = new_deadline_info(&stage.policy, start, index, stage.epoch());
        let open = next.next_not_elapsed().open.max(stage.epoch());
        stage.go_to(open);
        self.now(stage)
    }
}

/// A new account with a BLS key, as workers need it.
#[track_caller]
fn bls_account(stage: &mut Stage, payer: Account) -> Address {
    let worker = Address::new_bls(&[7; 48]).expect("a key of 48 bytes");
    stage
        .transfer(payer, worker, TokenAmount::from_whole(1))
        .ok();
    worker
}
