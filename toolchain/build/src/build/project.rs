//! What Cargo knows of a project: the package to build, where things lie, and which packages come from folders.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use super::{BuildError, BuildOptions, WASM_TARGET, toolchain};

/// A project, ready to be built.
#[derive(Debug)]
pub(super) struct Project {
    /// The package to build.
    pub package: Package,
    /// All packages that come from folders and that the build may read, the one to build among them.
    pub local: Vec<Package>,
    /// The folder of the workspace, or of the package if it has none.
    pub root: PathBuf,
    /// Cargo's build folder.
    pub target_dir: PathBuf,
}

/// A package that lies in a folder.
#[derive(Clone, Debug)]
pub(super) struct Package {
    pub id: String,
    pub name: String,
    pub folder: PathBuf,
    pub manifest: PathBuf,
    /// The name of its library in code.
    pub library: String,
    pub settings: Settings,
}

/// `[package.metadata.filigree]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Settings {
    /// The stack the module starts with.
    pub stack_size_bytes: Option<u32>,
    /// The profile it is built with.
    pub profile: Option<String>,
}

/// What `cargo metadata` prints, as far as it is used.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<RawPackage>,
    workspace_members: Vec<String>,
    workspace_root: PathBuf,
    target_directory: PathBuf,
    resolve: Option<Resolve>,
}

#[derive(Deserialize)]
struct RawPackage {
    id: String,
    name: String,
    source: Option<String>,
    manifest_path: PathBuf,
    targets: Vec<RawTarget>,
    metadata: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct RawTarget {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    #[serde(default)]
    dep_kinds: Vec<DependencyKind>,
}

#[derive(Deserialize)]
struct DependencyKind {
    kind: Option<String>,
}

impl Project {
    /// Asks Cargo.
    pub fn read(manifest: &Path, options: &BuildOptions) -> Result<Project, BuildError> {
        let metadata = metadata(manifest, options)?;
        let chosen = choose(&metadata, manifest, options.package.as_deref())?;
        let package = package(chosen)?;
        if package.library.is_empty() {
            return Err(BuildError::NoLibrary(package.name));
        }
        let needed = needed(&metadata, &package.id);
        let local = metadata.packages.iter();
        let local = local
            .filter(|p| p.source.is_none() && needed.contains(p.id.as_str()))
            .map(self::package)
            .collect::<Result<Vec<_>, _>>()?;
        let target_dir = options
            .target_dir
            .clone()
            .unwrap_or(metadata.target_directory);
        Ok(Project {
            package,
            local,
            root: metadata.workspace_root,
            target_dir: std::path::absolute(&target_dir)
                .map_err(|e| BuildError::io("find", &target_dir, e))?,
        })
    }

    /// The folders whose names must not be seen in the Wasm.
    pub fn folders(&self) -> impl Iterator<Item = PathBuf> {
        let local = self.local.iter().map(|p| p.folder.clone());
        local.chain([self.root.clone(), self.target_dir.clone()])
    }

    /// Whether a file above the package says which compiler builds it.
    pub fn pins_toolchain(&self) -> bool {
        const FILES: [&str; 2] = ["rust-toolchain.toml", "rust-toolchain"];
        let mut folders = self.package.folder.ancestors();
        folders.any(|folder| FILES.iter().any(|file| folder.join(file).is_file()))
    }

    /// The profile to build with.
    pub fn profile(&self, options: &BuildOptions) -> String {
        let asked = options
            .profile
            .clone()
            .or(self.package.settings.profile.clone());
        asked.unwrap_or_else(|| {
            let root = std::fs::read_to_string(self.root.join("Cargo.toml")).unwrap_or_default();
            let has_own = root.lines().any(|line| line.trim() == "[profile.wasm]");
            let name = if has_own { "wasm" } else { "release" };
            name.to_owned()
        })
    }
}

/// `cargo metadata`, which writes the lock file unless it is locked. Of what actors are not compiled for nothing is fetched.
fn metadata_command(manifest: &Path, locked: bool, offline: bool) -> Command {
    let mut command = toolchain::command("cargo", manifest.parent().unwrap_or(manifest));
    command.args(["metadata", "--format-version", "1"]);
    command.args(["--filter-platform", WASM_TARGET]);
    command.arg("--manifest-path").arg(manifest);
    for (flag, is_on) in [("--locked", locked), ("--offline", offline)] {
        if is_on {
            command.arg(flag);
        }
    }
    command
}

/// Makes the lock file fit the manifest.
pub(super) fn update_lock(manifest: &Path, offline: bool) -> Result<(), BuildError> {
    let output = toolchain::run(metadata_command(manifest, false, offline), "cargo")?;
    if !output.status.success() {
        return Err(BuildError::Metadata {
            manifest: manifest.to_path_buf(),
            output: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        });
    }
    Ok(())
}

fn metadata(manifest: &Path, options: &BuildOptions) -> Result<Metadata, BuildError> {
    let folder = manifest.parent().unwrap_or(manifest);
    let command = metadata_command(manifest, options.locked, options.offline);
    let output = toolchain::run(command, "cargo")?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        if options.locked
            && let Some(missing) = missing_lock(folder)
        {
            return Err(BuildError::NotLocked(missing));
        }
        return Err(BuildError::Metadata {
            manifest: manifest.to_path_buf(),
            output: text,
        });
    }
    serde_json::from_slice(&output.stdout).map_err(|e| BuildError::Metadata {
        manifest: manifest.to_path_buf(),
        output: format!("its answer is not understood: {e}"),
    })
}

