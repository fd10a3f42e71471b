//! Every charge of every list, worked out by hand.
//!
//! A row of the table is an event and what it costs in nv18, nv21 and nv25, split in compute and other, in milligas.
//! `tests/differential` compares with the reference host itself.

use fvm_shared::EMPTY_ARR_CID;
use fvm_shared::crypto::signature::SignatureType::{BLS, Secp256k1};
use fvm_shared::event::{ActorEvent, Entry, Flags};
use fvm_shared::randomness::Randomness;
use fvm_shared::sector::RegisteredSealProof::{self as Seal, *};
use fvm_shared::sector::{
    AggregateSealVerifyInfo, AggregateSealVerifyProofAndInfos, RegisteredAggregateProof,
    RegisteredPoStProof, SectorInfo, WindowPoStVerifyInfo,
};
use fvm_shared::version::NetworkVersion;

use crate::HashAlgorithm::{Blake2b256, Blake2b512, Keccak256, Ripemd160, Sha2_256};
use crate::{Gas, GasCharge, PriceList};

/// Compute and other, in milligas.
type Milligas = (u64, u64);

fn list(version: u32) -> &'static PriceList {
    PriceList::for_version(NetworkVersion::from(version)).expect("a supported version")
}

/// Checks one event in the three lists.
fn check(
    event: &str,
    charge: impl Fn(&PriceList) -> GasCharge,
    nv18: Milligas,
    nv21: Milligas,
    nv25: Milligas,
) {
    for (version, milligas) in [(18, nv18), (21, nv21), (25, nv25)] {
        let charge = charge(list(version));
        let got = (charge.compute.as_milligas(), charge.other.as_milligas());
        assert_eq!(got, milligas, "{event} in nv{version}: {}", charge.name);
    }
}

/// An event with the same price in all lists.
fn same(event: &str, charge: impl Fn(&PriceList) -> GasCharge, milligas: Milligas) {
    check(event, charge, milligas, milligas, milligas);
}

/// An event with a price in nv18 and another from nv21 on.
fn two(event: &str, charge: impl Fn(&PriceList) -> GasCharge, nv18: Milligas, later: Milligas) {
    check(event, charge, nv18, later, later);
}

/// An amount of whole gas as work done at once.
const fn compute(gas: u64) -> Milligas {
    (gas * 1_000, 0)
}

/// An amount of whole gas as anything else.
const fn other(gas: u64) -> Milligas {
    (0, gas * 1_000)
}

const FREE: Milligas = (0, 0);

#[test]
fn versions_have_the_list_in_force() {
    let check = |versions: std::ops::RangeInclusive<u32>, first: u32| {
        for version in versions {
            assert!(std::ptr::eq(list(version), list(first)), "nv{version}");
        }
    };
    check(18..=20, 18);
    check(21..=24, 21);
    check(25..=28, 25);
    assert_ne!(list(18), list(21));
    assert_ne!(list(21), list(25));
    for version in [0, 17, 29, u32::MAX] {
        assert_eq!(
            PriceList::for_version(NetworkVersion::from(version)),
            None,
            "nv{version}"
        );
    }
}

#[test]
fn messages_and_calls() {
    // 475_000 for the sender, 36 * 1300 and 100 * 1300 for the bytes.
    let message = (38_863_000, 475_000_000 + 46_800_000 + 130_000_000);
    same("message of 100 bytes", |p| p.on_chain_message(100), message);
    let empty = (38_863_000, 521_800_000);
    same("message of 0 bytes", |p| p.on_chain_message(0), empty);
    same("transfer", |p| p.on_value_transfer(), compute(6_000));
    same(
        "call",
        |p| p.on_method_invocation(1_000, 0),
        compute(75_000),
    );
    let links = |p: &PriceList| p.on_method_invocation(0, 2);
    two("call with 2 links", links, compute(75_000), compute(75_600));
    same("syscall", |p| p.on_syscall(), compute(14_000));
}

