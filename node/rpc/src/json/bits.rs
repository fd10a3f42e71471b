//! Sets of numbers (sectors, partitions): lengths of runs, the first of them of numbers that are not in the set.

use fvm_ipld_bitfield::BitField;
use serde_json::{Value, json};

use super::{Json, Mismatch, Schemas};

impl Json for BitField {
    fn write(&self, out: &mut String) {
        let mut runs = Vec::new();
        let mut end = 0;
        for range in self.ranges() {
            runs.push(range.start - end);
            runs.push(range.end - range.start);
            end = range.end;
        }
        if runs.is_empty() {
            runs.push(0);
        }
        runs.write(out);
    }

    fn read(value: Value) -> Result<Self, Mismatch> {
        let runs = Vec::<u64>::read(value)?;
        let mut ranges = Vec::with_capacity(runs.len() / 2);
        let mut end = 0_u64;
        for (i, &run) in runs.iter().enumerate() {
            if run == 0 && i > 0 {
                return Err(Mismatch::new("a run of no numbers").at(i));
            }
            let start = end;
            // The greatest number a set can hold is one less than the greatest there is.
            end = start
                .checked_add(run)
                .filter(|&end| end < u64::MAX)
                .ok_or_else(|| Mismatch::new("a set of numbers beyond 2^64").at(i))?;
            if i % 2 == 1 {
                ranges.push(start..end);
            }
        }
        Ok(Self::from_ranges(fvm_ipld_bitfield::iter::Ranges::new(
            ranges,
        )))
    }

    fn schema(schemas: &mut Schemas) -> Value {
        schemas.named("BitField", |_| {
            json!({
                "type": "array",
                "items": { "type": "integer", "minimum": 0 },
                "description": "Lengths of runs: of numbers not in the set, of numbers in it, and so on in turn.",
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{from_text, to_text};
    use super::*;

    #[test]
    fn sets_are_runs() {
        for (bits, text) in [
            (vec![], "[0]"),
            (vec![5], "[5,1]"),
            (vec![0, 1, 2], "[0,3]"),
            (vec![1, 2, 9, 10, 12], "[1,2,6,2,1,1]"),
        ] {
            let set = BitField::try_from_bits(bits).unwrap();
            assert_eq!(to_text(&set), text);
            assert_eq!(from_text::<BitField>(text).unwrap(), set);
        }
        assert!(from_text::<BitField>("null").unwrap().is_empty());
        assert!(from_text::<BitField>("[7]").unwrap().is_empty());
    }

    #[test]
    fn runs_that_are_none_or_too_long_are_refused() {
        for text in [
            "[1,0]",
            "[0,1,0,1]",
            "[0,18446744073709551615]",
            "[1,18446744073709551615]",
            "[-1]",
            "7",
        ] {
            assert!(from_text::<BitField>(text).is_err(), "{text}");
        }
    }
}
