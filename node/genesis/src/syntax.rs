//! Text of TOML that is wrong, told with its line; for a key that nobody knows also with the one that was meant.

use std::fmt;

use filigree_builtin::policy::DEVNET;
use filigree_schema::similar;
use serde::de::DeserializeOwned;

/// What is wrong with a text.
#[derive(Debug)]
pub struct SyntaxError {
    error: Box<toml::de::Error>,
    hint: Option<String>,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.error.to_string().trim_end())?;
        match &self.hint {
            Some(hint) => write!(f, "\n{hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for SyntaxError {}

/// The value of a text, whose keys outside of all tables are `top`.
pub(crate) fn read<T: DeserializeOwned>(text: &str, top: &[&str]) -> Result<T, SyntaxError> {
    toml::from_str(text).map_err(|error: toml::de::Error| SyntaxError {
        hint: hint(error.message(), top),
        error: Box::new(error),
    })
}

/// What to write instead of a key that nobody knows, by serde's words for one.
fn hint(message: &str, top: &[&str]) -> Option<String> {
    let (key, expected) = message.strip_prefix("unknown field `")?.split_once('`')?;
    if let Some(value) = compiled(key) {
        return Some(format!(
            "{key} is compiled into the actors and the node{value}: change it in `DEVNET`, actors-wasm/builtin/src/policy.rs, and \
             start with `cargo xtask devnet --reset`, which builds both anew (the actors alone: `cargo xtask bundle --network \
             devnet --out FILE.car`, for --bundle)"
        ));
    }
    if top.contains(&key) {
        return Some(format!("{key} stands at the top, before the first [table]"));
    }
    // Between every two marks stands a key.
    let known = expected.split('`').skip(1).step_by(2);
    similar(key, known).map(|meant| format!("did you mean `{meant}`?"))
}

/// Whether a key is a limit or a period that the actors are built with; what it is there. The names are read from the policy itself.
fn compiled(key: &str) -> Option<String> {
    let policy = format!("{DEVNET:#?}");
    let mut rows = policy
        .lines()
        .filter_map(|line| line.strip_prefix("    ")?.split_once(": "));
    let (_, value) = rows.find(|(name, _)| *name == key)?;
    let value = value.trim_end_matches(',');
    // A set goes on in the next lines.
    Some(match value.ends_with('(') {
        true => String::new(),
        false => format!(" ({value} there)"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_nobody_knows_is_told_with_what_was_meant() {
        let of = |key: &str| {
            let message =
                format!("unknown field `{key}`, expected one of `balance`, `address`, `key`");
            hint(&message, &["block_time"])
        };
        assert_eq!(of("balanc").unwrap(), "did you mean `balance`?");
        assert_eq!(of("adress").unwrap(), "did you mean `address`?");
        assert_eq!(of("something_else"), None);
        assert!(of("block_time").unwrap().contains("at the top"));
        let one = hint("unknown field `sectos`, expected `sectors`", &[]);
        assert_eq!(one.unwrap(), "did you mean `sectors`?");
        assert_eq!(hint("missing field `address`", &[]), None);
    }

    #[test]
    fn what_is_compiled_in_is_told_with_the_way_to_change_it() {
        let message = "unknown field `pre_commit_challenge_delay`, expected `finality_epochs`";
        let told = hint(message, &[]).unwrap();
        let delay = DEVNET.pre_commit_challenge_delay;
        for part in [
            &*format!("({delay} there)"),
            "policy.rs",
            "cargo xtask bundle",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
        for key in [
            "minimum_consensus_power",
            "user_code",
            "wpost_proving_period",
        ] {
            assert!(compiled(key).is_some(), "{key}");
        }
        // A set, and what is inside of one.
        assert_eq!(compiled("valid_post_proof_type").as_deref(), Some(""));
        assert_eq!(compiled("max_message_bytes"), None);
    }
}
