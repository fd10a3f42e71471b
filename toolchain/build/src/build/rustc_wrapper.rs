//! A program that Cargo runs in place of rustc: takes the folders of this machine out of what the compiler sees.
//!
//! Two things. Paths in panic messages: the folder of each package becomes `/NAME-VERSION`. And `-C metadata`, from
//! which the compiler derives symbol names, type ids and with them the order of functions: Cargo computes it from the
//! absolute path of packages outside of the workspace; here it becomes a hash of what the package is.
//!
//! It depends on nothing but the standard library, because it is compiled by rustc alone (`wrapper`). Diagnostics
//! keep their real paths.

use std::env;
use std::ffi::OsString;
use std::process::{Command, exit};

/// `FROM=TO` for the sources of the standard library.
const SYSROOT_REMAP: &str = "FILIGREE_REMAP_SYSROOT";

const CURRENT_FOLDER: &str = "PWD";

#[cfg_attr(
    test,
    allow(dead_code, reason = "compiled as a module of the tests too")
)]
fn main() {
    let mut words = env::args_os().skip(1);
    let Some(rustc) = words.next() else {
        eprintln!("usage: filigree-rustc-wrapper RUSTC ARGUMENTS");
        exit(2);
    };
    let arguments = rewrite(words.collect(), &variable);
    let status = Command::new(&rustc).args(arguments).status();
    match status {
        Ok(status) => exit(status.code().unwrap_or(101)),
        Err(error) => {
            eprintln!("cannot start {}: {error}", rustc.to_string_lossy());
            exit(101);
        }
    }
}

/// A variable of the environment; the current folder is asked for, since `PWD` may be that of whoever started Cargo.
#[cfg_attr(
    test,
    allow(dead_code, reason = "compiled as a module of the tests too")
)]
fn variable(name: &str) -> Option<String> {
    match name {
        CURRENT_FOLDER => env::current_dir().ok()?.into_os_string().into_string().ok(),
        _ => env::var(name).ok(),
    }
}

/// The arguments for rustc. Calls that compile no package (questions about the compiler) stay as they are.
fn rewrite(mut arguments: Vec<OsString>, env: &dyn Fn(&str) -> Option<String>) -> Vec<OsString> {
    let (Some(name), Some(version)) = (env("CARGO_PKG_NAME"), env("CARGO_PKG_VERSION")) else {
        return arguments;
    };
    let texts: Vec<&str> = arguments.iter().map(|a| a.to_str().unwrap_or("")).collect();
    let identity = identity(&name, &version, &texts);
    let is_for_target = value_of(&texts, "--target").is_some();
    for argument in &mut arguments {
        let Some(text) = argument.to_str() else {
            continue;
        };
        if text.starts_with("metadata=") {
            *argument = format!("metadata={identity}").into();
        } else if text.starts_with("-Cmetadata=") {
            *argument = format!("-Cmetadata={identity}").into();
        }
    }
    if is_for_target {
        arguments.extend(remaps(&format!("/{name}-{version}"), env));
    }
    arguments
}

/// A hash of what is compiled: package, crate, features, kind, target.
fn identity(name: &str, version: &str, arguments: &[&str]) -> String {
    let mut parts = vec![format!("package {name} {version}")];
    for option in ["--crate-name", "--crate-type", "--target", "--edition"] {
        let values = arguments.windows(2).filter(|pair| pair[0] == option);
        parts.extend(values.map(|pair| format!("{option} {}", pair[1])));
    }
    let features = arguments.windows(2).filter(|pair| pair[0] == "--cfg");
    parts.extend(features.map(|pair| format!("--cfg {}", pair[1])));
    parts.sort();
    // FNV-1a over 128 bits: enough to keep packages apart, and the same everywhere.
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for byte in parts.join("\n").bytes() {
        hash ^= u128::from(byte);
        hash = hash.wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    format!("{hash:032x}")
}

fn value_of<'a>(arguments: &[&'a str], option: &str) -> Option<&'a str> {
    let mut pairs = arguments.windows(2);
    pairs.find(|pair| pair[0] == option).map(|pair| pair[1])
}

