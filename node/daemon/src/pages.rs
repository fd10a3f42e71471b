//! What stands beside the RPC for those who watch the node: `/metrics`, `/healthz`, `/readyz`.

use std::sync::Arc;

use filigree_rpc::{Page, Pages};

use crate::metrics::Metrics;

/// Whether something is as it should be; if not, why.
pub type Probe = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// What the pages are made of.
pub struct Watched {
    /// Figures.
    pub metrics: Metrics,
    /// Whether the process is alive, and no part of it has died.
    pub health: Probe,
    /// Whether its answers are of now: its chain keeps up with the clock.
    pub readiness: Probe,
}

/// The pages.
pub fn pages(watched: Watched) -> Pages {
    Arc::new(move |path| {
        Some(match path {
            "/metrics" => Page {
                status: 200,
                content_type: "text/plain; version=0.0.4; charset=utf-8",
                body: watched.metrics.text(),
            },
            "/healthz" => answer(&watched.health),
            "/readyz" => answer(&watched.readiness),
            _ => return None,
        })
    })
}

fn answer(probe: &Probe) -> Page {
    let (status, body) = match probe() {
        Ok(()) => (200, "ok\n".to_owned()),
        Err(why) => (503, format!("{why}\n")),
    };
    Page {
        status,
        content_type: "text/plain; charset=utf-8",
        body,
    }
}
