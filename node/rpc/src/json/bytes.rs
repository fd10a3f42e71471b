//! Bytes: base64 with padding, as Go writes `[]byte`, and null if there are none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fvm_ipld_encoding::RawBytes;
use serde_json::{Value, json};

use super::{Json, Mismatch, Schemas};

/// Bytes: base64, null if there are none.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Bytes(pub Vec<u8>);

fn write_bytes(bytes: &[u8], out: &mut String) {
    if bytes.is_empty() {
        out.push_str("null");
    } else {
        out.push('"');
        STANDARD.encode_string(bytes, out);
        out.push('"');
    }
}

fn read_bytes(value: &Value) -> Result<Vec<u8>, Mismatch> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => STANDARD
            .decode(text)
            .map_err(|e| Mismatch::new(format!("base64 is expected: {e}"))),
        other => Err(Mismatch::expected("a string of base64", other)),
    }
}

fn bytes_schema() -> Value {
    json!({ "type": ["string", "null"], "contentEncoding": "base64" })
}

impl Json for Bytes {
    fn write(&self, out: &mut String) {
        write_bytes(&self.0, out);
    }

    fn read(value: Value) -> Result<Self, Mismatch> {
        read_bytes(&value).map(Self)
    }

    fn schema(_: &mut Schemas) -> Value {
        bytes_schema()
    }

    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }
}

impl Json for RawBytes {
    fn write(&self, out: &mut String) {
        write_bytes(self.bytes(), out);
    }

    fn read(value: Value) -> Result<Self, Mismatch> {
        read_bytes(&value).map(Self::new)
    }

    fn schema(_: &mut Schemas) -> Value {
        bytes_schema()
    }

    fn is_zero(&self) -> bool {
        self.is_empty()
    }
}

/// Bytes where the type on chain is a plain vector of them.
impl Json for Vec<u8> {
    fn write(&self, out: &mut String) {
        write_bytes(self, out);
    }

    fn read(value: Value) -> Result<Self, Mismatch> {
        read_bytes(&value)
    }

    fn schema(_: &mut Schemas) -> Value {
        bytes_schema()
    }

    fn is_zero(&self) -> bool {
        self.is_empty()
    }
}
