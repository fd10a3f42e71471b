//! fvm 4.8 (network versions 21 to 28) with a kernel that judges proofs by our rules instead of by proof libraries.

use std::rc::Rc;
use std::sync::{Arc, Mutex};

use anyhow::anyhow;
use cid::Cid;
use fvm_shared::commcid::data_commitment_v1_to_cid;
use fvm_shared::consensus::{ConsensusFault, ConsensusFaultType};
use fvm_shared::error::ErrorNumber;
use fvm_shared::piece::PieceInfo;
use fvm_shared::sector::{
    AggregateSealVerifyProofAndInfos, PoStProof, RegisteredPoStProof, RegisteredSealProof,
    ReplicaUpdateInfo, SealVerifyInfo, WindowPoStVerifyInfo,
};
use fvm_shared::sys::out::send::Send as SendOut;
use fvm4::call_manager::{CallManager, DefaultCallManager};
use fvm4::engine::{EnginePool, MultiEngine};
use fvm4::executor::{ApplyKind, ApplyRet, DefaultExecutor, Executor};
use fvm4::externs::{Chain, Consensus, Externs, Rand};
use fvm4::gas::GasCharge;
use fvm4::kernel::filecoin::{DefaultFilecoinKernel, FilecoinKernel};
use fvm4::kernel::prelude::*;
// The delegation macros want the kernel's `Result` under its own name.
use fvm4::kernel::{Result, SyscallError};
use fvm4::machine::{DefaultMachine, Machine, NetworkConfig};
use fvm4::syscalls::{Abort, Context, ControlFlow, Linker};
use fvm4::trace::{ExecutionEvent, IpldOperation};

use super::{Start, Step};
use crate::chain::{Fault, Proofs, Verdict, World, seal_verdict, unsealed_commitment, verdict};
use crate::outcome::{Applied, Outcome, Refused};
use crate::trace;
use filigree_conformance::store::LayeredStore;

/// The chain, as fvm 4 wants it.
pub struct Outside(Rc<dyn World>);

impl Externs for Outside {}

impl Consensus for Outside {
    fn verify_consensus_fault(
        &self,
        h1: &[u8],
        h2: &[u8],
        extra: &[u8],
    ) -> anyhow::Result<(Option<ConsensusFault>, i64)> {
        let fault = self.0.consensus_fault(h1, h2, extra)?;
        Ok((fault.map(fault_type).transpose()?, 0))
    }
}

/// The fault in the types of `fvm_shared` 4.
pub fn fault_type(fault: Fault) -> anyhow::Result<ConsensusFault> {
    Ok(ConsensusFault {
        target: fault
            .target
            .map_or_else(|| Address::new_actor(b"no id"), Address::new_id),
        epoch: fault.epoch,
        fault_type: match fault.kind {
            1 => ConsensusFaultType::DoubleForkMining,
            2 => ConsensusFaultType::ParentGrinding,
            3 => ConsensusFaultType::TimeOffsetMining,
            other => return Err(anyhow!("no fault type {other}")),
        },
    })
}

impl Rand for Outside {
    fn get_chain_randomness(&self, round: ChainEpoch) -> anyhow::Result<[u8; 32]> {
        self.0.chain_randomness(round)
    }

    fn get_beacon_randomness(&self, round: ChainEpoch) -> anyhow::Result<[u8; 32]> {
        self.0.beacon_randomness(round)
    }
}

impl Chain for Outside {
    fn get_tipset_cid(&self, epoch: ChainEpoch) -> anyhow::Result<Cid> {
        self.0.tipset_cid(epoch)
    }
}

type Manager = DefaultCallManager<Box<DefaultMachine<LayeredStore, Outside>>>;
type Inner = DefaultFilecoinKernel<Manager>;

/// The default kernel, except for proofs; with `UPGRADES` it also links `actor::upgrade_actor`, which the crate leaves out
/// of its default build.
#[derive(Delegate)]
#[delegate(IpldBlockOps)]
#[delegate(ActorOps)]
#[delegate(CryptoOps)]
#[delegate(DebugOps)]
#[delegate(EventOps)]
#[delegate(MessageOps)]
#[delegate(NetworkOps)]
#[delegate(RandomnessOps)]
#[delegate(SelfOps)]
#[delegate(SendOps<K>, generics = "K", where = "K: FilecoinKernel")]
#[delegate(UpgradeOps<K>, generics = "K", where = "K: FilecoinKernel")]
pub struct ProofKernel<const UPGRADES: bool>(Inner);

impl<const UPGRADES: bool> ProofKernel<UPGRADES> {
    fn prices(&self) -> &PriceList {
        self.0.0.call_manager.price_list()
    }

