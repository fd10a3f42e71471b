//! Which crate may depend on which: the walls of the architecture, written once as tables.
//!
//! Checked are direct dependencies of every kind, of every crate of the workspace, and that
//! versions and lints come from the root manifest, which keeps none that nobody uses. Cargo itself
//! forbids cycles.

// tidy: long because it is one table, a row for each crate, and its checks.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::manifest::{Dependency, Kind, Manifest};
use super::tree::Tree;

/// Crates of the workspace and the crates of the workspace each may use. A `*` at the end stands for any rest.
const CRATES: &[(&str, Uses)] = &[
    ("filigree-abi", Uses::Only(&[])),
    ("filigree-engine", Uses::Only(&[])),
    ("filigree-gas", Uses::Only(&[])),
    ("filigree-signature", Uses::Only(&[])),
    ("filigree-state", Uses::Only(&["filigree-ipld"])),
    (
        "filigree-vm",
        Uses::Only(&[
            "filigree-abi",
            "filigree-engine",
            "filigree-gas",
            "filigree-signature",
            "filigree-state",
        ]),
    ),
    (
        "filigree",
        Uses::Only(&[
            "filigree-blocks",
            "filigree-build",
            "filigree-bundle",
            "filigree-daemon",
            "filigree-genesis",
            "filigree-keys",
            "filigree-proofs-*",
            "filigree-rpc",
            "filigree-schema",
            "filigree-store",
            "filigree-wallet",
        ]),
    ),
    (
        "filigree-proofs-generate",
        Uses::Only(&["filigree-proofs-params"]),
    ),
    ("filigree-proofs-params", Uses::Only(&[])),
    ("filigree-blocks", Uses::Only(&[])),
    (
        "filigree-keys",
        Uses::Only(&["filigree-blocks", "filigree-signature"]),
    ),
    (
        "filigree-wallet",
        Uses::Only(&["filigree-blocks", "filigree-keys"]),
    ),
    (
        "filigree-mempool",
        Uses::Only(&[
            "filigree-blocks",
            "filigree-consensus",
            "filigree-gas",
            "filigree-keys",
            "filigree-store",
        ]),
    ),
    (
        "filigree-store",
        Uses::Only(&["filigree-blocks", "filigree-car", "filigree-ipld"]),
    ),
    (
        "filigree-chain",
        Uses::Only(&["filigree-blocks", "filigree-consensus", "filigree-store"]),
    ),
    (
        "filigree-consensus",
        Uses::Only(&["filigree-blocks", "filigree-gas", "filigree-keys"]),
    ),
    (
        "filigree-genesis",
        Uses::Only(&[
            "filigree-actor-*",
            "filigree-blocks",
            "filigree-build",
            "filigree-builtin",
            "filigree-bundle",
            "filigree-car",
            "filigree-schema",
            "filigree-sdk",
            "filigree-state",
            "filigree-vm",
        ]),
    ),
    (
        "filigree-node-state",
        Uses::Only(&[
            "example-*",
            "filigree-actor-*",
            "filigree-blocks",
            "filigree-build",
            "filigree-builtin",
            "filigree-bundle",
            "filigree-car",
            "filigree-chain",
            "filigree-consensus",
            "filigree-genesis",
            "filigree-keys",
            "filigree-sdk",
            "filigree-state",
            "filigree-store",
            "filigree-vm",
        ]),
    ),
    (
        "filigree-rpc",
        Uses::Only(&[
            "filigree-actor-*",
            "filigree-blocks",
            "filigree-build",
            "filigree-bundle",
            "filigree-car",
            "filigree-chain",
            "filigree-consensus",
            "filigree-gas",
            "filigree-genesis",
            "filigree-keys",
            "filigree-mempool",
            "filigree-node-state",
            "filigree-proofs-mock",
            "filigree-schema",
            "filigree-send",
            "filigree-store",
            "filigree-vm",
            "filigree-wallet",
        ]),
    ),
    (
        "filigree-send",
        Uses::Only(&[
            "filigree-blocks",
            "filigree-chain",
            "filigree-consensus",
            "filigree-keys",
            "filigree-mempool",
            "filigree-node-state",
            "filigree-wallet",
        ]),
    ),
    (
        "filigree-seal",
        Uses::Only(&[
            "filigree-actor-miner",
            "filigree-blocks",
            "filigree-builtin",
            "filigree-bundle",
            "filigree-car",
            "filigree-build",
            "filigree-chain",
            "filigree-consensus",
            "filigree-genesis",
            "filigree-keys",
            "filigree-mempool",
            "filigree-node-state",
            "filigree-proofs-*",
            "filigree-sdk",
            "filigree-send",
            "filigree-store",
            "filigree-vm",
            "filigree-wallet",
        ]),
    ),
    (
        "filigree-sync",
        Uses::Only(&[
            "filigree-blocks",
            "filigree-chain",
            "filigree-consensus",
            "filigree-mempool",
            "filigree-node-state",
            "filigree-store",
            "filigree-vm",
        ]),
    ),
    (
        "filigree-mine",
        Uses::Only(&[
            "filigree-blocks",
            "filigree-build",
            "filigree-bundle",
            "filigree-car",
            "filigree-chain",
            "filigree-consensus",
            "filigree-genesis",
            "filigree-keys",
            "filigree-mempool",
            "filigree-node-state",
            "filigree-proofs-mock",
            "filigree-store",
            "filigree-sync",
            "filigree-vm",
            "filigree-wallet",
        ]),
    ),
    (
        "filigree-daemon",
        Uses::Only(&[
            "filigree-blocks",
            "filigree-build",
            "filigree-bundle",
            "filigree-car",
            "filigree-chain",
            "filigree-consensus",
            "filigree-genesis",
            "filigree-keys",
            "filigree-mempool",
            "filigree-mine",
            "filigree-node-state",
            "filigree-proofs-*",
            "filigree-rpc",
            "filigree-seal",
            "filigree-send",
            "filigree-state",
            "filigree-store",
            "filigree-sync",
            "filigree-vm",
            "filigree-wallet",
        ]),
    ),
    (
        "filigree-proofs-mock",
        Uses::Only(&[
            "filigree-proofs-params",
            "filigree-proofs-prove",
            "filigree-proofs-verify",
            "filigree-vm",
        ]),
    ),
    (
        "filigree-proofs-prove",
        Uses::Only(&[
            "filigree-proofs-params",
            "filigree-proofs-verify",
            "filigree-vm",
        ]),
    ),
    (
        "filigree-proofs-verify",
        Uses::Only(&["filigree-proofs-params", "filigree-vm"]),
    ),
    ("filigree-car", Uses::Only(&[])),
    ("filigree-ipld", Uses::Only(&[])),
    ("filigree-schema", Uses::Only(&[])),
    ("filigree-macros", Uses::Only(&[])),
    (
        "filigree-sdk",
        Uses::Only(&["filigree-abi", "filigree-ipld", "filigree-macros"]),
    ),
    (
        "filigree-build",
        Uses::Only(&[
            "filigree-abi",
            "filigree-car",
            "filigree-engine",
            "filigree-gas",
            "filigree-schema",
            "filigree-vm",
        ]),
    ),
    ("filigree-bundle", Uses::Only(&["filigree-build"])),
    (
        "filigree-sandbox",
        Uses::Only(&[
            "example-*",
            "filigree-build",
            "filigree-bundle",
            "filigree-car",
            "filigree-gas",
            "filigree-schema",
            "filigree-sdk",
            "filigree-state",
            "filigree-vm",
        ]),
    ),
    (
        "filigree-actor",
        Uses::Only(&[
            "example-*",
            "filigree-build",
            "filigree-conformance",
            "filigree-sandbox",
            "filigree-schema",
            "filigree-sdk",
            "filigree-vm",
        ]),
    ),
    (
        "filigree-builtin",
        Uses::Only(&["filigree-sandbox", "filigree-sdk"]),
    ),
    (
        "filigree-actor-*",
        Uses::Only(&["filigree-builtin", "filigree-sandbox", "filigree-sdk"]),
    ),
    (
        "example-*",
        Uses::Only(&["example-*", "filigree-sandbox", "filigree-sdk"]),
    ),
    ("fvm-counter", Uses::Only(&[])),
    ("fvm-token", Uses::Only(&[])),
    ("filigree-beside", Uses::Anything),
    ("filigree-conformance", Uses::Anything),
    ("filigree-differential", Uses::Anything),
    (
        "filigree-proofs-bench",
        Uses::Only(&["filigree-proofs-*", "filigree-vm"]),
    ),
    ("filigree-scenarios", Uses::Anything),
    ("filigree-node-bench", Uses::Anything),
    ("filigree-node-tests", Uses::Anything),
    ("filigree-tests-proofs", Uses::Anything),
    ("xtask", Uses::Only(&[])),
];

