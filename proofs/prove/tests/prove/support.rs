//! A directory of sectors, workers for it, and a look at what they leave.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use filecoin_proofs_api::RegisteredSealProof;
use filigree_proofs_prove::layout::Place;
use filigree_proofs_prove::pieces::PieceFile;
use filigree_proofs_prove::unseal::Range;
use filigree_proofs_prove::{Control, Layout, Outcome, Sector, SectorId, Task, Workers};
use tempfile::TempDir;

pub const KIND: RegisteredSealProof = RegisteredSealProof::StackedDrg2KiBV1_1;
pub const MINER: u64 = 1_000;
/// How long is waited for what must come, on a machine that has much else to do.
pub const PATIENCE: Duration = Duration::from_secs(600);

pub struct Farm {
    folder: TempDir,
}

impl Farm {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["parameters", "parents", "data"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where sectors are.
    pub fn root(&self) -> PathBuf {
        self.path().join("sectors")
    }

    pub fn layout(&self) -> Layout {
        Layout::new(self.root())
    }

    pub fn workers(&self) -> Workers {
        self.workers_with(&self.path().join("parameters"))
    }

    pub fn workers_with(&self, parameters: &Path) -> Workers {
        Workers {
            program: PathBuf::from(env!("CARGO_BIN_EXE_filigree-prove-worker")),
            arguments: Vec::new(),
            parameters: parameters.to_owned(),
            parents: self.path().join("parents"),
            folder: self.path().to_owned(),
        }
    }

    /// Workers that are a shell with a script, which has its task on standard input.
    pub fn script(&self, script: &str) -> Workers {
        Workers {
            program: "/bin/sh".into(),
            arguments: vec!["-c".to_owned(), script.to_owned()],
            ..self.workers()
        }
    }

    /// A file of data.
    pub fn data(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join("data").join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// A piece of `size_bytes`, filled.
    pub fn piece(&self, name: &str, size_bytes: u64) -> (PieceFile, Vec<u8>) {
        let len = size_bytes / 128 * 127;
        let bytes: Vec<u8> = (0..len)
            .map(|i| (i * i % 251 + size_bytes % 17) as u8)
            .collect();
        let path = self.data(name, &bytes);
        (PieceFile { path, size_bytes }, bytes)
    }

    /// Runs a task in a worker.
    pub fn run(&self, task: &Task) -> filigree_proofs_prove::Result<Outcome> {
        self.workers().run(task, 2, &Control::default())
    }

    /// Runs a task in a worker and kills that. Gives the lines it wrote.
    pub fn run_and_kill(&self, workers: &Workers, task: &Task, kill: Kill) -> Vec<String> {
        let mut command = workers.command(2);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut worker = command.spawn().unwrap();
        let stdin = worker.stdin.as_mut().unwrap();
        stdin.write_all(&serde_json::to_vec(task).unwrap()).unwrap();
        stdin.write_all(b"\n").unwrap();
        let mut lines = BufReader::new(worker.stdout.take().unwrap()).lines();
        let mut seen = Vec::new();
        match kill {
            Kill::Lines(count) => seen.extend(lines.by_ref().take(count).map(Result::unwrap)),
            Kill::Time(after) => thread::sleep(after),
        }
        worker.kill().unwrap();
        worker.wait().unwrap();
        seen.extend(lines.map_while(Result::ok));
        seen
    }

    /// What is where whole files are, of all sectors, and what was unsealed.
    pub fn wholes(&self) -> Wholes {
        let mut wholes = Wholes::new();
        for place in PLACES {
            let folder = self.root().join(place.name());
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(self.path()).unwrap().to_owned();
                wholes.insert(name, contents(&path));
            }
        }
        for name in ["out-1", "out-2"] {
            let path = self.path().join(name);
            if path.exists() {
                wholes.insert(name.into(), contents(&path));
            }
        }
        wholes
    }

    /// The names of all files that there are.
    pub fn names(&self) -> Vec<PathBuf> {
        let named = files(self.path()).into_iter().map(|(name, _)| name);
        named.collect()
    }

    /// A range of a sector's data.
    pub fn unseal(&self, sector: Sector, range: Range) -> Vec<u8> {
        let output = self.path().join("unsealed.bin");
        let task = Task::Unseal {
            root: self.root(),
            sector,
            range,
            output: output.clone(),
        };
        assert_eq!(self.run(&task).unwrap(), Outcome::Done);
        let bytes = fs::read(&output).unwrap();
        fs::remove_file(output).unwrap();
        bytes
    }
}

pub fn sector(number: u64) -> Sector {
    Sector {
        proof: KIND,
        id: SectorId {
            miner: MINER,
            number,
        },
        ticket: [9; 32],
    }
}

/// When a worker is killed.
#[derive(Clone, Copy, Debug)]
pub enum Kill {
    /// After so many lines of its output.
    Lines(usize),
    /// After so much time.
    Time(Duration),
}

/// A random moment before `end`.
pub fn at_random(end: Duration) -> Kill {
    let random = RandomState::new().hash_one(0) % end.as_micros() as u64;
    Kill::Time(Duration::from_micros(random))
}

/// Where whole files are.
const PLACES: [Place; 5] = [
    Place::Unsealed,
    Place::Sealed,
    Place::Cache,
    Place::Update,
    Place::UpdateCache,
];

/// Whole files and directories, with all that is in each.
pub type Wholes = BTreeMap<PathBuf, Vec<(PathBuf, Vec<u8>)>>;

/// A file, or all files of a directory. `t_aux` names the directory that it is in, so that it differs between farms.
fn contents(path: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    if path.is_file() {
        return vec![(PathBuf::new(), fs::read(path).unwrap())];
    }
    let mut files = files(path);
    for (name, bytes) in &mut files {
        if name.ends_with("t_aux") {
            bytes.clear();
        }
    }
    files
}

/// Checks that what looks whole is whole: as it was before a step, or as it is after it.
#[track_caller]
pub fn check_whole(farm: &Farm, before: &Wholes, after: &Wholes) {
    for (name, now) in farm.wholes() {
        let is_whole = before.get(&name) == Some(&now) || after.get(&name) == Some(&now);
        assert!(is_whole, "{} is half written", name.display());
    }
}

/// All files below a folder with their bytes, names relative to it.
pub fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    fn walk(base: &Path, folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => walk(base, &path, files),
                false => {
                    let name = path.strip_prefix(base).unwrap().to_owned();
                    files.push((name, fs::read(&path).unwrap()));
                }
            }
        }
    }
    let mut all = Vec::new();
    walk(folder, folder, &mut all);
    all.sort();
    all
}
