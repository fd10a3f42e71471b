//! First step of the test command: installs what a build of the workspace needs and a machine with
//! rustup and gcc alone may lack.
//!
//! Nothing is assumed from rustup's automatic installation, which may be switched off
//! (`RUSTUP_AUTO_INSTALL=0`): each need is probed and added. Debian packages are installed only as
//! root; otherwise the exact command is shown and the run stops. Compiling this crate needs the
//! pinned toolchain and a linker already; `.ci/run` sees to the toolchain.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The target actors are compiled to; also named in `rust-toolchain.toml`.
const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Components of the toolchain that the checks use: the subcommand of cargo, and who provides it.
const COMPONENTS: &[(&str, &str)] = &[("fmt", "rustfmt"), ("clippy", "clippy")];

/// What building the workspace calls, and the Debian packages that hold it: programs, and one library.
const DEBIAN_PACKAGES: &[(&str, &[&str])] = &[
    // C and assembly of the BLS library; also the linker of Rust itself.
    ("cc", &["gcc", "libc6-dev"]),
    ("ar", &["binutils"]),
    // RocksDB, the database of the node; its bindings are made from its header by libclang.
    ("c++", &["g++"]),
    (LIBCLANG, &["libclang-dev"]),
];

const LIBCLANG: &str = "libclang";

/// Installs what is missing, or says what to run and stops.
pub fn run(root: &Path) -> Result<()> {
    match plan(
        &missing_packages(&is_present),
        is_root(),
        on_path("apt-get"),
    ) {
        Plan::Nothing => {}
        Plan::Install(packages) => apt_install(&packages)?,
        Plan::Ask(message) => bail!(message),
    }
    if !has_wasm_target(root)? {
        rustup(root, &["target", "add", WASM_TARGET])?;
        if !has_wasm_target(root)? {
            bail!("rustup added {WASM_TARGET}, but not to the toolchain this checkout uses");
        }
    }
    for (subcommand, component) in COMPONENTS {
        if !succeeds(root, &crate::test::cargo(), &[subcommand, "--version"]) {
            rustup(root, &["component", "add", component])?;
        }
    }
    Ok(())
}

/// What to do about missing Debian packages.
#[derive(Debug, PartialEq)]
enum Plan {
    Nothing,
    Install(Vec<&'static str>),
    Ask(String),
}

fn plan(missing: &[&'static str], is_root: bool, has_apt: bool) -> Plan {
    let names = missing.join(" ");
    match (missing.is_empty(), has_apt, is_root) {
        (true, _, _) => Plan::Nothing,
        (false, true, true) => Plan::Install(missing.to_vec()),
        (false, true, false) => Plan::Ask(format!(
            "packages are missing; run: sudo apt-get install -y {names}"
        )),
        (false, false, _) => Plan::Ask(format!(
            "programs or libraries are missing; install what Debian calls: {names}, then run this again"
        )),
    }
}

fn missing_packages(is_present: &dyn Fn(&str) -> bool) -> Vec<&'static str> {
    let absent = DEBIAN_PACKAGES
        .iter()
        .filter(|(program, _)| !is_present(program));
    absent
        .flat_map(|(_, packages)| packages.iter().copied())
        .collect()
}

fn apt_install(packages: &[&str]) -> Result<()> {
    let apt = |arguments: &[&str]| -> Result<bool> {
        println!("    apt-get {}", arguments.join(" "));
        let status = Command::new("apt-get")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .status();
        Ok(status.context("cannot start apt-get")?.success())
    };
    let install = [&["install", "-y", "--no-install-recommends"], packages].concat();
    // The package lists of a fresh machine are empty: fetch them and try once more.
    if apt(&install)? || (apt(&["update"])? && apt(&install)?) {
        return Ok(());
    }
    bail!("apt-get {} failed", install.join(" "))
}

fn has_wasm_target(root: &Path) -> Result<bool> {
    let output = Command::new("rustc")
        .args(["--print", "sysroot"])
        .current_dir(root)
        .output()
        .context("cannot start rustc")?;
    if !output.status.success() {
        bail!(
            "rustc --print sysroot: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let sysroot = String::from_utf8(output.stdout).context("the sysroot is not UTF-8")?;
    Ok(PathBuf::from(sysroot.trim())
        .join("lib/rustlib")
        .join(WASM_TARGET)
        .join("lib")
        .is_dir())
}

/// Runs rustup for the toolchain of the checkout.
fn rustup(root: &Path, arguments: &[&str]) -> Result<()> {
    let shown = format!("rustup {}", arguments.join(" "));
    println!("    {shown}");
    let status = Command::new("rustup")
        .args(arguments)
        .current_dir(root)
        .stdin(Stdio::null())
        .status()
        .with_context(|| {
            format!("cannot start `{shown}`; install rustup from https://rustup.rs")
        })?;
    if !status.success() {
        bail!(
            "`{shown}` failed; run it in {} and look at its message",
            root.display()
        );
    }
    Ok(())
}

fn succeeds(root: &Path, program: &Path, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn is_present(name: &str) -> bool {
    if name == LIBCLANG {
        std::env::var_os("LIBCLANG_PATH").is_some() || has_libclang(Path::new("/usr"))
    } else {
        on_path(name)
    }
}

/// Whether there is the library, and the headers that go with it, which are in another package: `lib/llvm-14/lib/libclang.so.1`
/// and `lib/llvm-14/lib/clang/14.0.6/include/stddef.h` on Debian, `lib64/libclang.so.19` and `lib/clang/19/include/stddef.h` elsewhere.
fn has_libclang(root: &Path) -> bool {
    let inside = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        entries.flatten().map(|entry| entry.path()).collect()
    };
    let is_library = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("libclang") && !name.starts_with("libclang-cpp") && name.contains(".so")
    };
    let mut folders = ["lib", "lib64", "local/lib"]
        .map(|folder| root.join(folder))
        .to_vec();
    for folder in folders.clone() {
        let below = inside(&folder);
        folders.extend(below.iter().map(|folder| folder.join("lib")));
        folders.extend(below);
    }
    let has_library = folders
        .iter()
        .any(|folder| inside(folder).iter().any(|path| is_library(path)));
    let has_headers = folders.iter().any(|folder| {
        let versions = inside(&folder.join("clang"));
        versions
            .iter()
            .any(|version| version.join("include/stddef.h").is_file())
    });
    has_library && has_headers
}

fn on_path(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
    })
}

