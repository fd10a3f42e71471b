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

/// The share of a request of this length, in KiB: it is held as text, its parameters once more, and with what is kept beside.
pub(super) fn request_share(length: usize) -> u32 {
    kibibytes(2 * length + SHORT_BYTES)
}

/// What a request holds: of each bound that it counts for, as much.
#[derive(Debug)]
pub(super) struct RequestShare(Vec<OwnedSemaphorePermit>);

impl RequestShare {
    /// Of these bounds.
    pub fn new(shares: impl Into<Vec<OwnedSemaphorePermit>>) -> Self {
        Self(shares.into())
    }

    /// Gives back all of it. For those who wait for the chain, as long as they like: how many they are has a bound of its own.
    pub fn release(&mut self) {
        self.0.clear();
    }

    /// Gives back all but what a short answer needs, now that text and parameters are gone.
    pub fn cut(&mut self) {
        for share in &mut self.0 {
            let excess = share
                .num_permits()
                .saturating_sub(kibibytes(SHORT_BYTES) as usize);
            drop(share.split(excess));
        }
    }
}

/// What an answer holds, which grows with it.
#[derive(Debug)]
pub(super) struct AnswerShare {
    answers: Arc<Semaphore>,
    held: Option<OwnedSemaphorePermit>,
}

impl AnswerShare {
    /// Nothing of these KiB yet.
    pub fn new(answers: &Arc<Semaphore>) -> Self {
        let answers = Arc::clone(answers);
        Self {
            answers,
            held: None,
        }
    }

    /// Takes what an answer of this length needs and has not yet; a short one needs nothing.
    ///
    /// # Errors
    /// When too much waits to be read.
    pub fn grow(&mut self, length: usize) -> Result<(), RpcError> {
        let held = self
            .held
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        let more = kibibytes(length).saturating_sub(kibibytes(held << 10));
        if length <= SHORT_BYTES || more == 0 {
            return Ok(());
        }
        let more = Arc::clone(&self.answers).try_acquire_many_owned(more);
        let more = more.map_err(|_| {
            let why = "too many answers wait to be read by their callers: ask again, or for less";
            RpcError::busy(why)
        })?;
        match &mut self.held {
            Some(held) => held.merge(more),
            held => *held = Some(more),
        }
        Ok(())
    }
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
        let (mut one, mut other) = (AnswerShare::new(&answers), AnswerShare::new(&answers));
        one.grow(SHORT_BYTES).unwrap();
        assert_eq!(answers.available_permits(), 100);
        for length in [10 << 10, (70 << 10) - 1, 70 << 10] {
            one.grow(length).unwrap();
        }
        assert_eq!(answers.available_permits(), 30);
        other.grow(20 << 10).unwrap();
        assert_eq!(other.grow(31 << 10).unwrap_err().code, -32009);
        drop(one);
        other.grow(100 << 10).unwrap();
        assert_eq!(answers.available_permits(), 0);
    }

    #[test]
    fn what_a_request_held_is_given_back_but_for_a_short_answer() {
        let bodies = Arc::new(Semaphore::new(1000));
        for length in [0, 10, 100 << 10] {
            let share = Arc::clone(&bodies).try_acquire_many_owned(request_share(length));
            let mut share = RequestShare::new([share.unwrap()]);
            share.cut();
            assert_eq!(bodies.available_permits(), 1000 - SHORT_BYTES / 1024);
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
