//! `cargo xtask bundle`: builds the built-in actors of a network into one CAR file, telling of each.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;
use filigree_build::{Bundle, bundle::Entry, replace_file};
use filigree_bundle::options::BundleOptions;
use filigree_bundle::{Built, Options, Recipe, build, checkout};
use serde::Serialize;

/// What is printed with `--json`.
#[derive(Serialize)]
struct Listing<'a> {
    network: &'static str,
    file: &'a Path,
    root: String,
    actors: Vec<Entry>,
}

fn main() -> ExitCode {
    match run(&BundleOptions::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(typed: &BundleOptions) -> Result<()> {
    let recipe = Recipe::of(typed.network);
    let options = Options {
        offline: typed.offline,
        anew: typed.anew,
    };
    let default = || PathBuf::from(format!("builtin-actors-{}.car", typed.network.name()));
    let out = typed.out.clone().unwrap_or_else(default);
    let bundle = build(&root(), &recipe, &options, &mut tell)?;
    let (cid, car) = bundle.to_car();
    replace_file(&out, &car).with_context(|| format!("cannot write {}", out.display()))?;
    eprintln!("wrote {} ({} bytes)", out.display(), car.len());
    let listing = Listing {
        network: typed.network.name(),
        file: &out,
        root: cid.to_string(),
        actors: bundle.entries(),
    };
    if typed.json {
        println!("{}", serde_json::to_string_pretty(&listing)?);
    } else {
        println!("{}", listing.root);
        print(&bundle);
    }
    Ok(())
}

/// The checkout whose task this is: Cargo says where, to what it runs. A path compiled in may be that of another checkout.
fn root() -> PathBuf {
    let crate_folder = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let root = crate_folder.map(|folder| folder.join("../.."));
    root.filter(|root| root.join("actors-wasm").is_dir())
        .unwrap_or_else(checkout)
}

fn tell(built: Built) {
    let (done, all) = built.done;
    let how = match built.from_cache {
        true => "as before".to_owned(),
        false => format!("{:.1} s", built.took.as_secs_f64()),
    };
    eprintln!(
        "[{done:>2}/{all}] {:<18} {:>9} bytes  {how}",
        built.name, built.size_bytes
    );
}

fn print(bundle: &Bundle) {
    let mut total = 0;
    for entry in bundle.entries() {
        total += entry.size_bytes;
        println!(
            "{:>4}  {:<18} {:>9}  {}",
            entry.number, entry.name, entry.size_bytes, entry.code_cid
        );
    }
    println!("      {:<18} {total:>9}", "all");
}
