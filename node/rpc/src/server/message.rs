//! What a caller sent: a request, a batch of them, or what is neither (JSON-RPC 2.0, sections 4 to 6).
//!
//! Nothing is built of it before it was measured: one bound holds for the values of the whole message, whatever they are (parameters,
//! members that nobody asks for, requests of a batch) and however it came. What remains unread here are the parameters, which
//! are read by those who run methods.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::limits::{Extent, ID_BYTES, Limits};
use crate::error::{RpcError, code};

/// What was sent.
#[derive(Debug)]
pub(super) enum Message {
    /// One request.
    One(Entry),
    /// Several.
    Batch(Vec<Entry>),
}

/// A request, or what stands in its place.
pub(super) type Entry = Result<Request, Refused>;

/// A request. It keeps nothing of the text that nobody asks for: some wait long, and the text is gone meanwhile.
#[derive(Debug)]
pub(super) struct Request {
    /// Its id as it was written: text, a number or null. None: nobody waits for an answer.
    pub id: Option<String>,
    /// The method.
    pub method: String,
    /// Its parameters as they were written.
    pub params: Option<String>,
}

/// What is no request.
#[derive(Debug)]
pub(super) struct Refused {
    /// Its id, as far as it has one.
    pub id: String,
    /// Why it is none.
    pub error: RpcError,
}

/// The id of what has none.
pub(super) const NULL: &str = "null";

/// Members of a request. Those that are there are kept apart from those that are not, even if they are null.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    method: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    params: Option<&'a RawValue>,
}

fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(value).map(Some)
}

impl Message {
    /// Reads one.
    ///
    /// # Errors
    /// When there is nothing in it that could be answered by itself.
    pub fn read(bytes: &[u8], limits: &Limits) -> Result<Self, RpcError> {
        let text = std::str::from_utf8(bytes).map_err(|e| parse_error(&e))?;
        let text = text.trim_ascii();
        let values = Extent::of(text).values;
        let is_too_much = values > limits.values;
        match text.as_bytes().first() {
            Some(b'{') => {
                // Members that are not asked for are skipped.
                let request = read_request(text)?;
                Ok(Self::One(match request {
                    Ok(Request { id, .. }) if is_too_much => Err(Refused {
                        id: id.unwrap_or_else(|| NULL.to_owned()),
                        error: too_much(code::INVALID_PARAMS, "request", values, limits),
                    }),
                    request => request,
                }))
            }
            Some(b'[') if is_too_much => {
                Err(too_much(code::INVALID_REQUEST, "batch", values, limits))
            }
            Some(b'[') => read_batch(text, limits),
            _ => match serde_json::from_str::<IgnoredAny>(text) {
                Ok(_) => Err(invalid("a request is an object")),
                Err(e) => Err(parse_error(&e)),
            },
        }
    }
}

fn read_batch(text: &str, limits: &Limits) -> Result<Message, RpcError> {
    let entries: Vec<&RawValue> = serde_json::from_str(text).map_err(|e| parse_error(&e))?;
    let (found, most) = (entries.len(), limits.batch as usize);
    if found == 0 {
        return Err(invalid("a batch has at least one request"));
    }
    if found > most {
        let error = format!("the batch has {found} requests: at most {most} are taken at once");
        return Err(RpcError::new(code::TOO_BIG_BATCH, error));
    }
    let entries = entries.into_iter();
    let entries: Result<_, _> = entries.map(|entry| read_request(entry.get())).collect();
    Ok(Message::Batch(entries?))
}

/// A request of its text.
///
/// # Errors
/// When it is not JSON.
fn read_request(text: &str) -> Result<Entry, RpcError> {
    let refused = |id: &str, why: &str| {
        Ok(Err(Refused {
            id: id.to_owned(),
            error: invalid(why),
        }))
    };
    if !text.starts_with('{') {
        return refused(NULL, "a request is an object");
    }
    let members: Members<'_> = match serde_json::from_str(text) {
        Ok(members) => members,
        // A member stands twice, or it is no JSON at all.
        Err(e) => match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => return refused(NULL, &e.to_string()),
            Err(e) => return Err(parse_error(&e)),
        },
    };
    let id = members.id.map(RawValue::get);
    if id.is_some_and(|id| id.starts_with(['{', '[', 't', 'f'])) {
        return refused(NULL, "the id of a request is text, a number or null");
    }
    if id.is_some_and(|id| id.len() > ID_BYTES) {
        let why = format!("the id of a request has at most {ID_BYTES} bytes");
        return refused(NULL, &why);
    }
    let known = id.unwrap_or(NULL);
    if members.jsonrpc.map(RawValue::get) != Some(r#""2.0""#) {
        return refused(known, "a request says \"jsonrpc\": \"2.0\"");
    }
    let method = members.method.map(RawValue::get).unwrap_or_default();
    match serde_json::from_str(method) {
        Ok(method) => Ok(Ok(Request {
            id: id.map(str::to_owned),
            method,
            params: members.params.map(|params| params.get().to_owned()),
        })),
        Err(_) => refused(known, "a request names its method, as text"),
    }
}

