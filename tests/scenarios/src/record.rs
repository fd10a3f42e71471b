//! What is kept of a scenario: of every step all that other actors, nodes and users can see of it.
//!
//! Code CIDs are the bundle's own. Wherever one stands, in parameters, returns and events, a CID made of the actor's name takes its
//! place, so that records of two bundles can be held beside each other. Gas is no part of a record.

use std::collections::BTreeMap;

use cid::Cid;
use filigree_vm::{Applied, Block, CallTrace};
use fvm_ipld_encoding::{IPLD_RAW, strict_bytes, to_vec};
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::{ActorID, MethodNum};
use multihash_codetable::{Code, MultihashDigest};
use serde::Serialize;

use crate::standing::Change;

/// A step: a message, or time that passed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// What was done: `f0101 → f05.2`.
    pub what: String,
    /// The messages: one, or a cron tick of each epoch.
    pub runs: Vec<Run>,
    /// How each actor stands that stood otherwise before.
    pub changes: BTreeMap<ActorID, Change>,
}

/// A message and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    /// When.
    pub epoch: ChainEpoch,
    /// The exit code of the receipt.
    pub exit_code: u32,
    /// What the receipt holds.
    pub returned: Option<Data>,
    /// The events, in order.
    pub events: Vec<Emitted>,
    /// The outermost call; `None` if the message was refused before it.
    pub call: Option<Node>,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Node {
    /// The caller.
    pub from: ActorID,
    /// The callee as the caller named it.
    pub to: Address,
    /// The callee's id and the name of its code, if it was reached.
    pub reached: Option<(ActorID, String)>,
    /// The method.
    pub method: MethodNum,
    /// The value sent, attoFIL.
    pub value: TokenAmount,
    /// Whether nothing could be changed.
    pub read_only: bool,
    /// The parameters.
    pub params: Option<Data>,
    /// The exit code.
    pub exit_code: u32,
    /// The number of the error, if the host refused the call.
    pub refused: Option<u32>,
    /// What came back.
    pub returned: Option<Data>,
    /// The calls it made, in order.
    pub calls: Vec<Node>,
}

/// A block of bytes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Data {
    /// IPLD codec.
    pub codec: u64,
    /// The bytes, with names for code CIDs.
    #[serde(with = "strict_bytes")]
    pub bytes: Vec<u8>,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Emitted {
    /// The actor.
    pub emitter: ActorID,
    /// Flags, key and value of each entry, in order.
    pub entries: Vec<(u64, String, Data)>,
}

/// Blake2b-256 of an encoded record.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Hash([u8; 32]);

impl Hash {
    /// Of a record.
    pub fn of(record: &impl Serialize) -> Self {
        let bytes = to_vec(record).expect("a record encodes");
        let digest = Code::Blake2b256.digest(&bytes);
        Self(digest.digest().try_into().expect("a digest of 32 bytes"))
    }
}

impl std::fmt::Display for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl Run {
    pub(crate) fn of(epoch: ChainEpoch, applied: &Applied, names: &Names) -> Self {
        let returned = &applied.receipt.return_data;
        let returned = applied.return_codec.map(|codec| Data {
            codec,
            bytes: names.replace(returned),
        });
        let events = applied.events.iter().map(|stamped| Emitted {
            emitter: stamped.emitter,
            entries: (stamped.event.entries.iter())
                .map(|entry| {
                    let value = Data {
                        codec: entry.codec,
                        bytes: names.replace(&entry.value),
                    };
                    (entry.flags.bits(), entry.key.clone(), value)
                })
                .collect(),
        });
        let (_, root) = CallTrace::from_events(&applied.trace);
        Self {
            epoch,
            exit_code: applied.receipt.exit_code.value(),
            returned,
            events: events.collect(),
            call: root.map(|call| Node::of(&call, names)),
        }
    }
}

impl Node {
    fn of(call: &CallTrace, names: &Names) -> Self {
        let data = |block: &Block| Data {
            codec: block.codec,
            bytes: names.replace(&block.data),
        };
        Self {
            from: call.from,
            to: call.to,
            reached: call
                .invoked
                .as_ref()
                .map(|(id, actor)| (*id, names.of(&actor.code))),
            method: call.method,
            value: call.value.clone(),
            read_only: call.read_only,
            params: call.params.as_ref().map(data),
            exit_code: call.code.value(),
            refused: call.refused.as_ref().map(|errno| errno.number as u32),
            returned: call.returned.as_ref().map(data),
            calls: call
                .calls
                .iter()
                .map(|call| Self::of(call, names))
                .collect(),
        }
    }
}

/// The names of a bundle's codes.
#[derive(Clone, Debug)]
pub struct Names(Vec<(Cid, String)>);

impl Names {
    /// Of the entries of a bundle's manifest.
    pub(crate) fn new(entries: Vec<(String, Cid)>) -> Self {
        Self(
            entries
                .into_iter()
                .map(|(name, code)| (code, name))
                .collect(),
        )
    }

    /// The name of a code; of one that is not the bundle's, its CID.
    pub fn of(&self, code: &Cid) -> String {
        let known = self.0.iter().find(|(cid, _)| cid == code);
        known.map_or_else(|| code.to_string(), |(_, name)| name.clone())
    }

    /// All names.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(_, name)| name.as_str())
    }

    /// The code with a name.
    pub fn code(&self, name: &str) -> Option<Cid> {
        let known = self.0.iter().find(|(_, known)| known == name);
        known.map(|(code, _)| *code)
    }

    /// The bytes, with CIDs made of names for codes. Both are of the same length.
    fn replace(&self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        let mut at = 0;
        while let Some(found) = bytes.get(at..at + CODE_BYTES) {
            let known = found.starts_with(CODE_HEAD).then(|| {
                let named = |(code, _): &&(Cid, String)| code.to_bytes() == found;
                self.0.iter().find(named)
            });
            match known.flatten() {
                Some((_, name)) => {
                    bytes[at..at + CODE_BYTES].copy_from_slice(&stand_in(name).to_bytes());
                    at += CODE_BYTES;
                }
                None => at += 1,
            }
        }
        bytes
    }
}

/// How the CID of a code begins: version 1, raw, blake2b-256 of 32 bytes.
const CODE_HEAD: &[u8] = &[0x01, 0x55, 0xa0, 0xe4, 0x02, 0x20];

const CODE_BYTES: usize = CODE_HEAD.len() + 32;

/// What stands for a code in records.
fn stand_in(name: &str) -> Cid {
    Cid::new_v1(IPLD_RAW, Code::Blake2b256.digest(name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_names_wherever_they_stand() {
        let code = |seed: &[u8]| Cid::new_v1(IPLD_RAW, Code::Blake2b256.digest(seed));
        let record = |multisig: Cid, paych: Cid| {
            let entries = vec![
                ("multisig".to_owned(), multisig),
                ("paych".to_owned(), paych),
            ];
            let bytes = [
                b"x",
                &multisig.to_bytes()[..],
                &multisig.to_bytes(),
                &paych.to_bytes(),
                b"y",
            ]
            .concat();
            Names::new(entries).replace(&bytes)
        };
        let one = record(code(b"1"), code(b"2"));
        assert_eq!(one, record(code(b"3"), code(b"4")));
        assert_eq!(one.len(), 2 + 3 * 38);
        assert_ne!(one, record(code(b"3"), code(b"3")));
    }
}
