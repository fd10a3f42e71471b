//! What can be told of a template without making it.

use std::collections::BTreeSet;

use filigree_actor_miner::types::{is_sealed_sector, is_unsealed_sector};

use super::{Holder, Miner, Multisig, Template, Verifier};
use crate::error::TemplateError;

impl Template {
    /// Says in what it contradicts itself.
    pub(crate) fn check(&self) -> Result<(), TemplateError> {
        require(!self.network_name.is_empty(), || {
            "the network has no name".to_owned()
        })?;
        if let Some(ticket) = &self.ticket {
            require(ticket.len() == 32, || {
                format!("the ticket has {} bytes, not 32", ticket.len())
            })?;
        }
        let holders = [&self.verified_registry.root, &self.reserve];
        let wallets = holders.into_iter().filter_map(|holder| match holder {
            Holder::Multisig(wallet) => Some(wallet),
            Holder::Account(_) => None,
        });
        for wallet in self.multisigs.iter().chain(wallets) {
            check_wallet(wallet)?;
        }
        self.check_datacap()?;
        for (index, miner) in self.miners.iter().enumerate() {
            check_miner(index, miner)?;
        }
        Ok(())
    }

    fn check_datacap(&self) -> Result<(), TemplateError> {
        let verifiers = &self.verified_registry.verifiers;
        let is_verifier = |address| verifiers.iter().any(|other| other.address == address);
        let least = self.policy().minimum_verified_allocation_size;
        let fits = |datacap: u64| i64::try_from(datacap).is_ok_and(|datacap| datacap >= least);
        for Verifier {
            address,
            allowance,
            clients,
        } in verifiers
        {
            require(fits(*allowance), || {
                format!("the verifier {address} may give {allowance} bytes; {least} are the least")
            })?;
            for client in clients {
                let (whom, datacap) = (client.address, client.datacap);
                require(!is_verifier(whom), || {
                    format!("{whom} is a verifier, who cannot be a client as well")
                })?;
                require(fits(datacap), || {
                    format!(
                        "the client {whom} has {datacap} bytes of datacap; {least} are the least"
                    )
                })?;
            }
            let given: u128 = clients
                .iter()
                .map(|client| u128::from(client.datacap))
                .sum();
            require(given <= u128::from(*allowance), || {
                format!(
                    "the verifier {address} may give {allowance} bytes, and its clients have {given}"
                )
            })?;
        }
        Ok(())
    }
}

fn check_wallet(wallet: &Multisig) -> Result<(), TemplateError> {
    let signers: BTreeSet<_> = wallet.signers.iter().collect();
    let (threshold, count) = (wallet.threshold, wallet.signers.len());
    require(signers.len() == count, || {
        "a multisig has a signer twice".to_owned()
    })?;
    require((1..=count as u64).contains(&threshold), || {
        format!("a multisig of {count} signers cannot ask for {threshold}")
    })?;
    require(wallet.vesting_duration >= 0, || {
        "a multisig vests in less than no time".to_owned()
    })
}

fn check_miner(index: usize, miner: &Miner) -> Result<(), TemplateError> {
    require(miner.committed_capacity.is_none(), || {
        format!("miner {index} names a file of sectors: read the template from a file as well")
    })?;
    let mut numbers = BTreeSet::new();
    for sector in &miner.sectors {
        let number = sector.number;
        require(numbers.insert(number), || {
            format!("miner {index} has sector {number} twice")
        })?;
        require(is_sealed_sector(&sector.comm_r), || {
            format!("miner {index}, sector {number}: comm_r is no CommR")
        })?;
        require(
            sector.comm_d.as_ref().is_none_or(is_unsealed_sector),
            || format!("miner {index}, sector {number}: comm_d is no CommD"),
        )?;
        let size = sector.seal_proof(miner.sector_size).sector_size();
        require(size == Ok(miner.sector_size), || {
            format!("miner {index}, sector {number}: sealed for another size")
        })?;
    }
    Ok(())
}

fn require(holds: bool, why: impl FnOnce() -> String) -> Result<(), TemplateError> {
    match holds {
        true => Ok(()),
        false => Err(TemplateError::Contradiction(why())),
    }
}
