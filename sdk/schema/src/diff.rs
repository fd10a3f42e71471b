//! What changed between two versions of an actor, and which changes break its callers or its state.
//!
//! Parameters and state flow from old to new: the new code must read what old callers send and old code stored.
//! Returns flow back: old callers must read what the new code returns. A wider integer is fine in one direction only.

use std::fmt;

use crate::reads::reads;
use crate::{Field, Method, MethodKind, Schema, Type, types};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whether callers, or stored state, of the old version do not work with the new one.
    pub breaking: bool,
    /// What changed, on one line: `Transfer: parameter amount: u64 → token`.
    pub text: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.breaking { "breaking: " } else { "" };
        write!(f, "{mark}{}", self.text)
    }
}

impl Schema {
    /// What is different in `new`, with `self` the old version: state first, then methods in the order of the source.
    /// Empty for equal schemas.
    pub fn diff(&self, new: &Schema) -> Vec<Change> {
        let mut changes = Changes(Vec::new());
        if self.actor != new.actor {
            changes.add(
                false,
                format!("the actor is called {}, was {}", new.actor, self.actor),
            );
        }
        match (&self.state, &new.state) {
            (Some(old), Some(new)) => changes.value("state", old, new, Flow::OldToNew),
            (None, Some(new)) => changes.add(true, format!("state: none → {new}")),
            (Some(old), None) => changes.add(true, format!("state: {old} → none")),
            (None, None) => {}
        }
        for old in &self.methods {
            match new.methods.iter().find(|method| is_same(old, method)) {
                Some(new) => changes.method(old, new),
                None => changes.add(true, format!("removed {}", title(old))),
            }
        }
        for method in &new.methods {
            if !self.methods.iter().any(|old| is_same(old, method)) {
                changes.add(false, format!("added {}", title(method)));
            }
        }
        changes.0
    }
}

/// Whether both answer to the same: a number, all other numbers, the upgrade.
fn is_same(a: &Method, b: &Method) -> bool {
    match (a.kind.has_number(), b.kind.has_number()) {
        (true, true) => a.number == b.number,
        (false, false) => a.kind == b.kind,
        _ => false,
    }
}

/// `method Transfer (80)`.
fn title(method: &Method) -> String {
    match method.kind {
        MethodKind::Constructor => format!("the constructor {}", method.name),
        MethodKind::Fallback => format!("the fallback {}", method.name),
        MethodKind::Upgrade => format!("the upgrade {}", method.name),
        _ => format!("method {} ({})", method.name, method.number),
    }
}

/// Who wrote a value, and who reads it.
#[derive(Clone, Copy)]
enum Flow {
    OldToNew,
    NewToOld,
}

struct Changes(Vec<Change>);

impl Changes {
    fn add(&mut self, breaking: bool, text: String) {
        self.0.push(Change { breaking, text });
    }

    fn method(&mut self, old: &Method, new: &Method) {
        let name = &new.name;
        if old.name != new.name {
            self.add(false, format!("{} is called {name}", title(old)));
        }
        if old.kind != new.kind {
            let breaking = old.kind == MethodKind::View;
            let text = match (old.kind, new.kind) {
                (MethodKind::View, _) => {
                    "may change state now: it cannot be called read-only any more"
                }
                (_, MethodKind::View) => "changes no state any more: it may be called read-only",
                (_, MethodKind::Receive) => "is the hook that receives tokens now",
                _ => "is an ordinary method now",
            };
            self.add(breaking, format!("{name}: {text}"));
        }
        self.fields(
            &format!("{name}: parameter "),
            &old.params,
            &new.params,
            Flow::OldToNew,
        );
        self.value(
            &format!("{name}: return"),
            &old.returns,
            &new.returns,
            Flow::NewToOld,
        );
    }

