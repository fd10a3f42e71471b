//! Names of the wallet's addresses, which Lotus does not have. They are for people at a command line.

use std::collections::BTreeMap;

use fvm_shared::address::Address;

use crate::error::Reply;
use crate::methods;
use crate::services::Services;

methods! { Filigree:
    /// The names of the wallet's addresses.
    [write] WalletNames() -> BTreeMap<String, Address> = names;

    /// Names an address, which the wallet need not have the key of, or forgets a name.
    [write] WalletSetName(
        name: String,
        /// Null: the name is forgotten.
        address: Option<Address>,
    ) -> () = set_name;
}

fn names(services: &Services) -> Reply<BTreeMap<String, Address>> {
    Ok(services.wallet.names().into_iter().collect())
}

fn set_name(services: &Services, name: String, address: Option<Address>) -> Reply<()> {
    match address {
        Some(address) => services.wallet.set_name(&name, &address)?,
        None => services.wallet.remove_name(&name)?,
    }
    Ok(())
}
