//! The OpenRPC document (open-rpc.org, version 1.2.6) of the table of methods: what `rpc.discover` answers.

use serde_json::{Value, json};

use crate::json::schema::{Schemas, one_line};
use crate::table::{Param, Row, Run};

/// The document of these methods.
pub fn document<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Value {
    let mut schemas = Schemas::default();
    let mut rows: Vec<&Row> = rows.into_iter().collect();
    rows.sort_by_key(|row| row.name);
    let methods: Vec<Value> = rows
        .into_iter()
        .map(|row| method(row, &mut schemas))
        .collect();
    json!({
        "openrpc": "1.2.6",
        "info": { "title": "Filigree RPC API", "version": env!("CARGO_PKG_VERSION") },
        "methods": methods,
        "components": { "schemas": schemas.into_value() },
    })
}

fn method(row: &Row, schemas: &mut Schemas) -> Value {
    let needed = needed_params(row);
    let params: Vec<Value> = row
        .params
        .iter()
        .enumerate()
        .map(|(at, param)| {
            let schema = (param.schema)(schemas);
            let doc = one_line(param.doc);
            let mut param_object =
                json!({ "name": param.name, "required": at < needed, "schema": schema });
            if !doc.is_empty() {
                param_object["description"] = doc.into();
            }
            param_object
        })
        .collect();
    let mut method = json!({
        "name": row.name,
        "description": one_line(row.doc),
        "paramStructure": "by-position",
        "params": params,
        "result": { "name": "result", "schema": (row.result)(schemas) },
        "x-permission": row.permission.name(),
    });
    if matches!(row.run, Run::Channel(_)) {
        method["x-channel"] = true.into();
    }
    method
}

/// How many parameters a method needs: those at the end that may be null may be left out.
pub(crate) fn needed_params(row: &Row) -> usize {
    let may_be_null = |param: &&Param| {
        let mut schemas = Schemas::default();
        let schema = (param.schema)(&mut schemas);
        let schema = match schema["$ref"].as_str() {
            Some(reference) => {
                let name = reference.rsplit('/').next().unwrap_or_default();
                schemas.into_value()[name].clone()
            }
            None => schema,
        };
        let is_null = |schema: &Value| match &schema["type"] {
            Value::Array(types) => types.iter().any(|name| name == "null"),
            name => name == "null",
        };
        let any = schema["oneOf"].as_array();
        is_null(&schema) || any.is_some_and(|any| any.iter().any(is_null))
    };
    let optional = row.params.iter().rev().take_while(may_be_null).count();
    row.params.len() - optional
}
