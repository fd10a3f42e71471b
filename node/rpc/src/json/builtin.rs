//! States, parameters and returns of built-in actors as Lotus shows them: fields by their names in Go (go-state-types), CIDs as links,
//! bytes in base64, sets as runs, empty lists as null.
//!
//! What an actor's schema says of a value is kept: both ways follow the value and its type. Fields are read by either name, but bytes in
//! base64 alone, never in hex. Actors of users are shown as their schemas say: Lotus knows none of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use filigree_schema::{Field, Method, MethodKind, Type};
use fvm_ipld_bitfield::BitField;
use fvm_ipld_bitfield::iter::Ranges;
use serde_json::{Map, Value, json};

use super::{Bytes, Json as _, Mismatch, to_text};

/// Fields whose names in Go are not ours in capitals. Where Go has several, the one of states.
const NAMES: &[(&str, &str)] = &[
    ("cid", "CID"),
    ("code_cid", "CodeCID"),
    ("datacap_recovered", "DataCapRecovered"),
    ("deal_ids", "DealIDs"),
    ("deprecated_deal_ids", "DeprecatedDealIDs"),
    ("id", "ID"),
    ("id_address", "IDAddress"),
    ("ids", "IDs"),
    ("multi_address", "Multiaddrs"),
    ("multi_addresses", "Multiaddrs"),
    ("new_control_addresses", "NewControlAddrs"),
    ("new_id", "NewID"),
    ("new_multi_addrs", "NewMultiaddrs"),
    ("new_sealed_cid", "NewSealedCID"),
    ("next_id", "NextID"),
    ("next_tx_id", "NextTxnID"),
    ("optimistic_post_submissions", "OptimisticPoStSubmissions"),
    (
        "optimistic_post_submissions_snapshot",
        "OptimisticPoStSubmissionsSnapshot",
    ),
    ("partitions_posted", "PartitionsPoSted"),
    ("pending_txs", "PendingTxns"),
    ("piece_cid", "PieceCID"),
    ("position", "PositionEstimate"),
    ("post_index", "PoStIndex"),
    (
        "pre_committed_sectors_cleanup",
        "PreCommittedSectorsCleanUp",
    ),
    ("provider_or_client", "ProviderOrClientAddress"),
    ("qa", "QA"),
    ("removal_proposal_id", "RemovalProposalID"),
    ("remove_data_cap_proposal_ids", "RemoveDataCapProposalIDs"),
    ("sealed_cid", "SealedCID"),
    ("sealer_id", "SealerID"),
    ("secret_pre_image", "Secret"),
    ("sector_key_cid", "SectorKeyCID"),
    ("subaddress", "SubAddress"),
    ("this_epoch_qa_power_smoothed", "ThisEpochQAPowerSmoothed"),
    ("total_qa_bytes_committed", "TotalQABytesCommitted"),
    ("txn_id", "TxnID"),
    ("unsealed_cids", "UnsealedCIDs"),
    ("velocity", "VelocityEstimate"),
    (
        "window_post_partition_sectors",
        "WindowPoStPartitionSectors",
    ),
    ("window_post_proof_type", "WindowPoStProofType"),
];

/// The name of a field in Go.
fn go_name(field: &str) -> String {
    if let Ok(at) = NAMES.binary_search_by_key(&field, |(ours, _)| ours) {
        return NAMES[at].1.to_owned();
    }
    let words = field.split('_').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    words.collect()
}

/// Parameters as Lotus shows them, of what the schema makes of them: one is shown bare, as it is on the wire.
pub fn params_to_lotus(method: &Method, value: Value) -> Value {
    match (method.params.as_slice(), value) {
        ([param], Value::Object(mut fields)) => {
            to_lotus(&param.ty, fields.remove(&param.name).unwrap_or_default())
        }
        (params, value) if !params.is_empty() => fields_to_lotus(params, value),
        (_, value) => value,
    }
}

