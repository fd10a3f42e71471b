//! From a template to a genesis.

use cid::Cid;
use filigree_blocks::BlockHeader;
use filigree_vm::{Engines, Network};
use fvm_ipld_blockstore::Blockstore;
use fvm_shared::ActorID;

use crate::error::GenesisError;
use crate::ids::{FIRST_MINER, Ids};
use crate::template::Template;
use crate::world::World;
use crate::{accounts, header, miners, singletons};

/// A network's beginning, all of it in the store.
#[derive(Clone, Debug)]
pub struct Genesis {
    /// The first block; its `parent_state` is the first state.
    pub header: BlockHeader,
    /// The miners, in the template's order.
    pub miners: Vec<ActorID>,
}

/// The limits under which a template's network runs: mainnet's, but with installed code and upgrades where its policy has
/// code of users.
pub fn network(template: &Template) -> Network {
    let mut network = Network::new(template.version());
    network.chain_id = template.chain_id;
    network.allow_install = template.policy().user_code;
    network.allow_upgrade = template.policy().user_code;
    network
}

/// Makes a template true, on the actors of the bundle whose root, and all below it, is in the store.
///
/// # Errors
/// If the template contradicts itself, the bundle is another than it names or was built for another network, or the store
/// fails.
pub fn make(
    store: impl Blockstore + Clone + 'static,
    engines: &Engines,
    bundle: &Cid,
    template: &Template,
) -> Result<Genesis, GenesisError> {
    template.check()?;
    if let Some(expected) = template.bundle.filter(|expected| expected != bundle) {
        return Err(GenesisError::Bundle {
            expected: Box::new(expected),
            given: Box::new(*bundle),
        });
    }
    let ids = Ids::of(template)?;
    let mut world = World::new(
        engines,
        network(template),
        template.genesis_time,
        Box::new(store.clone()),
        bundle,
    )?;
    singletons::system(&mut world)?;
    accounts::verifreg_root(&mut world, template, &ids)?;
    singletons::construct(&mut world, template, &ids)?;
    accounts::create(&mut world, template, &ids)?;
    accounts::reserve(&mut world, template, &ids)?;
    accounts::verifiers(&mut world, template, &ids)?;
    let miners = miners::create(&mut world, template, &ids, FIRST_MINER)?;
    accounts::ethereum_zero(&mut world)?;
    let state = world.finish()?;
    let header = header::make(&store, template, state)?;
    Ok(Genesis { header, miners })
}