enum Uses {
    Only(&'static [&'static str]),
    Anything,
}

/// What must not be used from outside the workspace, and where.
struct Ban {
    /// Name of the package on the registry; a `*` at the end stands for any rest.
    package: &'static str,
    applies: fn(&Place) -> bool,
    reason: &'static str,
}

/// Where a dependency is declared.
struct Place<'a> {
    krate: &'a str,
    folder: &'a str,
    kind: Kind,
}

const BANS: &[Ban] = &[
    Ban {
        package: "fvm",
        applies: outside_tests,
        reason: ORACLE,
    },
    Ban {
        package: "fvm-wasm-instrument",
        applies: |place| place.kind != Kind::Dev,
        reason: ORACLE,
    },
    Ban {
        package: "fvm",
        applies: in_engine,
        reason: ENGINE,
    },
    Ban {
        package: "fvm_*",
        applies: in_engine,
        reason: ENGINE,
    },
    Ban {
        package: "cid",
        applies: in_engine,
        reason: ENGINE,
    },
    Ban {
        package: "fil_actor*",
        applies: in_host,
        reason: HOST,
    },
    Ban {
        package: "filigree-sandbox",
        applies: in_actor_code,
        reason: ACTOR,
    },
    Ban {
        package: "filecoin-proofs*",
        applies: in_host,
        reason: HOST,
    },
    Ban {
        package: "filecoin-*",
        applies: in_catalogue,
        reason: CATALOGUE,
    },
    Ban {
        package: "storage-proofs-*",
        applies: in_catalogue,
        reason: CATALOGUE,
    },
    Ban {
        package: "bellperson",
        applies: in_catalogue,
        reason: CATALOGUE,
    },
    Ban {
        package: "libp2p*",
        applies: in_host,
        reason: HOST,
    },
    Ban {
        package: "tokio",
        applies: in_host,
        reason: HOST,
    },
    Ban {
        package: "rand",
        applies: in_host_code,
        reason: HOST,
    },
];

