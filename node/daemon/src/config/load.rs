//! Reading it: the file, then variables, then flags.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::{Config, KEYS, Key};

/// A value that goes before that of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Who says so: a flag or a variable.
    pub by: String,
    /// The key.
    pub key: String,
    /// The value, as it was typed.
    pub value: String,
}

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration {} cannot be read: {error}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The file is wrong, and where.
    #[error("the configuration {} is wrong: {error}\n`filigree config default` prints all keys with what they are", path.display())]
    Wrong {
        /// Which file.
        path: PathBuf,
        /// With the line.
        error: Box<toml::de::Error>,
    },
    /// A variable or a flag names a key that is none.
    #[error("{by}: there is no key {key}; `filigree config default` prints all of them")]
    NoKey {
        /// Who.
        by: String,
        /// Which key.
        key: String,
    },
    /// A variable or a flag has a value that the key does not take.
    #[error("{by}: {value:?} is no value of {key}: {why}")]
    NoValue {
        /// Who.
        by: String,
        /// Which key.
        key: String,
        /// Which value.
        value: String,
        /// Why.
        why: String,
    },
}

/// The file with all keys, their words and their defaults.
pub fn default_text() -> String {
    let defaults = to_table(&Config::default());
    let mut text = String::from(
        "# The configuration of a Filigree node: `config.toml` in its data directory. All keys may be left out.\n\
         # Variables go before the file, flags before variables: FILIGREE_RPC_ADDRESS for rpc.address, and so on.\n",
    );
    let mut section = "";
    for key in KEYS {
        let (table, name) = split(key.name);
        if table != section {
            section = table;
            // Writing to a string does not fail; so below.
            _ = writeln!(text, "\n[{table}]");
        }
        for line in lines(key.doc, 100) {
            _ = writeln!(text, "# {line}");
        }
        _ = match find(&defaults, key.name) {
            Some(value) => writeln!(text, "{name} = {value}"),
            None => writeln!(text, "# {name} ="),
        };
    }
    text
}

/// A configuration of the text of a file, which `path` names in errors.
///
/// # Errors
/// With the line, if a key is unknown or its value wrong.
pub fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
    toml::from_str(text).map_err(|error| ConfigError::Wrong {
        path: path.to_owned(),
        error: Box::new(error),
    })
}

/// The configuration: of the file, if there is one, of the variables that `environment` has, of flags.
///
/// # Errors
/// What is wrong in any of them. A file that is named and not there is an error with `must_exist`.
pub fn load(
    path: &Path,
    must_exist: bool,
    environment: &dyn Fn(&str) -> Option<String>,
    flags: &[Override],
) -> Result<Config, ConfigError> {
    let config = match fs::read_to_string(path) {
        Ok(text) => parse(&text, path)?,
        Err(e) if e.kind() == io::ErrorKind::NotFound && !must_exist => Config::default(),
        Err(error) => {
            let path = path.to_owned();
            return Err(ConfigError::Unreadable { path, error });
        }
    };
    let variables = KEYS.iter().filter_map(|key| variable(key, environment));
    let mut table = to_table(&config);
    let mut config = config;
    for change in variables.chain(flags.iter().cloned()) {
        config = change.apply(&mut table)?;
    }
    Ok(config)
}

fn variable(key: &Key, environment: &dyn Fn(&str) -> Option<String>) -> Option<Override> {
    let by = key.variable();
    let value = environment(&by)?;
    Some(Override {
        by,
        key: key.name.to_owned(),
        value,
    })
}

/// Which of these variables look like a key of the configuration and are none: typed wrongly, they would do nothing.
pub fn unknown_variables(names: impl Iterator<Item = String>) -> Vec<String> {
    let is_key = |name: &str| KEYS.iter().any(|key| key.variable() == name);
    let is_of_section = |name: &str| {
        KEYS.iter().any(|key| {
            let (section, _) = split(key.name);
            let start = format!("FILIGREE_{}_", section.to_uppercase());
            name.starts_with(&start)
        })
    };
    let mut unknown: Vec<String> = names
        .filter(|name| is_of_section(name) && !is_key(name))
        .collect();
    unknown.sort();
    unknown
}

impl Override {
    /// Of a flag `--set KEY=VALUE`.
    ///
    /// # Errors
    /// When there is no `=`.
    pub fn of_flag(text: &str) -> Result<Self, ConfigError> {
        let by = "--set".to_owned();
        match text.split_once('=') {
            Some((key, value)) => Ok(Self {
                by,
                key: key.trim().to_owned(),
                value: value.trim().to_owned(),
            }),
            None => Err(ConfigError::NoKey {
                by,
                key: text.to_owned(),
            }),
        }
    }

    fn apply(self, table: &mut Table) -> Result<Config, ConfigError> {
        let (section, name) = split(&self.key);
        let place = table
            .get_mut(section)
            .and_then(Value::as_table_mut)
            .and_then(|section| section.get_mut(name));
        let Some(place) = place else {
            let Self { by, key, .. } = self;
            return Err(ConfigError::NoKey { by, key });
        };
        let typed = of_type(place, &self.value).map(|value| *place = value);
        let config = typed.and_then(|()| {
            let table = Value::Table(table.clone());
            let config = table.try_into::<Config>();
            config.map_err(|e| e.message().to_owned())
        });
        config.map_err(|why| ConfigError::NoValue {
            by: self.by,
            key: self.key,
            value: self.value,
            why,
        })
    }
}

