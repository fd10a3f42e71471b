//! A compiled, linked module and a running instance of it.
//!
//! A [`Module`] is linked once; each call makes a [`Running`]: a store with one instance, its gas counter
//! and its memory. What the caller wants to know of the call lives in the store's data. The start function,
//! if any, does not run on its own: the caller sets the counter and calls [`Running::start`].

use wasmtime::{
    AsContext, AsContextMut, Extern, ExternType, Global, Instance, InstancePre, Memory,
    ModuleExport, Store, Trap, Val, ValType,
};

use crate::HostState;
use crate::config::PAGE_BYTES;
use crate::pool::Reservation;

/// What a compiled module is called by, beside its machine code; kept in the disk cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    pub gas_export: String,
    pub start_export: Option<String>,
    /// Bytes of the module before and after instrumentation.
    pub code_bytes: u64,
    pub instrumented_bytes: u64,
}

/// A module ready to be instantiated.
pub struct Module<T: HostState + 'static> {
    linked: Result<InstancePre<T>, String>,
    names: Names,
    gas: ModuleExport,
    memory: Option<ModuleExport>,
    min_memory_bytes: u64,
    table_min_elements: Option<u64>,
}

impl<T: HostState + 'static> std::fmt::Debug for Module<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Module")
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

impl<T: HostState + 'static> Module<T> {
    /// `None` when the module does not have the gas counter it should have. A module that does not link is one all the
    /// same: that it cannot run is found when it is instantiated, after its memory was paid for.
    pub(crate) fn new(
        module: &wasmtime::Module,
        linked: wasmtime::Result<InstancePre<T>>,
        names: Names,
    ) -> Option<Self> {
        let gas = module.get_export_index(&names.gas_export)?;
        let (memory, min_memory_bytes) = match module.get_export("memory") {
            Some(ExternType::Memory(ty)) => (
                module.get_export_index("memory"),
                ty.minimum().saturating_mul(PAGE_BYTES),
            ),
            _ => (None, 0),
        };
        let table_min_elements = match module.get_export("table") {
            Some(ExternType::Table(ty)) => Some(ty.minimum()),
            _ => None,
        };
        Some(Module {
            linked: linked.map_err(|e| format!("{e:#}")),
            names,
            gas,
            memory,
            min_memory_bytes,
            table_min_elements,
        })
    }

    /// Whether the module exports a memory named `memory`. Without, no actor runs.
    pub fn has_memory(&self) -> bool {
        self.memory.is_some()
    }

    /// Initial size of the memory exported as `memory`, in bytes; 0 without one.
    pub fn min_memory_bytes(&self) -> u64 {
        self.min_memory_bytes
    }

    /// Initial elements of the table exported as `table`.
    pub fn table_min_elements(&self) -> Option<u64> {
        self.table_min_elements
    }

    /// Bytes of the module as it came.
    pub fn code_size_bytes(&self) -> u64 {
        self.names.code_bytes
    }

    /// Bytes of the module as it was compiled.
    pub fn instrumented_size_bytes(&self) -> u64 {
        self.names.instrumented_bytes
    }
}

/// Why a module could not be instantiated.
#[derive(Debug, thiserror::Error)]
pub enum InstantiateError {
    /// The module imports what the host does not have, or has with another type.
    #[error("cannot link the module: {0}")]
    Unlinked(String),
    /// Memory, table or segment did not fit.
    #[error("failed to instantiate module: {0}")]
    Failed(wasmtime::Error),
    /// The session is of another engine, or holds more instances than one call stack may.
    #[error("no instance left for this session")]
    NoInstance,
}

/// Why a call did not return.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The module has no such function.
    #[error("no exported function of that name")]
    MissingExport,
    /// Wasm code trapped. Look at the gas counter first: a trap because of gas is not told apart.
    #[error("wasm trap: {0}")]
    Trap(Trap),
    /// A host function returned this error, or the function has another type.
    #[error("host error: {0}")]
    Host(wasmtime::Error),
}

impl From<wasmtime::Error> for CallError {
    fn from(e: wasmtime::Error) -> Self {
        match e.downcast_ref::<Trap>() {
            Some(trap) => CallError::Trap(*trap),
            None => CallError::Host(e),
        }
    }
}

/// The gas counter of an instance: milligas left, negative when exhausted.
///
/// A handle that host functions use through the store they were called with.
#[derive(Clone, Copy, Debug)]
pub struct GasCell(Global);

impl GasCell {
    /// Milligas left.
    pub fn get(&self, mut store: impl AsContextMut) -> i64 {
        match self.0.get(&mut store) {
            Val::I64(milligas) => milligas,
            other => unreachable!("the instrumenter made the gas counter an i64, not {other:?}"),
        }
    }

