//! For tests: a schema, and strategies for random types, values of them, and bytes that look like CBOR.

use cid::Cid;
use cid::multihash::Multihash;
use fvm_shared::address::Address;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use crate::{Field, Type, Variant, hex, number, text_key, token, types};

/// A schema as the macro writes it.
pub(crate) const COUNTER: &str = concat!(
    r#"{"filigree":1,"actor":"Counter","#,
    r#""state":{"tuple":{"name":"Counter","fields":[{"name":"owner","type":"address"},{"name":"count","type":"u64"}]}},"#,
    r#""methods":["#,
    r#"{"name":"Constructor","number":"1","kind":"constructor","params":[{"name":"owner","type":"address"}],"returns":"unit"},"#,
    r#"{"name":"Increment","number":"18446744073709551615","kind":"method","params":[{"name":"by","type":"u64"}],"returns":"u64"},"#,
    r#"{"name":"Get","number":"3","kind":"view","params":[],"returns":"u64"}]}"#
);

const SCALARS: &[Type] = &[
    Type::Unit,
    Type::Bool,
    Type::U8,
    Type::U16,
    Type::U32,
    Type::U64,
    Type::I8,
    Type::I16,
    Type::I32,
    Type::I64,
    Type::String,
    Type::Bytes,
    Type::Address,
    Type::ActorId,
    Type::Token,
    Type::BigInt,
    Type::Epoch,
    Type::Cid,
    Type::BitField,
    Type::Block,
    Type::Any,
];

/// Any type, a few levels deep.
pub(crate) fn types() -> BoxedStrategy<Type> {
    let name = || select(vec!["", "Config", "a"]).prop_map(str::to_owned);
    let leaf = prop_oneof![
        8 => select(SCALARS.to_vec()),
        1 => (name(), prop::collection::btree_map("[A-Z][a-z]?", any::<i64>(), 1..4)).prop_map(|(name, values)| {
            let variant = |(at, (name, value)): (usize, (String, i64))| {
                // Values differ, as in every good schema.
                Variant { name, value: value / 8 * 8 + at as i64 }
            };
            Type::Enum { name, variants: values.into_iter().enumerate().map(variant).collect() }
        }),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        let map_key = select(SCALARS.to_vec())
            .prop_filter("has bytes", Type::is_map_key)
            .prop_map(Box::new);
        let fields = vec(
            (select(vec!["a", "b", "c", "", "d e"]), inner.clone()),
            0..4,
        );
        prop_oneof![
            boxed().prop_map(Type::Option),
            boxed().prop_map(Type::List),
            boxed().prop_map(Type::Link),
            (name(), boxed()).prop_map(|(name, ty)| Type::Transparent { name, ty }),
            (name(), fields).prop_map(|(name, fields)| {
                let fields = fields.into_iter().map(|(name, ty)| Field::new(name, ty));
                Type::Tuple {
                    name,
                    fields: fields.collect(),
                }
            }),
            (boxed(), boxed()).prop_map(|(key, value)| Type::BTree { key, value }),
            (map_key, boxed(), 1..=8_u32).prop_map(|(key, value, bits)| Type::Map {
                key,
                value,
                bits
            }),
            (boxed(), 1..=18_u32).prop_map(|(value, bits)| Type::Array { value, bits }),
        ]
    })
    .boxed()
}

/// A type and the JSON of a value of it, as `decode` prints it.
pub(crate) fn typed_values() -> BoxedStrategy<(Type, Value)> {
    types()
        .prop_flat_map(|ty| values(&ty).prop_map(move |value| (ty.clone(), value)))
        .boxed()
}

