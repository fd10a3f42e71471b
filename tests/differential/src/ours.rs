//! Our host behind the same function as the reference.

use std::sync::Mutex;

use anyhow::{Result, anyhow};
use cid::Cid;
use filigree_vm::{
    Applied as Ret, Block, Chain, Context, Engines, ExecuteError, IpldOp, Kind, Machine, Network,
    TraceEvent, Verdict, Verifier, VerifyError,
};
use fvm_shared::clock::ChainEpoch;
use fvm_shared::commcid::data_commitment_v1_to_cid;
use fvm_shared::consensus::ConsensusFault;
use fvm_shared::econ::TokenAmount;
use fvm_shared::piece::PieceInfo;
use fvm_shared::sector::{
    AggregateSealVerifyProofAndInfos, RegisteredSealProof, ReplicaUpdateInfo, SealVerifyInfo,
    WindowPoStVerifyInfo,
};
use fvm_shared::version::NetworkVersion;

use crate::chain::{self, Stub, World, seal_verdict, unsealed_commitment, verdict};
use crate::oracle::v4::{fault_type, is_known};
use crate::oracle::{Run, Step, until_unflushable};
use crate::outcome::{Applied, Outcome, Refusal, Refused};
use crate::setup::{Genesis, Setup};
use crate::trace;
use filigree_conformance::store::LayeredStore;

/// The test chain, as our host wants it.
struct StubChain {
    circulating_supply: TokenAmount,
}

impl Chain for StubChain {
    fn chain_randomness(&self, epoch: ChainEpoch) -> Result<[u8; 32]> {
        Stub.chain_randomness(epoch)
    }

    fn beacon_randomness(&self, epoch: ChainEpoch) -> Result<[u8; 32]> {
        Stub.beacon_randomness(epoch)
    }

    fn tipset_cid(&self, epoch: ChainEpoch) -> Result<Cid> {
        Stub.tipset_cid(epoch)
    }

    fn circulating_supply(&self) -> TokenAmount {
        self.circulating_supply.clone()
    }

    fn consensus_fault(
        &self,
        h1: &[u8],
        h2: &[u8],
        extra: &[u8],
    ) -> Result<Option<ConsensusFault>> {
        Stub.consensus_fault(h1, h2, extra)?
            .map(fault_type)
            .transpose()
    }
}

/// The test verdicts, as our host wants them.
struct StubVerifier;

fn judged(verdict: chain::Verdict) -> Verdict {
    match verdict {
        chain::Verdict::Valid => Ok(true),
        chain::Verdict::Invalid => Ok(false),
        chain::Verdict::Malformed => Err(malformed()),
    }
}

fn malformed() -> VerifyError {
    VerifyError::Malformed("malformed proof".to_owned())
}

impl Verifier for StubVerifier {
    fn unsealed_sector_cid(
        &self,
        proof: RegisteredSealProof,
        pieces: &[PieceInfo],
    ) -> Result<Cid, VerifyError> {
        let bytes = pieces.iter().fold(0u64, |n, p| n.wrapping_add(p.size.0));
        let commitment =
            unsealed_commitment(proof.into(), pieces.len(), bytes).ok_or_else(malformed)?;
        data_commitment_v1_to_cid(&commitment).map_err(|_| malformed())
    }

    fn window_post(&self, info: &WindowPoStVerifyInfo) -> Verdict {
        let bytes = info.proofs.first().map_or(0, |p| p.proof_bytes.len());
        if !info.challenged_sectors.iter().all(|s| is_known(s.proof)) {
            return Err(malformed());
        }
        judged(verdict(info.proofs.len(), bytes))
    }

    fn seal(&self, info: &SealVerifyInfo) -> Verdict {
        if !is_known(info.registered_proof) {
            return Err(malformed());
        }
        judged(seal_verdict(info.sector_id.number))
    }

    fn aggregate_seals(&self, info: &AggregateSealVerifyProofAndInfos) -> Verdict {
        if !is_known(info.seal_proof) {
            return Err(malformed());
        }
        judged(verdict(info.infos.len(), info.proof.len()))
    }

    fn replica_update(&self, info: &ReplicaUpdateInfo) -> Verdict {
        judged(verdict(1, info.proof.len()))
    }
}

static ENGINES: Mutex<Option<Engines>> = Mutex::new(None);

/// The engines all tests of a process share: a module that one test spoils stays spoilt for the others.
pub fn shared_engines() -> Engines {
    let mut engines = ENGINES.lock().unwrap_or_else(|poison| poison.into_inner());
    engines.get_or_insert_with(|| Engines::new(2, None)).clone()
}

/// Drops the engines shared by all runs, with the modules they have compiled.
pub fn forget_engines() {
    *ENGINES.lock().unwrap_or_else(|poison| poison.into_inner()) = None;
}