/// Parameters as the schema takes them.
///
/// # Errors
/// When bytes are not in base64. Whatever else is wrong, the schema says.
pub fn params_from_lotus(method: &Method, value: Value) -> Result<Value, Mismatch> {
    if method.kind == MethodKind::Fallback {
        return Ok(value);
    }
    match method.params.as_slice() {
        [] => Ok(value),
        [param] => {
            // By its name, as the schema prints it, or bare.
            let inner = match value {
                Value::Object(mut fields)
                    if fields.len() == 1 && fields.contains_key(&param.name) =>
                {
                    fields.remove(&param.name).unwrap_or_default()
                }
                bare => bare,
            };
            let inner = from_lotus(&param.ty, inner).map_err(|e| e.at(&param.name))?;
            Ok(json!({ &param.name: inner }))
        }
        params => fields_from_lotus(params, value),
    }
}

/// A value as Lotus shows it, of what its schema makes of it.
pub fn to_lotus(ty: &Type, value: Value) -> Value {
    match (ty, value) {
        (Type::Option(_), Value::Null) => Value::Null,
        (Type::Option(inner), value) => to_lotus(inner, value),
        (Type::Transparent { ty, .. }, value) => to_lotus(ty, value),
        (Type::Tuple { fields, .. }, value) => fields_to_lotus(fields, value),
        (Type::List(inner), Value::Array(items)) => match items.is_empty() {
            true => Value::Null,
            false => items
                .into_iter()
                .map(|item| to_lotus(inner, item))
                .collect(),
        },
        (Type::BTree { value: inner, .. }, Value::Object(entries)) => {
            let entries = entries.into_iter();
            Value::Object(
                entries
                    .map(|(key, value)| (key, to_lotus(inner, value)))
                    .collect(),
            )
        }
        (Type::Cid | Type::Link(_) | Type::Map { .. } | Type::Array { .. }, Value::String(cid)) => {
            json!({ "/": cid })
        }
        (Type::Bytes, Value::String(text)) => bytes_to_lotus(text),
        (Type::BitField, ranges) => bits_to_lotus(&ranges).unwrap_or(ranges),
        (Type::Enum { variants, .. }, Value::String(name)) => {
            let variant = variants.iter().find(|variant| variant.name == name);
            variant.map_or(Value::String(name), |variant| variant.value.into())
        }
        // Go writes numbers of any size as such; amounts it writes as text.
        (Type::U64 | Type::I64 | Type::ActorId | Type::Epoch, Value::String(digits)) => {
            number(&digits).unwrap_or(Value::String(digits))
        }
        (_, value) => value,
    }
}

fn number(digits: &str) -> Option<Value> {
    let unsigned = digits.parse::<u64>().ok().map(Value::from);
    unsigned.or_else(|| digits.parse::<i64>().ok().map(Value::from))
}

fn fields_to_lotus(fields: &[Field], value: Value) -> Value {
    match value {
        Value::Object(mut values) => {
            let named = fields.iter().map(|field| {
                let value = values.remove(&field.name).unwrap_or_default();
                (go_name(&field.name), to_lotus(&field.ty, value))
            });
            Value::Object(named.collect::<Map<_, _>>())
        }
        Value::Array(values) => {
            let values = fields.iter().zip(values);
            values
                .map(|(field, value)| to_lotus(&field.ty, value))
                .collect()
        }
        other => other,
    }
}

fn bytes_to_lotus(text: String) -> Value {
    let bytes = text.strip_prefix("0x").map(hex::decode);
    match bytes {
        Some(Ok(bytes)) if bytes.is_empty() => Value::Null,
        Some(Ok(bytes)) => STANDARD.encode(bytes).into(),
        _ => text.into(),
    }
}

fn bits_to_lotus(ranges: &Value) -> Option<Value> {
    let ranges = ranges.as_array()?.iter().map(|range| {
        let part = |at: usize| match range.get(at)? {
            Value::String(digits) => digits.parse().ok(),
            number => number.as_u64(),
        };
        let (start, length): (u64, u64) = (part(0)?, part(1)?);
        Some(start..start.checked_add(length)?)
    });
    let ranges: Vec<_> = ranges.collect::<Option<_>>()?;
    serde_json::from_str(&to_text(&BitField::from_ranges(Ranges::new(ranges)))).ok()
}

