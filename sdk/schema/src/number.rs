//! Integers in JSON: a number where every JSON reader keeps it exact, a string beyond. Both are read everywhere.

use serde_json::Value;

/// The largest magnitude that a double, and so every JSON reader, keeps exact.
const MAX_EXACT: u64 = (1 << 53) - 1;

/// The JSON of an integer.
pub(crate) fn print(number: i128) -> Value {
    match i64::try_from(number) {
        Ok(small) if small.unsigned_abs() <= MAX_EXACT => Value::from(small),
        _ => Value::from(number.to_string()),
    }
}

/// The integer that the JSON says; `None` for fractions, floats, other texts.
pub(crate) fn parse(json: &Value) -> Option<i128> {
    match json {
        Value::Number(number) => {
            let signed = number.as_i64().map(i128::from);
            signed.or_else(|| number.as_u64().map(i128::from))
        }
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn exact_both_ways() {
        for number in [
            0,
            1,
            -1,
            i128::from(MAX_EXACT),
            i64::MIN.into(),
            u64::MAX.into(),
        ] {
            assert_eq!(parse(&print(number)), Some(number));
        }
        assert_eq!(print(MAX_EXACT.into()), json!(9_007_199_254_740_991_u64));
        assert_eq!(print(1 << 53), json!("9007199254740992"));
        assert_eq!(print(-(1 << 53)), json!("-9007199254740992"));
        assert_eq!(parse(&json!(u64::MAX)), Some(u64::MAX.into()));
        assert_eq!(parse(&json!(i64::MIN)), Some(i64::MIN.into()));
    }

    #[test]
    fn nothing_else_is_an_integer() {
        for json in [
            json!(1.0),
            json!(1e30),
            json!("1.0"),
            json!(""),
            json!(" 1"),
            json!(null),
            json!([1]),
        ] {
            assert_eq!(parse(&json), None, "{json}");
        }
    }
}
