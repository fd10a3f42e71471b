//! Several actors in one CAR file, in the layout networks are upgraded with (that of filecoin-project/builtin-actors).
//!
//! The root block is `[1, CID of the list]`, the list `[[name, code CID], …]`, and each code a raw block. The host
//! numbers built-in actors by their place in the list, from 1, so order matters. The same actors in the same order
//! give the same bytes.

use std::collections::BTreeSet;

use cid::Cid;
use fvm_ipld_encoding::DAG_CBOR;
use multihash_codetable::{Code, MultihashDigest};
use serde::Serialize;

use crate::car::{self, Car, CarError};
use crate::code_cid::{RAW, code_cid};

mod diff;

pub use diff::{Changed, Diff, Renumbered};

/// The version of the layout.
const MANIFEST_VERSION: u32 = 1;

/// Longest name of an actor.
const MAX_NAME_BYTES: usize = 64;

/// Actors in a bundle, and bytes of all their code: more is no bundle, but a list that names one block over and over.
const MAX_ACTORS: usize = 1024;
const MAX_CODE_BYTES: usize = 1 << 30;

/// A bundle could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// Not a readable CAR file.
    #[error(transparent)]
    Car(#[from] CarError),
    /// A CAR file of something else.
    #[error("a CAR file, but not a bundle of actors: {0}")]
    NotABundle(String),
    /// A version of the layout that is not known.
    #[error("the bundle's layout has version {0}; version 1 is read")]
    Version(u32),
    /// The list names code that is not in the file.
    #[error("the code of {name}, {code}, is not in the file; the bundle is incomplete")]
    MissingCode {
        /// The actor.
        name: String,
        /// Its code CID.
        code: Box<Cid>,
    },
    /// Two actors of one name.
    #[error("{0} is in the list twice; give each actor a name of its own")]
    Twice(String),
    /// A name that is none.
    #[error("{0:?} is no name for an actor; use 1 to 64 letters, digits, - and _")]
    Name(String),
    /// More than a bundle can be.
    #[error(
        "the bundle lists {actors} actors with {code_bytes} bytes of code; at most {MAX_ACTORS} and {MAX_CODE_BYTES} are read"
    )]
    TooLarge {
        /// How many actors it lists.
        actors: usize,
        /// The size of their code, as far as it was added up.
        code_bytes: usize,
    },
    /// Nothing to bundle.
    #[error("a bundle needs at least one actor")]
    Empty,
}

/// One actor of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// What the list calls it, such as `storageminer`.
    pub name: String,
    /// The CID of its code.
    pub code: Cid,
    /// Its code.
    pub wasm: Vec<u8>,
}

/// A bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    actors: Vec<Actor>,
}

/// One line of a listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The number the host knows the actor by.
    pub number: usize,
    /// Its name.
    pub name: String,
    /// Its code CID.
    pub code_cid: String,
    /// The size of its code.
    pub size_bytes: usize,
}

impl Bundle {
    /// A bundle of these actors, in this order.
    pub fn new(actors: Vec<(String, Vec<u8>)>) -> Result<Self, BundleError> {
        let actors = actors.into_iter().map(|(name, wasm)| Actor {
            name,
            code: code_cid(&wasm),
            wasm,
        });
        let bundle = Bundle {
            actors: actors.collect(),
        };
        bundle.check_names()?;
        Ok(bundle)
    }

    fn check_names(&self) -> Result<(), BundleError> {
        if self.actors.is_empty() {
            return Err(BundleError::Empty);
        }
        let mut seen = BTreeSet::new();
        for Actor { name, .. } in &self.actors {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.chars().all(is_plain) {
                return Err(BundleError::Name(name.clone()));
            }
            if !seen.insert(name) {
                return Err(BundleError::Twice(name.clone()));
            }
        }
        Ok(())
    }

    /// Reads a bundle from a CAR file.
    pub fn read(bytes: &[u8]) -> Result<Self, BundleError> {
        let car = Car::read(bytes)?;
        let [root] = car.roots.as_slice() else {
            let text = format!("it has {} roots, a bundle has one", car.roots.len());
            return Err(BundleError::NotABundle(text));
        };
        let (version, data): (u32, Cid) = decode(&car, root, "the manifest")?;
        if version != MANIFEST_VERSION {
            return Err(BundleError::Version(version));
        }
        let list: Vec<(String, Cid)> = decode(&car, &data, "the list of actors")?;
        let mut actors = Vec::new();
        let (count, mut code_bytes) = (list.len(), 0usize);
        for (name, code) in list {
            let Some(wasm) = car.get(&code) else {
                let code = Box::new(code);
                return Err(BundleError::MissingCode { name, code });
            };
            code_bytes = code_bytes.saturating_add(wasm.len());
            if count > MAX_ACTORS || code_bytes > MAX_CODE_BYTES {
                return Err(BundleError::TooLarge {
                    actors: count,
                    code_bytes,
                });
            }
            actors.push((name, code, wasm));
        }
        let actors = actors.into_iter().map(|(name, code, wasm)| Actor {
            name,
            code,
            wasm: wasm.to_vec(),
        });
        let bundle = Bundle {
            actors: actors.collect(),
        };
        bundle.check_names()?;
        Ok(bundle)
    }