fn too_much(code: i32, what: &str, values: usize, limits: &Limits) -> RpcError {
    let most = limits.values;
    let error = format!("the {what} has {values} values: at most {most} are taken at once");
    RpcError::new(code, error)
}

fn invalid(why: &str) -> RpcError {
    RpcError::new(code::INVALID_REQUEST, format!("invalid request: {why}"))
}

fn parse_error(why: &dyn std::fmt::Display) -> RpcError {
    RpcError::new(code::PARSE, format!("this is no JSON: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Message, RpcError> {
        Message::read(text.as_bytes(), &Limits::default())
    }

    #[expect(
        clippy::result_large_err,
        reason = "as the server has it, and here nothing is fast"
    )]
    fn one(text: &str) -> Entry {
        match read(text) {
            Ok(Message::One(entry)) => entry,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_request_is_taken_apart() {
        let text =
            r#" {"params":[1],"method":"a\u0062","id":"x","more":{"id":7},"jsonrpc":"2.0"} "#;
        let request = one(text).unwrap();
        assert_eq!(request.id.as_deref(), Some("\"x\""));
        assert_eq!(request.method, "ab");
        assert_eq!(request.params.as_deref(), Some("[1]"));
        for (id, found) in [
            (r#""id":null,"#, Some("null")),
            (r#""id":-1.5,"#, Some("-1.5")),
            ("", None),
        ] {
            let text = format!(r#"{{{id}"method":"m","jsonrpc":"2.0"}}"#);
            let request = one(&text).unwrap();
            assert_eq!((request.id.as_deref(), request.params), (found, None));
        }
    }

    #[test]
    fn what_is_no_request_says_why() {
        for (text, id) in [
            ("{}", "null"),
            (r#"{"jsonrpc":"2.0","id":3}"#, "3"),
            (r#"{"jsonrpc":"2.0","id":3,"method":7}"#, "3"),
            (r#"{"jsonrpc":"2.0","id":3,"method":"\ud800"}"#, "3"),
            (r#"{"jsonrpc":"1.0","id":3,"method":"m"}"#, "3"),
            (r#"{"id":3,"method":"m"}"#, "3"),
            (r#"{"jsonrpc":"2.0","id":[3],"method":"m"}"#, "null"),
            (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"m"}"#, "null"),
            (
                &format!(
                    r#"{{"jsonrpc":"2.0","id":"{}","method":"m"}}"#,
                    "i".repeat(ID_BYTES)
                ),
                "null",
            ),
        ] {
            let refused = one(text).unwrap_err();
            assert_eq!(
                (refused.error.code, refused.id.as_str()),
                (-32600, id),
                "{text}"
            );
        }
        for (text, code) in [
            ("", -32700),
            ("{", -32700),
            (r#"{"a":1,}"#, -32700),
            ("[1", -32700),
            ("nonsense", -32700),
            ("7", -32600),
            ("\"m\"", -32600),
            ("[]", -32600),
        ] {
            assert_eq!(read(text).unwrap_err().code, code, "{text}");
        }
        let error = Message::read(b"{\"\xff\":1}", &Limits::default());
        assert_eq!(error.unwrap_err().code, -32700);
    }

    #[test]
    fn a_batch_is_read_entry_by_entry() {
        let text = r#"[7,{"jsonrpc":"2.0","method":"m"},["2.0",1,"m",[]]]"#;
        let Ok(Message::Batch(entries)) = read(text) else {
            panic!("it is a batch");
        };
        let codes: Vec<_> = entries
            .iter()
            .map(|entry| entry.as_ref().map(|_| 0).map_err(|e| e.error.code))
            .collect();
        assert_eq!(codes, [Err(-32600), Ok(0), Err(-32600)]);
    }

    /// Parameters, members, ids and entries of a batch: all count, and before anything is built of them.
    #[test]
    fn one_bound_holds_for_whatever_has_values() {
        let limits = Limits {
            values: 50,
            ..Limits::default()
        };
        let members: Vec<String> = (0..50).map(|n| format!(r#""m{n}":0"#)).collect();
        let members = members.join(",");
        let list = ["0"; 50].join(",");
        let request = r#"{"jsonrpc":"2.0","id":1,"method":"m","params":[0,0,0]}"#;
        let code = |text: &str| match Message::read(text.as_bytes(), &limits) {
            Ok(Message::One(Err(refused))) => Some((refused.error.code, refused.id)),
            Ok(_) => None,
            Err(error) => Some((error.code, "null".to_owned())),
        };
        assert_eq!(code(request), None);
        assert_eq!(code(&format!("[{request},{request}]")), None);
        let of_params = format!(r#"{{"jsonrpc":"2.0","id":9,"method":"m","params":[{list}]}}"#);
        assert_eq!(code(&of_params), Some((-32602, "9".to_owned())));
        let of_members = format!(r#"{{"jsonrpc":"2.0","id":9,"method":"m",{members}}}"#);
        assert_eq!(code(&of_members), Some((-32602, "9".to_owned())));
        // None of these has more values than is allowed.
        let batch = format!("[{}]", [request; 20].join(","));
        assert_eq!(code(&batch), Some((-32600, "null".to_owned())));
        assert_eq!(
            code(&format!("[{list}]")),
            Some((-32600, "null".to_owned()))
        );
    }
}
