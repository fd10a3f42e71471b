//! What somebody wishes a network to begin with, beside what every one of them has: TOML, in which a key that is not known is
//! refused. The parts are those of a genesis template ([`filigree_genesis::template`]); its keys, miners and sectors the network makes
//! itself.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use filigree_genesis::Template;
use filigree_genesis::template::{Account, Multisig, Verifier};
use serde::Deserialize;

/// What `filigree genesis template` prints: all that can be wished for.
pub const EXAMPLE: &str = r#"# What a network of your own begins with, beside its own accounts, miners and sectors. All of it may be left out.
# filigree devnet --genesis THIS.toml

# What it is called; of its time, if this is left out.
# network_name = "mynet"

# The network version of the first epoch. The actors must be for it.
# network_version = 28

# Keys that have money from the start, FIL; fractions as "0.5".
# [[accounts]]
# address = "t1abjxfbp274xpdqcpuaykwkfb43omjotacm2p3za"
# balance = 1000

# Wallets of several signers, by the addresses of their keys. What is locked becomes free over the epochs of vesting_duration.
# [[multisigs]]
# signers = ["t1abjxfbp274xpdqcpuaykwkfb43omjotacm2p3za"]
# threshold = 1
# balance = 500
# vesting_start = 0
# vesting_duration = 2880

# Who may give datacap to clients, and how much, bytes. The account `default` may already.
# [[verifiers]]
# address = "t1abjxfbp274xpdqcpuaykwkfb43omjotacm2p3za"
# allowance = 1099511627776
"#;

/// See the head of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wishes {
    /// What it is called.
    pub network_name: Option<String>,
    /// The network version of the first epoch.
    pub network_version: Option<u32>,
    /// Keys that have money.
    pub accounts: Vec<Account>,
    /// Wallets of several signers.
    pub multisigs: Vec<Multisig>,
    /// Who may give datacap to clients.
    pub verifiers: Vec<Verifier>,
}

impl Wishes {
    /// Those in a file; none, if there is no file.
    ///
    /// # Errors
    /// With the line, if a key is unknown or its value wrong.
    pub fn read(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let text = fs::read_to_string(path);
        let text = text.with_context(|| format!("{} cannot be read", path.display()))?;
        toml::from_str(&text).with_context(|| {
            format!(
                "{} is wrong; `filigree genesis template` prints all that can stand in it",
                path.display()
            )
        })
    }

    /// Puts them into a template.
    pub fn put_into(&self, template: &mut Template) {
        if let Some(name) = &self.network_name {
            template.network_name.clone_from(name);
        }
        if let Some(version) = self.network_version {
            template.network_version = version;
        }
        template.accounts.extend(self.accounts.iter().cloned());
        template.multisigs.extend(self.multisigs.iter().cloned());
        let verifiers = &mut template.verified_registry.verifiers;
        verifiers.extend(self.verifiers.iter().cloned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_says_all_that_can_be_wished_for() {
        assert_eq!(
            toml::from_str::<Wishes>(EXAMPLE).unwrap(),
            Wishes::default()
        );
        // Without the marks before keys and tables.
        let is_key = |line: &str| line.starts_with('[') || line.contains(" = ");
        let lines = EXAMPLE
            .lines()
            .filter_map(|line| line.strip_prefix("# "))
            .filter(|line| is_key(line));
        let text = lines.collect::<Vec<_>>().join("\n");
        let wishes: Wishes = toml::from_str(&text).unwrap();
        assert_eq!(wishes.network_name.as_deref(), Some("mynet"));
        assert_eq!(wishes.network_version, Some(28));
        let lengths = [
            wishes.accounts.len(),
            wishes.multisigs.len(),
            wishes.verifiers.len(),
        ];
        assert_eq!(lengths, [1, 1, 1]);
    }

    #[test]
    fn what_nobody_can_wish_for_is_named_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.toml");
        fs::write(&path, "network_name = \"x\"\nmoney = 5\n").unwrap();
        let error = format!("{:#}", Wishes::read(Some(&path)).unwrap_err());
        for part in ["mine.toml", "genesis template", "line 2", "money"] {
            assert!(error.contains(part), "{part} in {error}");
        }
    }
}