#[test]
fn a_return_value_is_stored_or_handed_on() {
    let on_chain = |p: &PriceList| p.on_method_return(1, 10, 3).expect("a charge");
    same("return on chain", on_chain, other(13_000));
    for depth in [0, 2, 1024] {
        assert_eq!(list(18).on_method_return(depth, 10, 3), None);
        for version in [21, 25] {
            let inside = list(version).on_method_return(depth, 10, 3);
            let links = GasCharge::new("OnReturnValue", Gas::new(900), Gas::ZERO);
            assert_eq!(inside, Some(links), "nv{version}, depth {depth}");
        }
    }
}

#[test]
fn actors() {
    same("creation", |p| p.on_create_actor(false), other(650_000));
    let with_address = other(650_000 + 1_000_000 + 1_050_000);
    same(
        "creation with address",
        |p| p.on_create_actor(true),
        with_address,
    );
    same("deletion", |p| p.on_delete_actor(), FREE);
    same("lookup", |p| p.on_actor_lookup(), other(500_000));
    same("update", |p| p.on_actor_update(), other(475_000));
    same("new in the tree", |p| p.on_actor_create(), other(650_000));
    same("own balance", |p| p.on_self_balance(), FREE);
    same("balance", |p| p.on_balance_of(), FREE);
    same("address", |p| p.on_resolve_address(), FREE);
    same("f4 address", |p| p.on_lookup_delegated_address(), FREE);
    same("code", |p| p.on_get_actor_code_cid(), FREE);
    same("type of code", |p| p.on_get_builtin_actor_type(), FREE);
    same("code of type", |p| p.on_get_code_cid_for_type(), FREE);
    same("installation", |p| p.on_install_actor(1 << 20), FREE);
    for version in [18, 21, 25] {
        assert_eq!(
            list(version).preloaded_actors(),
            [0, 1, 2, 3, 4, 5, 6, 7, 10, 99]
        );
    }
}

#[test]
fn blocks_opened() {
    two("root", |p| p.on_get_root(), FREE, compute(300));
    two("new root", |p| p.on_set_root(), FREE, compute(300));
    let found = (300_000, 187_440_000);
    two("found", |p| p.on_block_open_base(), other(187_440), found);

    let open = |bytes, links| move |p: &PriceList| p.on_block_open(bytes, links);
    same("nothing", open(0, 0), FREE);
    // 10 gas a byte in the end; copy and allocation are 2.4 of them.
    two("10 bytes", open(10, 0), (24_000, 76_000), other(100));
    // Up to nv20 links are free. Later they count towards the 10 gas a byte.
    two(
        "10 bytes, 1 link",
        open(10, 1),
        (24_000, 76_000),
        (300_000, 24_000),
    );
    let long = (300_000, 240_000 + 460_000);
    two("100 bytes, 1 link", open(100, 1), (240_000, 760_000), long);
    same("stat", |p| p.on_block_stat(), FREE);
    same("read", |p| p.on_block_read(3), (1_200, 0));
}

#[test]
fn blocks_made() {
    let create = |bytes, links| move |p: &PriceList| p.on_block_create(bytes, links);
    same("nothing", create(0, 0), FREE);
    same("10 bytes", create(10, 0), (24_000, 76_000));
    two(
        "10 bytes, 2 links",
        create(10, 2),
        (24_000, 76_000),
        compute(624),
    );
    two(
        "100 bytes, 1 link",
        create(100, 1),
        (240_000, 760_000),
        (540_000, 460_000),
    );

    // 100 bytes: copy 240, hash 1000; flush 172_000, storage 334_000 + 100 * 3340.
    let link = |p: &PriceList| p.on_block_link(Blake2b256, 100);
    let stored = 840_000_000;
    two("link", link, (1_240_000, stored), (1_540_000, stored));
    let sha = |p: &PriceList| p.on_block_link(Sha2_256, 100);
    two(
        "link by SHA-256",
        sha,
        (940_000, stored),
        (1_240_000, stored),
    );
}

