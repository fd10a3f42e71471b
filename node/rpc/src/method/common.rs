//! The program itself.

use std::future::pending;
use std::pin::Pin;
use std::sync::OnceLock;

use serde_json::Value;

use crate::error::Reply;
use crate::json::node::VersionInfo;
use crate::methods;
use crate::services::Services;
use crate::table::Source;
use crate::time::rfc3339;

/// The version of Lotus' interface that this is: 2.3.0. Clients compare it.
const API_VERSION: u64 = 2 << 16 | 3 << 8;

methods! { Filecoin:
    /// What answers, and of which version. Of a development network it says what is mock.
    [read] Version() -> VersionInfo = version;

    /// This document: the methods, what they take and what they give.
    [read] Discover() -> Value = discover;

    /// A random UUID, another one at every start of the node.
    [read] Session() -> String = session;

    /// When the node started.
    [read] StartTime() -> String = start_time;

    /// A channel that sends nothing, and closes with the connection when the node shuts down.
    [read channel] Closing() -> () = closing;

    /// Shuts the node down.
    [admin] Shutdown() -> () = shutdown;
}

fn version(services: &Services) -> Reply<VersionInfo> {
    Ok(VersionInfo {
        version: services.about.version.clone(),
        api: API_VERSION,
        block_delay_seconds: services.config().block_delay_seconds,
        agent: services.about.agent.clone(),
    })
}

fn discover(_: &Services) -> Reply<Value> {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    let document = DOCUMENT.get_or_init(|| crate::openrpc::document(super::rows()));
    Ok(document.clone())
}

fn session(services: &Services) -> Reply<String> {
    Ok(services.about.session.clone())
}

fn start_time(services: &Services) -> Reply<String> {
    Ok(rfc3339(services.about.started))
}

/// Sends nothing.
struct Silence;

impl Source for Silence {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Option<String>> + Send + '_>> {
        Box::pin(pending())
    }
}

fn closing(_: &Services) -> Reply<Silence> {
    Ok(Silence)
}

fn shutdown(services: &Services) -> Reply<()> {
    (services.shut_down)();
    Ok(())
}
