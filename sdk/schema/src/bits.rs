//! Sets of numbers (bit fields) in JSON: ranges `[start, length]`, or the numbers themselves, in any order.

use fvm_ipld_bitfield::BitField;
use fvm_ipld_bitfield::iter::Ranges;
use serde_json::Value;

use crate::number;

/// The longest bit field that the network reads, in bytes of RLE+.
const MAX_SIZE_BYTES: usize = 32 << 10;

/// The ranges in order, `[[0,5],[9,1]]`.
pub(crate) fn from_wire(bytes: &[u8]) -> Result<Value, String> {
    if bytes.len() > MAX_SIZE_BYTES {
        return Err(format!("{} bytes, more than {MAX_SIZE_BYTES}", bytes.len()));
    }
    let field = BitField::from_bytes(bytes).map_err(|error| error.to_string())?;
    let pair = |start: u64, end: u64| {
        let length = end.saturating_sub(start);
        Value::from(vec![
            number::print(start.into()),
            number::print(length.into()),
        ])
    };
    Ok(field
        .ranges()
        .map(|range| pair(range.start, range.end))
        .collect())
}

/// The RLE+ of ranges and numbers; `None` where the JSON is no such list, or the set too large.
pub(crate) fn to_wire(json: &Value) -> Option<Vec<u8>> {
    let mut ranges = json
        .as_array()?
        .iter()
        .map(range)
        .collect::<Option<Vec<_>>>()?;
    ranges.retain(|(start, end)| start < end);
    ranges.sort_unstable();
    let mut merged: Vec<(u64, u64)> = Vec::new();
    for (start, end) in ranges {
        match merged.last_mut() {
            Some((_, last_end)) if start <= *last_end => *last_end = end.max(*last_end),
            _ => merged.push((start, end)),
        }
    }
    let ranges = merged.into_iter().map(|(start, end)| start..end);
    let bytes = BitField::from_ranges(Ranges::new(ranges)).to_bytes();
    (bytes.len() <= MAX_SIZE_BYTES).then_some(bytes)
}

/// From start to before end; u64::MAX itself cannot be in a set.
fn range(json: &Value) -> Option<(u64, u64)> {
    let unsigned = |json| number::parse(json).and_then(|number| u64::try_from(number).ok());
    let (start, length) = match json.as_array().map(Vec::as_slice) {
        Some([start, length]) => (unsigned(start)?, unsigned(length)?),
        Some(_) => return None,
        None => (unsigned(json)?, 1),
    };
    Some((start, start.checked_add(length)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn any_spelling_is_one_set() {
        let check = |json: Value, printed: Value| {
            let bytes = to_wire(&json).unwrap();
            assert_eq!(from_wire(&bytes), Ok(printed), "{json}");
        };
        check(json!([]), json!([]));
        check(json!([[3, 0]]), json!([]));
        check(json!([0, 1, 2]), json!([[0, 3]]));
        check(json!([9, [0, 5], 2, "5"]), json!([[0, 6], [9, 1]]));
        check(json!([[0, 100], [5, 3], 100]), json!([[0, 101]]));
        check(json!([[0, u64::MAX]]), json!([[0, "18446744073709551615"]]));
        check(json!([u64::MAX - 1]), json!([["18446744073709551614", 1]]));
    }

    #[test]
    fn nothing_else_is_a_set() {
        for json in [
            json!(null),
            json!(5),
            json!("0"),
            json!([-1]),
            json!([[1]]),
            json!([[1, 2, 3]]),
            json!([1.5]),
            json!([u64::MAX]),
            json!([[1, u64::MAX]]),
        ] {
            assert_eq!(to_wire(&json), None, "{json}");
        }
        let sparse: Value = (0..200_000).map(|bit| Value::from(bit * 7_919)).collect();
        assert_eq!(to_wire(&sparse), None);
        assert!(from_wire(&[0]).is_err());
        assert!(
            from_wire(&vec![1; MAX_SIZE_BYTES + 1])
                .unwrap_err()
                .contains("more than 32768")
        );
    }
}
