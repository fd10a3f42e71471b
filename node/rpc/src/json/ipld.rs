//! Blocks of the store as JSON: links as in DAG-JSON, bytes in base64.

use cid::Cid;
use fvm_ipld_encoding::{CBOR, DAG_CBOR};
use ipld_core::ipld::Ipld;
use serde_json::{Map, Value, json};

use super::{Mismatch, quoted};
use crate::error::{Reply, RpcError};

/// Longest text of a CID that is looked at.
const MAX_CID_TEXT: usize = 256;

/// The CID of its text.
///
/// # Errors
/// When it is none.
pub fn parse_cid(text: &str) -> Result<Cid, Mismatch> {
    let none = |why: String| {
        Mismatch::new(format!(
            "{} is no CID{why}; one looks like bafy2bzace…",
            quoted(text)
        ))
    };
    if text.len() > MAX_CID_TEXT {
        return Err(none(format!(": it has {} letters", text.len())));
    }
    text.parse().map_err(|_| none(String::new()))
}

/// What is in a block.
///
/// # Errors
/// When it is not what its CID says.
pub fn decode(cid: &Cid, data: &[u8]) -> Reply<Ipld> {
    match cid.codec() {
        CBOR | DAG_CBOR => fvm_ipld_encoding::from_slice(data)
            .map_err(|e| RpcError::general(format!("{cid} in the store: {e}"))),
        _ => Ok(Ipld::Bytes(data.to_vec())),
    }
}

/// Visits the links in a value.
pub fn for_each_link(value: &Ipld, visit: &mut impl FnMut(&Cid)) {
    match value {
        Ipld::Link(cid) => visit(cid),
        Ipld::List(items) => items.iter().for_each(|item| for_each_link(item, visit)),
        Ipld::Map(fields) => fields
            .values()
            .for_each(|field| for_each_link(field, visit)),
        _ => {}
    }
}

/// The JSON of a value.
pub fn to_json(value: Ipld) -> Value {
    match value {
        Ipld::Null => Value::Null,
        Ipld::Bool(value) => Value::Bool(value),
        Ipld::Integer(number) => match (i64::try_from(number), u64::try_from(number)) {
            (Ok(number), _) => number.into(),
            (_, Ok(number)) => number.into(),
            // Below all that JSON's readers take for a whole number.
            _ => number.to_string().into(),
        },
        Ipld::Float(number) => json!(number),
        Ipld::String(text) => Value::String(text),
        Ipld::Bytes(bytes) => base64(&bytes),
        Ipld::List(items) => items.into_iter().map(to_json).collect(),
        Ipld::Map(fields) => {
            let fields = fields.into_iter();
            Value::Object(
                fields
                    .map(|(name, value)| (name, to_json(value)))
                    .collect::<Map<_, _>>(),
            )
        }
        Ipld::Link(cid) => link(&cid),
    }
}

/// A CID as in DAG-JSON.
pub fn link(cid: &Cid) -> Value {
    json!({ "/": cid.to_string() })
}

fn base64(bytes: &[u8]) -> Value {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD
        .encode(bytes)
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_shown_with_their_links() {
        let cid: Cid = "bafy2bzacea3wsdh6y3a36tb3skempjoxqpuyompjbmfeyf34fi3uy6uue42v4"
            .parse()
            .unwrap();
        let block =
            fvm_ipld_encoding::to_vec(&(1, -2, "text", Some(cid), None::<u8>, true)).unwrap();
        let value = decode(&cid, &block).unwrap();
        let mut links = Vec::new();
        for_each_link(&value, &mut |link| links.push(*link));
        assert_eq!(links, [cid]);
        let expected = json!([1, -2, "text", { "/": cid.to_string() }, null, true]);
        assert_eq!(to_json(value), expected);
        assert_eq!(
            to_json(Ipld::Bytes(b"byte array".to_vec())),
            "Ynl0ZSBhcnJheQ=="
        );
        assert!(decode(&cid, &[0x82, 1]).is_err());
        let deep = [vec![0x81; 1 << 20], vec![1]].concat();
        assert!(decode(&cid, &deep).is_err());
    }

    #[test]
    fn what_is_no_cid_is_said_in_words() {
        let error = parse_cid("nope").unwrap_err().to_string();
        assert_eq!(error, "\"nope\" is no CID; one looks like bafy2bzace…");
        let long = parse_cid(&"b".repeat(1 << 20)).unwrap_err().to_string();
        assert!(long.len() < 200, "{long:.300}");
    }
}