/// Where the lock file should be, if it is missing.
fn missing_lock(folder: &Path) -> Option<PathBuf> {
    let mut command = toolchain::command("cargo", folder);
    command.args(["locate-project", "--workspace", "--message-format", "plain"]);
    let output = toolchain::run(command, "cargo").ok()?;
    output.status.success().then_some(())?;
    let root = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    let lock = root.with_file_name("Cargo.lock");
    (!lock.exists()).then_some(lock)
}

fn choose<'m>(
    metadata: &'m Metadata,
    manifest: &Path,
    wanted: Option<&str>,
) -> Result<&'m RawPackage, BuildError> {
    let is_member = |p: &&RawPackage| metadata.workspace_members.contains(&p.id);
    let members = || metadata.packages.iter().filter(is_member);
    let names = || members().map(|p| p.name.clone()).collect();
    match wanted {
        Some(wanted) => members()
            .find(|p| p.name == wanted)
            .ok_or_else(|| BuildError::NoPackage {
                manifest: manifest.to_path_buf(),
                package: wanted.to_owned(),
                packages: names(),
            }),
        None => {
            let same = members().find(|p| p.manifest_path == manifest);
            let only = || {
                let mut members = members();
                members.next().filter(|_| members.next().is_none())
            };
            same.or_else(only).ok_or_else(|| BuildError::WhichPackage {
                manifest: manifest.to_path_buf(),
                packages: names(),
            })
        }
    }
}

/// Ids of the package and of all it is built from; what only its tests use is left out.
fn needed<'m>(metadata: &'m Metadata, root: &'m str) -> BTreeSet<&'m str> {
    let nodes: BTreeMap<&str, &Node> = metadata
        .resolve
        .iter()
        .flat_map(|resolve| &resolve.nodes)
        .map(|node| (node.id.as_str(), node))
        .collect();
    let mut needed = BTreeSet::from([root]);
    let mut open = vec![root];
    while let Some(id) = open.pop() {
        let Some(node) = nodes.get(id) else { continue };
        for dependency in &node.deps {
            let kinds = &dependency.dep_kinds;
            let is_for_tests =
                !kinds.is_empty() && kinds.iter().all(|k| k.kind.as_deref() == Some("dev"));
            if !is_for_tests && needed.insert(&dependency.pkg) {
                open.push(&dependency.pkg);
            }
        }
    }
    needed
}

fn package(raw: &RawPackage) -> Result<Package, BuildError> {
    const LIBRARIES: [&str; 4] = ["lib", "rlib", "cdylib", "proc-macro"];
    let is_library = |t: &&RawTarget| t.kind.iter().any(|k| LIBRARIES.contains(&k.as_str()));
    let library = raw.targets.iter().find(is_library);
    let folder = raw.manifest_path.parent().unwrap_or(&raw.manifest_path);
    Ok(Package {
        id: raw.id.clone(),
        name: raw.name.clone(),
        folder: folder.to_path_buf(),
        manifest: raw.manifest_path.clone(),
        library: library
            .map(|t| t.name.replace('-', "_"))
            .unwrap_or_default(),
        settings: settings(raw)?,
    })
}

fn settings(raw: &RawPackage) -> Result<Settings, BuildError> {
    let wrong = |reason: String| BuildError::Settings {
        package: raw.name.clone(),
        reason,
    };
    let Some(table) = raw.metadata.as_ref().and_then(|m| m.get("filigree")) else {
        return Ok(Settings::default());
    };
    let settings: Settings =
        serde_json::from_value(table.clone()).map_err(|e| wrong(e.to_string()))?;
    match settings.stack_size_bytes {
        Some(size) if !(4096..=64 << 20).contains(&size) || size % 16 != 0 => Err(wrong(format!(
            "a stack of {size} bytes; give a multiple of 16 from 4096 to 67108864"
        ))),
        _ => Ok(settings),
    }
}
