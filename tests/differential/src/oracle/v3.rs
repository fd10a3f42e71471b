//! fvm 3.14 (network versions 18 to 20) with a kernel that judges proofs by our rules instead of by proof libraries.

use std::rc::Rc;
use std::sync::{Arc, Mutex};

use anyhow::{Result, anyhow};
use cid::Cid;
use cid::multihash::Multihash;
use fvm_ipld_encoding::RawBytes;
use fvm3::DefaultKernel;
use fvm3::call_manager::{CallManager, DefaultCallManager};
use fvm3::engine::{EnginePool, MultiEngine};
use fvm3::executor::{ApplyKind, ApplyRet, DefaultExecutor, Executor};
use fvm3::externs::{Chain, Consensus, Externs, Rand};
use fvm3::gas::{Gas, GasCharge, GasTimer, PriceList};
use fvm3::kernel::{
    ActorOps, BlockId, BlockRegistry, BlockStat, CircSupplyOps, CryptoOps, DebugOps, EventOps,
    GasOps, IpldBlockOps, Kernel, LimiterOps, MessageOps, NetworkOps, RandomnessOps,
    Result as KernelResult, SelfOps, SendResult, SyscallError,
};
use fvm3::machine::{DefaultMachine, Machine, NetworkConfig};
use fvm3::trace::ExecutionEvent;
use fvm3_shared::address::Address;
use fvm3_shared::clock::ChainEpoch;
use fvm3_shared::commcid::data_commitment_v1_to_cid;
use fvm3_shared::consensus::{ConsensusFault, ConsensusFaultType};
use fvm3_shared::crypto::signature::{
    SECP_PUB_LEN, SECP_SIG_LEN, SECP_SIG_MESSAGE_HASH_SIZE, SignatureType,
};
use fvm3_shared::econ::TokenAmount;
use fvm3_shared::error::ErrorNumber;
use fvm3_shared::message::Message;
use fvm3_shared::piece::PieceInfo;
use fvm3_shared::sector::{
    AggregateSealVerifyProofAndInfos, RegisteredSealProof, ReplicaUpdateInfo, SealVerifyInfo,
    WindowPoStVerifyInfo,
};
use fvm3_shared::sys::SendFlags;
use fvm3_shared::sys::out::network::NetworkContext;
use fvm3_shared::sys::out::vm::MessageContext;
use fvm3_shared::version::NetworkVersion;
use fvm3_shared::{ActorID, MethodNum};

use super::{Start, Step};
use crate::chain::{Proofs, Verdict, World, seal_verdict, unsealed_commitment, verdict};
use crate::outcome::{Applied, Outcome, Refused};
use crate::trace;
use filigree_conformance::store::LayeredStore;

/// The chain, as fvm 3 wants it.
pub struct Outside(pub Rc<dyn World>);

impl Externs for Outside {}

impl Consensus for Outside {
    fn verify_consensus_fault(
        &self,
        h1: &[u8],
        h2: &[u8],
        extra: &[u8],
    ) -> Result<(Option<ConsensusFault>, i64)> {
        let Some(fault) = self.0.consensus_fault(h1, h2, extra)? else {
            return Ok((None, 0));
        };
        let fault = ConsensusFault {
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
        };
        Ok((Some(fault), 0))
    }
}

impl Rand for Outside {
    fn get_chain_randomness(&self, round: ChainEpoch) -> Result<[u8; 32]> {
        self.0.chain_randomness(round)
    }

    fn get_beacon_randomness(&self, round: ChainEpoch) -> Result<[u8; 32]> {
        self.0.beacon_randomness(round)
    }
}

impl Chain for Outside {
    fn get_tipset_cid(&self, epoch: ChainEpoch) -> Result<Cid> {
        self.0.tipset_cid(epoch)
    }
}

type Manager = DefaultCallManager<Box<DefaultMachine<LayeredStore, Outside>>>;
type Inner = DefaultKernel<Manager>;

/// The default kernel, except for proofs.
pub struct ProofKernel(Inner);

impl ProofKernel {
    fn charge(&self, charge: GasCharge) -> KernelResult<()> {
        self.0.charge_gas(&charge.name, charge.total()).map(|_| ())
    }

    fn mode(&self) -> Proofs {
        self.0.machine().externs().0.proofs()
    }

    fn judge(&self, verdict: Verdict) -> KernelResult<bool> {
        match (self.mode(), verdict) {
            (Proofs::Accept, _) | (_, Verdict::Valid) => Ok(true),
            (_, Verdict::Invalid) => Ok(false),
            (_, Verdict::Malformed) => Err(malformed().into()),
        }
    }
}

/// Whether this version knows the type of a seal proof.
fn is_known(proof: RegisteredSealProof) -> bool {
    !matches!(proof, RegisteredSealProof::Invalid(_))
}

fn malformed() -> SyscallError {
    SyscallError::new(ErrorNumber::IllegalArgument, "malformed proof")
}

impl Kernel for ProofKernel {
    type CallManager = Manager;

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

