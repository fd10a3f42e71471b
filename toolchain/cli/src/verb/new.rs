//! `new`: a project that builds and passes as it is.
//!
//! The project lies in a folder of its own and uses the SDK of this checkout by its path. Its lock file is that of the
//! checkout, cut down to what it needs, so that it builds offline wherever the checkout does. It appears whole or not
//! at all.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::print;

/// Shown below the options.
pub const HELP: &str = "\
Examples:
  filigree-actor new my-token
  filigree-actor new my-token --in actors --checkout ../filigree";

/// The files of a project, and what is written in them.
const FILES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("../../template/Cargo.toml.in")),
    ("src/lib.rs", include_str!("../../template/lib.rs.in")),
    ("tests/actor.rs", include_str!("../../template/tests.rs.in")),
    ("README.md", include_str!("../../template/README.md.in")),
    (".gitignore", include_str!("../../template/gitignore.in")),
];

/// Files taken from the checkout.
const COPIED: &[&str] = &["Cargo.lock", "rust-toolchain.toml"];

/// Words that a crate may not be called: Rust's own, crates of the compiler, and what the template uses.
const TAKEN: &[&str] = &[
    "abstract",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "struct",
    "super",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
    "test",
    "core",
    "std",
    "alloc",
    "proc_macro",
    "build",
    "deps",
    "examples",
    "incremental",
    "filigree_sdk",
    "filigree_sandbox",
];

/// Options of `new`.
#[derive(Debug, Args)]
pub struct New {
    /// The project's name: small letters, digits and -.
    name: String,

    /// The folder it is made in.
    #[arg(long = "in", value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,

    /// The Filigree checkout whose SDK it uses [default: that of this program].
    #[arg(long, value_name = "FOLDER")]
    checkout: Option<PathBuf>,
}

/// Runs `new`.
pub fn run(verb: &New) -> Result<ExitCode> {
    check_name(&verb.name)?;
    let checkout = checkout(verb.checkout.as_deref())?;
    let target = verb.folder.join(&verb.name);
    if target.exists() {
        bail!(
            "{} exists already; choose another name, or remove it",
            target.display()
        );
    }
    make(&verb.name, &checkout, &target)?;
    let crate_name = verb.name.replace('-', "_");
    let shown = target.display();
    print::text(&format!(
        "made {shown}\n\nNext:\n  cd {shown}\n  cargo test\n  filigree-actor build\n  \
         filigree-actor check target/filigree/{crate_name}.wasm\n  \
         filigree-actor bundle . --out {name}.car\n",
        name = verb.name,
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn check_name(name: &str) -> Result<()> {
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase());
    if !starts_well || !name.chars().all(is_letter) || name.len() > 64 {
        bail!("{name:?} cannot be a crate; use small letters, digits and -, a letter first");
    }
    if TAKEN.contains(&name.replace('-', "_").as_str()) {
        bail!("{name:?} is taken by Rust or the SDK; choose another name");
    }
    Ok(())
}

/// The checkout whose SDK is used: the one given, the one around here, the one this program was built from.
fn checkout(given: Option<&Path>) -> Result<PathBuf> {
    if let Some(given) = given {
        let folder = given
            .canonicalize()
            .with_context(|| format!("--checkout {}", given.display()))?;
        if !is_checkout(&folder) {
            bail!(
                "{} is no Filigree checkout: it has no sdk/actor",
                given.display()
            );
        }
        return Ok(folder);
    }
    let here = std::env::current_dir().ok();
    let program = std::env::current_exe().ok();
    let built_in = Some(PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    let starts = [here, program, built_in];
    let mut folders = starts.iter().flatten().flat_map(|start| start.ancestors());
    let found = folders.find(|folder| is_checkout(folder));
    let found = found.context("no Filigree checkout around here; say where with --checkout")?;
    Ok(found.canonicalize()?)
}

fn is_checkout(folder: &Path) -> bool {
    folder.join("sdk/actor/Cargo.toml").is_file()
        && COPIED.iter().all(|file| folder.join(file).is_file())
}

/// Writes the project beside its place, then moves it there.
fn make(name: &str, checkout: &Path, target: &Path) -> Result<()> {
    let parent = target.parent().unwrap_or(Path::new("."));
    let parent = if parent.as_os_str().is_empty() {
        Path::new(".")
    } else {
        parent
    };
    std::fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    let cannot = || format!("cannot write to {}", parent.display());
    let work = tempfile::Builder::new()
        .prefix(".filigree-new-")
        .tempdir_in(parent)
        .with_context(cannot)?;
    for (file, template) in FILES {
        let path = work.path().join(file);
        let folder = path.parent().unwrap_or(work.path());
        std::fs::create_dir_all(folder).with_context(cannot)?;
        std::fs::write(&path, fill(template, name, checkout)?).with_context(cannot)?;
    }
    for file in COPIED {
        let from = checkout.join(file);
        std::fs::copy(&from, work.path().join(file))
            .with_context(|| format!("cannot copy {}", from.display()))?;
    }
    filigree_build::build::update_lock(&work.path().join("Cargo.toml"))?;
    set_mode(work.path());
    std::fs::rename(work.path(), target)
        .with_context(|| format!("cannot make {}", target.display()))?;
    // It is no longer where it was made.
    let _ = work.keep();
    Ok(())
}

/// A temporary folder is its owner's alone; a project is like any other folder.
fn set_mode(folder: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let _ = std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755));
    }
    #[cfg(not(unix))]
    let _ = folder;
}

fn fill(template: &str, name: &str, checkout: &Path) -> Result<String> {
    let checkout = checkout
        .to_str()
        .context("the path of the checkout is not UTF-8")?;
    if checkout.contains(['"', '\\']) {
        bail!("the path of the checkout, {checkout}, cannot stand in a Cargo.toml");
    }
    Ok(template
        .replace("{{name}}", name)
        .replace("{{crate}}", &name.replace('-', "_"))
        .replace("{{Actor}}", &camel_case(name))
        .replace("{{checkout}}", checkout))
}

fn camel_case(name: &str) -> String {
    let words = name.split(['-', '_']);
    let capital = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|c| c.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    words.map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_crates() {
        for name in ["token", "my-token", "a1", "x_y"] {
            check_name(name).unwrap();
        }
        for name in [
            "",
            "Token",
            "1a",
            "-a",
            "a b",
            "a/b",
            "../x",
            "test",
            "fn",
            "filigree-sdk",
            "\u{e9}",
        ] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn templates_are_filled_to_the_end() {
        let checkout = Path::new("/somewhere/filigree");
        for (file, template) in FILES {
            let text = fill(template, "my-token", checkout).unwrap();
            assert!(!text.contains("{{"), "{file}: {text}");
        }
        let library = fill(FILES[1].1, "my-token", checkout).unwrap();
        assert!(library.contains("pub struct MyToken {"));
        assert!(fill("", "x", Path::new("a\"b")).is_err());
    }

    #[test]
    fn a_folder_without_the_sdk_is_no_checkout() {
        let folder = tempfile::tempdir().unwrap();
        let error = checkout(Some(folder.path())).unwrap_err().to_string();
        assert!(error.contains("no sdk/actor"), "{error}");
        assert!(checkout(Some(&folder.path().join("none"))).is_err());
    }
}
