//! What differs between what a vector expects and what came out, told so that a reader sees where to look.

use std::fmt;

use cid::Cid;
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::from_slice;
use fvm_shared::ActorID;
use fvm_shared::error::ExitCode;
use fvm_shared::state::ActorState;
use ipld_core::ipld::Ipld;

use crate::tree;

/// Differing actors that are shown field by field.
const MAX_ACTORS: usize = 8;
/// Differences that are shown below one field of an actor's state.
const MAX_BELOW_FIELD: usize = 4;
/// Links that are followed, one below the other.
const MAX_DEPTH: usize = 64;
/// Longest value that is shown in full, in characters.
const MAX_VALUE_CHARS: usize = 160;

/// One difference. `message` is the index of the message in the vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The vector itself is damaged.
    Vector {
        /// What is wrong with it.
        error: String,
    },
    /// The host gave no receipt, or could not even start.
    Host {
        /// What it said.
        error: String,
    },
    /// Exit codes differ.
    ExitCode {
        /// The message.
        message: usize,
        /// In the vector.
        expected: ExitCode,
        /// From the host.
        actual: ExitCode,
        /// Why the message failed, if the host knows.
        failure: Option<String>,
    },
    /// Returned bytes differ.
    Return {
        /// The message.
        message: usize,
        /// In the vector.
        expected: Vec<u8>,
        /// From the host.
        actual: Vec<u8>,
    },
    /// Gas used differs.
    Gas {
        /// The message.
        message: usize,
        /// In the vector.
        expected: u64,
        /// From the host.
        actual: u64,
    },
    /// Roots of the events differ.
    Events {
        /// The message.
        message: usize,
        /// In the vector.
        expected: Option<Cid>,
        /// From the host.
        actual: Option<Cid>,
    },
    /// State roots differ.
    State {
        /// In the vector.
        expected: Cid,
        /// From the host.
        actual: Cid,
        /// In which actors.
        detail: StateDiff,
    },
}

/// Where two states differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateDiff {
    /// The differing actors, lowest id first; those that may only seem to differ come after the others.
    pub actors: Vec<ActorDiff>,
    /// Blocks that are not there, so that the actors in them could not be compared.
    pub missing_blocks: usize,
    /// Why the states cannot be compared.
    pub error: Option<String>,
}

/// An actor that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActorDiff {
    /// Its id.
    pub id: ActorID,
    /// What differs; at most the first actor's state is looked into.
    pub fields: Vec<FieldDiff>,
}

/// A value that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldDiff {
    /// Where: `balance`, or `state.3.0` for field 0 of what field 3 of the actor's state holds or links to.
    pub path: String,
    /// In the vector.
    pub expected: String,
    /// From the host.
    pub actual: String,
}

/// Compares the state a vector expects with the one that came out.
pub fn compare_states(store: &impl Blockstore, expected: &Cid, actual: &Cid) -> StateDiff {
    let diff = match tree::compare(store, expected, actual) {
        Ok(diff) => diff,
        Err(error) => {
            return StateDiff {
                error: Some(error.to_string()),
                ..StateDiff::default()
            };
        }
    };
    // Where blocks are missing, an actor in one tree only may well be in the other: those come last.
    let mut ids: Vec<ActorID> = diff.ids().into_iter().collect();
    if !diff.missing.is_empty() {
        ids.sort_by_key(|id| !(diff.left.contains_key(id) && diff.right.contains_key(id)));
    }
    let mut looked_into_state = false;
    let mut actors = Vec::new();
    for id in ids {
        let (expected, actual) = (diff.left.get(&id), diff.right.get(&id));
        let mut fields = compare_actors(expected, actual);
        if let (Some(expected), Some(actual), false) = (expected, actual, looked_into_state)
            && expected.state != actual.state
        {
            looked_into_state = true;
            fields.extend(compare_actor_states(store, &expected.state, &actual.state));
        }
        actors.push(ActorDiff { id, fields });
    }
    StateDiff {
        actors,
        missing_blocks: diff.missing.len(),
        error: None,
    }
}

fn compare_actors(expected: Option<&ActorState>, actual: Option<&ActorState>) -> Vec<FieldDiff> {
    let (Some(e), Some(a)) = (expected, actual) else {
        let describe = |actor: Option<&ActorState>| match actor {
            Some(actor) => format!("code {}, balance {}", actor.code, actor.balance),
            None => "no such actor in the blocks at hand".to_owned(),
        };
        return vec![field("actor", describe(expected), describe(actual))];
    };
    let address = |actor: &ActorState| match &actor.delegated_address {
        Some(address) => address.to_string(),
        None => "none".to_owned(),
    };
    [
        field("code", e.code, a.code),
        field("state", e.state, a.state),
        field("sequence", e.sequence, a.sequence),
        field("balance", &e.balance, &a.balance),
        field("delegated address", address(e), address(a)),
    ]
    .into_iter()
    .filter(|field| field.expected != field.actual)
    .collect()
}

fn field(path: impl ToString, expected: impl ToString, actual: impl ToString) -> FieldDiff {
    FieldDiff {
        path: path.to_string(),
        expected: expected.to_string(),
        actual: actual.to_string(),
    }
}

/// Compares the heads of two actor states, as plain DAG-CBOR: actors are not known here.
fn compare_actor_states(store: &impl Blockstore, expected: &Cid, actual: &Cid) -> Vec<FieldDiff> {
    let (Some(expected), Some(actual)) = (read(store, expected), read(store, actual)) else {
        return Vec::new(); // The CIDs were shown; there is nothing more to see.
    };
    let mut walk = Walk {
        store,
        found: Vec::new(),
        limit: 0,
    };
    match (&expected, &actual) {
        (Ipld::List(e), Ipld::List(a)) if e.len() == a.len() => {
            for (index, (e, a)) in e.iter().zip(a).enumerate() {
                walk.limit = walk.found.len() + MAX_BELOW_FIELD;
                walk.compare(&format!("state.{index}"), e, a, 0);
            }
        }
        _ => {
            walk.limit = MAX_BELOW_FIELD;
            walk.compare("state", &expected, &actual, 0);
        }
    }
    walk.found
}

