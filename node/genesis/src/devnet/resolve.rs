//! From names to addresses: the template of a genesis.

use std::collections::{BTreeMap, BTreeSet};

use cid::Cid;
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;

use super::keys::{BLS, DELEGATED, REGISTRY, RESERVE, TREASURY, is_usual, worker_name};
use super::{
    BASE_FEE_ATTO, CHAIN_ID, Client, DevnetTemplate, KeyKind, Multisig, Owner, Party, VERSION,
    Verifier,
};
use crate::error::TemplateError;
use crate::template::{self, Beacon, Holder, PolicyName, Sector, Template, VerifiedRegistry};

/// What the treasury has, FIL.
const TREASURY_FIL: u64 = 100_000_000;
/// What the other accounts of every network have, FIL.
const ACCOUNT_FIL: u64 = 1_000_000;
/// Datacap that the treasury may give to clients, bytes: 1 PiB.
const DATACAP_BYTES: u64 = 1 << 50;

/// What is made with a network, and its template cannot say.
#[derive(Clone, Debug)]
pub struct Made {
    /// The id of the first miner.
    pub first_miner: ActorID,
    /// When epoch 0 is, seconds since 1970.
    pub genesis_time: u64,
    /// The root of the actors; any, if there is none.
    pub bundle: Option<Cid>,
    /// The first round of its beacon.
    pub beacon: Option<Beacon>,
    /// All [keys](DevnetTemplate::keys), by their names.
    pub keys: BTreeMap<String, Address>,
    /// The sealed sectors of each miner.
    pub sectors: Vec<Vec<Sector>>,
}

impl DevnetTemplate {
    /// The template of a genesis.
    ///
    /// # Errors
    /// If it names somebody whom it does not make, or makes somebody twice.
    pub fn resolve(&self, made: Made) -> Result<Template, TemplateError> {
        let names = Names(&made.keys);
        self.check_names()?;
        let name = &self.network_name;
        Ok(Template {
            network_name: match name {
                Some(name) => name.clone(),
                None => format!("filigree-{:x}", made.genesis_time),
            },
            chain_id: self.chain_id.unwrap_or(CHAIN_ID),
            network_version: self.network_version.unwrap_or(VERSION),
            genesis_time: made.genesis_time,
            base_fee: match &self.base_fee {
                Some(fee) => fee.clone(),
                None => TokenAmount::from_atto(BASE_FEE_ATTO),
            },
            policy: PolicyName::Devnet,
            bundle: made.bundle,
            ticket: None,
            beacon: made.beacon,
            verified_registry: self.registry(&names)?,
            reserve: Holder::Account(names.key(RESERVE)?),
            accounts: self.accounts(&names, made.first_miner)?,
            multisigs: self
                .multisigs
                .iter()
                .map(|wallet| names.multisig(wallet))
                .collect::<Result<_, _>>()?,
            miners: self.miners(&names, made.first_miner, made.sectors)?,
        })
    }

    /// That every key is made once, and none that networks have anyway.
    fn check_names(&self) -> Result<(), TemplateError> {
        let mut seen = BTreeSet::new();
        for account in &self.accounts {
            let Owner::Key { name, .. } = &account.owner else {
                continue;
            };
            if is_usual(name) {
                return contradiction(format!(
                    "the key {name} is one that every network has: choose another name"
                ));
            }
            if !seen.insert(name) {
                return contradiction(format!("the key {name} is there twice"));
            }
        }
        Ok(())
    }

    /// Those of every network, the workers that are made with it, those of the template.
    fn accounts(
        &self,
        names: &Names<'_>,
        first_miner: ActorID,
    ) -> Result<Vec<template::Account>, TemplateError> {
        let account = |name: &str, fil: u64| -> Result<_, TemplateError> {
            Ok(template::Account {
                address: names.key(name)?,
                balance: TokenAmount::from_whole(fil),
            })
        };
        let mut accounts = vec![
            account(TREASURY, TREASURY_FIL)?,
            account(BLS, ACCOUNT_FIL)?,
            account(DELEGATED, ACCOUNT_FIL)?,
        ];
        for (id, miner) in (first_miner..).zip(&self.miners) {
            if miner.worker.is_none() {
                accounts.push(account(&worker_name(id), ACCOUNT_FIL)?);
            }
        }
        for entry in &self.accounts {
            accounts.push(template::Account {
                address: match &entry.owner {
                    Owner::Key { name, .. } => names.key(name)?,
                    Owner::Address(address) => *address,
                },
                balance: entry.balance.clone(),
            });
        }
        Ok(accounts)
    }