    /// Parameters of a method, or fields of a tuple. `place` comes before the name of each.
    fn fields(&mut self, place: &str, old: &[Field], new: &[Field], flow: Flow) {
        let has = |fields: &[Field], name: &str| fields.iter().any(|field| field.name == name);
        let added: Vec<&Field> = new.iter().filter(|field| !has(old, &field.name)).collect();
        let removed: Vec<&Field> = old.iter().filter(|field| !has(new, &field.name)).collect();
        let is_unnamed = !types::are_named(old) || !types::are_named(new);
        if old.len() == new.len() {
            let moved = |(was, is): &(&Field, &Field)| was.name != is.name && has(old, &is.name);
            if !is_unnamed && old.iter().zip(new).any(|pair| moved(&pair)) {
                let order: Vec<&str> = new.iter().map(|field| field.name.as_str()).collect();
                return self.add(true, format!("{place}order: {}", order.join(", ")));
            }
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                if old.name != new.name {
                    self.add(
                        false,
                        format!(
                            "{place}{} is called {}",
                            shown(old, index),
                            shown(new, index)
                        ),
                    );
                }
                self.value(
                    &format!("{place}{}", shown(new, index)),
                    &old.ty,
                    &new.ty,
                    flow,
                );
            }
            return;
        }
        if is_unnamed {
            return self.add(true, format!("{place}count: {} → {}", old.len(), new.len()));
        }
        for field in removed {
            self.add(
                true,
                format!("{place}{} ({}) is removed", field.name, field.ty),
            );
        }
        for field in added {
            self.add(
                true,
                format!("{place}{} ({}) is added", field.name, field.ty),
            );
        }
        for field in new {
            if let Some(was) = old.iter().find(|was| was.name == field.name) {
                self.value(&format!("{place}{}", field.name), &was.ty, &field.ty, flow);
            }
        }
    }

    fn value(&mut self, place: &str, old: &Type, new: &Type, flow: Flow) {
        if old == new {
            return;
        }
        match (old, new) {
            (Type::Option(old), Type::Option(new)) | (Type::Link(old), Type::Link(new)) => {
                self.value(place, old, new, flow);
            }
            (Type::List(old), Type::List(new))
            | (Type::Array { value: old, .. }, Type::Array { value: new, .. })
                if old != new =>
            {
                self.value(&format!("{place}[]"), old, new, flow);
            }
            (
                Type::Transparent { name, ty: old },
                Type::Transparent {
                    name: new_name,
                    ty: new,
                },
            ) if name == new_name => {
                self.value(place, old, new, flow);
            }
            (
                Type::Tuple { name, fields },
                Type::Tuple {
                    name: new_name,
                    fields: new_fields,
                },
            ) => {
                if name != new_name {
                    self.add(false, format!("{place}: {old} is called {new}"));
                }
                self.fields(&format!("{place}."), fields, new_fields, flow);
            }
            (
                Type::Map { key, value, bits },
                Type::Map {
                    key: new_key,
                    value: new_value,
                    bits: new_bits,
                },
            ) if key == new_key && bits == new_bits => {
                self.value(&format!("{place}[]"), value, new_value, flow)
            }
            (
                Type::BTree { key, value },
                Type::BTree {
                    key: new_key,
                    value: new_value,
                },
            ) if key == new_key => {
                self.value(&format!("{place}[]"), value, new_value, flow);
            }
            _ => self.leaf(place, old, new, flow),
        }
    }

    /// Two types that are no longer alike outside.
    fn leaf(&mut self, place: &str, old: &Type, new: &Type, flow: Flow) {
        let works = match flow {
            Flow::OldToNew => reads(new, old),
            Flow::NewToOld => reads(old, new),
        };
        let same_wire = reads(new, old) && reads(old, new);
        let (was, is) = (old.to_string(), new.to_string());
        let detail = match (old, new) {
            (Type::Map { bits, .. }, Type::Map { bits: new_bits, .. }) if bits != new_bits => {
                format!("{was} with {bits} bits → {is} with {new_bits} bits")
            }
            (Type::Array { bits, .. }, Type::Array { bits: new_bits, .. }) if was == is => {
                format!("{bits} bits → {new_bits} bits")
            }
            (
                Type::Enum { variants, .. },
                Type::Enum {
                    variants: new_variants,
                    ..
                },
            ) if was == is => {
                let list = |variants: &[crate::Variant]| {
                    let all: Vec<String> = variants
                        .iter()
                        .map(|v| format!("{} = {}", v.name, v.value))
                        .collect();
                    all.join(", ")
                };
                format!("{was}: {} → {}", list(variants), list(new_variants))
            }
            _ => format!("{was} → {is}"),
        };
        let note = if same_wire {
            ", the same on the wire"
        } else {
            ""
        };
        self.add(!works, format!("{place}: {detail}{note}"));
    }
}

/// The name of a field, or its place.
fn shown(field: &Field, index: usize) -> String {
    match field.name.as_str() {
        "" => index.to_string(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests;
