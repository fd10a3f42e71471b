//! The first state of a sandbox: the actors of the protocol itself, the system's, init, reward and cron, and burnt funds.
//!
//! It is the same for all sandboxes, whatever network version they are at, so a process makes it once. The reward
//! actor's own constructor makes its state; the others have theirs from the host's genesis, with nothing in it.

use std::sync::OnceLock;

use anyhow::{Context as _, ensure};
use cid::Cid;
use filigree_sdk::call::Call;
use filigree_state::{Manifest, REWARD_ACTOR_ID, SYSTEM_ACTOR_ID, WriteBuffer};
use filigree_vm::{Genesis, Kind, Network};
use fvm_ipld_encoding::CBOR;
use fvm_ipld_encoding::ipld_block::IpldBlock;
use fvm_shared::METHOD_CONSTRUCTOR;
use fvm_shared::address::Address;
use fvm_shared::bigint::bigint_ser::BigIntDe;
use fvm_shared::econ::TokenAmount;
use fvm_shared::version::NetworkVersion;
use num_traits::Zero;

use crate::bundle::Bundle;
use crate::engines::engines;
use crate::sandbox::{CRON_ACTOR_ID, Point, message, run};
use crate::store::{Frozen, Store};

/// What the reward actor holds when a network begins: all that will be mined, in FIL.
const MINING_ALLOCATION_FIL: u64 = 1_100_000_000;

/// A first state and its blocks, code among them.
pub(crate) struct First {
    /// The state root.
    pub state: Cid,
    pub blocks: Frozen,
}

impl First {
    /// The first state of networks where users install code, or of others.
    #[track_caller]
    pub fn of(user_code: bool) -> &'static First {
        static USUAL: OnceLock<Result<First, String>> = OnceLock::new();
        static USER_CODE: OnceLock<Result<First, String>> = OnceLock::new();
        let kept = match user_code {
            true => &USER_CODE,
            false => &USUAL,
        };
        let first = kept.get_or_init(|| make(user_code).map_err(|e| format!("{e:#}")));
        match first {
            Ok(first) => first,
            Err(e) => panic!("the first state of the sandbox cannot be made: {e}"),
        }
    }
}

fn make(user_code: bool) -> anyhow::Result<First> {
    let bundle = Bundle::core(user_code).context("the built-in actors cannot be had")?;
    let store = Store::over(bundle.clone());
    let mut genesis = Genesis::new(Box::new(store.clone()), &bundle.root)?;
    let manifest = Manifest::load_bundle(&WriteBuffer::new(Box::new(store.clone())), &bundle.root)?;
    if let Some(code) = manifest.code_named("cron") {
        // Its state: nobody to call.
        let state = genesis.put(&(Vec::<(Address, u64)>::new(),))?;
        genesis.actor(CRON_ACTOR_ID, *code, state, TokenAmount::zero(), None);
    }
    if let Some(code) = manifest.code_named("reward") {
        let (nothing, balance) = (
            fvm_shared::EMPTY_ARR_CID,
            TokenAmount::from_whole(MINING_ALLOCATION_FIL),
        );
        genesis.actor(REWARD_ACTOR_ID, *code, nothing, balance, None);
    }
    let root = genesis.finish()?;
    let state = construct_reward(&store, root, user_code)?;
    Ok(First {
        state,
        blocks: store.freeze(),
    })
}

/// Runs the reward actor's constructor: for a network that begins without storage power.
fn construct_reward(store: &Store, root: Cid, user_code: bool) -> anyhow::Result<Cid> {
    let mut network = Network::new(NetworkVersion::V28);
    network.allow_install = user_code;
    let point = Point {
        root,
        epoch: 0,
        genesis_timestamp: 0,
        base_fee: TokenAmount::zero(),
        network,
        circulating_supply: TokenAmount::zero(),
        accounts: 0,
    };
    let power = IpldBlock::serialize(CBOR, &Some(BigIntDe::default()))?;
    let (to, params) = (Address::new_id(REWARD_ACTOR_ID), Some(power));
    let call: Call<()> = Call::new(to, METHOD_CONSTRUCTOR, params);
    let mut machine = point.machine(engines(false), 0, store.clone())?;
    let message = message(SYSTEM_ACTOR_ID, &call, 0);
    let (applied, root) = run(&mut machine, &message, Kind::Implicit)?;
    ensure!(
        applied.receipt.exit_code.is_success(),
        "the reward actor's constructor failed: {:?}",
        applied.failure
    );
    Ok(root)
}