    fn send<K: Kernel<CallManager = Manager>>(
        &mut self,
        recipient: &Address,
        method: u64,
        params: BlockId,
        value: &TokenAmount,
        gas_limit: Option<Gas>,
        flags: SendFlags,
    ) -> KernelResult<SendResult> {
        let inner = &mut self.0;
        inner.send::<Self>(recipient, method, params, value, gas_limit, flags)
    }
}

impl LimiterOps for ProofKernel {
    type Limiter = <Inner as LimiterOps>::Limiter;

    fn limiter_mut(&mut self) -> &mut Self::Limiter {
        self.0.limiter_mut()
    }
}

impl CryptoOps for ProofKernel {
    fn verify_signature(
        &self,
        kind: SignatureType,
        signature: &[u8],
        signer: &Address,
        plaintext: &[u8],
    ) -> KernelResult<bool> {
        self.0.verify_signature(kind, signature, signer, plaintext)
    }

    fn recover_secp_public_key(
        &self,
        hash: &[u8; SECP_SIG_MESSAGE_HASH_SIZE],
        signature: &[u8; SECP_SIG_LEN],
    ) -> KernelResult<[u8; SECP_PUB_LEN]> {
        self.0.recover_secp_public_key(hash, signature)
    }

    fn hash(&self, code: u64, data: &[u8]) -> KernelResult<Multihash<64>> {
        self.0.hash(code, data)
    }

    fn compute_unsealed_sector_cid(
        &self,
        proof: RegisteredSealProof,
        pieces: &[PieceInfo],
    ) -> KernelResult<Cid> {
        if self.mode() == Proofs::Accept {
            return self.0.compute_unsealed_sector_cid(proof, pieces);
        }
        let prices = self.0.price_list();
        self.charge(prices.on_compute_unsealed_sector_cid(proof, pieces))?;
        let bytes = pieces.iter().fold(0u64, |n, p| n.wrapping_add(p.size.0));
        let commitment =
            unsealed_commitment(proof.into(), pieces.len(), bytes).ok_or_else(malformed)?;
        data_commitment_v1_to_cid(&commitment).map_err(|_| malformed().into())
    }

    fn verify_post(&self, info: &WindowPoStVerifyInfo) -> KernelResult<bool> {
        self.charge(self.0.price_list().on_verify_post(info))?;
        let bytes = info.proofs.first().map_or(0, |p| p.proof_bytes.len());
        if !info.challenged_sectors.iter().all(|s| is_known(s.proof)) {
            return self.judge(Verdict::Malformed);
        }
        self.judge(verdict(info.proofs.len(), bytes))
    }

    fn verify_consensus_fault(
        &self,
        h1: &[u8],
        h2: &[u8],
        extra: &[u8],
    ) -> KernelResult<Option<ConsensusFault>> {
        self.0.verify_consensus_fault(h1, h2, extra)
    }

    fn batch_verify_seals(&self, seals: &[SealVerifyInfo]) -> KernelResult<Vec<bool>> {
        if self.mode() == Proofs::Accept {
            return Ok(vec![true; seals.len()]);
        }
        for seal in seals {
            self.charge(self.0.price_list().on_verify_seal(seal))?;
        }
        let valid = |s: &SealVerifyInfo| {
            is_known(s.registered_proof) && seal_verdict(s.sector_id.number) == Verdict::Valid
        };
        Ok(seals.iter().map(valid).collect())
    }

    fn verify_aggregate_seals(
        &self,
        info: &AggregateSealVerifyProofAndInfos,
    ) -> KernelResult<bool> {
        self.charge(self.0.price_list().on_verify_aggregate_seals(info))?;
        if !is_known(info.seal_proof) {
            return self.judge(Verdict::Malformed);
        }
        self.judge(verdict(info.infos.len(), info.proof.len()))
    }

    fn verify_replica_update(&self, info: &ReplicaUpdateInfo) -> KernelResult<bool> {
        self.charge(self.0.price_list().on_verify_replica_update(info))?;
        self.judge(verdict(1, info.proof.len()))
    }
}

/// Hands the methods of a kernel trait to the inner kernel.
macro_rules! forward {
    ($trait:ident { $(($($recv:tt)+) $name:ident($($arg:ident: $ty:ty),*) -> $out:ty;)* }) => {
        impl $trait for ProofKernel {
            $(fn $name($($recv)+ $(, $arg: $ty)*) -> $out {
                forward!(@call ($($recv)+) $name($($arg),*))
            })*
        }
    };
    (@call (&$self:ident) $name:ident($($arg:ident),*)) => { $self.0.$name($($arg),*) };
    (@call (&mut $self:ident) $name:ident($($arg:ident),*)) => { $self.0.$name($($arg),*) };
}

