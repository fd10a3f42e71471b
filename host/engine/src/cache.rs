//! Compiled modules on disk.
//!
//! One file for each module and set of rules: `engine-<version>/<key>-<rules>.module`. The version is a digest
//! over the version of the instrumenter and wasmtime's own compatibility hash (version, settings, target,
//! CPU features); folders of other versions are stale, and dropped when a cache is opened. The rules are a
//! digest over the version and the engine's rules.
//!
//! A file is `MAGIC | blake2b-256 of the rest | rules | key | names | machine code`. The digest is checked
//! before anything is trusted: loading damaged machine code would be undefined behaviour. It guards against
//! accidents, not against someone who may write into the folder. A file that does not check out is removed
//! and made anew; a file that cannot be written is reported and otherwise ignored.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::config::EngineConfig;
use crate::instrument;
use crate::module::Names;

const MAGIC: &[u8; 16] = b"filigree module\n";
const DIGEST_BYTES: usize = 32;

/// How the folder of one version begins.
const VERSION_FOLDER: &str = "engine-";

/// Longest key that names a file.
const MAX_KEY_BYTES: usize = 100;

/// A folder of compiled modules, for one set of rules.
#[derive(Debug)]
pub(crate) struct DiskCache {
    folder: PathBuf,
    rules: [u8; DIGEST_BYTES],
}

fn digest(parts: &[&[u8]]) -> [u8; DIGEST_BYTES] {
    let mut state = blake2b_simd::Params::new()
        .hash_length(DIGEST_BYTES)
        .to_state();
    for part in parts {
        state.update(part);
    }
    let mut out = [0; DIGEST_BYTES];
    out.copy_from_slice(state.finalize().as_bytes());
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn put(out: &mut Vec<u8>, field: &[u8]) {
    out.extend_from_slice(&(field.len() as u64).to_le_bytes());
    out.extend_from_slice(field);
}

fn take<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (len, rest) = bytes.split_first_chunk::<8>()?;
    let (field, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*len)).ok()?)?;
    *bytes = rest;
    Some(field)
}

fn take_u64(bytes: &mut &[u8]) -> Option<u64> {
    let (value, rest) = bytes.split_first_chunk::<8>()?;
    *bytes = rest;
    Some(u64::from_le_bytes(*value))
}

/// Removes what other versions left in a cache's folder, and nothing else.
fn drop_stale(folder: &Path, current: &str) {
    // A folder that is not there holds nothing stale.
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let ours = |name: &str| name.starts_with(VERSION_FOLDER) && name != current;
        if name.to_str().is_some_and(ours) {
            tracing::info!(path = %entry.path().display(), "dropping compiled modules of another version");
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

impl DiskCache {
    pub(crate) fn new(
        folder: &Path,
        config: &EngineConfig,
        engine: &wasmtime::Engine,
    ) -> DiskCache {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let version = digest(&[
            &instrument::VERSION.to_le_bytes(),
            &hasher.finish().to_le_bytes(),
        ]);
        let name = format!("{VERSION_FOLDER}{}", hex(&version[..16]));
        drop_stale(folder, &name);
        DiskCache {
            folder: folder.join(name),
            rules: digest(&[&version, &config.rule_bytes()]),
        }
    }

    fn path(&self, key: &[u8]) -> Option<PathBuf> {
        if key.is_empty() || key.len() > MAX_KEY_BYTES {
            return None;
        }
        let name = format!("{}-{}.module", hex(key), hex(&self.rules[..16]));
        Some(self.folder.join(name))
    }

    /// The module of `key`, when an intact one is there.
    pub(crate) fn load(
        &self,
        key: &[u8],
        engine: &wasmtime::Engine,
    ) -> Option<(wasmtime::Module, Names)> {
        let path = self.path(key)?;
        let file = match fs::read(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return None,
            Err(e) => {
                tracing::warn!(path = %path.display(), error = %e, "cannot read a compiled module");
                return None;
            }
        };
        let module = self.decode(key, &file).and_then(|(names, code)| {
            // SAFETY: the digest says that these are the bytes which `store` wrote, and `store` wrote what
            // `Module::serialize` gave on an engine of the same compatibility hash (part of `rules`).
            #[expect(unsafe_code, reason = "there is no other way to load machine code")]
            let module = unsafe { wasmtime::Module::deserialize(engine, code) };
            module.ok().map(|module| (module, names))
        });
        if module.is_none() {
            tracing::warn!(path = %path.display(), "dropping a damaged or stale compiled module");
            let _ = fs::remove_file(&path);
        }
        module
    }

    fn decode<'a>(&self, key: &[u8], file: &'a [u8]) -> Option<(Names, &'a [u8])> {
        let rest = file.strip_prefix(MAGIC)?;
        let (expected, mut rest) = rest.split_first_chunk::<DIGEST_BYTES>()?;
        if *expected != digest(&[rest]) {
            return None;
        }
        let bytes = &mut rest;
        if take(bytes)? != self.rules || take(bytes)? != key {
            return None;
        }
        let text = |field: &[u8]| String::from_utf8(field.to_vec()).ok();
        let gas_export = text(take(bytes)?)?;
        let start_export = Some(text(take(bytes)?)?).filter(|name| !name.is_empty());
        let names = Names {
            gas_export,
            start_export,
            code_bytes: take_u64(bytes)?,
            instrumented_bytes: take_u64(bytes)?,
        };
        Some((names, take(bytes)?))
    }

    fn encode(&self, key: &[u8], names: &Names, code: &[u8]) -> Vec<u8> {
        let mut rest = Vec::with_capacity(code.len() + 256);
        put(&mut rest, &self.rules);
        put(&mut rest, key);
        put(&mut rest, names.gas_export.as_bytes());
        put(
            &mut rest,
            names.start_export.as_deref().unwrap_or("").as_bytes(),
        );
        rest.extend_from_slice(&names.code_bytes.to_le_bytes());
        rest.extend_from_slice(&names.instrumented_bytes.to_le_bytes());
        put(&mut rest, code);
        let mut file = MAGIC.to_vec();
        file.extend_from_slice(&digest(&[&rest]));
        file.extend_from_slice(&rest);
        file
    }

    /// Writes a module; a failure is only reported.
    pub(crate) fn store(&self, key: &[u8], module: &wasmtime::Module, names: &Names) {
        let Some(path) = self.path(key) else { return };
        let written = module
            .serialize()
            .map_err(|e| e.to_string())
            .and_then(|code| {
                self.write(&path, &self.encode(key, names, &code))
                    .map_err(|e| e.to_string())
            });
        if let Err(error) = written {
            tracing::warn!(path = %path.display(), error, "cannot keep a compiled module");
        }
    }

    /// Writes beside the target and renames, so a reader sees all of a file or none.
    fn write(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        fs::create_dir_all(&self.folder)?;
        let unique = NEXT.fetch_add(1, Ordering::Relaxed);
        let partial = path.with_extension(format!("{}-{unique}.partial", std::process::id()));
        let written = fs::File::create(&partial)
            .and_then(|mut file| file.write_all(bytes))
            .and_then(|()| fs::rename(&partial, path));
        if written.is_err() {
            let _ = fs::remove_file(&partial);
        }
        written
    }
}
