//! Powers and weights: big integers on the wire (a sign byte and the magnitude), which never need more than 128 bits. The largest is a
//! miner's power: 2^25 sectors of 64 GiB, ten times over, are below 2^65 bytes. What does not fit is refused when it is read.

use std::fmt;

use filigree_sdk::describe::{Describe, Type};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A whole number that is encoded as a big integer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Int(pub i128);

impl Describe for Int {
    const TYPE: Type = Type::Simple("bigint");
}

impl Serialize for Int {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 == 0 {
            return serializer.serialize_bytes(&[]);
        }
        let mut bytes = [0; 17];
        bytes[1..].copy_from_slice(&self.0.unsigned_abs().to_be_bytes());
        let zeros = self.0.unsigned_abs().leading_zeros() as usize / 8;
        bytes[zeros] = u8::from(self.0 < 0);
        serializer.serialize_bytes(&bytes[zeros..])
    }
}

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(Bytes)
    }
}

struct Bytes;

impl Visitor<'_> for Bytes {
    type Value = Int;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a big integer of at most 127 bits")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Int, E> {
        let wrong = || E::custom("not a big integer of at most 127 bits");
        let Some((sign, digits)) = bytes.split_first() else {
            return Ok(Int(0));
        };
        let magnitude = digits.iter().try_fold(0i128, |sum, digit| {
            sum.checked_mul(256)?.checked_add(i128::from(*digit))
        });
        let magnitude = magnitude.ok_or_else(wrong)?;
        match sign {
            0 => Ok(Int(magnitude)),
            1 => Ok(Int(-magnitude)),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fvm_ipld_encoding::{from_slice, to_vec};
    use fvm_shared::bigint::BigInt;
    use fvm_shared::bigint::bigint_ser::BigIntSer;

    #[test]
    fn the_encoding_is_that_of_big_integers() {
        let powers = (0..127).map(|bit| 1i128 << bit);
        let all = powers.flat_map(|power| [power - 1, power, -power, power + 1]);
        for number in all.chain([i128::MAX, -i128::MAX]) {
            let bytes = to_vec(&Int(number)).unwrap();
            assert_eq!(bytes, to_vec(&BigIntSer(&BigInt::from(number))).unwrap());
            assert_eq!(from_slice::<Int>(&bytes).unwrap(), Int(number));
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let read = |bytes: &[u8]| from_slice::<Int>(&[&[0x40 | bytes.len() as u8], bytes].concat());
        assert_eq!(read(&[0]).unwrap(), Int(0));
        assert_eq!(read(&[0, 0, 7]).unwrap(), Int(7));
        assert!(read(&[2, 7]).is_err());
        assert!(read(&[[0, 0x80].as_slice(), &[0; 15]].concat()).is_err());
        assert!(from_slice::<Int>(&[0x07]).is_err());
    }
}
