//! Reading the schema from the custom section of an actor's Wasm.

use wasmparser::{Encoding, Parser, Payload};

use crate::{MAX_SIZE_BYTES, Schema, SchemaError};

/// The name of the custom section that holds the schema's text. There is at most one.
pub const SECTION: &str = "filigree.schema";

impl Schema {
    /// The schema in an actor's Wasm; `None` when the actor was built without one.
    pub fn from_wasm(wasm: &[u8]) -> Result<Option<Schema>, SchemaError> {
        let mut found: Option<&[u8]> = None;
        for payload in Parser::new(0).parse_all(wasm) {
            match payload.map_err(unreadable)? {
                Payload::Version {
                    encoding: Encoding::Component,
                    range,
                    ..
                } => {
                    let reason = "it is a component".to_owned();
                    return Err(SchemaError::Wasm {
                        offset: range.start,
                        reason,
                    });
                }
                Payload::CustomSection(section) if section.name() == SECTION => {
                    let (offset, size) = (section.range().start, section.data().len());
                    if found.is_some() {
                        return Err(SchemaError::Twice { offset });
                    }
                    if size > MAX_SIZE_BYTES {
                        return Err(SchemaError::TooLarge { size });
                    }
                    found = Some(section.data());
                }
                _ => {}
            }
        }
        found.map(Schema::from_json).transpose()
    }
}

fn unreadable(error: wasmparser::BinaryReaderError) -> SchemaError {
    let offset = error.offset();
    let reason = error.message().to_owned();
    SchemaError::Wasm { offset, reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::COUNTER;
    use proptest::prelude::*;

    /// A module with code and these custom sections.
    fn module(sections: &[(&str, &[u8])]) -> Vec<u8> {
        let mut wasm = wat::parse_str("(module (memory 1) (func (export \"invoke\")))").unwrap();
        for (name, data) in sections {
            let mut body = vec![u8::try_from(name.len()).unwrap()];
            body.extend(name.as_bytes());
            body.extend(*data);
            wasm.push(0);
            let mut rest = body.len();
            while rest >= 0x80 {
                wasm.push((rest & 0x7f) as u8 | 0x80);
                rest >>= 7;
            }
            wasm.push(rest as u8);
            wasm.extend(body);
        }
        wasm
    }

    #[test]
    fn finds_the_section() {
        assert_eq!(Schema::from_wasm(&module(&[])).unwrap(), None);
        assert_eq!(
            Schema::from_wasm(&module(&[("name2", b"{}")])).unwrap(),
            None
        );
        let wasm = module(&[
            ("other", b""),
            (SECTION, COUNTER.as_bytes()),
            ("more", b"x"),
        ]);
        assert_eq!(
            Schema::from_wasm(&wasm).unwrap().unwrap().to_json(),
            COUNTER
        );
    }

    #[test]
    fn says_what_is_wrong() {
        let check = |wasm: &[u8], part: &str| {
            let error = Schema::from_wasm(wasm).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        };
        check(b"", "not a Wasm module: ");
        check(
            b"PK\x03\x04 a zip",
            "(at byte 0); give an actor's .wasm file",
        );
        check(&wat::parse_str("(component)").unwrap(), "it is a component");
        check(&module(&[(SECTION, b"")]), "the schema is not readable");
        let json = COUNTER.as_bytes();
        check(
            &module(&[(SECTION, json), (SECTION, json)]),
            "two custom sections",
        );
        check(
            &module(&[(SECTION, &vec![b' '; MAX_SIZE_BYTES + 1])]),
            "has 1048577 bytes",
        );
        let wasm = module(&[(SECTION, json)]);
        for length in 0..wasm.len() {
            // Cut between two sections, a module is whole.
            assert!(
                !matches!(Schema::from_wasm(&wasm[..length]), Ok(Some(_))),
                "{length}"
            );
        }
    }

    proptest! {
        #[test]
        fn random_bytes_do_no_harm(bytes: Vec<u8>, at: usize, byte: u8) {
            let _ = Schema::from_wasm(&bytes);
            let _ = Schema::from_json(&bytes);
            let _ = Schema::from_wasm(&module(&[(SECTION, &bytes)]));
            let mut wasm = module(&[(SECTION, COUNTER.as_bytes())]);
            let at = at % wasm.len();
            wasm[at] = byte;
            let _ = Schema::from_wasm(&wasm);
        }
    }
}
