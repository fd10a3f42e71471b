//! The command that compiles an actor, and what comes out of it.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::environment::Made;
use super::project::Project;
use super::toolchain::{self, Toolchain};
use super::{BuildError, BuildOptions, DEFAULT_STACK_SIZE_BYTES, WASM_TARGET, wrapper};

/// What every profile is overridden with. Level of optimisation and overflow checks are the project's own.
///
/// Names are kept here; whether they stay is decided afterwards, so that the code is the same either way.
const PROFILE: &[(&str, &str)] = &[
    ("codegen-units", "1"),
    ("debug", "false"),
    ("incremental", "false"),
    ("lto", "\"fat\""),
    ("panic", "\"abort\""),
    ("strip", "\"none\""),
];

/// Longest output of Cargo that an error carries; the end of it is what matters.
const MAX_OUTPUT_BYTES: usize = 64 << 10;

/// What the compiler made.
pub(super) struct Compiled {
    /// The module as it came.
    pub wasm: Vec<u8>,
    /// Where it lay.
    pub path: PathBuf,
    /// The source files it was made from; none if that is not known.
    pub sources: Vec<PathBuf>,
    /// The variables of the environment that were read; none if that is not known.
    pub variables: Option<BTreeSet<String>>,
}

/// A line of Cargo's JSON.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    package_id: String,
    #[serde(default)]
    filenames: Vec<PathBuf>,
    out_dir: Option<PathBuf>,
}

/// Compiles the package.
pub(super) fn compile(
    project: &Project,
    toolchain: &Toolchain,
    options: &BuildOptions,
) -> Result<Compiled, BuildError> {
    let above = project.target_dir.join("filigree");
    let usual = above.join("build");
    std::fs::create_dir_all(&usual).map_err(|e| BuildError::io("make", &usual, e))?;
    // Goes with all in it when the module has been read.
    let fresh = match options.anew {
        true => Some(tempfile::tempdir_in(&above).map_err(|e| BuildError::io("make", &above, e))?),
        false => None,
    };
    let folder = fresh
        .as_ref()
        .map_or(usual, |fresh| fresh.path().to_path_buf());
    // Held until the module has been read: another build of the same name would replace it.
    let _lock = lock(&folder)?;
    drop_other_checkout(project, options, &folder);
    let wrapper = wrapper::ensure(project, toolchain, &folder)?;
    let mut command = command(project, options, &folder);
    command.env("RUSTC_WRAPPER", wrapper);
    command.env(
        "FILIGREE_REMAP_SYSROOT",
        format!(
            "{}=/rustc/{}",
            toolchain.sysroot.join("lib/rustlib/src/rust").display(),
            toolchain.commit()
        ),
    );
    let (path, made) = run(command, project, options)?;
    let wasm = std::fs::read(&path).map_err(|e| BuildError::io("read", &path, e))?;
    Ok(Compiled {
        wasm,
        variables: made.variables(),
        sources: sources(&path.with_extension("d")),
        path,
    })
}

fn command(project: &Project, options: &BuildOptions, folder: &Path) -> Command {
    let package = &project.package;
    let profile = project.profile(options);
    let mut command = toolchain::command("cargo", &package.folder);
    command.args([
        "rustc",
        "--lib",
        "--crate-type",
        "cdylib",
        "--target",
        WASM_TARGET,
    ]);
    command.args(["--package", &package.id, "--profile", &profile]);
    command.arg("--manifest-path").arg(&package.manifest);
    command.arg("--target-dir").arg(folder);
    command.args(["--message-format", "json-render-diagnostics"]);
    for (key, value) in PROFILE {
        command.args(["--config", &format!("profile.{profile}.{key}={value}")]);
    }
    for (flag, is_on) in [
        ("--locked", options.locked),
        ("--offline", options.offline),
        ("--no-default-features", !options.default_features),
    ] {
        if is_on {
            command.arg(flag);
        }
    }
    if !options.features.is_empty() {
        command.args(["--features", &options.features.join(",")]);
    }
    // Set and empty: no flags, whatever a configuration file says.
    command.env("CARGO_ENCODED_RUSTFLAGS", "");
    let stack = package
        .settings
        .stack_size_bytes
        .unwrap_or(DEFAULT_STACK_SIZE_BYTES);
    command.args([
        "--",
        "--cfg",
        "filigree_entry",
        "--check-cfg",
        "cfg(filigree_entry)",
    ]);
    command.args(["-C", &format!("link-arg=-zstack-size={stack}")]);
    command
}

