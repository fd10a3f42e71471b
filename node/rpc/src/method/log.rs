//! The log, and what the node says is wrong.

use std::time::SystemTime;

use serde_json::json;

use super::filigree::told;
use crate::error::Reply;
use crate::json::alert::{Alert, AlertEvent, AlertType};
use crate::methods;
use crate::services::Services;
use crate::time::rfc3339;

methods! { Filecoin:
    /// The parts of the node whose log has a level of its own.
    [write] LogList() -> Vec<String> = list;

    /// Sets from which level on a part of the node is logged, until the node ends.
    [write] LogSetLevel(
        /// One of `LogList`, or a module of it; `*`: all of the node, as if its log had been started so.
        subsystem: String,
        /// `off`, `error`, `warn`, `info`, `debug` or `trace`.
        level: String,
    ) -> () = set_level;

    /// What is wrong now. Of what was wrong and is mended, nothing is kept.
    [admin] LogAlerts() -> Vec<Alert> = alerts;
}

fn list(services: &Services) -> Reply<Vec<String>> {
    Ok(services.operator.log_parts())
}

fn set_level(services: &Services, subsystem: String, level: String) -> Reply<()> {
    let set = services.operator.set_log_level(&subsystem, &level);
    set.map_err(told)
}

fn alerts(services: &Services) -> Reply<Vec<Alert>> {
    let time = rfc3339(SystemTime::now());
    let alerts = services.operator.troubles().into_iter();
    let alerts = alerts.map(|trouble| Alert {
        kind: AlertType {
            system: trouble.system,
            subsystem: trouble.subsystem,
        },
        active: true,
        last_active: Some(AlertEvent {
            kind: "raised".to_owned(),
            message: json!({ "why": trouble.why }),
            time: time.clone(),
        }),
        last_resolved: None,
    });
    Ok(alerts.collect())
}
