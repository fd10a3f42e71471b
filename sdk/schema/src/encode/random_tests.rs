//! Tests of `encode` and `decode` with random types, values and bytes: what is printed comes back, what the network reads
//! is read, nothing panics.

use std::collections::BTreeMap;

use cid::Cid;
use fvm_ipld_encoding::{RawBytes, to_vec};
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use proptest::prelude::*;
use serde::Serialize;

use super::tests::ty;
use crate::sample::{cborish, typed_values, types};
use crate::{Limits, Type};

/// What the network reads as `T` is read as `ty`, and means the same.
fn reads_like<T: serde::de::DeserializeOwned + Serialize>(ty: &Type, bytes: &[u8]) {
    if let Ok(value) = fvm_ipld_encoding::from_slice::<T>(bytes) {
        let printed = ty.decode(bytes).unwrap();
        assert_eq!(ty.encode_json(&printed).unwrap(), to_vec(&value).unwrap());
    }
}

proptest! {
    #[test]
    fn random_values_come_back((ty, value) in typed_values()) {
        let bytes = ty.encode_json(&value).unwrap();
        let printed = ty.decode(&bytes).unwrap();
        prop_assert_eq!(&printed, &value);
        prop_assert_eq!(ty.encode_json(&printed).unwrap(), bytes.clone());
        // Without a single block in the store, everything is as without a store.
        let store = fvm_ipld_blockstore::MemoryBlockstore::new();
        prop_assert_eq!(ty.decode_deep(&bytes, &store, Limits::default()).unwrap().value, value);
        // Types survive their text.
        let text = serde_json::to_string(&ty).unwrap();
        prop_assert_eq!(serde_json::from_str::<Type>(&text).unwrap(), ty);
    }

    #[test]
    fn damaged_values_do_no_harm((ty, value) in typed_values(), cut: prop::sample::Index, at: prop::sample::Index, byte: u8) {
        let mut bytes = ty.encode_json(&value).unwrap();
        let end = cut.index(bytes.len());
        prop_assert!(ty.decode(&bytes[..end]).is_err());
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(printed) = ty.decode(&bytes) {
            ty.encode_json(&printed).unwrap();
        }
    }

    #[test]
    fn random_bytes_do_no_harm(ty in types(), bytes in cborish()) {
        if let Ok(printed) = ty.decode(&bytes) {
            // A key that stands twice on the wire stands once in JSON; all else can be written again.
            ty.encode_json(&printed).unwrap();
        }
    }

    #[test]
    fn values_of_another_type_do_no_harm(ty in types(), (_, value) in typed_values()) {
        if let Ok(bytes) = ty.encode_json(&value) {
            ty.decode(&bytes).unwrap();
        }
    }

    #[test]
    fn reads_all_that_the_network_reads(bytes in cborish()) {
        reads_like::<u8>(&Type::U8, &bytes);
        reads_like::<u64>(&Type::U64, &bytes);
        reads_like::<i64>(&Type::I64, &bytes);
        reads_like::<bool>(&Type::Bool, &bytes);
        reads_like::<()>(&Type::Unit, &bytes);
        reads_like::<String>(&Type::String, &bytes);
        reads_like::<RawBytes>(&Type::Block, &bytes);
        reads_like::<Address>(&Type::Address, &bytes);
        reads_like::<TokenAmount>(&Type::Token, &bytes);
        reads_like::<Cid>(&Type::Cid, &bytes);
        reads_like::<fvm_ipld_bitfield::BitField>(&Type::BitField, &bytes);
        reads_like::<Option<u16>>(&ty(r#"{"option":"u16"}"#), &bytes);
        reads_like::<Vec<Option<RawBytes>>>(&ty(r#"{"list":{"option":"bytes"}}"#), &bytes);
        reads_like::<BTreeMap<u8, u32>>(&ty(r#"{"btree":{"key":"u8","value":"u32"}}"#), &bytes);
        let pair = ty(r#"{"tuple":{"name":"","fields":[{"name":"","type":"i32"},{"name":"","type":"string"}]}}"#);
        reads_like::<(i32, String)>(&pair, &bytes);
    }
}
