//! Records our own conformance vectors on the reference host: `cargo xtask vectors refresh`.

use std::path::PathBuf;

use clap::Parser;
use filigree_differential::compare::on_large_stack;
use filigree_differential::record::record;

#[derive(Parser)]
struct Args {
    /// Where the vectors and their bundles are written; old ones there are removed.
    #[arg(long, default_value = "tests/conformance/vectors")]
    out: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let names = on_large_stack(|| record(&args.out))?;
    println!("{} files in {}", names.len(), args.out.display());
    Ok(())
}