/// A value as its schema takes it. What has another shape stays as it is: the schema says what is wrong with it.
///
/// Bytes are base64 and nothing else, as everywhere in Lotus' JSON: `0x01ff` is four characters and more of base64 as well, so who
/// could write either would sometimes get the other.
///
/// # Errors
/// When bytes are not in base64.
pub fn from_lotus(ty: &Type, value: Value) -> Result<Value, Mismatch> {
    Ok(match (ty, value) {
        (Type::Option(_), Value::Null) => Value::Null,
        (Type::Option(inner), value) => from_lotus(inner, value)?,
        (Type::Transparent { ty, .. }, value) => from_lotus(ty, value)?,
        (Type::Tuple { fields, .. }, value) => fields_from_lotus(fields, value)?,
        (Type::List(_), Value::Null) => Value::Array(Vec::new()),
        (Type::List(inner), Value::Array(items)) => {
            let items = items.into_iter().enumerate();
            items
                .map(|(at, item)| from_lotus(inner, item).map_err(|e| e.at(at)))
                .collect::<Result<_, _>>()?
        }
        (Type::BTree { value: inner, .. }, Value::Object(entries)) => {
            let mut named = Map::new();
            for (key, value) in entries {
                let value = from_lotus(inner, value).map_err(|e| e.at(&key))?;
                named.insert(key, value);
            }
            Value::Object(named)
        }
        (
            Type::Cid | Type::Link(_) | Type::Map { .. } | Type::Array { .. },
            Value::Object(mut link),
        ) => link.remove("/").unwrap_or_default(),
        (Type::Bytes, value @ (Value::Null | Value::String(_))) => {
            let bytes = Bytes::read(value)?;
            format!("0x{}", hex::encode(bytes.0)).into()
        }
        (Type::BitField, Value::Array(runs)) => bits_from_lotus(runs),
        (Type::Enum { variants, .. }, Value::Number(number)) => {
            let variant = variants
                .iter()
                .find(|variant| Some(variant.value) == number.as_i64());
            variant.map_or(Value::Number(number), |variant| {
                variant.name.as_str().into()
            })
        }
        (_, value) => value,
    })
}

/// Of runs; ranges, as the schema prints them, stay.
fn bits_from_lotus(runs: Vec<Value>) -> Value {
    if runs.iter().any(|run| !run.is_number()) {
        return Value::Array(runs);
    }
    let runs = Value::Array(runs);
    match BitField::read(runs.clone()) {
        Ok(set) => {
            let ranges = set.ranges();
            ranges
                .map(|range| json!([range.start, range.end - range.start]))
                .collect()
        }
        Err(_) => runs,
    }
}

