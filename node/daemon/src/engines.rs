//! The Wasm machines of the process.

use std::path::PathBuf;
use std::thread::available_parallelism;

use filigree_vm::Engines;

use crate::config::Config;

/// The engines of this process.
pub fn engines(config: &Config) -> Engines {
    let cores = available_parallelism().map_or(2, usize::from);
    let most = match config.host.concurrency {
        0 => u32::try_from(2 * cores).unwrap_or(u32::MAX).clamp(4, 64),
        set => set,
    };
    let set = &config.host.modules;
    let folder = match set.as_os_str().is_empty() {
        true => cache_folder().map(|cache| cache.join("modules")),
        false => Some(set.clone()),
    };
    Engines::new(most, folder)
}

/// `$FILIGREE_CACHE`, else `$XDG_CACHE_HOME/filigree`, else `$HOME/.cache/filigree`: where the toolchain has its files, too.
fn cache_folder() -> Option<PathBuf> {
    let set = |name| {
        let path = std::env::var_os(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    set("FILIGREE_CACHE")
        .or_else(|| Some(set("XDG_CACHE_HOME")?.join("filigree")))
        .or_else(|| Some(set("HOME")?.join(".cache/filigree")))
}