/// The JSON of a value of `ty`, as `decode` prints it.
pub(crate) fn values(ty: &Type) -> BoxedStrategy<Value> {
    if let Some((least, most)) = ty.int_range() {
        return prop_oneof![least..=most, Just(least), Just(most)]
            .prop_map(number::print)
            .boxed();
    }
    match ty {
        Type::Unit => Just(Value::Null).boxed(),
        Type::Bool => any::<bool>().prop_map(Value::from).boxed(),
        Type::String => any::<String>().prop_map(Value::from).boxed(),
        Type::Bytes | Type::Block => any::<Vec<u8>>()
            .prop_map(|bytes| Value::from(hex::print(&bytes)))
            .boxed(),
        Type::Address => addresses()
            .prop_map(|address| Value::from(address.to_string()))
            .boxed(),
        Type::Token | Type::BigInt => (0..=1_u8, vec(any::<u8>(), 0..127))
            .prop_map(|(sign, magnitude)| {
                let number = token::from_wire(&[vec![sign], magnitude].concat()).unwrap();
                Value::from(number.to_string())
            })
            .boxed(),
        Type::BitField => vec((1..1_u64 << 40, 1..1_u64 << 40), 0..6)
            .prop_map(|runs| {
                let mut at = 0;
                let mut pair = |(gap, length): (u64, u64)| {
                    let start = at + gap;
                    at = start + length;
                    json!([start, length])
                };
                runs.into_iter().map(&mut pair).collect()
            })
            .boxed(),
        Type::Any => any_values(),
        Type::Cid | Type::Link(_) | Type::Map { .. } | Type::Array { .. } => {
            cids().prop_map(|cid| Value::from(cid.to_string())).boxed()
        }
        Type::Enum { variants, .. } => select(variants.clone())
            .prop_map(|variant| Value::from(variant.name))
            .boxed(),
        Type::Transparent { ty, .. } => values(ty),
        Type::Option(inner) => prop_oneof![Just(Value::Null), values(inner)].boxed(),
        Type::List(inner) => vec(values(inner), 0..4).prop_map(Value::from).boxed(),
        Type::Tuple { fields, .. } => {
            let names = types::are_named(fields)
                .then(|| fields.iter().map(|f| f.name.clone()).collect::<Vec<_>>());
            let items: Vec<_> = fields.iter().map(|field| values(&field.ty)).collect();
            let whole = move |items: Vec<Value>| match &names {
                Some(names) => Value::Object(names.iter().cloned().zip(items).collect()),
                None => Value::from(items),
            };
            items.prop_map(whole).boxed()
        }
        Type::BTree { key, value } => {
            // Pairs come back in the order of the wire: at most one of them.
            let most = if key.is_text_key() { 4 } else { 2 };
            let is_text = key.is_text_key();
            vec((values(key), values(value)), 0..most)
                .prop_map(move |pairs| match is_text {
                    true => {
                        let named = pairs
                            .into_iter()
                            .map(|(key, value)| (text_key::of_json(key).unwrap(), value));
                        Value::Object(named.collect::<Map<String, Value>>())
                    }
                    false => pairs
                        .into_iter()
                        .map(|(key, value)| json!([key, value]))
                        .collect(),
                })
                .boxed()
        }
        other => unreachable!("{other} is an integer"),
    }
}

fn any_values() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("finite", |float| float.is_finite())
            .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        any::<Vec<u8>>().prop_map(|bytes| json!({ "/": { "hex": hex::print(&bytes) } })),
        cids().prop_map(|cid| json!({ "/": cid.to_string() })),
        (1_u64 << 53..).prop_map(|int| json!({ "/": { "int": int.to_string() } })),
        (1_i128 << 53..1 << 64).prop_map(|int| json!({ "/": { "int": (-int).to_string() } })),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let key = prop_oneof![
            any::<i32>().prop_map(Value::from),
            Just(json!("/")),
            Just(json!([1]))
        ];
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-z/]{2,3}", inner.clone(), 0..3)
                .prop_map(|named| json!(named)),
            (key, inner).prop_map(|(key, value)| json!({ "/": { "entries": [[key, value]] } })),
        ]
    })
    .boxed()
}

fn addresses() -> impl Strategy<Value = Address> {
    prop_oneof![
        any::<u64>().prop_map(Address::new_id),
        any::<Vec<u8>>().prop_map(|data| Address::new_actor(&data)),
        vec(any::<u8>(), 65).prop_map(|key| Address::new_secp256k1(&key).unwrap()),
        vec(any::<u8>(), 48).prop_map(|key| Address::new_bls(&key).unwrap()),
        (any::<u64>(), vec(any::<u8>(), 0..=54))
            .prop_map(|(ns, sub)| Address::new_delegated(ns, &sub).unwrap()),
    ]
}

pub(crate) fn cids() -> impl Strategy<Value = Cid> {
    (select(vec![0x55, 0x71]), vec(any::<u8>(), 32))
        .prop_map(|(codec, digest)| Cid::new_v1(codec, Multihash::wrap(0xb220, &digest).unwrap()))
}

/// Bytes that are often CBOR: heads of small lengths, and anything between.
pub(crate) fn cborish() -> impl Strategy<Value = Vec<u8>> {
    let head = (0..8_u8, prop_oneof![8 => 0..4_u8, 1 => 20..32_u8])
        .prop_map(|(major, low)| vec![major << 5 | low]);
    let link = cids().prop_map(|cid| [vec![0xd8, 42, 0x58, 37, 0], cid.to_bytes()].concat());
    let part = prop_oneof![12 => head, 3 => vec(any::<u8>(), 1..3), 1 => link];
    vec(part, 0..16).prop_map(|parts| parts.concat())
}
