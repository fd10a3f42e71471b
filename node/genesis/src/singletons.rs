//! The actors of the protocol, of which there is one each. Those that have a constructor are made by it; the system actor's
//! list and the init actor's addresses are what the network puts there.

use filigree_actor_cron::{ConstructorParams as CronParams, Entry};
use filigree_actor_init::{ConstructorParams as InitParams, Init};
use filigree_builtin::ids as singleton;
use filigree_sdk::call::Call;
use filigree_state::SystemState;
use fvm_ipld_encoding::CBOR;
use fvm_ipld_encoding::ipld_block::IpldBlock;
use fvm_shared::address::Address;
use fvm_shared::bigint::bigint_ser::BigIntDe;
use fvm_shared::econ::TokenAmount;
use fvm_shared::{ActorID, EMPTY_ARR_CID, METHOD_CONSTRUCTOR};
use serde::Serialize;

use crate::error::GenesisError;
use crate::ids::{FIRST_MINER, Ids, VERIFREG_ROOT};
use crate::template::Template;
use crate::world::World;

/// What the reward actor holds when a network begins: all that will be mined, in FIL.
pub(crate) const MINING_ALLOCATION_FIL: u64 = 1_100_000_000;

/// Whom cron calls at the end of each epoch: `OnEpochTickEnd` of power, `CronTick` of the market.
const CRON_ENTRIES: [(ActorID, u64); 2] = [(singleton::POWER, 5), (singleton::MARKET, 9)];

/// The system actor: which actors the network has.
pub(crate) fn system(world: &mut World<'_>) -> Result<(), GenesisError> {
    let state = world.put(&SystemState {
        builtin_actors: *world.manifest().data_cid(),
    })?;
    let code = world.code("system")?;
    world.set_actor(singleton::SYSTEM, code, state, TokenAmount::default())
}

/// All others. The registry's root must be there.
pub(crate) fn construct(
    world: &mut World<'_>,
    template: &Template,
    ids: &Ids,
) -> Result<(), GenesisError> {
    let burnt_funds = world.put(&(Address::new_id(singleton::BURNT_FUNDS),))?;
    let account = *world.manifest().account_code();
    let nothing = TokenAmount::default();
    world.set_actor(
        singleton::BURNT_FUNDS,
        account,
        burnt_funds,
        nothing.clone(),
    )?;
    let eam = world.code("eam")?;
    world.set_actor(singleton::EAM, eam, EMPTY_ARR_CID, nothing.clone())?;

    let constructed = constructors(template)?;
    for (name, id, _) in &constructed {
        let balance = match *id {
            singleton::REWARD => TokenAmount::from_whole(MINING_ALLOCATION_FIL),
            _ => nothing.clone(),
        };
        let code = world.code(name)?;
        world.set_actor(*id, code, EMPTY_ARR_CID, balance)?;
    }
    for (_, id, params) in constructed {
        let call: Call<()> = Call::new(Address::new_id(id), METHOD_CONSTRUCTOR, params);
        world.call(singleton::SYSTEM, &call)?;
    }
    register(world, ids)
}

/// Who is constructed, and with what.
#[expect(clippy::type_complexity, reason = "a table of three columns")]
fn constructors(
    template: &Template,
) -> Result<[(&'static str, ActorID, Option<IpldBlock>); 7], GenesisError> {
    let entries = CRON_ENTRIES.map(|(id, method_num)| Entry {
        receiver: Address::new_id(id),
        method_num,
    });
    let cron = CronParams {
        entries: entries.to_vec(),
    };
    let init = InitParams {
        network_name: template.network_name.clone(),
    };
    Ok([
        ("init", singleton::INIT, encode(&init)?),
        (
            "reward",
            singleton::REWARD,
            encode(&Some(BigIntDe::default()))?,
        ),
        ("cron", singleton::CRON, encode(&cron)?),
        ("storagepower", singleton::POWER, None),
        ("storagemarket", singleton::MARKET, None),
        (
            "verifiedregistry",
            singleton::VERIFIED_REGISTRY,
            encode(&Address::new_id(VERIFREG_ROOT))?,
        ),
        (
            "datacap",
            singleton::DATACAP,
            encode(&Address::new_id(singleton::VERIFIED_REGISTRY))?,
        ),
    ])
}

/// Parameters.
pub(crate) fn encode<T: Serialize>(params: &T) -> Result<Option<IpldBlock>, GenesisError> {
    let block = IpldBlock::serialize(CBOR, params);
    Ok(Some(block.map_err(|e| GenesisError::Store(e.into()))?))
}

/// The init actor learns the addresses of the template.
fn register(world: &mut World<'_>, ids: &Ids) -> Result<(), GenesisError> {
    let wrong = || GenesisError::actor("the init actor");
    let mut init: Init = world.state("the init actor's state", singleton::INIT)?;
    let mut map = init.address_map.open_in(world.store()).map_err(wrong())?;
    for (address, id) in ids.keys() {
        map.set(address, &id).map_err(wrong())?;
    }
    init.address_map = map.close().map_err(wrong())?;
    init.next_id = FIRST_MINER;
    world.set_state(singleton::INIT, &init)
}