/// Fields by either name, in any case.
fn fields_from_lotus(fields: &[Field], value: Value) -> Result<Value, Mismatch> {
    match value {
        Value::Object(values) => {
            let mut named = Map::new();
            for (key, value) in values {
                let field = fields.iter().find(|field| {
                    field.name == key || go_name(&field.name).eq_ignore_ascii_case(&key)
                });
                match field {
                    Some(field) => {
                        let value = from_lotus(&field.ty, value).map_err(|e| e.at(&key))?;
                        named.insert(field.name.clone(), value)
                    }
                    None => named.insert(key, value),
                };
            }
            Ok(Value::Object(named))
        }
        Value::Array(values) if values.len() == fields.len() => {
            let values = fields.iter().zip(values);
            values
                .map(|(field, value)| from_lotus(&field.ty, value).map_err(|e| e.at(&field.name)))
                .collect()
        }
        other => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use filigree_schema::Schema;

    use super::*;

    const SCHEMA: &str = r#"{"filigree":1,"actor":"Sample","state":"unit","methods":[
        {"name":"Change","number":"4","kind":"method","params":[{"name":"params","type":{"tuple":{"name":"Params","fields":[
            {"name":"new_id","type":"bytes"},{"name":"sealed_cid","type":"cid"},{"name":"deadline_index","type":"u64"},
            {"name":"sectors","type":"bitfield"},{"name":"owners","type":{"list":"address"}},{"name":"amount","type":"token"},
            {"name":"kind","type":{"enum":{"name":"Kind","variants":[{"name":"Open","value":3}]}}},
            {"name":"partition","type":{"option":"u64"}}]}}}],"returns":"unit"},
        {"name":"Withdraw","number":"5","kind":"method","params":[{"name":"provider_or_client","type":"address"},
            {"name":"amount","type":"token"}],"returns":"token"},
        {"name":"Tick","number":"6","kind":"method","params":[],"returns":"unit"}]}"#;

    fn method(number: u64) -> Method {
        let schema = Schema::from_json(SCHEMA.as_bytes()).unwrap();
        schema.method(number).unwrap().clone()
    }

    #[track_caller]
    fn check(number: u64, lotus: Value) {
        let method = method(number);
        let ours = params_from_lotus(&method, lotus.clone()).unwrap();
        let encoded = method.encode_params(&ours).unwrap();
        let ours = method.decode_params(encoded.as_deref()).unwrap();
        assert_eq!(params_to_lotus(&method, ours), lotus);
    }

    /// `0x010203` is hex of three bytes and base64 of six.
    #[test]
    fn bytes_are_base64_whatever_they_look_like() {
        let method = method(4);
        for name in ["NewID", "new_id"] {
            let read = |text: &str| params_from_lotus(&method, json!({ name: text }));
            let bytes = |text: &str| read(text).unwrap()["params"]["new_id"].clone();
            assert_eq!(bytes("AQID"), "0x010203");
            assert_eq!(bytes("0x010203"), "0xd31d35d36d37");
            assert_eq!(bytes(""), "0x");
            for wrong in ["0x", "0x01ff", "0x0102", "AQI", "not base64"] {
                let error = read(wrong).unwrap_err().to_string();
                assert!(error.contains(name), "{wrong}: {error}");
            }
        }
    }

    #[test]
    fn values_are_shown_as_lotus_shows_them_and_read_so() {
        let cid = "bafy2bzacea3wsdh6y3a36tb3skempjoxqpuyompjbmfeyf34fi3uy6uue42v4";
        check(
            4,
            json!({ "NewID": "Ynl0ZSBhcnJheQ==", "SealedCID": { "/": cid }, "DeadlineIndex": u64::MAX,
                "Sectors": [5, 1, 2, 3], "Owners": ["f01234"], "Amount": "1000000000000000000000", "Kind": 3, "Partition": 7 }),
        );
        check(
            4,
            json!({ "NewID": null, "SealedCID": { "/": cid }, "DeadlineIndex": 0, "Sectors": [0], "Owners": null,
                "Amount": "0", "Kind": 3, "Partition": null }),
        );
        check(
            5,
            json!({ "ProviderOrClientAddress": "f01234", "Amount": "1" }),
        );
        check(6, json!({}));
    }

    #[test]
    fn what_has_another_shape_is_refused_in_words() {
        let method = method(5);
        for wrong in [
            json!(7),
            json!({ "Amount": "1" }),
            json!({ "ProviderOrClientAddress": 1, "Amount": "1" }),
        ] {
            let ours = params_from_lotus(&method, wrong).unwrap();
            assert!(method.encode_params(&ours).is_err());
        }
    }

    #[test]
    fn names_are_found() {
        assert!(NAMES.is_sorted_by_key(|(ours, _)| *ours));
        assert_eq!(go_name("next_id"), "NextID");
        assert_eq!(go_name("next_allocation_id"), "NextAllocationId");
        assert_eq!(go_name("total_raw_byte_power"), "TotalRawBytePower");
        assert_eq!(go_name("info"), "Info");
    }
}