    fn charge(&self, charge: GasCharge) -> Result<()> {
        self.charge_gas(&charge.name, charge.total()).map(|_| ())
    }

    fn mode(&self) -> Proofs {
        self.0.machine().externs().0.proofs()
    }

    fn judge(&self, verdict: Verdict) -> Result<bool> {
        match (self.mode(), verdict) {
            (Proofs::Accept, _) | (_, Verdict::Valid) => Ok(true),
            (_, Verdict::Invalid) => Ok(false),
            (_, Verdict::Malformed) => Err(malformed().into()),
        }
    }
}

/// Whether the type of a seal proof is known.
pub(crate) fn is_known(proof: RegisteredSealProof) -> bool {
    !matches!(proof, RegisteredSealProof::Invalid(_))
}

fn malformed() -> SyscallError {
    SyscallError::new(ErrorNumber::IllegalArgument, "malformed proof")
}

impl<const UPGRADES: bool> Kernel for ProofKernel<UPGRADES> {
    type CallManager = Manager;
    type Limiter = <Inner as Kernel>::Limiter;

    fn into_inner(self) -> (Manager, BlockRegistry) {
        self.0.into_inner()
    }

    fn new(
        mgr: Manager,
        blocks: BlockRegistry,
        caller: ActorID,
        actor_id: ActorID,
        method: MethodNum,
        value_received: TokenAmount,
        read_only: bool,
    ) -> Self {
        Self(Inner::new(
            mgr,
            blocks,
            caller,
            actor_id,
            method,
            value_received,
            read_only,
        ))
    }

    fn machine(&self) -> &<Manager as CallManager>::Machine {
        self.0.machine()
    }

    fn limiter_mut(&mut self) -> &mut Self::Limiter {
        self.0.limiter_mut()
    }

    fn gas_available(&self) -> Gas {
        self.0.gas_available()
    }

    fn charge_gas(&self, name: &str, compute: Gas) -> Result<GasTimer> {
        self.0.charge_gas(name, compute)
    }
}

impl<const UPGRADES: bool> SyscallHandler<Self> for ProofKernel<UPGRADES> {
    fn link_syscalls(linker: &mut Linker<Self>) -> anyhow::Result<()> {
        Inner::link_syscalls(linker)?;
        if UPGRADES {
            linker.link_syscall("actor", "upgrade_actor", upgrade_actor::<UPGRADES>)?;
        }
        Ok(())
    }
}

/// As the crate has it behind its feature: the handler is private there, what it calls is not.
fn upgrade_actor<const UPGRADES: bool>(
    context: Context<'_, ProofKernel<UPGRADES>>,
    new_code: u32,
    params: BlockId,
) -> ControlFlow<SendOut> {
    let code = match context.memory.read_cid(new_code) {
        Ok(code) => code,
        Err(error) => return error.into(),
    };
    match UpgradeOps::<ProofKernel<UPGRADES>>::upgrade_actor(context.kernel, code, params) {
        Ok(result) if result.exit_code.is_success() => ControlFlow::Abort(Abort::Exit(
            result.exit_code,
            String::new(),
            result.block_id,
        )),
        Ok(result) => ControlFlow::Return(SendOut {
            exit_code: result.exit_code.value(),
            return_id: result.block_id,
            return_codec: result.block_stat.codec,
            return_size: result.block_stat.size,
        }),
        Err(error) => error.into(),
    }
}

impl<const UPGRADES: bool> FilecoinKernel for ProofKernel<UPGRADES> {
    fn compute_unsealed_sector_cid(
        &self,
        proof: RegisteredSealProof,
        pieces: &[PieceInfo],
    ) -> Result<Cid> {
        if self.mode() == Proofs::Accept {
            return self.0.compute_unsealed_sector_cid(proof, pieces);
        }
        self.charge(self.prices().on_compute_unsealed_sector_cid(proof, pieces))?;
        let bytes = pieces.iter().fold(0u64, |n, p| n.wrapping_add(p.size.0));
        let commitment =
            unsealed_commitment(proof.into(), pieces.len(), bytes).ok_or_else(malformed)?;
        data_commitment_v1_to_cid(&commitment).map_err(|_| malformed().into())
    }

    fn verify_post(&self, info: &WindowPoStVerifyInfo) -> Result<bool> {
        self.charge(self.prices().on_verify_post(info))?;
        let bytes = info.proofs.first().map_or(0, |p| p.proof_bytes.len());
        let is_old = |p: &PoStProof| matches!(p.post_proof, RegisteredPoStProof::Invalid(_));
        if info.proofs.iter().any(is_old)
            || !info.challenged_sectors.iter().all(|s| is_known(s.proof))
        {
            return self.judge(Verdict::Malformed);
        }
        self.judge(verdict(info.proofs.len(), bytes))
    }

