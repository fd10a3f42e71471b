//! Real builds of small projects that need no registry: the same bytes from any folder, artefacts that survive
//! failures, the cache, verification.

use std::fs;
use std::path::{Path, PathBuf};

use filigree_build::verify::compare;
use filigree_build::{BuildError, BuildOptions, Expected, Layout, build, check, verify};

const TOOLCHAIN: &str =
    "[toolchain]\nchannel = \"1.95.0\"\ntargets = [\"wasm32-unknown-unknown\"]\n";

const ACTOR: &str = r##"//! An actor without the SDK.
#[cfg(filigree_entry)]
mod entry {
    #[used]
    #[unsafe(link_section = "filigree.schema")]
    static SCHEMA: [u8; 56] = *br#"{"filigree":1,"actor":"Small","state":null,"methods":[]}"#;

    #[unsafe(no_mangle)]
    extern "C" fn invoke(params: u32) -> u32 {
        let list: Vec<u32> = (0..params).collect();
        let text = format!("{:?} {}", helper::kind::<u64>(), helper::third(&list));
        assert_ne!(text.len(), 77, "panics here in {}", file!());
        text.len() as u32
    }
}
"##;

const HELPER: &str = r#"//! What the actor uses, from a folder beside it.
use std::any::TypeId;

/// Differs with the compiler's name for this crate.
pub fn kind<T: 'static>() -> TypeId {
    struct Local<T>(T);
    TypeId::of::<Local<T>>()
}

/// Generic, so compiled into whoever uses it; panics with this file's name.
pub fn third<T: Copy>(list: &[T]) -> T {
    list[2]
}
"#;

/// A project at `folder/actors/small` that uses a package at `folder/lib/helper`.
struct Project {
    folder: PathBuf,
    cache: PathBuf,
}

impl Project {
    fn new(folder: &Path) -> Project {
        let project = Project {
            folder: folder.to_path_buf(),
            cache: folder.join("cache"),
        };
        project.write(
            "actors/small/Cargo.toml",
            "[package]\nname = \"small\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
             [dependencies]\nhelper = { path = \"../../lib/helper\" }\n\n\
             [profile.release]\nopt-level = \"s\"\n\n[workspace]\n",
        );
        project.write("actors/small/src/lib.rs", ACTOR);
        project.write("actors/small/rust-toolchain.toml", TOOLCHAIN);
        project.write(
            "actors/small/Cargo.lock",
            "version = 4\n\n[[package]]\nname = \"helper\"\nversion = \"0.1.0\"\n\n\
             [[package]]\nname = \"small\"\nversion = \"0.1.0\"\ndependencies = [\n \"helper\",\n]\n",
        );
        project.write(
            "lib/helper/Cargo.toml",
            "[package]\nname = \"helper\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
        );
        project.write("lib/helper/src/lib.rs", HELPER);
        project
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn replace(&self, file: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(file)).unwrap();
        assert!(text.contains(from), "{file} has no {from}");
        self.write(file, &text.replace(from, to));
    }

    /// Builds anew, without anyone's cache.
    fn options(&self) -> BuildOptions {
        BuildOptions {
            offline: true,
            quiet: true,
            cache_dir: None,
            target_dir: Some(self.path("build")),
            ..BuildOptions::new(self.path("actors/small"))
        }
    }

    fn cached(&self) -> BuildOptions {
        BuildOptions {
            cache_dir: Some(self.cache.clone()),
            ..self.options()
        }
    }
}

fn names(wasm: &[u8]) -> Vec<String> {
    let layout = Layout::read(wasm).unwrap();
    let custom = layout.sections.iter().filter(|s| s.is_custom);
    custom.map(|s| s.name.to_owned()).collect()
}

#[test]
fn the_same_bytes_from_any_folder() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let near = Project::new(one.path());
    let far = Project::new(&other.path().join("a much/longer path/with spaces"));
    // Another time, another build folder, and packages in another order on the disk.
    let far_options = BuildOptions {
        target_dir: Some(other.path().join("elsewhere")),
        ..far.options()
    };
    let first = build(&near.options()).unwrap();
    let second = build(&far_options).unwrap();
    assert_eq!(first.code_cid, second.code_cid);
    assert_eq!(first.wasm, second.wasm);
    assert_eq!(first.warnings, Vec::<String>::new());
    assert!(first.path.starts_with(near.path("build")));
    assert!(second.path.starts_with(other.path().join("elsewhere")));
    assert_eq!(fs::read(&first.path).unwrap(), first.wasm);

