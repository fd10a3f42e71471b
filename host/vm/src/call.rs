//! One call: gas limit and depth, then resolve → transfer → invoke.

use cid::Cid;
use filigree_gas::Gas;
use filigree_state::EAM_ACTOR_ID;
use fvm_shared::address::{Address, Payload};
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::{ErrorNumber, ExitCode};
use fvm_shared::state::ActorState;
use fvm_shared::upgrade::UpgradeInfo;
use fvm_shared::{ActorID, METHOD_CONSTRUCTOR, METHOD_SEND, MethodNum};
use num_traits::Zero;

use crate::blocks::Block;
use crate::profile::Site;
use crate::stack::Stack;
use crate::stop::{Errno, Outcome, Stop, errno};
use crate::trace::TraceEvent;

/// The pseudo method number an upgrade runs under (FIP-0077).
pub const METHOD_UPGRADE: MethodNum = 932_083;

/// How an actor is entered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Entrypoint {
    /// The constructor of an account made by a send.
    ImplicitConstructor,
    /// A method.
    Invoke(MethodNum),
    /// The new code of an upgraded actor.
    Upgrade(UpgradeInfo),
}

impl Entrypoint {
    pub fn method(&self) -> MethodNum {
        match self {
            Self::ImplicitConstructor => METHOD_CONSTRUCTOR,
            Self::Invoke(method) => *method,
            Self::Upgrade(_) => METHOD_UPGRADE,
        }
    }

    pub fn export(&self) -> &'static str {
        match self {
            Self::ImplicitConstructor | Self::Invoke(_) => "invoke",
            Self::Upgrade(_) => "upgrade",
        }
    }
}

/// A call to make.
pub(crate) struct Call {
    pub from: ActorID,
    pub to: Address,
    pub entrypoint: Entrypoint,
    pub params: Option<Block>,
    pub value: TokenAmount,
    pub read_only: bool,
}

/// How an actor ended.
#[derive(Clone, Debug)]
pub(crate) struct Returned {
    pub code: ExitCode,
    pub value: Option<Block>,
}

impl Returned {
    pub fn ok() -> Self {
        Self::code(ExitCode::OK)
    }

    pub fn code(code: ExitCode) -> Self {
        Self { code, value: None }
    }
}

impl Stack {
    /// Runs `f` in a transaction that is taken back unless it ends with exit code 0.
    pub fn transact(
        &mut self,
        f: impl FnOnce(&mut Self) -> Outcome<Returned>,
    ) -> Outcome<Returned> {
        self.core.journal.begin();
        let result = f(self);
        let keep = matches!(&result, Ok(returned) if returned.code.is_success());
        self.core.journal.end(!keep)?;
        result
    }

    /// Replaces an actor's code and runs the new code's `upgrade`. Unless that succeeds, everything stays.
    pub fn upgrade(
        &mut self,
        from: ActorID,
        id: ActorID,
        new_code: Cid,
        params: Option<Block>,
    ) -> Outcome<Returned> {
        self.transact(|stack| {
            let state = stack
                .actor(id)?
                .ok_or_else(|| errno(ErrorNumber::IllegalOperation, "the actor is deleted"))?;
            // The code just before the upgrade, which a reentrant upgrade may have changed since the caller began.
            let old_code_cid = state.code;
            stack.set_actor(
                id,
                ActorState::new(new_code, state.state, state.balance, state.sequence, None),
            )?;
            let call = Call {
                from,
                to: Address::new_id(id),
                entrypoint: Entrypoint::Upgrade(UpgradeInfo { old_code_cid }),
                params,
                value: TokenAmount::zero(),
                read_only: false,
            };
            stack.call(call, None)
        })
    }

    /// Whether an entry is a call of its own in traces and backtraces: upgrades are a part of the call that asked for
    /// them, unless they are the message itself.
    pub fn is_own_call(&self, entrypoint: &Entrypoint, calls_around: u32) -> bool {
        match entrypoint {
            Entrypoint::Invoke(_) => true,
            Entrypoint::Upgrade(_) => calls_around == 0,
            Entrypoint::ImplicitConstructor => false,
        }
    }