fn read(store: &impl Blockstore, cid: &Cid) -> Option<Ipld> {
    let block = store.get(cid).ok()??;
    from_slice(&block).ok()
}

/// Looks for differences in two values and in what they link to.
struct Walk<'a, B> {
    store: &'a B,
    found: Vec<FieldDiff>,
    /// How many to find in all.
    limit: usize,
}

impl<B: Blockstore> Walk<'_, B> {
    fn compare(&mut self, path: &str, expected: &Ipld, actual: &Ipld, depth: usize) {
        if expected == actual || self.found.len() >= self.limit {
            return;
        }
        if depth < MAX_DEPTH {
            match (expected, actual) {
                (Ipld::List(e), Ipld::List(a)) if e.len() == a.len() => {
                    for (index, (e, a)) in e.iter().zip(a).enumerate() {
                        self.compare(&format!("{path}.{index}"), e, a, depth + 1);
                    }
                    return;
                }
                (Ipld::Map(e), Ipld::Map(a)) if e.keys().eq(a.keys()) => {
                    for (key, e) in e {
                        self.compare(&format!("{path}.{key}"), e, &a[key], depth + 1);
                    }
                    return;
                }
                (Ipld::Link(e), Ipld::Link(a)) => {
                    if let (Some(e), Some(a)) = (read(self.store, e), read(self.store, a)) {
                        self.compare(path, &e, &a, depth + 1);
                        return;
                    }
                }
                _ => {}
            }
        }
        self.found.push(field(path, show(expected), show(actual)));
    }
}

/// A value on one line.
fn show(value: &Ipld) -> String {
    let text = match value {
        Ipld::Null => "null".to_owned(),
        Ipld::Bool(b) => b.to_string(),
        Ipld::Integer(i) => i.to_string(),
        Ipld::Float(f) => f.to_string(),
        Ipld::String(s) => format!("{s:?}"),
        Ipld::Bytes(b) => show_bytes(b),
        Ipld::Link(cid) => cid.to_string(),
        Ipld::List(items) => {
            let shown: Vec<String> = items.iter().map(show).collect();
            format!("list of {}: [{}]", items.len(), shown.join(", "))
        }
        Ipld::Map(map) => {
            let shown: Vec<String> = map
                .iter()
                .map(|(k, v)| format!("{k}: {}", show(v)))
                .collect();
            format!("map of {}: {{{}}}", map.len(), shown.join(", "))
        }
    };
    shorten(text)
}

fn show_bytes(bytes: &[u8]) -> String {
    match bytes.len() {
        0 => "no bytes".to_owned(),
        len => shorten(format!("{len} bytes {}", hex::encode(bytes))),
    }
}

fn shorten(text: String) -> String {
    match text.char_indices().nth(MAX_VALUE_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vector { error } => write!(f, "the vector cannot be used: {error}"),
            Self::Host { error } => write!(f, "the host gave no result: {error}"),
            Self::ExitCode {
                message,
                expected,
                actual,
                failure,
            } => {
                write!(
                    f,
                    "message {message}: exit code: expected {expected}, got {actual}"
                )?;
                match failure {
                    Some(failure) => write!(f, "\n  {}", failure.trim_end().replace('\n', "\n  ")),
                    None => Ok(()),
                }
            }
            Self::Return {
                message,
                expected,
                actual,
            } => {
                let (expected, actual) = (show_bytes(expected), show_bytes(actual));
                write!(
                    f,
                    "message {message}: return: expected {expected}, got {actual}"
                )
            }
            Self::Gas {
                message,
                expected,
                actual,
            } => {
                let more = i128::from(*actual) - i128::from(*expected);
                write!(
                    f,
                    "message {message}: gas: expected {expected}, got {actual} ({more:+})"
                )
            }
            Self::Events {
                message,
                expected,
                actual,
            } => {
                let show =
                    |root: &Option<Cid>| root.map_or("none".to_owned(), |cid| cid.to_string());
                let (expected, actual) = (show(expected), show(actual));
                write!(
                    f,
                    "message {message}: events root: expected {expected}, got {actual}"
                )
            }
            Self::State {
                expected,
                actual,
                detail,
            } => write!(f, "state root: expected {expected}, got {actual}{detail}"),
        }
    }
}

impl fmt::Display for StateDiff {
    /// Lines to follow a heading: each begins with a line break.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(error) = &self.error {
            return write!(f, "\n  the states cannot be compared: {error}");
        }
        for actor in self.actors.iter().take(MAX_ACTORS) {
            write!(f, "\n  actor f0{}:", actor.id)?;
            for field in &actor.fields {
                let FieldDiff {
                    path,
                    expected,
                    actual,
                } = field;
                write!(f, "\n    {path}: expected {expected}, got {actual}")?;
            }
        }
        let others: Vec<String> = self
            .actors
            .iter()
            .skip(MAX_ACTORS)
            .map(|actor| format!("f0{}", actor.id))
            .collect();
        if !others.is_empty() {
            write!(
                f,
                "\n  and {} more actors: {}",
                others.len(),
                shorten(others.join(" "))
            )?;
        }
        if self.actors.is_empty() {
            write!(f, "\n  no differing actor is in the blocks at hand")?;
        }
        match self.missing_blocks {
            0 => Ok(()),
            n => write!(
                f,
                "\n  not compared: {n} blocks of the state trees are not in the vector"
            ),
        }
    }
}
