//! The host's own word: its engine loads the module, with stand-ins for the syscalls, and makes an instance.
//!
//! The stand-ins have the names and types of the syscall table, which a test of `host/vm` holds against what that
//! links. No code of the module runs: the engine leaves the start function to an explicit call.

use filigree_abi::{WasmType, syscalls_for};
use filigree_engine::instrument::InvalidModule;
use filigree_engine::{Engine, HostState, InstantiateError, LoadError, MemoryLimits};
use wasmtime::{FuncType, Linker, ValType};

use super::finding::{Findings, Place, Severity};
use super::rules::{CheckError, Rules};
use crate::{Layout, code_cid};

/// Most memory one call stack may use, for the instance that is made.
const MAX_TOTAL_BYTES: u64 = 2 << 30;

struct Probe(MemoryLimits);

impl HostState for Probe {
    fn limits(&mut self) -> &mut MemoryLimits {
        &mut self.0
    }
}

/// The engine of one set of rules.
#[derive(Debug)]
pub(super) struct Host {
    engine: Engine<Probe>,
}

impl Host {
    pub fn new(rules: &Rules) -> Result<Self, CheckError> {
        let engine = Engine::new(rules.engine_config(), |linker| link(linker, rules))?;
        Ok(Host { engine })
    }

    /// Reports that the engine refuses the module, or cannot make an instance of it.
    pub fn check(&self, wasm: &[u8], findings: &mut Findings) {
        let key = code_cid(wasm).to_bytes();
        let code = || Ok::<_, std::convert::Infallible>(Some(wasm.to_vec()));
        let module = match self.engine.load(&key, code) {
            Ok(Some(module)) => module,
            Ok(None) => return,
            Err(error) => {
                let (place, what) = refusal(wasm, &error);
                let remedy = "change the function, or build with other compiler options";
                findings.push(Severity::Refused, place, what, remedy);
                return;
            }
        };
        let session = self.engine.session();
        let probe = Probe(MemoryLimits::new(MAX_TOTAL_BYTES));
        if let Err((_, error)) = self.engine.instantiate(&session, &module, probe)
            && !findings.any_at_least(Severity::Unusable)
        {
            let what = match error {
                InstantiateError::Unlinked(error) => format!("an import is not there: {error}"),
                InstantiateError::Failed(error) => format!("every call fails: {error}"),
                InstantiateError::NoInstance => "the engine has no instance left".to_owned(),
            };
            let remedy = "see that memory, table and their segments fit together";
            findings.push(Severity::Unusable, Place::whole(), what, remedy);
        }
    }
}

/// Defines every syscall of the rules as a function that does nothing.
fn link(linker: &mut Linker<Probe>, rules: &Rules) -> Result<(), wasmtime::Error> {
    let value_type = |ty| match ty {
        WasmType::I32 => ValType::I32,
        WasmType::I64 => ValType::I64,
    };
    let syscalls = syscalls_for(rules.network_version).filter(|row| rules.allows(row.gate));
    for syscall in syscalls {
        let params: Vec<ValType> = syscall.wasm_params().map(value_type).collect();
        let result = value_type(syscall.wasm_result());
        let ty = FuncType::new(linker.engine(), params, [result]);
        linker.func_new(syscall.module, syscall.name, ty, |_, _, _| {
            Err(wasmtime::Error::msg("nothing runs during a check"))
        })?;
    }
    Ok(())
}

fn refusal(wasm: &[u8], error: &LoadError<std::convert::Infallible>) -> (Place, String) {
    let function = match error {
        LoadError::Invalid(
            InvalidModule::UnsupportedOperator { function, .. }
            | InvalidModule::NegativeSize { function }
            | InvalidModule::Height { function }
            | InvalidModule::PriceOverflow { function },
        ) => Some(*function),
        _ => None,
    };
    let what = match error {
        LoadError::Invalid(InvalidModule::Height { .. }) => {
            "the height of its stack cannot be computed (dead code that pops more than it has)"
                .to_owned()
        }
        LoadError::Invalid(InvalidModule::PriceOverflow { .. }) => {
            "the price of one of its blocks exceeds 64 bits".to_owned()
        }
        other => format!("the host refuses it: {other:#}"),
    };
    let layout = Layout::read(wasm).ok();
    let place = layout.zip(function).and_then(|(layout, defined)| {
        let function = layout.functions.get(defined)?;
        Some(Place::function(&layout, function.index))
    });
    (place.unwrap_or_default(), what)
}
