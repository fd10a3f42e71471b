//! Our host behind the same function as the reference.

use std::sync::Mutex;

use anyhow::{Result, anyhow};
use cid::Cid;
use filigree_vm::{
    Applied as Ret, Chain, Context, Engines, Kind, Machine, Network, Verdict, Verifier, VerifyError,
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

use crate::chain::{self, Stub, World, seal_verdict, unsealed_commitment, verdict};
use crate::oracle::v4::fault_type;
use crate::oracle::{Run, Step, until_unflushable};
use crate::outcome::{Applied, Outcome};
use crate::setup::{Genesis, Setup};
use crate::store::LayeredStore;

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
        judged(verdict(info.proofs.len(), bytes))
    }

    fn seal(&self, info: &SealVerifyInfo) -> Verdict {
        judged(seal_verdict(info.sector_id.number))
    }

    fn aggregate_seals(&self, info: &AggregateSealVerifyProofAndInfos) -> Verdict {
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
    let store = LayeredStore::new(genesis.blocks.clone());
    let mut network = Network::new(setup.version);
    network.chain_id = setup.chain_id;
    network.max_memory_bytes = setup.max_memory_bytes;
    network.actor_debugging = setup.debugging;
    let context = Context {
        network,
        epoch: setup.epoch,
        timestamp: setup.timestamp,
        base_fee: setup.base_fee.clone(),
        state_root: genesis.root,
        tracing: setup.tracing,
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
    let outcomes = until_unflushable(steps, |step| Ok(apply(&mut machine, step)))?;
    Ok(Run { outcomes, store })
}

fn apply(machine: &mut Machine, step: &Step) -> Outcome {
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
            applied: Ok(plain(applied)),
            root,
        },
        Err(e) => Outcome {
            failure: e.to_string(),
            applied: Err(e.to_string()),
            root,
        },
    }
}

fn plain(ret: Ret) -> Applied {
    Applied {
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