    fn verify_consensus_fault(
        &self,
        h1: &[u8],
        h2: &[u8],
        extra: &[u8],
    ) -> Result<Option<ConsensusFault>> {
        self.0.verify_consensus_fault(h1, h2, extra)
    }

    fn batch_verify_seals(&self, seals: &[SealVerifyInfo]) -> Result<Vec<bool>> {
        if self.mode() == Proofs::Accept {
            return Ok(vec![true; seals.len()]);
        }
        for seal in seals {
            self.charge(self.prices().on_verify_seal(seal))?;
        }
        let valid = |s: &SealVerifyInfo| {
            is_known(s.registered_proof) && seal_verdict(s.sector_id.number) == Verdict::Valid
        };
        Ok(seals.iter().map(valid).collect())
    }

    fn verify_aggregate_seals(&self, info: &AggregateSealVerifyProofAndInfos) -> Result<bool> {
        self.charge(self.prices().on_verify_aggregate_seals(info))?;
        if !is_known(info.seal_proof) {
            return self.judge(Verdict::Malformed);
        }
        self.judge(verdict(info.infos.len(), info.proof.len()))
    }

    fn verify_replica_update(&self, info: &ReplicaUpdateInfo) -> Result<bool> {
        self.charge(self.prices().on_verify_replica_update(info))?;
        self.judge(verdict(1, info.proof.len()))
    }

    fn total_fil_circ_supply(&self) -> Result<TokenAmount> {
        self.0.total_fil_circ_supply()
    }
}

static ENGINES: Mutex<Option<Arc<MultiEngine>>> = Mutex::new(None);

fn engines() -> Arc<MultiEngine> {
    let mut engines = ENGINES.lock().unwrap_or_else(|poison| poison.into_inner());
    engines
        .get_or_insert_with(|| Arc::new(MultiEngine::new(2)))
        .clone()
}

/// Forgets the shared engines: a panic inside the reference poisons them.
pub(super) fn forget_engines() {
    *ENGINES.lock().unwrap_or_else(|poison| poison.into_inner()) = None;
}

/// The shared engine for `network`.
pub fn shared_engine(network: &NetworkConfig) -> anyhow::Result<EnginePool> {
    engines().get(network)
}

pub(super) fn run(start: Start<'_>, steps: &[Step]) -> anyhow::Result<Vec<Outcome>> {
    match start.setup.upgrades {
        true => run_on::<ProofKernel<true>>(start, steps),
        false => run_on::<ProofKernel<false>>(start, steps),
    }
}

fn run_on<K>(start: Start<'_>, steps: &[Step]) -> anyhow::Result<Vec<Outcome>>
where
    K: Kernel<CallManager = Manager>,
    DefaultExecutor<K>: Executor,
{
    let mut network = NetworkConfig::new(start.setup.version);
    network.chain_id = start.setup.chain_id.into();
    network.max_memory_bytes = start.setup.max_memory_bytes;
    network.actor_debugging = start.setup.debugging;
    let engine = shared_engine(&network)?;
    let mut context = network.for_epoch(start.setup.epoch, start.setup.timestamp, start.root);
    context
        .set_base_fee(start.setup.base_fee.clone())
        .set_circulating_supply(start.setup.circulating_supply.clone());
    context.tracing = start.setup.tracing;
    let machine = DefaultMachine::new(&context, start.store, Outside(start.world))?;
    let mut host = DefaultExecutor::<K>::new(engine, Box::new(machine))?;
    super::until_unflushable(steps, |step| {
        let mut outcome = apply(&mut host, step)?;
        // It records block operations and log lines even without tracing.
        if let (false, Ok(applied)) = (start.setup.tracing, &mut outcome.applied) {
            applied.trace.clear();
        }
        Ok(outcome)
    })
}

/// What it says of a message that makes no sense.
const INVALID: [&str; 3] = [
    "Message has no gas limit set",
    "Message gas exceeds i64 max",
    "cannot deposite/deduct a negative amount of funds",
];

fn apply<K: Kernel>(host: &mut DefaultExecutor<K>, step: &Step) -> anyhow::Result<Outcome>
where
    DefaultExecutor<K>: Executor,
{
    let further = |other: &ExecutionEvent| match other {
        ExecutionEvent::Log(text) => trace::logged(text),
        ExecutionEvent::Ipld { op, cid, size } => {
            trace::ipld(*op == IpldOperation::Put, cid, *size)
        }
        other => format!("{other:?}"),
    };
    let codec = |ret: &ApplyRet| Some(ret.return_codec);
    let message = step.message.clone();
    apply!(host, step, message, &INVALID, codec, further)
}