    /// Makes a call under an optional gas limit. The caller provides the transaction.
    pub fn call(&mut self, call: Call, gas_limit: Option<Gas>) -> Outcome<Returned> {
        let traced = self.is_own_call(&call.entrypoint, self.depth);
        if traced {
            self.trace(|stack| TraceEvent::Call {
                from: call.from,
                to: call.to,
                method: call.entrypoint.method(),
                params: call.params.clone(),
                value: call.value.clone(),
                gas_limit: gas_limit
                    .unwrap_or(Gas::from_milligas(u64::MAX))
                    .round_up()
                    .min(stack.gas.available().round_up()),
                read_only: call.read_only,
            });
        }

        if let Some(limit) = gas_limit {
            self.gas.push_limit(limit);
        }
        let too_deep = self.depth >= self.core.context.network.max_call_depth;
        let mut result = if too_deep {
            Err(errno(
                ErrorNumber::LimitExceeded,
                "the call stack is too deep",
            ))
        } else {
            let memory_before = self.limits.used_bytes();
            self.depth += 1;
            let result = self.resolve_and_call(call);
            self.depth -= 1;
            self.limits.set_used_bytes(memory_before);
            result
        };
        let limit_stays = too_deep && self.core.rules.leaks_gas_limit_at_max_depth;
        if gas_limit.is_some() && !limit_stays {
            self.gas.pop_limit();
        }

        // Out of gas under a limit is an exit code for the caller who still has some.
        if matches!(result, Err(Stop::OutOfGas)) && !self.gas.available().is_zero() {
            result = Ok(Returned::code(ExitCode::SYS_OUT_OF_GAS));
        }
        if traced {
            self.trace(|_| traced_end(&result));
        }
        result
    }

    fn resolve_and_call(&mut self, call: Call) -> Outcome<Returned> {
        let to = match self.resolve(&call.to)? {
            Some(id) => id,
            None => self.create_implicitly(&call.to, call.read_only)?,
        };
        self.running.push((to, call.entrypoint.export()));
        let result = self.call_resolved(to, call);
        self.running.pop();
        result
    }

    /// Calls an actor by id, without counting depth or opening a transaction.
    pub fn call_resolved(&mut self, to: ActorID, call: Call) -> Outcome<Returned> {
        let Some(state) = self.actor(to)? else {
            return Err(errno(
                ErrorNumber::NotFound,
                format_args!("actor f0{to} does not exist"),
            ));
        };
        let open_sites = self.open_sites();
        self.enter_site(|| Site::Call {
            id: to,
            code: state.code,
            export: call.entrypoint.export(),
            method: call.entrypoint.method(),
        });
        let result = self.enter(to, state, call);
        self.unwind_sites(open_sites);
        result
    }

    /// Transfers the value and runs the actor.
    fn enter(&mut self, to: ActorID, state: ActorState, call: Call) -> Outcome<Returned> {
        let invokes =
            self.core.rules.early_abi && matches!(call.entrypoint, Entrypoint::ImplicitConstructor);
        if invokes || self.is_own_call(&call.entrypoint, self.depth.saturating_sub(1)) {
            self.trace(|_| TraceEvent::Invoke {
                id: to,
                state: state.clone(),
            });
        }
        if !call.value.is_zero() {
            self.pay(|p| p.on_value_transfer())?;
            self.transfer(call.from, to, &call.value)?;
        }
        if matches!(call.entrypoint, Entrypoint::Invoke(METHOD_SEND)) {
            return Ok(Returned::ok());
        }
        let (size, links) = call
            .params
            .as_ref()
            .map_or((0, 0), |p| (p.size_bytes(), p.links.len()));
        self.pay(|p| p.on_method_invocation(size, links))?;
        if self.core.context.network.allow_install {
            self.check_loads(&state.code)?;
        }
        self.invoke(to, &state.code, call)
    }

    /// Where users install code, an actor whose code does not load is as good as none.
    fn check_loads(&self, code: &Cid) -> Outcome<()> {
        match self.core.load_module(code) {
            Err(Stop::Fatal(e)) => Err(errno(ErrorNumber::NotFound, format_args!("{e:#}"))),
            other => other.map(drop),
        }
    }

    /// Makes the actor behind an unknown address, if a send may: an account for a key, a placeholder for an f410f.
    fn create_implicitly(&mut self, address: &Address, read_only: bool) -> Outcome<ActorID> {
        let is_key = match address.payload() {
            Payload::BLS(_) | Payload::Secp256k1(_) => true,
            Payload::Delegated(d) if d.namespace() == EAM_ACTOR_ID => false,
            _ => {
                return Err(errno(
                    ErrorNumber::NotFound,
                    format_args!("no actor has the address {address}, and none can be made for it"),
                ));
            }
        };
        if read_only {
            return Err(errno(
                ErrorNumber::ReadOnly,
                format_args!("a read-only call cannot create {address}"),
            ));
        }
        if is_key {
            self.create_account(address)
        } else {
            self.create_placeholder(address)
        }
    }
}

fn traced_end(result: &Outcome<Returned>) -> TraceEvent {
    match result {
        Ok(returned) => TraceEvent::Return {
            code: returned.code,
            value: returned.value.clone(),
        },
        Err(Stop::OutOfGas) => TraceEvent::Return {
            code: ExitCode::SYS_OUT_OF_GAS,
            value: None,
        },
        Err(Stop::Errno(error)) => TraceEvent::Refused(error.clone()),
        Err(other) => TraceEvent::Refused(Errno {
            number: ErrorNumber::Forbidden,
            message: other.to_string(),
        }),
    }
}
