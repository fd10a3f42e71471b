//! Whether a state holds together: the invariants of all its actors, those between them, and that all money is there.

use std::rc::Rc;

use cid::Cid;
use filigree_actor_account::Account;
use filigree_actor_cron::Cron;
use filigree_actor_datacap::Datacap;
use filigree_actor_init::Init;
use filigree_actor_market::Market;
use filigree_actor_miner::Miner;
use filigree_actor_miner::power::PowerPair;
use filigree_actor_multisig::Multisig;
use filigree_actor_paych::Paych;
use filigree_actor_power::Power;
use filigree_actor_reward::Reward;
use filigree_actor_system::System;
use filigree_actor_verifreg::VerifiedRegistry;
use filigree_builtin::{Broken, Invariants, Policy, ids};
use filigree_state::{ActorState, Manifest, StateTree, WriteBuffer};
use fvm_ipld_blockstore::Blockstore;
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use serde::de::DeserializeOwned;

use crate::accounts::TOTAL_FIL;
use crate::error::GenesisError;
use crate::ids::{RESERVE, VERIFREG_ROOT};

/// What is wrong with a state, each with the actor before it. `last_epoch` is the last that cron ran for: −1 at genesis.
///
/// # Errors
/// If the state cannot be read.
pub fn check(
    store: impl Blockstore + 'static,
    root: &Cid,
    policy: &Policy,
    last_epoch: ChainEpoch,
) -> Result<Vec<String>, GenesisError> {
    let store = Rc::new(WriteBuffer::new(Box::new(store)));
    let tree = StateTree::load(Rc::clone(&store), root)?;
    let checker = Checker {
        manifest: Manifest::load_from_state(&tree)?,
        store,
        policy,
        last_epoch,
    };
    let mut actors = Vec::new();
    tree.for_each(|id, actor| actors.push((id, actor.clone())))?;
    actors.sort_unstable_by_key(|(id, _)| *id);
    let mut found = Vec::new();
    let mut sum = TokenAmount::default();
    for (id, actor) in &actors {
        sum += &actor.balance;
        let broken = checker.actor(*id, actor)?;
        found.extend(broken.iter().map(|broken| format!("f0{id}: {broken}")));
    }
    if sum != TokenAmount::from_whole(TOTAL_FIL) {
        found.push(format!(
            "network/total-balance: all actors have {sum} FIL, there are {TOTAL_FIL}"
        ));
    }
    let between = checker.claims(&actors)?;
    found.extend(between.iter().map(ToString::to_string));
    Ok(found)
}

/// A genesis gives two ids that nobody else gives: where the registry's root and the reserve are accounts.
fn is_of_genesis(broken: &Broken) -> bool {
    let ids = [VERIFREG_ROOT, RESERVE].map(|id| format!(" is f0{id}"));
    broken.name == "init/id-was-given" && ids.iter().any(|id| broken.found.ends_with(id))
}

struct Checker<'a> {
    store: Rc<WriteBuffer>,
    manifest: Manifest,
    policy: &'a Policy,
    last_epoch: ChainEpoch,
}

impl Checker<'_> {
    fn state<T: DeserializeOwned>(&self, actor: &ActorState) -> Result<T, GenesisError> {
        let block = self.store.read(&actor.state).map_err(GenesisError::Store)?;
        let missing = filigree_state::StateError::Missing {
            what: "an actor's state",
            cid: actor.state,
        };
        fvm_ipld_encoding::from_slice(&block.ok_or(missing)?)
            .map_err(|e| GenesisError::Store(e.into()))
    }

    fn name(&self, actor: &ActorState) -> &str {
        let mut entries = self.manifest.entries().iter();
        let entry = entries.find(|(_, code)| *code == actor.code);
        entry.map_or("", |(name, _)| name)
    }

    fn actor(&self, id: ActorID, actor: &ActorState) -> Result<Vec<Broken>, GenesisError> {
        let (store, balance) = (&self.store, &actor.balance);
        let now = self.last_epoch.max(0);
        Ok(match self.name(actor) {
            "account" => self.state::<Account>(actor)?.check_invariants(id),
            "system" => self.state::<System>(actor)?.check_invariants(store),
            "init" => {
                let broken = self.state::<Init>(actor)?.check_invariants(store);
                broken
                    .into_iter()
                    .filter(|broken| !is_of_genesis(broken))
                    .collect()
            }
            "cron" => self.state::<Cron>(actor)?.check_invariants(),
            "reward" => (self.state::<Reward>(actor)?).check_invariants(self.last_epoch, balance),
            "storagepower" => (self.state::<Power>(actor)?).check_invariants(self.policy, store),
            "storagemarket" => (self.state::<Market>(actor)?).check_invariants(store, now, balance),
            "storageminer" => {
                (self.state::<Miner>(actor)?).check_invariants(self.policy, store, balance)
            }
            "verifiedregistry" => {
                (self.state::<VerifiedRegistry>(actor)?).check_invariants(store, now)
            }
            "datacap" => self.state::<Datacap>(actor)?.check_invariants(store),
            "multisig" => self.state::<Multisig>(actor)?.check_invariants(store),
            "paymentchannel" => self.state::<Paych>(actor)?.check_invariants(store, balance),
            // Those without a state that could be wrong, and code of users.
            _ => Vec::new(),
        })
    }

    /// What a miner claims is what it proves.
    fn claims(&self, actors: &[(ActorID, ActorState)]) -> Result<Vec<Broken>, GenesisError> {
        let mut invariants = Invariants::default();
        let wrong = || GenesisError::actor("the power actor");
        let power = actors.iter().find(|(id, _)| *id == ids::POWER);
        let (_, power) = power.ok_or(GenesisError::Missing(Address::new_id(ids::POWER)))?;
        let power: Power = self.state(power)?;
        let claims = power.claims.open_in(&self.store).map_err(wrong())?;
        for (id, actor) in actors {
            if self.name(actor) != "storageminer" {
                continue;
            }
            let claim = claims.get(&Address::new_id(*id)).map_err(wrong())?;
            // One whose cron failed was forgotten by the power actor.
            let Some(claim) = claim else { continue };
            let active = self.active_power(actor)?;
            let is_same = claim.raw_byte_power.0 == active.raw.into()
                && claim.quality_adj_power.0 == active.qa.into();
            invariants.require(is_same, "network/claimed-power", || {
                format!("f0{id} claims {claim:?}, and has {active:?}")
            });
        }
        Ok(invariants.into_broken())
    }

    fn active_power(&self, actor: &ActorState) -> Result<PowerPair, GenesisError> {
        let miner: Miner = self.state(actor)?;
        let store = &self.store;
        let mut sum = PowerPair::zero();
        let read = miner.load_deadlines(store).and_then(|deadlines| {
            deadlines.for_each(store, |_, deadline| {
                deadline.partitions_amt(store)?.for_each(|_, partition| {
                    sum += partition.active_power();
                    Ok(())
                })
            })
        });
        read.map_err(GenesisError::actor("a miner"))?;
        Ok(sum)
    }
}
