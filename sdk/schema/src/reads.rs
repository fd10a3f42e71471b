//! Whether one type reads what another wrote: what makes a change of a type harmless on the wire.

use crate::{Field, Type};

/// Whether every encoding of a `written` value is an encoding of a `reader` value, too. Names do not matter.
pub(crate) fn reads(reader: &Type, written: &Type) -> bool {
    let (reader, written) = (reader.inner(), written.inner());
    if let (Some((least, most)), Some((from, to))) = (reader.int_range(), written.int_range()) {
        return least <= from && to <= most;
    }
    match (reader, written) {
        (Type::Any, written) => !may_have_other_keys(written),
        (Type::Option(reader), Type::Option(written)) => reads(reader, written),
        (Type::Option(reader), written) => written == &Type::Unit || reads(reader, written),
        (Type::List(reader), Type::List(written)) => reads(reader, written),
        (Type::List(reader), Type::Tuple { fields, .. }) => {
            fields.iter().all(|field| reads(reader, &field.ty))
        }
        (
            Type::Tuple { fields, .. },
            Type::Tuple {
                fields: written, ..
            },
        ) => all_read(fields, written),
        (reader, Type::Enum { variants, .. }) => variants
            .iter()
            .all(|variant| reads_int(reader, variant.value)),
        (
            Type::BTree { key, value },
            Type::BTree {
                key: written_key,
                value: written_value,
            },
        ) => reads(key, written_key) && reads(value, written_value),
        (
            Type::Map { key, value, bits },
            Type::Map {
                key: written_key,
                value: written_value,
                bits: written_bits,
            },
        ) => {
            let same_bytes = key.inner() == written_key.inner()
                || is_signed(key).is_some()
                    && is_signed(key) == is_signed(written_key)
                    && reads(key, written_key);
            bits == written_bits && same_bytes && reads(value, written_value)
        }
        (Type::Array { value, .. }, Type::Array { value: written, .. }) => reads(value, written),
        (Type::Link(reader), Type::Link(written)) => reads(reader, written),
        (Type::Cid, Type::Map { .. } | Type::Array { .. } | Type::Link(_)) => true,
        (Type::Bytes | Type::Block, written) => matches!(
            written,
            Type::Bytes | Type::Block | Type::Address | Type::Token | Type::BigInt | Type::BitField
        ),
        (Type::Token | Type::BigInt, Type::Token | Type::BigInt) => true,
        (reader, written) => reader == written,
    }
}

fn all_read(fields: &[Field], written: &[Field]) -> bool {
    let mut pairs = fields.iter().zip(written);
    fields.len() == written.len() && pairs.all(|(field, written)| reads(&field.ty, &written.ty))
}

fn reads_int(reader: &Type, value: i64) -> bool {
    match reader {
        Type::Enum { variants, .. } => variants.iter().any(|variant| variant.value == value),
        reader => reader
            .int_range()
            .is_some_and(|(least, most)| (least..=most).contains(&value.into())),
    }
}

/// Whether integers of this type have a sign, which decides how they are keys of a map; `None` for other types.
fn is_signed(key: &Type) -> Option<bool> {
    key.inner().int_range().map(|(least, _)| least < 0)
}

/// Whether there may be maps that free-form values of Rust (`Ipld`) cannot hold.
fn may_have_other_keys(ty: &Type) -> bool {
    let keys = match ty.inner() {
        Type::BTree { key, .. } => key.inner() != &Type::String,
        _ => false,
    };
    // What stands behind a CID is not read.
    let is_link = matches!(ty, Type::Map { .. } | Type::Array { .. } | Type::Link(_));
    keys || !is_link && ty.children().into_iter().any(may_have_other_keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wider_reads_narrower() {
        let ty = |json: &str| -> Type { serde_json::from_str(json).unwrap() };
        let check = |reader: &str, written: &str, forth: bool, back: bool| {
            assert_eq!(
                reads(&ty(reader), &ty(written)),
                forth,
                "{reader} reads {written}"
            );
            assert_eq!(
                reads(&ty(written), &ty(reader)),
                back,
                "{written} reads {reader}"
            );
        };
        let list = |inner: &str| format!(r#"{{"list":{inner}}}"#);
        let option = |inner: &str| format!(r#"{{"option":{inner}}}"#);
        let map = |key: &str, value: &str, bits: u32| {
            format!(r#"{{"map":{{"key":{key},"value":{value},"bits":{bits}}}}}"#)
        };
        let tuple = |a: &str, b: &str| {
            format!(
                r#"{{"tuple":{{"name":"T","fields":[{{"name":"a","type":{a}}},{{"name":"b","type":{b}}}]}}}}"#
            )
        };
        let kind = |values: &[i64]| {
            let variants: Vec<String> = values
                .iter()
                .map(|v| format!(r#"{{"name":"V{v}","value":{v}}}"#))
                .collect();
            format!(
                r#"{{"enum":{{"name":"E","variants":[{}]}}}}"#,
                variants.join(",")
            )
        };
        let (byte, long, text) = (r#""u8""#, r#""u64""#, r#""string""#);
        check(byte, byte, true, true);
        check(long, byte, true, false);
        check(long, r#""actor_id""#, true, true);
        check(r#""i64""#, r#""epoch""#, true, true);
        check(r#""i64""#, r#""u32""#, true, false);
        check(r#""i64""#, long, false, false);
        check(long, text, false, false);
        check(r#""token""#, r#""bigint""#, true, true);
        check(r#""bytes""#, r#""token""#, true, false);
        check(r#""bytes""#, text, false, false);
        check(&option(long), byte, true, false);
        check(&option(long), &option(byte), true, false);
        check(&list(long), &list(byte), true, false);
        check(&list(long), &tuple(byte, long), true, false);
        check(&tuple(long, long), &tuple(byte, long), true, false);
        check(&tuple(long, text), &tuple(text, long), false, false);
        check(
            r#"{"transparent":{"name":"N","type":"u8"}}"#,
            byte,
            true,
            true,
        );
        check(&kind(&[0, 1, 2]), &kind(&[0, 2]), true, false);
        check(byte, &kind(&[0, 255]), true, false);
        check(byte, &kind(&[-1]), false, false);
        check(&map(text, long, 5), &map(text, byte, 5), true, false);
        check(&map(text, long, 5), &map(text, long, 4), false, false);
        check(&map(long, long, 5), &map(byte, long, 5), true, false);
        let [epoch, short] = [r#""epoch""#, r#""i32""#];
        check(&map(epoch, long, 5), &map(short, long, 5), true, false);
        // As keys of a map they are other bytes.
        check(&map(epoch, long, 5), &map(byte, long, 5), false, false);
        check(
            &map(text, long, 5),
            &map(r#""bytes""#, long, 5),
            false,
            false,
        );
        check(r#""cid""#, &map(text, long, 5), true, false);
        check(r#""any""#, &list(text), true, false);
        check(
            r#""any""#,
            r#"{"btree":{"key":"string","value":"u8"}}"#,
            true,
            false,
        );
        check(
            r#""any""#,
            r#"{"list":{"btree":{"key":"u8","value":"u8"}}}"#,
            false,
            false,
        );
    }
}
