//! Random values of a type, as JSON that the schema encodes.

use filigree_schema::{Field, Type};
use fvm_shared::address::Address;
use proptest::prelude::*;
use proptest::strategy::Union;
use serde_json::{Map, Value, json};

use super::Pool;

/// Values nest at most this deep below a type that contains any value.
const MAX_ANY_DEPTH: u32 = 3;

/// The most items of a random list.
const MAX_ITEMS: usize = 5;

/// The largest random amount: a million FIL.
const MAX_ATTO: u128 = 1_000_000 * 1_000_000_000_000_000_000;

/// Random values of a type, as JSON. Numbers are often small or at the ends of their range; addresses are those of
/// the pool. Types that name blocks (maps, arrays, links, CIDs) give CIDs of blocks that do not exist.
pub fn values(ty: &Type, pool: &Pool) -> BoxedStrategy<Value> {
    match ty {
        Type::Unit => Just(Value::Null).boxed(),
        Type::Bool => any::<bool>().prop_map(Value::from).boxed(),
        Type::U8 => whole(0, u8::MAX.into()),
        Type::U16 => whole(0, u16::MAX.into()),
        Type::U32 => whole(0, u32::MAX.into()),
        Type::U64 => whole(0, u64::MAX.into()),
        Type::I8 => whole(i8::MIN.into(), i8::MAX.into()),
        Type::I16 => whole(i16::MIN.into(), i16::MAX.into()),
        Type::I32 => whole(i32::MIN.into(), i32::MAX.into()),
        Type::I64 => whole(i64::MIN.into(), i64::MAX.into()),
        Type::Epoch => prop_oneof![
            whole(pool.epoch.into(), i128::from(pool.epoch) + 1_000),
            whole(-1, 10_000)
        ]
        .boxed(),
        Type::String => "[a-zA-Z0-9 ]{0,12}".prop_map(Value::from).boxed(),
        Type::Bytes => bytes(),
        Type::Address => {
            let texts: Vec<String> = pool.addresses.iter().map(Address::to_string).collect();
            select(texts, "f099")
        }
        Type::ActorId => {
            let ids: Vec<u64> = pool
                .addresses
                .iter()
                .filter_map(|address| address.id().ok())
                .collect();
            select(ids, 99)
        }
        Type::Token => amounts()
            .prop_map(|atto| Value::from(atto.to_string()))
            .boxed(),
        Type::BigInt => any::<i128>()
            .prop_map(|number| Value::from(number.to_string()))
            .boxed(),
        Type::Cid | Type::Map { .. } | Type::Array { .. } | Type::Link(_) => cids(),
        Type::BitField => {
            let range = (0_u64..1_000, 1_u64..10).prop_map(|(start, len)| json!([start, len]));
            prop::collection::vec(range, 0..2)
                .prop_map(Value::from)
                .boxed()
        }
        Type::Block => prop_oneof![Just(Value::Null), bytes()].boxed(),
        Type::Any => whatever(),
        Type::Option(ty) => prop_oneof![1 => Just(Value::Null), 3 => values(ty, pool)].boxed(),
        Type::List(ty) => prop::collection::vec(values(ty, pool), 0..=MAX_ITEMS)
            .prop_map(Value::from)
            .boxed(),
        Type::Tuple { fields, .. } => in_order(fields, pool).prop_map(Value::from).boxed(),
        Type::Transparent { ty, .. } => values(ty, pool),
        Type::Enum { variants, .. } => {
            let names: Vec<String> = variants
                .iter()
                .map(|variant| variant.name.clone())
                .collect();
            select(names, "")
        }
        // An object's keys are the text of a key.
        Type::BTree { key, value } => {
            let entry = (values(key, pool), values(value, pool)).prop_map(|(key, value)| {
                let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
                (key, value)
            });
            let entries = prop::collection::vec(entry, 0..=MAX_ITEMS);
            entries
                .prop_map(|entries| Value::Object(Map::from_iter(entries)))
                .boxed()
        }
    }
}