    /// Sets the milligas left.
    pub fn set(&self, mut store: impl AsContextMut, milligas: i64) {
        self.0
            .set(&mut store, Val::I64(milligas))
            .expect("the instrumenter made the gas counter a mutable i64");
    }
}

/// An instance, alone in its store.
pub struct Running<T: HostState + 'static> {
    store: Store<T>,
    instance: Instance,
    gas: GasCell,
    memory: Option<Memory>,
    start_export: Option<String>,
    // After the store: the instance is given back first, then the right to it.
    _reservation: Reservation,
}

impl<T: HostState + 'static> std::fmt::Debug for Running<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running")
            .field("gas", &self.gas)
            .finish_non_exhaustive()
    }
}

impl<T: HostState + 'static> Running<T> {
    pub(crate) fn new(
        engine: &wasmtime::Engine,
        module: &Module<T>,
        reservation: Reservation,
        data: T,
    ) -> Result<Self, (T, InstantiateError)> {
        let linked = match &module.linked {
            Ok(linked) => linked,
            Err(why) => return Err((data, InstantiateError::Unlinked(why.clone()))),
        };
        let mut store = Store::new(engine, data);
        store.limiter(|data| data.limits());
        let instance = match linked.instantiate(&mut store) {
            Ok(instance) => instance,
            Err(e) => return Err((store.into_data(), InstantiateError::Failed(e))),
        };
        let Some(Extern::Global(gas)) = instance.get_module_export(&mut store, &module.gas) else {
            return Err((store.into_data(), InstantiateError::NoInstance));
        };
        let memory = module
            .memory
            .and_then(|m| instance.get_module_export(&mut store, &m))
            .and_then(Extern::into_memory);
        Ok(Running {
            store,
            instance,
            gas: GasCell(gas),
            memory,
            start_export: module.names.start_export.clone(),
            _reservation: reservation,
        })
    }

    /// The store.
    pub fn store(&mut self) -> &mut Store<T> {
        &mut self.store
    }

    /// The store's data.
    pub fn data(&self) -> &T {
        self.store.data()
    }

    /// The store's data.
    pub fn data_mut(&mut self) -> &mut T {
        self.store.data_mut()
    }

    /// The gas counter.
    pub fn gas_cell(&self) -> GasCell {
        self.gas
    }

    /// Milligas left.
    pub fn gas(&mut self) -> i64 {
        self.gas.get(self.store.as_context_mut())
    }

    /// Sets the milligas left.
    pub fn set_gas(&mut self, milligas: i64) {
        self.gas.set(self.store.as_context_mut(), milligas);
    }

    /// The memory exported as `memory`.
    pub fn memory(&self) -> Option<Memory> {
        self.memory
    }

    /// Runs the module's start function, if it has one.
    ///
    /// The reference runs it as the last part of instantiation, with the counter set but no memory known to
    /// host functions yet, and takes any failure of it for a failed instantiation.
    pub fn start(&mut self) -> Result<(), CallError> {
        let Some(name) = self.start_export.take() else {
            return Ok(());
        };
        let start = self.instance.get_func(&mut self.store, &name);
        let start = start.ok_or(CallError::MissingExport)?;
        Ok(start.call(&mut self.store, &[], &mut [])?)
    }

    /// Calls an exported function that returns one `i32`. A function of another result type is found out when it returns;
    /// with `typed`, before it runs.
    pub fn call(&mut self, export: &str, params: &[Val], typed: bool) -> Result<u32, CallError> {
        let function = self.instance.get_func(&mut self.store, export);
        let function = function.ok_or(CallError::MissingExport)?;
        let ty = function.ty(&self.store);
        if typed && !matches!(ty.results().next(), Some(ValType::I32)) {
            return Err(CallError::Host(wasmtime::Error::msg(
                "the function does not return an i32",
            )));
        }
        let mut result = [Val::I32(0)];
        function.call(&mut self.store, params, &mut result)?;
        match result {
            [Val::I32(value)] => Ok(value.cast_unsigned()),
            _ => Err(CallError::Host(wasmtime::Error::msg(
                "the function does not return an i32",
            ))),
        }
    }

    /// Ends the instance and gives the data back.
    pub fn into_data(self) -> T {
        self.store.into_data()
    }
}

impl<T: HostState + 'static> AsContext for Running<T> {
    type Data = T;

    fn as_context(&self) -> wasmtime::StoreContext<'_, T> {
        self.store.as_context()
    }
}

impl<T: HostState + 'static> AsContextMut for Running<T> {
    fn as_context_mut(&mut self) -> wasmtime::StoreContextMut<'_, T> {
        self.store.as_context_mut()
    }
}
