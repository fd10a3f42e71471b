//! Records our own conformance vectors on the reference host: `cargo xtask vectors refresh`.

use clap::Parser;
use filigree_conformance::workspace;
use filigree_differential::compare::on_large_stack;
use filigree_differential::options::{OWN_VECTORS, RefreshVectors};
use filigree_differential::record::record;

fn main() -> anyhow::Result<()> {
    let out = RefreshVectors::parse().out;
    let out = out.unwrap_or_else(|| workspace::from_root(OWN_VECTORS));
    let names = on_large_stack(|| record(&out))?;
    println!("{} files in {}", names.len(), out.display());
    Ok(())
}
