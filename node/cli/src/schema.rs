//! What an actor's code says of itself, and calls made by it: a method by its name, parameters as JSON.
//!
//! The schema is in the Wasm, and the Wasm is on chain; parameters are encoded here, so that what is wrong with them is told before
//! anything is sent.

use anyhow::{Context, Result, bail};
use cid::Cid;
use filigree_blocks::TipsetKey;
use filigree_rpc::method::chain::ChainReadObj;
use filigree_rpc::method::state::actors::StateGetActor;
use filigree_schema::{Method, MethodKind, Schema, Type};
use fvm_ipld_encoding::RawBytes;
use fvm_shared::address::Address;
use fvm_shared::{METHOD_CONSTRUCTOR, METHOD_SEND};
use serde_json::Value;

use crate::node::Node;

/// A method to call, with its parameters encoded.
pub struct Prepared {
    /// Its number.
    pub number: u64,
    /// Its parameters.
    pub params: RawBytes,
}

/// The schema of an actor; none if its code brings none.
pub fn of_actor(node: &Node, actor: &Address) -> Result<Option<Schema>> {
    let tipset = TipsetKey::new([]);
    let state = node.call(StateGetActor {
        actor: *actor,
        tipset,
    });
    let state = state.with_context(|| format!("actor {actor}"))?;
    of_code(node, &state.code)
}

/// The schema of code that is on chain; none if it brings none.
pub fn of_code(node: &Node, code: &Cid) -> Result<Option<Schema>> {
    let wasm = node.call(ChainReadObj { cid: *code });
    let wasm = wasm.with_context(|| format!("code {code}"))?;
    Schema::from_wasm(&wasm.0).with_context(|| format!("the schema of code {code}"))
}

/// The method of this name or number, and its parameters encoded.
pub fn prepare(schema: Option<&Schema>, method: &str, params: Option<&str>) -> Result<Prepared> {
    let (number, method) = find(schema, method)?;
    Ok(Prepared {
        number,
        params: encode(method, params)?,
    })
}

/// Parameters of the constructor, encoded.
pub fn constructor(schema: Option<&Schema>, params: Option<&str>) -> Result<RawBytes> {
    encode(
        schema.and_then(|s| s.of_kind(MethodKind::Constructor)),
        params,
    )
}

/// Parameters of the upgrade, encoded.
pub fn upgrade(schema: Option<&Schema>, params: Option<&str>) -> Result<RawBytes> {
    encode(schema.and_then(|s| s.of_kind(MethodKind::Upgrade)), params)
}

fn find<'s>(schema: Option<&'s Schema>, method: &str) -> Result<(u64, Option<&'s Method>)> {
    let number = match method {
        "Send" | "send" => Some(METHOD_SEND),
        number => number.parse().ok(),
    };
    match (number, schema) {
        (Some(number), schema) => Ok((number, schema.and_then(|schema| schema.method(number)))),
        (None, Some(schema)) => {
            let method = schema.method_named(method)?;
            Ok((method.number, Some(method)))
        }
        (None, None) if method.eq_ignore_ascii_case("constructor") => {
            Ok((METHOD_CONSTRUCTOR, None))
        }
        (None, None) => bail!("the actor's code brings no schema: give the number of {method}"),
    }
}

fn encode(method: Option<&Method>, params: Option<&str>) -> Result<RawBytes> {
    let json = match params {
        None => Value::Null,
        Some(text) => json(text)?,
    };
    // Whatever block there is.
    let any = Method {
        name: "a method without a schema".to_owned(),
        number: 0,
        kind: MethodKind::Fallback,
        params: Vec::new(),
        returns: Type::Unit,
    };
    let method = method.unwrap_or(&any);
    let block = method.encode_params(&json).with_context(|| match params {
        Some(_) => format!("parameters of {}", signature(method)),
        None => format!("{} needs parameters, as JSON", signature(method)),
    })?;
    Ok(block.map_or_else(RawBytes::default, RawBytes::new))
}

/// JSON as it is typed: a lone word needs no quotes, so that an address is typed as it is.
fn json(text: &str) -> Result<Value> {
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        Err(_) if !text.trim_start().starts_with(['{', '[', '"']) => {
            Ok(Value::String(text.to_owned()))
        }
        Err(error) => Err(error).with_context(|| format!("parameters {text} are no JSON")),
    }
}

/// A method with what it takes and gives: `increment(by: u64) -> u64`.
pub fn signature(method: &Method) -> String {
    let params: Vec<String> = method
        .params
        .iter()
        .map(|param| format!("{}: {}", param.name, param.ty))
        .collect();
    let returns = match &method.returns {
        Type::Unit => String::new(),
        ty => format!(" -> {ty}"),
    };
    format!("{}({}){returns}", method.name, params.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counter() -> Schema {
        Schema::from_json(
            br#"{"filigree":1,"actor":"Counter","state":"u64","methods":[
            {"name":"constructor","number":"1","kind":"constructor","params":[{"name":"owner","type":"address"}],"returns":"unit"},
            {"name":"Increment","number":"7","kind":"method","params":[{"name":"by","type":"u64"}],"returns":"u64"}]}"#,
        )
        .unwrap()
    }

    #[test]
    fn methods_are_called_by_name_or_number() {
        let schema = counter();
        for method in ["Increment", "increment", "7"] {
            let prepared = prepare(Some(&schema), method, Some("5")).unwrap();
            assert_eq!((prepared.number, prepared.params.bytes()), (7, &[5_u8][..]));
        }
        let raw = prepare(None, "7", Some("0x05")).unwrap();
        assert_eq!((raw.number, raw.params.bytes()), (7, &[5_u8][..]));
        assert_eq!(prepare(Some(&schema), "send", None).unwrap().number, 0);
    }

    #[test]
    fn what_is_wrong_is_told_with_what_the_method_takes() {
        let schema = counter();
        for (method, params, part) in [
            (
                "increment",
                None,
                "Increment(by: u64) -> u64 needs parameters",
            ),
            ("increment", Some("-1"), "params.by"),
            ("increment", Some("{"), "no JSON"),
            ("incremnt", Some("1"), "ncrement"),
        ] {
            let error = prepare(Some(&schema), method, params).err().unwrap();
            let error = format!("{error:#}");
            assert!(error.contains(part), "{error}");
        }
        assert!(prepare(None, "increment", None).is_err());
    }

    #[test]
    fn a_lone_word_needs_no_quotes() {
        let schema = counter();
        let plain = constructor(Some(&schema), Some("f0100")).unwrap();
        let quoted = constructor(Some(&schema), Some("\"f0100\"")).unwrap();
        let named = constructor(Some(&schema), Some(r#"{"owner": "f0100"}"#)).unwrap();
        assert_eq!(plain, quoted);
        assert_eq!(plain, named);
    }
}
