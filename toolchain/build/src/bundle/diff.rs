//! What is different between two bundles.

use std::fmt;

use filigree_schema::Schema;
use serde::Serialize;

use super::{Actor, Bundle, Entry};

/// An actor whose code is another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// Its name.
    pub name: String,
    /// Code CID before.
    pub code_before: String,
    /// Code CID after.
    pub code_after: String,
    /// Size before.
    pub size_before_bytes: usize,
    /// Size after.
    pub size_after_bytes: usize,
    /// What its schema says is different, a sentence each.
    pub schema: Vec<String>,
}

/// An actor that stands at another place of the list, and so has another number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Renumbered {
    /// Its name.
    pub name: String,
    /// Number before.
    pub before: usize,
    /// Number after.
    pub after: usize,
}

/// What is different between two bundles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// Actors that came.
    pub added: Vec<Entry>,
    /// Actors that went.
    pub removed: Vec<Entry>,
    /// Actors with other code.
    pub changed: Vec<Changed>,
    /// Actors with another number.
    pub renumbered: Vec<Renumbered>,
    /// How many actors have the same code in both.
    pub unchanged: usize,
}

impl Diff {
    pub(super) fn between(before: &Bundle, after: &Bundle) -> Diff {
        let lacks = |bundle: &Bundle, entry: &Entry| bundle.actor(&entry.name).is_none();
        let (old, new) = (before.entries(), after.entries());
        let mut diff = Diff {
            added: new.iter().filter(|e| lacks(before, e)).cloned().collect(),
            removed: old.iter().filter(|e| lacks(after, e)).cloned().collect(),
            ..Diff::default()
        };
        for entry in &old {
            let (Some(a), Some(b)) = (before.actor(&entry.name), after.actor(&entry.name)) else {
                continue;
            };
            if a.code == b.code {
                diff.unchanged += 1;
            } else {
                diff.changed.push(changed(a, b));
            }
            let moved = new
                .iter()
                .find(|e| e.name == entry.name && e.number != entry.number);
            diff.renumbered.extend(moved.map(|e| Renumbered {
                name: e.name.clone(),
                before: entry.number,
                after: e.number,
            }));
        }
        diff
    }

    /// Whether the bundles are the same.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty()
            && self.removed.is_empty()
            && self.changed.is_empty()
            && self.renumbered.is_empty()
    }
}

fn changed(before: &Actor, after: &Actor) -> Changed {
    Changed {
        name: before.name.clone(),
        code_before: before.code.to_string(),
        code_after: after.code.to_string(),
        size_before_bytes: before.wasm.len(),
        size_after_bytes: after.wasm.len(),
        schema: schema_changes(&before.wasm, &after.wasm),
    }
}

/// What is different between the schemas of two modules, a sentence each.
pub fn schema_changes(before: &[u8], after: &[u8]) -> Vec<String> {
    match (Schema::from_wasm(before), Schema::from_wasm(after)) {
        (Ok(None), Ok(None)) => Vec::new(),
        (Ok(None), Ok(Some(_))) => vec!["has a schema now".to_owned()],
        (Ok(Some(_)), Ok(None)) => vec!["has no schema any more".to_owned()],
        (Ok(Some(a)), Ok(Some(b))) => a.diff(&b).iter().map(ToString::to_string).collect(),
        (Err(error), _) => vec![format!("the schema before cannot be used: {error}")],
        (_, Err(error)) => vec![format!("the schema after cannot be used: {error}")],
    }
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Entry {
            number,
            name,
            code_cid,
            size_bytes,
        } in &self.removed
        {
            writeln!(f, "- {number:>2} {name}  {code_cid}  {size_bytes} bytes")?;
        }
        for Entry {
            number,
            name,
            code_cid,
            size_bytes,
        } in &self.added
        {
            writeln!(f, "+ {number:>2} {name}  {code_cid}  {size_bytes} bytes")?;
        }
        for change in &self.changed {
            let (old, new) = (change.size_before_bytes, change.size_after_bytes);
            let delta = i128::try_from(new).unwrap_or(0) - i128::try_from(old).unwrap_or(0);
            writeln!(f, "~ {}  {old} -> {new} bytes ({delta:+})", change.name)?;
            writeln!(f, "    {}\n    {}", change.code_before, change.code_after)?;
            for text in &change.schema {
                writeln!(f, "    schema: {text}")?;
            }
        }
        for moved in &self.renumbered {
            writeln!(
                f,
                "# {}  number {} -> {}",
                moved.name, moved.before, moved.after
            )?;
        }
        write!(f, "{} unchanged", self.unchanged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(actors: &[(&str, &[u8])]) -> Bundle {
        let owned = actors
            .iter()
            .map(|(name, wasm)| ((*name).to_owned(), wasm.to_vec()));
        Bundle::new(owned.collect()).unwrap()
    }

    #[test]
    fn every_kind_of_difference_is_listed() {
        let before = bundle(&[("a", b"1"), ("b", b"2"), ("c", b"3")]);
        let after = bundle(&[("b", b"2"), ("c", b"33"), ("d", b"4")]);
        let diff = before.diff(&after);
        let names =
            |entries: &[Entry]| -> Vec<String> { entries.iter().map(|e| e.name.clone()).collect() };
        assert_eq!(names(&diff.removed), ["a"]);
        assert_eq!(names(&diff.added), ["d"]);
        assert_eq!(diff.changed[0].name, "c");
        assert_eq!(diff.renumbered.len(), 2);
        assert_eq!(diff.unchanged, 1);
        assert!(!diff.is_empty() && before.diff(&before).is_empty());
        let text = diff.to_string();
        assert!(text.contains("~ c  1 -> 2 bytes (+1)"), "{text}");
        assert!(text.contains("# b  number 2 -> 1"), "{text}");
        assert!(text.ends_with("1 unchanged"), "{text}");
    }

    #[test]
    fn schemas_are_compared() {
        let with = |methods: &str| {
            let json =
                format!(r#"{{"filigree":1,"actor":"A","state":null,"methods":[{methods}]}}"#);
            let text = json.replace('"', "\\\"");
            wat::parse_str(format!(
                r#"(module (func) (@custom "filigree.schema" "{text}"))"#
            ))
            .unwrap()
        };
        let method = r#"{"name":"F","number":"7","kind":"method","params":[],"returns":"unit"}"#;
        let none = wat::parse_str("(module (func))").unwrap();
        assert_eq!(schema_changes(&none, &none), Vec::<String>::new());
        assert_eq!(schema_changes(&none, &with("")), ["has a schema now"]);
        assert_eq!(schema_changes(&with(""), &none), ["has no schema any more"]);
        let changes = schema_changes(&with(""), &with(method));
        assert_eq!(changes.len(), 1, "{changes:?}");
        assert!(changes[0].contains('F'), "{changes:?}");
        assert!(schema_changes(b"", &none)[0].contains("cannot be used"));
    }
}