#[test]
fn links_are_scanned_from_nv21_on() {
    for (version, field, cid) in [(18, 0, 0), (21, 35, 400), (25, 35, 400)] {
        let prices = list(version);
        assert_eq!(
            prices.ipld_cbor_scan_per_field,
            Gas::new(field),
            "nv{version}"
        );
        assert_eq!(prices.ipld_cbor_scan_per_cid, Gas::new(cid), "nv{version}");
    }
}

#[test]
fn cryptography() {
    let signature = |p: &PriceList| p.on_verify_signature(Secp256k1, 100);
    same("secp256k1", signature, compute(1_638_292));
    let signature = |p: &PriceList| p.on_verify_signature(BLS, 100);
    same("BLS", signature, compute(16_601_205));
    same(
        "recovery",
        |p| p.on_recover_secp_public_key(),
        compute(1_637_292),
    );
    let hash = |hash| move |p: &PriceList| p.on_hashing(hash, 100);
    same("SHA-256", hash(Sha2_256), compute(700));
    same("BLAKE2b-256", hash(Blake2b256), compute(1_000));
    same("BLAKE2b-512", hash(Blake2b512), compute(1_000));
    same("Keccak-256", hash(Keccak256), compute(3_300));
    same("RIPEMD-160", hash(Ripemd160), compute(3_500));
    // Pairings: one a signature and one more. Free in nv18, which has no such syscall.
    let aggregate = |n, bytes| move |p: &PriceList| p.on_verify_aggregate_signature(n, bytes);
    two(
        "BLS aggregate",
        aggregate(2, 100),
        FREE,
        compute(3 * 8_299_302 + 700),
    );
    two(
        "BLS aggregate of none",
        aggregate(0, 0),
        FREE,
        compute(8_299_302),
    );
}

#[test]
fn proofs() {
    let unsealed = |p: &PriceList| p.on_compute_unsealed_sector_cid();
    same("unsealed CID", unsealed, compute(98_647));
    let seal = |p: &PriceList| p.on_verify_seal();
    check(
        "seal",
        seal,
        compute(2_000),
        compute(2_000),
        compute(42_000_000),
    );
    same(
        "replica update",
        |p| p.on_verify_replica_update(),
        compute(36_316_136),
    );
    same("fault", |p| p.on_verify_consensus_fault(), other(516_422));
    let post = |sectors| move |p: &PriceList| p.on_verify_post(&post(sectors));
    same("PoSt of nothing", post(0), compute(117_680_921));
    same("PoSt of 2 sectors", post(2), compute(117_768_481));
}

fn post(sectors: usize) -> WindowPoStVerifyInfo {
    let sector = SectorInfo {
        proof: StackedDRG32GiBV1P1,
        sector_number: 1,
        sealed_cid: EMPTY_ARR_CID,
    };
    WindowPoStVerifyInfo {
        randomness: Randomness(vec![0; 32]),
        proofs: Vec::new(),
        challenged_sectors: vec![sector; sectors],
        prover: 1000,
    }
}

fn aggregate(seal_proof: Seal, seals: usize) -> AggregateSealVerifyProofAndInfos {
    let info = |sector_number| AggregateSealVerifyInfo {
        sector_number,
        randomness: Randomness(Vec::new()),
        interactive_randomness: Randomness(Vec::new()),
        sealed_cid: EMPTY_ARR_CID,
        unsealed_cid: EMPTY_ARR_CID,
    };
    AggregateSealVerifyProofAndInfos {
        miner: 1000,
        seal_proof,
        aggregate_proof: RegisteredAggregateProof::SnarkPackV2,
        proof: Vec::new(),
        infos: (0..seals as u64).map(info).collect(),
    }
}

