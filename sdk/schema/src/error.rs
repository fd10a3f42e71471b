//! What can be wrong: with a schema, with a value, with the name of a method. Each error says what to do.

use thiserror::Error;

/// Why a schema could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SchemaError {
    /// The file is not a Wasm module.
    #[error("not a Wasm module: {reason} (at byte {offset}); give an actor's .wasm file")]
    Wasm {
        /// Where in the file.
        offset: usize,
        /// What the parser says.
        reason: String,
    },
    /// Two sections claim to be the schema.
    #[error(
        "two custom sections filigree.schema, the second at byte {offset}; build the actor again"
    )]
    Twice {
        /// Where the second stands in the file.
        offset: usize,
    },
    /// More bytes than any schema needs.
    #[error(
        "the schema has {size} bytes; at most {} are read",
        crate::MAX_SIZE_BYTES
    )]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// The format of a later Filigree, or none.
    #[error(
        "the schema has format {found}, this tool reads format {}; use the tool that built the actor",
        crate::FORMAT
    )]
    Format {
        /// What stands at `filigree`.
        found: String,
    },
    /// Not the JSON of a schema.
    #[error("the schema is not readable: {reason}")]
    Json {
        /// What is wrong, with line and column.
        reason: String,
    },
    /// Readable, and yet no schema can say that.
    #[error("{place}: {reason}")]
    Invalid {
        /// Which part.
        place: String,
        /// What is wrong and what to write instead.
        reason: String,
    },
}

/// Why a value could not be written as, or read from, DAG-CBOR.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{path}: found {found}; {remedy}")]
pub struct ValueError {
    /// Where: `params.to`, `state.balances["f01"]`.
    pub path: String,
    /// What stands there.
    pub found: String,
    /// What to write there, or what was expected.
    pub remedy: String,
}

/// No method has the name that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{actor} has no method {name}; {}", advice(.similar.as_deref(), .known))]
pub struct UnknownMethod {
    /// The actor's name.
    pub actor: String,
    /// The name that was asked for.
    pub name: String,
    /// The method that was probably meant.
    pub similar: Option<String>,
    /// All methods of the actor.
    pub known: Vec<String>,
}

fn advice(similar: Option<&str>, known: &[String]) -> String {
    match similar {
        Some(similar) => format!("did you mean {similar}?"),
        None if known.is_empty() => "it has no methods at all".to_owned(),
        None => format!("it has {}", known.join(", ")),
    }
}
