//! What may happen in a sequence, and how it is drawn.

use std::fmt;

use filigree_sandbox::fuzz::{Pool, RandomCall, calls};
use filigree_schema::{Method, MethodKind};
use fvm_ipld_encoding::RawBytes;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::{ActorID, METHOD_SEND, MethodNum};
use proptest::prelude::*;
use proptest::strategy::Union;

use crate::compare::Schemas;
use crate::fuzz::town;
use crate::stage::Stage;

/// Methods below this are for actors of the protocol (FRC-42).
const FIRST_EXPORTED_METHOD: MethodNum = 1 << 24;

/// One thing that happens.
#[derive(Clone)]
pub enum Act {
    /// A message.
    Message {
        /// The sender.
        from: ActorID,
        /// Whether the sender is an actor of the protocol, in whose name the network sends.
        is_implicit: bool,
        /// The actor called.
        to: ActorID,
        /// The method's name, for people.
        name: String,
        /// The method.
        method: MethodNum,
        /// The parameters.
        params: Option<Vec<u8>>,
        /// The value, attoFIL.
        value: TokenAmount,
    },
    /// So many epochs pass, and cron runs at the end of the last.
    Leap(ChainEpoch),
}

impl Act {
    /// Does it. The exit code of the message, if it is one.
    pub fn play(&self, stage: &mut Stage) -> Option<u32> {
        match self {
            Act::Message {
                from,
                is_implicit,
                to,
                method,
                params,
                value,
                ..
            } => {
                let params = params.clone().map(RawBytes::new);
                let outcome = match is_implicit {
                    true => stage.raw_implicit(*from, *to, *method, value.clone(), params),
                    false => stage.raw(*from, *to, *method, value.clone(), params),
                };
                Some(outcome.exit_code().value())
            }
            Act::Leap(epochs) => {
                let to = stage.epoch() + epochs;
                stage.leap(to);
                None
            }
        }
    }

    /// Who pays for it.
    pub fn sender(&self) -> Option<ActorID> {
        match self {
            Act::Message { from, .. } => Some(*from),
            Act::Leap(_) => None,
        }
    }
}

/// `f0101 → f05 AddBalance (2) 0x42… with 3 attoFIL`.
impl fmt::Debug for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Act::Leap(epochs) => write!(f, "{epochs} epochs pass"),
            Act::Message {
                from,
                is_implicit,
                to,
                name,
                method,
                params,
                value,
            } => {
                let implicit = if *is_implicit { " (implicit)" } else { "" };
                write!(f, "f0{from}{implicit} → f0{to} {name} ({method})")?;
                if let Some(params) = params {
                    let hex: String = params.iter().map(|byte| format!("{byte:02x}")).collect();
                    write!(f, " 0x{hex}")?;
                }
                match value.is_zero() {
                    true => Ok(()),
                    false => write!(f, " with {} attoFIL", value.atto()),
                }
            }
        }
    }
}

/// Where acts are drawn from.
pub struct Acts {
    by_users: BoxedStrategy<Act>,
    by_anyone: BoxedStrategy<Act>,
}

impl Acts {
    /// Those of the town that stands on this stage.
    pub(crate) fn of(stage: &Stage) -> Self {
        let protocol: Vec<ActorID> = town::targets(stage).collect();
        Self {
            by_users: acts(stage, &[]),
            by_anyone: acts(stage, &protocol),
        }
    }

    /// Acts of users alone, or also of actors of the protocol.
    pub fn by(&self, users_alone: bool) -> BoxedStrategy<Act> {
        match users_alone {
            true => self.by_users.clone(),
            false => self.by_anyone.clone(),
        }
    }
}