/// Checks an aggregate in one list: gas per seal, and the step added.
fn check_aggregate(version: u32, seal: Seal, seals: u64, per_seal: u64, step: u64) {
    let charge = list(version).on_verify_aggregate_seals(&aggregate(seal, seals as usize));
    let gas = Gas::new(per_seal * seals + step);
    assert_eq!(charge.total(), gas, "{seals} of {seal:?} in nv{version}");
    assert_eq!(charge.other, Gas::ZERO);
}

/// Checks both edges of every step: (first, last number of seals, gas).
fn check_steps(versions: &[u32], seals: &[Seal], per_seal: u64, steps: &[(u64, u64, u64)]) {
    for &version in versions {
        for &seal in seals {
            for &(first, last, step) in steps {
                check_aggregate(version, seal, first, per_seal, step);
                check_aggregate(version, seal, last, per_seal, step);
            }
        }
    }
}

/// Interactive seals of 32 GiB, and what has no price of its own.
const STEPS_32: &[(u64, u64, u64)] = &[
    (0, 3, 0),
    (4, 6, 103_994_170),
    (7, 12, 112_356_810),
    (13, 25, 122_912_610),
    (26, 51, 137_559_930),
    (52, 102, 162_039_100),
    (103, 204, 210_960_780),
    (205, 409, 318_351_180),
    (410, 1_000, 528_274_980),
];

#[test]
fn interactive_seals_in_aggregate() {
    let all = [18, 21, 25];
    check_steps(&all, &[StackedDRG32GiBV1P1], 449_900, STEPS_32);
    let steps_64 = [
        (0, 3, 0),
        (4, 6, 102_581_240),
        (7, 12, 110_803_030),
        (13, 25, 120_803_700),
        (26, 51, 134_642_130),
        (52, 102, 157_357_890),
        (103, 204, 203_017_690),
        (205, 409, 304_253_590),
        (410, 1_000, 509_880_640),
    ];
    check_steps(&all, &[StackedDRG64GiBV1P1], 359_272, &steps_64);
}

#[test]
fn other_seals_cost_as_interactive_ones_of_32_gib() {
    let without_price = [
        StackedDRG2KiBV1,
        StackedDRG64GiBV1,
        StackedDRG2KiBV1P1,
        StackedDRG64GiBV1P1_Feat_SyntheticPoRep,
        StackedDRG512MiBV1P2_Feat_NiPoRep,
        Invalid(99),
    ];
    check_steps(&[18, 21, 25], &without_price, 449_900, STEPS_32);
    let ni = [
        StackedDRG32GiBV1P2_Feat_NiPoRep,
        StackedDRG64GiBV1P2_Feat_NiPoRep,
    ];
    check_steps(&[18, 21], &ni, 449_900, STEPS_32);
}

#[test]
fn non_interactive_seals_in_aggregate_from_nv25_on() {
    let steps_32 = [
        (0, 0, 0),
        (1, 1, 112_356_810),
        (2, 2, 122_912_610),
        (3, 4, 137_559_930),
        (5, 8, 162_039_100),
        (9, 16, 210_960_780),
        (17, 32, 318_351_180),
        (33, 65, 528_274_980),
    ];
    check_steps(
        &[25],
        &[StackedDRG32GiBV1P2_Feat_NiPoRep],
        5_668_740,
        &steps_32,
    );
    let steps_64 = [
        (0, 0, 0),
        (1, 1, 110_803_030),
        (2, 2, 120_803_700),
        (3, 4, 134_642_130),
        (5, 8, 157_357_890),
        (9, 16, 203_017_690),
        (17, 32, 304_253_590),
        (33, 65, 509_880_640),
    ];
    check_steps(
        &[25],
        &[StackedDRG64GiBV1P2_Feat_NiPoRep],
        4_526_928,
        &steps_64,
    );
    // The sums FIP-0092 gives for one seal.
    check_aggregate(25, StackedDRG32GiBV1P2_Feat_NiPoRep, 1, 118_025_550, 0);
    check_aggregate(25, StackedDRG64GiBV1P2_Feat_NiPoRep, 1, 115_329_958, 0);
}

