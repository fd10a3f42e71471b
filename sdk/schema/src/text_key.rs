//! Keys of maps as the text of JSON keys, and back: an address by its text, a number by its digits.

use cid::Cid;
use fvm_shared::address::{Address, Payload, Protocol};
use serde_json::Value;

use crate::{Type, hex, number};

/// The text of a printed value; `None` for what has none.
pub(crate) fn of_json(json: Value) -> Option<String> {
    match json {
        Value::String(text) => Some(text),
        Value::Number(_) | Value::Bool(_) => Some(json.to_string()),
        _ => None,
    }
}

/// The JSON of a key's text, to encode it as `ty`.
pub(crate) fn to_json(ty: &Type, text: &str) -> Value {
    match (ty.inner(), text) {
        (Type::Bool, "true") => Value::Bool(true),
        (Type::Bool, "false") => Value::Bool(false),
        _ => Value::String(text.to_owned()),
    }
}

/// The printed value of the bytes that are the key in a HAMT; `None` when they are no key of this type.
pub(crate) fn of_bytes(ty: &Type, bytes: &[u8]) -> Option<Value> {
    let text = match ty.inner() {
        Type::Address => Address::from_bytes(bytes).ok()?.to_string(),
        Type::Cid => Cid::try_from(bytes).ok()?.to_string(),
        Type::String => String::from_utf8(bytes.to_vec()).ok()?,
        Type::Bytes | Type::List(_) => hex::print(bytes),
        ty => {
            // An ID address holds its number as the same unsigned varint.
            let Payload::ID(id) = Payload::new(Protocol::ID, bytes).ok()? else {
                return None;
            };
            let (least, most) = ty.int_range()?;
            let number = match least {
                0 => i128::from(id),
                // 0, -1, 1, -2 and so on.
                _ => i128::from(id >> 1) ^ -i128::from(id & 1),
            };
            return (least..=most)
                .contains(&number)
                .then(|| number::print(number));
        }
    };
    Some(Value::String(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_keys_by_type() {
        let check = |ty: Type, bytes: &[u8], printed: Option<Value>| {
            assert_eq!(of_bytes(&ty, bytes), printed, "{ty} {bytes:?}");
        };
        check(Type::Address, &[0, 0xd2, 0x09], Some(json!("f01234")));
        check(Type::Address, &[9, 1], None);
        check(Type::ActorId, &[0xd2, 0x09], Some(json!(1234)));
        check(Type::U64, &[0x80; 20], None);
        check(Type::U64, &[], None);
        check(Type::U8, &[0xd2, 0x09], None);
        check(Type::I64, &[2], Some(json!(1)));
        check(Type::Epoch, &[1], Some(json!(-1)));
        check(Type::I8, &[0xff, 0x01], Some(json!(-128)));
        check(Type::I8, &[0x80, 0x02], None);
        let lowest = [&[0xff; 9][..], &[1]].concat();
        check(Type::I64, &lowest, Some(number::print(i64::MIN.into())));
        check(Type::String, b"abc", Some(json!("abc")));
        check(Type::String, &[0xff], None);
        check(Type::Bytes, &[0xff], Some(json!("0xff")));
        check(Type::List(Box::new(Type::U8)), &[0xff], Some(json!("0xff")));
        check(Type::Cid, &[0xff], None);
        check(Type::Any, &[1], None);
        let named = Type::Transparent {
            name: "Id".to_owned(),
            ty: Box::new(Type::U64),
        };
        check(named, &[5], Some(json!(5)));
    }
}