/// What replaces folders of this machine. Of two that match the later counts.
fn remaps(package: &str, env: &dyn Fn(&str) -> Option<String>) -> Vec<OsString> {
    let mut pairs = Vec::new();
    pairs.extend(env(SYSROOT_REMAP));
    let here = env(CURRENT_FOLDER);
    let manifest = env("CARGO_MANIFEST_DIR");
    if let Some(here) = &here {
        pairs.push(format!("{here}=/workspace"));
    }
    if let Some(folder) = &manifest {
        pairs.push(format!("{folder}={package}"));
        // Sources of the workspace are named from its root on.
        let inside = here
            .as_ref()
            .and_then(|here| folder.strip_prefix(here.as_str()));
        if let Some(inside) = inside.and_then(|rest| rest.strip_prefix('/')) {
            pairs.push(format!("{inside}={package}"));
        }
    }
    // The folder of generated sources, whose name contains a hash of Cargo's.
    pairs.extend(env("OUT_DIR").map(|folder| format!("{folder}={package}/out")));
    let options = pairs
        .into_iter()
        .map(|pair| format!("--remap-path-prefix={pair}"));
    // Not in what people read on the terminal.
    let scope = "--remap-path-scope=macro,debuginfo,object".to_owned();
    options.chain([scope]).map(OsString::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(arguments: &[&str], variables: &[(&str, &str)]) -> Vec<String> {
        let env = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let arguments = arguments.iter().map(OsString::from).collect();
        let words = rewrite(arguments, &env);
        words
            .into_iter()
            .map(|w| w.into_string().unwrap())
            .collect()
    }

    const PACKAGE: [(&str, &str); 5] = [
        ("CARGO_PKG_NAME", "token"),
        ("CARGO_PKG_VERSION", "0.1.0"),
        ("CARGO_MANIFEST_DIR", "/src/a/ws/actors/token"),
        ("PWD", "/src/a/ws"),
        ("OUT_DIR", "/src/a/ws/target/x/out"),
    ];

    #[test]
    fn questions_about_the_compiler_stay() {
        assert_eq!(rewritten(&["-vV"], &[]), ["-vV"]);
        assert_eq!(rewritten(&["-C", "metadata=1"], &[]), ["-C", "metadata=1"]);
    }

    #[test]
    fn metadata_does_not_depend_on_the_folder() {
        let arguments = |metadata| {
            vec![
                "--crate-name",
                "token",
                "--target",
                "wasm32",
                "-C",
                metadata,
            ]
        };
        let a = rewritten(&arguments("metadata=1111"), &PACKAGE);
        let b = rewritten(&arguments("metadata=2222"), &PACKAGE);
        assert_eq!(a, b);
        assert!(
            a[5].starts_with("metadata=") && a[5].len() == 9 + 32,
            "{a:?}"
        );
        let other = [&arguments("metadata=1")[..], &["--cfg", "feature=\"x\""]].concat();
        assert_ne!(rewritten(&other, &PACKAGE)[5], a[5]);
    }

    #[test]
    fn folders_are_replaced_for_the_target_only() {
        let host = rewritten(&["--crate-name", "m", "-Cmetadata=1"], &PACKAGE);
        assert_eq!(host.len(), 3);
        let target = rewritten(&["--target", "wasm32"], &PACKAGE).join(" ");
        for part in [
            "--remap-path-prefix=/src/a/ws=/workspace",
            "--remap-path-prefix=/src/a/ws/actors/token=/token-0.1.0",
            "--remap-path-prefix=actors/token=/token-0.1.0",
            "--remap-path-prefix=/src/a/ws/target/x/out=/token-0.1.0/out",
            "--remap-path-scope=macro",
        ] {
            assert!(target.contains(part), "{target}");
        }
    }
}
