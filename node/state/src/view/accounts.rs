//! Who is behind an address: keys, ids, and the addresses that outlive a reorganisation.

use filigree_actor_account::Account;
use filigree_actor_init::Init;
use filigree_actor_multisig::{Multisig, vesting};
use filigree_builtin::ids as singleton;
use fvm_shared::ActorID;
use fvm_shared::address::{Address, Protocol};
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;

use super::View;
use crate::error::Error;

impl View {
    /// The address of the key that signs for an actor: f1, f3 or f4. `None`, if no key does, or there is no such actor.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn key_address(&self, address: &Address) -> Result<Option<Address>, Error> {
        match address.protocol() {
            Protocol::BLS | Protocol::Secp256k1 | Protocol::Delegated => return Ok(Some(*address)),
            Protocol::ID | Protocol::Actor => {}
        }
        let Some(actor) = self.actor(address)? else {
            return Ok(None);
        };
        if let Some(delegated) = actor.delegated_address {
            return Ok(Some(delegated));
        }
        if !self.manifest()?.is_account(&actor.code) {
            return Ok(None);
        }
        let account: Account = self.state("an account's state", &actor)?;
        Ok(Some(account.address))
    }

    /// An address of an actor that stays its own if the chain is reorganised: its f4 address, a key's, or the f2 address that
    /// the init actor gave it. The last is found by reading all addresses there are.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn robust_address(&self, id: ActorID) -> Result<Option<Address>, Error> {
        let address = Address::new_id(id);
        if let Some(key) = self.key_address(&address)? {
            return Ok(Some(key));
        }
        let init: Init = self.singleton("the init actor's state", singleton::INIT)?;
        let wrong = || Error::actor("the init actor's addresses");
        let map = init.address_map.open_in(self.store()).map_err(wrong())?;
        let mut found = None;
        map.for_each_while(|address, other| {
            if other == id {
                found = Some(address);
            }
            Ok(found.is_none())
        })
        .map_err(wrong())?;
        Ok(found)
    }

    /// The name of the network.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn network_name(&self) -> Result<String, Error> {
        let init: Init = self.singleton("the init actor's state", singleton::INIT)?;
        Ok(init.network_name)
    }

    /// A wallet of several signers.
    ///
    /// # Errors
    /// If there is none at the address.
    pub fn multisig(&self, address: &Address) -> Result<Multisig, Error> {
        let actor = self.named(address, "multisig")?;
        self.state("a multisig's state", &actor)
    }

    /// What a wallet of several signers may spend at an epoch, attoFIL.
    ///
    /// # Errors
    /// If there is none at the address.
    pub fn multisig_available(
        &self,
        address: &Address,
        epoch: ChainEpoch,
    ) -> Result<TokenAmount, Error> {
        let actor = self.named(address, "multisig")?;
        let wallet: Multisig = self.state("a multisig's state", &actor)?;
        let locked = locked(&wallet, epoch);
        Ok((actor.balance - locked).max(TokenAmount::default()))
    }

    /// An actor that must run the code with this name.
    pub(crate) fn named(
        &self,
        address: &Address,
        expected: &'static str,
    ) -> Result<filigree_state::ActorState, Error> {
        let actor = self.require(address)?;
        let name = self.code_name(&actor.code)?;
        if name == Some(expected) {
            return Ok(actor);
        }
        Err(Error::OtherActor {
            address: Box::new(*address),
            expected,
            found: name.map_or_else(|| actor.code.to_string(), str::to_owned),
        })
    }
}

/// What a wallet has locked at an epoch, attoFIL.
pub(crate) fn locked(wallet: &Multisig, epoch: ChainEpoch) -> TokenAmount {
    let elapsed = epoch.saturating_sub(wallet.start_epoch);
    vesting::locked(&wallet.initial_balance, wallet.unlock_duration, elapsed)
}