/// Runs Cargo; the path of the module it made, and what else it made.
fn run(
    mut command: Command,
    project: &Project,
    options: &BuildOptions,
) -> Result<(PathBuf, Made), BuildError> {
    let name = &project.package.name;
    let missing = |source| BuildError::Program {
        program: "cargo",
        source,
    };
    command.stdout(Stdio::piped());
    command.stderr(if options.quiet {
        Stdio::piped()
    } else {
        Stdio::inherit()
    });
    let mut child = command.spawn().map_err(missing)?;
    let stderr = child.stderr.take();
    // Read at the same time: a full pipe would stop Cargo.
    let reader = std::thread::spawn(move || stderr.map(tail).unwrap_or_default());
    let stdout = child.stdout.take();
    let made = stdout.map(|out| made(out, &project.package.id));
    let status = child.wait().map_err(missing)?;
    let output = reader.join().unwrap_or_default();
    if !status.success() {
        return Err(BuildError::Cargo {
            package: name.clone(),
            output,
        });
    }
    match made {
        Some((Some(module), made)) => Ok((module, made)),
        _ => Err(BuildError::NoArtefact(name.clone())),
    }
}

/// The last part of what a program prints.
fn tail(mut from: impl Read) -> String {
    let mut kept = Vec::new();
    let mut buffer = [0; 8192];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        kept.extend_from_slice(buffer.get(..count).unwrap_or_default());
        if kept.len() > 2 * MAX_OUTPUT_BYTES {
            kept.drain(..kept.len() - MAX_OUTPUT_BYTES);
        }
    }
    String::from_utf8_lossy(&kept).trim().to_owned()
}

/// The module of a package in Cargo's messages, all of which are read, and all else they tell of.
fn made(messages: impl Read, package: &str) -> (Option<PathBuf>, Made) {
    let mut found = None;
    let mut made = Made::default();
    for line in BufReader::new(messages).lines() {
        let Ok(line) = line else { break };
        // A build script may print what is no message.
        let Ok(message) = serde_json::from_str::<Message>(&line) else {
            continue;
        };
        if message.reason == "build-script-executed" {
            made.script_folders.extend(message.out_dir);
        } else if message.reason == "compiler-artifact" {
            if message.package_id == package {
                let is_wasm = |path: &&PathBuf| path.extension().is_some_and(|e| e == "wasm");
                found = message.filenames.iter().find(is_wasm).cloned().or(found);
            }
            made.files.extend(message.filenames);
        }
    }
    (found, made)
}

/// The files that a `.d` file beside an artefact names.
fn sources(dependencies: &Path) -> Vec<PathBuf> {
    let text = std::fs::read_to_string(dependencies).unwrap_or_default();
    let lists = text.lines().filter_map(|line| line.split_once(": "));
    let mut files = Vec::new();
    for (_, list) in lists {
        let mut name = String::new();
        let mut letters = list.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => name.extend(letters.next()),
                ' ' => files.push(PathBuf::from(std::mem::take(&mut name))),
                _ => name.push(letter),
            }
        }
        files.push(PathBuf::from(name));
    }
    files.retain(|file| !file.as_os_str().is_empty());
    files
}

/// A folder that no other build uses until this is dropped.
struct Lock(std::fs::File);

