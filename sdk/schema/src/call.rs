//! Parameters and returns of methods: the wire rule, and the JSON that people write for it.
//!
//! No parameter makes no block, exactly one is encoded as itself, two or more are a DAG-CBOR array. A return of type
//! unit is no block. A lone [`Type::Block`] is the block itself, with a codec of its own. Actors read null where there is
//! no block, and so do we. The fallback answers to methods that no schema knows: its blocks are shown as they are.

use fvm_ipld_encoding::CBOR;
use fvm_ipld_encoding::ipld_block::IpldBlock;
use serde_json::{Map, Value, json};

use crate::cbor::{self, Reader, Reading, read_either_way};
use crate::decode::Decoder;
use crate::encode::Encoder;
use crate::{Field, Method, MethodKind, Type, ValueError, hex, hint, number};

/// Roots of paths in errors.
const PARAMS: &str = "params";
const RETURN: &str = "return";

/// What an actor reads where there is no block.
const NULL: &[u8] = &[0xf6];

impl Method {
    /// The parameters' block, without its codec: see [`encode_params_block`](Method::encode_params_block).
    pub fn encode_params(&self, json: &Value) -> Result<Option<Vec<u8>>, ValueError> {
        Ok(self.encode_params_block(json)?.map(|block| block.data))
    }

    /// The parameters' block from an object by name, or an array in order; a lone parameter also bare. `null` for a
    /// method without parameters. The codec is CBOR, that of messages, save for a lone block that says another.
    ///
    /// A fallback takes any block: `null`, hex, or codec and hex.
    pub fn encode_params_block(&self, json: &Value) -> Result<Option<IpldBlock>, ValueError> {
        match self.params.as_slice() {
            [] if self.is_open() && !is_empty(json) => block(PARAMS, json),
            [] => no_params(json).map(|()| None),
            [param] => lone(param, json),
            params => {
                let mut encoder = Encoder::new(PARAMS);
                let mut data = Vec::new();
                cbor::put_array(&mut data, params.len());
                match json {
                    Value::Object(named) => encoder.named(params, named, &mut data)?,
                    Value::Array(items) if items.len() == params.len() => {
                        for (param, item) in params.iter().zip(items) {
                            encoder.path.enter_field(&param.name);
                            encoder.value(&param.ty, item, &mut data)?;
                            encoder.path.leave();
                        }
                    }
                    _ => return Err(wrong_params(params, json)),
                }
                Ok(Some(IpldBlock { codec: CBOR, data }))
            }
        }
    }

    /// The parameters as an object by name. A lone block is `null` or hex, and so is all that a fallback takes.
    pub fn decode_params(&self, data: Option<&[u8]>) -> Result<Value, ValueError> {
        let params = self.params.as_slice();
        // Messages carry no block and an empty one alike.
        let block = data.filter(|data| !data.is_empty());
        let value = match (params, block) {
            ([], Some(_)) if self.is_open() => return Ok(whole_block(data)),
            ([], None) => return Ok(Value::Object(Map::new())),
            ([], Some(block)) => {
                let found = format!("a block of {} bytes", block.len());
                return Err(error(
                    PARAMS,
                    found,
                    "the method takes no parameters".to_owned(),
                ));
            }
            ([param], _) if param.ty.inner() == &Type::Block => {
                return Ok(json!({ &param.name: whole_block(data) }));
            }
            ([param], None) => vec![
                param
                    .ty
                    .decode_at(PARAMS, NULL)
                    .map_err(|_| no_block(params))?,
            ],
            (_, None) => return Err(no_block(params)),
            ([param], Some(block)) => {
                vec![read_either_way(|reading| {
                    let mut decoder = Decoder::new(PARAMS, reading, None);
                    decoder.path.enter_field(&param.name);
                    decoder.block(&param.ty, block)
                })?]
            }
            (_, Some(block)) => read_either_way(|reading| in_order(params, block, reading))?,
        };
        let names = params.iter().map(|param| param.name.clone());
        Ok(Value::Object(names.zip(value).collect()))
    }

    /// The return value; `null` for unit. A block is `null` or hex.
    pub fn decode_return(&self, data: Option<&[u8]>) -> Result<Value, ValueError> {
        let block = data.filter(|data| !data.is_empty());
        match (self.returns.inner(), block) {
            (Type::Block, _) => Ok(whole_block(data)),
            (Type::Unit, Some(_)) if self.is_open() => Ok(whole_block(data)),
            (_, Some(block)) => self.returns.decode_at(RETURN, block),
            (_, None) => self
                .returns
                .decode_at(RETURN, NULL)
                .map_err(|_| error(RETURN, "no block".to_owned(), hint::in_cbor(&self.returns))),
        }
    }

    /// Whether it takes and gives whatever block: a fallback that says no more.
    pub(crate) fn is_open(&self) -> bool {
        self.kind == MethodKind::Fallback && self.params.is_empty()
    }

    /// The block that the method returns for this value: for tests that play an actor.
    pub fn encode_return(&self, json: &Value) -> Result<Option<Vec<u8>>, ValueError> {
        match self.returns.inner() {
            Type::Block => Ok(block(RETURN, json)?.map(|block| block.data)),
            Type::Unit if json.is_null() => Ok(None),
            _ => self.returns.encode_at(RETURN, json).map(Some),
        }
    }
}

