//! DAG-CBOR to JSON by type. The exact inverse of `encode`: what is printed here encodes to the same bytes, when those
//! were canonical; forms that are not (long heads, unsorted maps) are read all the same.

use cid::Cid;
use fvm_shared::address::Address;
use serde_json::{Map, Value};

use crate::cbor::{Malformed, Reader, Reading, read_either_way};
use crate::deep::Deep;
use crate::path::Path;
use crate::{Field, Schema, Type, ValueError, bits, hex, hint, number, text_key, token, types};

/// Values within values, at most: more than types (64) and free-form values (128) take together.
pub(crate) const MAX_VALUE_DEPTH: usize = 256;

impl Type {
    /// The JSON of a value of this type. CIDs of maps, arrays and links are printed as text.
    pub fn decode(&self, cbor: &[u8]) -> Result<Value, ValueError> {
        self.decode_at("value", cbor)
    }

    pub(crate) fn decode_at(&self, root: &'static str, cbor: &[u8]) -> Result<Value, ValueError> {
        read_either_way(|reading| Decoder::new(root, reading, None).block(self, cbor))
    }
}

impl Schema {
    /// The JSON of the actor's state root. `None` when the actor keeps no state.
    pub fn decode_state(&self, cbor: &[u8]) -> Result<Option<Value>, ValueError> {
        let state = self.state.as_ref();
        state.map(|ty| ty.decode_at("state", cbor)).transpose()
    }
}

/// One walk over a value.
pub(crate) struct Decoder<'t, 's> {
    reading: Reading,
    pub(crate) path: Path<'t>,
    pub(crate) deep: Option<Deep<'s>>,
    depth: usize,
}

impl<'t, 's> Decoder<'t, 's> {
    pub(crate) fn new(
        root: &'static str,
        reading: Reading,
        deep: Option<Deep<'s>>,
    ) -> Decoder<'t, 's> {
        let path = Path::new(root);
        Decoder {
            reading,
            path,
            deep,
            depth: 0,
        }
    }

    /// A block that holds one value and nothing else.
    pub(crate) fn block(&mut self, ty: &'t Type, cbor: &[u8]) -> Result<Value, ValueError> {
        let mut input = Reader::new(cbor, self.reading);
        let value = self.value(ty, &mut input)?;
        input
            .end()
            .map_err(|malformed| self.malformed(malformed, ty))?;
        Ok(value)
    }

    pub(crate) fn value(
        &mut self,
        ty: &'t Type,
        input: &mut Reader<'_>,
    ) -> Result<Value, ValueError> {
        self.depth += 1;
        if self.depth > MAX_VALUE_DEPTH {
            let remedy = format!("values are read down to {MAX_VALUE_DEPTH} levels");
            return Err(self.error("a deeper value".to_owned(), remedy));
        }
        let value = self.by_type(ty, input)?;
        self.depth -= 1;
        Ok(value)
    }

    fn by_type(&mut self, ty: &'t Type, input: &mut Reader<'_>) -> Result<Value, ValueError> {
        match ty {
            Type::Option(inner) if !input.skip_null() => self.value(inner, input),
            Type::Option(_) => Ok(Value::Null),
            Type::Transparent { ty, .. } => self.value(ty, input),
            Type::List(inner) => self.list(ty, inner, input),
            Type::Tuple { fields, .. } => self.tuple(ty, fields, input),
            Type::BTree { key, value } => self.btree(ty, (key, value), input),
            Type::Any => self.any(input),
            Type::Cid => Ok(Value::from(self.cid(ty, input)?.to_string())),
            Type::Map { .. } | Type::Array { .. } | Type::Link(_) => {
                let cid = self.cid(ty, input)?;
                self.follow(ty, cid)
            }
            _ => scalar(ty, input).map_err(|malformed| self.malformed(malformed, ty)),
        }
    }

    fn list(
        &mut self,
        ty: &Type,
        inner: &'t Type,
        input: &mut Reader<'_>,
    ) -> Result<Value, ValueError> {
        let length = input
            .array()
            .map_err(|malformed| self.malformed(malformed, ty))?;
        let mut items = Vec::new();
        for index in 0..length {
            self.path.enter_index(index);
            items.push(self.value(inner, input)?);
            self.path.leave();
        }
        Ok(Value::Array(items))
    }