/// Runs `steps` in our host. An error means there is no machine for such a setup.
pub fn run(setup: &Setup, genesis: &Genesis, steps: &[Step]) -> Result<Run> {
    let store = LayeredStore::new(vec![genesis.blocks.clone()]);
    let mut network = Network::new(setup.version);
    network.chain_id = setup.chain_id;
    network.max_memory_bytes = setup.max_memory_bytes;
    network.actor_debugging = setup.debugging;
    network.allow_upgrade = setup.upgrades;
    let context = Context {
        network,
        epoch: setup.epoch,
        timestamp: setup.timestamp,
        base_fee: setup.base_fee.clone(),
        state_root: genesis.root,
        tracing: setup.tracing,
        trace_limit_bytes: usize::MAX,
        manifest: None,
    };
    let chain = StubChain {
        circulating_supply: setup.circulating_supply.clone(),
    };
    let mut machine = Machine::new(
        &shared_engines(),
        context,
        Box::new(store.clone()),
        Box::new(chain),
        Box::new(StubVerifier),
    )
    .map_err(|e| anyhow!("no machine: {e}"))?;
    let outcomes = until_unflushable(steps, |step| Ok(apply(&mut machine, step, setup.version)))?;
    Ok(Run { outcomes, store })
}

fn apply(machine: &mut Machine, step: &Step, version: NetworkVersion) -> Outcome {
    let kind = match step.implicit {
        true => Kind::Implicit,
        false => Kind::Explicit,
    };
    let result = machine.execute(&step.message, kind, step.length);
    let root = machine.flush().map_err(|e| e.to_string());
    match result {
        Ok(applied) => Outcome {
            failure: applied
                .failure
                .as_ref()
                .map_or(String::new(), |f| f.to_string()),
            applied: Ok(plain(applied, version)),
            root,
        },
        Err(e) => {
            let kind = match e {
                ExecuteError::InvalidMessage(_) => Refusal::InvalidMessage,
                ExecuteError::GasMath => Refusal::GasMath,
                ExecuteError::State(_) => Refusal::State,
                ExecuteError::Panicked(_) | ExecuteError::Poisoned => Refusal::Broken,
            };
            let text = e.to_string();
            Outcome {
                failure: text.clone(),
                applied: Err(Refused { kind, text }),
                root,
            }
        }
    }
}

fn plain(ret: Ret, version: NetworkVersion) -> Applied {
    Applied {
        trace: trace_lines(&ret.trace, version),
        exit_code: ret.receipt.exit_code.value(),
        return_data: ret.receipt.return_data.to_vec(),
        return_codec: Some(ret.return_codec),
        gas_used: ret.receipt.gas_used,
        events_root: ret.receipt.events_root,
        events: ret
            .events
            .into_iter()
            .map(|e| {
                let entries = e.event.entries.into_iter();
                let entries = entries.map(|n| (n.flags.bits(), n.key, n.codec, n.value));
                (e.emitter, entries.collect())
            })
            .collect(),
        penalty: ret.penalty.atto().to_string(),
        miner_tip: ret.miner_tip.atto().to_string(),
        base_fee_burn: ret.base_fee_burn.atto().to_string(),
        over_estimation_burn: ret.over_estimation_burn.atto().to_string(),
        refund: ret.refund.atto().to_string(),
        gas_refund: ret.gas_refund,
        gas_burned: ret.gas_burned,
        explained: ret.failure.is_some(),
    }
}

/// The trace as far as the reference of this version records it: up to 3.14 it knows neither log lines nor block
/// operations, and it never knows artifacts.
fn trace_lines(events: &[TraceEvent], version: NetworkVersion) -> Vec<String> {
    let late = version >= NetworkVersion::V21;
    fn plain(block: &Option<Block>) -> Option<(u64, &[u8])> {
        block.as_ref().map(|b| (b.codec, &*b.data))
    }
    let mut lines = trace::Lines::default();
    for event in events {
        match event {
            TraceEvent::Gas(charge) => lines.gas(charge.total().as_milligas()),
            TraceEvent::Call {
                from,
                to,
                method,
                params,
                value,
                gas_limit,
                read_only,
            } => lines.event(
                trace::Called {
                    from: *from,
                    to: to.to_bytes(),
                    method: *method,
                    params: plain(params),
                    value: value.atto().to_string(),
                    gas_limit: *gas_limit,
                    read_only: *read_only,
                }
                .line(),
            ),
            TraceEvent::Invoke { id, state } => lines.event(trace::invoked(
                *id,
                &state.code,
                &state.state,
                state.sequence,
                state.balance.atto().to_string(),
            )),
            TraceEvent::Return { code, value } => {
                lines.returned(code.value(), plain(value));
            }
            TraceEvent::Refused(error) => lines.event(trace::refused(error.number as u32)),
            TraceEvent::Log(text) if late => lines.event(trace::logged(text)),
            TraceEvent::Ipld {
                op,
                cid,
                size_bytes,
            } if late => lines.event(trace::ipld(*op == IpldOp::Put, cid, *size_bytes)),
            TraceEvent::Log(_)
            | TraceEvent::Ipld { .. }
            | TraceEvent::Artifact { .. }
            | TraceEvent::Failed { .. } => {}
        }
    }
    lines.finish()
}
