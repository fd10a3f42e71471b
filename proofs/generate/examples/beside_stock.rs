//! What making parameters costs, ours beside bellperson's generator, from one random stream: CPU and wall seconds, peak
//! memory, and whether the bytes are the same. Each generator runs in a process of its own, so that memory is its own.
//!
//! `cargo run -p filigree-proofs-generate --example beside_stock -- window-post winning-post`; with `--only-ours` the
//! stock generator, which needs half an hour for the largest circuit, is left out. Linux alone tells what is measured.

use std::io::{self, Write};
use std::process::Command;
use std::time::Instant;

use bellperson::groth16::generate_random_parameters;
use blstrs::Bls12;
use filigree_proofs_generate::circuits::Blank;
use filigree_proofs_generate::groth16::Setup;
use filigree_proofs_generate::seed::stream;
use filigree_proofs_params::digest::Hasher;
use filigree_proofs_params::{Proof, SectorSize};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The argument by which this program tells itself to run one generator.
const CHILD: &str = "--child";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [child, generator, proof, size] = arguments.as_slice()
        && child == CHILD
    {
        return child_run(generator, proof.parse()?, size.parse()?);
    }
    let size = SectorSize::_2KiB;
    let generators: &[&str] = match arguments.iter().any(|a| a == "--only-ours") {
        true => &["ours"],
        false => &["ours", "stock"],
    };
    println!(
        "{:<16}{:<8}{:>10}{:>10}{:>10}  digest",
        "proof", "by", "CPU s", "wall s", "MiB"
    );
    for name in arguments.iter().filter(|a| !a.starts_with("--")) {
        let proof: Proof = name.parse()?;
        let mut digests = Vec::new();
        for generator in generators {
            let mut command = Command::new(std::env::current_exe()?);
            command.args([CHILD, generator, proof.name(), size.name()]);
            let output = command.output()?;
            if !output.status.success() {
                return Err(String::from_utf8_lossy(&output.stderr).into());
            }
            let line = String::from_utf8(output.stdout)?;
            print!("{:<16}{generator:<8}{line}", proof.name());
            digests.extend(line.split_whitespace().last().map(str::to_owned));
        }
        if digests.iter().any(|digest| *digest != digests[0]) {
            return Err(format!("the generators differ for {proof}").into());
        }
    }
    Ok(())
}

/// Runs one generator, and prints its figures.
fn child_run(generator: &str, proof: Proof, size: SectorSize) -> Result<()> {
    let start = Instant::now();
    let circuit = Blank::new(proof, size)?;
    let mut rng = stream(&circuit.id);
    let mut digest = Digesting::default();
    if generator == "ours" {
        let watch = |_, _, _| true;
        let setup = Setup::new(|| circuit.clone(), &mut rng, &watch)?;
        setup.write(&mut digest, &watch)?;
    } else {
        generate_random_parameters::<Bls12, _, _>(circuit, &mut rng)?.write(&mut digest)?;
    }
    let wall = start.elapsed().as_secs_f64();
    let (cpu, peak) = (cpu_seconds()?, peak_mib()?);
    println!("{cpu:>10.1}{wall:>10.1}{peak:>10}  {}", digest.0.digest());
    Ok(())
}

/// Writes to nowhere but a digest.
#[derive(Default)]
struct Digesting(Hasher);

impl Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Of this process, by all its threads: fields 14 and 15 of its line, in hundredths (proc(5)).
fn cpu_seconds() -> Result<f64> {
    let line = std::fs::read_to_string("/proc/self/stat")?;
    let (_, after_name) = line.rsplit_once(')').ok_or("no name in /proc/self/stat")?;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |index: usize| {
        fields
            .get(index)
            .ok_or("a short line")
            .map(|f| f.parse::<f64>())
    };
    Ok((ticks(11)?? + ticks(12)??) / 100.0)
}

/// The most memory this process has had, in MiB.
fn peak_mib() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let line = line.ok_or("no VmHWM in /proc/self/status")?;
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024)
}
