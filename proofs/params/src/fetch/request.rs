//! One exchange with a gateway: the rest of a file, from a given byte on.

use std::fmt;
use std::io::Read;
use std::time::Duration;

use ureq::http::{HeaderMap, StatusCode, header};

use crate::digest::Digest;

/// How long a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(30);

/// What a gateway did instead of sending the file.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The connection could not be made, broke, or was silent.
    #[error("{0}")]
    Connection(String),
    /// The gateway's URL cannot be asked.
    #[error("{0}")]
    Url(String),
    /// It ended the answer before the file's end.
    #[error("it ended before the file's end")]
    Short,
    /// It answered with this status.
    #[error("it answered {0}")]
    Status(u16),
    /// It says that the file ends before the byte asked for.
    #[error("it has nothing behind what it sent")]
    NothingThere,
    /// It sent another range than the one asked for.
    #[error("it sent another part than the one asked for")]
    WrongRange,
    /// It says that the file has another length.
    #[error("it has a file of {said} bytes instead of {expected}")]
    WrongLength {
        /// By the catalogue.
        expected: u64,
        /// By the gateway.
        said: u64,
    },
    /// It sent more bytes than the file has.
    #[error("it sent more than {0} bytes")]
    TooLong(u64),
    /// It sent other bytes.
    #[error("it sent bytes with digest {0}")]
    WrongBytes(Digest),
}

impl Problem {
    /// Whether asking again is of no use.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Problem::Status(status) => {
                (400..500).contains(status) && !matches!(status, 408 | 425 | 429)
            }
            Problem::Url(_)
            | Problem::WrongLength { .. }
            | Problem::TooLong(_)
            | Problem::WrongBytes(_) => true,
            _ => false,
        }
    }
}

/// Makes requests.
pub(super) struct Requests(ureq::Agent);

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Requests")
    }
}

/// What a gateway sends.
pub(super) struct Answer {
    /// The first byte's place in the file.
    pub start: u64,
    /// The file's length, if the gateway says it.
    pub total: Option<u64>,
    body: ureq::BodyReader<'static>,
}

impl Requests {
    pub fn new(silence: Duration) -> Requests {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_per_read(Some(silence))
            .timeout_recv_response(Some(silence))
            .user_agent(concat!("filigree/", env!("CARGO_PKG_VERSION")));
        Requests(config.build().into())
    }

    /// Asks for a file from byte `start` on.
    pub fn get(&self, url: &str, start: u64) -> Result<Answer, Problem> {
        let mut request = self.0.get(url);
        if start > 0 {
            request = request.header(header::RANGE, format!("bytes={start}-"));
        }
        let response = request.call().map_err(broken)?;
        let (parts, body) = response.into_parts();
        let (start, total) = match parts.status {
            StatusCode::OK => (0, body.content_length()),
            StatusCode::PARTIAL_CONTENT => range(&parts.headers).ok_or(Problem::WrongRange)?,
            StatusCode::RANGE_NOT_SATISFIABLE => return Err(Problem::NothingThere),
            status => return Err(Problem::Status(status.as_u16())),
        };
        Ok(Answer {
            start,
            total,
            body: body.into_reader(),
        })
    }
}

impl Answer {
    /// Reads some bytes; 0 at the end.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Problem> {
        let read = self.body.read(buffer);
        read.map_err(|error| Problem::Connection(error.to_string()))
    }
}

fn broken(error: ureq::Error) -> Problem {
    match error {
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => Problem::Url(error.to_string()),
        error => Problem::Connection(error.to_string()),
    }
}

/// The start and the total of `Content-Range: bytes start-end/total` (RFC 9110, section 14.4); the total may be `*`.
fn range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let value = headers.get(header::CONTENT_RANGE)?.to_str().ok()?;
    let (range, total) = value.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (start, end) = range.trim().split_once('-')?;
    let (start, end): (u64, u64) = (start.parse().ok()?, end.parse().ok()?);
    let total = match total.trim() {
        "*" => None,
        total => Some(total.parse().ok()?),
    };
    let sound = start <= end && total.is_none_or(|total| end < total);
    sound.then_some((start, total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, expected: Option<(u64, Option<u64>)>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_RANGE, value.parse().unwrap());
        assert_eq!(range(&headers), expected, "{value}");
    }

    #[test]
    fn ranges_are_read_as_rfc_9110_says() {
        check("bytes 5-9/10", Some((5, Some(10))));
        check("bytes 5-9/*", Some((5, None)));
        check("bytes 5-10/10", None);
        check("bytes 9-5/10", None);
        check("bytes */10", None);
        check("items 5-9/10", None);
        check("bytes 5-9", None);
        assert_eq!(range(&HeaderMap::new()), None);
    }

    #[test]
    fn some_answers_are_final() {
        assert!(Problem::Status(404).is_final());
        assert!(!Problem::Status(429).is_final());
        assert!(!Problem::Status(503).is_final());
        assert!(!Problem::Short.is_final());
    }
}