const ORACLE: &str = "is an oracle of tests; nothing that ships may use it";
const ENGINE: &str = "is Filecoin's, which the engine knows nothing of; pass bytes or numbers";
const ACTOR: &str =
    "brings the host with it, which actor code knows nothing of; use it in tests alone";
const CATALOGUE: &str =
    "is of the proof library, which takes minutes to compile; names and digests do without it";
const HOST: &str = "must not reach the host: no actors, proofs, network, clock or chance in it";

fn outside_tests(place: &Place) -> bool {
    !place.folder.starts_with("tests/")
}

fn in_engine(place: &Place) -> bool {
    place.krate == "filigree-engine"
}

fn in_host(place: &Place) -> bool {
    place.folder.starts_with("host/")
}

fn in_catalogue(place: &Place) -> bool {
    place.krate == "filigree-proofs-params"
}

fn in_actor_code(place: &Place) -> bool {
    let actor = ["actors-wasm/", "sdk/examples/"];
    actor.iter().any(|folder| place.folder.starts_with(folder)) && place.kind != Kind::Dev
}

fn in_host_code(place: &Place) -> bool {
    in_host(place) && place.kind != Kind::Dev
}

/// The only packages that xtask, compiled before all else, may use.
const XTASK_PACKAGES: &[&str] = &["anyhow", "clap"];

