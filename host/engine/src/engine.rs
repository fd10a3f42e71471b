//! The engine: modules by key, compiled at most once, and instances of them.
//!
//! One lock guards the map of modules, another each module while it is being made: loading one module does
//! not hold up another, and two callers that want the same one compile it once. Modules are never dropped
//! from memory; the caller's chain has few. A module that fails to load is not remembered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use wasmtime::Linker;

use crate::HostState;
use crate::cache::DiskCache;
use crate::config::EngineConfig;
use crate::instrument::{self, InvalidModule};
use crate::module::{InstantiateError, Module, Names, Running};
use crate::pool::{Pool, Session};

/// The engine could not be made.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The configuration makes no sense.
    #[error("engine configuration: {0}")]
    Config(&'static str),
    /// Wasmtime refused the configuration or a host function.
    #[error("wasmtime: {0}")]
    Wasmtime(wasmtime::Error),
}

/// A module could not be loaded. `E` is the error of the caller's own reading.
#[derive(Debug, thiserror::Error)]
pub enum LoadError<E> {
    /// The caller could not read the code.
    #[error("cannot read the code: {0}")]
    Read(E),
    /// The rules refuse the module.
    #[error(transparent)]
    Invalid(#[from] InvalidModule),
    /// The module is beyond what the engine runs: memory or table too large, or the compiler gave up.
    #[error("cannot compile the module: {0}")]
    Compile(wasmtime::Error),
}

type Slot<T> = Arc<Mutex<Option<Arc<Module<T>>>>>;

struct Inner<T: HostState + 'static> {
    config: EngineConfig,
    engine: wasmtime::Engine,
    linker: Linker<T>,
    pool: Arc<Pool>,
    disk: Option<DiskCache>,
    modules: Mutex<HashMap<Vec<u8>, Slot<T>>>,
}

/// A set of rules with its host functions and compiled modules. Cheap to clone; usable from all threads.
pub struct Engine<T: HostState + 'static> {
    inner: Arc<Inner<T>>,
}

impl<T: HostState + 'static> Clone for Engine<T> {
    fn clone(&self) -> Self {
        Engine {
            inner: self.inner.clone(),
        }
    }
}

impl<T: HostState + 'static> std::fmt::Debug for Engine<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("config", &self.inner.config)
            .finish_non_exhaustive()
    }
}

impl<T: HostState + 'static> Engine<T> {
    /// Makes an engine; `link` defines the host functions.
    pub fn new(
        config: EngineConfig,
        link: impl FnOnce(&mut Linker<T>) -> Result<(), wasmtime::Error>,
    ) -> Result<Self, EngineError> {
        let engine = wasmtime::Engine::new(&config.wasmtime()?).map_err(EngineError::Wasmtime)?;
        let mut linker = Linker::new(&engine);
        link(&mut linker).map_err(EngineError::Wasmtime)?;
        let pool = Pool::new(
            config.instance_count(),
            config.max_call_depth,
            config.concurrency,
        );
        let disk = config.cache_dir.as_deref();
        let disk = disk.map(|folder| DiskCache::new(folder, &config, &engine));
        Ok(Engine {
            inner: Arc::new(Inner {
                config,
                engine,
                linker,
                pool,
                disk,
                modules: Mutex::default(),
            }),
        })
    }

    /// The rules of this engine.
    pub fn config(&self) -> &EngineConfig {
        &self.inner.config
    }

    /// Waits for one of the `concurrency` slots; a session runs one call stack at a time.
    pub fn session(&self) -> Session {
        self.inner.pool.session()
    }

    /// The module of `key`, from memory, from disk, or made from the code that `wasm` reads.
    ///
    /// `key` must determine the code: it is the CID, a hash of it. `None` when `wasm` gives nothing.
    pub fn load<E>(
        &self,
        key: &[u8],
        wasm: impl FnOnce() -> Result<Option<Vec<u8>>, E>,
    ) -> Result<Option<Arc<Module<T>>>, LoadError<E>> {
        let slot = self.slot(key);
        let result = {
            let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(module) = &*slot {
                return Ok(Some(module.clone()));
            }
            let result = self.load_cold(key, wasm);
            if let Ok(module) = &result {
                slot.clone_from(module);
            }
            result
        };
        if !matches!(result, Ok(Some(_))) {
            self.forget(key, &slot);
        }
        result
    }

    fn slot(&self, key: &[u8]) -> Slot<T> {
        let mut modules = self
            .inner
            .modules
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match modules.get(key) {
            Some(slot) => slot.clone(),
            None => modules.entry(key.to_vec()).or_default().clone(),
        }
    }

    /// Drops an empty slot, unless another caller waits for it.
    fn forget(&self, key: &[u8], slot: &Slot<T>) {
        let mut modules = self
            .inner
            .modules
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if modules.get(key).is_some_and(|s| Arc::ptr_eq(s, slot)) && Arc::strong_count(slot) == 2 {
            modules.remove(key);
        }
    }

    fn load_cold<E>(
        &self,
        key: &[u8],
        wasm: impl FnOnce() -> Result<Option<Vec<u8>>, E>,
    ) -> Result<Option<Arc<Module<T>>>, LoadError<E>> {
        let inner = &*self.inner;
        if let Some(disk) = &inner.disk
            && let Some((module, names)) = disk.load(key, &inner.engine)
        {
            return self.link(&module, names).map(Some);
        }
        let Some(wasm) = wasm().map_err(LoadError::Read)? else {
            return Ok(None);
        };
        let (module, names) = self.compile(&wasm)?;
        let linked = self.link(&module, names.clone())?;
        if let Some(disk) = &inner.disk {
            disk.store(key, &module, &names);
        }
        Ok(Some(linked))
    }

    fn compile<E>(&self, wasm: &[u8]) -> Result<(wasmtime::Module, Names), LoadError<E>> {
        let instrumented = instrument::instrument(wasm, &self.inner.config)?;
        let module = wasmtime::Module::from_binary(&self.inner.engine, &instrumented.wasm)
            .map_err(LoadError::Compile)?;
        let names = Names {
            gas_export: instrumented.gas_export,
            start_export: instrumented.start_export,
            code_bytes: wasm.len() as u64,
            instrumented_bytes: instrumented.metered_bytes,
        };
        Ok((module, names))
    }

    /// Links a compiled module with the host functions, as far as they are there.
    fn link<E>(
        &self,
        module: &wasmtime::Module,
        names: Names,
    ) -> Result<Arc<Module<T>>, LoadError<E>> {
        let linked = self.inner.linker.instantiate_pre(module);
        let no_counter = || LoadError::Compile(wasmtime::Error::msg("no gas counter came out"));
        Module::new(module, linked, names)
            .map(Arc::new)
            .ok_or_else(no_counter)
    }

    /// Makes an instance; on failure gives the data back. The counter is 0: set it before any call.
    ///
    /// Waits while another session holds what is left of the instances.
    pub fn instantiate(
        &self,
        session: &Session,
        module: &Module<T>,
        data: T,
    ) -> Result<Running<T>, (T, InstantiateError)> {
        if !session.belongs_to(&self.inner.pool) {
            return Err((data, InstantiateError::NoInstance));
        }
        match session.reserve() {
            Ok(reservation) => Running::new(&self.inner.engine, module, reservation, data),
            Err(_) => Err((data, InstantiateError::NoInstance)),
        }
    }
}
