//! Parameters that are not what a method takes, made from some that are. No method may do anything with them.

use filigree_sandbox::Who;
use filigree_sdk::call::Call;
use filigree_sdk::prelude::*;

use crate::stage::Stage;

/// Parameters longer than any that a method takes, bytes.
const OVERSIZED: usize = 64 << 10;

/// Sends a call with its parameters spoiled in several ways; all must be refused.
pub(crate) fn refuse_malformed<R>(stage: &mut Stage, from: impl Who + Copy, call: &Call<R>) {
    let good = call.params.as_ref().expect("the method has parameters");
    for (what, params) in spoiled(&good.data) {
        let params = params.map(RawBytes::new);
        let outcome = stage.raw(from, call.to, call.method, call.value.clone(), params);
        assert!(
            !outcome.is_ok(),
            "method {} took parameters that are {what}: {outcome:?}",
            call.method
        );
    }
}

/// Sends parameters to a method that takes none; it must refuse them.
pub(crate) fn refuse_parameters<R>(stage: &mut Stage, from: impl Who + Copy, call: &Call<R>) {
    assert!(call.params.is_none(), "the method takes parameters");
    for params in [&[0xf6][..], &[0x80], &[0xff]] {
        let params = Some(RawBytes::new(params.to_vec()));
        stage
            .raw(from, call.to, call.method, call.value.clone(), params)
            .expect_exit(ExitCode::USR_ILLEGAL_ARGUMENT, "");
    }
}

/// CBOR that is nearly right.
pub(crate) fn spoiled(good: &[u8]) -> Vec<(&'static str, Option<Vec<u8>>)> {
    let without_last = good[..good.len() - 1].to_vec();
    let mut longer = good.to_vec();
    longer.push(0);
    // A byte string.
    let mut oversized = vec![0x5a];
    oversized.extend((OVERSIZED as u32).to_be_bytes());
    oversized.extend(vec![0; OVERSIZED]);
    vec![
        ("missing", None),
        ("truncated", Some(without_last)),
        ("followed by more", Some(longer)),
        ("in an array of their own", Some([&[0x81], good].concat())),
        ("a map", Some(vec![0xa0])),
        ("null", Some(vec![0xf6])),
        ("a negative number", Some(vec![0x20])),
        ("an array without end", Some(vec![0x9f])),
        ("a break", Some(vec![0xff])),
        (
            "an array of 2^64 - 1",
            Some([&[0x9b][..], &[0xff; 8]].concat()),
        ),
        ("arrays in arrays", Some(vec![0x81; 5_000])),
        ("oversized", Some(oversized)),
    ]
}
