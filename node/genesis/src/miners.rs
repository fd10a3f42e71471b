//! Miners with the sectors they begin with: created by the power actor and activated as pre-sealed sectors are. Then their
//! sectors count as proven and their power is claimed, for the first block needs a miner with power.

use filigree_actor_miner::Miner as MinerState;
use filigree_actor_miner::monies::{initial_pledge_for_power, pre_commit_deposit_for_power};
use filigree_actor_miner::params::{
    InternalSectorSetupForPresealParams, PreCommitSectorBatchParams2,
};
use filigree_actor_miner::power::{PowerPair, qa_power_for_weight, qa_power_max};
use filigree_actor_miner::types::{CompactCommD, SectorPreCommitInfo};
use filigree_actor_power::{CreateMinerParams, CreateMinerReturn, Power};
use filigree_actor_reward::Reward;
use filigree_builtin::calls::power::{
    CREATE_MINER, UPDATE_CLAIMED_POWER, UpdateClaimedPowerParams,
};
use filigree_builtin::{Policy, ids as singleton};
use filigree_sdk::call::Call;
use filigree_sdk::collections::BitField;
use filigree_sdk::describe::Bytes;
use fvm_shared::address::Address;
use fvm_shared::bigint::bigint_ser::BigIntDe;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::sector::RegisteredSealProof;
use fvm_shared::version::NetworkVersion;
use fvm_shared::{ActorID, MethodNum};

use crate::error::{GenesisError, TemplateError};
use crate::ids::Ids;
use crate::singletons::encode;
use crate::template::{Miner, Sector, Template};
use crate::world::World;

const PRE_COMMIT_SECTOR_BATCH2: MethodNum = 28;
const INTERNAL_SECTOR_SETUP_FOR_PRESEAL: MethodNum = 17;

/// The epoch whose randomness the sectors were sealed with: before the first.
const SEAL_RANDOMNESS_EPOCH: ChainEpoch = -1;

/// Creates the miners and their sectors; gives their ids, which follow each other from `first` on.
pub(crate) fn create(
    world: &mut World<'_>,
    template: &Template,
    ids: &Ids,
    first: ActorID,
) -> Result<Vec<ActorID>, GenesisError> {
    let policy = template.policy();
    let mut miners = Vec::with_capacity(template.miners.len());
    for (index, miner) in template.miners.iter().enumerate() {
        let id = create_one(world, policy, ids, miner)?;
        if id != first + index as ActorID {
            let why = format!("miner {index} got the id {id}");
            return Err(TemplateError::Contradiction(why).into());
        }
        miners.push(id);
    }
    for (miner, id) in template.miners.iter().zip(&miners) {
        let owner = ids.require(&miner.owner, "an owner")?;
        let expiration = expiration(world, policy, *id)?;
        for sector in &miner.sectors {
            activate(world, owner, *id, miner, sector, expiration)?;
        }
        forget_unproven(world, policy, *id)?;
    }
    close_epoch(world)?;
    Ok(miners)
}

fn create_one(
    world: &mut World<'_>,
    policy: &Policy,
    ids: &Ids,
    miner: &Miner,
) -> Result<ActorID, GenesisError> {
    let owner = ids.require(&miner.owner, "an owner")?;
    ids.require(&miner.worker, "a worker")?;
    let proof = RegisteredSealProof::from_sector_size(miner.sector_size, NetworkVersion::V28)
        .registered_window_post_proof()
        .map_err(TemplateError::Contradiction)?;
    let params = CreateMinerParams {
        owner: miner.owner,
        worker: miner.worker,
        window_post_proof_type: proof,
        peer: Bytes(miner.peer_id.clone()),
        multiaddrs: Vec::new(),
    };
    let deposit = Prices::read(world)?.pledge(policy.create_miner_deposit_power().into());
    let call: Call<()> = Call::new(
        Address::new_id(singleton::POWER),
        CREATE_MINER,
        encode(&params)?,
    );
    let returned = world.call(owner, &call.value(deposit))?;
    let created: CreateMinerReturn = returned
        .deserialize()
        .map_err(|e| GenesisError::Store(e.into()))?;
    let id = created.id_address.id();
    id.map_err(|e| GenesisError::Store(anyhow::anyhow!("a miner without an id: {e}")))
}

/// When the sectors of a miner end: with the last proving period but one that they may live in.
fn expiration(
    world: &World<'_>,
    policy: &Policy,
    miner: ActorID,
) -> Result<ChainEpoch, GenesisError> {
    let state: MinerState = world.state("a miner's state", miner)?;
    let period = policy.wpost_proving_period;
    let periods = policy.max_sector_expiration_extension / period;
    Ok((periods - 1) * period + state.proving_period_start - 1)
}

