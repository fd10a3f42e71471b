//! The rules of a network: limits, policy, and what each network version changed in the ABI. Versions are data; prices
//! are in `filigree_gas`.

use filigree_gas::PriceList;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::version::NetworkVersion;

/// The settings of one network at one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// The network version; 18 to 28 are supported.
    pub version: NetworkVersion,
    /// EIP-155 chain id: 314 is mainnet, 314159 calibnet, 0 is invalid on any real network.
    pub chain_id: u64,
    /// Deepest call stack of one message.
    pub max_call_depth: u32,
    /// Highest Wasm operand and local stack of one actor, in elements.
    pub max_stack_height: u32,
    /// Largest Wasm memory of one actor, in bytes (a multiple of 64 KiB).
    pub max_instance_memory_bytes: u64,
    /// Largest sum of memories and tables over the call stack, in bytes.
    pub max_memory_bytes: u64,
    /// Largest block an actor may create, in bytes.
    pub max_block_size_bytes: usize,
    /// Whether actors may log. Changes what actors see, so it is a rule of the whole network.
    pub actor_debugging: bool,
    /// Whether `actor::upgrade_actor` exists (off on mainnet).
    pub allow_upgrade: bool,
    /// Whether `actor::install_actor` exists (off on mainnet).
    pub allow_install: bool,
}

impl Network {
    /// The limits of mainnet at `version`, without a chain id.
    pub fn new(version: NetworkVersion) -> Self {
        Self {
            version,
            chain_id: 0,
            max_call_depth: 1024,
            max_stack_height: 2048,
            max_instance_memory_bytes: 512 << 20,
            max_memory_bytes: 2 << 30,
            max_block_size_bytes: 1 << 20,
            actor_debugging: false,
            allow_upgrade: false,
            allow_install: false,
        }
    }

    /// Mainnet at `version`.
    pub fn mainnet(version: NetworkVersion) -> Self {
        Self {
            chain_id: 314,
            ..Self::new(version)
        }
    }

    /// What the version changed and what it costs; `None` if the version is not supported.
    pub(crate) fn rules(&self) -> Option<Rules> {
        let prices = PriceList::for_version(self.version)?;
        let early = self.version < NetworkVersion::V21;
        Some(Rules {
            prices,
            tracks_reachability: !early,
            tipset_lookback_epochs: early.then_some(900),
            leaks_gas_limit_at_max_depth: early,
            missing_invoke_is_fatal: early,
            charges_root_access: !early,
            settles_negative_fees: early,
            early_abi: early,
        })
    }
}

/// What differs between network versions, apart from prices.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Gas prices.
    pub prices: &'static PriceList,
    /// Whether an actor may open and link only blocks it can reach (FIP-0066, nv21).
    pub tracks_reachability: bool,
    /// How far back `network::tipset_cid` may look; lifted in nv21, when the cost began to scale.
    pub tipset_lookback_epochs: Option<ChainEpoch>,
    /// Up to nv20 a limited send refused for its depth kept its gas limit in force (reference host 3.x).
    pub leaks_gas_limit_at_max_depth: bool,
    /// Up to nv20 an actor without `invoke` was a fatal error; later it is an invalid receiver.
    pub missing_invoke_is_fatal: bool,
    /// Up to nv20 a message with a negative fee cap ran before settlement failed on it; later preflight fails.
    pub settles_negative_fees: bool,
    /// Whether reading and writing the state root are charged (nv21).
    pub charges_root_access: bool,
    /// The ABI of nv18–20: `self_destruct` with a beneficiary, randomness drawn by the host, events as one CBOR block.
    pub early_abi: bool,
}
