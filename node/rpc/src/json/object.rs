//! Objects: a table of fields says what is written, what is read, and what the schema is.

use serde_json::{Map, Value, json};

use super::schema::described;
use super::{Json, Mismatch, Schemas};

/// Writes an object field by field.
#[derive(Debug)]
pub struct ObjectWriter<'a> {
    out: &'a mut String,
    before: char,
}

impl<'a> ObjectWriter<'a> {
    /// Begins an object.
    pub fn new(out: &'a mut String) -> Self {
        Self { out, before: '{' }
    }

    /// Writes a field.
    pub fn field(&mut self, name: &str, value: &impl Json) {
        self.name(name);
        value.write(self.out);
    }

    /// Writes a field that is null if it is zero.
    pub fn nil(&mut self, name: &str, value: &impl Json) {
        if value.is_zero() {
            self.name(name);
            self.out.push_str("null");
        } else {
            self.field(name, value);
        }
    }

    /// Writes a field unless it is zero.
    pub fn omit(&mut self, name: &str, value: &impl Json) {
        if !value.is_zero() {
            self.field(name, value);
        }
    }

    /// Ends the object.
    pub fn end(self) {
        if self.before == '{' {
            self.out.push('{');
        }
        self.out.push('}');
    }

    fn name(&mut self, name: &str) {
        self.out.push(self.before);
        self.before = ',';
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
    }
}

/// The fields of an object that is read.
#[derive(Debug)]
pub struct Fields(Map<String, Value>);

impl Fields {
    /// The fields of `value`.
    ///
    /// # Errors
    /// When it is no object.
    pub fn of(value: Value) -> Result<Self, Mismatch> {
        match value {
            Value::Object(fields) => Ok(Self(fields)),
            other => Err(Mismatch::expected("an object", &other)),
        }
    }

    /// Takes a field out: by its name, else by its name in other case, else it is null.
    ///
    /// # Errors
    /// When it is of another shape.
    pub fn take<T: Json>(&mut self, name: &str) -> Result<T, Mismatch> {
        let value = match self.0.remove(name) {
            Some(value) => value,
            None => {
                let similar = self
                    .0
                    .keys()
                    .find(|key| key.eq_ignore_ascii_case(name))
                    .cloned();
                similar
                    .and_then(|key| self.0.remove(&key))
                    .unwrap_or(Value::Null)
            }
        };
        T::read(value).map_err(|e| e.at(name))
    }
}

/// The schema of an object, field by field.
#[derive(Debug)]
pub struct ObjectSchema<'a> {
    schemas: &'a mut Schemas,
    properties: Map<String, Value>,
}

impl<'a> ObjectSchema<'a> {
    /// Of an object without fields.
    pub fn new(schemas: &'a mut Schemas) -> Self {
        let properties = Map::new();
        Self {
            schemas,
            properties,
        }
    }

    /// Adds the field that `get` gets. It is never called: it says the type.
    pub fn field<S, T: Json>(&mut self, name: &str, description: &str, _get: fn(&S) -> &T) {
        let schema = described(T::schema(self.schemas), description);
        self.properties.insert(name.to_owned(), schema);
    }

    /// Adds a field that is computed.
    pub fn computed<S, T: Json>(&mut self, name: &str, _compute: fn(&S) -> T) {
        let schema = T::schema(self.schemas);
        self.properties.insert(name.to_owned(), schema);
    }

    /// The schema.
    pub fn end(self) -> Value {
        json!({ "type": "object", "properties": self.properties })
    }
}

/// Implements [`Json`] for a struct by a table of fields: `"Name" => field`, in the order in which they are written.
///
/// `"Name" nil => field` writes null for zero, `"Name" omit => field` leaves zero out, `+ "Name" = function` is a field
/// that is computed when writing and ignored when reading.
#[macro_export]
macro_rules! json_object {
    ($type:ty as $name:expr => {
        $( $(#[doc = $doc:literal])* $key:literal $($mode:ident)? => $field:ident, )*
        $( + $ckey:literal = $compute:expr, )*
    }) => {
        impl $crate::json::Json for $type {
            fn write(&self, out: &mut String) {
                let mut object = $crate::json::ObjectWriter::new(out);
                $( $crate::json_object!(@write object, $key, &self.$field $(, $mode)?); )*
                $( object.field($ckey, &($compute as fn(&Self) -> _)(self)); )*
                object.end();
            }

            fn read(value: serde_json::Value) -> Result<Self, $crate::json::Mismatch> {
                let mut fields = $crate::json::Fields::of(value)?;
                Ok(Self { $( $field: fields.take($key)?, )* })
            }

            fn schema(schemas: &mut $crate::json::Schemas) -> serde_json::Value {
                schemas.named($name, |schemas| {
                    let mut object = $crate::json::object::ObjectSchema::new(schemas);
                    $( object.field($key, concat!($($doc, "\n"),*), |value: &Self| &value.$field); )*
                    $( object.computed($ckey, $compute as fn(&Self) -> _); )*
                    object.end()
                })
            }
        }
    };
    (@write $object:ident, $key:literal, $value:expr) => { $object.field($key, $value) };
    (@write $object:ident, $key:literal, $value:expr, $mode:ident) => { $object.$mode($key, $value) };
}

/// Declares structs together with their shapes: `"Name" => field: Type`, as in [`json_object!`](crate::json_object).
#[macro_export]
macro_rules! json_structs {
    ($(
        $(#[$attribute:meta])*
        struct $name:ident {
            $( $(#[doc = $doc:literal])+ $key:literal $($mode:ident)? => $field:ident: $type:ty, )*
        }
    )*) => { $(
        $(#[$attribute])*
        #[derive(Clone, PartialEq, Debug)]
        pub struct $name {
            $( $(#[doc = $doc])+ pub $field: $type, )*
        }

        $crate::json_object!($name as stringify!($name) => {
            $( $(#[doc = $doc])+ $key $($mode)? => $field, )*
        });
    )* };
}
