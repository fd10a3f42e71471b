//! One field of an actor's state, by its place. Some figures have kept their places through all versions of the actors while
//! the states around them changed; read like this, they are read of any version.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, SeqAccess, Visitor};

/// The field at a place, from 0, of an array: `from_slice::<Field<u64, 3>>(block)`.
pub(crate) struct Field<T, const PLACE: usize>(pub T);

impl<'de, T: Deserialize<'de>, const PLACE: usize> Deserialize<'de> for Field<T, PLACE> {
    fn deserialize<D: Deserializer<'de>>(decoder: D) -> Result<Self, D::Error> {
        decoder.deserialize_seq(Fields(PhantomData))
    }
}

struct Fields<T, const PLACE: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const PLACE: usize> Visitor<'de> for Fields<T, PLACE> {
    type Value = Field<T, PLACE>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array of more than {PLACE} fields")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        for place in 0..PLACE {
            let skipped = fields.next_element::<IgnoredAny>()?;
            skipped.ok_or_else(|| A::Error::invalid_length(place, &self))?;
        }
        let field = fields.next_element()?;
        let field = field.ok_or_else(|| A::Error::invalid_length(PLACE, &self))?;
        while fields.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Field(field))
    }
}

#[cfg(test)]
mod tests {
    use fvm_ipld_encoding::{from_slice, to_vec};

    use super::*;

    #[test]
    fn a_field_is_found_by_its_place() {
        let block = to_vec(&(1u64, "two", (3u64, 4u64), 5u64)).unwrap();
        assert_eq!(from_slice::<Field<u64, 0>>(&block).unwrap().0, 1);
        assert_eq!(from_slice::<Field<String, 1>>(&block).unwrap().0, "two");
        assert_eq!(from_slice::<Field<u64, 3>>(&block).unwrap().0, 5);
        assert!(from_slice::<Field<u64, 4>>(&block).is_err());
        assert!(from_slice::<Field<u64, 1>>(&block).is_err());
        assert!(from_slice::<Field<u64, 0>>(&block[..4]).is_err());
    }
}
