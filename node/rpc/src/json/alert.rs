//! What the node says is wrong, as Lotus' `journal/alerting` has it.

use serde_json::Value;

use crate::json_structs;

json_structs! {
    /// Something that may be wrong.
    struct Alert {
        /// What.
        "Type" => kind: AlertType,
        /// Whether it is wrong now.
        "Active" => active: bool,
        /// When it was wrong last.
        "LastActive" => last_active: Option<AlertEvent>,
        /// When it was mended last.
        "LastResolved" => last_resolved: Option<AlertEvent>,
    }

    /// What may be wrong.
    struct AlertType {
        /// A part of the node.
        "System" => system: String,
        /// A part of that part.
        "Subsystem" => subsystem: String,
    }

    /// When something was wrong, and what it was.
    struct AlertEvent {
        /// `raised` or `resolved`.
        "Type" => kind: String,
        /// Why.
        "Message" => message: Value,
        /// When, as Go writes times.
        "Time" => time: String,
    }
}