forward!(ActorOps {
    (&self) resolve_address(address: &Address) -> KernelResult<ActorID>;
    (&self) lookup_delegated_address(id: ActorID) -> KernelResult<Option<Address>>;
    (&self) get_actor_code_cid(id: ActorID) -> KernelResult<Cid>;
    (&self) next_actor_address() -> KernelResult<Address>;
    (&mut self) create_actor(code: Cid, id: ActorID, f4: Option<Address>) -> KernelResult<()>;
    (&self) get_builtin_actor_type(code: &Cid) -> KernelResult<u32>;
    (&self) get_code_cid_for_type(kind: u32) -> KernelResult<Cid>;
    (&self) balance_of(id: ActorID) -> KernelResult<TokenAmount>;
});
forward!(IpldBlockOps {
    (&mut self) block_open(cid: &Cid) -> KernelResult<(BlockId, BlockStat)>;
    (&mut self) block_create(codec: u64, data: &[u8]) -> KernelResult<BlockId>;
    (&mut self) block_link(id: BlockId, hash: u64, length: u32) -> KernelResult<Cid>;
    (&self) block_read(id: BlockId, offset: u32, buf: &mut [u8]) -> KernelResult<i32>;
    (&self) block_stat(id: BlockId) -> KernelResult<BlockStat>;
});
forward!(CircSupplyOps { (&self) total_fil_circ_supply() -> KernelResult<TokenAmount>; });
forward!(DebugOps {
    (&self) log(text: String) -> ();
    (&self) debug_enabled() -> bool;
    (&self) store_artifact(name: &str, data: &[u8]) -> KernelResult<()>;
});
forward!(EventOps { (&mut self) emit_event(raw: &[u8]) -> KernelResult<()>; });
forward!(GasOps {
    (&self) gas_used() -> Gas;
    (&self) gas_available() -> Gas;
    (&self) charge_gas(name: &str, compute: Gas) -> KernelResult<GasTimer>;
    (&self) price_list() -> &PriceList;
});
forward!(MessageOps { (&self) msg_context() -> KernelResult<MessageContext>; });
forward!(NetworkOps {
    (&self) network_context() -> KernelResult<NetworkContext>;
    (&self) tipset_cid(epoch: ChainEpoch) -> KernelResult<Cid>;
});
forward!(RandomnessOps {
    (&self) get_randomness_from_tickets(tag: i64, epoch: ChainEpoch, entropy: &[u8]) -> KernelResult<[u8; 32]>;
    (&self) get_randomness_from_beacon(tag: i64, epoch: ChainEpoch, entropy: &[u8]) -> KernelResult<[u8; 32]>;
});
forward!(SelfOps {
    (&self) root() -> KernelResult<Cid>;
    (&mut self) set_root(root: Cid) -> KernelResult<()>;
    (&self) current_balance() -> KernelResult<TokenAmount>;
    (&mut self) self_destruct(beneficiary: &Address) -> KernelResult<()>;
});

/// A machine with its executor.
pub type Host = DefaultExecutor<ProofKernel>;

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
pub fn shared_engine(network: &NetworkConfig) -> Result<EnginePool> {
    engines().get(network)
}

/// The amount in the types of `fvm_shared` 3.
pub fn amount(amount: &fvm_shared::econ::TokenAmount) -> TokenAmount {
    TokenAmount::from_atto(amount.atto().clone())
}

/// The message in the types of `fvm_shared` 3.
pub fn message(m: &fvm_shared::message::Message) -> Result<Message> {
    Ok(Message {
        version: m.version,
        from: Address::from_bytes(&m.from.to_bytes())?,
        to: Address::from_bytes(&m.to.to_bytes())?,
        sequence: m.sequence,
        value: amount(&m.value),
        method_num: m.method_num,
        params: RawBytes::new(m.params.to_vec()),
        gas_limit: m.gas_limit,
        gas_fee_cap: amount(&m.gas_fee_cap),
        gas_premium: amount(&m.gas_premium),
    })
}

pub(super) fn run(start: Start<'_>, steps: &[Step]) -> Result<Vec<Outcome>> {
    let version = NetworkVersion::from(u32::from(start.setup.version));
    let mut network = NetworkConfig::new(version);
    network.chain_id = start.setup.chain_id.into();
    network.max_memory_bytes = start.setup.max_memory_bytes;
    network.actor_debugging = start.setup.debugging;
    let engine = shared_engine(&network)?;
    let mut context = network.for_epoch(start.setup.epoch, start.setup.timestamp, start.root);
    context
        .set_base_fee(amount(&start.setup.base_fee))
        .set_circulating_supply(amount(&start.setup.circulating_supply));
    context.tracing = start.setup.tracing;
    let machine = DefaultMachine::new(&context, start.store, Outside(start.world))?;
    let mut host = Host::new(engine, Box::new(machine))?;
    super::until_unflushable(steps, |step| apply(&mut host, step))
}

/// What it says of a message that makes no sense.
const INVALID: [&str; 2] = [
    "Message has no gas limit set",
    "Message gas exceeds i64 max",
];

fn apply(host: &mut Host, step: &Step) -> Result<Outcome> {
    let message = message(&step.message)?;
    let no_codec = |_: &ApplyRet| None;
    let further = |other: &ExecutionEvent| format!("{other:?}");
    apply!(host, step, message, &INVALID, no_codec, further)
}