    assert_eq!(names(&first.wasm), ["filigree.schema"]);
    assert!(first.optimised_size_bytes <= first.raw_size_bytes);
    let text = String::from_utf8_lossy(&first.wasm).into_owned();
    assert!(
        text.contains("/helper-0.1.0/src/lib.rs"),
        "panics name their package"
    );
    assert!(!text.contains(".cargo") && !text.contains("rustup"));
    let report = check(&first.wasm, 28).unwrap();
    let findings = &report.findings;
    // It exports all the host wants; what it does with parameters is its own business.
    assert!(report.passes(), "{findings:#?}");
    assert!(first.rustc.starts_with("rustc 1.95.0"));
}

#[test]
fn names_change_nothing_but_names() {
    let folder = tempfile::tempdir().unwrap();
    let project = Project::new(folder.path());
    let plain = build(&project.options()).unwrap();
    let options = BuildOptions {
        names: true,
        ..project.options()
    };
    let named = build(&options).unwrap();
    assert_ne!(plain.path, named.path);
    assert_eq!(names(&named.wasm).len(), 2);
    let differences = compare(&plain.wasm, &named.wasm).unwrap();
    assert_eq!(differences.len(), 1, "{differences:?}");
    assert_eq!(differences[0].section, "name");
    let inspection = filigree_build::inspect(&named.wasm).unwrap();
    assert!(
        inspection
            .crates
            .iter()
            .any(|c| c.krate == "small" || c.krate == "core")
    );
}

#[test]
fn a_failed_build_leaves_the_artefact_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let project = Project::new(folder.path());
    let before = build(&project.cached()).unwrap();
    project.replace("lib/helper/src/lib.rs", "list[2]", "list[\"two\"]");
    let error = build(&project.cached()).unwrap_err();
    assert!(matches!(error, BuildError::Cargo { .. }), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("unchanged") && text.contains("error[E0277]"),
        "{text}"
    );
    assert!(
        text.contains("lib/helper/src/lib.rs"),
        "paths for people are real ones: {text}"
    );
    assert_eq!(fs::read(&before.path).unwrap(), before.wasm);

    // Cached, and back when the source is.
    project.replace("lib/helper/src/lib.rs", "list[\"two\"]", "list[1]");
    let other = build(&project.cached()).unwrap();
    assert!(!other.from_cache && other.wasm != before.wasm);
    assert_eq!(fs::read(&other.path).unwrap(), other.wasm);
    project.replace("lib/helper/src/lib.rs", "list[1]", "list[2]");
    let again = build(&project.cached()).unwrap();
    assert!(again.from_cache);
    assert_eq!(
        (again.wasm, again.raw_size_bytes),
        (before.wasm.clone(), before.raw_size_bytes)
    );
    assert_eq!(fs::read(&again.path).unwrap(), before.wasm);

    // Settings count as inputs.
    project.replace(
        "actors/small/Cargo.toml",
        "[workspace]",
        "[package.metadata.filigree]\nstack-size-bytes = 65536\n\n[workspace]",
    );
    let smaller = build(&project.cached()).unwrap();
    assert!(!smaller.from_cache);
    let pages = |wasm: &[u8]| Layout::read(wasm).unwrap().memories[0].1.initial;
    assert!(pages(&smaller.wasm) < pages(&before.wasm));
}

#[test]
fn a_copy_with_older_files_is_not_taken_for_the_original() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let shared = one.path().join("shared");
    let (mine, theirs) = (Project::new(one.path()), Project::new(other.path()));
    theirs.replace("lib/helper/src/lib.rs", "list[2]", "list[0]");
    let an_hour_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    for file in ["lib/helper/src/lib.rs", "actors/small/src/lib.rs"] {
        let file = fs::File::options()
            .write(true)
            .open(theirs.path(file))
            .unwrap();
        file.set_modified(an_hour_ago).unwrap();
    }
    let with_shared = |project: &Project| BuildOptions {
        target_dir: Some(shared.clone()),
        ..project.options()
    };
    let first = build(&with_shared(&mine)).unwrap();
    let second = build(&with_shared(&theirs)).unwrap();
    assert_ne!(first.wasm, second.wasm);
    assert_eq!(build(&with_shared(&mine)).unwrap().wasm, first.wasm);
}

#[test]
fn verification_tells_where_source_and_wasm_part() {
    let folder = tempfile::tempdir().unwrap();
    let project = Project::new(folder.path());
    let built = build(&project.cached()).unwrap();
    let verdict = verify(&project.cached(), &Expected::Cid(built.code_cid)).unwrap();
    assert!(verdict.same && verdict.differences.is_empty());
    let verdict = verify(&project.cached(), &Expected::Wasm(built.wasm.clone())).unwrap();
    assert!(verdict.same && verdict.differences.is_empty());

    project.replace("actors/small/src/lib.rs", "panics here", "panics there");
    let verdict = verify(&project.cached(), &Expected::Wasm(built.wasm)).unwrap();
    assert!(!verdict.same);
    let sections: Vec<&str> = verdict
        .differences
        .iter()
        .map(|d| d.section.as_str())
        .collect();
    assert!(sections.contains(&"data"), "{:?}", verdict.differences);
}