/// Pre-commits a sector, activates it and claims its power.
fn activate(
    world: &mut World<'_>,
    owner: ActorID,
    miner: ActorID,
    entry: &Miner,
    sector: &Sector,
    expiration: ChainEpoch,
) -> Result<(), GenesisError> {
    let to = Address::new_id(miner);
    let size = entry.sector_size;
    let power = PowerPair::new(
        i128::from(size as u64),
        qa_power_for_weight(size, expiration, 0),
    );
    let prices = Prices::read(world)?;
    let params = PreCommitSectorBatchParams2 {
        sectors: vec![SectorPreCommitInfo {
            seal_proof: sector.seal_proof(size),
            sector_number: sector.number,
            sealed_cid: sector.comm_r,
            seal_rand_epoch: SEAL_RANDOMNESS_EPOCH,
            deal_ids: Vec::new(),
            expiration,
            unsealed_cid: CompactCommD(sector.comm_d),
        }],
    };
    let call: Call<()> = Call::new(to, PRE_COMMIT_SECTOR_BATCH2, encode(&params)?);
    let value = prices.deposit(qa_power_max(size)) + prices.pledge(power.qa);
    world.call(owner, &call.value(value))?;

    let params = InternalSectorSetupForPresealParams {
        sectors: vec![sector.number],
        reward_smoothed: prices.reward.this_epoch_reward_smoothed,
        reward_baseline_power: prices.reward.this_epoch_baseline_power,
        quality_adj_power_smoothed: prices.power.this_epoch_qa_power_smoothed,
    };
    let call: Call<()> = Call::new(to, INTERNAL_SECTOR_SETUP_FOR_PRESEAL, encode(&params)?);
    world.call(singleton::SYSTEM, &call)?;

    let params = UpdateClaimedPowerParams {
        raw_byte_delta: BigIntDe(power.raw.into()),
        quality_adjusted_delta: BigIntDe(power.qa.into()),
    };
    let call: Call<()> = Call::new(
        Address::new_id(singleton::POWER),
        UPDATE_CLAIMED_POWER,
        encode(&params)?,
    );
    world.call(miner, &call)?;
    Ok(())
}

/// What pledges depend on.
struct Prices {
    reward: Reward,
    power: Power,
}

impl Prices {
    fn read(world: &World<'_>) -> Result<Self, GenesisError> {
        Ok(Self {
            reward: world.state("the reward actor's state", singleton::REWARD)?,
            power: world.state("the power actor's state", singleton::POWER)?,
        })
    }

    /// The pledge for power, attoFIL.
    fn pledge(&self, qa_power: i128) -> TokenAmount {
        initial_pledge_for_power(
            qa_power,
            &self.reward.this_epoch_baseline_power.0,
            &self.reward.this_epoch_reward_smoothed,
            &self.power.this_epoch_qa_power_smoothed,
            // Before the first block none is in circulation.
            &TokenAmount::default(),
            0,
            0,
        )
    }

    /// The deposit for power, attoFIL.
    fn deposit(&self, qa_power: i128) -> TokenAmount {
        pre_commit_deposit_for_power(
            &self.reward.this_epoch_reward_smoothed,
            &self.power.this_epoch_qa_power_smoothed,
            qa_power,
        )
    }
}

/// All of a miner's sectors count as proven.
fn forget_unproven(
    world: &mut World<'_>,
    policy: &Policy,
    miner: ActorID,
) -> Result<(), GenesisError> {
    let mut state: MinerState = world.state("a miner's state", miner)?;
    let store = world.store().clone();
    prove_all(&mut state, policy, &store).map_err(GenesisError::actor("a miner"))?;
    world.set_state(miner, &state)
}

fn prove_all(
    state: &mut MinerState,
    policy: &Policy,
    store: &filigree_state::WriteBuffer,
) -> filigree_sdk::error::Result<()> {
    let mut deadlines = state.load_deadlines(store)?;
    for index in 0..policy.wpost_period_deadlines {
        let mut deadline = deadlines.load_deadline(store, index)?;
        let mut partitions = deadline.partitions_amt(store)?;
        for number in 0..partitions.count() {
            let mut partition = deadline.load_partition(store, number)?;
            partition.unproven = BitField::new();
            partition.unproven_power = PowerPair::zero();
            partitions.set(number, &partition)?;
        }
        deadline.partitions = partitions.close()?;
        deadlines.update_deadline(policy, store, index, &deadline)?;
    }
    state.save_deadlines(store, &deadlines)
}

/// The first epoch begins with the power that is claimed now.
fn close_epoch(world: &mut World<'_>) -> Result<(), GenesisError> {
    let mut power: Power = world.state("the power actor's state", singleton::POWER)?;
    let (raw, quality_adjusted) = power.network_power();
    let (raw, quality_adjusted) = (raw.clone(), quality_adjusted.clone());
    power.this_epoch_raw_byte_power = raw;
    power.this_epoch_quality_adj_power = quality_adjusted;
    world.set_state(singleton::POWER, &power)
}