#[test]
fn post_costs_the_same_for_any_proof() {
    use fvm_shared::sector::PoStProof;
    for post_proof in [
        RegisteredPoStProof::StackedDRGWindow2KiBV1P1,
        RegisteredPoStProof::StackedDRGWindow64GiBV1P1,
        RegisteredPoStProof::Invalid(7),
    ] {
        let mut info = post(1);
        info.proofs.push(PoStProof {
            post_proof,
            proof_bytes: Vec::new(),
        });
        same("PoSt", |p| p.on_verify_post(&info), compute(117_724_701));
    }
}

#[test]
fn looking_back() {
    // 21_000 and 10 a byte of 48 + 16; later 19 * 5800 + 36_000 and 75 an epoch.
    let randomness = |entropy, epochs| move |p: &PriceList| p.on_get_randomness(entropy, epochs);
    two(
        "randomness",
        randomness(16, 5),
        other(21_640),
        other(146_575),
    );
    two("now", randomness(0, 0), other(21_480), other(146_200));
    let tipset = |epochs| move |p: &PriceList| p.on_tipset_cid(epochs);
    two("parent", tipset(1), other(50_000), other(146_275));
    two("before", tipset(2), other(215_000), other(146_350));
    two("far", tipset(899), other(215_000), other(213_625));
    // Nobody can pay for the future; a message has less than half of this.
    two(
        "the future",
        randomness(0, -1),
        other(21_480),
        (0, u64::MAX),
    );
}

#[test]
fn context_is_free() {
    same("network", |p| p.on_network_context(), FREE);
    same("message", |p| p.on_message_context(), FREE);
}

#[test]
fn events() {
    // Up to nv20. 100 bytes: copy 240, check 1750 + 2500.
    let validate = |p: &PriceList| p.on_actor_event_validate(100).compute;
    assert_eq!(validate(list(18)), Gas::new(4_490));
    // Stamped, 112 bytes: 44.8 a copy, 224 an allocation, 1120 the hash. Indexes are free.
    let event = ActorEvent::from(vec![Entry {
        flags: Flags::FLAG_INDEXED_ALL,
        key: "key".into(),
        codec: 0x55,
        value: vec![0; 32],
    }]);
    let accept = list(18).on_actor_event_accept(&event, 100);
    assert_eq!(accept.compute, Gas::from_milligas(268_800));
    assert_eq!(
        accept.other,
        Gas::from_milligas(89_600 + 224_000 + 1_120_000)
    );

    // From nv21 on. 12 + 2 * 9 + 10 + 20 = 60 bytes: 144 a copy, 600 the hash; entries 2000 + 2 * 1400, keys 500 + 160.
    for version in [21, 25] {
        let charge = list(version).on_actor_event(2, 10, 20);
        assert_eq!(charge.compute, Gas::new(288 + 4_800 + 660), "nv{version}");
        assert_eq!(charge.other, Gas::new(744), "nv{version}");
    }
    two("UTF-8", |p| p.on_utf8_validation(10), FREE, compute(660));
}

#[test]
fn an_indexed_event_pays_for_keys_and_values() {
    // No list charges this so far, so a made-up one does.
    let mut prices = list(18).clone();
    prices.event_index.flat = Gas::new(1_000_000);
    prices.event_index.per_unit = Gas::new(1_000);
    let entry = |flags| Entry {
        flags,
        key: "key".into(),
        codec: 0x55,
        value: vec![0; 32],
    };
    let event = ActorEvent::from(vec![
        entry(Flags::empty()),
        entry(Flags::FLAG_INDEXED_KEY),
        entry(Flags::FLAG_INDEXED_ALL),
    ]);
    let index = prices.on_actor_event_accept(&event, 100).total()
        - list(18).on_actor_event_accept(&event, 100).total();
    assert_eq!(index, Gas::new(3 * 1_000_000 + (3 + 3 + 32) * 1_000));
}

