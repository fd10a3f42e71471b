//! Accounts, wallets, and the reserve, which has what nobody else has.

use filigree_actor_account::Account;
use filigree_actor_multisig::Multisig as MultisigState;
use filigree_actor_verifreg::VerifierParams;
use filigree_builtin::ids as singleton;
use filigree_sdk::call::Call;
use filigree_sdk::collections::OpenMap;
use filigree_state::ActorState;
use fvm_shared::address::{Address, Protocol};
use fvm_shared::bigint::bigint_ser::BigIntDe;
use fvm_shared::econ::TokenAmount;
use fvm_shared::{ActorID, EMPTY_ARR_CID, MethodNum};
use num_traits::Zero;

use crate::error::GenesisError;
use crate::ids::{Ids, RESERVE, VERIFREG_ROOT};
use crate::singletons::encode;
use crate::template::{Holder, Multisig, Template};
use crate::world::World;

/// All the money there is, in FIL.
pub(crate) const TOTAL_FIL: u64 = 2_000_000_000;

/// AddVerifier of the verified registry.
const ADD_VERIFIER: u64 = 2;
/// AddVerifiedClient of the verified registry.
const ADD_VERIFIED_CLIENT: u64 = 4;

/// The one who makes verifiers.
pub(crate) fn verifreg_root(
    world: &mut World<'_>,
    template: &Template,
    ids: &Ids,
) -> Result<(), GenesisError> {
    let root = &template.verified_registry.root;
    holder(world, ids, VERIFREG_ROOT, root, TokenAmount::zero())
}

/// Accounts and wallets with their money.
pub(crate) fn create(
    world: &mut World<'_>,
    template: &Template,
    ids: &Ids,
) -> Result<(), GenesisError> {
    for entry in &template.accounts {
        let id = ids.require(&entry.address, "an account")?;
        account(world, id, &entry.address, entry.balance.clone())?;
    }
    for (wallet, id) in template.multisigs.iter().zip(&ids.multisigs) {
        multisig(world, ids, *id, wallet, wallet.balance.clone())?;
    }
    Ok(())
}

/// The reserve gets what is left.
pub(crate) fn reserve(
    world: &mut World<'_>,
    template: &Template,
    ids: &Ids,
) -> Result<(), GenesisError> {
    // Its signers, if they are new, have nothing.
    let mut allocated = TokenAmount::zero();
    world
        .tree()?
        .for_each(|_, actor| allocated += &actor.balance)?;
    let total = TokenAmount::from_whole(TOTAL_FIL);
    if allocated > total {
        return Err(GenesisError::Overallocated {
            allocated,
            available: total,
        });
    }
    holder(world, ids, RESERVE, &template.reserve, total - allocated)
}

/// Verifiers, made by the root, and their clients. A client cannot become a verifier, so these come last.
pub(crate) fn verifiers(
    world: &mut World<'_>,
    template: &Template,
    ids: &Ids,
) -> Result<(), GenesisError> {
    let verifiers = &template.verified_registry.verifiers;
    for verifier in verifiers {
        let id = ids.require(&verifier.address, "a verifier")?;
        allow(world, VERIFREG_ROOT, ADD_VERIFIER, id, verifier.allowance)?;
    }
    for verifier in verifiers {
        let from = ids.require(&verifier.address, "a verifier")?;
        for client in &verifier.clients {
            let id = ids.require(&client.address, "a client")?;
            allow(world, from, ADD_VERIFIED_CLIENT, id, client.datacap)?;
        }
    }
    Ok(())
}

/// Has the registry give somebody so many bytes, by either of its methods.
fn allow(
    world: &mut World<'_>,
    from: ActorID,
    method: MethodNum,
    whom: ActorID,
    bytes: u64,
) -> Result<(), GenesisError> {
    let params = VerifierParams {
        address: Address::new_id(whom),
        allowance: BigIntDe(bytes.into()),
    };
    let to = Address::new_id(singleton::VERIFIED_REGISTRY);
    let call: Call<()> = Call::new(to, method, encode(&params)?);
    world.call(from, &call)?;
    Ok(())
}

/// The account of the zero address of Ethereum, so that nobody else can be there.
pub(crate) fn ethereum_zero(world: &mut World<'_>) -> Result<(), GenesisError> {
    let address = Address::new_delegated(singleton::EAM, &[0; 20]).expect("20 bytes are few");
    let code = *world.manifest().ethaccount_code();
    world.edit(|tree| {
        let id = tree.register_new_address(&address)?;
        tree.set_actor(id, ethereum_account(code, address, TokenAmount::zero()));
        Ok(())
    })
}

fn holder(
    world: &mut World<'_>,
    ids: &Ids,
    id: ActorID,
    holder: &Holder,
    balance: TokenAmount,
) -> Result<(), GenesisError> {
    match holder {
        Holder::Account(address) => account(world, id, address, balance),
        Holder::Multisig(wallet) => multisig(world, ids, id, wallet, balance),
    }
}

/// An account of a key, of whichever kind.
pub(crate) fn account(
    world: &mut World<'_>,
    id: ActorID,
    address: &Address,
    balance: TokenAmount,
) -> Result<(), GenesisError> {
    let actor = match address.protocol() {
        Protocol::Delegated => {
            ethereum_account(*world.manifest().ethaccount_code(), *address, balance)
        }
        _ => {
            let state = world.put(&Account { address: *address })?;
            let code = *world.manifest().account_code();
            ActorState::new(code, state, balance, 0, None)
        }
    };
    world.edit(|tree| {
        tree.set_actor(id, actor);
        Ok(())
    })
}

fn ethereum_account(code: cid::Cid, address: Address, balance: TokenAmount) -> ActorState {
    ActorState::new(code, EMPTY_ARR_CID, balance, 0, Some(address))
}

/// A wallet, and accounts for those of its signers that have none.
fn multisig(
    world: &mut World<'_>,
    ids: &Ids,
    id: ActorID,
    wallet: &Multisig,
    balance: TokenAmount,
) -> Result<(), GenesisError> {
    let mut signers = Vec::with_capacity(wallet.signers.len());
    for address in &wallet.signers {
        let signer = ids.require(address, "a signer")?;
        signers.push(Address::new_id(signer));
        if world.tree()?.get_actor(signer)?.is_none() {
            account(world, signer, address, TokenAmount::zero())?;
        }
    }
    let pending = OpenMap::empty(world.store()).close();
    let vests = wallet.vesting_duration > 0;
    let state = world.put(&MultisigState {
        signers,
        num_approvals_threshold: wallet.threshold,
        next_tx_id: 0,
        initial_balance: if vests {
            balance.clone()
        } else {
            TokenAmount::zero()
        },
        start_epoch: if vests { wallet.vesting_start } else { 0 },
        unlock_duration: wallet.vesting_duration,
        pending_txs: pending.map_err(GenesisError::actor("a multisig"))?,
    })?;
    let code = world.code("multisig")?;
    world.set_actor(id, code, state, balance)
}
