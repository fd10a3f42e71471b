//! Who gets which id: accounts in the order of the template from 100 on, then signers that are no accounts, then wallets;
//! the registry's root is 80 and the reserve 90, as on every network. Miners begin at 1000.

use std::collections::BTreeMap;

use filigree_builtin::ids::FIRST_NON_SINGLETON;
use fvm_shared::ActorID;
use fvm_shared::address::{Address, Protocol};

use crate::error::TemplateError;
use crate::template::{Holder, MAX_ACCOUNTS, Template};

/// Who makes verifiers.
pub(crate) const VERIFREG_ROOT: ActorID = 80;

/// Has what nobody else has.
pub(crate) const RESERVE: ActorID = 90;

/// The first miner.
pub(crate) const FIRST_MINER: ActorID = 1_000;

/// Ids of the template's people.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    /// By the address of their key.
    by_key: BTreeMap<Address, ActorID>,
    /// Of the wallets, in the template's order.
    pub multisigs: Vec<ActorID>,
    next: ActorID,
}

impl Ids {
    /// Gives ids.
    pub fn of(template: &Template) -> Result<Self, TemplateError> {
        let mut ids = Self {
            next: FIRST_NON_SINGLETON,
            ..Self::default()
        };
        for account in &template.accounts {
            let address = account.address;
            if ids.by_key.contains_key(&address) {
                return contradiction(format!("the account {address} is there twice"));
            }
            ids.add(address)?;
        }
        for wallet in &template.multisigs {
            ids.add_signers(&wallet.signers)?;
        }
        let holders = [
            (&template.verified_registry.root, VERIFREG_ROOT),
            (&template.reserve, RESERVE),
        ];
        for (holder, id) in holders {
            match holder {
                Holder::Multisig(wallet) => ids.add_signers(&wallet.signers)?,
                Holder::Account(address) => {
                    check_key(address)?;
                    if ids.by_key.insert(*address, id).is_some() {
                        return contradiction(format!(
                            "{address} is f0{id}, so it can be nothing else"
                        ));
                    }
                }
            }
        }
        for _ in &template.multisigs {
            ids.multisigs.push(ids.next);
            ids.next += 1;
        }
        if ids.next > FIRST_NON_SINGLETON + MAX_ACCOUNTS as ActorID {
            return contradiction(format!("there are more than {MAX_ACCOUNTS} accounts"));
        }
        Ok(ids)
    }

    fn add_signers(&mut self, signers: &[Address]) -> Result<(), TemplateError> {
        for signer in signers {
            if !self.by_key.contains_key(signer) {
                self.add(*signer)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, address: Address) -> Result<(), TemplateError> {
        check_key(&address)?;
        self.by_key.insert(address, self.next);
        self.next += 1;
        Ok(())
    }

    /// Of an account whose id somebody else gave.
    pub fn know(&mut self, address: Address, id: ActorID) {
        self.by_key.insert(address, id);
    }

    /// Keys and their ids, by address.
    pub fn keys(&self) -> impl Iterator<Item = (&Address, ActorID)> {
        self.by_key.iter().map(|(address, id)| (address, *id))
    }

    /// The id of a key.
    pub fn get(&self, address: &Address) -> Option<ActorID> {
        self.by_key.get(address).copied()
    }

    /// The id of somebody the template must have as an account.
    pub fn require(&self, address: &Address, who: &str) -> Result<ActorID, TemplateError> {
        self.get(address).ok_or_else(|| {
            TemplateError::Contradiction(format!(
                "{who}, {address}, is no account of the template: add it to [[accounts]]"
            ))
        })
    }
}

/// Accounts are of keys.
fn check_key(address: &Address) -> Result<(), TemplateError> {
    match address.protocol() {
        Protocol::Secp256k1 | Protocol::BLS | Protocol::Delegated => Ok(()),
        Protocol::ID | Protocol::Actor => {
            contradiction(format!("{address} is not the address of a key"))
        }
    }
}

fn contradiction<T>(why: String) -> Result<T, TemplateError> {
    Err(TemplateError::Contradiction(why))
}
