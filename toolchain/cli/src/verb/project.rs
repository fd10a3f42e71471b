//! Options that all verbs share which build from source.

use std::path::PathBuf;

use clap::Args;
use filigree_build::BuildOptions;

/// Which project, and how it is built.
#[derive(Debug, Args)]
pub struct Project {
    /// The project: its folder or Cargo.toml.
    #[arg(default_value = ".")]
    pub path: PathBuf,

    /// The package, where the workspace has several.
    #[arg(long, short, value_name = "NAME")]
    pub package: Option<String>,

    /// Cargo's profile [default: `wasm` where the workspace has it, else `release`].
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,

    /// Features to switch on.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub features: Vec<String>,

    /// Leave the default features off.
    #[arg(long)]
    pub no_default_features: bool,

    /// Let Cargo change Cargo.lock; by default it must exist and stay as it is.
    #[arg(long)]
    pub unlocked: bool,

    /// Download nothing.
    #[arg(long)]
    pub offline: bool,

    /// Take the module as the compiler wrote it.
    #[arg(long)]
    pub no_optimise: bool,

    /// Cargo's build folder [default: the project's own].
    #[arg(long, value_name = "FOLDER")]
    pub target_dir: Option<PathBuf>,

    /// Build anew, also when an earlier build had the same inputs.
    #[arg(long)]
    pub no_cache: bool,

    /// Show Cargo's output only when it fails.
    #[arg(long, short)]
    pub quiet: bool,
}

impl Project {
    /// The same for the library.
    pub fn options(&self) -> BuildOptions {
        let defaults = BuildOptions::new(&self.path);
        BuildOptions {
            package: self.package.clone(),
            profile: self.profile.clone(),
            features: self.features.clone(),
            default_features: !self.no_default_features,
            locked: !self.unlocked,
            offline: self.offline,
            optimise: !self.no_optimise,
            target_dir: self.target_dir.clone(),
            cache_dir: defaults.cache_dir.clone().filter(|_| !self.no_cache),
            quiet: self.quiet,
            ..defaults
        }
    }
}
