//! Which bundle: the network whose limits the actors are compiled with, and what they may do there.

pub use crate::options::Network;
use crate::place::Place;

impl Network {
    /// All of them.
    pub const ALL: [Network; 3] = [Network::Mainnet, Network::Calibnet, Network::Devnet];

    /// Its name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Network::Mainnet => "mainnet",
            Network::Calibnet => "calibnet",
            Network::Devnet => "devnet",
        }
    }
}

/// Which bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Recipe {
    /// The network.
    pub network: Network,
    /// Whether users may install code, by messages to the init actor. Such a bundle runs only on hosts that allow it.
    pub user_code: bool,
    /// Whether the actors of storage and payments are there. Without them a bundle is built in a fraction of the time.
    pub storage: bool,
}

impl Recipe {
    /// The whole bundle of a network.
    pub fn of(network: Network) -> Self {
        Self {
            network,
            user_code: network == Network::Devnet,
            storage: true,
        }
    }

    /// What a chain needs on which nobody stores anything.
    pub fn core(user_code: bool) -> Self {
        Self {
            network: Network::Mainnet,
            user_code,
            storage: false,
        }
    }

    /// A name for files: equal ones are the same recipe.
    pub fn name(&self) -> String {
        let mut name = self.network.name().to_owned();
        if !self.storage {
            name.push_str("-core");
        }
        if self.user_code {
            name.push_str("-user-code");
        }
        name
    }

    /// The folder of the actor that stands in a place, below `actors-wasm`.
    pub(crate) fn folder(&self, place: &Place) -> Option<&'static str> {
        place
            .folder
            .filter(|_| self.storage || !place.is_for_storage)
    }

    /// The features an actor is compiled with.
    pub(crate) fn features(&self, place: &Place) -> Vec<String> {
        let network = match self.network {
            Network::Mainnet => None,
            other => Some(other.name()).filter(|_| place.has_policy),
        };
        let user_code = (self.user_code && place.name == "init").then_some("user-code");
        let features = network.into_iter().chain(user_code);
        features.map(str::to_owned).collect()
    }
}
