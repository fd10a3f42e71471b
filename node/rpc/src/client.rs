//! A client of the methods: requests are values, `client.call(ChainHead {})`, and answers are of the type that the row says.
//!
//! It blocks, as programs of the command line may; over HTTP alone.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::json::Json as _;
use crate::table::Method;

/// Longest answer that is read, in bytes.
const MAX_ANSWER_BYTES: u64 = 512 << 20;

/// A client of one node.
#[derive(Debug)]
pub struct Client {
    url: String,
    authorization: Option<String>,
    agent: ureq::Agent,
    next_id: AtomicU64,
}

/// Why a call has no result.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum ClientError {
    /// There is no answer.
    #[error("no answer from {url}: {why}; is the node running?")]
    NoAnswer {
        /// Where it was looked for.
        url: String,
        /// What happened.
        why: String,
    },
    /// The node does not know the token.
    #[error("{url} refuses the token: take the one that this node made")]
    WrongToken {
        /// The node.
        url: String,
    },
    /// The method failed.
    #[error("{message}")]
    Failed {
        /// One of [`code`](crate::error::code).
        code: i64,
        /// Why.
        message: String,
        /// More, for programs.
        data: Option<Value>,
    },
    /// The answer is none.
    #[error("{url} answers {method} with something else: {why}")]
    Malformed {
        /// The node.
        url: String,
        /// The method.
        method: String,
        /// What is wrong.
        why: String,
    },
}

impl Client {
    /// A client of the node at `url` (`http://127.0.0.1:1234/rpc/v1`), with what the token allows.
    pub fn new(url: impl Into<String>, token: Option<&str>) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            // A node is on this machine, or where it was said to be: never behind the proxy of web pages.
            .proxy(None)
            .timeout_connect(Some(Duration::from_secs(10)))
            .build();
        Self {
            url: url.into(),
            authorization: token.map(|token| format!("Bearer {token}")),
            agent: config.new_agent(),
            next_id: AtomicU64::new(1),
        }
    }

    /// Calls a method. Waits as long as the node does.
    ///
    /// # Errors
    /// When the node does not answer, or the method fails.
    pub fn call<M: Method>(&self, request: M) -> Result<M::Result, ClientError> {
        let result = self.call_text(M::NAME, &request.params())?;
        M::Result::read(result).map_err(|e| self.malformed(M::NAME, e.to_string()))
    }

    /// Calls a method by its name (`Filecoin.ChainHead`), with parameters as a JSON list.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn call_text(&self, method: &str, params: &str) -> Result<Value, ClientError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let method_text = json!(method);
        let body =
            format!(r#"{{"jsonrpc":"2.0","id":{id},"method":{method_text},"params":{params}}}"#);
        let mut request = self.agent.post(&self.url).content_type("application/json");
        if let Some(authorization) = &self.authorization {
            request = request.header("Authorization", authorization);
        }
        let no_answer = |error: ureq::Error| ClientError::NoAnswer {
            url: self.url.clone(),
            why: error.to_string(),
        };
        let mut response = request.send(&body).map_err(no_answer)?;
        let status = response.status();
        if status.as_u16() == 401 {
            return Err(ClientError::WrongToken {
                url: self.url.clone(),
            });
        }
        let body = response.body_mut().with_config().limit(MAX_ANSWER_BYTES);
        let text = body.read_to_string().map_err(no_answer)?;
        let mut answer: Value = serde_json::from_str(&text).map_err(|_| {
            let start: String = text.chars().take(200).collect();
            self.malformed(method, format!("HTTP {status}, {start:?}"))
        })?;
        if let Some(error) = answer.get("error").filter(|error| !error.is_null()) {
            return Err(ClientError::Failed {
                code: error["code"].as_i64().unwrap_or_default(),
                message: error["message"]
                    .as_str()
                    .unwrap_or("no reason given")
                    .to_owned(),
                data: error.get("data").cloned(),
            });
        }
        if answer["id"] != id {
            return Err(self.malformed(method, "it is the answer to another request"));
        }
        Ok(answer["result"].take())
    }

    fn malformed(&self, method: &str, why: impl Into<String>) -> ClientError {
        ClientError::Malformed {
            url: self.url.clone(),
            method: method.to_owned(),
            why: why.into(),
        }
    }
}
