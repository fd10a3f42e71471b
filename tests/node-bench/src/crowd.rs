//! Many accounts in a first state: more than a template takes, each with money of the reserve.

use std::rc::Rc;

use anyhow::{Context as _, Result};
use cid::Cid;
use filigree_state::{ActorState, Manifest, StateTree, WriteBuffer};
use filigree_store::Blocks;
use fvm_ipld_encoding::to_vec;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;

/// Has what nobody else has.
const RESERVE: u64 = 90;

/// Adds accounts to a state; gives the new one.
///
/// # Errors
/// When the state cannot be read, or the disk is full.
pub fn add(
    blocks: &Blocks,
    root: &Cid,
    accounts: impl Iterator<Item = (Address, TokenAmount)>,
) -> Result<Cid> {
    let buffer = Rc::new(WriteBuffer::new(Box::new(blocks.clone())));
    let mut tree = StateTree::load(Rc::clone(&buffer), root)?;
    let code = *Manifest::load_from_state(&tree)?.account_code();
    let mut given = TokenAmount::default();
    for (address, balance) in accounts {
        let state = buffer.write_dag_cbor(to_vec(&(address,))?, None);
        let id = tree.register_new_address(&address)?;
        given += balance.clone();
        tree.set_actor(id, ActorState::new(code, state, balance, 0, None));
    }
    let mut reserve = tree.get_actor(RESERVE)?.context("there is no reserve")?;
    reserve.balance -= given;
    tree.set_actor(RESERVE, reserve);
    let root = tree.flush()?;
    buffer.flush(&root)?;
    Ok(root)
}
