//! Messages that nobody should send, to each method of a miner.

use filigree_actor_miner::MinerClient;
use filigree_actor_miner::params::*;
use filigree_builtin::calls::miner::{
    ApplyRewardParams, DeferredCronEventParams, MinerConstructorParams,
};
use filigree_builtin::ids;
use filigree_builtin::smooth::FilterEstimate;
use filigree_sdk::prelude::*;
use fvm_shared::METHOD_SEND;
use fvm_shared::bigint::bigint_ser::BigIntDe;
use fvm_shared::sector::RegisteredSealProof;

use super::declare;
use super::fault::with_sectors;
use crate::malformed::{refuse_malformed, refuse_parameters};
use crate::onboard::{LIFE, POST, Provider, empty, fil, proof, sealed_cid, set, whole};
use crate::scenario::Scenario;
use crate::stage::Stage;

/// All of them.
pub const ALL: &[Scenario] = &[
    Scenario {
        name: "miner/malformed",
        run: malformed,
    },
    Scenario {
        name: "miner/foreign-callers",
        run: foreign_callers,
    },
];

/// A good call of a method with parameters.
pub(super) type AnyCall = Call<crate::stage::Anything>;

pub(super) fn any<R>(call: Call<R>) -> AnyCall {
    Call::new(call.to, call.method, call.params).value(call.value)
}

pub(super) fn estimate() -> FilterEstimate {
    FilterEstimate::new(1_000_000_000_000u64.into(), 0.into())
}

fn constructor(miner: &Provider) -> MinerConstructorParams {
    MinerConstructorParams {
        owner: miner.owner.address,
        worker: miner.worker,
        control_addresses: Vec::new(),
        window_post_proof_type: POST,
        peer_id: Bytes::default(),
        multi_addresses: Vec::new(),
    }
}

/// Calls of all methods that take parameters, as they should be.
fn good_calls(stage: &Stage, miner: &Provider) -> Vec<AnyCall> {
    let client = &miner.client;
    let named = declare(stage, miner, [0]);
    let address = miner.owner.address;
    vec![
        any(client.change_worker_address(ChangeWorkerAddressParams {
            new_worker: miner.worker,
            new_control_addresses: Vec::new(),
        })),
        any(client.change_peer_id(ChangePeerIdParams {
            new_id: Bytes(vec![1]),
        })),
        any(client.submit_windowed_post(miner.post(stage, vec![whole(0)]))),
        any(client.terminate_sectors(TerminateSectorsParams {
            terminations: vec![named.clone()],
        })),
        any(client.declare_faults(DeclareFaultsParams {
            faults: vec![named.clone()],
        })),
        any(
            client.declare_faults_recovered(DeclareFaultsRecoveredParams {
                recoveries: vec![named.clone()],
            }),
        ),
        any(client.on_deferred_cron_event(DeferredCronEventParams {
            event_payload: Bytes(vec![0x81, 1]),
            reward_smoothed: estimate(),
            quality_adj_power_smoothed: estimate(),
        })),
        any(client.check_sector_proven(CheckSectorProvenParams { sector_number: 0 })),
        any(client.apply_rewards(ApplyRewardParams {
            reward: fil(0),
            penalty: fil(0),
        })),
        any(client.report_consensus_fault(ReportConsensusFaultParams {
            header1: Bytes(vec![1]),
            header2: Bytes(vec![2]),
            header_extra: Bytes::default(),
        })),
        any(client.withdraw_balance(WithdrawBalanceParams {
            amount_requested: fil(1),
        })),
        any(
            client.internal_sector_setup_for_preseal(InternalSectorSetupForPresealParams {
                sectors: vec![0],
                reward_smoothed: estimate(),
                reward_baseline_power: BigIntDe(1.into()),
                quality_adj_power_smoothed: estimate(),
            }),
        ),
        any(client.change_multiaddrs(ChangeMultiaddrsParams {
            new_multi_addrs: vec![Bytes(vec![1])],
        })),
        any(client.compact_partitions(CompactPartitionsParams {
            deadline: named.deadline,
            partitions: set([0]),
        })),
        any(client.compact_sector_numbers(CompactSectorNumbersParams {
            mask_sector_numbers: set([1_000]),
        })),
        any(client.change_owner_address(Address::new_id(miner.owner.id))),
        any(client.dispute_windowed_post(DisputeWindowedPoStParams {
            deadline: named.deadline,
            post_index: 0,
        })),
        any(
            client.pre_commit_sector_batch2(PreCommitSectorBatchParams2 {
                sectors: vec![miner.announcement(stage, 500)],
            }),
        ),
        any(client.change_beneficiary(ChangeBeneficiaryParams {
            new_beneficiary: address,
            new_quota: fil(0),
            new_expiration: 0,
        })),
        any(
            client.extend_sector_expiration2(ExtendSectorExpiration2Params {
                extensions: vec![ExpirationExtension2 {
                    deadline: named.deadline,
                    partition: named.partition,
                    sectors: set([0]),
                    sectors_with_claims: Vec::new(),
                    new_expiration: stage.epoch() + 2 * LIFE,
                }],
            }),
        ),
        any(client.prove_commit_sectors3(miner.commitment(vec![empty(0)]))),
        any(client.prove_replica_updates3(ProveReplicaUpdates3Params {
            sector_updates: vec![SectorUpdateManifest {
                sector: 0,
                deadline: named.deadline,
                partition: named.partition,
                new_sealed_cid: sealed_cid(9_000),
                pieces: vec![super::piece(1, 1 << 30)],
            }],
            sector_proofs: vec![proof()],
            aggregate_proof: RawBytes::default(),
            update_proofs_type: fvm_shared::sector::RegisteredUpdateProof::StackedDRG32GiBV1,
            aggregate_proof_type: None,
            require_activation_success: true,
            require_notification_success: true,
        })),
        any(client.prove_commit_sectors_ni(ProveCommitSectorsNIParams {
            sectors: vec![SectorNIActivationInfo {
                sealing_number: 600,
                sealer_id: miner.id,
                sealed_cid: sealed_cid(600),
                sector_number: 600,
                seal_rand_epoch: stage.epoch() - 1,
                expiration: stage.epoch() + LIFE,
            }],
            aggregate_proof: proof(),
            seal_proof_type: RegisteredSealProof::StackedDRG32GiBV1P2_Feat_NiPoRep,
            aggregate_proof_type: fvm_shared::sector::RegisteredAggregateProof::SnarkPackV2,
            proving_deadline: (miner.now(stage).index + 20) % 48,
            require_activation_success: true,
        })),
        any(client.is_controlling_address(address)),
        any(client.max_termination_fee(MaxTerminationFeeParams {
            power: BigIntDe(1.into()),
            initial_pledge: fil(1),
        })),
        any(client.generate_sector_location(GenerateSectorLocationParams { sector_number: 0 })),
        any(client.validate_sector_status(ValidateSectorStatusParams {
            sector_number: 0,
            status: SectorStatusCode::Active,
            aux_data: Bytes(vec![0x82, 0, 0]),
        })),
        any(client.get_nominal_sector_expiration(0)),
    ]
}