/// Checks every manifest.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let manifests: BTreeMap<&str, Manifest> = tree
        .texts()
        .filter(|(path, _)| *path == "Cargo.toml" || path.ends_with("/Cargo.toml"))
        .map(|(path, text)| (path, Manifest::parse(text)))
        .collect();
    // Renames stand in the table of the root.
    let renames: BTreeMap<&str, &str> = manifests
        .get("Cargo.toml")
        .iter()
        .flat_map(|root| &root.dependencies)
        .filter_map(|d| Some((d.key.as_str(), d.renamed_from.as_deref()?)))
        .collect();
    let members: Vec<&str> = manifests
        .values()
        .filter_map(|m| m.name.as_deref())
        .collect();

    let mut findings = Vec::new();
    for (path, manifest) in &manifests {
        let Some(name) = manifest.name.as_deref() else {
            continue;
        };
        let Some((_, uses)) = CRATES.iter().find(|(krate, _)| matches(krate, name)) else {
            let remedy = "add its row to CRATES in toolchain/xtask/src/tidy/arrows.rs";
            findings.push(Finding::new(
                *path,
                1,
                format!("{name} has no arrows; {remedy}"),
            ));
            continue;
        };
        if !manifest.inherits_lints {
            let message = "lints live once in the workspace; write [lints] workspace = true";
            findings.push(Finding::new(*path, 1, message));
        }
        let folder = path.trim_end_matches("/Cargo.toml");
        for dependency in &manifest.dependencies {
            let place = Place {
                krate: name,
                folder,
                kind: dependency.kind,
            };
            let package = package(dependency, &renames);
            for message in breaches(&place, uses, dependency, package, &members) {
                findings.push(Finding::new(*path, dependency.line, message));
            }
        }
    }
    findings
}

/// Finds versions in the root that no crate uses.
pub fn unused(tree: &Tree) -> Vec<Finding> {
    let manifests = tree
        .texts()
        .filter(|(path, _)| path.ends_with("/Cargo.toml"))
        .map(|(_, text)| Manifest::parse(text));
    let used: BTreeSet<String> = manifests
        .flat_map(|m| m.dependencies)
        .map(|d| d.key)
        .collect();
    let root = tree.texts().find(|(path, _)| *path == "Cargo.toml");
    let declared = root.map(|(_, text)| Manifest::parse(text).dependencies);
    let declared = declared.unwrap_or_default().into_iter();
    declared
        .filter(|d| !used.contains(&d.key))
        .map(|d| {
            let message = format!("no crate uses {}; remove it", d.key);
            Finding::new("Cargo.toml", d.line, message)
        })
        .collect()
}

/// The name on the registry of what may be renamed here or in the root.
fn package<'a>(dependency: &'a Dependency, renames: &BTreeMap<&'a str, &'a str>) -> &'a str {
    let renamed = dependency.renamed_from.as_deref();
    renamed
        .or(renames.get(dependency.key.as_str()).copied())
        .unwrap_or(&dependency.key)
}

fn breaches(
    place: &Place,
    uses: &Uses,
    dependency: &Dependency,
    package: &str,
    members: &[&str],
) -> Vec<String> {
    let krate = place.krate;
    // How a crate's own tests switch on its features.
    if package == krate && dependency.kind == Kind::Dev {
        return Vec::new();
    }
    let mut messages = Vec::new();
    if !dependency.inherits {
        let key = &dependency.key;
        messages.push(format!(
            "versions live once in the workspace; write {key}.workspace = true and put {key} into \
             the root Cargo.toml"
        ));
    }
    if members.contains(&package) {
        if let Uses::Only(allowed) = uses
            && !allowed.iter().any(|pattern| matches(pattern, package))
        {
            messages.push(format!(
                "{krate} must not depend on {package}; move what is needed, or change the plan in \
                 ARCHITECTURE.md and toolchain/xtask/src/tidy/arrows.rs together"
            ));
        }
    } else if krate == "xtask" && !XTASK_PACKAGES.contains(&package) {
        messages.push(format!(
            "xtask compiles first and stays light; do without {package}"
        ));
    }
    let banned = BANS
        .iter()
        .find(|ban| (ban.applies)(place) && matches(ban.package, package));
    if let Some(ban) = banned {
        messages.push(format!("{package} {}", ban.reason));
    }
    messages
}

