//! Downloads of the network's files, by CID from gateways, checked by digest.
//!
//! The largest files have tens of gigabytes, and connections break: so what has come is kept beside the file's place
//! under another name, and the next request asks for the rest, in this run or a later one. Gateways are not trusted: a
//! file whose digest is wrong is thrown away and asked for once more from the next gateway, and only a file whose
//! digest is right gets its name.
//!
//! Map: here the policy; [`request`] one exchange with a gateway.

mod request;

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::check::check_while;
use crate::digest::Hasher;
use crate::file::File;
use crate::lock::Lock;

pub use request::Problem;
use request::{Answer, Requests};

/// Gateways that have all files, as the network's own tools ask them (go-paramfetch, 2026).
pub const GATEWAYS: [&str; 2] = [
    "https://filecoin-proofs.chainsafe.dev/ipfs/",
    "https://vault.ezpdpz.net/ipfs/",
];

/// The variable by which the network's tools are told another gateway.
pub const GATEWAY_VARIABLE: &str = "IPFS_GATEWAY";

/// What the name of an unfinished download ends with.
pub const PARTIAL: &str = ".partial";

/// No file is longer; a gateway that sends more is not believed.
const LONGEST_BYTES: u64 = 256 << 30;

/// Bytes between two writes.
const CHUNK_BYTES: usize = 1 << 20;

/// How patient a client is.
#[derive(Clone, Debug)]
pub struct Patience {
    /// How many requests in a row may bring nothing new before a gateway is given up.
    pub failures: u32,
    /// The pause after the first of them; it doubles with each.
    pub pause: Duration,
    /// How long a connection may be silent.
    pub silence: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            failures: 5,
            pause: Duration::from_secs(1),
            silence: Duration::from_secs(60),
        }
    }
}

/// A client of some gateways.
#[derive(Debug)]
pub struct Client {
    requests: Requests,
    gateways: Vec<String>,
    patience: Patience,
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Another process writes to the directory.
    Waiting,
    /// What is there is read.
    Checking,
    /// Bytes come.
    Downloading,
}

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Of which file.
    pub file: File,
    /// What is being done.
    pub stage: Stage,
    /// Bytes that are done.
    pub done: u64,
    /// Of how many; 0 if that is not known.
    pub total: u64,
}

/// Told how far things are; false cancels.
pub type Watch<'a> = &'a dyn Fn(Progress) -> bool;

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was there, and right.
    Kept,
    /// It was downloaded.
    Fetched,
}

/// Why a file is missing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is in no network.
    #[error("{0} is not published; run: filigree params generate")]
    NotPublished(String),
    /// The watch said so. What has come is kept, and the next run goes on from there.
    #[error("cancelled; the next run goes on from there")]
    Cancelled,
    /// No gateway gave the file.
    #[error("no gateway gave {name}:{}", lines(problems))]
    Failed {
        /// The file's name.
        name: String,
        /// What each gateway did at last.
        problems: Vec<(String, Problem)>,
    },
    /// The directory cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Io {
        /// What was written.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

fn lines(problems: &[(String, Problem)]) -> String {
    let lines = problems.iter();
    lines
        .map(|(gateway, problem)| format!("\n  {gateway}: {problem}"))
        .collect()
}

/// Why a gateway's turn is over.
enum End {
    Problem(Problem),
    Error(Error),
}

impl Client {
    /// A client of gateways, asked in this order; each is a URL that a CID is put behind.
    pub fn new(gateways: Vec<String>, patience: Patience) -> Client {
        Client {
            requests: Requests::new(patience.silence),
            gateways,
            patience,
        }
    }

    /// The gateways of the network's own tools.
    pub fn usual_gateways() -> Vec<String> {
        match std::env::var(GATEWAY_VARIABLE) {
            Ok(gateway) if !gateway.is_empty() => vec![gateway],
            _ => GATEWAYS.map(str::to_owned).to_vec(),
        }
    }

