//! How much a server does at once. Whoever can reach the port can send anything: every buffer and queue ends here.

use std::time::Duration;

use super::answer::request_share;
use super::kibibytes;

/// Bounds of a server. Memory held for callers stays below `bodies_bytes`, `messages_bytes` and `answers_bytes`, plus what the values of
/// `running` messages take (some 100 bytes each, `values` of them), plus one message under way of each WebSocket (`body_bytes`), plus
/// what the methods that run use, with one answer of each.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Most connections; for further ones those that are idle are closed, and while none is they wait.
    pub connections: usize,
    /// Most WebSockets among them; further ones are refused. A quarter of the connections is never theirs, whatever stands here.
    pub websockets: usize,
    /// Longest request, in bytes, a batch included.
    pub body_bytes: u32,
    /// Bytes of requests over HTTP that are held at once, over all connections; further ones wait.
    pub bodies_bytes: u32,
    /// Bytes of messages of WebSockets that are held at once; further ones wait. One alone has a quarter of it, or
    /// a longest message.
    pub messages_bytes: u32,
    /// Bytes of answers that are made and not yet written to their sockets, over all connections; short ones do not count.
    pub answers_bytes: u32,
    /// Longest answer, in bytes, to a batch included.
    pub response_bytes: u32,
    /// Most requests of a batch.
    pub batch: u32,
    /// Deepest nesting of parameters.
    pub depth: usize,
    /// Most values of a message, be it a request or a batch, all lists and objects opened: a value takes up to fifty times its
    /// text.
    pub values: usize,
    /// Methods that run at once.
    pub running: usize,
    /// Messages of one WebSocket that run, or whose answers wait to be written, at once; further ones wait.
    pub running_per_connection: usize,
    /// Methods that wait for the chain at once; over HTTP, where each keeps a connection, no more than half the connections.
    pub waiting: usize,
    /// Channels of one WebSocket.
    pub channels_per_connection: u32,
    /// How long a method may run. Waiting for the chain is not running.
    pub run_time: Duration,
    /// How long the body of a request may take to arrive.
    pub body_time: Duration,
    /// How long an answer may take to be written; then its connection is closed.
    pub answer_time: Duration,
    /// How long a WebSocket may say nothing, not even that it is there; it is asked every 30 seconds.
    pub silence: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            connections: 128,
            websockets: 64,
            body_bytes: 8 << 20,
            bodies_bytes: 128 << 20,
            messages_bytes: 64 << 20,
            answers_bytes: 256 << 20,
            response_bytes: 64 << 20,
            batch: 100,
            depth: 64,
            values: 100_000,
            running: (2 * cores).max(4),
            running_per_connection: 16,
            waiting: 1024,
            channels_per_connection: 32,
            run_time: Duration::from_secs(60),
            body_time: Duration::from_secs(30),
            answer_time: Duration::from_secs(120),
            silence: Duration::from_secs(75),
        }
    }
}

impl Limits {
    /// Places that WebSockets can have: pages and calls over HTTP always find the others.
    pub(super) fn places_of_websockets(&self) -> usize {
        let others = self.connections.div_ceil(4);
        self.websockets.min(self.connections - others)
    }

    /// KiB of requests over HTTP: no less than one may take.
    pub(super) fn bodies_kib(&self) -> u32 {
        kibibytes(self.bodies_bytes as usize).max(request_share(self.body_bytes as usize))
    }

    /// KiB of messages of all WebSockets: no less than one of them may have.
    pub(super) fn messages_kib(&self) -> u32 {
        kibibytes(self.messages_bytes as usize).max(self.messages_kib_of_one())
    }

    /// KiB of messages of one WebSocket.
    pub(super) fn messages_kib_of_one(&self) -> u32 {
        kibibytes(self.messages_bytes as usize / 4).max(request_share(self.body_bytes as usize))
    }
}

/// Longest id of a request, in bytes: it is kept as long as the request waits.
pub(super) const ID_BYTES: usize = 1 << 10;

/// Longest text of an error, in bytes, give or take a few words.
pub(super) const ERROR_BYTES: usize = 8 << 10;

/// How much a JSON text is once it is read.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Extent {
    /// How deep lists and objects are nested; 0 for a plain value.
    pub depth: usize,
    /// No fewer values than it has: lists, objects, and what a comma parts.
    pub values: usize,
}

impl Extent {
    /// Of a text, which need not be JSON. What stands in strings does not count.
    pub fn of(text: &str) -> Self {
        let mut open = 0_usize;
        let mut found = Self {
            depth: 0,
            values: 1,
        };
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            match byte {
                b'[' | b'{' => {
                    open += 1;
                    found.depth = found.depth.max(open);
                    found.values += 1;
                }
                b']' | b'}' => open = open.saturating_sub(1),
                b',' => found.values += 1,
                b'"' => {
                    // To the end of the string; what follows a backslash is never its end.
                    while let Some(byte) = bytes.next() {
                        match byte {
                            b'\\' => _ = bytes.next(),
                            b'"' => break,
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn websockets_never_have_all_connections() {
        for (connections, websockets, places) in [
            (128, 64, 64),
            (128, 128, 96),
            (8, 64, 6),
            (2, 64, 1),
            (1, 64, 0),
            (0, 64, 0),
        ] {
            let limits = Limits {
                connections,
                websockets,
                ..Limits::default()
            };
            assert_eq!(limits.places_of_websockets(), places, "{connections}");
        }
    }

    #[test]
    fn what_counts_is_outside_of_strings() {
        for (text, depth, values) in [
            ("1", 0, 1),
            ("[]", 1, 2),
            ("[1,2,3]", 1, 4),
            (r#"[{"a":[1]},[2]]"#, 3, 6),
            (r#"["[[,,[[", "\"[,[", "\\", [] ]"#, 2, 6),
            ("[[[[", 4, 5),
            ("\"[[", 0, 1),
        ] {
            assert_eq!(Extent::of(text), Extent { depth, values }, "{text}");
        }
    }
}
