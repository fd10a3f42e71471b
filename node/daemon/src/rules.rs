//! What is settled about a chain: how it begins, and the rules of its network.

use anyhow::{Context as _, Result};
use filigree_blocks::{BlockHeader, Tipset};
use filigree_chain::Chain;
use filigree_consensus::ChainConfig;
use filigree_genesis::PolicyName;
use filigree_node_state::{Limits, Rules, StateReader, Store, Supply, View};
use filigree_store::Db;
use fvm_ipld_blockstore::Blockstore as _;

use crate::network::Network;

/// The chain of a network of one's own.
pub(crate) fn open_own_chain(db: &Db, network: &Network, config: ChainConfig) -> Result<Chain> {
    let states = StateReader::new(Store::from(db.blocks()));
    let genesis = network.genesis()?;
    let header = db.blocks().get(&genesis)?;
    let header = header.with_context(|| {
        format!(
            "the first block {genesis} is not in the database: it is another network's, or damaged"
        )
    })?;
    let header = BlockHeader::from_bytes(&header)?;
    let tipset = Tipset::new([header])?;
    Ok(Chain::create(db.clone(), config, states, &tipset)?)
}

/// Its rules.
pub(crate) fn own_rules(db: &Db, network: &Network, config: ChainConfig) -> Result<Rules> {
    let header = db.blocks().get(&network.genesis()?)?;
    let header = header.context("the first block is not in the database")?;
    let state = BlockHeader::from_bytes(&header)?.parent_state;
    let genesis = View::open(&Store::from(db.blocks()), &state)?;
    Ok(Rules {
        config,
        policy: *PolicyName::Devnet.policy(),
        limits: Limits {
            allow_install: true,
            allow_upgrade: true,
            actor_debugging: false,
        },
        supply: Supply::of_genesis(&genesis)?,
        migrations: network.migrations()?.into_iter().collect(),
    })
}

/// The rules of the network that a chain is of, by its first block.
pub(crate) fn public_rules(db: &Db) -> Result<Rules> {
    let genesis = db.index().tipset_at(0)?;
    let genesis = genesis.context(
        "the database has no chain: an import was cut short; import the snapshot again with `filigree snapshot import`",
    )?;
    let known = [Rules::mainnet(), Rules::calibnet()];
    let mut known = known.into_iter();
    let found = known.find(|rules| rules.config.genesis.as_ref() == genesis.cids().first());
    found.with_context(|| {
        format!(
            "the chain begins with {genesis}, which is neither mainnet's nor calibnet's first block"
        )
    })
}
