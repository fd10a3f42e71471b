//! The model: an actor, its state, its methods. What a tool holds after reading the section.

use serde::{Deserialize, Serialize};

use crate::Type;
use crate::json::Document;

/// What an actor says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Document", into = "Document")]
pub struct Schema {
    /// The actor's name, such as `Counter`.
    pub actor: String,
    /// The type of the block that its state root names; `None` when the actor keeps no state.
    pub state: Option<Type>,
    /// The methods, in the order of the source.
    pub methods: Vec<Method>,
}

/// One entry point of an actor.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Method {
    /// The name, such as `Increment`; exported methods derive their number from it (FRC-0042).
    pub name: String,
    /// The method number in messages. 0 for the fallback, which answers to any other number.
    #[serde(with = "crate::json::decimal")]
    pub number: u64,
    /// How it is reached and what it may do.
    pub kind: MethodKind,
    /// The parameters in order. One is encoded as itself, two or more as an array.
    pub params: Vec<Field>,
    /// The type of the return value; [`Type::Unit`] returns no block.
    pub returns: Type,
}

/// How a method is reached and what it may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MethodKind {
    /// Called once, by the init actor, when the actor is created. Its number is 1.
    Constructor,
    /// Called by message, may change state.
    Method,
    /// Called by message, promises to change nothing: may be called read-only.
    View,
    /// Answers to every number that no other method has. Its own number is 0.
    Fallback,
    /// The hook that receives tokens (FRC-0046).
    Receive,
    /// Called by the host when the actor's code is replaced by this code; has no method number.
    Upgrade,
}

/// A named place: a parameter, or a field of a tuple.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The name in the source; may be empty in a tuple without names.
    pub name: String,
    /// The type of what stands there.
    #[serde(rename = "type")]
    pub ty: Type,
}

impl Field {
    /// A place called `name` for a value of type `ty`.
    pub fn new(name: impl Into<String>, ty: Type) -> Field {
        let name = name.into();
        Field { name, ty }
    }
}
