//! What differs between two states, as JSON: field by field, down to values.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// No state differs in more places that anyone reads.
const MAX_CHANGES: usize = 1_000;

/// One place in which two states differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Where: `config.limits[2]`; empty for the whole.
    pub path: String,
    /// What stood there; `None` if it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What stands there; `None` if it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// `~ value: 5 → 7`, `+ steps: 0`, `- name: "old"`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = match self.path.as_str() {
            "" => "state",
            path => path,
        };
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => write!(f, "~ {path}: {before} → {after}"),
            (None, Some(after)) => write!(f, "+ {path}: {after}"),
            (Some(before), None) => write!(f, "- {path}: {before}"),
            (None, None) => write!(f, "= {path}"),
        }
    }
}

/// The differences, in the order of the new state, then what is gone. At most [`MAX_CHANGES`].
pub(crate) fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    compare("", Some(before), Some(after), &mut found);
    found
}

fn compare(path: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Change>) {
    if before == after || found.len() >= MAX_CHANGES {
        return;
    }
    match (before, after) {
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            let inside = |name: &str| match path {
                "" => name.to_owned(),
                path => format!("{path}.{name}"),
            };
            for (name, value) in after {
                compare(&inside(name), before.get(name), Some(value), found);
            }
            for (name, value) in before {
                if !after.contains_key(name) {
                    compare(&inside(name), Some(value), None, found);
                }
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            for index in 0..before.len().max(after.len()) {
                let path = format!("{path}[{index}]");
                compare(&path, before.get(index), after.get(index), found);
            }
        }
        (before, after) => found.push(Change {
            path: path.to_owned(),
            before: before.cloned(),
            after: after.cloned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(before: Value, after: Value, expected: &[&str]) {
        let found = changes(&before, &after);
        let lines: Vec<String> = found.iter().map(Change::to_string).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn differences_are_told_where_they_are() {
        check(json!({"a": 1}), json!({"a": 1}), &[]);
        check(
            json!({"owner": 100, "value": 5, "name": "x"}),
            json!({"owner": 100, "value": "5", "steps": 0}),
            &["~ value: 5 → \"5\"", "+ steps: 0", "- name: \"x\""],
        );
        check(
            json!({"map": {"f01": [1, 2]}, "list": [1]}),
            json!({"map": {"f01": [1, 3], "f02": []}, "list": []}),
            &["~ map.f01[1]: 2 → 3", "+ map.f02: []", "- list[0]: 1"],
        );
        check(json!(1), json!({"a": 1}), &["~ state: 1 → {\"a\":1}"]);
        check(Value::Null, json!(1), &["~ state: null → 1"]);
    }

    #[test]
    fn there_is_an_end_to_it() {
        let list = |of: u32| Value::from((0..5_000).map(|n| n + of).collect::<Vec<u32>>());
        assert_eq!(changes(&list(0), &list(1)).len(), MAX_CHANGES);
    }
}