    fn tuple(
        &mut self,
        ty: &Type,
        fields: &'t [Field],
        input: &mut Reader<'_>,
    ) -> Result<Value, ValueError> {
        let at = input.at();
        let length = input
            .array()
            .map_err(|malformed| self.malformed(malformed, ty))?;
        if length != fields.len() as u64 {
            return Err(self.error(
                format!("an array of {length} (at byte {at})"),
                hint::in_cbor(ty),
            ));
        }
        let mut values = Vec::new();
        for (index, field) in fields.iter().enumerate() {
            match field.name.as_str() {
                "" => self.path.enter_index(index as u64),
                name => self.path.enter_field(name),
            }
            values.push(self.value(&field.ty, input)?);
            self.path.leave();
        }
        if !types::are_named(fields) {
            return Ok(Value::Array(values));
        }
        let names = fields.iter().map(|field| field.name.clone());
        Ok(Value::Object(names.zip(values).collect()))
    }

    fn btree(
        &mut self,
        ty: &Type,
        (key_type, value_type): (&'t Type, &'t Type),
        input: &mut Reader<'_>,
    ) -> Result<Value, ValueError> {
        let length = input
            .map()
            .map_err(|malformed| self.malformed(malformed, ty))?;
        let has_text = key_type.is_text_key();
        let (mut named, mut pairs) = (Map::new(), Vec::new());
        for index in 0..length {
            self.path.enter_index(index);
            let key = self.value(key_type, input)?;
            self.path.leave();
            let text = text_key::of_json(key.clone()).filter(|_| has_text);
            match &text {
                Some(text) => self.path.enter_key(text),
                None => self.path.enter_index(index),
            }
            let value = self.value(value_type, input)?;
            self.path.leave();
            match text {
                // As in Rust: of two values for one key, the later stays.
                Some(text) => drop(named.insert(text, value)),
                None => pairs.push(Value::Array(vec![key, value])),
            }
        }
        match has_text {
            true => Ok(Value::Object(named)),
            false => Ok(Value::Array(pairs)),
        }
    }

    fn cid(&self, ty: &Type, input: &mut Reader<'_>) -> Result<Cid, ValueError> {
        input
            .cid()
            .map_err(|malformed| self.malformed(malformed, ty))
    }

    pub(crate) fn malformed(&self, malformed: Malformed, ty: &Type) -> ValueError {
        self.error(malformed.found, hint::in_cbor(ty))
    }

    pub(crate) fn error(&self, found: String, remedy: String) -> ValueError {
        let path = self.path.to_string();
        ValueError {
            path,
            found,
            remedy,
        }
    }
}

/// A value without values inside.
fn scalar(ty: &Type, input: &mut Reader<'_>) -> Result<Value, Malformed> {
    let at = input.at();
    let value = match ty {
        Type::Unit if input.skip_null() => Ok(Value::Null),
        Type::Unit => Err(input.head()?.words()),
        Type::Bool => Ok(Value::Bool(input.bool()?)),
        Type::String => Ok(Value::from(input.text()?)),
        Type::Bytes | Type::Block => Ok(Value::from(hex::print(&input.bytes()?))),
        Type::Address => {
            let bytes = input.bytes()?;
            let address =
                Address::from_bytes(&bytes).map(|address| Value::from(address.to_string()));
            address
                .map_err(|error| format!("the bytes {}: {error}", hint::clip(&hex::print(&bytes))))
        }
        Type::Token | Type::BigInt => {
            let bytes = input.bytes()?;
            let number = token::from_wire(&bytes).map(|number| Value::from(number.to_string()));
            number.ok_or_else(|| format!("the bytes {}", hint::clip(&hex::print(&bytes))))
        }
        Type::BitField => bits::from_wire(&input.bytes()?),
        Type::Enum { variants, .. } => {
            let number = input.int()?;
            let variant = variants
                .iter()
                .find(|variant| i128::from(variant.value) == number);
            variant
                .map(|variant| Value::from(variant.name.as_str()))
                .ok_or_else(|| format!("the integer {number}"))
        }
        _ => {
            let number = input.int()?;
            let fits = ty
                .int_range()
                .is_some_and(|(least, most)| (least..=most).contains(&number));
            fits.then(|| number::print(number))
                .ok_or_else(|| format!("the integer {number}"))
        }
    };
    value.map_err(|what| Malformed {
        found: format!("{what} (at byte {at})"),
    })
}
