//! Keys of tables as bytes, which the database sorts.

use cid::Cid;
use fvm_shared::address::Address;

/// What can be the key of a table.
///
/// Numbers and strings are in their usual order, CIDs and addresses in that of their bytes. Of a pair, entries with the same first
/// part stand together, in the order of the second.
pub trait TableKey: Sized {
    /// Appends the key's bytes.
    fn write(&self, to: &mut Vec<u8>);

    /// The key of all these bytes; `None` if they are none.
    fn read(bytes: &[u8]) -> Option<Self>;
}

impl TableKey for () {
    fn write(&self, _: &mut Vec<u8>) {}

    fn read(bytes: &[u8]) -> Option<Self> {
        bytes.is_empty().then_some(())
    }
}

impl TableKey for u64 {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend(self.to_be_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self::from_be_bytes(bytes.try_into().ok()?))
    }
}

/// Negative numbers before the others.
impl TableKey for i64 {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend((self ^ Self::MIN).to_be_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self::from_be_bytes(bytes.try_into().ok()?) ^ Self::MIN)
    }
}

impl TableKey for String {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend(self.as_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Self::from_utf8(bytes.to_vec()).ok()
    }
}

impl TableKey for Vec<u8> {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend(self);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(bytes.to_vec())
    }
}

impl TableKey for Cid {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend(self.to_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Self::try_from(bytes).ok()
    }
}

impl TableKey for Address {
    fn write(&self, to: &mut Vec<u8>) {
        to.extend(self.to_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Self::from_bytes(bytes).ok()
    }
}

impl<A: TableKey, B: TableKey> TableKey for (A, B) {
    fn write(&self, to: &mut Vec<u8>) {
        write_first(&self.0, to);
        self.1.write(to);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (len, rest) = bytes.split_first_chunk()?;
        let (first, second) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
        Some((A::read(first)?, B::read(second)?))
    }
}

/// The first part of a pair: its length, then its bytes, so that no key is the beginning of another's first part.
///
/// # Panics
/// If it is longer than 64 KiB, which no key is.
pub(crate) fn write_first(key: &impl TableKey, to: &mut Vec<u8>) {
    let mut bytes = Vec::new();
    key.write(&mut bytes);
    let len = u16::try_from(bytes.len()).expect("keys are short");
    to.extend(len.to_be_bytes());
    to.extend(bytes);
}

/// The first bytes after all that begin with `prefix`, which must not be all ones.
pub(crate) fn successor(mut prefix: Vec<u8>) -> Vec<u8> {
    while let Some(last) = prefix.last_mut() {
        if let Some(next) = last.checked_add(1) {
            *last = next;
            return prefix;
        }
        prefix.pop();
    }
    unreachable!("a prefix begins with a length below 255")
}

/// For messages.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use multihash_codetable::{Code, MultihashDigest};

    use super::*;

    fn bytes(key: &impl TableKey) -> Vec<u8> {
        let mut bytes = Vec::new();
        key.write(&mut bytes);
        bytes
    }

    /// Asserts that keys given in their order survive and are sorted so.
    #[track_caller]
    fn check<K: TableKey + PartialEq + Debug>(keys: &[K]) {
        for key in keys {
            assert_eq!(K::read(&bytes(key)).as_ref(), Some(key));
        }
        assert!(keys.is_sorted_by(|a, b| bytes(a) < bytes(b)), "{keys:?}");
    }

    #[test]
    fn keys_survive_and_are_in_order() {
        check(&[()]);
        check(&[0, 1, 255, 256, u64::MAX]);
        check(&[i64::MIN, -256, -1, 0, 1, i64::MAX]);
        check(&["", "a", "ab", "b"].map(str::to_owned));
        check(&[vec![], vec![0], vec![0, 0], vec![1]]);
        check(&[Address::new_id(1), Address::new_id(2)]);
        check(&[Cid::new_v1(0x55, Code::Blake2b256.digest(b"x"))]);
        check(&[
            ("a".to_owned(), 1_u64),
            ("a".to_owned(), 2),
            ("b".to_owned(), 0),
            ("aa".to_owned(), 0),
        ]);
        check(&[((1_u64, "x".to_owned()), -1_i64), ((1, "x".to_owned()), 0)]);
    }

    #[test]
    fn bytes_of_another_type_are_no_key() {
        assert_eq!(u64::read(&[1]), None);
        assert_eq!(<()>::read(&[1]), None);
        assert_eq!(String::read(&[0xff]), None);
        assert_eq!(Cid::read(&[1, 2]), None);
        assert_eq!(Address::read(&[9]), None);
        assert_eq!(<(String, u64)>::read(&[0, 9, 1]), None);
        assert_eq!(<(String, u64)>::read(&[0]), None);
    }

    #[test]
    fn successors_carry() {
        assert_eq!(successor(vec![1, 2]), [1, 3]);
        assert_eq!(successor(vec![1, 255, 255]), [2]);
    }
}