/// One value for each field, in order.
pub(super) fn in_order(fields: &[Field], pool: &Pool) -> BoxedStrategy<Vec<Value>> {
    let each: Vec<BoxedStrategy<Value>> =
        fields.iter().map(|field| values(&field.ty, pool)).collect();
    each.boxed()
}

/// Whole numbers from `least` to `most`: of all magnitudes, and the ends. Small ones come first, for they are what a
/// search shrinks to.
fn whole(least: i128, most: i128) -> BoxedStrategy<Value> {
    let around = 0.clamp(least, most);
    let up_to = |limit: i128| (around..=around.saturating_add(limit).min(most)).boxed();
    let ends = prop_oneof![Just(most), Just(least)].boxed();
    let magnitudes = [
        (4, up_to(100)),
        (2, up_to(10_000)),
        (2, up_to(10_000_000)),
        (1, (least..=most).boxed()),
        (1, ends),
    ];
    Union::new_weighted(magnitudes.into())
        .prop_map(|number| Value::from(number.to_string()))
        .boxed()
}

/// Amounts of attoFIL: nothing, few, a few FIL, many.
pub(super) fn amounts() -> BoxedStrategy<u128> {
    prop_oneof![2 => Just(0_u128), 3 => 1_u128..100, 3 => 1_u128..10_000_000_000_000_000_000, 1 => 0..=MAX_ATTO].boxed()
}

fn bytes() -> BoxedStrategy<Value> {
    let bytes = prop::collection::vec(any::<u8>(), 0..24);
    bytes
        .prop_map(|bytes| Value::from(crate::event::hex(&bytes)))
        .boxed()
}

fn cids() -> BoxedStrategy<Value> {
    any::<u64>()
        .prop_map(|seed| Value::from(filigree_build::code_cid(&seed.to_le_bytes()).to_string()))
        .boxed()
}

fn whatever() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z]{0,6}".prop_map(Value::from)
    ];
    let nested = |inner| prop::collection::vec(inner, 0..MAX_ITEMS).prop_map(Value::from);
    leaf.prop_recursive(MAX_ANY_DEPTH, 16, 4, nested).boxed()
}

/// One of these; `otherwise` if there are none.
fn select<T: Into<Value> + Clone + std::fmt::Debug + 'static>(
    from: Vec<T>,
    otherwise: impl Into<Value>,
) -> BoxedStrategy<Value> {
    if from.is_empty() {
        return Just(otherwise.into()).boxed();
    }
    Union::new(from.into_iter().map(|value| Just(value.into()))).boxed()
}

#[cfg(test)]
mod tests {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    use super::*;

    #[test]
    fn every_type_gives_values_that_the_schema_encodes() {
        let pool = Pool {
            accounts: vec![Address::new_id(100)],
            addresses: vec![Address::new_id(100), Address::new_id(101)],
            epoch: 1_000,
        };
        let types = r#"["bool","u8","u16","u32","u64","i8","i16","i32","i64","string","bytes","address","actor_id","token","bigint",
            "epoch","cid","bitfield","any",{"option":"u8"},{"list":"address"},
            {"tuple":{"name":"A","fields":[{"name":"a","type":"u8"},{"name":"b","type":"token"}]}},
            {"transparent":{"name":"T","type":"token"}},{"enum":{"name":"E","variants":[{"name":"X","value":0},{"name":"Y","value":1}]}},
            {"btree":{"key":"address","value":"u8"}},{"btree":{"key":"u8","value":"u8"}},{"map":{"key":"address","value":"u8","bits":5}},
            {"link":"u8"}]"#;
        let types: Vec<Type> = serde_json::from_str(types).unwrap();
        let mut runner = TestRunner::deterministic();
        for ty in types {
            let strategy = values(&ty, &pool);
            for _ in 0..50 {
                let value = strategy.new_tree(&mut runner).unwrap().current();
                if let Err(e) = ty.encode_json(&value) {
                    panic!("{ty}: {value}: {e}");
                }
            }
        }
    }
}