#[test]
fn what_an_earlier_build_left_proves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let project = Project::new(folder.path());
    let entries = || -> Vec<PathBuf> {
        let entries = fs::read_dir(&project.cache).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    let good = build(&project.cached()).unwrap();
    let of_good = entries().remove(0);
    project.replace("actors/small/src/lib.rs", "panics here", "panics there");
    let bad = build(&project.cached()).unwrap();
    let of_bad = entries().into_iter().find(|e| *e != of_good).unwrap();

    // The cache and Cargo's folder have the other code for this source.
    project.replace("actors/small/src/lib.rs", "panics there", "panics here");
    fs::copy(of_bad, of_good).unwrap();
    let fooled = build(&project.cached()).unwrap();
    assert!(fooled.from_cache);
    assert_eq!(fooled.wasm, bad.wasm);
    let mut modules = 0;
    for place in ["small.wasm", "deps/small.wasm"] {
        let of_cargo = "build/filigree/build/wasm32-unknown-unknown/release";
        let file = project.path(of_cargo).join(place);
        modules += usize::from(file.is_file());
        fs::write(file, &bad.wasm).unwrap();
    }
    assert_eq!(modules, 2);
    let same = |cid| verify(&project.cached(), &Expected::Cid(cid)).unwrap().same;
    assert!(!same(bad.code_cid));
    assert!(same(good.code_cid));
    assert_eq!(fs::read(&good.path).unwrap(), bad.wasm, "left as it was");
}

#[test]
fn the_workspace_of_a_package_in_a_folder_is_an_input() {
    let folder = tempfile::tempdir().unwrap();
    let project = Project::new(folder.path());
    let workspace = |about: &str| {
        let text = format!(
            "[workspace]\nmembers = [\"helper\"]\nresolver = \"3\"\n\
             [workspace.package]\ndescription = \"{about}\"\n"
        );
        project.write("lib/Cargo.toml", &text);
    };
    workspace("first of all");
    let manifest = "lib/helper/Cargo.toml";
    project.replace(manifest, "edition", "description.workspace = true\nedition");
    let shown = "*list.get(2).expect(env!(\"CARGO_PKG_DESCRIPTION\"))";
    project.replace("lib/helper/src/lib.rs", "list[2]", shown);
    let first = build(&project.cached()).unwrap();
    assert!(build(&project.cached()).unwrap().from_cache);
    workspace("second to none");
    let second = build(&project.cached()).unwrap();
    assert!(!second.from_cache);
    assert_ne!(first.wasm, second.wasm);
}

#[test]
fn what_cannot_be_built_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let project = Project::new(folder.path());
    let fails = |options: &BuildOptions, part: &str| {
        let error = build(options).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    fails(
        &BuildOptions::new(folder.path().join("none")),
        "is no Cargo.toml",
    );
    fails(&BuildOptions::new(folder.path()), "has none in it");
    let package = BuildOptions {
        package: Some("large".to_owned()),
        ..project.options()
    };
    fails(&package, "has no package large; it has: small");
    let profile = BuildOptions {
        profile: Some("fast".to_owned()),
        ..project.options()
    };
    fails(&profile, "profile `fast`");

    project.write("actors/other/src/main.rs", "fn main() {}\n");
    project.write(
        "actors/other/Cargo.toml",
        "[package]\nname = \"other\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n",
    );
    let other = |locked| BuildOptions {
        locked,
        manifest: project.path("actors/other"),
        ..project.options()
    };
    fails(&other(true), "run `cargo generate-lockfile`");
    fails(&other(false), "other has no library");

    project.write(
        "actors/Cargo.toml",
        "[workspace]\nresolver = \"3\"\nmembers = [\"a\", \"b\"]\n",
    );
    for name in ["a", "b"] {
        let manifest =
            format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
        project.write(&format!("actors/{name}/Cargo.toml"), &manifest);
        project.write(&format!("actors/{name}/src/lib.rs"), "");
    }
    let workspace = BuildOptions {
        locked: false,
        manifest: project.path("actors/Cargo.toml"),
        ..project.options()
    };
    fails(&workspace, "choose one with --package: a, b");

    project.replace(
        "actors/small/Cargo.toml",
        "[workspace]",
        "[package.metadata.filigree]\nstack-size-bytes = 7\n[workspace]",
    );
    fails(&project.options(), "multiple of 16");
    project.replace(
        "actors/small/Cargo.toml",
        "stack-size-bytes = 7",
        "stack = 7",
    );
    fails(&project.options(), "known are stack-size-bytes and profile");
    project.write("actors/small/Cargo.toml", "[package");
    fails(&project.options(), "cargo cannot read");
}