    /// Brings files into a directory, which is made if there is none. What is there and right stays.
    ///
    /// # Errors
    ///
    /// At the first file that no gateway gives; files before it are in their places.
    pub fn fetch(
        &self,
        files: &[File],
        directory: &Path,
        watch: Watch,
    ) -> Result<Vec<Outcome>, Error> {
        let Some(first) = files.first() else {
            return Ok(Vec::new());
        };
        let waiting = || tell(watch, first, Stage::Waiting, 0, 0);
        let lock = Lock::acquire(directory, &waiting).map_err(|source| Error::Io {
            path: directory.to_path_buf(),
            source,
        })?;
        let _lock = lock.ok_or(Error::Cancelled)?;
        let files = files.iter();
        files
            .map(|file| self.fetch_one(file, directory, watch))
            .collect()
    }

    fn fetch_one(&self, file: &File, directory: &Path, watch: Watch) -> Result<Outcome, Error> {
        let mut done = 0;
        let total = file.size_bytes.unwrap_or(0);
        let finding = check_while(file, directory, &mut |bytes| {
            done += bytes;
            tell(watch, file, Stage::Checking, done, total)
        });
        let finding = finding.ok_or(Error::Cancelled)?;
        if finding.status.is_good() {
            return Ok(Outcome::Kept);
        }
        let name = file.name();
        let Some(cid) = file.cid else {
            return Err(Error::NotPublished(name));
        };
        let mut problems = Vec::new();
        for gateway in &self.gateways {
            let mut download = Download::open(file, directory, watch)?;
            let url = format!("{}/{cid}", gateway.trim_end_matches('/'));
            match self.turn(&mut download, &url) {
                Ok(()) => {
                    download.place()?;
                    return Ok(Outcome::Fetched);
                }
                Err(End::Error(error)) => return Err(error),
                Err(End::Problem(problem)) => problems.push((gateway.clone(), problem)),
            }
        }
        Err(Error::Failed { name, problems })
    }

    /// Asks one gateway until the file is right, or until it has brought nothing new too often.
    fn turn(&self, download: &mut Download, url: &str) -> Result<(), End> {
        let mut failures = 0;
        let mut best = download.length;
        let mut from_scratch = download.length == 0;
        loop {
            let problem = match self.requests.get(url, download.length) {
                Ok(answer) => match download.take(answer) {
                    Ok(None) => match download.verify().map_err(End::Error)? {
                        None => return Ok(()),
                        // The bytes from before may have been at fault: a gateway may start over, once.
                        wrong => {
                            download.start_over().map_err(End::Error)?;
                            if let Some(problem) = wrong.filter(|_| from_scratch) {
                                return Err(End::Problem(problem));
                            }
                            (from_scratch, failures, best) = (true, 0, 0);
                            continue;
                        }
                    },
                    Ok(Some(problem)) => problem,
                    Err(error) => return Err(End::Error(error)),
                },
                Err(Problem::NothingThere) if download.length > 0 => {
                    // There is nothing behind what we have: all of it came, or too much.
                    if download.verify().map_err(End::Error)?.is_none() {
                        return Ok(());
                    }
                    download.start_over().map_err(End::Error)?;
                    (from_scratch, best) = (true, 0);
                    Problem::NothingThere
                }
                Err(problem) => problem,
            };
            if problem.is_final() {
                return Err(End::Problem(problem));
            }
            if download.length > best {
                (best, failures) = (download.length, 0);
            }
            failures += 1;
            if failures >= self.patience.failures {
                return Err(End::Problem(problem));
            }
            self.pause(failures, download).map_err(End::Error)?;
        }
    }

    /// Waits, longer with each failure, in steps so that it can be cancelled.
    fn pause(&self, failures: u32, download: &Download) -> Result<(), Error> {
        let mut left = self.patience.pause * 2u32.saturating_pow(failures.min(10) - 1);
        while !left.is_zero() {
            download.tell()?;
            let step = left.min(Duration::from_millis(200));
            std::thread::sleep(step);
            left -= step;
        }
        Ok(())
    }
}

