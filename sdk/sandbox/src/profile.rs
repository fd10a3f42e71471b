//! Profiles: which functions and syscalls the gas of messages went to, as folded call stacks.
//!
//! Off unless asked for ([`Sandbox::profile`]), or unless `FILIGREE_PROFILE` names a file: then every sandbox adds its
//! stacks to it when it goes, as `filigree-actor profile --test` has it. A profiled message uses exactly the gas it uses
//! otherwise, and the gas of its stacks is that of its receipt.
//!
//! Functions have names where a module was learnt with them ([`learn_names`]; `wasm_of!` does it while the variable is
//! set), else numbers.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use cid::Cid;
use filigree_build::names::of_functions;
use filigree_gas::MILLIGAS_PER_GAS;
use filigree_vm::{Applied, Site};
use fvm_ipld_blockstore::Blockstore;
use serde::Serialize;

use crate::directory::{Directory, method_name};
use crate::sandbox::Sandbox;

/// Names the file that sandboxes add their stacks to.
pub const PROFILE_VARIABLE: &str = "FILIGREE_PROFILE";

/// Names of functions by index.
pub type Names = BTreeMap<u32, String>;

/// Names by code, for the process.
static NAMES: Mutex<Option<HashMap<Cid, Arc<Names>>>> = Mutex::new(None);

/// Gas by call stack: `Token.Transfer;token::Token::transfer;syscall ipld::block_open`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stacks {
    gas: BTreeMap<String, u64>,
}

/// The gas of everything with one name, over all stacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Total {
    /// The function, `syscall …`, `host …` (a charge outside of both), or the call as `Actor.Method`.
    pub name: String,
    /// Gas it used itself.
    pub own: u64,
    /// Gas it and all below it used; recursion counts once.
    pub total: u64,
}

impl Stacks {
    /// Reads folded stacks: lines of names between semicolons, a space and a number.
    pub fn read(path: &Path) -> io::Result<Self> {
        let text = std::fs::read_to_string(path)?;
        let mut stacks = Self::default();
        for (index, line) in text.lines().enumerate() {
            let parsed = line.rsplit_once(' ');
            let parsed = parsed.and_then(|(stack, gas)| Some((stack, gas.parse().ok()?)));
            let (stack, gas) = parsed.ok_or_else(|| {
                let (path, line) = (path.display(), index + 1);
                let why = format!("{path}, line {line}, is no folded stack (`a;b;c 123`)");
                io::Error::new(io::ErrorKind::InvalidData, why)
            })?;
            stacks.add(stack.to_owned(), gas);
        }
        Ok(stacks)
    }

    /// Adds them to the file of a test run, in one step.
    pub fn append_to(&self, path: &Path) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        // Held until the file is closed, so that lines of several tests do not mix.
        file.lock()?;
        file.write_all(self.folded().as_bytes())
    }

    /// As text, a line for each stack.
    pub fn folded(&self) -> String {
        let mut text = String::new();
        for (stack, gas) in &self.gas {
            let _ = writeln!(text, "{stack} {gas}");
        }
        text
    }

    /// All gas.
    pub fn gas(&self) -> u64 {
        self.gas.values().sum()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.gas.is_empty()
    }

    /// The stacks from the outermost frame on that `is_wanted` takes; those without such a frame are left out.
    pub fn below(&self, is_wanted: impl Fn(&str) -> bool) -> Self {
        let mut stacks = Self::default();
        for (stack, gas) in &self.gas {
            let frames: Vec<&str> = stack.split(';').collect();
            if let Some(first) = frames.iter().position(|frame| is_wanted(frame)) {
                stacks.add(frames[first..].join(";"), *gas);
            }
        }
        stacks
    }

    /// The gas by name, most own gas first.
    pub fn totals(&self) -> Vec<Total> {
        let mut totals: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for (stack, gas) in &self.gas {
            let frames: BTreeSet<&str> = stack.split(';').collect();
            for frame in frames {
                totals.entry(frame).or_default().1 += gas;
            }
            let last = stack.rsplit(';').next().unwrap_or_default();
            totals.entry(last).or_default().0 += gas;
        }
        let mut totals: Vec<Total> = totals
            .into_iter()
            .map(|(name, (own, total))| Total {
                name: name.to_owned(),
                own,
                total,
            })
            .collect();
        totals.sort_by_key(|total| std::cmp::Reverse((total.own, total.total)));
        totals
    }

    fn add(&mut self, stack: String, gas: u64) {
        if gas > 0 {
            *self.gas.entry(stack).or_default() += gas;
        }
    }
}

/// Remembers the names of the functions of a code, for this process.
pub fn learn_names(code: Cid, names: Names) {
    let mut known = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    known.get_or_insert_default().insert(code, Arc::new(names));
}

/// Whether the environment asks for profiles.
pub(crate) fn is_asked_for() -> bool {
    std::env::var_os(PROFILE_VARIABLE).is_some()
}

/// The names of a code: those learnt, else those that its Wasm has.
fn names(code: &Cid, store: &impl Blockstore) -> Arc<Names> {
    let mut known = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    let own = || {
        let wasm = store.get(code).ok().flatten().unwrap_or_default();
        Arc::new(of_functions(&wasm).unwrap_or_default())
    };
    let known = known.get_or_insert_default();
    Arc::clone(known.entry(*code).or_insert_with(own))
}

