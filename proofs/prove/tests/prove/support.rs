//! A directory of sectors, and workers for it.

use std::fs;
use std::path::{Path, PathBuf};

use filecoin_proofs_api::RegisteredSealProof;
use filigree_proofs_prove::pieces::PieceFile;
use filigree_proofs_prove::unseal::Range;
use filigree_proofs_prove::{Control, Layout, Outcome, Sector, SectorId, Task, Workers};
use tempfile::TempDir;

pub const KIND: RegisteredSealProof = RegisteredSealProof::StackedDrg2KiBV1_1;
pub const MINER: u64 = 1_000;

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
