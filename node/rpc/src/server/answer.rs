//! Answers: their texts, and what they hold until they are written.
//!
//! Whoever asks for much and reads slowly keeps it in this node's memory. So an answer has a share of what all answers may take, and
//! that, the place of its connection and its caller's leave to ask are given back when the socket has taken the last byte, not when
//! the answer is made.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::kibibytes;
use super::limits::ERROR_BYTES;
use crate::error::{Reply, RpcError};

/// Answers up to this length do not count: they fit into what their requests hold, see [`request_share`].
const SHORT_BYTES: usize = 4 << 10;

/// A text on its way to a socket. It counts as written when it is dropped.
#[derive(Default)]
pub(super) struct Answer {
    /// The text.
    pub text: String,
    held: Vec<Box<dyn Send + Sync>>,
}

impl Answer {
    /// A text that holds nothing.
    pub fn new(text: String) -> Self {
        let held = Vec::new();
        Self { text, held }
    }

    /// Holds something until it is written.
    pub fn hold(&mut self, what: impl Send + Sync + 'static) {
        self.held.push(Box::new(what));
    }
}

impl AsRef<[u8]> for Answer {
    fn as_ref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

/// The share of a request of this length, in KiB: it is held as text, its parameters as values, and with what is kept beside.
pub(super) fn request_share(length: usize) -> u32 {
    kibibytes(2 * length + SHORT_BYTES)
}

/// What is left of a request's share when its text is gone, and a short answer has come of it.
pub(super) fn rest_of_share(mut share: OwnedSemaphorePermit) -> Option<OwnedSemaphorePermit> {
    share.split(kibibytes(SHORT_BYTES) as usize)
}

/// Takes the share of an answer; none, if it needs none.
///
/// # Errors
/// When too much waits to be read.
pub(super) fn share(
    answers: &Arc<Semaphore>,
    length: usize,
) -> Result<Option<OwnedSemaphorePermit>, RpcError> {
    if length <= SHORT_BYTES {
        return Ok(None);
    }
    let share = Arc::clone(answers).try_acquire_many_owned(kibibytes(length));
    share.map(Some).map_err(|_| {
        RpcError::busy("too many answers wait to be read by their callers: ask again, or for less")
    })
}

/// The text of an answer.
pub(super) fn text(id: &str, reply: Reply<String>) -> String {
    match reply {
        Ok(result) => format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#),
        Err(error) => {
            let mut object = json!({ "code": error.code, "message": shortened(error.message) });
            if let (Value::Object(fields), Some(data)) = (&mut object, error.data) {
                fields.insert("data".to_owned(), data);
            }
            format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{object}}}"#)
        }
    }
}

/// What an error says, without its middle where that is long: some crates below give back whole what they were asked.
fn shortened(message: String) -> String {
    if message.len() <= ERROR_BYTES {
        return message;
    }
    let begin = message.floor_char_boundary(ERROR_BYTES / 2);
    let end = message.ceil_char_boundary(message.len() - ERROR_BYTES / 2);
    let left_out = end - begin;
    format!(
        "{} … ({left_out} bytes left out) … {}",
        &message[..begin],
        &message[end..]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_error_loses_its_middle() {
        assert_eq!(shortened("short".to_owned()), "short");
        let whole = "é".repeat(ERROR_BYTES / 2);
        assert_eq!(shortened(whole.clone()), whole);
        let long = format!("x{}: too long", "é".repeat(4 << 20));
        let error = shortened(long);
        assert!(error.len() < ERROR_BYTES + 100, "{}", error.len());
        assert!(error.starts_with("xé") && error.ends_with("é: too long"));
    }

    #[test]
    fn answers_take_shares_as_long_as_there_are_any() {
        let answers = Arc::new(Semaphore::new(100));
        assert!(share(&answers, SHORT_BYTES).unwrap().is_none());
        let held = share(&answers, 70 << 10).unwrap();
        assert_eq!(share(&answers, 70 << 10).unwrap_err().code, -32009);
        drop(held);
        assert!(share(&answers, 70 << 10).is_ok());
    }

    #[test]
    fn what_a_request_held_is_given_back_but_for_a_short_answer() {
        let bodies = Arc::new(Semaphore::new(1000));
        for length in [0, 10, 100 << 10] {
            let share = Arc::clone(&bodies).try_acquire_many_owned(request_share(length));
            let rest = rest_of_share(share.unwrap());
            assert_eq!(bodies.available_permits(), 1000 - SHORT_BYTES / 1024);
            assert!(rest.is_some());
        }
        assert_eq!(bodies.available_permits(), 1000);
    }

    #[test]
    fn results_and_errors_are_written_with_the_id_as_it_came() {
        let good = text("\"a\"", Ok("[1]".to_owned()));
        assert_eq!(good, r#"{"jsonrpc":"2.0","id":"a","result":[1]}"#);
        let plain = text("7", Err(RpcError::general("no \"x\"")));
        assert_eq!(
            plain,
            r#"{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":"no \"x\""}}"#
        );
        let data = text("null", Err(RpcError::null_round(3)));
        assert!(data.contains(r#""data":3"#), "{data}");
    }
}
