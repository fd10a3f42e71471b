//! Mistakes in an actor are compile errors that say what to write instead. What they say stands beside each case; refresh it with
//! `TRYBUILD=overwrite cargo test -p filigree-sdk --test mistakes`.

#[test]
fn mistakes_are_explained() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