fn matches(pattern: &str, package: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => package.starts_with(start),
        None => package == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::sample::expect;

    const ROOT: (&str, &str) = (
        "Cargo.toml",
        "[workspace.dependencies]\nfvm3 = { package = \"fvm\", version = \"3\" }\ncid = \"1\"\n",
    );

    /// Asserts what is found in one more crate that has `body` after its head of five lines.
    #[track_caller]
    fn expect_in(folder: &str, name: &str, body: &str, expected: &[(usize, &str)]) {
        let path = format!("{folder}/Cargo.toml");
        let text = format!("[package]\nname = \"{name}\"\n[lints]\nworkspace = true\n\n{body}");
        let other = (
            "host/gas/Cargo.toml",
            "[package]\nname = \"filigree-gas\"\nlints.x = 1\n",
        );
        let other = (
            other.0,
            other.1.replace("lints.x = 1", "[lints]\nworkspace = true"),
        );
        let places: Vec<(String, &str)> = expected
            .iter()
            .map(|(line, part)| (format!("{path}:{line}"), *part))
            .collect();
        let expected: Vec<(&str, &str)> =
            places.iter().map(|(p, part)| (p.as_str(), *part)).collect();
        expect(
            check,
            &[ROOT, (other.0, &other.1), (&path, &text)],
            &expected,
        );
    }

    #[test]
    fn allowed_arrows() {
        let body = "[dependencies]\nfiligree-gas.workspace = true\ncid.workspace = true\n";
        expect_in("host/vm", "filigree-vm", body, &[]);
        let body = "[dev-dependencies]\nfvm3.workspace = true\nfiligree-gas.workspace = true\n";
        expect_in("tests/differential", "filigree-differential", body, &[]);
        let body = "[dev-dependencies]\nfvm-wasm-instrument.workspace = true\n";
        expect_in("host/engine", "filigree-engine", body, &[]);
        let body = "[dev-dependencies]\nfiligree-vm = { path = \".\", features = [\"mock\"] }\n";
        expect_in("host/vm", "filigree-vm", body, &[]);
    }

    #[test]
    fn forbidden_arrow_between_own_crates() {
        let body = "[dev-dependencies]\nfiligree-gas.workspace = true\n";
        let expected = (7, "filigree-engine must not depend on filigree-gas");
        expect_in("host/engine", "filigree-engine", body, &[expected]);
    }

    #[test]
    fn the_engine_knows_no_filecoin() {
        let body = "[dependencies]\ncid.workspace = true\nfvm_shared.workspace = true\n";
        let expected = [(7, "cid is Filecoin's"), (8, "fvm_shared is Filecoin's")];
        expect_in("host/engine", "filigree-engine", body, &expected);
    }

    #[test]
    fn the_oracle_stays_in_tests_under_any_name() {
        let body = "[dev-dependencies]\nfvm3.workspace = true\n";
        expect_in("host/vm", "filigree-vm", body, &[(7, "fvm is an oracle")]);
        let body = "[dependencies]\nfvm-wasm-instrument.workspace = true\n";
        expect_in(
            "tests/conformance",
            "filigree-conformance",
            body,
            &[(7, "is an oracle")],
        );
    }

    #[test]
    fn the_host_has_no_network() {
        let body = "[dependencies]\nlibp2p-core.workspace = true\n";
        expect_in(
            "host/vm",
            "filigree-vm",
            body,
            &[(7, "must not reach the host")],
        );
    }

    #[test]
    fn the_catalogue_compiles_no_proof_library() {
        let body = "[dev-dependencies]\nbellperson.workspace = true\n";
        let expected = (7, "bellperson is of the proof library");
        expect_in("proofs/params", "filigree-proofs-params", body, &[expected]);
    }

    #[test]
    fn versions_and_lints_come_from_the_root() {
        let body = "[dependencies]\ncid = \"0.11\"\n";
        expect_in(
            "host/vm",
            "filigree-vm",
            body,
            &[(7, "cid.workspace = true")],
        );
        let manifest = "[package]\nname = \"filigree-vm\"\n";
        let expected = ("host/vm/Cargo.toml:1", "lints");
        expect(check, &[("host/vm/Cargo.toml", manifest)], &[expected]);
    }

    #[test]
    fn a_new_crate_needs_a_row() {
        expect_in("node/new", "filigree-new", "", &[(1, "has no arrows")]);
    }

    #[test]
    fn versions_without_a_user_are_found() {
        let user = (
            "host/vm/Cargo.toml",
            "[package]\nname = \"filigree-vm\"\n[dev-dependencies]\nfvm3.workspace = true\n",
        );
        let expected = [("Cargo.toml:3", "no crate uses cid")];
        expect(unused, &[ROOT, user], &expected);
    }

    #[test]
    fn xtask_stays_light() {
        let body = "[dependencies]\nclap.workspace = true\nserde_json.workspace = true\n";
        expect_in(
            "toolchain/xtask",
            "xtask",
            body,
            &[(8, "do without serde_json")],
        );
    }
}
