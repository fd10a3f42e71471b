//! Calls and events beside each other.

use fvm_shared::METHOD_SEND;

use super::value::{self, Schemas};
use crate::record::{Emitted, Node};

/// Compares trees of calls.
pub(super) struct Calls<'a> {
    pub schemas: &'a Schemas,
}

impl Calls<'_> {
    /// Notes what differs in two calls and below them. `path` names the calls above.
    pub fn compare(&self, path: &str, official: &Node, ours: &Node, found: &mut Vec<String>) {
        if official == ours {
            return;
        }
        let (theirs, own) = (self.name(official), self.name(ours));
        if (official.to, official.method, &official.reached)
            != (ours.to, ours.method, &ours.reached)
        {
            value::field(found, &format!("{path}call"), &theirs, &own);
            return;
        }
        let path = format!("{path}{own}");
        let at = |what: &str| format!("{path} {what}");
        value::field(found, &at("from"), &official.from, &ours.from);
        value::field(
            found,
            &at("value"),
            &official.value.atto(),
            &ours.value.atto(),
        );
        value::field(
            found,
            &at("read-only"),
            &official.read_only,
            &ours.read_only,
        );
        let actor = ours.reached.as_ref().map_or("", |(_, name)| name);
        let method = self.schemas.method(actor, ours.method);
        let params = |bytes: &[u8]| method?.decode_params(Some(bytes)).ok();
        let returned = |bytes: &[u8]| method?.decode_return(Some(bytes)).ok();
        value::data(
            found,
            &at("params"),
            &official.params,
            &ours.params,
            Some(&params),
        );
        value::field(
            found,
            &at("exit code"),
            &official.exit_code,
            &ours.exit_code,
        );
        let refused = |node: &Node| {
            node.refused
                .map_or("no".to_owned(), |n| format!("errno {n}"))
        };
        value::field(found, &at("refused"), &refused(official), &refused(ours));
        value::data(
            found,
            &at("return"),
            &official.returned,
            &ours.returned,
            Some(&returned),
        );
        for (i, (official, ours)) in official.calls.iter().zip(&ours.calls).enumerate() {
            self.compare(&format!("{path} [{i}] "), official, ours, found);
        }
        let common = official.calls.len().min(ours.calls.len());
        for (whose, node) in [("official", official), ("ours", ours)] {
            let more = node.calls[common..].iter().map(|call| self.name(call));
            let more: Vec<String> = more.collect();
            if !more.is_empty() {
                found.push(at(&format!("only {whose} calls {}", more.join(", "))));
            }
        }
    }

    /// Notes what differs in two lists of events.
    pub fn events(&self, official: &[Emitted], ours: &[Emitted], found: &mut Vec<String>) {
        value::field(found, "events", &official.len(), &ours.len());
        for (i, (official, ours)) in official.iter().zip(ours).enumerate() {
            let at = |what: &str| format!("event {i} {what}");
            value::field(found, &at("emitter"), &official.emitter, &ours.emitter);
            let keys = |event: &Emitted| {
                let keys = event.entries.iter();
                let keys = keys.map(|(flags, key, _)| format!("{key} (flags {flags})"));
                keys.collect::<Vec<_>>().join(", ")
            };
            value::field(found, &at("keys"), &keys(official), &keys(ours));
            for ((_, key, official), (.., ours)) in official.entries.iter().zip(&ours.entries) {
                let (official, ours) = (Some(official.clone()), Some(ours.clone()));
                value::data(found, &at(key), &official, &ours, None);
            }
        }
    }

    /// `f05.PublishStorageDeals`.
    fn name(&self, node: &Node) -> String {
        let (to, method) = match &node.reached {
            Some((id, name)) => (format!("f0{id}"), self.schemas.method(name, node.method)),
            None => (node.to.to_string(), None),
        };
        match (method, node.method) {
            (Some(method), _) => format!("{to}.{}", method.name),
            (None, METHOD_SEND) => format!("{to}.Send"),
            (None, number) => format!("{to}.{number}"),
        }
    }
}