fn no_block(params: &[Field]) -> ValueError {
    let remedy = format!("the method takes {}", names(params));
    error(PARAMS, "no block".to_owned(), remedy)
}

fn is_empty(json: &Value) -> bool {
    match json {
        Value::Null => true,
        Value::Object(named) => named.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn no_params(json: &Value) -> Result<(), ValueError> {
    match is_empty(json) {
        true => Ok(()),
        false => Err(error(
            PARAMS,
            hint::of_json(json),
            "the method takes no parameters: write {}".to_owned(),
        )),
    }
}

/// The block of a lone parameter: by name, in order or bare.
fn lone(param: &Field, json: &Value) -> Result<Option<IpldBlock>, ValueError> {
    let bare = || lone_value(param, json);
    match json {
        Value::Object(named) => match (named.len(), named.get(&param.name)) {
            // By name, unless it only makes sense as the value: a struct with one field of the parameter's name.
            (1, Some(value)) => lone_value(param, value).or_else(|error| bare().map_err(|_| error)),
            (0, _) if matches!(param.ty.inner(), Type::Option(_)) => {
                lone_value(param, &Value::Null)
            }
            _ => bare().map_err(|error| match may_be_object(&param.ty) {
                true => error,
                false => wrong_params(std::slice::from_ref(param), json),
            }),
        },
        Value::Array(items) => match items.as_slice() {
            [item] => match (lone_value(param, item), bare()) {
                (Ok(first), Ok(second)) if first != second => {
                    let remedy = format!(
                        "it may be the parameter or hold it; write {{{:?}: …}}",
                        param.name
                    );
                    Err(error(PARAMS, hint::of_json(json), remedy))
                }
                (Ok(block), _) | (_, Ok(block)) => Ok(block),
                (_, bare) if may_be_array(&param.ty) && !item.is_array() => bare,
                (in_order, _) => in_order,
            },
            _ => bare(),
        },
        _ => bare(),
    }
}

fn lone_value(param: &Field, json: &Value) -> Result<Option<IpldBlock>, ValueError> {
    if param.ty.inner() == &Type::Block {
        return block(PARAMS, json);
    }
    let mut encoder = Encoder::new(PARAMS);
    encoder.path.enter_field(&param.name);
    let mut data = Vec::new();
    encoder.value(&param.ty, json, &mut data)?;
    Ok(Some(IpldBlock { codec: CBOR, data }))
}

/// A block as it is: `null`, hex, or codec and hex.
fn block(root: &'static str, json: &Value) -> Result<Option<IpldBlock>, ValueError> {
    let (codec, data) = match json {
        Value::Null => return Ok(None),
        Value::Object(named) if named.len() == 2 => {
            let codec = named.get("codec").and_then(number::parse);
            let codec = codec.and_then(|codec| u64::try_from(codec).ok());
            (codec, named.get("data").unwrap_or(&Value::Null))
        }
        data => (Some(CBOR), data),
    };
    let data = data.as_str().and_then(hex::parse);
    let block = codec
        .zip(data)
        .map(|(codec, data)| IpldBlock { codec, data });
    block
        .map(Some)
        .ok_or_else(|| error(root, hint::of_json(json), hint::in_json(&Type::Block)))
}

fn whole_block(data: Option<&[u8]>) -> Value {
    data.map_or(Value::Null, |data| Value::from(hex::print(data)))
}

fn in_order(params: &[Field], block: &[u8], reading: Reading) -> Result<Vec<Value>, ValueError> {
    let mut input = Reader::new(block, reading);
    let takes = || format!("the method takes {} as an array", names(params));
    let length = input
        .array()
        .map_err(|malformed| error(PARAMS, malformed.found, takes()))?;
    if length != params.len() as u64 {
        return Err(error(PARAMS, format!("an array of {length}"), takes()));
    }
    let mut decoder = Decoder::new(PARAMS, reading, None);
    let mut values = Vec::new();
    for param in params {
        decoder.path.enter_field(&param.name);
        values.push(decoder.value(&param.ty, &mut input)?);
        decoder.path.leave();
    }
    input
        .end()
        .map_err(|malformed| error(PARAMS, malformed.found, takes()))?;
    Ok(values)
}

fn may_be_object(ty: &Type) -> bool {
    match ty.inner() {
        Type::Option(inner) => may_be_object(inner),
        ty => matches!(
            ty,
            Type::Tuple { .. } | Type::BTree { .. } | Type::Any | Type::Block
        ),
    }
}

fn may_be_array(ty: &Type) -> bool {
    match ty.inner() {
        Type::Option(inner) => may_be_array(inner),
        ty => matches!(
            ty,
            Type::Tuple { .. } | Type::List(_) | Type::BitField | Type::Any
        ),
    }
}

/// `to (address), amount (token)`.
fn names(params: &[Field]) -> String {
    let names: Vec<String> = params
        .iter()
        .map(|param| format!("{} ({})", param.name, param.ty))
        .collect();
    names.join(", ")
}

fn wrong_params(params: &[Field], json: &Value) -> ValueError {
    let remedy = format!(
        "the method takes {}: write them by name, or as an array in order",
        names(params)
    );
    error(PARAMS, hint::of_json(json), remedy)
}

fn error(path: &str, found: String, remedy: String) -> ValueError {
    let path = path.to_owned();
    ValueError {
        path,
        found,
        remedy,
    }
}

#[cfg(test)]
mod tests;