    /// The bundle as a CAR file, and its root.
    pub fn to_car(&self) -> (Cid, Vec<u8>) {
        let list: Vec<(&str, Cid)> = self
            .actors
            .iter()
            .map(|a| (a.name.as_str(), a.code))
            .collect();
        let (data_cid, data) = encode(&list);
        let (root_cid, root) = encode(&(MANIFEST_VERSION, data_cid));
        let mut seen = BTreeSet::new();
        let codes = self.actors.iter().filter(|a| seen.insert(a.code));
        let blocks = [(root_cid, root.as_slice()), (data_cid, data.as_slice())]
            .into_iter()
            .chain(codes.map(|a| (a.code, a.wasm.as_slice())));
        (root_cid, car::write(root_cid, blocks))
    }

    /// The actors in order.
    pub fn actors(&self) -> &[Actor] {
        &self.actors
    }

    /// The actor of that name.
    pub fn actor(&self, name: &str) -> Option<&Actor> {
        self.actors.iter().find(|a| a.name == name)
    }

    /// A line for each actor.
    pub fn entries(&self) -> Vec<Entry> {
        let actors = self.actors.iter().enumerate();
        actors
            .map(|(index, actor)| Entry {
                number: index + 1,
                name: actor.name.clone(),
                code_cid: actor.code.to_string(),
                size_bytes: actor.wasm.len(),
            })
            .collect()
    }

    /// What is different in `after`.
    pub fn diff(&self, after: &Bundle) -> Diff {
        Diff::between(self, after)
    }
}

fn encode(value: &impl Serialize) -> (Cid, Vec<u8>) {
    let bytes = fvm_ipld_encoding::to_vec(value).expect("names, numbers and CIDs encode");
    (
        Cid::new_v1(DAG_CBOR, Code::Blake2b256.digest(&bytes)),
        bytes,
    )
}

fn decode<T: serde::de::DeserializeOwned>(
    car: &Car<'_>,
    cid: &Cid,
    what: &str,
) -> Result<T, BundleError> {
    if cid.codec() == RAW {
        return Err(BundleError::NotABundle(format!(
            "{what}, {cid}, is not DAG-CBOR"
        )));
    }
    let block = car.get(cid);
    let block =
        block.ok_or_else(|| BundleError::NotABundle(format!("{what}, {cid}, is missing")))?;
    fvm_ipld_encoding::from_slice(block)
        .map_err(|e| BundleError::NotABundle(format!("{what} is not readable: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(actors: &[(&str, &[u8])]) -> Result<Bundle, BundleError> {
        let owned = actors
            .iter()
            .map(|(name, wasm)| ((*name).to_owned(), wasm.to_vec()));
        Bundle::new(owned.collect())
    }

    #[test]
    fn what_is_written_is_read_and_the_host_takes_it() {
        let made = bundle(&[("system", b"1"), ("init", b"2"), ("copy", b"1")]).unwrap();
        let (root, car) = made.to_car();
        assert_eq!(Bundle::read(&car).unwrap(), made);
        assert_eq!(made.to_car(), (root, car.clone()));
        assert_eq!(made.entries()[1].number, 2);
        assert_eq!(made.actor("init").unwrap().code, code_cid(b"2"));
        // One block for equal codes.
        assert_eq!(Car::read(&car).unwrap().blocks.len(), 4);
    }

    #[test]
    fn names_are_checked() {
        assert!(matches!(bundle(&[]), Err(BundleError::Empty)));
        assert!(matches!(
            bundle(&[("a", b""), ("a", b"")]),
            Err(BundleError::Twice(_))
        ));
        for name in ["", "a b", "\u{e9}", &"x".repeat(65)] {
            assert!(
                matches!(bundle(&[(name, b"")]), Err(BundleError::Name(_))),
                "{name}"
            );
        }
    }

    #[test]
    fn other_cars_are_told_apart() {
        let check = |car: &[u8], part: &str| {
            let error = Bundle::read(car).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        };
        let raw = code_cid(b"x");
        check(&car::write(raw, [(raw, &b"x"[..])]), "not DAG-CBOR");
        let (cid, bytes) = encode(&"text");
        check(&car::write(cid, [(cid, &bytes[..])]), "not readable");
        check(&car::write(cid, []), "is missing");
        let (cid, bytes) = encode(&(2, raw));
        check(&car::write(cid, [(cid, &bytes[..])]), "version 2");
        let (list_cid, list) = encode(&[("system", raw)]);
        let (cid, bytes) = encode(&(1, list_cid));
        check(&car::write(cid, [(cid, &bytes[..])]), "the list of actors");
        check(
            &car::write(cid, [(cid, &bytes[..]), (list_cid, &list[..])]),
            "the code of system",
        );
        check(b"", "empty");
    }

    #[test]
    fn a_list_cannot_multiply_a_block() {
        let code = vec![7; 1 << 20];
        let raw = code_cid(&code);
        let list: Vec<(String, Cid)> = (0..100_000).map(|n| (n.to_string(), raw)).collect();
        let (list_cid, list) = encode(&list);
        let (cid, bytes) = encode(&(1, list_cid));
        let car = car::write(
            cid,
            [(cid, &bytes[..]), (list_cid, &list[..]), (raw, &code[..])],
        );
        let error = Bundle::read(&car).unwrap_err();
        assert!(
            matches!(
                error,
                BundleError::TooLarge {
                    actors: 100_000,
                    ..
                }
            ),
            "{error}"
        );
    }
}