/// What was typed, as a value of the type that the key has.
fn of_type(present: &Value, text: &str) -> Result<Value, String> {
    match present {
        Value::Integer(_) => {
            let number = text.parse().map(Value::Integer);
            number.map_err(|_| "a whole number is expected".to_owned())
        }
        Value::Boolean(_) => {
            let is = text.parse().map(Value::Boolean);
            is.map_err(|_| "true or false is expected".to_owned())
        }
        _ => Ok(Value::String(text.to_owned())),
    }
}

fn to_table(config: &Config) -> Table {
    Table::try_from(config).expect("a configuration has no shape that TOML lacks")
}

fn find<'a>(table: &'a Table, key: &str) -> Option<&'a Value> {
    let (section, name) = split(key);
    table.get(section)?.get(name)
}

fn split(key: &str) -> (&str, &str) {
    key.split_once('.').unwrap_or(("", key))
}

/// Words in lines of at most so many characters.
fn lines(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last_mut().expect("there is one from the start");
        if !last.is_empty() && last.len() + 1 + word.len() > most {
            lines.push(word.to_owned());
            continue;
        }
        if !last.is_empty() {
            last.push(' ');
        }
        last.push_str(word);
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::Format;
    use super::*;

    fn nothing(_: &str) -> Option<String> {
        None
    }

    #[test]
    fn the_table_has_each_key_that_there_is() {
        let table = to_table(&Config::default());
        let fields: BTreeSet<String> = table
            .iter()
            .flat_map(|(section, keys)| {
                let keys = keys.as_table().unwrap().keys();
                keys.map(move |name| format!("{section}.{name}"))
            })
            .collect();
        let keys: BTreeSet<String> = KEYS.iter().map(|key| key.name.to_owned()).collect();
        assert_eq!(keys, fields);
        assert_eq!(KEYS.len(), fields.len());
    }

    #[test]
    fn the_file_of_defaults_says_the_defaults() {
        let text = default_text();
        let config = parse(&text, Path::new("x")).unwrap();
        assert_eq!(config, Config::default());
        // Each key stands in its table, below its own words.
        let mut rest = text.as_str();
        for key in KEYS {
            let (table, name) = split(key.name);
            assert!(key.doc.len() > 10 && key.doc.ends_with('.'), "{}", key.name);
            let (before, after) = rest
                .split_once(&format!("\n{name} = "))
                .unwrap_or_else(|| panic!("{} is not there", key.name));
            let words = before.lines().rev();
            let words = words.map_while(|line| line.strip_prefix("# "));
            let mut words: Vec<&str> = words.collect();
            words.reverse();
            assert!(
                words.join(" ").ends_with(&lines(key.doc, usize::MAX)[0]),
                "{}",
                key.name
            );
            let so_far = &text[..text.len() - after.len()];
            let header = so_far.rfind("\n[").map_or("", |at| &so_far[at..]);
            assert!(header.starts_with(&format!("\n[{table}]")), "{}", key.name);
            rest = after;
        }
        assert!(text.lines().all(|line| line.len() < 120), "{text}");
    }

    #[test]
    fn a_key_that_is_none_is_named_with_its_line() {
        let text = "[rpc]\nbatch = 7\nadress = \"127.0.0.1:1\"\n";
        let error = parse(text, Path::new("some.toml")).unwrap_err().to_string();
        for part in ["some.toml", "line 3", "adress", "config default"] {
            assert!(error.contains(part), "{part} in {error}");
        }
    }

    #[test]
    fn flags_go_before_variables_and_these_before_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(
            &path,
            "[rpc]\nbatch = 1\ndepth = 2\n[log]\nformat = \"json\"",
        )
        .unwrap();
        let environment = |name: &str| match name {
            "FILIGREE_RPC_BATCH" => Some("3".to_owned()),
            "FILIGREE_LOG_FILTER" => Some("debug".to_owned()),
            _ => None,
        };
        let flags = [Override::of_flag("rpc.batch=5").unwrap()];
        let config = load(&path, true, &environment, &flags).unwrap();
        assert_eq!((config.rpc.batch, config.rpc.depth), (5, 2));
        assert_eq!(config.log.filter, "debug");
        assert_eq!(config.log.format, Format::Json);
        assert_eq!(config.store, Config::default().store);
    }

    #[test]
    fn a_variable_that_is_no_key_is_noticed() {
        let set = [
            "FILIGREE_RPC_ADDRES",
            "FILIGREE_RPC_ADDRESS",
            "FILIGREE_HOME",
            "PATH",
        ];
        let unknown = unknown_variables(set.into_iter().map(str::to_owned));
        assert_eq!(unknown, ["FILIGREE_RPC_ADDRES"]);
    }

    #[test]
    fn what_is_no_value_is_refused_by_who_gave_it() {
        let path = Path::new("not there");
        let refused = |flag: &str| {
            let flags = [Override::of_flag(flag).unwrap()];
            let error = load(path, false, &nothing, &flags).unwrap_err();
            error.to_string()
        };
        assert!(refused("rpc.batch=many").contains("whole number"));
        assert!(refused("rpc.batch=-1").contains("rpc.batch"));
        assert!(refused("rpc.address=here").contains("\"here\""));
        assert!(refused("log.format=xml").contains("json"));
        assert!(refused("mining.enabled=yes").contains("true or false"));
        assert!(refused("rpc.bach=1").contains("no key rpc.bach"));
        assert!(refused("batch=1").contains("no key batch"));
        assert!(Override::of_flag("batch").is_err());
        assert!(load(path, false, &nothing, &[]).is_ok());
        assert!(load(path, true, &nothing, &[]).is_err());
    }
}
