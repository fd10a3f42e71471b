//! How the init actor's state is encoded: an array of three, as in every network; or of four where users installed code.
//!
//! The state tells which it is, so nodes and tools read both, whatever features they were built with.

use std::fmt;

use filigree_builtin::POLICY;
use filigree_sdk::describe::{Field, Type};
use filigree_sdk::prelude::*;
use serde::de::{self, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::state::{AddressMap, Init, InstalledCode};

impl Serialize for Init {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut fields =
            serializer.serialize_seq(Some(3 + usize::from(self.installed.is_some())))?;
        fields.serialize_element(&self.address_map)?;
        fields.serialize_element(&self.next_id)?;
        fields.serialize_element(&self.network_name)?;
        if let Some(installed) = &self.installed {
            fields.serialize_element(installed)?;
        }
        fields.end()
    }
}

impl<'de> Deserialize<'de> for Init {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_seq(Fields)
    }
}

/// Reads the array.
struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Init;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an Init, which is an array of 3 or 4")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut fields: A) -> std::result::Result<Init, A::Error> {
        let missing = |at: usize| de::Error::invalid_length(at, &Self);
        Ok(Init {
            address_map: fields.next_element()?.ok_or_else(|| missing(0))?,
            next_id: fields.next_element()?.ok_or_else(|| missing(1))?,
            network_name: fields.next_element()?.ok_or_else(|| missing(2))?,
            installed: fields.next_element()?,
        })
    }
}

/// What this build's constructor makes.
impl Describe for Init {
    const TYPE: Type = Type::Tuple {
        name: "Init",
        fields: match POLICY.user_code {
            true => FIELDS,
            false => FIELDS.split_at(3).0,
        },
    };
}

const FIELDS: &[Field] = &[
    Field {
        name: "address_map",
        ty: &AddressMap::TYPE,
    },
    Field {
        name: "next_id",
        ty: &ActorID::TYPE,
    },
    Field {
        name: "network_name",
        ty: &String::TYPE,
    },
    Field {
        name: "installed",
        ty: &InstalledCode::TYPE,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use fvm_ipld_encoding::{from_slice, to_vec};

    #[test]
    fn three_fields_or_four() {
        let mut state = Init {
            address_map: Map::from_root(Cid::default()),
            next_id: 100,
            network_name: "test".to_owned(),
            installed: None,
        };
        for (installed, array) in [(None, 0x83), (Some(Map::from_root(Cid::default())), 0x84)] {
            state.installed = installed;
            let bytes = to_vec(&state).unwrap();
            assert_eq!(bytes[0], array);
            assert_eq!(from_slice::<Init>(&bytes).unwrap(), state);
            assert!(from_slice::<Init>(&bytes[..bytes.len() - 1]).is_err());
        }
        let five = [&to_vec(&state).unwrap()[1..], &[0x01]].concat();
        assert!(from_slice::<Init>(&[&[0x85], &five[..]].concat()).is_err());
    }
}