impl Sandbox {
    /// Profiles all messages from now on, or no more. What they did stays the same, and so does their gas.
    pub fn profile(&mut self, on: bool) {
        self.profiler.is_on = on;
        self.machine = None;
    }

    /// The stacks of the messages since the last time, together.
    pub fn take_stacks(&mut self) -> Stacks {
        std::mem::take(&mut self.profiler.stacks)
    }
}

/// Keeps the stacks of one sandbox, and adds them to the file when the sandbox goes.
pub(crate) struct Profiler {
    pub is_on: bool,
    file: Option<PathBuf>,
    stacks: Stacks,
}

impl Default for Profiler {
    fn default() -> Self {
        let file = std::env::var_os(PROFILE_VARIABLE).map(PathBuf::from);
        Self {
            is_on: file.is_some(),
            file,
            stacks: Stacks::default(),
        }
    }
}

impl Profiler {
    /// Adds a message.
    pub fn record(&mut self, applied: &Applied, directory: &Directory, store: &impl Blockstore) {
        let Some(profile) = &applied.profile else {
            return;
        };
        let call = profile.stacks().find_map(|(stack, _)| match stack[..] {
            [site @ Site::Call { .. }, ..] => Some(frame(site, None, directory)),
            _ => None,
        });
        // What belongs to no call, like the gas of inclusion, is shown below the message's own.
        let message = call.unwrap_or_else(|| "message".to_owned());
        let mut milligas = 0_u64;
        for (stack, own) in profile.stacks() {
            let mut text = message.clone();
            let mut names_of: Option<Arc<Names>> = None;
            for (depth, site) in stack.iter().enumerate() {
                if let Site::Call { code, .. } = site {
                    names_of = Some(names(code, store));
                    if depth == 0 {
                        continue;
                    }
                }
                text.push(';');
                text.push_str(&frame(site, names_of.as_deref(), directory));
            }
            // Fractions are carried on, so that the sum is that of the receipt.
            let before = milligas.div_ceil(MILLIGAS_PER_GAS);
            milligas = milligas.saturating_add(own);
            self.stacks
                .add(text, milligas.div_ceil(MILLIGAS_PER_GAS) - before);
        }
    }
}

/// A site as a frame of a folded stack, in which semicolons mean something.
fn frame(site: &Site, names: Option<&Names>, directory: &Directory) -> String {
    let text = match site {
        Site::Call {
            id,
            code,
            export,
            method,
        } => {
            let known = directory.code(code).map(|known| known.name.clone());
            let actor = known.unwrap_or_else(|| format!("f0{id}"));
            match *export {
                "upgrade" => format!("{actor}.upgrade"),
                _ => {
                    let name = method_name(*method, directory.method(code, *method));
                    format!("{actor}.{name}")
                }
            }
        }
        Site::Function(index) => match names.and_then(|names| names.get(index)) {
            Some(name) => name.clone(),
            None => format!("function {index}"),
        },
        Site::Syscall(module, name) => format!("syscall {module}::{name}"),
        Site::Charge(name) => format!("host {name}"),
    };
    text.replace(|c: char| c == ';' || c.is_control(), "_")
}

impl Drop for Profiler {
    fn drop(&mut self) {
        if let Some(file) = &self.file
            && !self.stacks.is_empty()
            && let Err(e) = self.stacks.append_to(file)
        {
            eprintln!("the profile {} cannot be written: {e}", file.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stacks(lines: &[(&str, u64)]) -> Stacks {
        let mut stacks = Stacks::default();
        for (stack, gas) in lines {
            stacks.add((*stack).to_owned(), *gas);
        }
        stacks
    }

    #[test]
    fn totals_count_recursion_once() {
        let stacks = stacks(&[("A.m;f;g;f", 5), ("A.m;f", 2), ("A.m;g", 1), ("A.m;h", 0)]);
        let total = |name: &str, own, total| Total {
            name: name.to_owned(),
            own,
            total,
        };
        let expected = [total("f", 7, 7), total("g", 1, 6), total("A.m", 0, 8)];
        assert_eq!(stacks.totals(), expected);
        assert_eq!(stacks.gas(), 8);
    }

    #[test]
    fn a_call_is_taken_out_wherever_it_was_made() {
        let stacks = stacks(&[
            ("A.m;f;syscall send::send;B.n;g", 5),
            ("B.n;g", 2),
            ("A.m", 9),
        ]);
        assert_eq!(stacks.below(|frame| frame == "B.n").folded(), "B.n;g 7\n");
        assert_eq!(stacks.below(|frame| frame.starts_with("A.")).gas(), 14);
        assert!(stacks.below(|frame| frame == "C.o").is_empty());
    }

    #[test]
    fn what_several_append_is_read_as_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("made/profile");
        for _ in 0..2 {
            stacks(&[("A.m;a b", 5), ("A.m", 1)])
                .append_to(&path)
                .unwrap();
        }
        let read = Stacks::read(&path).unwrap();
        assert_eq!(read.folded(), "A.m 2\nA.m;a b 10\n");
        std::fs::write(&path, "A.m five\n").unwrap();
        let error = Stacks::read(&path).unwrap_err().to_string();
        assert!(error.contains("line 1, is no folded stack"), "{error}");
    }
}