/// A file that is coming.
struct Download<'a> {
    file: &'a File,
    directory: &'a Path,
    watch: Watch<'a>,
    path: PathBuf,
    partial: fs::File,
    /// Bytes that have come.
    length: u64,
    /// Of all bytes that have come.
    hasher: Hasher,
    /// How long the file is, if that is known or a gateway has said so.
    total: Option<u64>,
}

impl<'a> Download<'a> {
    /// Goes on where an earlier run stopped.
    fn open(file: &'a File, directory: &'a Path, watch: Watch<'a>) -> Result<Download<'a>, Error> {
        let path = directory.join(format!("{}{PARTIAL}", file.name()));
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        let partial = options.open(&path).map_err(|source| Error::Io {
            path: path.clone(),
            source,
        })?;
        let mut download = Download {
            file,
            directory,
            watch,
            path,
            partial,
            length: 0,
            hasher: Hasher::default(),
            total: file.size_bytes,
        };
        download.hash_what_is_there()?;
        Ok(download)
    }

    fn hash_what_is_there(&mut self) -> Result<(), Error> {
        let mut buffer = vec![0; CHUNK_BYTES];
        loop {
            if !tell(self.watch, self.file, Stage::Checking, self.length, 0) {
                return Err(Error::Cancelled);
            }
            match self.partial.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => {
                    self.hasher.update(&buffer[..count]);
                    self.length += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(error)),
            }
        }
    }

    /// Takes what a gateway sends. None if the file is at its end, else why not.
    fn take(&mut self, mut answer: Answer) -> Result<Option<Problem>, Error> {
        if answer.start == 0 && self.length > 0 {
            self.start_over()?;
        }
        if answer.start != self.length {
            return Ok(Some(Problem::WrongRange));
        }
        let known = self.file.size_bytes;
        if let (Some(known), Some(said)) = (known, answer.total)
            && known != said
        {
            return Ok(Some(Problem::WrongLength {
                expected: known,
                said,
            }));
        }
        self.total = known.or(answer.total);
        let limit = self.total.unwrap_or(LONGEST_BYTES);
        let mut buffer = vec![0; CHUNK_BYTES];
        loop {
            self.tell()?;
            match answer.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) if self.length + count as u64 > limit => {
                    return Ok(Some(Problem::TooLong(limit)));
                }
                Ok(count) => self.append(&buffer[..count])?,
                Err(problem) => return Ok(Some(problem)),
            }
        }
        Ok(match self.total {
            Some(total) if self.length < total => Some(Problem::Short),
            _ => None,
        })
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.partial.write_all(bytes).map_err(|e| self.failed(e))?;
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// None if the bytes are the file's. What is wrong, if not.
    fn verify(&self) -> Result<Option<Problem>, Error> {
        self.tell()?;
        let found = self.hasher.digest();
        Ok(match found == self.file.digest {
            true => None,
            false => Some(Problem::WrongBytes(found)),
        })
    }

    fn start_over(&mut self) -> Result<(), Error> {
        self.partial.set_len(0).map_err(|e| self.failed(e))?;
        self.hasher = Hasher::default();
        self.length = 0;
        Ok(())
    }

    /// Gives the file its name.
    fn place(self) -> Result<(), Error> {
        let placed = self.partial.sync_all().and_then(|()| {
            fs::rename(&self.path, self.directory.join(self.file.name()))?;
            fs::File::open(self.directory)?.sync_all()
        });
        placed.map_err(|error| self.failed(error))
    }

    fn tell(&self) -> Result<(), Error> {
        let total = self.total.unwrap_or(0);
        let go_on = tell(
            self.watch,
            self.file,
            Stage::Downloading,
            self.length,
            total,
        );
        if go_on { Ok(()) } else { Err(Error::Cancelled) }
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::Io {
            path: self.path.clone(),
            source,
        }
    }
}

fn tell(watch: Watch, file: &File, stage: Stage, done: u64, total: u64) -> bool {
    watch(Progress {
        file: *file,
        stage,
        done,
        total,
    })
}