    fn registry(&self, names: &Names<'_>) -> Result<VerifiedRegistry, TemplateError> {
        let mut verifiers = Vec::with_capacity(self.verifiers.len() + 1);
        for verifier in &self.verifiers {
            let verifier = names.verifier(verifier)?;
            let address = verifier.address;
            if verifiers
                .iter()
                .any(|other: &template::Verifier| other.address == address)
            {
                return contradiction(format!("the verifier {address} is there twice"));
            }
            verifiers.push(verifier);
        }
        let treasury = names.key(TREASURY)?;
        if !verifiers
            .iter()
            .any(|verifier| verifier.address == treasury)
        {
            verifiers.push(template::Verifier {
                address: treasury,
                allowance: DATACAP_BYTES,
                clients: Vec::new(),
            });
        }
        Ok(VerifiedRegistry {
            root: Holder::Account(names.key(REGISTRY)?),
            verifiers,
        })
    }

    fn miners(
        &self,
        names: &Names<'_>,
        first_miner: ActorID,
        sectors: Vec<Vec<Sector>>,
    ) -> Result<Vec<template::Miner>, TemplateError> {
        let miners = (first_miner..).zip(&self.miners).zip(sectors);
        miners
            .map(|((id, miner), sectors)| {
                let worker = match &miner.worker {
                    Some(worker) => self.worker(worker)?.to_owned(),
                    None => worker_name(id),
                };
                Ok(template::Miner {
                    owner: names.party(&miner.owner)?,
                    worker: names.key(&worker)?,
                    sector_size: miner.sector_size,
                    peer_id: Vec::new(),
                    committed_capacity: None,
                    sectors,
                })
            })
            .collect()
    }

    /// The name of a worker: its key must be here, to sign blocks, and a BLS key.
    fn worker<'a>(&self, worker: &'a Party) -> Result<&'a str, TemplateError> {
        let made = |name: &String| {
            self.accounts.iter().any(|account| match &account.owner {
                Owner::Key { name: key, kind } => key == name && *kind == KeyKind::Bls,
                Owner::Address(_) => false,
            })
        };
        match worker {
            Party::Name(name) if name == BLS || made(name) => Ok(name),
            _ => contradiction(format!(
                "the worker {worker} of a miner must be a key of [[accounts]] with type = \"bls\"; leave it out for one that is made"
            )),
        }
    }
}

/// Who a name is of.
struct Names<'a>(&'a BTreeMap<String, Address>);

impl Names<'_> {
    fn key(&self, name: &str) -> Result<Address, TemplateError> {
        let address = self.0.get(name).copied();
        address.ok_or_else(|| {
            TemplateError::Contradiction(format!(
                "there is no key {name}: add it to [[accounts]], or write an address"
            ))
        })
    }

    fn party(&self, party: &Party) -> Result<Address, TemplateError> {
        match party {
            Party::Name(name) => self.key(name),
            Party::Address(address) => Ok(*address),
        }
    }

    fn multisig(&self, wallet: &Multisig) -> Result<template::Multisig, TemplateError> {
        let signers = wallet.signers.iter().map(|signer| self.party(signer));
        Ok(template::Multisig {
            signers: signers.collect::<Result<_, _>>()?,
            threshold: wallet.threshold,
            balance: wallet.balance.clone(),
            vesting_start: wallet.vesting_start,
            vesting_duration: wallet.vesting_duration,
        })
    }

    fn verifier(&self, verifier: &Verifier) -> Result<template::Verifier, TemplateError> {
        let client = |client: &Client| {
            Ok(template::Client {
                address: self.party(&client.address)?,
                datacap: client.datacap,
            })
        };
        let clients = verifier.clients.iter().map(client);
        Ok(template::Verifier {
            address: self.party(&verifier.address)?,
            allowance: verifier.allowance,
            clients: clients.collect::<Result<_, TemplateError>>()?,
        })
    }
}

fn contradiction<T>(why: String) -> Result<T, TemplateError> {
    Err(TemplateError::Contradiction(why))
}