#[test]
fn wasm() {
    for version in [18, 21, 25] {
        let wasm = list(version).wasm;
        assert_eq!(wasm.init_memory_gas(65_536), Gas::from_milligas(26_214_400));
        assert_eq!(wasm.grow_memory_gas(65_536), Gas::from_milligas(26_214_400));
        assert_eq!(wasm.init_table_gas(10), Gas::new(32));
        assert_eq!(wasm.init_table_gas(0), Gas::ZERO);
        let four = [
            wasm.instruction_default,
            wasm.math_default,
            wasm.jump_unconditional,
            wasm.jump_conditional,
            wasm.jump_indirect,
        ];
        assert_eq!(four, [Gas::new(4); 5]);
        let free = [
            wasm.call,
            wasm.memory_fill_base_cost,
            wasm.memory_access_cost,
        ];
        assert_eq!(free, [Gas::ZERO; 3]);
        assert_eq!(wasm.memory_copy_per_byte_cost, Gas::from_milligas(400));
        assert_eq!(wasm.host_call_cost, Gas::new(14_000));
    }
}

#[test]
fn impossible_sizes_saturate() {
    let most = Gas::from_milligas(u64::MAX);
    for version in [18, 21, 25] {
        let p = list(version);
        let charges = [
            p.on_chain_message(usize::MAX),
            p.on_verify_signature(BLS, usize::MAX),
            p.on_hashing(Sha2_256, usize::MAX),
            p.on_block_open(usize::MAX, usize::MAX),
            p.on_block_read(usize::MAX),
            p.on_block_create(usize::MAX, usize::MAX),
            p.on_block_link(Blake2b256, usize::MAX),
            p.on_actor_event(usize::MAX, usize::MAX, usize::MAX),
        ];
        for charge in charges {
            assert_eq!(charge.total(), most, "{} in nv{version}", charge.name);
        }
        assert_eq!(p.wasm.init_table_gas(u64::MAX), most);
    }
    assert_eq!(list(18).on_get_randomness(usize::MAX, 0).total(), most);
    assert_eq!(
        list(21)
            .on_verify_aggregate_signature(usize::MAX, 0)
            .total(),
        most
    );
    assert_eq!(list(21).on_method_invocation(0, usize::MAX).total(), most);
}

#[test]
fn charges_are_named_as_in_the_reference() {
    let check = |charge: GasCharge, name: &str| assert_eq!(charge.name, name);
    for version in [18, 21, 25] {
        let p = list(version);
        check(p.on_chain_message(0), "OnChainMessage");
        check(p.on_value_transfer(), "OnValueTransfer");
        check(p.on_method_invocation(0, 0), "OnMethodInvocation");
        check(p.on_method_return(1, 0, 0).unwrap(), "OnChainReturnValue");
        check(p.on_syscall(), "OnSyscall");
        check(p.on_create_actor(true), "OnCreateActor");
        check(p.on_lookup_delegated_address(), "OnLookupAddress");
        check(p.on_get_root(), "OnActorGetRoot");
        check(p.on_set_root(), "OnActorSetRoot");
        check(p.on_block_open_base(), "OnBlockOpenBase");
        let open = if version == 18 {
            "OnBlockOpenPerByte"
        } else {
            "OnBlockOpen"
        };
        check(p.on_block_open(0, 0), open);
        check(
            p.on_verify_aggregate_signature(0, 0),
            "OnVerifyBlsAggregateSignature",
        );
        check(
            p.on_compute_unsealed_sector_cid(),
            "OnComputeUnsealedSectorCid",
        );
        check(p.on_actor_event(0, 0, 0), "OnActorEvent");
    }
}
