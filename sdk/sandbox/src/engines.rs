//! The Wasm engines, one set for the process: a module is compiled once, and once for all processes if the cache
//! folder is there.

use std::path::PathBuf;
use std::sync::OnceLock;

use filigree_vm::Engines;

/// The engines, or those for profiles.
pub(crate) fn engines(profiling: bool) -> &'static Engines {
    static ENGINES: OnceLock<Engines> = OnceLock::new();
    static FOR_PROFILES: OnceLock<Engines> = OnceLock::new();
    let make = |new: fn(u32, Option<PathBuf>) -> Engines| {
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
        let threads = u32::try_from(threads).unwrap_or(1).min(MAX_CONCURRENCY);
        new(threads, cache_dir().map(|dir| dir.join("modules")))
    };
    match profiling {
        true => FOR_PROFILES.get_or_init(|| make(Engines::for_profiles)),
        false => ENGINES.get_or_init(|| make(Engines::new)),
    }
}

/// Messages that run at a time; others wait. Each reserves address space for a full call stack.
const MAX_CONCURRENCY: u32 = 8;

/// Where things are kept from run to run: the folder that `filigree-build` keeps its artefacts in.
pub(crate) fn cache_dir() -> Option<PathBuf> {
    filigree_build::build::default_cache_dir()?
        .parent()
        .map(PathBuf::from)
}