/// Messages to every method of every target, some in the name of `protocol`, and time that passes.
fn acts(stage: &Stage, protocol: &[ActorID]) -> BoxedStrategy<Act> {
    let schemas = Schemas::of(stage);
    let address = |id| Address::new_id(id);
    let pool = Pool {
        accounts: town::ACCOUNTS.map(address).collect(),
        addresses: town::everyone(stage).map(address).collect(),
        epoch: stage.epoch(),
    };
    let mut each = Vec::new();
    for to in town::targets(stage) {
        each.push(any_method(to, protocol));
        let name = stage.name_of(to).expect("a target is an actor");
        let schema = schemas.actor(&name).expect("an actor of ours has a schema");
        let callable = |method: &&Method| method.kind != MethodKind::Fallback;
        for method in schema.methods.iter().filter(callable) {
            let only = [method.name.clone()];
            let call = calls(schema, &pool, &only, true);
            each.push(message(call, to, method.number, protocol));
        }
    }
    let leap = prop_oneof![4 => 1..200_i64, 1 => 200..20_000_i64].prop_map(Act::Leap);
    let message = Union::new(each);
    prop_oneof![12 => message, 1 => leap].boxed()
}

/// A call of one method, from someone who may be meant to make it.
fn message(
    call: BoxedStrategy<RandomCall>,
    to: ActorID,
    number: MethodNum,
    protocol: &[ActorID],
) -> BoxedStrategy<Act> {
    let exported = number >= FIRST_EXPORTED_METHOD;
    let sender = sender(if exported { &[] } else { protocol });
    let act = (call, sender, spoil()).prop_map(move |(call, sender, spoil)| {
        let params = call.block.map(|block| block.data);
        Act::Message {
            from: sender.unwrap_or_else(|| call.from.id().unwrap_or_default()),
            is_implicit: sender.is_some(),
            to,
            name: call.method,
            method: number,
            params: spoil.apply(params),
            value: call.value,
        }
    });
    act.boxed()
}

/// A call of any number, be it a method's or not, or a mere transfer, with any parameters.
fn any_method(to: ActorID, protocol: &[ActorID]) -> BoxedStrategy<Act> {
    let number = prop_oneof![
        Just(METHOD_SEND),
        1..64_u64,
        FIRST_EXPORTED_METHOD..FIRST_EXPORTED_METHOD << 8,
        any::<u64>(),
    ];
    let params = prop::option::of(prop::collection::vec(any::<u8>(), 0..40));
    let user = prop::sample::select(town::ACCOUNTS.collect::<Vec<_>>());
    let drawn = (number, params, user, sender(protocol), 0..1_000_u64);
    let act = drawn.prop_map(move |(method, params, user, sender, atto)| Act::Message {
        from: sender.unwrap_or(user),
        is_implicit: sender.is_some(),
        to,
        name: "any method".to_owned(),
        method,
        params,
        value: TokenAmount::from_atto(atto),
    });
    act.boxed()
}

/// In whose name a message is sent, in every third case; else it is a user's.
fn sender(protocol: &[ActorID]) -> BoxedStrategy<Option<ActorID>> {
    match protocol {
        [] => Just(None).boxed(),
        _ => prop_oneof![
            2 => Just(None),
            1 => prop::sample::select(protocol.to_vec()).prop_map(Some),
        ]
        .boxed(),
    }
}

/// What is done to parameters before they are sent.
#[derive(Clone, Debug)]
enum Spoil {
    Nothing,
    Drop,
    Truncate(prop::sample::Index),
    Change(prop::sample::Index, u8),
    Insert(prop::sample::Index, u8),
    Replace(Vec<u8>),
}

fn spoil() -> BoxedStrategy<Spoil> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        8 => Just(Spoil::Nothing),
        1 => Just(Spoil::Drop),
        1 => index().prop_map(Spoil::Truncate),
        3 => (index(), any::<u8>()).prop_map(|(at, byte)| Spoil::Change(at, byte)),
        1 => (index(), any::<u8>()).prop_map(|(at, byte)| Spoil::Insert(at, byte)),
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Spoil::Replace),
    ]
    .boxed()
}

impl Spoil {
    fn apply(&self, params: Option<Vec<u8>>) -> Option<Vec<u8>> {
        let mut bytes = params.clone().unwrap_or_default();
        match self {
            Spoil::Nothing => return params,
            Spoil::Drop => return None,
            Spoil::Truncate(at) => bytes.truncate(at.index(bytes.len() + 1)),
            Spoil::Change(at, byte) if !bytes.is_empty() => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Spoil::Change(..) => {}
            Spoil::Insert(at, byte) => bytes.insert(at.index(bytes.len() + 1), *byte),
            Spoil::Replace(other) => bytes.clone_from(other),
        }
        Some(bytes)
    }
}