fn is_root() -> bool {
    let user = Command::new("id").arg("-u").stdin(Stdio::null()).output();
    user.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_absent_programs_only() {
        assert_eq!(missing_packages(&|_| true), Vec::<&str>::new());
        assert_eq!(
            missing_packages(&|program| program != "cc"),
            ["gcc", "libc6-dev"]
        );
    }

    /// The machine of a newcomer: everything is there but what RocksDB's bindings are made with.
    #[test]
    fn a_machine_without_libclang_is_told_what_to_install() {
        let missing = missing_packages(&|name| name != LIBCLANG);
        assert_eq!(missing, ["libclang-dev"]);
        assert_eq!(plan(&missing, true, true), Plan::Install(missing.clone()));
        for (has_apt, expected) in [
            (true, "sudo apt-get install -y libclang-dev"),
            (false, "install what Debian calls: libclang-dev"),
        ] {
            let Plan::Ask(message) = plan(&missing, false, has_apt) else {
                panic!()
            };
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn libclang_is_the_library_and_its_headers() {
        let root = std::env::temp_dir().join(format!("libclang-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&root);
        let make = |path: &str| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        };
        assert!(!has_libclang(&root));
        make("lib/x86_64-linux-gnu/libclang-cpp.so.14");
        make("lib/llvm-14/lib/clang/14.0.6/include/stddef.h");
        assert!(!has_libclang(&root));
        make("lib/llvm-14/lib/libclang.so.1");
        assert!(has_libclang(&root));
        std::fs::remove_dir_all(root.join("lib/llvm-14/lib/clang")).unwrap();
        assert!(!has_libclang(&root));
        make("lib64/clang/19/include/stddef.h");
        assert!(has_libclang(&root));
        std::fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn only_root_installs_others_are_told_the_command() {
        assert_eq!(plan(&[], false, false), Plan::Nothing);
        assert_eq!(plan(&["gcc"], true, true), Plan::Install(vec!["gcc"]));
        let Plan::Ask(message) = plan(&["gcc", "binutils"], false, true) else {
            panic!()
        };
        assert!(
            message.ends_with("run: sudo apt-get install -y gcc binutils"),
            "{message}"
        );
        let Plan::Ask(message) = plan(&["gcc"], true, false) else {
            panic!()
        };
        assert!(message.contains("gcc"), "{message}");
    }

    #[test]
    fn toolchain_file_names_what_setup_adds() {
        let root = crate::workspace_root().unwrap();
        let pinned = std::fs::read_to_string(root.join("rust-toolchain.toml")).unwrap();
        for name in COMPONENTS
            .iter()
            .map(|(_, component)| component)
            .chain([&WASM_TARGET])
        {
            assert!(
                pinned.contains(&format!("\"{name}\"")),
                "rust-toolchain.toml lacks {name}"
            );
        }
    }
}
