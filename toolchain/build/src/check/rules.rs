//! What a network version allows, as far as it concerns whether a module loads.

use filigree_abi::{FIRST_NETWORK_VERSION, Gate, LAST_NETWORK_VERSION};
use filigree_engine::EngineConfig;
use filigree_engine::WasmCosts;
use filigree_gas::PriceList;
use filigree_vm::Network;
use fvm_shared::version::NetworkVersion;

/// A check could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The version has no rules here.
    #[error(
        "network version {0} is not supported; give one of {FIRST_NETWORK_VERSION} to {LAST_NETWORK_VERSION}"
    )]
    UnknownVersion(u32),
    /// The host's engine could not be made on this machine.
    #[error("the host's engine cannot be made: {0}; is the address space limited (ulimit -v)?")]
    Engine(#[from] filigree_engine::EngineError),
}

/// The rules a module is checked against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The network version, 18 to 28.
    pub network_version: u32,
    /// Whether actors may replace their own code (off on mainnet).
    pub allow_upgrade: bool,
    /// Whether code may be installed by a message (off on mainnet).
    pub allow_install: bool,
    /// The network's limits.
    network: Network,
}

impl Rules {
    /// Mainnet's rules at a version.
    pub fn mainnet(network_version: u32) -> Result<Self, CheckError> {
        let version = NetworkVersion::from(network_version);
        if PriceList::for_version(version).is_none() {
            return Err(CheckError::UnknownVersion(network_version));
        }
        let network = Network::mainnet(version);
        Ok(Rules {
            network_version,
            allow_upgrade: network.allow_upgrade,
            allow_install: network.allow_install,
            network,
        })
    }

    /// Mainnet's rules at the latest version that is supported.
    pub fn latest() -> Self {
        Rules::mainnet(LAST_NETWORK_VERSION).expect("the last version of the table has rules")
    }

    /// The same rules where actors may, or may not, replace their own code.
    #[must_use]
    pub fn with_upgrade(self, allow_upgrade: bool) -> Self {
        Rules {
            allow_upgrade,
            ..self
        }
    }

    /// The same rules where code may, or may not, be installed by a message.
    #[must_use]
    pub fn with_install(self, allow_install: bool) -> Self {
        Rules {
            allow_install,
            ..self
        }
    }

    /// Whether a policy lets a syscall exist.
    pub fn allows(&self, gate: Option<Gate>) -> bool {
        match gate {
            None => true,
            Some(Gate::Upgrade) => self.allow_upgrade,
            Some(Gate::Install) => self.allow_install,
        }
    }

    /// Largest memory of one actor.
    pub fn max_instance_memory_bytes(&self) -> u64 {
        self.network.max_instance_memory_bytes
    }

    /// Largest block an actor or a message can carry.
    pub fn max_block_bytes(&self) -> usize {
        self.network.max_block_size_bytes
    }

    /// What each call pays for memory its module starts with, in whole gas.
    pub fn initial_memory_gas(&self, bytes: u64) -> u64 {
        let prices = PriceList::for_version(self.network.version);
        prices.map_or(0, |list| list.wasm.init_memory_gas(bytes).round_up())
    }

    /// The engine's configuration for these rules.
    pub(crate) fn engine_config(&self) -> EngineConfig {
        let prices = PriceList::for_version(self.network.version);
        EngineConfig {
            max_stack_height: self.network.max_stack_height,
            max_memory_bytes: self.network.max_instance_memory_bytes,
            max_call_depth: 1,
            concurrency: 1,
            costs: prices.map(|list| costs(&list.wasm)).unwrap_or_default(),
            cache_dir: None,
            profiling: false,
        }
    }
}

/// As the host does it. Prices decide about loading only where the price of a block overflows.
fn costs(prices: &filigree_gas::WasmPrices) -> WasmCosts {
    WasmCosts {
        instruction_default: prices.instruction_default.as_milligas(),
        math_default: prices.math_default.as_milligas(),
        jump_unconditional: prices.jump_unconditional.as_milligas(),
        jump_conditional: prices.jump_conditional.as_milligas(),
        jump_indirect: prices.jump_indirect.as_milligas(),
        call: prices.call.as_milligas(),
        memory_fill_base_cost: prices.memory_fill_base_cost.as_milligas(),
        memory_access_cost: prices.memory_access_cost.as_milligas(),
        memory_copy_per_byte_cost: prices.memory_copy_per_byte_cost.as_milligas(),
        memory_fill_per_byte_cost: prices.memory_fill_per_byte_cost.as_milligas(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_outside_the_range_are_refused() {
        for version in [0, 17, 29, u32::MAX] {
            let error = Rules::mainnet(version).unwrap_err();
            assert!(error.to_string().contains("18 to 28"), "{error}");
        }
        for version in 18..=28 {
            let rules = Rules::mainnet(version).unwrap();
            assert_eq!(rules.max_instance_memory_bytes(), 512 << 20);
            assert!(!rules.allows(Some(Gate::Upgrade)) && rules.allows(None));
        }
        assert_eq!(Rules::latest().network_version, 28);
    }
}
