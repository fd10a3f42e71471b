//! JSON schemas of shapes, collected while they are asked for.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// The named schemas met so far.
#[derive(Default, Debug)]
pub struct Schemas(BTreeMap<&'static str, Value>);

impl Schemas {
    /// A reference to the schema `name`, made by `make` when it is asked for the first time. A shape may contain itself.
    pub fn named(&mut self, name: &'static str, make: impl FnOnce(&mut Self) -> Value) -> Value {
        if !self.0.contains_key(name) {
            self.0.insert(name, Value::Null);
            let schema = make(self);
            self.0.insert(name, schema);
        }
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }

    /// All of them by their names.
    pub fn into_value(self) -> Value {
        let named = self
            .0
            .into_iter()
            .map(|(name, schema)| (name.to_owned(), schema));
        Value::Object(named.collect::<Map<_, _>>())
    }
}

/// The schema `schema`, or null.
pub fn or_null(schema: Value) -> Value {
    json!({ "oneOf": [schema, { "type": "null" }] })
}

/// `schema` with a description, if there is one. A reference stands alone in JSON schema, so it is wrapped.
pub fn described(schema: Value, description: &str) -> Value {
    let description = one_line(description);
    if description.is_empty() {
        return schema;
    }
    match schema {
        Value::Object(mut fields) if !fields.contains_key("$ref") => {
            fields.insert("description".into(), description.into());
            Value::Object(fields)
        }
        reference => json!({ "allOf": [reference], "description": description }),
    }
}

/// Lines of a doc comment as one line of text.
pub(crate) fn one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines.join(" ").trim().to_owned()
}
