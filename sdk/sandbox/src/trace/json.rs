//! A tree as JSON, for other tools. Gas is in whole gas, values in attoFIL, exit codes are numbers.

use serde_json::{Value, json};

use super::{TracedCall, Tree};
use crate::event::Event;

impl Tree {
    /// The tree as JSON.
    pub fn json(&self) -> Value {
        let event = |(actor, event): &(String, Event)| {
            let entries = event.entries.iter().map(|entry| {
                let flags = entry.flags.bits();
                json!({ "key": entry.key, "value": entry.value, "codec": entry.codec, "flags": flags })
            });
            json!({ "actor": actor, "emitter": event.emitter, "entries": entries.collect::<Vec<_>>() })
        };
        json!({
            "from": self.from,
            "gas": self.gas,
            "inclusion_gas": self.inclusion_gas,
            "refused": self.refused,
            "call": self.root.as_ref().map(call),
            "events": self.events.iter().map(event).collect::<Vec<_>>(),
        })
    }
}

fn call(call: &TracedCall) -> Value {
    json!({
        "actor": call.actor,
        "id": call.id,
        "method": call.method,
        "number": call.number.to_string(),
        "params": call.params,
        "value": call.value.atto().to_string(),
        "read_only": call.read_only,
        "gas": call.gas,
        "exit_code": call.code.value(),
        "refused": call.is_refused,
        "message": call.message,
        "returned": call.returned,
        "logs": call.logs,
        "calls": call.calls.iter().map(self::call).collect::<Vec<_>>(),
    })
}