fn malformed(stage: &mut Stage) {
    let miner = with_sectors(stage, 2);
    let before = miner.state(stage);
    let number = |name: &str| match name {
        "ChangeWorkerAddress" => method_number!("ChangeWorkerAddress"),
        "ChangePeerID" => method_number!("ChangePeerID"),
        "WithdrawBalance" => method_number!("WithdrawBalance"),
        "ChangeMultiaddrs" => method_number!("ChangeMultiaddrs"),
        "ChangeOwnerAddress" => method_number!("ChangeOwnerAddress"),
        _ => method_number!("ChangeBeneficiary"),
    };
    for call in good_calls(stage, &miner) {
        // By whom it could work.
        refuse_malformed(stage, miner.owner, &call);
    }
    for (name, at) in [
        ("ChangeWorkerAddress", 3),
        ("ChangePeerID", 4),
        ("WithdrawBalance", 16),
        ("ChangeMultiaddrs", 18),
        ("ChangeOwnerAddress", 23),
        ("ChangeBeneficiary", 30),
    ] {
        let calls = good_calls(stage, &miner);
        let mut by_name = calls
            .into_iter()
            .find(|call| call.method == at)
            .expect("it is listed");
        by_name.method = number(name);
        refuse_malformed(stage, miner.owner, &by_name);
    }
    let client = &miner.client;
    for call in [
        any(client.control_addresses()),
        any(client.confirm_change_worker_address()),
        any(client.repay_debt()),
        any(client.get_beneficiary()),
        any(client.get_owner()),
        any(client.get_sector_size()),
        any(client.available_balance()),
        any(client.get_vesting_funds()),
        any(client.get_peer_id()),
        any(client.get_multiaddrs()),
        any(client.total_initial_pledge()),
    ] {
        refuse_parameters(stage, miner.owner, &call);
    }
    // The constructor again, by all who could be taken for its caller.
    let again = MinerClient::create(constructor(&miner)).params;
    let again = again.map(|params| RawBytes::new(params.data));
    stage
        .raw(miner.owner, miner.id, 1, fil(0), again.clone())
        .expect_exit(ExitCode::USR_FORBIDDEN, "");
    stage
        .raw_implicit(ids::INIT, miner.id, 1, fil(0), again)
        .expect_exit(ExitCode::USR_ILLEGAL_STATE, "");
    // Methods that are none; money needs none.
    for method in [37, 99, (1 << 24) - 1, 1 << 24, u64::MAX] {
        stage
            .raw(miner.owner, miner.id, method, fil(0), None)
            .expect_exit(ExitCode::USR_UNHANDLED_MESSAGE, "");
    }
    assert_eq!(miner.state(stage), before);
    stage
        .raw(miner.owner, miner.id, METHOD_SEND, fil(1), None)
        .ok();
    stage.check_invariants();
}

fn foreign_callers(stage: &mut Stage) {
    let miner = with_sectors(stage, 2);
    let other = Provider::new(stage);
    let stranger = stage.account(10);
    let before = miner.state(stage);
    let open_to_all = [
        13,
        method_number!("IsControllingAddress"),
        method_number!("MaxTerminationFee"),
        method_number!("GenerateSectorLocation"),
        method_number!("ValidateSectorStatus"),
        method_number!("GetNominalSectorExpiration"),
    ];
    for call in good_calls(stage, &miner) {
        for by in [stranger.address, other.worker] {
            let outcome = stage.call(by, call.clone());
            let is_open = open_to_all.contains(&call.method);
            assert_eq!(outcome.is_ok(), is_open, "{outcome:?}");
        }
        // Actors of the network may not either.
        for by in [ids::SYSTEM, ids::INIT, ids::CRON, ids::MARKET, other.id] {
            let point = stage.checkpoint();
            let outcome = stage.implicit(by, call.clone());
            let is_open = open_to_all.contains(&call.method);
            assert_eq!(outcome.is_ok(), is_open, "{outcome:?}");
            stage.revert(&point);
        }
    }
    for call in [
        miner.client.confirm_change_worker_address(),
        miner.client.repay_debt(),
    ] {
        stage
            .call(stranger, call)
            .expect_exit(ExitCode::USR_FORBIDDEN, "");
    }
    assert_eq!(miner.state(stage), before);
    stage.check_invariants();
}