impl Drop for Lock {
    /// Closing alone would not do: a program that another thread is starting right now has copies of all open files until it
    /// runs, and the lock goes with the last copy.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

fn lock(folder: &Path) -> Result<Lock, BuildError> {
    let path = folder.join("lock");
    let io = |e| BuildError::io("lock", &path, e);
    let file = std::fs::File::create(&path).map_err(io)?;
    file.lock().map_err(io)?;
    Ok(Lock(file))
}

/// Makes Cargo compile packages from folders anew when the build folder was last used by another checkout.
///
/// Cargo tells whether a source is newer by file times, and knows packages by their place in the workspace: a copy of
/// a project with older times would get the other's code.
fn drop_other_checkout(project: &Project, options: &BuildOptions, folder: &Path) {
    let stamp = folder.join("checkout");
    let here = checkout(&project.root);
    let last = std::fs::read_to_string(&stamp).ok();
    if last.as_ref() == Some(&here) {
        return;
    }
    if last.is_some() {
        let mut clean = toolchain::command("cargo", &project.package.folder);
        clean.args(["clean", "--quiet", "--target", WASM_TARGET]);
        clean.args(["--profile", &project.profile(options)]);
        clean.arg("--manifest-path").arg(&project.package.manifest);
        clean.arg("--target-dir").arg(folder);
        clean.args(["--locked"].iter().filter(|_| options.locked));
        clean.args(["--offline"].iter().filter(|_| options.offline));
        for package in &project.local {
            clean.args(["--package", &package.id]);
        }
        let is_clean = toolchain::run(clean, "cargo").is_ok_and(|output| output.status.success());
        if !is_clean {
            let _ = std::fs::remove_dir_all(folder.join(WASM_TARGET));
        }
    }
    let _ = std::fs::write(&stamp, here);
}

/// What tells one checkout from another, also from one made later in the same place.
fn checkout(root: &Path) -> String {
    #[cfg(unix)]
    let inode = std::fs::metadata(root)
        .map(|m| std::os::unix::fs::MetadataExt::ino(&m))
        .unwrap_or_default();
    #[cfg(not(unix))]
    let inode = 0;
    format!("{} {inode}\n", root.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_module_is_found_among_other_messages() {
        let lines = r#"hello from a build script
{"reason":"compiler-artifact","package_id":"other","filenames":["/t/other.wasm"]}
{"reason":"compiler-artifact","package_id":"a","filenames":["/t/liba.rlib"]}
{"reason":"compiler-artifact","package_id":"a","filenames":["/t/a.wasm","/t/a.d"]}
{"reason":"build-script-executed","package_id":"other","out_dir":"/t/build/other-1/out"}
{"reason":"build-finished","success":true}
"#;
        let (module, all) = made(lines.as_bytes(), "a");
        assert_eq!(module, Some(PathBuf::from("/t/a.wasm")));
        let names = ["/t/other.wasm", "/t/liba.rlib", "/t/a.wasm", "/t/a.d"];
        assert_eq!(all.files, names.map(PathBuf::from));
        assert_eq!(all.script_folders, [PathBuf::from("/t/build/other-1/out")]);
        assert_eq!(made(lines.as_bytes(), "b").0, None);
    }

    #[test]
    fn names_of_sources_may_have_spaces() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.d");
        std::fs::write(&file, "/t/a.wasm: /w/src/lib.rs /w/my\\ file.rs\n").unwrap();
        let expected = [
            PathBuf::from("/w/src/lib.rs"),
            PathBuf::from("/w/my file.rs"),
        ];
        assert_eq!(sources(&file), expected);
        assert!(sources(&folder.path().join("none.d")).is_empty());
    }

    #[test]
    fn a_copy_of_the_open_file_does_not_keep_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let lock = lock(folder.path()).unwrap();
        let _copy = lock.0.try_clone().unwrap();
        let other = std::fs::File::create(folder.path().join("lock")).unwrap();
        assert!(other.try_lock().is_err());
        drop(lock);
        other.try_lock().unwrap();
    }

    #[test]
    fn only_the_end_of_long_output_is_kept() {
        let text = "x".repeat(1 << 20) + "the error";
        let kept = tail(text.as_bytes());
        assert!(kept.len() <= 3 * MAX_OUTPUT_BYTES && kept.ends_with("the error"));
    }
}
