//! `cargo xtask test`: everything that must hold before a change is committed.
//!
//! Steps run in order and report their time. Setup must succeed; after that a failing step does not
//! stop the next, so that one run shows all there is to mend.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Packages that `--quick` leaves out: they build and run the reference host.
const SLOW_PACKAGES: &[&str] = &["filigree-conformance", "filigree-differential"];

/// One step: its name and what it does.
type Step = (&'static str, fn(&Path) -> Result<()>);

const SETUP: Step = ("setup", crate::setup::run);
const FORMAT: Step = ("format", |root| {
    cargo_step(root, &["fmt", "--all", "--check"])
});
const LINTS: Step = ("lints", |root| {
    cargo_step(
        root,
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
    )
});
const TIDY: Step = ("tidy", crate::tidy::check);
const TESTS: Step = ("tests", |root| {
    cargo_step(root, &["test", "--workspace", "--no-fail-fast"])
});
const QUICK_TESTS: Step = ("quick tests", |root| {
    let mut arguments = vec!["test", "--workspace", "--no-fail-fast"];
    arguments.extend(
        SLOW_PACKAGES
            .iter()
            .flat_map(|package| ["--exclude", package]),
    );
    cargo_step(root, &arguments)
});

/// Real proofs, which take minutes each.
const SLOW_TESTS: Step = ("slow tests", slow_tests);

/// Ignored tests that are run by name alone: they take ten minutes to half an hour each, or parameters of 8 MiB sectors,
/// which are not made here.
const SLOWEST_TESTS: &[&str] = &[
    "a_seal_of_8_mib_is_proved",
    "a_seal_without_interaction_is_proved",
    "replica_update_parameters_are_those_of_the_stock_generator",
];

/// Where the slow tests are.
const SLOW_TARGETS: &[&str] = &["identity", "live", "prove", "real_proofs"];

/// Names the directory of development parameters to tests.
const PARAMETERS_VARIABLE: &str = "FILIGREE_DEV_PARAMETERS";

/// Runs all steps; exit code 1 if one fails.
pub fn run(root: &Path, quick: bool, slow: bool) -> Result<ExitCode> {
    let steps = steps(quick, slow, std::env::var_os("CI").is_some());
    let outcomes = run_steps(root, &steps);
    print!("{}", summary(&outcomes));
    let passed = outcomes.len() == steps.len() && outcomes.iter().all(|outcome| outcome.passed);
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The steps to run; nothing is ever left out in continuous integration.
fn steps(quick: bool, slow: bool, is_ci: bool) -> Vec<Step> {
    let mut steps = match quick && !is_ci {
        true => vec![SETUP, FORMAT, TIDY, QUICK_TESTS],
        false => vec![SETUP, FORMAT, LINTS, TIDY, TESTS],
    };
    if slow {
        steps.push(SLOW_TESTS);
    }
    steps
}

/// Tests beside which Cargo builds `filigree`, `filigree-actor` and `bundle`.
const TESTS_OF_PROGRAMS: &[&str] = &["params", "first_actor", "bundle"];

/// Builds the project's programs as the tests of the workspace have them built: with other features all libraries would be built
/// again.
///
/// # Errors
/// What does not compile.
pub fn build_programs(root: &Path) -> Result<()> {
    let mut arguments = vec!["test", "--workspace", "--no-run"];
    arguments.extend(TESTS_OF_PROGRAMS.iter().flat_map(|name| ["--test", name]));
    cargo_step(root, &arguments)
}

/// Makes the parameters that are absent, and runs the tests that need them.
fn slow_tests(root: &Path) -> Result<()> {
    let parameters = parameters(root, std::env::var_os(PARAMETERS_VARIABLE))?;
    let shown = parameters
        .to_str()
        .context("the directory of parameters has no name in UTF-8")?;
    build_programs(root)?;
    let program = target_directory(root).join("debug/filigree");
    let generate = ["params", "generate", "--dir", shown];
    step_with(root, &program, &generate, &[])?;
    let mut test = vec!["test", "--workspace"];
    test.extend(SLOW_TARGETS.iter().flat_map(|name| ["--test", name]));
    test.extend(["--", "--ignored"]);
    test.extend(SLOWEST_TESTS.iter().flat_map(|name| ["--skip", name]));
    cargo_step_with(root, &test, &[(PARAMETERS_VARIABLE, shown)])
}

/// Where development parameters are, by a path that is the same in every package's folder, where its tests run: the
/// given one, which is relative to where the user is.
fn parameters(root: &Path, given: Option<OsString>) -> Result<PathBuf> {
    let given = given.map(PathBuf::from);
    let parameters = given.unwrap_or_else(|| root.join("target/dev-parameters"));
    std::path::absolute(&parameters).with_context(|| parameters.display().to_string())
}

struct Outcome {
    name: &'static str,
    passed: bool,
    took: Duration,
}

fn run_steps(root: &Path, steps: &[Step]) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for (index, (name, step)) in steps.iter().enumerate() {
        println!("==> {name}");
        let start = Instant::now();
        let result = step(root);
        if let Err(error) = &result {
            eprintln!("{name} failed: {error:#}");
        }
        outcomes.push(Outcome {
            name,
            passed: result.is_ok(),
            took: start.elapsed(),
        });
        if index == 0 && result.is_err() {
            break;
        }
    }
    outcomes
}

fn summary(outcomes: &[Outcome]) -> String {
    let mut text = String::from("\n==> summary\n");
    for Outcome { name, passed, took } in outcomes {
        let verdict = if *passed { "ok" } else { "FAILED" };
        text += &format!(
            "    {name:<12} {verdict:<6} {:>8.1} s\n",
            took.as_secs_f64()
        );
    }
    let total: Duration = outcomes.iter().map(|outcome| outcome.took).sum();
    text += &format!(
        "    {:<12} {:<6} {:>8.1} s\n",
        "total",
        "",
        total.as_secs_f64()
    );
    text
}

/// The cargo that runs this task, or the one on the PATH.
pub fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

fn cargo_step(root: &Path, arguments: &[&str]) -> Result<()> {
    cargo_step_with(root, arguments, &[])
}

fn cargo_step_with(root: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Result<()> {
    step_with(root, &cargo(), arguments, variables)
}

fn step_with(
    root: &Path,
    program: &Path,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Result<()> {
    let name = program.file_stem().unwrap_or_default();
    let shown = format!("{} {}", name.to_string_lossy(), arguments.join(" "));
    println!("    {shown}");
    let status = Command::new(program)
        .args(arguments)
        .envs(variables.iter().copied())
        .current_dir(root)
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot start {}", program.display()))?;
    if !status.success() {
        bail!("`{shown}` ended with {status}");
    }
    Ok(())
}

/// The build directory, as Cargo finds it.
pub fn target_directory(root: &Path) -> PathBuf {
    let set = std::env::var_os("CARGO_TARGET_DIR");
    root.join(set.unwrap_or_else(|| "target".into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::Tree;

    fn names(quick: bool, is_ci: bool) -> Vec<&'static str> {
        let steps = steps(quick, false, is_ci);
        steps.iter().map(|(name, _)| *name).collect()
    }

    #[test]
    fn quick_leaves_nothing_out_in_ci() {
        let all = ["setup", "format", "lints", "tidy", "tests"];
        assert_eq!(names(false, false), all);
        assert_eq!(names(true, true), all);
        assert_eq!(
            names(true, false),
            ["setup", "format", "tidy", "quick tests"]
        );
    }

    #[test]
    fn slow_adds_to_all() {
        let steps = steps(false, true, false);
        assert_eq!(steps.last().map(|(name, _)| *name), Some("slow tests"));
        assert_eq!(steps.len(), names(false, false).len() + 1);
    }

    #[test]
    fn a_relative_directory_of_parameters_is_the_same_in_every_folder() {
        let here = std::env::current_dir().unwrap();
        let root = Path::new("root");
        let given = |path: &str| parameters(root, Some(path.into())).unwrap();
        assert_eq!(given("dev"), here.join("dev"));
        assert_eq!(given("/var/dev"), Path::new("/var/dev"));
        let usual = here.join("root/target/dev-parameters");
        assert_eq!(parameters(root, None).unwrap(), usual);
    }

    #[test]
    fn tests_that_are_left_out_by_name_are_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let tree = Tree::load(&root).unwrap();
        let mut ignored = Vec::new();
        for (path, text) in tree.texts().filter(|(path, _)| path.ends_with(".rs")) {
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            let pairs = lines.windows(2);
            let marked = pairs.filter(|pair| pair[0].starts_with("#[ignore"));
            ignored.extend(marked.map(|pair| (path, pair[1])));
        }
        for name in SLOWEST_TESTS {
            let head = format!("fn {name}()");
            let found = ignored.iter().filter(|(_, line)| line.starts_with(&head));
            assert_eq!(found.count(), 1, "{name} in {ignored:?}");
        }
    }

    /// A target that nobody finds would be an error of Cargo's, and one that has nothing to ignore would test nothing.
    #[test]
    fn targets_of_slow_tests_are_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let tree = Tree::load(&root).unwrap();
        for name in SLOW_TARGETS {
            let (file, folder) = (format!("/tests/{name}.rs"), format!("/tests/{name}/"));
            let mut texts = tree.texts();
            let found = texts.any(|(path, text)| {
                let path = format!("/{path}");
                (path.ends_with(&file) || path.contains(&folder)) && text.contains("#[ignore")
            });
            assert!(found, "{name}");
        }
    }

    #[test]
    fn a_failing_step_does_not_hide_the_next_but_setup_stops() {
        let good: Step = ("good", |_| Ok(()));
        let bad: Step = ("bad", |_| bail!("as planned"));
        let verdicts = |steps: &[Step]| -> Vec<bool> {
            run_steps(Path::new("."), steps)
                .iter()
                .map(|outcome| outcome.passed)
                .collect()
        };
        assert_eq!(verdicts(&[good, bad, good]), [true, false, true]);
        assert_eq!(verdicts(&[bad, good]), [false]);
        let text = summary(&run_steps(Path::new("."), &[good, bad]));
        assert!(text.contains("bad          FAILED"), "{text}");
    }
}
