//! nv18 to nv20, "Hygge": the first list, so it is complete (FIP-0032, FIP-0049, FIP-0055, FIP-0057).

use crate::price::{AggregatePrice, Scaled};
use crate::{Gas, PriceList, WasmPrices};

pub(super) const PRICES: PriceList = PriceList {
    wasm: WasmPrices {
        instruction_default: Gas::new(4),
        math_default: Gas::new(4),
        jump_unconditional: Gas::new(4),
        jump_conditional: Gas::new(4),
        jump_indirect: Gas::new(4),
        call: Gas::ZERO,
        memory_fill_base_cost: Gas::ZERO,
        memory_fill_per_byte_cost: Gas::from_milligas(400),
        memory_access_cost: Gas::ZERO,
        memory_copy_per_byte_cost: Gas::from_milligas(400),
        host_call_cost: Gas::new(14_000),
    },

    on_chain_message_compute: Scaled::flat(Gas::new(38_863)),
    // 36 bytes for what surrounds a message, at the price of its own.
    on_chain_message_storage: Scaled {
        flat: Gas::new(36 * 1_300),
        per_unit: Gas::new(1_300),
    },
    on_chain_return_storage: Scaled::per_unit(Gas::new(1_300)),
    send_transfer_funds: Gas::new(6_000),
    send_invoke_method: Gas::new(75_000),

    actor_lookup: Gas::new(500_000),
    actor_update: Gas::new(475_000),
    actor_create_storage: Gas::new(650_000),
    address_lookup: Gas::new(1_050_000),
    address_assignment: Gas::new(1_000_000),
    // System, init, reward, cron, power, market, verified registry, datacap, address manager, burnt funds.
    preloaded_actors: &[0, 1, 2, 3, 4, 5, 6, 7, 10, 99],

    block_memcpy: Scaled::per_unit(Gas::from_milligas(400)),
    block_allocate: Scaled::per_unit(Gas::new(2)),
    block_memory_retention_minimum: Scaled::per_unit(Gas::new(10)),
    // The bytes are paid by the retention minimum.
    block_open: Scaled::flat(Gas::new(187_440)),
    block_persist_storage: Scaled {
        flat: Gas::new(334_000),
        per_unit: Gas::new(3_340),
    },
    block_persist_compute: Gas::new(172_000),

    tracks_links: false,
    ipld_cbor_scan_per_field: Gas::ZERO,
    ipld_cbor_scan_per_cid: Gas::ZERO,
    ipld_link_tracked: Gas::ZERO,
    ipld_link_checked: Gas::ZERO,

    secp256k1_signature: Scaled {
        flat: Gas::new(1_637_292),
        per_unit: Gas::new(10),
    },
    bls_signature: Scaled {
        flat: Gas::new(16_598_605),
        per_unit: Gas::new(26),
    },
    secp256k1_recover: Gas::new(1_637_292),
    bls_pairing: Gas::ZERO,
    bls_hashing: Scaled::ZERO,
    sha2_256: Scaled::per_unit(Gas::new(7)),
    blake2b: Scaled::per_unit(Gas::new(10)),
    keccak256: Scaled::per_unit(Gas::new(33)),
    ripemd160: Scaled::per_unit(Gas::new(35)),

    compute_unsealed_sector_cid: Gas::new(98_647),
    verify_seal: Gas::new(2_000),
    aggregate_32gib: AGGREGATE_32GIB,
    aggregate_64gib: AggregatePrice {
        per_seal: Gas::new(359_272),
        steps: &[
            (4, Gas::new(102_581_240)),
            (7, Gas::new(110_803_030)),
            (13, Gas::new(120_803_700)),
            (26, Gas::new(134_642_130)),
            (52, Gas::new(157_357_890)),
            (103, Gas::new(203_017_690)),
            (205, Gas::new(304_253_590)),
            (410, Gas::new(509_880_640)),
        ],
    },
    // Non-interactive seals are newer than this list. Where they exist, they cost as interactive ones of 32 GiB.
    aggregate_ni_32gib: AGGREGATE_32GIB,
    aggregate_ni_64gib: AGGREGATE_32GIB,
    verify_post: Scaled {
        flat: Gas::new(117_680_921),
        per_unit: Gas::new(43_780),
    },
    verify_consensus_fault: Gas::new(516_422),
    verify_replica_update: Gas::new(36_316_136),

    randomness_seed: Gas::new(21_000),
    randomness_draw: Scaled::per_unit(Gas::new(10)),
    tipset_cid_latest: Gas::new(50_000),
    tipset_cid_historical: Gas::new(215_000),
    lookback: Scaled::ZERO,

    event_validation: Scaled {
        flat: Gas::new(1_750),
        per_unit: Gas::new(25),
    },
    event_index: Scaled::ZERO,
    event_per_entry: Scaled::ZERO,
    utf8_validation: Scaled::ZERO,

    builtin_actor_manifest_lookup: Gas::ZERO,
    network_context: Gas::ZERO,
    message_context: Gas::ZERO,
    install_wasm_per_byte: Gas::ZERO,
};

const AGGREGATE_32GIB: AggregatePrice = AggregatePrice {
    per_seal: Gas::new(449_900),
    steps: &[
        (4, Gas::new(103_994_170)),
        (7, Gas::new(112_356_810)),
        (13, Gas::new(122_912_610)),
        (26, Gas::new(137_559_930)),
        (52, Gas::new(162_039_100)),
        (103, Gas::new(210_960_780)),
        (205, Gas::new(318_351_180)),
        (410, Gas::new(528_274_980)),
    ],
};
