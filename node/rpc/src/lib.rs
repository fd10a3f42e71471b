//! The node's JSON-RPC: Lotus' names and shapes, over HTTP and WebSocket at `/rpc/v1`, and a client of it.
//!
//! Each method is one row of a table ([`table`], [`method`]), and each shape one table of fields ([`json`]): registration,
//! permissions, the OpenRPC document and the client's requests are all read from them.
//!
//! In reading order: [`method`] (the tables), [`table`] (what a row is), [`json`] (the shapes), [`server`], [`token`] and
//! [`permission`], [`identity`], `secret`, [`error`], [`services`] (the parts of a node that methods use), [`operator`] (the process), [`tasks`]
//! (its long work), [`door`] (where blocks come in), [`schemas`], [`openrpc`], [`client`], [`counts`].
//!
//! Not offered: Lotus' older interface v0, calls as notifications, Ethereum's methods.

pub mod client;
pub mod counts;
pub mod door;
pub mod error;
pub mod identity;
pub mod json;
pub mod method;
pub mod openrpc;
pub mod operator;
pub mod permission;
pub mod schemas;
mod secret;
pub mod server;
pub mod services;
pub mod table;
pub mod tasks;
mod time;
pub mod token;

pub use client::{Client, ClientError};
pub use counts::{Count, Counts};
pub use door::{BlockListener, Door};
pub use error::{Reply, RpcError};
pub use identity::PeerId;
pub use operator::{Operator, Span, Trouble};
pub use permission::{Permission, Permissions};
pub use secret::SecretError;
pub use server::{Limits, Page, Pages, Server};
pub use services::{About, Services};
pub use table::Method;
pub use tasks::{Kind, Task, TaskError, Tasks};
pub use token::Tokens;
